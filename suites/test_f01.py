"""F01: flow 1, enrolment documents; with the enrolment, or with the student alone."""

from __future__ import annotations

from dataclasses import replace

from okd_conformance.suite import Case, cells, check
from steps import agree, invented, other_scope, require_place, scope_alone, stored, sufficient_scope

FORMS = {
    "ids": ("id", "id"),
    "person-object": ("object", "id"),
    "offering-object": ("id", "name-as-text"),
    "both-objects": ("object", "name-per-language"),
}
"""How the metadata gives person and offering; the name of the offering once in each form."""


@check("OKD-F01-001", profile="smoke")
def test_enrolment_document(case: Case) -> None:
    """The flow's own example, with all that Inschrijven knows."""
    stored(case, case.canonical())


@check("OKD-F01-002", scope=cells("sufficient", "refused"))
def test_scope(case: Case, scope: str) -> None:
    """Each scope alone, as the scope matrix has it."""
    scope_alone(case, scope)


@check("OKD-F01-003")
def test_unknown_enrolment(case: Case) -> None:
    """The first document of a new student makes the file."""
    case.expect(case.sent(case.canonical(fixtures=invented(case))))


@check("OKD-F01-004")
def test_open_end(case: Case) -> None:
    """Who still studies has no final end date."""
    case.expect(case.sent(case.canonical().with_field("enrollment_final_end_date", None)))


@check("OKD-F01-005", form=FORMS)
def test_ids_and_objects(case: Case, form: tuple[str, str]) -> None:
    """Person and offering as a bare id or as an object."""
    person, offering = form
    sample = case.canonical()
    body = sample.body
    assert body is not None
    if person == "id":
        sample = sample.with_field("person", body.get("person_id"))
    if offering == "id":
        sample = sample.with_field("offering", body.get("program_offering_id"))
    elif offering == "name-as-text":
        sample = sample.with_field("offering_name", "okd-conformance")
    case.expect(case.sent(sample))


@check("OKD-F01-006", mode=["full-time", "part-time", "dual training"])
def test_mode_of_study(case: Case, mode: str) -> None:
    """The modes that MBO schools have; the last one is BBL."""
    case.expect(case.sent(case.sample().with_field("mode_of_study", mode)), "used")


@check("OKD-F01-006", mode=["self-paced", "extraneous"])
def test_unused_mode_of_study(case: Case, mode: str) -> None:
    """The modes that the standard knows but the flow doesn't use."""
    case.expect(case.sent(case.sample().with_field("mode_of_study", mode)), "unused")


@check("OKD-F01-007")
def test_employee(case: Case) -> None:
    """Somebody who is no student: taken or refused, both are right."""
    sample = case.canonical(fixtures=invented(case)).with_field("affiliations", ["employee"])
    exchange = case.expect(case.sent(sample))
    succeeded = exchange.succeeded
    case.note(case.words("employee_accepted" if succeeded else "employee_refused"))


@check("OKD-F01-008", type=["of-the-example", "of-the-enrolment"])
def test_document_of_the_student(case: Case, type: str) -> None:
    """A document that belongs to no enrolment, such as a dyslexia statement."""
    sample = case.canonical()
    if type == "of-the-enrolment":
        sample = sample.with_field("document_type", _type_with_the_enrolment(case))
    stored(case, sample)


def _type_with_the_enrolment(case: Case) -> str | None:
    """The type of document that the same flow stores with an enrolment."""
    same_flow = [b for b in case.edition.bindings(case.role) if b.flow == case.binding.flow]
    return next(b.document_type for b in same_flow if b.document_type != case.binding.document_type)


@check("OKD-F01-008", person=["minimal"])
def test_student_without_a_name(case: Case, person: str) -> None:
    """The example of the text has the student's id and number, and no name."""
    case.accepted()
    binding = replace(case.binding, example=f"{case.binding.example}-{person}")
    case.expect(case.sent(case.ready(case.operation, binding)), person)


@check("OKD-F01-009", scope=cells("sufficient"))
def test_broad_scope_for_the_student(case: Case, scope: str) -> None:
    """The scope for all documents alone."""
    sufficient_scope(case, scope, "default")


@check("OKD-F01-010")
def test_flow_scope_for_the_student(case: Case) -> None:
    """The flow's other scope; the sources disagree, so either answer will do."""
    for scope in _other_scopes_of_the_flow(case):
        other_scope(case, scope, "default")


def _other_scopes_of_the_flow(case: Case) -> list[str]:
    """What suffices in the same flow for a document with the enrolment, but is disputed here."""
    disputed = case.binding.scopes.disputed if case.binding.scopes else ()
    same_flow = [b for b in case.edition.bindings(case.role) if b.flow == case.binding.flow]
    return [scope for scope in disputed if any(b.scopes and scope in b.scopes.sufficient for b in same_flow)]


@check("OKD-F01-012")
def test_filed_as_the_path_says(case: Case) -> None:
    """With the enrolment, the person or the sitting of the path, as the hook shows."""
    agree(case)
    sample = case.canonical()
    exchange = case.expect(case.sent(sample))
    place = case.call_hook("show_filing", document_id=case.require_id(exchange))
    require_place(case, place, exchange, sample.path_values)
