"""F02: flow 2, exam documents; with the sitting, or with the enrolment of the student."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from okd_conformance.suite import (
    Body,
    Case,
    Operation,
    UnknownEditionError,
    cells,
    check,
    deref,
    load_edition,
)
from steps import invented, lacks, reference, require_bytes_in, scope_alone, stored

OLD_EDITION = "okd-0.6"


EXAM_FIELDS = {
    "sitting": ("exam_component_offering_id",),
    "name": ("exam_name",),
    "code": ("exam_code",),
    "all": ("exam_component_offering_id", "exam_name", "exam_code"),
}


MOMENTS = {
    "utc": "2021-06-15T09:05:04Z",
    "offset": "2021-06-15T11:05:04+02:00",
    "no-zone": "2021-06-15T11:05:04",
    "date": "2021-06-15",
}


LEFT_OUT = (
    "sequence_code",
    "enrollment_start_date",
    "enrollment_expected_end_date",
    "enrollment_final_end_date",
)


STUDENT = ("person_id", "student_number")


@check("OKD-F02-001", profile="smoke")
def test_sitting_document(case: Case) -> None:
    """The report of a sitting, without any student."""
    sample = case.canonical()
    assert lacks(sample.body, *STUDENT)
    stored(case, sample)


@check("OKD-F02-002", profile="smoke")
def test_result_document(case: Case) -> None:
    """The evidence of a result; student and programme are bare ids."""
    stored(case, case.canonical())


@check("OKD-F02-003", scope=cells("sufficient", "refused", "disputed"))
def test_scope(case: Case, scope: str) -> None:
    """Each scope alone, as the scope matrix has it; where the sources disagree, either answer will do."""
    scope_alone(case, scope)


@check(
    "OKD-F02-004",
    subtype=["zittingsverslag", "examenbeoordeling", "examendossier", "okd-conformance"],
)
def test_free_subtype(case: Case, subtype: str) -> None:
    """The DMS takes the subtypes of the standard's examples, and one that nobody has."""
    case.expect(case.sent(case.sample().with_field("document_subtype", subtype)))


@check("OKD-F02-005", missing=EXAM_FIELDS)
def test_exam_fields_absent(case: Case, missing: tuple[str, ...]) -> None:
    """Without the sitting, the name or the code of the exam."""
    case.expect(case.sent(case.sample().without_field(*missing)))


@check("OKD-F02-006", moment=MOMENTS)
def test_moment_of_the_exam(case: Case, moment: str) -> None:
    """A date with time and zone, or what the edition has instead; and other forms."""
    sample = case.sample().with_field("exam_date_time", moment)
    is_valid = sample.body is not None and not sample.body.errors()
    case.expect(case.sent(sample), "valid" if is_valid else "other_form")


@check("OKD-F02-007")
def test_little_about_the_enrolment(case: Case) -> None:
    """Without sequenceCode and the dates of the enrolment."""
    sample = case.canonical()
    assert lacks(sample.body, *LEFT_OUT)
    case.expect(case.sent(sample))


@check("OKD-F02-008")
def test_unknown_place(case: Case) -> None:
    """A sitting, or an enrolment and a student, that nobody has yet."""
    if any(p.meaning == "offering_id" for p in case.operation.path_parameters):
        sample = case.canonical(fixtures={"offering_id": case.fresh_uuid()})
        case.expect(case.sent(sample), "unknown_offering")
    else:
        case.expect(case.sent(case.canonical(fixtures=invented(case))), "unknown_association")


@check("OKD-F02-009")
def test_other_kind_of_offering(case: Case) -> None:
    """A programme is no sitting."""
    case.expect(case.sent(case.sample().with_field("offering_type", "program")))


def required_of_the_sitting(operation: Operation, _: object) -> list[str]:
    """What the edition requires of a sitting, by the names that the fields have there."""
    schema = operation.body_schema or {}
    whole = deref(schema, schema)
    meanings = {n: deref(schema, s).get("x-okd-meaning") for n, s in whole.get("properties", {}).items()}
    return [name for name in whole.get("required", ()) if meanings.get(name) != "consumers"]


@check("OKD-F02-009", missing=required_of_the_sitting)
def test_required_field_of_the_sitting_missing(case: Case, missing: str) -> None:
    """Each required field left out, one at a time."""
    sample = case.sample()
    schema, value = case.operation.body_schema or {}, sample.body.value if sample.body else {}
    body = Body(schema, {name: item for name, item in value.items() if name != missing})
    case.expect(case.sent(sample.but(body=body)))


def old_way(operation: Operation, flow: str) -> Operation | None:
    """How the edition before the change of methods and paths did the same; None where it isn't carried."""
    try:
        uploads = load_edition(OLD_EDITION).operations(operation.role, operation.kind)
    except UnknownEditionError:
        return None
    meanings = {p.meaning for p in operation.path_parameters}
    return next(
        (
            old
            for old in uploads
            if {p.meaning for p in old.path_parameters} == meanings
            and any(b.flow == flow for b in old.bindings)
        ),
        None,
    )


def changes(operation: Operation, binding: Any) -> list[str]:
    """In what the old way differs."""
    old = old_way(operation, (binding or operation.bindings[0]).flow)
    if old is None:
        return []
    ids = {p.meaning or p.name: "-" for p in operation.path_parameters}
    method = ["old_method"] if old.method != operation.method else []
    return method + (["old_path"] if old.full_path(ids) != operation.full_path(ids) else [])


@check("OKD-F02-010", way=changes)
def test_old_way(case: Case, way: str) -> None:
    """The method, and the path, of the edition before."""
    sample = case.sample()
    old = old_way(case.operation, case.binding.flow)
    assert old is not None
    changed = {"method": old.method} if way == "old_method" else {"path": old.path}
    if way == "old_path":
        changed["path_parameters"] = old.path_parameters
    case.expect(case.sent(sample.but(operation=replace(case.operation, **changed))), way)


@check("OKD-F02-011")
def test_same_document_again(case: Case) -> None:
    """A request that is repeated gives one document or two."""
    sample = case.canonical()
    first, second = case.expect(case.sent(sample)), case.expect(case.sent(sample))
    if all(e.succeeded for e in (first, second)):
        same = case.require_id(first).lower() == case.require_id(second).lower()
        case.note(case.words("same_id_again" if same else "new_id_again"))


@check("OKD-F02-012", profile="smoke")
def test_upload(case: Case) -> None:
    """Facts and content in one request; the answer says how the document is called."""
    exchange = case.expect(case.sent(case.canonical()))
    if exchange.succeeded:
        case.require(reference(case, exchange) is not None, "no_reference", exchange=exchange)


@check("OKD-F02-013", profile="smoke")
def test_read_without_token(case: Case) -> None:
    """Without a token; when that is refused, with one."""
    stored = case.store()
    asking = case.canonical(path_values={"dms_document_id": stored.id})
    exchange = case.expect(case.sent(asking.but(token=None)), "without_token")
    if not exchange.succeeded:
        if asking.token is None:
            return
        exchange = case.expect(case.sent(asking), "with_token")
    if exchange.succeeded:
        require_bytes_in(case, exchange, stored.content)
