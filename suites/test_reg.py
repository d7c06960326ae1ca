"""REG: registering a document of the DMS at a module, flows 11 to 14: the message and its answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from okd_conformance.suite import (
    Body,
    Case,
    Exchange,
    Multipart,
    Operation,
    Part,
    Sample,
    allowed_values,
    cells,
    check,
    deref,
    field_names,
    is_uuid,
    only_convertible,
    pdf,
    typed_errors,
)
from steps import ENROLMENT, generate, registration, scope_alone, sendable, valid, with_fields


@check("OKD-REG-001", profile="smoke")
def test_canonical_registration(case: Case) -> None:
    """The flow's own example; the answer is JSON with the module's id."""
    exchange = case.expect(case.sent(case.canonical()))
    if not exchange.succeeded:
        return
    found = case.value_in(exchange, "component_document_id")
    case.require(isinstance(found, str), "no_id_in_answer", field=case.answer_field("component_document_id"))
    case.require(is_uuid(str(found)), "not_a_uuid", value=found)


def required_fields(operation: Operation, _: object) -> list[str]:
    """The fields without which the edition's schema refuses a registration, whatever else it holds.

    A field that may be spelled in several ways is one field.
    """
    schema = deref(operation.body_schema or {}, operation.body_schema or {})
    meaning_of = {name: field["x-okd-meaning"] for name, field in schema["properties"].items()}
    found = [meaning_of[name] for name in schema["required"]]
    for choice in [schema, *schema.get("allOf", ())]:
        ways = [{meaning_of[name] for name in way.get("required", ())} for way in choice.get("anyOf", ())]
        if ways and all(way == ways[0] and len(way) == 1 for way in ways):
            found += ways[0]
    return found


@check("OKD-REG-002", field=required_fields)
def test_required_field_missing(case: Case, field: str) -> None:
    """Each required field left out, one at a time."""
    case.expect(case.sent(registration(case, **{field: None})))


def spellings(operation: Operation, _: object) -> list[str]:
    """The names that the edition has for the size; where it has one, the old one: without capitals."""
    names = field_names(operation.body_schema or {}, "document_size")
    return names if len(names) > 1 else [names[0].lower()]


@check("OKD-REG-005", spelling=spellings)
def test_one_spelling_of_the_size(case: Case, spelling: str) -> None:
    """One of two names alone, or the old one in the place of the only one."""
    sample = case.sample()
    assert sample.body is not None
    schema, bare = sample.body.schema, sample.body.without("document_size").value
    known = spelling in field_names(schema, "document_size")
    body = Body(schema, {**bare, spelling: sample.body.get("document_size")})
    case.expect(case.sent(sample.but(body=body)), "one_spelling" if known else "old_spelling")


@check("OKD-REG-003", field=["description", "received_date", "registration_date"])
def test_optional_field_missing(case: Case, field: str) -> None:
    """Each optional field left out."""
    case.expect(case.sent(registration(case, **{field: None})))


@check(
    "OKD-REG-004",
    wrong={
        "dms-id-not-uuid": ("dms_document_id", "okd-not-a-uuid"),
        "size-negative": ("document_size", -1),
        "size-fraction": ("document_size", 1.5),
        "size-text": ("document_size", "243857"),
        "received-date": ("received_date", "2026-13-40"),
        "registration-date": ("registration_date", "yesterday"),
        "student-number": ("student_number", 1234567),
        "sequence-code": ("sequence_code", 1.2),
        "name": ("document_name", 7),
        "person-not-uuid": ("person_id", "okd-not-a-uuid"),
        "association-not-uuid": ("association_id", "okd-not-a-uuid"),
    },
)
def test_wrong_type(case: Case, wrong: tuple[str, object]) -> None:
    """A field of the wrong type or format."""
    sample = registration(case).with_field(*wrong)
    case.expect(case.sent(sample), strictness(sample))


def strictness(sample: Sample) -> str:
    """The situation of a body with a wrong value: many readers of JSON convert one scalar to another."""
    return "coerced" if sample.body and only_convertible(sample.body) else "default"


@check("OKD-REG-019")
def test_registering_again(case: Case) -> None:
    """A registration that is repeated has the outcome of the first."""
    sample = registration(case)
    first = case.expect(case.sent(sample), "again")
    second = case.expect(case.sent(sample), "again")
    _same_document(case, [first, second])


@check("OKD-REG-019", at=["once"])
def test_registering_in_parallel(case: Case) -> None:
    """Two equal registrations at one time make one document."""
    sample = registration(case)
    with ThreadPoolExecutor(2) as pool:
        exchanges = list(pool.map(case.sent, [sample, sample]))
    for exchange in exchanges:
        case.expect(exchange, "parallel")
    _same_document(case, exchanges)


def _same_document(case: Case, exchanges: list[Exchange]) -> None:
    ids = [case.value_in(e, "component_document_id") for e in exchanges if e.succeeded]
    case.require(len(set(ids)) <= 1, "registered_twice", reading="warned", ids=", ".join(map(str, ids)))


@check("OKD-REG-020", other=["subtype", "student"])
def test_registering_again_with_other_data(case: Case, other: str) -> None:
    """A dmsDocumentId that comes again with other metadata has a clean outcome."""
    sample = registration(case, **dict.fromkeys(ENROLMENT))
    case.accepted()
    case.sent(sample)
    if other == "subtype":
        changed = sample.with_field("document_subtype", "okd-other")
    else:
        group = case.fixture_group("other_person")
        changed = with_fields(sample, person_id=group["person_id"], student_number=group["student_number"])
    case.expect(case.sent(changed))


@check("OKD-REG-021")
def test_bytes_are_not_exchanged(case: Case) -> None:
    """A multipart message with the document in it is refused."""
    sample = registration(case)
    body = sample.body.json() if sample.body else b""
    message = Multipart(
        (
            Part.form("metadata", body, content_type="application/json"),
            Part.form("file", pdf("okd"), content_type="application/pdf", filename="document.pdf"),
        ),
        "----okd-conformance",
    )
    headers = (("Content-Type", message.content_type), ("Accept", "application/json"))
    request = replace(sample.request(), headers=headers, body=message.payload())
    case.expect(case.send(request, sample.operation), "multipart")


@check("OKD-REG-021", document=["unknown"])
def test_document_need_not_be_fetched(case: Case) -> None:
    """A dmsDocumentId that no DMS knows can be registered all the same."""
    case.expect(case.sent(registration(case)), "unknown_document")


@check("OKD-REG-022", scope=cells("sufficient", "refused", "disputed"))
def test_scope(case: Case, scope: str) -> None:
    """Each scope alone, as the scope matrix has it; where the sources disagree, either answer will do."""
    scope_alone(case, scope)


@check("OKD-REG-023")
def test_unknown_document_type(case: Case) -> None:
    """A documentType that nobody knows."""
    case.expect(case.sent(registration(case, document_type="banana")), "unknown_type")


def other_types(operation: Any, binding: Any) -> list[str]:
    """The document types of the other modules."""
    own = (binding or operation.bindings[0]).document_type
    return [value for value in allowed_values(operation.body_schema, "document_type") if value != own]


@check("OKD-REG-023", type=other_types)
def test_type_of_another_module(case: Case, type: str) -> None:
    """A documentType that another module handles."""
    case.expect(case.sent(registration(case, document_type=type)), "other_type")


@check("OKD-REG-023", subtype=["unknown"])
def test_unknown_subtype(case: Case, subtype: str) -> None:
    """Schools define their subtypes; a module may know its own."""
    case.expect(case.sent(registration(case, document_subtype=f"okd-{subtype}")), "unknown_subtype")


@check("OKD-REG-003", generated=["valid"])
def test_valid_bodies_are_accepted(case: Case, generated: str) -> None:
    """Any valid body, with or without its optional fields."""

    def judge(value: Any) -> None:
        sample = valid(case, value)
        if sample is not None:
            case.expect(case.sent(sample))

    generate(case, generated, judge)


@check("OKD-REG-004", generated=["invalid"])
def test_invalid_registrations_are_refused(case: Case, generated: str) -> None:
    """A field of the wrong type or format, or a required one missing, whatever else the body holds."""

    def judge(value: Any) -> None:
        sample = sendable(case, value)
        if sample is not None and sample.body and typed_errors(sample.body, ["document_type"]):
            case.expect(case.sent(sample), strictness(sample))

    generate(case, generated, judge)
