"""Faults in which of two identifiers decides."""

from __future__ import annotations

from typing import Any

from okd_conformance.reference.faults.registry import fault
from okd_conformance.reference.world import Behaviour, Call
from okd_conformance.standard.fields import Body


@fault("student-number-first")
def _student_number_first(behaviour: Behaviour) -> None:
    _looked_up_without(behaviour, "find_student", "student_number", "person_id")


@fault("sequence-code-first")
def _sequence_code_first(behaviour: Behaviour) -> None:
    _looked_up_without(behaviour, "find_enrolment", "sequence_code", "association_id")


def _looked_up_without(behaviour: Behaviour, step: str, first: str, passed_over: str) -> None:
    """Let one identifier decide, where it is given, as if the other were not there."""
    inner = getattr(behaviour, step)

    def changed(call: Call, body: Body, *rest: Any) -> Any:
        return inner(call, body.without(passed_over) if body.has(first) else body, *rest)

    setattr(behaviour, step, changed)
