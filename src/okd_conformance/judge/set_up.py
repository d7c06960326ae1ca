"""Whether a refusal is set-up and not the product: what is wrong with the target file, as far as shows.

Nothing is tried before something was refused. Then the usual requests of the role are sent, and what came is
held against ``specs/set_up.yaml``. A product that refuses while its address and tokens are shown right gets
no excuse.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from okd_conformance.base.text import Text
from okd_conformance.judge.arrangements import Arrangements
from okd_conformance.judge.ids import is_uuid
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.judge.words import received
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.standard.set_up import Came, SetUpCause, cause_of
from okd_conformance.target.reading import Target
from okd_conformance.wire.address import origin
from okd_conformance.wire.body import beginning_of
from okd_conformance.wire.exchange import Exchange, Request

LABEL = "set-up"
"""What its requests are sent for."""
UNKNOWN = frozenset({400, 404, 409, 410, 422})
"""How a product may say that it does not know an id."""
_DIGITS, _SMALL, _LARGE = "0123456789", string.ascii_lowercase, string.ascii_uppercase
_TURNED = str.maketrans(
    {old: kind[(i + 5) % len(kind)] for kind in (_DIGITS, _SMALL, _LARGE) for i, old in enumerate(kind)}
)
_MOST_OPERATIONS = 4
_LOOKED_AT = 65_536
"""So many bytes of a request are looked at for test data."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Test data that an operation does not know: their values as sent, and the cause in words."""

    values: frozenset[str]
    words: Text


