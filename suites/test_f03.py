"""F03: flow 3, work placement documents with the enrolment of the student."""

from __future__ import annotations

from okd_conformance.suite import Case, cells, check
from steps import invented, lacks, scope_alone, stored


@check("OKD-F03-001", profile="smoke")
def test_work_placement_document(case: Case) -> None:
    """The flow's own example, without role and state."""
    sample = case.canonical()
    assert lacks(sample.body, "person_role", "state")
    stored(case, sample)


@check("OKD-F03-002", scope=cells("sufficient", "refused", "disputed"))
def test_scope(case: Case, scope: str) -> None:
    """Each scope alone, as the scope matrix has it; where the sources disagree, either answer will do."""
    scope_alone(case, scope)


@check("OKD-F03-003")
def test_unknown_student(case: Case) -> None:
    """A student whom nobody has yet; the DMS can make one from the student number."""
    case.expect(case.sent(case.canonical(fixtures=invented(case))))
