"""REG: registering a document of the DMS at a module, flows 11 to 14: with whom it is filed.

Where a document landed is not visible through the API. With the hook ``show_filing`` it is judged; without,
the answer is judged and a note says that the place was not shown.
"""

from __future__ import annotations

from typing import Any

from okd_conformance.suite import Case, Sample, check
from steps import ENROLMENT, filing, registration, require_filed, with_fields


@check("OKD-REG-006")
def test_person_id_alone(case: Case) -> None:
    """Without studentNumber."""
    sample = registration(case, student_number=None)
    exchange = case.expect(case.sent(sample))
    require_filed(case, sample, exchange, {"person_id": case.fixture("person_id")})


@check("OKD-REG-007")
def test_student_number_alone(case: Case) -> None:
    """Without personId."""
    case.fixture("student_number")
    sample = registration(case, person_id=None)
    exchange = case.expect(case.sent(sample))
    require_filed(case, sample, exchange, {"person_id": case.fixture("person_id")})


@check("OKD-REG-008")
def test_both_student_ids(case: Case) -> None:
    """Both, of the same student."""
    case.fixture("student_number")
    sample = registration(case)
    exchange = case.expect(case.sent(sample))
    require_filed(case, sample, exchange, {"person_id": case.fixture("person_id")})


@check("OKD-REG-009")
def test_student_ids_that_conflict(case: Case) -> None:
    """personId of one student, studentNumber of another; at person level, so that nothing else decides."""
    other = case.fixture_group("other_person")
    sample = registration(case, student_number=other["student_number"], **dict.fromkeys(ENROLMENT))
    exchange = case.sent(sample)
    if not exchange.succeeded:
        case.expect(exchange)
        return
    place = filing(case, sample)
    if place is None and decided_by(case, "student_number", "person_id", sample):
        case.require(False, "number_decides", situation="decided_by_number", exchange=exchange)
    elif place is None:
        case.require(False, "conflict_accepted", situation="placement_unknown", exchange=exchange)
    elif str(place.get("person_id")).lower() == case.fixture("person_id").lower():
        case.expect(exchange, "filed_with_person_id")
    else:
        case.require(
            False, "filed_with_other_student", situation="filed_with_other_student", exchange=exchange
        )


def decided_by(case: Case, other: str, preferred: str, sample: Sample) -> bool:
    """Whether a module that takes two ids in conflict does not look at the preferred one.

    It takes an unknown one beside the other, and refuses the right one beside an unknown other.
    """
    ignored = case.sent(
        with_fields(sample, dms_document_id=case.fresh_uuid(), **{preferred: case.fresh_uuid()})
    )
    number = case.fixture("student_number")
    unknown = f"99{int(case.fresh_uuid()[:8], 16)}"[: len(number)] if other == "student_number" else "98.76"
    needed = case.sent(with_fields(sample, dms_document_id=case.fresh_uuid(), **{other: unknown}))
    return ignored.succeeded and needed.answer is not None and needed.answer.status in range(400, 500)


@check("OKD-REG-010")
def test_unknown_person_id_with_known_number(case: Case) -> None:
    """An id that nobody has, with a number that exists."""
    case.fixture("student_number")
    case.expect(case.sent(registration(case, person_id=case.fresh_uuid(), **dict.fromkeys(ENROLMENT))))


@check("OKD-REG-011", profile="smoke")
def test_no_student(case: Case) -> None:
    """Neither personId nor studentNumber, but an enrolment: that has one student."""
    sample = registration(case, person_id=None, student_number=None)
    case.expect(case.sent(sample), "enrolment_named")


@check("OKD-REG-011", enrolment=["none"])
def test_no_student_and_no_enrolment(case: Case, enrolment: str) -> None:
    """Nothing at all that says whose document it is."""
    assert enrolment == "none"
    usual = case.sample()
    if usual.body is not None and usual.body.has("exam_component_offering_id"):
        raise case.not_tested("needs_a_sitting")
    nothing = dict.fromkeys(("person_id", "student_number", *ENROLMENT))
    case.expect(case.sent(with_fields(usual, **nothing)))