@dataclass(repr=False)
class SetUp:
    """Finds, once per role and operation, what is wrong with the set-up."""

    target: Target
    arrangements: Arrangements
    found: dict[str, Text] = field(default_factory=dict)
    """The causes found so far, by their place in the target file."""
    _whole: dict[str, Text | None] = field(default_factory=dict)
    """Per role, what explains every failure of it."""
    _accepted: dict[str, str] = field(default_factory=dict)
    """Per role, the requests with test data that it accepted."""
    _refused: dict[tuple[str, str], Exchange] = field(default_factory=dict)
    """The usual request of a role's operation, where it was refused."""
    _invented: dict[tuple[str, str], Text | None] = field(default_factory=dict)
    _roles: dict[str, Text | None] = field(default_factory=dict)
    _operations: dict[tuple[str, str], _Wrong | None] = field(default_factory=dict)

    def known(self, role: str) -> Text | None:
        """What is wrong with a role as a whole, as far as was found already."""
        return self._roles.get(role)

    def explains(
        self, role: str, exchanges: Iterable[Exchange], asked: Iterable[str] = (), *, guess: bool = True
    ) -> Text | None:
        """What in the set-up explains how a case ended; None when nothing does.

        ``exchanges`` are what it sent, of which the refused ones count, ``asked`` the test data that it
        expected to come back. Without ``guess`` an answer that only looks like the one to an invented value
        explains nothing.
        """
        sent = [e for e in exchanges if e.operation and "raw" not in e.tags]
        refused = [e for e in sent if not _is_taken(e)]
        roles = [e.role for e in refused if e.role is not None]
        cause = next(filter(None, map(self.of_role, roles)), None) or self._of_whole(role)
        unknown = [e for e in refused if not any(self._knows(e, other) for other in sent)]
        cause = cause or next(filter(None, (self._of_fixtures(e, guess) for e in unknown)), None)
        if cause is not None:
            return cause
        return self._of_asked(role, asked)

    def _knows(self, refused: Exchange, other: Exchange) -> bool:
        """Whether the target took the test data of a refused request in another request of that operation."""
        alike = (refused.role, refused.operation) == (other.role, other.operation) and _is_taken(other)
        return alike and set(self.carried(refused.request)) <= set(self.carried(other.request))

    def carried(self, request: Request) -> list[str]:
        """The names of the test data that a request carries, those in groups with a dot."""
        sent = _text_of(request)
        return sorted(".".join(keys) for keys, value in _flat(self.target.fixtures) if _holds(sent, value))

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
                cause = cause_of("everything", _came(exchange), around)
                if cause is not None and cause.whole:
                    self._told((cause, role, _shown([exchange])))
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
        around = self._circumstances(role)
        came = _alike(everything)
        cause = cause_of("everything", came, around) if came else None
        if cause is None and len(secured) > 1:
            came = _alike(secured)
            cause = cause_of("with_token", came, around) if came else None
        return (cause, role, _shown(secured or plain)) if cause else None

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

    def _circumstances(self, role: str) -> set[str]:
        scheme = urlsplit(self.target.roles[role].base_url).scheme
        return {scheme, *(["proxy"] if self.target.http.proxy is not None else [])}

    # --- test data -------------------------------------------------------------------------------------

    def _of_fixtures(self, exchange: Exchange, guess: bool = True) -> Text | None:
        """The cause, when the refused request carried test data that its operation does not know."""
        if exchange.status not in UNKNOWN or exchange.operation is None or exchange.role is None:
            return None
        operations = self.arrangements.edition.operations(exchange.role)
        operation = next((o for o in operations if o.id == exchange.operation), None)
        if operation is None:
            return None
        wrong, sent = self._wrong(operation), _text_of(exchange.request)
        if wrong is not None and any(_holds(sent, value) for value in wrong.values):
            return wrong.words
        return self._as_invented(operation, exchange) if guess else None

    def _as_invented(self, operation: Operation, exchange: Exchange) -> Text | None:
        """The cause, when a module answers to test data of a request as it does to an invented value."""
        edition, role = self.arrangements.edition, operation.role
        cause = cause_of("invented", [exchange.status or 0], ())
        if cause is None or edition.operations(role, "upload"):
            return None
        sent = _text_of(exchange.request)
        for keys, value in _flat(self.target.fixtures):
            if not _holds(sent, value) or _holds(self._accepted.get(role, ""), value):
                continue
            if (role, value) not in self._invented:
                self._invented[role, value] = None
                changed = _with_value(exchange.request, value, self._other(value))
                again = self.arrangements.sending.send(changed, LABEL, role, operation)
                if again.status == exchange.status:
                    self._invented[role, value] = self._told((cause, role, _shown([exchange])), *keys)
            if self._invented[role, value] is not None:
                return self._invented[role, value]
        return None

    def _other(self, value: str) -> str:
        """An invented value of the same form."""
        return self.arrangements.samples.fresh_uuid(LABEL) if is_uuid(value) else value.translate(_TURNED)

    def _of_asked(self, role: str, asked: Iterable[str]) -> Text | None:
        """The cause, when the role does not know test data that a check expected to come back."""
        names = set(asked)
        values = {value for keys, value in _flat(self.target.fixtures) if keys[0] in names}
        for operation, binding in self._usual(role) if values else ():
            wrong = self._wrong(operation)
            if wrong is not None and wrong.values & values:
                return wrong.words
            usual = self._refused.get((role, operation.id))
            cause = self._of_fixtures(usual) if wrong is None and usual is not None else None
            if cause is not None:
                return cause
            for group in filter(None, map(self.target.fixtures.get, names)):
                if isinstance(group, Mapping) and operation.body_schema is not None:
                    with suppress(Inconclusive, NotTested):
                        cause = self._of_fixtures(
                            self._sent(self._sample(operation, binding, fixtures=group))
                        )
                        if cause is not None:
                            return cause
        return None

    def _wrong(self, operation: Operation) -> _Wrong | None:
        """What an operation does not know of the test data; asked once."""
        key = (operation.role, operation.id)
        if key not in self._operations:
            self._operations[key] = None  # what is sent to find out asks no further
            with suppress(Inconclusive, NotTested):
                self._operations[key] = self._wrong_for(operation)
        return self._operations[key]

    def _wrong_for(self, operation: Operation) -> _Wrong | None:
        """What an operation does not know, by its usual request with this and with other test data."""
        binding = next((b for b in operation.bindings if self.target.roles[b.role].serves(b.flow)), None)
        if binding is None or operation.kind == "delete":
            return None
        exchange = self._sent(self._sample(operation, binding))
        sent = _text_of(exchange.request)
        if exchange.succeeded:
            self._accepted[binding.role] = self._accepted.get(binding.role, "") + sent
        if exchange.status not in UNKNOWN:
            return None
        self._refused[operation.role, operation.id] = exchange
        own = {n: v for n, v in self.target.fixtures.items() if isinstance(v, str) and _holds(sent, v)}
        for other in self._others(own):
            if self._sent(self._sample(operation, binding, fixtures=other)).succeeded:
                names = [name for name in own if name in other]
                return self._unknown(
                    cause_of("other_fixtures", ["accepted"], ()), binding.role, names, exchange
                )
        named = [name for name, value in own.items() if _holds(_own_words(exchange), value)]
        cause = cause_of("named", [exchange.status or 0], ())
        return self._unknown(cause, binding.role, named, exchange) if named else None

    def _others(self, own: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Other test data of the target file to try: one at a time, then all of a group together."""
        groups = [g for g in self.target.fixtures.values() if isinstance(g, Mapping)]
        sets = [{n: str(g[n]) for n in own if n in g and g[n] != own[n]} for g in groups]
        singles = [{name: value} for one in sets for name, value in one.items() if len(one) > 1]
        return iter([*singles, *filter(None, sets)])

    def _unknown(
        self, cause: SetUpCause | None, role: str, names: list[str], exchange: Exchange
    ) -> _Wrong | None:
        if cause is None:
            return None
        words = self._told((cause, role, _shown([exchange])), names[0])
        values = frozenset(str(self.target.fixtures[name]) for name in names)
        return _Wrong(values, words) if words is not None else None

    # --- sending and telling ---------------------------------------------------------------------------

    def _sample(self, operation: Operation, binding: Binding, **given: Any) -> Sample:
        samples = self.arrangements.samples
        wanted = {p.meaning for p in operation.path_parameters if not p.fixture and p.meaning}
        values = {meaning: samples.fresh_uuid(LABEL) for meaning in wanted}
        return samples.sample(operation, binding, LABEL, path_values=values, **given)

    def _sent(self, sample: Sample) -> Exchange:
        return self.arrangements.sending.send(sample.request(), LABEL, sample.binding.role, sample.operation)

    def _told(self, cause: tuple[SetUpCause, str, Text] | None, *fixture: str) -> Text | None:
        if cause is None:
            return None
        row, role, came = cause
        steps = [step.format(role=role) for step in row.look if step != "{fixture}"]
        place = self.target.place(*steps, *fixture)
        words = row.told(place, role, came)
        self.found.setdefault(place, words)
        if row.whole:
            self._whole[role] = words
        return words


def _flat(fixtures: Mapping[str, Any], *keys: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each value of the test data with the keys that lead to it, those of groups first."""
    for name, value in sorted(fixtures.items(), key=lambda item: isinstance(item[1], str)):
        if isinstance(value, Mapping):
            yield from _flat(value, *keys, name)
        else:
            yield (*keys, name), str(value)


def _with_value(request: Request, old: str, new: str) -> Request:
    """The request with another value wherever one stands."""
    url = request.url.replace(quote(old, safe=""), quote(new, safe="")).replace(old, new)
    body = (
        request.body.replace(old.encode(), new.encode()) if isinstance(request.body, bytes) else request.body
    )
    return replace(request, url=url, body=body)


def _is_taken(exchange: Exchange) -> bool:
    """Whether a request was accepted, and not just answered with a page for people."""
    return exchange.succeeded and exchange.answer is not None and exchange.answer.media_type != "text/html"


def _alike(exchanges: list[Exchange]) -> set[Came]:
    """What came, in the words of the table, when it was the same for all; else nothing."""
    each = [_came(exchange) for exchange in exchanges]
    return set.intersection(*each) if each else set()


def _came(exchange: Exchange) -> set[Came]:
    if exchange.answer is None:
        return {str(exchange.error)}
    status = exchange.answer.status
    found: set[Came] = {status, f"{status // 100}xx"}
    if (exchange.answer.header("location") or "").startswith("https://") and status // 100 == 3:
        found.add("to_https")
    return found


def _shown(exchanges: list[Exchange]) -> Text:
    """What came to all of them, short."""
    exchange = exchanges[-1]
    if exchange.answer is None:
        return received(exchange)
    status = exchange.answer.status
    known = status in set(HTTPStatus)
    return Text.same(f"{status} {HTTPStatus(status).phrase}" if known else str(status))


def _text_of(request: Request) -> str:
    """Address and body of a request as one text."""
    body = beginning_of(request.body, _LOOKED_AT) if request.body is not None else b""
    return unquote(request.url) + "\n" + body.decode("utf-8", "replace")


def _holds(text: str, value: str) -> bool:
    """Whether a text has a value, and not as a part of another."""
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def _own_words(exchange: Exchange) -> str:
    """What an answer says, without where it only repeats the address that was asked for."""
    if exchange.answer is None:
        return ""
    text = unquote(exchange.answer.body.decode("utf-8", "replace").replace("\\/", "/"))
    url = unquote(exchange.request.url)
    return text.replace(url, "").replace(unquote(urlsplit(exchange.request.url).path), "")
