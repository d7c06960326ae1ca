"""Counting statuses, and what may be said of what was not examined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from okd_conformance.judge.outcome import Status, Verdict


def every(counts: Mapping[Status, int]) -> dict[Status, int]:
    """Counts with every status in them, in the order of the statuses."""
    return {status: counts.get(status, 0) for status in Status}


def examined(counts: Mapping[Status, int]) -> bool:
    """Whether anything was judged, by these counts."""
    return any(number for status, number in counts.items() if status.is_tried)


def complete(verdict: Verdict, unexamined: list[str]) -> Verdict:
    """Nothing can be said of a role that was not examined at all, so not that it conforms."""
    return Verdict.INCOMPLETE if unexamined and verdict is Verdict.CONFORMANT else verdict


def count(statuses: Iterable[Status]) -> dict[Status, int]:
    """Count statuses; every status is in the result."""
    found = Counter(statuses)
    return {status: found[status] for status in Status}
