"""F12: flow 12, registering exam documents at Examineren: with a result, a sitting, or in the exam file.

Where a document landed is judged with the hook ``show_filing``; without it a note says that it was not shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from okd_conformance.suite import (
    Binding,
    Body,
    Case,
    Exchange,
    Operation,
    Sample,
    cells,
    check,
    field_name,
    field_names,
)
from steps import ENROLMENT, filing, lacks, require_filed, scope_alone, with_fields

REFERENCES = ("exam_code", "exam_code_path", "exam_component_offering_id")


UNKNOWN = {"exam_code": "OKD-CONFORMANCE", "exam_code_path": "/okd/conformance"}


def example(case: Case, name: str, **given: Any) -> Sample:
    """The edition's example of this name, ready to send."""
    return case.ready(case.operation, _binding(case, name), **given)


def altered(case: Case, name: str, **fields: Any) -> Sample:
    """An example with some fields replaced or (with None) left out, after it was accepted as it is."""
    case.accepted(case.operation, _binding(case, name))
    return with_fields(example(case, name), **fields)


def _binding(case: Case, name: str) -> Binding:
    return replace(case.binding, example=f"flow-{case.binding.flow}-{name}")


@check("OKD-F12-001", profile="smoke")
def test_general_exam_document(case: Case) -> None:
    """A student and an enrolment, and nothing about an exam."""
    sample = case.canonical(sitting=None)
    assert lacks(sample.body, *REFERENCES)
    exchange = case.expect(case.sent(sample))
    expected = {
        "person_id": case.fixture("person_id"),
        "association_id": case.fixture("association_id"),
    }
    require_filed(case, sample, exchange, expected)


def founding_messages(operation: Operation, binding: Binding | None) -> list[str]:
    """The examples that are a founding document's own message, beside the one that is sent anyway."""
    usual = (binding or operation.bindings[0]).example
    return [name for name in operation.examples if name.startswith("seed-") and name != usual]


@check("OKD-F12-001", message=founding_messages)
def test_founding_message(case: Case, message: str) -> None:
    """A message is taken as it was published; how it spells the size is no fault."""
    sample = case.ready(case.operation, replace(case.binding, example=message), sitting=None)
    assert lacks(sample.body, *REFERENCES)
    exchange = case.sent(sample)
    if exchange.answer is None or exchange.answer.succeeded:
        case.expect(exchange)
        return
    assert sample.body is not None
    value, size = sample.body.value, sample.body.get("document_size")
    names = field_names(sample.body.schema, "document_size")
    both = Body(sample.body.schema, {**dict.fromkeys(names, size), **value})
    case.expect(case.sent(sample.but(body=both)))
    case.expect(exchange, "one_spelling")


@check("OKD-F12-002", scope=cells("sufficient", "refused", "disputed"))
def test_scope(case: Case, scope: str) -> None:
    """Each scope alone, as the scope matrix has it; where the sources disagree, either answer will do."""
    scope_alone(case, scope)


@check("OKD-F12-003", by=["person_id", "student_number"])
def test_result_in_a_sitting(case: Case, by: str) -> None:
    """The sitting, and the student by either identifier."""
    sample = example(case, "result")
    if by == "student_number":
        sample = with_fields(sample, person_id=None, student_number=case.fixture(by))
    exchange = case.expect(case.sent(sample))
    expected = {
        "person_id": case.fixture("person_id"),
        "offering_id": case.fixture("offering_id"),
    }
    require_filed(case, sample, exchange, expected)


@check("OKD-F12-004")
def test_unknown_sitting(case: Case) -> None:
    """A result in a sitting that doesn't exist."""
    sample = altered(case, "result", exam_component_offering_id=case.fresh_uuid())
    case.expect(case.sent(sample), "unknown_sitting")


@check("OKD-F12-004", student=["unknown"])
def test_unknown_student_in_a_sitting(case: Case) -> None:
    """A result of a student who doesn't exist."""
    case.expect(case.sent(altered(case, "result", person_id=case.fresh_uuid())), "unknown_student")


@check("OKD-F12-004", student=["not-in-the-sitting"])
def test_student_not_in_the_sitting(case: Case) -> None:
    """A result of a student who took no part."""
    other = case.fixture_group("other_person")
    case.expect(case.sent(altered(case, "result", person_id=other["person_id"])), "not_in_sitting")


