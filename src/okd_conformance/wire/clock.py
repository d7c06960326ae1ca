"""What a server's clock says, by the header Date of an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from okd_conformance.wire.exchange import Exchange

MOST_SKEW_S = 3
"""The header Date counts whole seconds. Many servers refuse a token from a few seconds in the future."""


def skew_of(date: str | None, ours: datetime) -> float | None:
    """By how many seconds the header Date is ahead of our clock; None when it doesn't say."""
    try:
        theirs = parsedate_to_datetime(date) if date is not None else None
    except (ValueError, OverflowError):  # the latter for numbers that no clock has
        return None
    if theirs is None:
        return None
    return ((theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) - ours).total_seconds()


def clock_skew(exchange: Exchange) -> float | None:
    """By how many seconds the server's clock is ahead of ours; None when its answer doesn't say."""
    ours = datetime.fromisoformat(exchange.started) + timedelta(seconds=exchange.duration_s / 2)
    return skew_of(exchange.answer.header("date") if exchange.answer else None, ours)


def is_off(skew: float | None) -> bool:
    """Whether two clocks differ by more than the header Date can say."""
    return skew is not None and abs(skew) > MOST_SKEW_S
