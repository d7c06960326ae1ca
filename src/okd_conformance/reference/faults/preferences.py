"""Faults in which of two identifiers decides."""

from __future__ import annotations

from okd_conformance.reference.faults.change import around
from okd_conformance.reference.faults.registry import Change, faults


def _looked_up_without(step: str, first: str, passed_over: str) -> Change:
    """Let one identifier decide, where it is given, as if the other were not there."""
    return around(step)(
        lambda inner, call, body, *rest: inner(
            call, body.without(passed_over) if body.has(first) else body, *rest
        )
    )


faults(
    {
        "student-number-first": _looked_up_without("find_student", "student_number", "person_id"),
        "sequence-code-first": _looked_up_without("find_enrolment", "sequence_code", "association_id"),
    }
)
