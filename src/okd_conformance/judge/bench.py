"""The bench: what all cases of a run share, and the arrangements that they need."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from okd_conformance.auth.tokens import Token, Tokens, TokenUnobtainable
from okd_conformance.base.text import Text, say
from okd_conformance.judge.content import pdf
from okd_conformance.judge.events import Answered, Events, Moved, StoppedEarly
from okd_conformance.judge.giving_up import GivingUp, is_unanswered
from okd_conformance.judge.hooks import Hooks
from okd_conformance.judge.ids import answered_id, derived_uuid, is_uuid
from okd_conformance.judge.interruption import held_back, obey_missed
from okd_conformance.judge.leaving import Leaving
from okd_conformance.judge.ledger import Intent, Ledger, Left
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.stopping import Rule
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.judge.words import received
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.standard.catalogue import Catalogue
from okd_conformance.standard.edition import Binding, Edition, Operation
from okd_conformance.standard.fields import Body, field_names
from okd_conformance.target.allowance import Allowance
from okd_conformance.target.reading import Target
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

Scopes = tuple[str, ...]
Large = Literal["one", "all"]
NOT_READY = frozenset({404, 409, 423, 425, 503})
"""What a target may answer about a new document that it is still storing or scanning."""
FIRST_PAUSE_S = 0.1
"""How long to wait before asking again; then twice as long each time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document that the target accepted: its id, its bytes, and the sample that it came with."""

    id: str
    content: bytes
    sample: Sample
    exchange: Exchange


@dataclass(repr=False)  # pytest shows the arguments of a check that stops, and all of this takes it a second
class Bench:
    """Edition, target and wire of one run, and what was arranged at the target."""

    edition: Edition
    target: Target
    catalogue: Catalogue
    tokens: Tokens
    client: Client
    redactor: Redactor
    seed: int
    run_id: str
    profile: str = "standard"
    large: Large = "all"
    """Which operations carry the full size: all of them, or just one."""
    events: Events = field(default_factory=Events)
    """Where what happens is told."""
    hooks: Hooks = field(default_factory=lambda: Hooks({}))
    ledger: Ledger = field(default_factory=Ledger)
    rules: list[Rule] = field(default_factory=list)
    """When to stop the run early."""
    stopped: Text | None = None
    """Why nothing more is sent but what undoes."""
    turned_away: int = 0
    """How many requests were not sent because of that."""
    slow: bool = False
    """Whether a new document was not readable at once."""
    _never_ready: bool = False
    _clients: dict[str, str] = field(default_factory=dict)
    """Per token, the client that it was given to."""
    giving_up: GivingUp = field(default_factory=GivingUp)
    holding: Holding = field(default_factory=Holding)
    _memo: dict[str, Any] = field(default_factory=dict)
    _numbers: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let the ledger tell what it notes, and know where the target's answers have their ids."""
        self.ledger.events = self.events
        self.ledger.places = {n: t["answer"] for n, t in self.target.templates.items() if "answer" in t}

    # --- sending ---------------------------------------------------------------------------------------

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
        with held_back(lambda: self.client.pausing):
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
        client_id = self._clients.get(request.token or "")
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
            allowance = Allowance.of(self.target.limits, self.profile)
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

    # --- rights ----------------------------------------------------------------------------------------

    def token(self, scopes: Scopes, **options: Any) -> Token:
        """A token with these scopes. Raises Inconclusive or NotTested when there is none."""
        token: Token = self._obtained(lambda: self.tokens.bearer(frozenset(scopes), **options))
        return token

    def ordered_token(self, scopes: list[str]) -> str:
        """A token whose scopes stand in this order. Raises NotTested when nobody hands it out."""
        token: Token = self._obtained(lambda: self.tokens.bearer(" ".join(scopes)))
        return token.value

    def odd_token(self, kind: str, binding: Binding | None = None) -> str:
        """A token that must be refused; apart from its oddness it is the usual one of ``binding``.

        Raises Inconclusive or NotTested when there is none.
        """
        good = self.usual(binding) if binding is not None and binding.scopes is not None else None
        scopes, client = (good.scopes_asked, good.client_id) if good else ((), None)
        value: str = self._obtained(lambda: self.tokens.odd(kind, scopes, client_id=client))
        return value

    def _obtained(self, obtain: Callable[[], Any]) -> Any:
        try:
            token = obtain()
        except TokenUnobtainable as problem:
            raise (Inconclusive if problem.expected else NotTested)(problem.reason) from None
        self.redactor.learn(token if isinstance(token, str) else token.value)
        if isinstance(token, Token):
            self._clients[token.value] = token.client_id
        return token

    def serves(self, binding: Binding) -> bool:
        """Whether the target claims the flow of a binding."""
        flows = self.target.roles[binding.role].flows
        return flows is None or binding.flow in flows

    def usual_token(self, binding: Binding, component: str | None = None) -> str | None:
        """The token that a binding is normally called with: the first sufficient scope that can be had.

        It is one of a client of ``component``, if that is given. Raises Inconclusive when there is none.
        """
        return None if binding.scopes is None else self.usual(binding, component).value

    def usual(self, binding: Binding, component: str | None = None) -> Token:
        """The same with what is known of it. Raises LookupError when the binding needs no token."""
        if binding.scopes is None:
            raise LookupError("no token is needed here")
        problem: Exception | None = None
        for scope in binding.scopes.sufficient:
            try:
                return self.token((scope,), component=component)
            except (Inconclusive, NotTested) as error:
                problem = problem or error
        raise Inconclusive(say("no_usual_token", scopes=", ".join(binding.scopes.sufficient))) from problem

    def component_of(self, token: Token) -> str | None:
        """The calling system that a token belongs to, by the target file; None when that names none."""
        clients = self.target.auth.clients if self.target.auth else ()
        return next((c.component for c in clients if c.client_id == token.client_id), None)

    # --- samples ---------------------------------------------------------------------------------------

    def number(self, label: str) -> int:
        """Count from 1 per label, so that derived ids differ."""
        counter = self._numbers.setdefault(label, itertools.count(1))
        return int(next(counter))

    def fresh_uuid(self, label: str) -> str:
        """A new UUID, derived from seed, run id and label."""
        return derived_uuid(self.seed, self.run_id, label, self.number(label))

    def sample(self, operation: Operation, binding: Binding, label: str, **given: Any) -> Sample:
        """A valid request from the edition's example, with fixtures and fresh ids in their places.

        ``given``: attributes of the sample that are not to be made here, and ``fixtures`` that go before the
        target's. Raises Inconclusive when a fixture is missing.
        """
        fixtures = {**self.target.fixtures, **given.pop("fixtures", {})}
        token = given.pop("token", None) or self.usual_token(binding)
        file = given.pop("file", None) or pdf(f"{self.run_id} {label}")
        body = given.pop("body", None) or self._body(operation, binding, label, file, fixtures)
        path_values = {**self._path_values(operation, fixtures), **given.pop("path_values", {})}
        return Sample(
            operation=operation,
            binding=binding,
            base_url=self.target.roles[binding.role].base_url,
            token=token,
            path_values=path_values,
            query=self._query(operation),
            body=body,
            file=file,
            layout=self.target.templates.get(operation.name, {}).get("request"),
            marker=self.marker,
            **{
                "file_name": f"{self.marker}.pdf",
                "boundary": f"----okd-conformance-{derived_uuid(self.seed, label)[:8]}",
                **given,
            },
        )

    def places(self, operation: Operation) -> Mapping[str, str]:
        """Where the answer of an operation has things, as far as the target file says."""
        places: Mapping[str, str] = self.target.templates.get(operation.name, {}).get("answer", {})
        return places

    @property
    def marker(self) -> str:
        """What makes data of this run recognisable at the target."""
        return f"okd-conformance-{self.run_id}"

    def fixture(self, name: str | None, default: str | None = None) -> str:
        """A fixture of the target. Raises Inconclusive when the target file has none."""
        value = self.target.fixtures.get(name) if name else None
        if value is None:
            if default is not None:
                return default
            raise Inconclusive(say("fixture_missing", name=name))
        return str(value)

    def _query(self, operation: Operation) -> dict[str, str]:
        """The query of a valid request: fixtures, and what the edition asks with a fixed value."""
        found = {}
        for parameter in operation.query_parameters:
            if parameter.fixture:
                found[parameter.name] = self.fixture(parameter.fixture)
            elif parameter.required:
                found[parameter.name] = str(_fixed(parameter.schema))
        return found

    def _path_values(self, operation: Operation, fixtures: Mapping[str, Any]) -> dict[str, str]:
        return {
            p.meaning: fixtures[p.fixture] if p.fixture in fixtures else self.fixture(p.fixture)
            for p in operation.path_parameters
            if p.fixture and p.meaning
        }

    def _body(
        self, operation: Operation, binding: Binding, label: str, file: bytes, fixtures: Mapping[str, Any]
    ) -> Body | None:
        schema = operation.body_schema
        if schema is None or binding.example is None:
            return None
        body = Body(schema, operation.examples[binding.example])
        if operation.kind == "change":
            body = self._as_it_stands(binding.role, body)
        return self.fill(body, label, file, fixtures=fixtures)

    def standing_state(self, role: str) -> str | None:
        """The state that the edition's uploads tell of the enrolment; None when they tell none."""
        for operation in self.edition.operations(role, "upload"):
            for example in operation.examples.values():
                state = Body(operation.body_schema or {}, example).get("state")
                if state is not None:
                    return str(state)
        return None

    def _as_it_stands(self, role: str, body: Body) -> Body:
        """Let a change of an enrolment tell the state that it has already, so that nothing ends by it."""
        state = self.standing_state(role)
        if state is None or not body.has("state"):
            return body
        return body.with_("state", state).without("enrollment_final_end_date")

    def fill(
        self,
        body: Body,
        label: str,
        file: bytes,
        lenient: bool = False,
        fixtures: Mapping[str, Any] | None = None,
    ) -> Body:
        """Put fixtures (the target's unless given), fresh ids, the marker and the real size into a body.

        ``lenient``: the body is invalid on purpose, so leave what is wrong as it is. Raises Inconclusive.
        """
        known = self.target.fixtures if fixtures is None else fixtures
        missing: list[str] = []

        def value_for(schema: Mapping[str, Any], current: Any) -> Any:
            if lenient and not _is_text_for(schema, current):
                return None
            if schema.get("x-okd-fresh"):
                return self.fresh_uuid(label)
            if schema.get("x-okd-meaning") == "document_name" and isinstance(current, str):
                return f"{self.marker}-{current}"
            if schema.get("x-okd-meaning") == "document_size" and is_size(current):
                return len(file)
            fixture = schema.get("x-okd-fixture")
            if fixture is None:
                return None
            value = known.get(fixture)
            if value is None:
                missing.append(fixture)
            return value

        filled = body.filled(value_for)
        if not missing:
            return filled
        for place in body.places():
            if place.present and place.meaning and place.schema.get("x-okd-fixture") in missing:
                filled = filled.without(place.meaning)
        if not lenient and filled.errors():
            raise Inconclusive(say("fixture_missing", name=", ".join(dict.fromkeys(missing))))
        return filled

    # --- arrangements ----------------------------------------------------------------------------------

    def once(self, key: str, make: Callable[[], Any]) -> Any:
        """Make something once per run; if that was stopped, so is each later call."""
        if key not in self._memo:
            try:
                self._memo[key] = make()
            except (Inconclusive, NotTested) as stop:
                self._memo[key] = stop
        found = self._memo[key]
        if isinstance(found, (Inconclusive, NotTested)):
            raise type(found)(found.reason)
        return found

    def forget(self, key: str) -> None:
        """Make it anew at the next call of ``once``."""
        self._memo.pop(key, None)

    def accepted(self, operation: Operation, binding: Binding) -> Exchange:
        """The twin of every refusal: the canonical request, which the target must have accepted in this run.

        Raises Inconclusive when it did not.
        """
        key = f"accepted:{binding.role}:{binding.key}:{binding.example}"
        found: Exchange = self.once(key, lambda: self._accepted(operation, binding, key))
        return found

    def _accepted(self, operation: Operation, binding: Binding, label: str) -> Exchange:
        sample = self.ready(operation, binding, label)
        exchange = self.send(sample.request(), label, binding.role, operation)
        return accepted_or_inconclusive(exchange)

    def ready(self, operation: Operation, binding: Binding, label: str, **given: Any) -> Sample:
        """A sample with what it needs arranged at the target.

        That is a stored or registered document to act on; for a change, an enrolment that is known.
        """
        wanted = {p.meaning for p in operation.path_parameters if not p.fixture}
        if "dms_document_id" in wanted and "path_values" not in given:
            given["path_values"] = {"dms_document_id": self.something_to_act_on(operation, binding, label)}
        if operation.kind == "change":
            with suppress(Inconclusive, NotTested):
                self.document(binding.role, None)
            given.setdefault("media_type", self.spoken(operation, binding, label))
        if operation.kind == "replace" and "file_type" not in given:
            given["file_type"] = self.spoken(operation, binding, label)
        return self.sample(operation, binding, label, **given)

    def spoken(self, operation: Operation, binding: Binding, label: str) -> str | None:
        """The media type of the body to send: the edition's first, unless the target takes only another."""
        replaces = operation.kind == "replace"
        types = [media for media in operation.request if replaces or media.endswith("json")]

        def sample_in(media: str) -> Sample:
            if not replaces:
                return self.sample(operation, binding, label, media_type=media)
            document = self.store(binding.role, binding.document_type, label).id
            given = {"file_type": media, "path_values": {"dms_document_id": document}}
            return self.sample(operation, binding, label, **given)

        def found() -> str | None:
            for media in types[:-1]:
                sample = sample_in(media)
                exchange = self.send(sample.request(), label, binding.role, operation)
                if exchange.status not in {400, 415, 422}:
                    return media
            return types[-1] if types else None

        media: str | None = self.once(f"spoken:{binding.role}:{operation.name}", found)
        return media

    def something_to_act_on(self, operation: Operation, binding: Binding, label: str) -> str:
        """The id of a document that a request of this operation can name."""
        if operation.kind in {"read", "metadata"}:
            return self.document(binding.role, binding.document_type).id
        if self.edition.operations(binding.role, "upload"):
            return self.store(binding.role, binding.document_type, label).id
        return self.register(binding.role, label)

    def upload_binding(self, role: str, document_type: str | None) -> tuple[Operation, Binding]:
        """The upload by which a document of this type comes in. Raises Inconclusive when there is none."""
        for operation in self.edition.operations(role, "upload"):
            for binding in operation.bindings:
                if document_type in {None, binding.document_type}:
                    return operation, binding
        raise Inconclusive(say("no_upload_for_type", document_type=document_type))

    def binding_for(self, role: str, kind: str, document_type: str | None) -> tuple[Operation, Binding]:
        """The operation of a kind, as a document type uses it. Raises Inconclusive if there is none."""
        for operation in self.edition.operations(role, kind):
            for binding in operation.bindings:
                if document_type is None or binding.document_type in {None, document_type}:
                    return operation, binding
        raise Inconclusive(say("no_operation", kind=kind))

    def document(self, role: str, document_type: str | None) -> Stored:
        """A document that all cases may read but none may change."""
        key = f"document:{role}:{document_type}"
        found: Stored = self.once(key, lambda: self.store(role, document_type, key))
        return found

    def store(self, role: str, document_type: str | None, label: str, **given: Any) -> Stored:
        """Upload a document for one case. Raises Inconclusive when the target doesn't take it."""
        operation, binding = self.upload_binding(role, document_type)
        sample = self.sample(operation, binding, label, **given)
        exchange = accepted_or_inconclusive(self.send(sample.request(), label, role, operation))
        stored = Stored(self.stored_id(operation, exchange), sample.file, sample, exchange)
        self._await(stored, label)
        return stored

    def first_read(self, ask: Callable[[], Exchange]) -> Exchange:
        """Ask about a new document, and again while the target is still storing or scanning it.

        That takes ``limits.ready_within_s`` at most; when it was in vain once, nothing is waited for again.
        """
        exchange, waited, most = ask(), 0.0, self.target.limits.ready_within_s
        while exchange.status in NOT_READY and waited < most and not self._never_ready:
            self.slow = True
            pause = min(max(FIRST_PAUSE_S, waited), most - waited)
            self.client.sleep(pause)
            waited += pause
            exchange = ask()
        if waited and exchange.status in NOT_READY:
            self._never_ready = True
        return exchange

    def _await(self, stored: Stored, label: str) -> None:
        """Let a document become readable, where the first one of the run wasn't so at once."""
        first = self.number("first_read") == 1
        if self._never_ready or not (first or self.slow):
            return
        sample, role = stored.sample, stored.sample.binding.role
        with suppress(Inconclusive, NotTested):
            operation, binding = self.binding_for(role, "read", sample.binding.document_type)
            values = {"dms_document_id": stored.id}
            reading = self.sample(operation, binding, label, path_values=values, token=sample.token)
            self.first_read(lambda: self.send(reading.request(), label, role, operation))

    def stored_id(self, operation: Operation, exchange: Exchange) -> str:
        """The id that the DMS gave. Raises Inconclusive when the answer has none."""
        found = answered_id(operation, exchange, self.places(operation))
        if found is None:
            raise Inconclusive(say("no_document_id"))
        return found

    def register(self, role: str, label: str) -> str:
        """Make a document known at a module for one case, and return the DMS's id.

        An edition without an operation for it leaves that to the hook ``register``; NotTested without it.
        """
        operation = next(iter(self.edition.operations(role, "register")), None)
        if operation is None:
            document_id = self.fresh_uuid(label)
            intent = Intent("register", role, "register", dms_document_id=document_id)
            with self.made_by_a_hook(intent) as note:
                self.hooks.call("register", role=role, document_id=document_id)
                note(document_id)
            return document_id
        sample = self.sample(operation, operation.bindings[0], label)
        accepted_or_inconclusive(self.send(sample.request(), label, role, operation))
        return str(sample.body.get("dms_document_id")) if sample.body else ""

    @contextmanager
    def made_by_a_hook(self, intent: Intent) -> Iterator[Callable[[str], None]]:
        """Note what a hook is about to create; call what this gives with the id when it did."""
        number = self.ledger.about_to(intent)
        try:
            yield lambda document_id: self.ledger.created(number, document_id)
        except NotTested:
            self.ledger.nothing(number)
            raise

    # --- leaving ---------------------------------------------------------------------------------------

    def restore(self, role: str, label: str = "cleanup") -> bool | None:
        """Put the test enrolment back into the state that it had; False when the target doesn't take it.

        None when it doesn't answer.
        """
        try:
            operation, binding = self.binding_for(role, "change", None)
            media_type = self.spoken(operation, binding, label)
            sample = self.sample(operation, binding, label, media_type=media_type)
            exchange = self.send(sample.request(), label, role, operation, ("cleanup",))
        except (Inconclusive, NotTested):
            return False
        return None if exchange.answer is None else exchange.answer.succeeded

    def left(self) -> Left:
        """What the run created or changed at the target, and has not undone."""
        return Leaving(self).left()

    def clean_up(self) -> Left:
        """Undo it; returns what is left. When it is interrupted, ``left`` tells the same."""
        return Leaving(self).clean_up()

    def delete(self, role: str, document_id: str) -> bool:
        """Delete a document that the run created; False when the target doesn't let us, or it is unknown."""
        return Leaving(self).delete(role, document_id)


