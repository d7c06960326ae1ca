"""REG: registering a document of the DMS at a module, flows 11 to 14.

Where a document landed is not visible through the API. With the hook ``show_filing`` it is judged; without,
the answer is judged and a note says that the place was not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from okd_conformance.judge.content import pdf
from okd_conformance.judge.ids import is_uuid
from okd_conformance.judge.sample import Sample
from okd_conformance.standard.edition import Operation
from okd_conformance.standard.fields import Body, deref, field_names
from okd_conformance.suite import Case, NotTested, cells, check
from okd_conformance.wire.exchange import Exchange
from okd_conformance.wire.multipart import Multipart, Part

ENROLMENT = ("association_id", "sequence_code")


def registration(case: Case, **fields: Any) -> Sample:
    """The canonical registration, with some fields replaced, or left out where the value is None."""
    return with_fields(case.sample(), **fields)


def with_fields(sample: Sample, **fields: Any) -> Sample:
    """A sample with some fields replaced, or left out where the value is None."""
    for meaning, value in fields.items():
        sample = sample.without_field(meaning) if value is None else sample.with_field(meaning, value)
    return sample


def fixtures(case: Case, name: str) -> Mapping[str, str]:
    """A group of fixtures such as ``other_person``. Raises Inconclusive when the target file has none."""
    found = case.bench.target.fixtures.get(name)
    if not isinstance(found, Mapping):
        raise case.inconclusive("fixture_missing", name=name)
    return found


def dms_id(sample: Sample) -> str:
    """The DMS's id in a registration."""
    return str(sample.body.get("dms_document_id")) if sample.body else ""


def filing(case: Case, sample: Sample) -> dict[str, Any] | None:
    """Where a document landed, or None (with a note) when no hook shows it."""
    try:
        return case.bench.hooks.call("show_filing", role=case.role, document_id=dms_id(sample))
    except NotTested:
        case.note(case.words("placement_not_shown"))
        return None


def require_filed(
    case: Case,
    sample: Sample,
    exchange: Exchange,
    expected: Mapping[str, str],
    situation: str = "filed_elsewhere",
) -> bool:
    """Judge that a registered document landed where it should."""
    place = filing(case, sample)
    if place is None:
        return True
    shown = {name: place.get(name) for name in expected}
    return case.require(
        all(str(shown[name]).lower() == value.lower() for name, value in expected.items()),
        "filed_elsewhere",
        situation=situation,
        exchange=exchange,
        wanted=", ".join(f"{n}={v}" for n, v in expected.items()),
        found=", ".join(f"{n}={v}" for n, v in shown.items()),
    )


@check("OKD-REG-001", profile="smoke")
def test_canonical_registration(case: Case) -> None:
    """The flow's own example; the answer is JSON with the module's id."""
    exchange = case.expect(case.sent(case.canonical()))
    if exchange.answer is None or not exchange.answer.succeeded:
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
    case.expect(case.sent(registration(case).with_field(*wrong)))


@check("OKD-REG-006")
def test_person_id_alone(case: Case) -> None:
    """Without studentNumber."""
    sample = registration(case, student_number=None)
    exchange = case.expect(case.sent(sample))
    require_filed(case, sample, exchange, {"person_id": case.bench.fixture("person_id")})


@check("OKD-REG-007")
def test_student_number_alone(case: Case) -> None:
    """Without personId."""
    case.bench.fixture("student_number")
    sample = registration(case, person_id=None)
    exchange = case.expect(case.sent(sample))
    require_filed(case, sample, exchange, {"person_id": case.bench.fixture("person_id")})


@check("OKD-REG-008")
def test_both_student_ids(case: Case) -> None:
    """Both, of the same student."""
    case.bench.fixture("student_number")
    sample = registration(case)
    exchange = case.expect(case.sent(sample))
    require_filed(case, sample, exchange, {"person_id": case.bench.fixture("person_id")})


@check("OKD-REG-009")
def test_student_ids_that_conflict(case: Case) -> None:
    """personId of one student, studentNumber of another; at person level, so that nothing else decides."""
    other = fixtures(case, "other_person")
    sample = registration(case, student_number=other["student_number"], **dict.fromkeys(ENROLMENT))
    exchange = case.sent(sample)
    if exchange.answer is None or not exchange.answer.succeeded:
        case.expect(exchange)
        return
    place = filing(case, sample)
    if place is None:
        case.require(False, "conflict_accepted", situation="placement_unknown", exchange=exchange)
    elif str(place.get("person_id")).lower() == case.bench.fixture("person_id").lower():
        case.expect(exchange, "filed_with_person_id")
    else:
        case.require(
            False, "filed_with_other_student", situation="filed_with_other_student", exchange=exchange
        )


