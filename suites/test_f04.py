"""F04: flow 4, diploma documents with the enrolment of the student."""

from __future__ import annotations

from okd_conformance.suite import Case, cells, check
from steps import other_scope, stored, sufficient_scope


@check("OKD-F04-001", profile="smoke")
def test_diploma_document(case: Case) -> None:
    """The flow's own example."""
    stored(case, case.canonical())


@check("OKD-F04-002", scope=cells("sufficient"))
def test_sufficient_scope(case: Case, scope: str) -> None:
    """Each of the two scopes alone."""
    sufficient_scope(case, scope)


@check("OKD-F04-002", scope=cells("refused"))
def test_refused_scope(case: Case, scope: str) -> None:
    """Any other scope alone."""
    other_scope(case, scope, "refused")


@check("OKD-F04-002", scope=cells("disputed"))
def test_disputed_scope(case: Case, scope: str) -> None:
    """The sources disagree; either answer will do."""
    other_scope(case, scope, "disputed")