def _went_out(talk: Talk | None) -> bool:
    """Whether the whole request can have reached the target."""
    if isinstance(talk, Transfer):
        return talk.meter.sent >= talk.meter.upward
    return not (isinstance(talk, Expecting) and talk.only_ask)


def _is_text_for(schema: Mapping[str, Any], current: Any) -> bool:
    return isinstance(current, str) and (schema.get("format") != "uuid" or is_uuid(current))


def is_size(value: Any) -> bool:
    """Whether a value can be a number of bytes."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _fixed(schema: Mapping[str, Any]) -> Any:
    return schema["const"] if "const" in schema else schema["enum"][0]


def accepted_or_inconclusive(exchange: Exchange) -> Exchange:
    """Return the exchange if it succeeded, else raise Inconclusive."""
    if exchange.answer is None or not exchange.answer.succeeded:
        raise Inconclusive(say("twin_refused", request=_named(exchange), received=received(exchange)))
    return exchange


def _named(exchange: Exchange) -> str:
    path = "/" + exchange.request.url.partition("://")[2].partition("/")[2]
    return f"{exchange.request.method} {path}"


def _json_field(exchange: Exchange, name: str) -> Any:
    try:
        value = exchange.answer.json() if exchange.answer else None
    except ValueError:
        return None
    return value.get(name) if isinstance(value, dict) else None
