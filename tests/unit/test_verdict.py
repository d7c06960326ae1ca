"""How statuses add up to a verdict, and a verdict to an exit code."""

from __future__ import annotations

import pytest

from okd_conformance.judge.outcome import Status, Verdict
from okd_conformance.judge.verdict import exit_code, verdict_of

PASSED, FAILED, WARNING = Status.PASSED, Status.FAILED, Status.WARNING
INCONCLUSIVE, FAULT = Status.INCONCLUSIVE, Status.SUITE_FAULT
NOT_TESTED, NOT_APPLICABLE = Status.NOT_TESTED, Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([("MUST", PASSED)], Verdict.CONFORMANT),
        ([("MUST", PASSED), ("MUST", WARNING), ("SHOULD", WARNING)], Verdict.CONFORMANT),
        ([("MUST", PASSED), ("MUST", NOT_TESTED), ("MUST", NOT_APPLICABLE)], Verdict.CONFORMANT),
        ([("MUST", PASSED), ("MUST", FAILED)], Verdict.NOT_CONFORMANT),
        ([("MUST", INCONCLUSIVE), ("MUST", FAILED)], Verdict.NOT_CONFORMANT),
        ([("MUST", PASSED), ("MUST", INCONCLUSIVE)], Verdict.INCOMPLETE),
        ([("MUST", PASSED), ("SHOULD", FAILED)], Verdict.CONFORMANT),
        ([("MUST", PASSED), ("SHOULD", INCONCLUSIVE), ("MAY", INCONCLUSIVE)], Verdict.CONFORMANT),
        ([("MUST", FAILED), ("MAY", FAULT)], Verdict.SUITE_FAULT),
    ],
)
def test_verdict_takes_the_worst_must(rows: list[tuple[str, Status]], verdict: Verdict) -> None:
    assert verdict_of(rows) is verdict
    assert verdict_of(reversed(rows)) is verdict


@pytest.mark.parametrize("rows", [[], [("MUST", NOT_TESTED)], [("MUST", NOT_APPLICABLE)]])
def test_nothing_judged_is_never_conformant(rows: list[tuple[str, Status]]) -> None:
    assert verdict_of(rows) is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("quality", "statuses"),
    [
        ("is_judged", {FAILED, WARNING, PASSED}),
        ("is_tried", {FAULT, FAILED, INCONCLUSIVE, WARNING, PASSED}),
        ("is_undecided", {FAULT, INCONCLUSIVE}),
        ("is_finding", {FAULT, FAILED, INCONCLUSIVE, WARNING}),
        ("is_break", {FAULT, FAILED, INCONCLUSIVE}),
        ("is_mended", {PASSED, WARNING, NOT_APPLICABLE}),
    ],
)
def test_what_a_status_says(quality: str, statuses: set[Status]) -> None:
    assert {status for status in Status if getattr(status, quality)} == statuses


@pytest.mark.parametrize(
    ("verdict", "code", "allowing"),
    [
        (Verdict.CONFORMANT, 0, 0),
        (Verdict.NOT_CONFORMANT, 1, 1),
        (Verdict.INCOMPLETE, 3, 0),
        (Verdict.SUITE_FAULT, 4, 4),
    ],
)
def test_exit_codes(verdict: Verdict, code: int, allowing: int) -> None:
    assert exit_code(verdict) == code
    assert exit_code(verdict, allow_incomplete=True) == allowing


def test_a_baseline_decides_the_exit_code() -> None:
    assert exit_code(Verdict.NOT_CONFORMANT, excused=Verdict.CONFORMANT) == 0
    assert exit_code(Verdict.NOT_CONFORMANT, excused=Verdict.INCOMPLETE) == 3
    assert exit_code(Verdict.NOT_CONFORMANT, excused=Verdict.INCOMPLETE, allow_incomplete=True) == 0
    assert exit_code(Verdict.NOT_CONFORMANT, excused=Verdict.NOT_CONFORMANT) == 1
