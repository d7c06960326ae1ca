"""The record of a run's exchanges, with every known secret taken out before anything is kept."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Any

from okd_conformance import __version__
from okd_conformance.wire.exchange import REDACTED

_MIN_SECRET = 6
"""Shorter strings would blank out ordinary words."""


class Redactor:
    """Replaces known secrets wherever they appear; secrets may be learnt during the run."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []  # shortest first
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Redact ``secret`` from now on."""
        if len(secret) >= _MIN_SECRET and secret not in self._secrets:
            bisect.insort(self._secrets, secret, key=len)

    def text(self, value: str) -> str:
        """Return ``value`` without secrets."""
        fitting = bisect.bisect_right(self._secrets, len(value), key=len)
        for secret in reversed(self._secrets[:fitting]):  # a secret may hold a shorter one
            if secret in value:
                value = value.replace(secret, REDACTED)
        return value

    def deep(self, value: Any) -> Any:
        """Return a JSON value with every string (keys too) redacted."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.deep(v) for v in value]
        if isinstance(value, dict):
            return {self.text(k) if isinstance(k, str) else k: self.deep(v) for k, v in value.items()}
        return value


def as_har(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Wrap entries into a HAR 1.2 document."""
    creator = {"name": "okd-conformance", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}