@check("OKD-REG-010")
def test_unknown_person_id_with_known_number(case: Case) -> None:
    """An id that nobody has, with a number that exists."""
    case.bench.fixture("student_number")
    case.expect(case.sent(registration(case, person_id=case.fresh_uuid(), **dict.fromkeys(ENROLMENT))))


@check("OKD-REG-011", profile="smoke")
def test_no_student(case: Case) -> None:
    """Neither personId nor studentNumber."""
    case.expect(case.sent(registration(case, person_id=None, student_number=None)))


@check("OKD-REG-011", enrolment=["none"])
def test_no_student_and_no_enrolment(case: Case, enrolment: str) -> None:
    """Nothing at all that says whose document it is."""
    assert enrolment == "none"
    nothing = dict.fromkeys(("person_id", "student_number", *ENROLMENT))
    case.expect(case.sent(registration(case, **nothing)))


@check("OKD-REG-012", by=["person_id", "student_number"])
def test_unknown_student(case: Case, by: str) -> None:
    """A student that the module doesn't know."""
    unknown = case.fresh_uuid() if by == "person_id" else f"00{int(case.fresh_uuid()[:6], 16)}"
    other = "student_number" if by == "person_id" else "person_id"
    case.expect(case.sent(registration(case, **{by: unknown, other: None}, **dict.fromkeys(ENROLMENT))))


@check("OKD-REG-013", by=ENROLMENT)
def test_enrolment_by_one_id(case: Case, by: str) -> None:
    """associationId alone, and sequenceCode alone, select the enrolment."""
    case.bench.fixture(by)
    other = "sequence_code" if by == "association_id" else "association_id"
    sample = registration(case, **{other: None})
    exchange = case.expect(case.sent(sample), by)
    require_filed(case, sample, exchange, {"association_id": case.bench.fixture("association_id")})


@check("OKD-REG-013", by=["second_sequence_code"])
def test_second_enrolment_by_sequence_code(case: Case, by: str) -> None:
    """The sequenceCode of the student's other enrolment selects that one."""
    assert by
    second = fixtures(case, "second_association")
    sample = registration(case, association_id=None, sequence_code=second["sequence_code"])
    exchange = case.expect(case.sent(sample), "sequence_code")
    require_filed(case, sample, exchange, {"association_id": second["association_id"]})


@check("OKD-REG-014")
def test_both_enrolment_ids(case: Case) -> None:
    """Both, of the same enrolment."""
    case.bench.fixture("sequence_code")
    sample = registration(case)
    exchange = case.expect(case.sent(sample), "consistent")
    require_filed(case, sample, exchange, {"association_id": case.bench.fixture("association_id")})


@check("OKD-REG-014", ids=["conflict"])
def test_enrolment_ids_that_conflict(case: Case, ids: str) -> None:
    """associationId of one enrolment, sequenceCode of another enrolment of the same student."""
    second = fixtures(case, "second_association")
    sample = registration(case, sequence_code=second["sequence_code"])
    exchange = case.sent(sample)
    if exchange.answer is None or not exchange.answer.succeeded:
        case.expect(exchange, ids)
        return
    place = filing(case, sample)
    if place is None:
        case.expect(exchange, "conflict_placement_unknown")
    elif str(place.get("association_id")).lower() == case.bench.fixture("association_id").lower():
        case.expect(exchange, "conflict_filed_by_association_id")
    else:
        case.require(
            False, "filed_by_sequence_code", situation="conflict_filed_by_sequence_code", exchange=exchange
        )


@check("OKD-REG-015")
def test_person_level(case: Case) -> None:
    """Neither associationId nor sequenceCode: the document goes to the person."""
    sample = registration(case, **dict.fromkeys(ENROLMENT))
    exchange = case.expect(case.sent(sample))
    expected = {"person_id": case.bench.fixture("person_id"), "association_id": "None"}
    require_filed(case, sample, exchange, expected)


@check("OKD-REG-016")
def test_association_of_another_student(case: Case) -> None:
    """personId of one student, associationId of another."""
    other = fixtures(case, "other_person")
    sample = registration(
        case, student_number=None, association_id=other["association_id"], sequence_code=None
    )
    case.expect(case.sent(sample))


@check("OKD-REG-017", code=["trailing-zero", "leading-space", "no-student"])
def test_sequence_code_is_text(case: Case, code: str) -> None:
    """'1.1' is not '1.10'; and without a student the code says nothing."""
    known = case.bench.fixture("sequence_code")
    if code == "no-student":
        fields: dict[str, Any] = {"person_id": None, "student_number": None, "sequence_code": known}
    else:
        fields = {"sequence_code": known + "0" if code == "trailing-zero" else f" {known}"}
    sample = registration(case, association_id=None, **fields)
    exchange = case.expect(case.sent(sample))
    if exchange.answer and exchange.answer.succeeded:
        place = filing(case, sample)
        if place is not None and place.get("association_id"):
            case.require(
                False, "code_not_compared_whole", situation="filed_with_another_enrolment", exchange=exchange
            )


