"""Whether a refusal is for test data that the target does not know: what is wrong under fixtures.

A message is compared with its twins: with other test data of the target file, with an invented value, and
with nothing in it at all. What the role took in any usual message is known to it.
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

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.text import Text
from okd_conformance.judge.arrangements import Arrangements
from okd_conformance.judge.ids import is_uuid
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.judge.words import received
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.standard.set_up import Came, SetUpCause, cause_of
from okd_conformance.target.reading import Target
from okd_conformance.wire.body import beginning_of
from okd_conformance.wire.exchange import Exchange, Request

LABEL = "set-up"
"""What its requests are sent for."""
UNKNOWN = frozenset({400, 403, 404, 409, 410, 422})
"""How a product may say that it does not know an id."""
STUDENT = frozenset({"person_id", "student_number"})
"""The test data that name a student."""
_DIGITS, _SMALL, _LARGE = "0123456789", string.ascii_lowercase, string.ascii_uppercase
_TURNED = str.maketrans(
    {old: kind[(i + 5) % len(kind)] for kind in (_DIGITS, _SMALL, _LARGE) for i, old in enumerate(kind)}
)
_LOOKED_AT = 65_536
"""So many bytes of a request are looked at for test data."""
_Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Test data that an operation does not know: their values as sent, and the cause in words."""

    values: frozenset[str]
    words: Text


