"""F13: flow 13, registering documents at BPV; where they landed is judged with ``show_filing``."""

from __future__ import annotations

from datetime import UTC, datetime

from okd_conformance.suite import Case, cells, check
from steps import LEVELS, filing, registered_at

DATES = {"inside": datetime.now(UTC).date().isoformat(), "outside": "1990-01-01"}


@check("OKD-F13-001", scope=cells("sufficient"), level=LEVELS)
def test_registration(case: Case, scope: str, level: str) -> None:
    """With each scope alone, for a document of the enrolment and for one of the student."""
    registered_at(case, scope, level)


@check("OKD-F13-002", received=DATES.keys())
def test_received_during_a_placement(case: Case, received: str) -> None:
    """Received today, and long before the programme; where it is filed is only told."""
    sample = case.sample().with_field("received_date", DATES[received])
    exchange = case.expect(case.sent(sample), received)
    if exchange.succeeded:
        place = filing(case, sample)
        if place is not None:
            case.note(case.words("filed_at", place=place.get("level")))
