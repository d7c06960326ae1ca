"""A circuit breaker: a server that no longer answers is not waited for thousands of times.

Exchanges without an answer are counted in a row, per server and per operation. A server is only given up when
it leaves one last simple question unanswered too, so a dead operation doesn't end the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from okd_conformance.base.text import Text, say
from okd_conformance.judge.stops import Inconclusive
from okd_conformance.wire.exchange import Exchange
from okd_conformance.wire.no_answer import NoAnswer

Ask = Callable[[], Exchange | None]
"""Ask a server a last simple question; None when that can't be done."""

MOST_UNANSWERED = 10
MOST_DRIPPED = 3
"""So often is an answer awaited that comes byte by byte, and takes twice as long as silence."""


def is_unanswered(exchange: Exchange) -> bool:
    """Whether nothing came: nobody was there, or nobody answered in time."""
    return exchange.error is not None and exchange.error.unanswered


@dataclass
class GivingUp:
    """What was given up in this run, and why."""

    reasons: dict[str, Text] = field(default_factory=dict)
    """By the server, or the operation, that was given up."""
    _in_a_row: dict[str, list[Exchange]] = field(default_factory=dict)
    _only_silence: set[str] = field(default_factory=set)
    """The servers at which an operation was given up, and that answered nothing since."""

    def check(self, server: str, operation: str | None) -> None:
        """Raise Inconclusive when nothing more is to be sent there."""
        for place in (server, operation):
            if place in self.reasons:
                raise Inconclusive(self.reasons[place])

    def see(self, exchange: Exchange, server: str, operation: str | None, ask: Ask) -> None:
        """Take an exchange into account; ``ask`` is only called when the server is about to be given up."""
        if self._too_many(server, exchange):
            last = ask()
            if last is None or not is_unanswered(last):
                self._in_a_row[server] = []
            else:
                self._give_up(server, "given_up_server_unanswered")
        if not is_unanswered(exchange):
            self._only_silence.discard(server)
        most = 1 if server in self._only_silence else MOST_UNANSWERED
        if operation is not None and self._too_many(operation, exchange, most):
            self._only_silence.add(server)
            self._give_up(operation, "given_up_operation_unanswered")

    def _too_many(self, place: str, exchange: Exchange, most: int = MOST_UNANSWERED) -> bool:
        """Count; whether it is enough now."""
        row = self._in_a_row.setdefault(place, [])
        if not is_unanswered(exchange):
            row.clear()
            return False
        row.append(exchange)
        dripped = sum(one.error is NoAnswer.DEADLINE for one in row)
        return len(row) >= most or dripped >= MOST_DRIPPED

    def _give_up(self, place: str, key: str) -> None:
        self.reasons.setdefault(place, say(key, n=len(self._in_a_row[place]), name=place))
