"""Legitimate ways to look up a student or an enrolment."""

from __future__ import annotations

from collections.abc import Callable

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.faults.change import after, around, before, instead
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.school import Person, Values
from okd_conformance.reference.world import Behaviour, Call

_LONGEST_NUMBER = 9
_OPEN_END = "enrollment_expected_end_date"


def _refuse_nobody(found: list[Person], *_: object) -> list[Person]:
    if not found:
        raise Refused("unknown_person")
    return found


@variant("number-must-be-digits", before("search_persons"))
def _number_must_be_digits(_call: Call, number: str | None) -> None:
    if number is not None and not (number.isdigit() and len(number) <= _LONGEST_NUMBER):
        raise Refused("bad_query", name="the student number")


@variant("trims-number", around("search_persons"))
def _trims_number(inner: Callable[..., list[Person]], call: Call, number: str | None) -> list[Person]:
    return inner(call, number and number.strip())


@variant("search-by-value", instead("search_persons"))
def _search_by_value(call: Call, number: str | None) -> list[Person]:
    return [
        p for p in call.world.school.people if p.student_number.lstrip("0") == str(number).strip().lstrip("0")
    ]


@variant("open-ended-enrolment")
def _open_ended_enrolment(behaviour: Behaviour) -> None:
    def open_ended(values: Values, *_: object) -> Values:
        return {**values, _OPEN_END: None}

    after("describe_enrolment")(open_ended)(behaviour)
    after("describe_listed_enrolment")(open_ended)(behaviour)


variants(
    {
        "search-404": after("search_persons")(_refuse_nobody),
    }
)
