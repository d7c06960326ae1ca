"""When to stop asking: a server that no longer answers is not waited for thousands of times.

A rule counts exchanges in a row that are a sign of it, per server and per operation. A server is only given
up when it leaves one last simple question unanswered too, so a dead operation doesn't end the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from okd_conformance.judge.stops import Inconclusive
from okd_conformance.text import Text, say
from okd_conformance.wire.exchange import Exchange

Ask = Callable[[], Exchange | None]
"""Ask a server a last simple question; None when that can't be done."""

MOST_UNANSWERED = 10
_UNANSWERED = frozenset({"timeout", "deadline", "unreachable", "tls"})


@dataclass(frozen=True, slots=True)
class Rule:
    """So many exchanges in a row with this sign, and no more are sent."""

    name: str
    most: int
    is_sign: Callable[[Exchange], bool]
    per_operation: bool = True
    """Also give up a single operation, though its server is alive."""


def is_unanswered(exchange: Exchange) -> bool:
    """Whether nothing came: nobody was there, or nobody answered in time."""
    return exchange.error in _UNANSWERED


UNANSWERED = Rule("unanswered", MOST_UNANSWERED, is_unanswered)


@dataclass
class GivingUp:
    """What was given up in this run, and why."""

    rules: tuple[Rule, ...] = (UNANSWERED,)
    reasons: dict[str, Text] = field(default_factory=dict)
    """By the server, or the operation, that was given up."""
    _in_a_row: dict[tuple[str, str], int] = field(default_factory=dict)

    def check(self, server: str, operation: str | None) -> None:
        """Raise Inconclusive when nothing more is to be sent there."""
        for place in (server, operation):
            if place in self.reasons:
                raise Inconclusive(self.reasons[place])

    def see(self, exchange: Exchange, server: str, operation: str | None, ask: Ask) -> None:
        """Take an exchange into account; ``ask`` is only called when the server is about to be given up."""
        for rule in self.rules:
            if self._counted(rule, server, exchange) == 0:
                last = ask()
                if last is None or not rule.is_sign(last):
                    self._in_a_row[rule.name, server] = 0
                else:
                    self._give_up(rule, server, f"given_up_server_{rule.name}", server)
            if operation is None or not rule.per_operation:
                continue
            if self._counted(rule, operation, exchange) == 0:
                self._give_up(rule, operation, f"given_up_operation_{rule.name}", operation)

    def _counted(self, rule: Rule, place: str, exchange: Exchange) -> int:
        """How many more it takes, with this exchange."""
        before = self._in_a_row.get((rule.name, place), 0)
        now = before + 1 if rule.is_sign(exchange) else 0
        self._in_a_row[rule.name, place] = now
        return max(0, rule.most - now)

    def _give_up(self, rule: Rule, place: str, key: str, name: str) -> None:
        self.reasons.setdefault(place, say(key, n=rule.most, name=name))
