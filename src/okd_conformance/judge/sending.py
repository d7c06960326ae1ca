"""Sending on behalf of cases: held to the limits, noted in the ledger, told as events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from okd_conformance.base.text import Text
from okd_conformance.judge.events import Answered, Events, Moved, StoppedEarly
from okd_conformance.judge.giving_up import GivingUp, is_unanswered
from okd_conformance.judge.interruption import held_back, obey_missed
from okd_conformance.judge.ledger import Ledger
from okd_conformance.judge.stopping import Rule
from okd_conformance.judge.stops import Inconclusive
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.standard.catalogue import Profile
from okd_conformance.standard.fields import field_names
from okd_conformance.standard.operation import Operation
from okd_conformance.target.allowance import Allowance
from okd_conformance.target.model import Limits
from okd_conformance.wire.address import origin
from okd_conformance.wire.body import length_of
from okd_conformance.wire.budget import BudgetSpentError
from okd_conformance.wire.client import Client, Talk
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.generated import Comparison
from okd_conformance.wire.holding import Holding
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.raw import Expecting
from okd_conformance.wire.transfer import Transfer
from okd_conformance.wire.waiting import waited_for

_LONG_S = 1.0


@dataclass(repr=False)
class Sending:
    """The wire of one run, as its cases use it."""

    client: Client
    redactor: Redactor
    ledger: Ledger
    limits: Limits
    profile: Profile = "standard"
    events: Events = field(default_factory=Events)
    rules: list[Rule] = field(default_factory=list)
    """When to stop the run early."""
    stopped: Text | None = None
    """Why nothing more is sent but what undoes."""
    turned_away: int = 0
    """How many requests were not sent because of that."""
    clients: dict[str, str] = field(default_factory=dict)
    """Per token, the client that it was given to."""
    giving_up: GivingUp = field(default_factory=GivingUp)
    holding: Holding = field(default_factory=Holding)

    def send(
        self,
        request: Request,
        case: str,
        role: str,
        operation: Operation | None,
        tags: tuple[str, ...] = (),
        talk: Talk | None = None,
    ) -> Exchange:
        """Send a request on behalf of a case, by way of ``talk`` if given.

        An interruption waits for the answer, which may name what must be deleted. Raises Inconclusive when
        the run has been stopped, has reached a limit, or gave up the server or the operation; what is tagged
        as clean-up is not held to the limits.
        """
        obey_missed()
        if self.stopped is not None and "cleanup" not in tags:
            raise self._turned_away(self.stopped)
        if talk is not None:
            return self._exchange(request, case, role, operation, tags, talk)
        with held_back(lambda: self.client.pausing or ("cleanup" in tags and _takes_long())):
            return self._exchange(request, case, role, operation, tags, None)

    def _exchange(
        self,
        request: Request,
        case: str,
        role: str,
        operation: Operation | None,
        tags: tuple[str, ...],
        talk: Talk | None,
    ) -> Exchange:
        server, name = origin(request.url), operation.id if operation else None
        self.giving_up.check(server, name)
        if request.token is not None:
            self.redactor.learn(request.token)
        labels = {
            "case": case,
            "role": role,
            "operation": name,
            "tags": tags,
        }
        client_id = self.clients.get(request.token or "")
        noted: int | None = None

        def note() -> None:
            nonlocal noted  # an earlier one stays open: what became of that request is unknown
            if operation is not None:
                noted = self.ledger.intend(operation, role, request, client_id)

        note()
        try:
            if isinstance(talk, Transfer):  # too large to be sent again
                exchange = self.client.once(request, talk, **labels)
            else:
                exchange = self.client.send(request, note, talk, **labels)
        except BudgetSpentError as spent:
            self.ledger.nothing(noted)
            allowance = Allowance.of(self.limits, self.profile)
            raise self._turned_away(allowance.reached(spent.limit)) from None
        except KeyboardInterrupt:
            if self.client.pausing or not _went_out(talk):
                self.ledger.nothing(noted)
            raise
        if operation is not None:
            self._learn(operation, exchange)
            if exchange.answer is None and not _went_out(talk):
                self.ledger.nothing(noted)
            else:
                self.ledger.observe(operation, exchange, noted)
        for seen in (*exchange.throttled, exchange):
            self.events.emit(Answered(seen))
            for rule in self.rules:
                self._stop(rule.saw(seen))
        self.holding.take(exchange)
        self.giving_up.see(exchange, server, name, lambda: self._last_question(server, role))
        return exchange

    def _stop(self, reason: Text | None) -> None:
        """Send nothing more, if there is a reason; the first one stays."""
        if reason is not None and self.stopped is None:
            self.stopped = reason
            self.events.emit(StoppedEarly(reason))

    def _turned_away(self, reason: Text) -> Inconclusive:
        self._stop(reason)
        self.turned_away += 1
        return Inconclusive(reason)

    def is_silent(self, exchange: Exchange) -> bool:
        """Whether an exchange was left unanswered, and so is a simple question to the same server now.

        Then it is not the request that is to blame, and nobody can tell who is.
        """
        if not is_unanswered(exchange):
            return False
        last = self._last_question(origin(exchange.request.url), exchange.role or "")
        return last is None or is_unanswered(last)

    def _last_question(self, server: str, role: str) -> Exchange | None:
        """Ask for the root of a server, without a token: any answer shows that somebody is there."""
        try:
            request = Request("GET", f"{server}/", (("Accept", "*/*"),))
            return self.client.once(request, self.client.talk, role=role)
        except BudgetSpentError:
            return None

    def transfer(
        self,
        request: Request,
        case: str,
        role: str,
        operation: Operation,
        *,
        sink: Comparison | None = None,
    ) -> Exchange:
        """Send a request with a large body, or for a large answer that goes into ``sink``.

        An interruption while we send breaks the message off; later it waits for the answer, so that what was
        stored can be deleted.
        """
        meter = Meter(
            upward=length_of(request.body) if request.body is not None else 0,
            downward=sink.sent.size if sink is not None else 0,
            on_move=lambda moved: self.events.emit(Moved(moved)),
        )
        talk = Transfer(self.client, sink, meter)
        with held_back(lambda: meter.sending or meter.upward == 0):
            exchange = self.send(request, case, role, operation, ("large",), talk)
        exchange.meter = meter
        return exchange

    def _learn(self, operation: Operation, exchange: Exchange) -> None:
        """A download address gives access without a token, so it is a secret."""
        schema = operation.success_schema()
        if exchange.answer is None:
            return
        if operation.kind == "read" and 300 <= exchange.answer.status < 400:
            self.redactor.learn_address(exchange.answer.header("location") or "")
        for name in field_names(schema, "download_url") if schema is not None else ():
            url = _json_field(exchange, name)
            if isinstance(url, str):
                self.redactor.learn_address(url)

    def curl(self, exchange: Exchange) -> str:
        """The command that repeats an exchange, without secrets."""
        return self.redactor.text(exchange.curl())


def _takes_long() -> bool:
    """Whether an answer lets us wait; what undoes may be broken off then, as the ledger keeps it."""
    wait = waited_for()
    return wait is not None and wait.seconds > _LONG_S


def _went_out(talk: Talk | None) -> bool:
    """Whether the whole request can have reached the target."""
    if isinstance(talk, Transfer):
        return talk.meter.sent >= talk.meter.upward
    return not (isinstance(talk, Expecting) and talk.only_ask)


def _json_field(exchange: Exchange, name: str) -> Any:
    try:
        value = exchange.answer.json() if exchange.answer else None
    except ValueError:
        return None
    return value.get(name) if isinstance(value, dict) else None