@check("OKD-REG-012", by=["person_id", "student_number"])
def test_unknown_student(case: Case, by: str) -> None:
    """A student that the module doesn't know."""
    unknown = case.fresh_uuid() if by == "person_id" else f"00{int(case.fresh_uuid()[:6], 16)}"
    other = "student_number" if by == "person_id" else "person_id"
    case.expect(case.sent(registration(case, **{by: unknown, other: None}, **dict.fromkeys(ENROLMENT))))


@check("OKD-REG-013", by=ENROLMENT)
def test_enrolment_by_one_id(case: Case, by: str) -> None:
    """associationId alone, and sequenceCode alone, select the enrolment."""
    case.fixture(by)
    other = "sequence_code" if by == "association_id" else "association_id"
    sample = registration(case, **{other: None})
    exchange = case.expect(case.sent(sample), by)
    require_filed(case, sample, exchange, {"association_id": case.fixture("association_id")})


@check("OKD-REG-013", by=["second_sequence_code"])
def test_second_enrolment_by_sequence_code(case: Case) -> None:
    """The sequenceCode of the student's other enrolment selects that one."""
    second = case.fixture_group("second_association")
    sample = registration(case, association_id=None, sequence_code=second["sequence_code"])
    exchange = case.expect(case.sent(sample), "sequence_code")
    require_filed(case, sample, exchange, {"association_id": second["association_id"]})


@check("OKD-REG-014")
def test_both_enrolment_ids(case: Case) -> None:
    """Both, of the same enrolment."""
    case.fixture("sequence_code")
    sample = registration(case)
    exchange = case.expect(case.sent(sample), "consistent")
    require_filed(case, sample, exchange, {"association_id": case.fixture("association_id")})


@check("OKD-REG-014", ids=["conflict"])
def test_enrolment_ids_that_conflict(case: Case, ids: str) -> None:
    """associationId of one enrolment, sequenceCode of another enrolment of the same student."""
    second = case.fixture_group("second_association")
    sample = registration(case, sequence_code=second["sequence_code"])
    exchange = case.sent(sample)
    if not exchange.succeeded:
        case.expect(exchange, ids)
        return
    place = filing(case, sample)
    if place is None and decided_by(case, "sequence_code", "association_id", sample):
        case.require(False, "code_decides", situation="conflict_decided_by_code", exchange=exchange)
    elif place is None:
        case.expect(exchange, "conflict_placement_unknown")
    elif str(place.get("association_id")).lower() == case.fixture("association_id").lower():
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
    expected = {"person_id": case.fixture("person_id"), "association_id": "None"}
    require_filed(case, sample, exchange, expected)


@check("OKD-REG-016")
def test_association_of_another_student(case: Case) -> None:
    """personId of one student, associationId of another."""
    other = case.fixture_group("other_person")
    sample = registration(
        case, student_number=None, association_id=other["association_id"], sequence_code=None
    )
    case.expect(case.sent(sample))


@check("OKD-REG-017", code=["trailing-zero", "leading-space", "no-student"])
def test_sequence_code_is_text(case: Case, code: str) -> None:
    """'1.1' is not '1.10'; and without a student the code says nothing."""
    known = case.fixture("sequence_code")
    if code == "no-student":
        fields: dict[str, Any] = {"person_id": None, "student_number": None, "sequence_code": known}
    else:
        fields = {"sequence_code": known + "0" if code == "trailing-zero" else f" {known}"}
    sample = registration(case, association_id=None, **fields)
    exchange = case.expect(case.sent(sample))
    if exchange.succeeded:
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


@check("OKD-REG-024", field=["person_id", "association_id"])
def test_null_is_absence(case: Case, field: str) -> None:
    """null in an optional field, as if it were not there."""
    fallback = {"person_id": "student_number", "association_id": "sequence_code"}[field]
    case.fixture(fallback)
    case.expect(case.sent(registration(case).with_field(field, None)))
