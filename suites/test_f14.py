"""F14: flow 14, registering documents at Diplomeren; where they landed is judged with ``show_filing``."""

from __future__ import annotations

from okd_conformance.suite import Case, cells, check
from steps import LEVELS, registered_at


@check("OKD-F14-001", scope=cells("sufficient"), level=LEVELS)
def test_registration(case: Case, scope: str, level: str) -> None:
    """With each scope alone, for a document of the enrolment and for one of the student."""
    registered_at(case, scope, level)