@check("OKD-REG-018", by=ENROLMENT)
def test_unknown_enrolment(case: Case, by: str) -> None:
    """An enrolment that the module doesn't know is no sign for the person level."""
    other = "sequence_code" if by == "association_id" else "association_id"
    unknown = case.fresh_uuid() if by == "association_id" else "98.76"
    case.expect(case.sent(registration(case, **{by: unknown, other: None})))


@check("OKD-REG-019")
def test_registering_again(case: Case) -> None:
    """The same body twice has the same outcome."""
    sample = registration(case)
    first = case.expect(case.sent(sample), "again")
    second = case.expect(case.sent(sample), "again")
    _same_document(case, [first, second])


@check("OKD-REG-019", at=["once"])
def test_registering_in_parallel(case: Case, at: str) -> None:
    """The same body twice at the same time."""
    assert at
    sample = registration(case)
    with ThreadPoolExecutor(2) as pool:
        exchanges = list(pool.map(case.sent, [sample, sample]))
    for exchange in exchanges:
        case.expect(exchange, "parallel")
    _same_document(case, exchanges)


def _same_document(case: Case, exchanges: list[Exchange]) -> None:
    ids = [case.value_in(e, "component_document_id") for e in exchanges if e.answer and e.answer.succeeded]
    case.require(len(set(ids)) <= 1, "registered_twice", reading="warned", ids=", ".join(map(str, ids)))


@check("OKD-REG-020", other=["subtype", "student"])
def test_registering_again_with_other_data(case: Case, other: str) -> None:
    """The same dmsDocumentId with other metadata has a clean outcome."""
    sample = registration(case, **dict.fromkeys(ENROLMENT))
    case.bench.accepted(case.operation, case.binding)
    case.sent(sample)
    if other == "subtype":
        changed = sample.with_field("document_subtype", "okd-other")
    else:
        group = fixtures(case, "other_person")
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
def test_document_need_not_be_fetched(case: Case, document: str) -> None:
    """A dmsDocumentId that no DMS knows can be registered all the same."""
    assert document
    case.expect(case.sent(registration(case)), "unknown_document")


@check("OKD-REG-022", scope=cells("sufficient"))
def test_sufficient_scope(case: Case, scope: str) -> None:
    """Each scope of the document type alone suffices."""
    case.expect_right(case.sent(case.canonical(token=case.bench.token((scope,)).value)), "sufficient")


@check("OKD-REG-022", scope=cells("refused"))
def test_refused_scope(case: Case, scope: str) -> None:
    """The scope of another document type, or of another flow."""
    case.expect(case.attempt(case.only_scopes(scope)), "refused")


@check("OKD-REG-022", scope=cells("disputed"))
def test_disputed_scope(case: Case, scope: str) -> None:
    """The sources disagree; either answer will do."""
    case.expect(case.attempt(case.only_scopes(scope)), "disputed")


@check("OKD-REG-023")
def test_unknown_document_type(case: Case) -> None:
    """A documentType that nobody knows."""
    case.expect(case.sent(registration(case, document_type="banana")), "unknown_type")


def other_types(operation: Any, binding: Any) -> list[str]:
    """The document types of the other modules."""
    own = (binding or operation.bindings[0]).document_type
    schema = operation.body_schema
    known = deref(schema, schema)["properties"]
    values = next(
        s["enum"] for s in known.values() if s.get("x-okd-meaning") == "document_type" and "enum" in s
    )
    return [value for value in values if value != own]


@check("OKD-REG-023", type=other_types)
def test_type_of_another_module(case: Case, type: str) -> None:
    """A documentType that another module handles."""
    case.expect(case.sent(registration(case, document_type=type)), "other_type")


@check("OKD-REG-023", subtype=["unknown"])
def test_unknown_subtype(case: Case, subtype: str) -> None:
    """Schools define their subtypes; a module may know its own."""
    case.expect(case.sent(registration(case, document_subtype=f"okd-{subtype}")), "unknown_subtype")


@check("OKD-REG-024", field=["person_id", "association_id"])
def test_null_is_absence(case: Case, field: str) -> None:
    """null in an optional field, as if it were not there."""
    fallback = {"person_id": "student_number", "association_id": "sequence_code"}[field]
    case.bench.fixture(fallback)
    case.expect(case.sent(registration(case).with_field(field, None)))
