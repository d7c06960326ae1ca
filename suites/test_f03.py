"""F03 and F04: flows 3 and 4, work placement and diploma documents with the enrolment of the student."""

from __future__ import annotations

from okd_conformance.suite import Case, cells, check
from test_f01 import invented, other_scope, stored, sufficient_scope
from test_f02 import lacks


@check("OKD-F03-001", profile="smoke")
def test_work_placement_document(case: Case) -> None:
    """The flow's own example, without role and state."""
    sample = case.canonical()
    assert lacks(sample.body, "person_role", "state")
    stored(case, sample)


@check("OKD-F04-001", profile="smoke")
def test_diploma_document(case: Case) -> None:
    """The flow's own example."""
    stored(case, case.canonical())


@check("OKD-F03-002", scope=cells("sufficient"))
@check("OKD-F04-002", scope=cells("sufficient"))
def test_sufficient_scope(case: Case, scope: str) -> None:
    """Each of the two scopes alone."""
    sufficient_scope(case, scope)


@check("OKD-F03-002", scope=cells("refused"))
@check("OKD-F04-002", scope=cells("refused"))
def test_refused_scope(case: Case, scope: str) -> None:
    """Any other scope alone."""
    other_scope(case, scope, "refused")


@check("OKD-F03-002", scope=cells("disputed"))
@check("OKD-F04-002", scope=cells("disputed"))
def test_disputed_scope(case: Case, scope: str) -> None:
    """The sources disagree; either answer will do."""
    other_scope(case, scope, "disputed")


@check("OKD-F03-003")
def test_unknown_student(case: Case) -> None:
    """A student whom nobody has yet; the DMS can make one from the student number."""
    case.expect(case.sent(case.canonical(fixtures=invented(case))))
