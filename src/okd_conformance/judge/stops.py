"""How a check ends before its last line."""

from __future__ import annotations

from okd_conformance.base.text import Text
from okd_conformance.wire.exchange import Exchange


class Stopped(Exception):  # noqa: N818 - these are outcomes, not errors
    """The case ended; the reason is for people."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


class Failed(Stopped):
    """The target did something wrong. ``expected`` is what the requirement asks; the reason is what came."""

    def __init__(self, expected: Text, received: Text) -> None:
        super().__init__(received)
        self.expected = expected


class Inconclusive(Stopped):
    """It could not be judged though it should."""


class TwinRefused(Inconclusive):
    """It could not be judged because the target refused a request that others build on."""

    def __init__(self, reason: Text, exchange: Exchange) -> None:
        super().__init__(reason)
        self.exchange = exchange


class NotApplicable(Stopped):
    """The requirement doesn't hold for this target."""


class NotTested(Stopped):
    """Nobody can judge it here."""
