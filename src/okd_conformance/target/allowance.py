"""What one run may ask of the target in all, and how that is told beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from okd_conformance.base.text import Text, say
from okd_conformance.target.model import Limits
from okd_conformance.wire.budget import Limit

_GB = 10**9
_HOUR = 3600.0
_ROOM: Mapping[str, tuple[int, int, float]] = {
    "smoke": (20_000, _GB, 4 * _HOUR),
    "standard": (20_000, _GB, 4 * _HOUR),
    "full": (100_000, 200 * _GB, 24 * _HOUR),
}
"""Per profile the requests, bytes and seconds of a run whose target file names no limits.

An honest run needs far less: the standard profile about 4,000 requests and some megabytes, the full one at
most some 60 GB."""
_KEYS: Mapping[Limit, str] = {
    "requests": "limits.max_requests",
    "bytes": "limits.max_bytes",
    "seconds": "limits.max_duration_s",
}


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of one run, over all its processes."""

    requests_per_second: float
    requests: int
    bytes: int
    seconds: float

    @classmethod
    def of(cls, limits: Limits, profile: str) -> Allowance:
        """The limits of the target file, with those of the profile where it names none."""
        requests, n_bytes, seconds = _ROOM[profile]
        return cls(
            limits.requests_per_second,
            requests if limits.max_requests is None else limits.max_requests,
            n_bytes if limits.max_bytes is None else limits.max_bytes,
            seconds if limits.max_duration_s is None else limits.max_duration_s,
        )

    def as_json(self) -> dict[str, float]:
        """The form of ``report.json``, with the names of the target file."""
        return {
            "requests_per_second": self.requests_per_second,
            "max_requests": self.requests,
            "max_bytes": self.bytes,
            "max_duration_s": self.seconds,
        }

    def told(self) -> Text:
        """The limits in one sentence."""
        parts = {limit: self._words(limit) for limit in _KEYS}
        return say("allowance", rate=number(self.requests_per_second), **parts)

    def reached(self, limit: Limit) -> Text:
        """Say that a limit was met, and by which key of the target file it is raised."""
        return say("allowance_reached", limit=self._words(limit), key=_KEYS[limit])

    def _words(self, limit: Limit) -> Text:
        if limit == "requests":
            return say("allowance_requests", n=number(self.requests))
        return size(self.bytes) if limit == "bytes" else time(self.seconds)


def number(value: float) -> Text:
    """A number as people write it: 20,000 in English, 20.000 in Dutch."""
    words = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0")
    return Text(words.translate({ord(","): ".", ord("."): ","}), words)


def size(n_bytes: int) -> Text:
    """A number of bytes in the largest unit that leaves at least one."""
    for unit, n in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= n:
            return say("allowance_size", n=number(n_bytes / n), unit=unit)
    return say("allowance_size", n=number(n_bytes), unit="bytes")


def time(seconds: float) -> Text:
    """A time in hours, minutes or seconds."""
    for unit, n in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * n:
            return say(f"allowance_{unit}", n=number(round(seconds / n, 2)))
    return say("allowance_seconds", n=number(round(seconds, 2)))
