"""What this process is waiting for, so that whoever watches the screen can be told why nothing moves."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Why(StrEnum):
    """Why nothing moves; message ``waiting_<name>`` explains one."""

    ANSWER = "answer"
    BUSY = "busy"
    """The target, or the token endpoint, said when to come back."""
    RATE = "rate"
    READY = "ready"
    TOKEN = "token"  # noqa: S105 - a word, no secret
    HOOK = "hook"


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait, and how long it may take at most."""

    why: Why
    at_most_s: float
    begun: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.begun

    @property
    def left(self) -> float:
        """How long it may take yet."""
        return max(0.0, self.at_most_s - self.seconds)


_WAITS: list[Wait] = []
"""Those of the main thread, one within another."""


@contextlib.contextmanager
def waiting(why: Why, at_most_s: float) -> Iterator[None]:
    """Let it be known that the main thread waits; of other threads nobody is told."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _WAITS.append(Wait(why, at_most_s))
    try:
        yield
    finally:
        _WAITS.pop()


def waited_for() -> Wait | None:
    """What the main thread waits for, for any thread to ask: the longest one, which explains the others."""
    return next(iter(_WAITS[:1]), None)
