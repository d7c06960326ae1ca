"""How long a busy server asks us to wait (RFC 9110, 10.2.3), within bounds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_WAIT_FOR_THROTTLING_S = 30.0
MAX_THROTTLED = 5
"""So many times a request is sent in all."""
UNAVAILABLE = frozenset({502, 503, 504})
"""What a gateway answers for a server that restarts or is full (RFC 9110, 15.6.3 to 15.6.5)."""
SUPERSEDED = "superseded"
"""Tag of an exchange that was repeated, because the server was busy or not available."""


def seconds_to_wait(retry_after: str | None) -> float:
    """What a header Retry-After says, in seconds or as a time; one second when it says nothing."""
    seconds = 1.0
    if retry_after is not None:
        try:
            seconds = float(retry_after)
        except ValueError:
            seconds = _until(retry_after)
    return 1.0 if math.isnan(seconds) else min(max(seconds, 0.0), MAX_WAIT_FOR_THROTTLING_S)


def _until(value: str) -> float:
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 1.0
