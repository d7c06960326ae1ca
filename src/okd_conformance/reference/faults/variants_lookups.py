"""Legitimate ways to look up a student or an enrolment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.faults.change import after, before
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.school import Person, Values
    from okd_conformance.reference.world import Behaviour, Call

_LONGEST_NUMBER = 9
_OPEN_END = "enrollment_expected_end_date"


def _refuse_nobody(found: list[Person], *_: object) -> list[Person]:
    if not found:
        raise Refused("unknown_person")
    return found


@variant("search-404")
def _search_404(behaviour: Behaviour) -> None:
    after(behaviour, "search_persons", _refuse_nobody)


@variant("number-must-be-digits")
def _number_must_be_digits(behaviour: Behaviour) -> None:
    def refuse_odd(_call: Call, number: str | None) -> None:
        if number is not None and not (number.isdigit() and len(number) <= _LONGEST_NUMBER):
            raise Refused("bad_query", name="the student number")

    before(behaviour, "search_persons", refuse_odd)


@variant("trims-number")
def _trims_number(behaviour: Behaviour) -> None:
    inner = behaviour.search_persons
    behaviour.search_persons = lambda call, number: inner(call, number and number.strip())


@variant("search-by-value")
def _search_by_value(behaviour: Behaviour) -> None:
    behaviour.search_persons = lambda call, number: [
        p for p in call.world.school.people if p.student_number.lstrip("0") == str(number).strip().lstrip("0")
    ]


@variant("open-ended-enrolment")
def _open_ended_enrolment(behaviour: Behaviour) -> None:
    def open_ended(values: Values, *_: object) -> Values:
        return {**values, _OPEN_END: None}

    after(behaviour, "describe_enrolment", open_ended)
    after(behaviour, "describe_listed_enrolment", open_ended)
