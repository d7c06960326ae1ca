"""How far a large transfer is, how fast it goes, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_EVERY_S = 0.25
"""How often to tell of it, at most."""


@dataclass
class Meter:
    """Counts the bytes of one transfer; ``upward`` and ``downward`` are how many are to come."""

    upward: int = 0
    downward: int = 0
    sent: int = 0
    received: int = 0
    sending: bool = False
    """Part of the body is still with us."""
    sending_s: float = 0.0
    receiving_s: float = 0.0
    on_move: Callable[[Meter], None] | None = None
    _since: float = 0.0
    _told: float = 0.0
    _begun: float = field(default_factory=time.monotonic)

    def begin(self, *, sending: bool) -> None:
        """The first byte of the body is about to go, or to come."""
        self.sending, self._since = sending, time.monotonic()

    def gone(self, n: int) -> None:
        """``n`` bytes went out."""
        self.sent += n
        self.sending = self.sent < self.upward
        self.sending_s = self._moved()

    def came(self, n: int) -> None:
        """``n`` bytes came in."""
        self.received += n
        self.receiving_s = self._moved()

    def _moved(self) -> float:
        now = time.monotonic()
        if self.on_move is not None and (now - self._told > _EVERY_S or self.left == 0):
            self._told = now
            self.on_move(self)
        return now - self._since

    @property
    def done(self) -> int:
        """Bytes so far."""
        return self.sent + self.received

    @property
    def left(self) -> int:
        """Bytes still to go."""
        return max(0, self.upward + self.downward - self.done)

    @property
    def rate(self) -> float:
        """Bytes per second."""
        seconds = self.sending_s + self.receiving_s
        return self.done / seconds if seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate; None when that can't be told yet."""
        return self.left / self.rate if self.rate else None
