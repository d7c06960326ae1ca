"""How much of what a run may ask of the target is used: requests, bytes and time, in all its processes."""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Limit = Literal["requests", "bytes", "seconds"]
_SLOT = struct.Struct("=QQd")
"""Of each process: requests, bytes, and until when it takes its share of the rate."""
_ACTIVE_S = 1.0
"""So long after its turn a process that asks for nothing more keeps its share."""


class BudgetSpentError(Exception):
    """The run may not ask more of the target; ``limit`` is what it has met."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit: Limit = limit


class Tally:
    """The requests and bytes of a run. Each process counts in a slot of its own, and reads all of them."""

    def __init__(self, memory: mmap.mmap | bytearray | None = None, slot: int = 0) -> None:
        self._memory = bytearray(_SLOT.size) if memory is None else memory
        self._at = slot % (len(self._memory) // _SLOT.size) * _SLOT.size

    @staticmethod
    def create(file: Path, slots: int) -> None:
        """Make the file that several processes share."""
        file.write_bytes(bytes(_SLOT.size * slots))

    @classmethod
    def shared(cls, file: Path, slot: int) -> Tally:
        """Count in a slot of a file that ``create`` made. Raises OSError."""
        with file.open("r+b") as stream:
            return cls(mmap.mmap(stream.fileno(), 0), slot)

    def add(self, requests: int, n_bytes: int) -> None:
        """Count what this process sent or received."""
        own = _SLOT.unpack_from(self._memory, self._at)
        _SLOT.pack_into(self._memory, self._at, own[0] + requests, own[1] + n_bytes, own[2])

    def next_turn(self, turn: float, per_second: float) -> float:
        """When this process may ask again after its turn: those that ask now share the rate.

        Times are of the monotonic clock, which all processes have in common.
        """
        asking = sum(slot[2] > time.monotonic() for slot in self._others())
        after = turn + (1 + asking) / per_second
        own = _SLOT.unpack_from(self._memory, self._at)
        _SLOT.pack_into(self._memory, self._at, own[0], own[1], after + _ACTIVE_S)
        return after

    def _others(self) -> Iterator[tuple[int, int, float]]:
        for at in range(0, len(self._memory), _SLOT.size):
            if at != self._at:
                yield _SLOT.unpack_from(self._memory, at)

    @property
    def requests(self) -> int:
        """Requests so far, of all processes."""
        return sum(slot[0] for slot in _SLOT.iter_unpack(self._memory))

    @property
    def bytes(self) -> int:
        """Bytes of messages so far, of all processes, in both directions."""
        return sum(slot[1] for slot in _SLOT.iter_unpack(self._memory))


@dataclass
class Budget:
    """What is left; None is no limit. Time counts from the first request."""

    requests: int | None = None
    bytes: int | None = None
    seconds: float | None = None
    tally: Tally = field(default_factory=Tally)
    _begun: float | None = None

    def take(self, size: int, *, free: bool = False) -> None:
        """Count a request with a body of ``size`` bytes. Raises BudgetSpentError, unless it is ``free``.

        Undoing what the run did is free: nothing may be left behind because a limit was met.
        """
        now = time.monotonic()
        if self._begun is None:
            self._begun = now
        if not free:
            self._check(size, now - self._begun)
        self.tally.add(1, size)

    def _check(self, size: int, seconds: float) -> None:
        if self.requests is not None and self.tally.requests >= self.requests:
            raise BudgetSpentError("requests")
        if self.bytes is not None and self.tally.bytes + size > self.bytes:
            raise BudgetSpentError("bytes")
        if self.seconds is not None and seconds > self.seconds:
            raise BudgetSpentError("seconds")

    def received(self, size: int) -> None:
        """Count the body of an answer."""
        self.tally.add(0, size)