@dataclass(repr=False)
class SetUpData:
    """Finds, once per role and operation, which test data a role does not know."""

    target: Target
    arrangements: Arrangements
    found: dict[str, Text] = field(default_factory=dict)
    """The causes found so far, by their place in the target file."""
    _whole: dict[str, Text | None] = field(default_factory=dict)
    """Per role, what explains every failure of it."""
    _accepted: dict[str, str] = field(default_factory=dict)
    """Per role, the requests with test data that it accepted."""
    _answers: dict[tuple[str, str, _Keys], Exchange] = field(default_factory=dict)
    """Per role, operation and the test data in it: what came."""
    _invented: dict[tuple[str, _Keys], Text | None] = field(default_factory=dict)
    _operations: dict[tuple[str, str], _Wrong | None] = field(default_factory=dict)

    def carried(self, request: Request) -> list[str]:
        """The names of the test data that a request carries, those in groups with a dot."""
        sent = _text_of(request)
        return sorted(".".join(keys) for keys, value in _flat(self.target.fixtures) if _holds(sent, value))

    def questions(self, operation: Operation, binding: Binding) -> Iterator[Sample]:
        """Messages that each carry other test data: the usual one, and those of its flow that name more.

        Where a token or test data is missing there is none. A module that wants to know the sitting is not
        asked for another student, who need not be in it.
        """
        reported = self.target.fixtures.get("reported_offering_id")
        groups = [one for one in self.target.fixtures.values() if isinstance(one, Mapping)]
        groups += [{"offering_id": reported}] if reported else []
        if self.arrangements.sitting_of(operation, binding) is not None:
            groups = [one for one in groups if not STUDENT & one.keys()]
        named = [
            n for n in operation.examples if n.startswith(f"flow-{binding.flow}") and n != binding.example
        ]
        ways: list[tuple[Binding, dict[str, Any]]] = [(binding, {"fixtures": one}) for one in ({}, *groups)]
        if operation.kind == "register":
            ways += [(replace(binding, example=name), {"sitting": None}) for name in named]
        done: set[str] = set()
        for way, given in ways:
            with suppress(Inconclusive, NotTested, ConfigurationError):
                sample = self._sample(operation, way, **given)
                carried = set(self.carried(sample.request()))
                if not done or not carried <= done:
                    done |= carried
                    yield sample

    # --- what is wrong ---------------------------------------------------------------------------------

    def _of_fixtures(self, exchange: Exchange) -> Text | None:
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
        return self._guessed(operation, sent)

    def _of_asked(self, role: str, asked: Iterable[str]) -> Text | None:
        """The cause, when the role does not know test data that a check expected to come back."""
        names = set(asked)
        values = {value for keys, value in _flat(self.target.fixtures) if keys[0] in names}
        for operation in self._looked_at(role) if values else ():
            wrong = self._wrong(operation)
            if wrong is not None and wrong.values & values:
                return wrong.words
            cause = self._guessed(operation, "\n".join(values)) if wrong is None else None
            if cause is not None:
                return cause
        return None

    def _looked_at(self, role: str) -> list[Operation]:
        """The operations of a role that show whether it knows test data."""
        kinds = ("register", "lookup", "upload", "change")
        return [o for kind in kinds for o in self.arrangements.edition.operations(role, kind)]

    def _is_known(self, role: str, value: str) -> bool:
        """Whether the role took a value in any of its usual requests."""
        for operation in self._looked_at(role):
            if operation.kind in {"register", "lookup"}:
                self._wrong(operation)
        return _holds(self._accepted.get(role, ""), value)

    def _wrong(self, operation: Operation) -> _Wrong | None:
        """What an operation does not know of the test data; asked once."""
        key = (operation.role, operation.id)
        if key not in self._operations:
            self._operations[key] = None  # what is sent to find out asks no further
            with suppress(Inconclusive, NotTested, ConfigurationError):
                self._operations[key] = self._wrong_for(operation)
        return self._operations[key]

    def _wrong_for(self, operation: Operation) -> _Wrong | None:
        """What an operation does not know, by its usual request with this and with other test data."""
        binding = self._binding(operation)
        if binding is None:
            return None
        usual = self._sample(operation, binding)
        exchange = self._asked_with(usual)
        if exchange.status not in UNKNOWN:
            return None
        sent = _text_of(exchange.request)
        carried = {keys: value for keys, value in _flat(self.target.fixtures) if _holds(sent, value)}
        own = {keys[0]: value for keys, value in carried.items() if len(keys) == 1}
        for other in self._others(own):
            if self._sent(self._sample(operation, binding, fixtures=other)).succeeded:
                names = self._narrowed(usual, [name for name in own if name in other])
                cause = cause_of("other_fixtures", ["accepted"], ())
                return self._unknown(cause, {(name,): own[name] for name in names}, exchange)
        answer = _own_words(exchange)
        named = {
            k: v for k, v in carried.items() if _holds(answer, v) and not self._is_known(operation.role, v)
        }
        cause = cause_of("named", [exchange.status], ())
        return self._unknown(cause, named, exchange) if named else None

    def _others(self, own: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Other test data of the target file to try: one at a time, then all of a group together."""
        groups = [g for g in self.target.fixtures.values() if isinstance(g, Mapping)]
        sets = [{n: str(g[n]) for n in own if n in g and g[n] != own[n]} for g in groups]
        singles = [{name: value} for one in sets for name, value in one.items() if len(one) > 1]
        return iter([*singles, *filter(None, sets)])

    def _narrowed(self, sample: Sample, names: list[str]) -> list[str]:
        """Of test data that are unknown together: the one without which the message is accepted, else all."""
        for name in names if len(names) > 1 else ():
            without = _without(sample.body, name.rpartition(".")[2]) if sample.body is not None else None
            if without is not None and self._sent(sample.but(body=without)).succeeded:
                return [name]
        return names

    def _unknown(
        self, cause: SetUpCause | None, wrong: Mapping[_Keys, str], exchange: Exchange
    ) -> _Wrong | None:
        first = next(iter(wrong))
        words = self._told((cause, str(exchange.role), shown([exchange])), *first) if cause else None
        return _Wrong(frozenset(wrong.values()), words) if words is not None else None

    # --- a guess ---------------------------------------------------------------------------------------

    def _guessed(self, operation: Operation, text: str) -> Text | None:
        """The cause, when a module answers to test data in a text as it does to an invented value.

        A DMS takes documents of students whom it does not know.
        """
        role = operation.role
        if self.arrangements.edition.operations(role, "upload"):
            return None
        for keys, value in _flat(self.target.fixtures):
            if not _holds(text, value) or self._is_known(role, value):
                continue
            if (role, keys) not in self._invented:
                self._invented[role, keys] = None
                with suppress(Inconclusive, NotTested, ConfigurationError):
                    self._invented[role, keys] = self._as_invented(operation, keys, value)
            if self._invented[role, keys] is not None:
                return self._invented[role, keys]
        return None

    def _as_invented(self, operation: Operation, keys: _Keys, value: str) -> Text | None:
        """The cause, when a message is answered as its twin with an invented value, but not as an empty one.

        It is the first message that carries the value with what belongs to it: in a check's own, it may
        stand beside another student's.
        """
        binding = self._binding(operation)
        messages = self.questions(operation, binding) if binding is not None else iter(())
        sample = next((one for one in messages if ".".join(keys) in self.carried(one.request())), None)
        asked = self._asked_with(sample) if sample is not None else None
        if sample is None or asked is None or asked.status is None or asked.succeeded:
            return None
        names = [".".join(keys), *self.carried(asked.request)]
        unknown = [name for name in names if not self._is_known(operation.role, self._value(name))]
        narrowed = self._narrowed(sample, list(dict.fromkeys(unknown)))
        takes = self._takes(operation)
        if takes and len(keys) > 1 and len(narrowed) == 1 < len(set(unknown)) and asked.status in UNKNOWN:
            cause = cause_of("other_fixtures", ["accepted"], ())
        else:
            cause = cause_of("invented", [asked.status], ())
            cause = cause or (cause_of("invented_beside", [asked.status], ()) if takes else None)
            changed = _with_value(asked.request, value, self._other(value))
            if cause is None or self._send(changed, operation).status != asked.status:
                return None
            empty = sample.but(body=Body(sample.body.schema, {})) if sample.body is not None else None
            if empty is not None and self._sent(empty).status == asked.status:
                return None
        return self._told((cause, operation.role, shown([asked])), *narrowed[0].split(".")) if cause else None

    def _takes(self, operation: Operation) -> bool:
        """Whether the role took any message of an operation that was asked here."""
        place = (operation.role, operation.id)
        return any(exchange.succeeded for key, exchange in self._answers.items() if key[:2] == place)

    def _value(self, name: str) -> str:
        return next(value for keys, value in _flat(self.target.fixtures) if ".".join(keys) == name)

    def _other(self, value: str) -> str:
        """An invented value of the same form."""
        return self.arrangements.samples.fresh_uuid(LABEL) if is_uuid(value) else value.translate(_TURNED)

    # --- sending and telling ---------------------------------------------------------------------------

    def _binding(self, operation: Operation) -> Binding | None:
        """The first use of an operation that the target serves; none of what deletes."""
        served = (b for b in operation.bindings if self.target.roles[b.role].serves(b.flow))
        return next(served, None) if operation.kind != "delete" else None

    def _sample(self, operation: Operation, binding: Binding, **given: Any) -> Sample:
        samples = self.arrangements.samples
        wanted = {p.meaning for p in operation.path_parameters if not p.fixture and p.meaning}
        values = {meaning: samples.fresh_uuid(LABEL) for meaning in wanted}
        return samples.sample(operation, binding, LABEL, path_values=values, **given)

    def _asked_with(self, sample: Sample) -> Exchange:
        """What came of a message; asked once for each set of test data."""
        key = (sample.binding.role, sample.operation.id, tuple(self.carried(sample.request())))
        if key not in self._answers:
            exchange = self._answers[key] = self._sent(sample)
            if exchange.succeeded and not is_empty_page(sample.operation, exchange):
                self._accepted[key[0]] = self._accepted.get(key[0], "") + _text_of(exchange.request)
        return self._answers[key]

    def _sent(self, sample: Sample) -> Exchange:
        return self._send(sample.request(), sample.operation)

    def _send(self, request: Request, operation: Operation) -> Exchange:
        return self.arrangements.sending.send(request, LABEL, operation.role, operation)

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


def is_empty_page(operation: Operation, exchange: Exchange) -> bool:
    """Whether an answer is a page without anything on it."""
    schema = operation.success_schema()
    try:
        value = exchange.answer.json() if exchange.answer and exchange.answer.succeeded else None
    except ValueError:
        return False
    return schema is not None and isinstance(value, dict) and Body(schema, value).get("items") == []


def _without(body: Body, fixture: str) -> Body | None:
    """A body without what carries one piece of test data; None when it needs that, or has it nowhere."""
    places = [place for place in body.places() if place.schema.get("x-okd-fixture") == fixture]
    without = body.without(*(place.meaning for place in places if place.meaning))
    return without if places and not without.errors() else None


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


def what_came(exchange: Exchange) -> set[Came]:
    """What came, in the words of the table."""
    if exchange.answer is None:
        return {str(exchange.error)}
    status = exchange.answer.status
    found: set[Came] = {status, f"{status // 100}xx"}
    if (exchange.answer.header("location") or "").startswith("https://") and status // 100 == 3:
        found.add("to_https")
    return found


def shown(exchanges: list[Exchange]) -> Text:
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
