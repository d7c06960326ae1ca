"""F04: flow 4, diploma documents with the enrolment of the student."""

from __future__ import annotations

from okd_conformance.suite import Case, cells, check
from steps import scope_alone, stored


@check("OKD-F04-001", profile="smoke")
def test_diploma_document(case: Case) -> None:
    """The flow's own example."""
    stored(case, case.canonical())


@check("OKD-F04-002", scope=cells("sufficient", "refused", "disputed"))
def test_scope(case: Case, scope: str) -> None:
    """Each scope alone, as the scope matrix has it; where the sources disagree, either answer will do."""
    scope_alone(case, scope)
