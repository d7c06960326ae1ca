"""Legitimate ways to look up a student or an enrolment."""

from __future__ import annotations

from collections.abc import Callable

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.faults.change import after, around, before, both, instead, telling
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.school import Person
from okd_conformance.reference.world import Call

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


variants(
    {
        "open-ended-enrolment": both(
            telling("describe_enrolment", **{_OPEN_END: None}),
            telling("describe_listed_enrolment", **{_OPEN_END: None}),
        ),
        "search-404": after("search_persons")(_refuse_nobody),
    }
)
