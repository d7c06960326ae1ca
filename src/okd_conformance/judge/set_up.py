"""Whether a refusal is set-up and not the product: what is wrong with the target file, as far as shows.

Nothing is tried before something was refused. Then the usual requests of the role are sent, and what came is
held against ``specs/set_up.yaml``. A product that refuses while its address and tokens are shown right gets
no excuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from okd_conformance.base.text import Text, say
from okd_conformance.judge.set_up_data import LABEL, SetUpData, shown, what_came
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.standard.set_up import Came, SetUpCause, cause_of
from okd_conformance.wire.address import origin
from okd_conformance.wire.clock import clock_skew, is_off
from okd_conformance.wire.exchange import Exchange, Request

_MOST_OPERATIONS = 4


@dataclass(repr=False)
class SetUp(SetUpData):
    """Finds, once per role and operation, what is wrong with the set-up."""

    _roles: dict[str, Text | None] = field(default_factory=dict)

    def known(self, role: str) -> Text | None:
        """What is wrong with a role as a whole, as far as was found already."""
        return self._roles.get(role)

    def explains(self, role: str, exchanges: Iterable[Exchange], asked: Iterable[str] = ()) -> Text | None:
        """What in the set-up explains how a case ended; None when nothing does.

        ``exchanges`` are what it sent, of which the refused ones count, ``asked`` the test data that it
        expected to come back.
        """
        sent = [e for e in exchanges if e.operation and "raw" not in e.tags]
        refused = [e for e in sent if not _is_taken(e)]
        roles = [e.role for e in refused if e.role is not None]
        cause = next(filter(None, map(self.of_role, roles)), None) or self._of_whole(role)
        cause = cause or next(filter(None, map(self._of_minted, refused)), None)
        unknown = [e for e in refused if not any(self._knows(e, other) for other in sent)]
        cause = cause or next(filter(None, map(self._of_fixtures, unknown)), None)
        if cause is not None:
            return cause
        return self._of_asked(role, asked)

    def _knows(self, refused: Exchange, other: Exchange) -> bool:
        """Whether the target took the test data of a refused request in another request of that operation."""
        alike = (refused.role, refused.operation) == (other.role, other.operation) and _is_taken(other)
        return alike and set(self.carried(refused.request)) <= set(self.carried(other.request))

    def gave_less(self, client_id: str, lacking: Iterable[str]) -> Text:
        """That the issuer left scopes out of a token, and what can't be judged for that; kept as a cause."""
        scopes = sorted(lacking)
        clients = self.target.auth.clients if self.target.auth else ()
        client = next(one for one in clients if one.client_id == client_id)
        bindings = [b for role in self.target.roles for b in self.arrangements.edition.bindings(role)]
        needing = [b for b in bindings if b.scopes is not None and {*scopes} & {*b.scopes.sufficient}]
        flows = dict.fromkeys(b.flow for b in needing if self.target.roles[b.role].serves(b.flow))
        place = f"{self.target.file.name}:{client.line} ({client.place})"
        told = {"scopes": ", ".join(scopes), "client": client_id, "flows": ", ".join(flows) or "-"}
        return self.found.setdefault(f"{place} {scopes}", say("issuer_gave_less", place=place, **told))

    # --- a role as a whole -----------------------------------------------------------------------------

    def of_role(self, role: str) -> Text | None:
        """What is wrong with address, way or token of a role; None when they are shown right."""
        if role not in self.target.roles:
            return None
        if role not in self._roles:
            self._roles[role] = None  # what is sent to find out asks no further
            try:
                self._roles[role] = self._told(self._cause_for(role))
            except (Inconclusive, NotTested):  # such as a server that was given up
                self._roles[role] = self._at_the_server_of(role, self._roles)
        return self._roles[role]

    def _of_whole(self, role: str) -> Text | None:
        """What is wrong with a role that explains also what was not refused."""
        if role in self.target.roles and role not in self._whole:
            url, around = self.target.roles[role].base_url, self._circumstances(role)
            self._whole[role] = None
            with suppress(Inconclusive):
                exchange = self.arrangements.sending.send(Request("GET", url), LABEL, role, None)
                cause = cause_of("everything", what_came(exchange), around)
                if cause is not None and cause.whole:
                    self._told((cause, role, shown([exchange])))
        return self._whole.get(role) or self._at_the_server_of(role, self._whole)

    def _at_the_server_of(self, role: str, known: Mapping[str, Text | None]) -> Text | None:
        """What was found to be wrong with another role at the same server."""
        server = origin(self.target.roles[role].base_url)
        others = (
            words for name, words in known.items() if origin(self.target.roles[name].base_url) == server
        )
        return next(filter(None, others), None)

    def _cause_for(self, role: str) -> tuple[SetUpCause, str, Text] | None:
        secured, plain, odd = self._tried(role)
        everything = [*secured, *plain, odd]
        if not secured and not plain:
            return None
        around = self._circumstances(role, *everything)
        cause = cause_of("everything", _alike(everything), around)
        if cause is None and len(secured) > 1:
            cause = cause_of("with_token", _alike(secured), around)
        if cause is None and not secured:
            cause = cause_of("unsecured", _alike(everything), around)
        return (cause, role, self._with_clock(secured or plain)) if cause else None

    def _tried(self, role: str) -> tuple[list[Exchange], list[Exchange], Exchange]:
        """The usual requests that need a token, one of them also without; the others; and an odd path."""
        secured: list[Exchange] = []
        plain: list[Exchange] = []
        for operation, binding in self._usual(role):
            try:
                sample = self._sample(operation, binding)
            except (Inconclusive, NotTested):
                continue
            if binding.scopes is not None and not secured:
                secured.append(self._sent(sample.but(token=None)))
            (plain if binding.scopes is None else secured).append(self._sent(sample))
        token = next((e.request.token for e in secured if e.request.token is not None), None)
        url = f"{self.target.roles[role].base_url}/{self.arrangements.samples.fresh_uuid(LABEL)}"
        request = Request("GET", url, (("Accept", "application/json"),), token=token)
        return secured, plain, self.arrangements.sending.send(request, LABEL, role, None)

    def _usual(self, role: str) -> Iterator[tuple[Operation, Binding]]:
        operations = self.arrangements.edition.operations(role)
        served = [
            (operation, binding)
            for operation in operations
            for binding in operation.bindings[:1]
            if self.target.roles[role].serves(binding.flow) and operation.kind != "delete"
        ]
        first = ("upload", "register", "service", "lookup")
        served.sort(key=lambda one: first.index(one[0].kind) if one[0].kind in first else len(first))
        return iter(served[:_MOST_OPERATIONS])

    def _of_minted(self, exchange: Exchange) -> Text | None:
        """What is wrong, when a token was refused that the suite signed itself."""
        role, rights = exchange.role, self.arrangements.rights
        if role is None or rights.signed_for(exchange.request.token) is None:
            return None
        cause = cause_of("minted", what_came(exchange), self._circumstances(role, exchange))
        return self._told((cause, role, self._with_clock([exchange]))) if cause is not None else None

    def _circumstances(self, role: str, *exchanges: Exchange) -> set[str]:
        found = {urlsplit(self.target.roles[role].base_url).scheme}
        found |= {"proxy"} if self.target.http.proxy is not None else set()
        found |= {"clock"} if any(is_off(clock_skew(exchange)) for exchange in exchanges) else set()
        return found | ({"issuer_clock"} if is_off(self.arrangements.rights.tokens.skew) else set())

    def _with_clock(self, exchanges: list[Exchange]) -> Text:
        """What came, and by how much a clock is off."""
        skews = [*map(clock_skew, exchanges), self.arrangements.rights.tokens.skew]
        off = next((skew for skew in skews if skew is not None and is_off(skew)), None)
        if off is None:
            return shown(exchanges)
        key = "clock_ahead" if off > 0 else "clock_behind"
        return say(key, came=shown(exchanges), seconds=round(abs(off)))


def _alike(exchanges: list[Exchange]) -> set[Came]:
    """What came, in the words of the table, when it was the same for all; else nothing."""
    each = [what_came(exchange) for exchange in exchanges]
    return set.intersection(*each) if each else set()


def _is_taken(exchange: Exchange) -> bool:
    """Whether a request was accepted, and not just answered with a page for people."""
    return exchange.succeeded and exchange.answer is not None and exchange.answer.media_type != "text/html"
