"""What happens during a run, as one stream of small records; whoever wants to know subscribes.

Console, journal, observers, progress and report all listen here. A listener is called at once, in the order
of subscribing, by the thread that something happens in; what it raises reaches whoever let it happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from okd_conformance.base.text import Text
from okd_conformance.judge.outcome import CaseResult
from okd_conformance.wire.exchange import Exchange
from okd_conformance.wire.meter import Meter


class Event:
    """Something that happens; who subscribes to this subscribes to everything."""

    __slots__ = ()


Kind = TypeVar("Kind", bound=Event)


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The first case is about to begin."""

    cases: tuple[str, ...]
    """The ids of all that were chosen."""
    bulk: int = 0
    """How many bytes large messages will move, as far as can be told."""


@dataclass(frozen=True, slots=True)
class CaseBegun(Event):
    """A check is about to run."""

    case: str


@dataclass(frozen=True, slots=True)
class Exchanged(Event):
    """A request went out and its answer came, or didn't: each one that was on the wire."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Answered(Event):
    """What came of a request that was asked for, once the ledger knows of it; also of each throttled try."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Moved(Event):
    """Some of a large transfer is done."""

    meter: Meter


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """The ledger noted something. A listener that can't keep it raises OSError."""

    line: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoppedEarly(Event):
    """From now on nothing more is sent but what undoes."""

    reason: Text


@dataclass(frozen=True, slots=True)
class CaseEnded(Event):
    """A case has its result, redacted."""

    result: CaseResult
    error: BaseException | None = None
    """What ended the check before its last line, where it ran in this process."""


@dataclass(frozen=True, slots=True)
class CleaningUp(Event):
    """What the run created or changed at the target is being undone."""

    count: int
    """How much there is yet."""
    seconds: float = 0.0
    """About how long that takes."""


@dataclass(frozen=True, slots=True)
class Concluding(Event):
    """The report is about to be put together and written."""


@dataclass
class Events:
    """The stream of one run, in one process."""

    _listeners: list[tuple[type[Event], Callable[[Any], object]]] = field(default_factory=list)

    def subscribe(self, kind: type[Kind], listener: Callable[[Kind], object]) -> None:
        """Call ``listener`` with each event of a kind from now on."""
        self._listeners.append((kind, listener))

    def emit(self, event: Event) -> None:
        """Tell all who subscribed to the kind of this event."""
        for kind, listener in self._listeners:
            if isinstance(event, kind):
                listener(event)