@check("OKD-F12-005")
def test_exam_code(case: Case) -> None:
    """The code and the path on the paper lead to the result."""
    sample = example(case, "exam-code")
    exchange = case.expect(case.sent(sample))
    require_filed(case, sample, exchange, {"level": "result", "person_id": case.fixture("person_id")})


def known_references(operation: Operation, _: object) -> list[str]:
    """The fields by which the edition names an exam."""
    return [meaning for meaning in REFERENCES if field_name(operation.body_schema or {}, meaning)]


@check("OKD-F12-006", unknown=known_references)
def test_reference_that_leads_nowhere(case: Case, unknown: str) -> None:
    """An unknown code, a known code with an unknown path, and an unknown sitting."""
    value = UNKNOWN.get(unknown) or case.fresh_uuid()
    usual = case.sample()
    if usual.body is not None and usual.body.is_hint(unknown):
        case.expect(case.sent(usual.with_field(unknown, value)), "unresolved_with_fallback")
        return
    name = "result" if unknown == "exam_component_offering_id" else "exam-code"
    sample = altered(case, name, **{unknown: value})
    _require_unregistered(case, sample, case.expect(case.sent(sample), "unresolved"))


def _require_unregistered(case: Case, sample: Sample, exchange: Exchange) -> None:
    """Judge that a refused registration has no effect, where a hook shows it."""
    place = filing(case, sample)
    if place is not None and exchange.answer is not None and not exchange.answer.succeeded:
        level = place.get("level")
        case.require(level in {None, "none"}, "registered_after_all", exchange=exchange, place=level)


@check("OKD-F12-007")
def test_attempt_by_date(case: Case) -> None:
    """Received today, long ago, or nobody knows when: then the last attempt of all that were shown."""
    today = datetime.now(UTC).date().isoformat()
    attempts: dict[str, Any] = {}
    for received, date in {"today": today, "long ago": "1990-01-01", "unknown": None}.items():
        sample = altered(case, "exam-code", received_date=date)
        exchange = case.expect(case.sent(sample))
        if exchange.succeeded:
            attempts[received] = (filing(case, sample) or {}).get("attempt")
    shown = {received: n for received, n in attempts.items() if isinstance(n, int)}
    if shown:
        text = ", ".join(f"{received}: {attempt}" for received, attempt in shown.items())
        case.note(case.words("attempts_shown", attempts=text))
    if "unknown" in shown:
        case.require(
            shown["unknown"] >= max(shown.values()), "not_the_last_attempt", reading="warned", attempts=text
        )


@check("OKD-F12-008")
def test_sitting_document(case: Case) -> None:
    """The official record of a sitting: no student, no enrolment."""
    sample = example(case, "sitting")
    assert lacks(sample.body, "person_id", "student_number", *ENROLMENT)
    exchange = case.expect(case.sent(sample))
    expected = {"offering_id": case.fixture("offering_id"), "person_id": "None"}
    require_filed(case, sample, exchange, expected)


@check("OKD-F12-009", sitting=["unknown", "malformed"])
def test_record_of_an_unknown_sitting(case: Case, sitting: str) -> None:
    """The record of a sitting that doesn't exist."""
    value = case.fresh_uuid() if sitting == "unknown" else "okd-not-a-uuid"
    case.expect(case.sent(altered(case, "sitting", exam_component_offering_id=value)), sitting)


@check("OKD-F12-010", given=["both", "path_only"])
def test_references_that_disagree(case: Case, given: str) -> None:
    """A known sitting beside an unknown code; a path without a code."""
    if given == "both":
        sample = altered(case, "result", exam_code=UNKNOWN["exam_code"])
    else:
        sample = with_fields(case.sample(sitting=None), exam_code_path=case.fixture("exam_code_path"))
    exchange = case.expect(case.sent(sample), given)
    if exchange.succeeded:
        place = filing(case, sample)
        if place is not None:
            case.note(case.words("filed_at", place=place.get("level")))


@check("OKD-F12-011")
def test_sitting_before_person(case: Case) -> None:
    """Without an enrolment, but with a sitting, it is no document of the person."""
    sample = example(case, "result")
    assert lacks(sample.body, *ENROLMENT)
    exchange = case.expect(case.sent(sample))
    place = filing(case, sample)
    if place is not None:
        case.require(
            place.get("level") != "person",
            "filed_with_person",
            situation="filed_with_person",
            exchange=exchange,
        )
