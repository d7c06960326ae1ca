"""How a check ends before its last line."""

from __future__ import annotations

from typing import Self

from okd_conformance.base.text import Text
from okd_conformance.wire.exchange import Exchange


class Stopped(Exception):  # noqa: N818 - these are outcomes, not errors
    """The case ended; the reason is for people."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason

    def again(self) -> Self:
        """An exception of its own that says this once more."""
        return type(self)(self.reason)


class Failed(Stopped):
    """The target did something wrong. ``expected`` is what the requirement asks; the reason is what came."""

    def __init__(self, expected: Text, received: Text) -> None:
        super().__init__(received)
        self.expected = expected

    def again(self) -> Self:
        """An exception of its own that says this once more."""
        return type(self)(self.expected, self.reason)


class Inconclusive(Stopped):
    """The case should be judged and can't be. ``because``: the exchange that stood in the way, if any."""

    def __init__(self, reason: Text, because: Exchange | None = None) -> None:
        super().__init__(reason)
        self.because = because

    def again(self) -> Self:
        """An exception of its own that says this once more."""
        return type(self)(self.reason, self.because)


class NotApplicable(Stopped):
    """The requirement doesn't hold for this target."""


class NotTested(Stopped):
    """Nobody can judge it here."""
