"""F11, F13 and F14: flows 11, 13 and 14, registering documents at Inschrijven, BPV and Diplomeren.

What all registrations have in common is in REG; here it is the flow's own scopes, and the two levels.
"""

from __future__ import annotations

from datetime import UTC, datetime

from okd_conformance.suite import Case, cells, check
from test_reg import ENROLMENT, filing, require_filed, with_fields

LEVELS = {"enrolment": "enrolment_level", "person": "person_level"}
DATES = {"inside": datetime.now(UTC).date().isoformat(), "outside": "1990-01-01"}


@check("OKD-F11-001", scope=cells("sufficient"), level=LEVELS)
@check("OKD-F13-001", scope=cells("sufficient"), level=LEVELS)
@check("OKD-F14-001", scope=cells("sufficient"), level=LEVELS)
def test_registration(case: Case, scope: str, level: str) -> None:
    """With each scope alone, for a document of the enrolment and for one of the student."""
    sample = case.canonical(token=case.bench.token((scope,)).value)
    expected = {
        "person_id": case.bench.fixture("person_id"),
        "association_id": case.bench.fixture("association_id"),
    }
    if level == LEVELS["person"]:
        sample = with_fields(sample, **dict.fromkeys(ENROLMENT))
        expected["association_id"] = "None"
    exchange = case.expect_right(case.sent(sample), level)
    require_filed(case, sample, exchange, expected)


@check("OKD-F13-002", received=DATES.keys())
def test_received_during_a_placement(case: Case, received: str) -> None:
    """Received today, and long before the programme; where it is filed is only told."""
    sample = case.sample().with_field("received_date", DATES[received])
    exchange = case.expect(case.sent(sample), received)
    if exchange.answer is not None and exchange.answer.succeeded:
        place = filing(case, sample)
        if place is not None:
            case.note(case.words("filed_at", place=place.get("level")))
