"""What is arranged at a target so that a case can judge: documents, registrations, accepted twins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from okd_conformance.base.text import say
from okd_conformance.judge.hooks import Hooks
from okd_conformance.judge.ids import answered_id
from okd_conformance.judge.ledger import Intent
from okd_conformance.judge.replacing import Replacing, Way
from okd_conformance.judge.rights import Rights
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.samples import EXAM_REFERENCES, SITTING, Samples
from okd_conformance.judge.sending import Sending
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.judge.subtypes import first_subtypes, lists_types
from okd_conformance.judge.words import received
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.standard.readings import load_waiting
from okd_conformance.wire.exchange import Exchange
from okd_conformance.wire.waiting import Why, waiting

BUSY = frozenset(load_waiting()["busy"].statuses)
"""How a target asks to wait."""
NOT_READY = frozenset(load_waiting()["not_ready"].statuses)
"""What a target may answer about a new document that it is still storing or scanning."""
NOT_AGREED = {400, 404, 409, 422}
"""How a value is refused that the standard does not name."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
FIRST_PAUSE_S = 0.1
"""How long to wait before asking again; then twice as long each time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document that the target accepted: its id, its bytes, and the sample that it came with."""

    id: str
    content: bytes
    sample: Sample
    exchange: Exchange


@dataclass(repr=False)
class Arrangements:
    """Arranges once per run what cases share, and for each case what is its own."""

    edition: Edition
    sending: Sending
    rights: Rights
    samples: Samples
    hooks: Hooks
    slow: bool = False
    """Whether a new document was not readable at once."""
    _never_ready: bool = False
    _memo: dict[str, Any] = field(default_factory=dict)
    replacing: Replacing = field(init=False)

    def __post_init__(self) -> None:
        """Let replacements go as the target takes them."""
        self.replacing = Replacing(self.edition, self.sending, self.samples)

    def once(self, key: str, make: Callable[[], Any]) -> Any:
        """Make something once per run; if that was stopped, so is each later call."""
        if key not in self._memo:
            try:
                self._memo[key] = make()
            except (Inconclusive, NotTested) as stop:
                self._memo[key] = stop
        found = self._memo[key]
        if isinstance(found, (Inconclusive, NotTested)):
            raise found.again()
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
        exchange = self.sending.send(sample.request(), label, binding.role, sample.operation)
        self.replacing.release()
        return agreed_and_accepted(exchange, binding)

    def takes_minted(self, operation: Operation, binding: Binding, client_id: str) -> None:
        """Make sure that a target takes tokens that the suite signs, by one that is good in all.

        It is tried once per role and client, after its twin of the issuer was accepted. Raises Inconclusive.
        """
        key = f"minted:{binding.role}:{client_id}"
        if self._memo.get(key) is True:
            return
        self.accepted(operation, binding)
        self.once(key, lambda: self._takes_minted(operation, binding, client_id, key))

    def _takes_minted(self, operation: Operation, binding: Binding, client_id: str, label: str) -> bool:
        token = self.rights.control(binding, client_id).value
        sample = self.ready(operation, binding, label, token=token)
        exchange = self.sending.send(sample.request(), label, binding.role, sample.operation)
        self.replacing.release()
        if not exchange.succeeded:
            raise Inconclusive(say("minted_not_taken", received=received(exchange)), exchange)
        return True

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
        if operation.kind == "replace":
            return self._replacement(operation, binding, label, given)
        return self.samples.sample(operation, binding, label, **given)

    def way_of_replacing(self, operation: Operation, binding: Binding, label: str) -> Way:
        """How this target replaces content; the first way that works."""

        def tried(way: Way) -> bool:
            document = self.store(binding.role, binding.document_type, label).id
            given = {"file_type": self.spoken(operation, binding, label)} if way == "own" else {}
            path = {"dms_document_id": document}
            sample = self.replacing.sample(way, operation, binding, label, path_values=path, **given)
            exchange = self.sending.send(sample.request(), label, binding.role, sample.operation)
            self.replacing.release()
            return exchange.succeeded

        return self.replacing.way(binding.role, tried)

    def _replacement(
        self, operation: Operation, binding: Binding, label: str, given: dict[str, Any]
    ) -> Sample:
        way = self.way_of_replacing(operation, binding, label)
        if "file_type" not in given and way == "own":
            given["file_type"] = self.spoken(operation, binding, label)
        return self.replacing.sample(way, operation, binding, label, **given)

    def spoken(self, operation: Operation, binding: Binding, label: str) -> str | None:
        """The media type of the body to send: the edition's first, unless the target takes only another."""
        replaces = operation.kind == "replace"
        types = [media for media in operation.request if replaces or media.endswith("json")]

        def sample_in(media: str) -> Sample:
            if not replaces:
                return self.samples.sample(operation, binding, label, media_type=media)
            document = self.store(binding.role, binding.document_type, label).id
            given = {"file_type": media, "path_values": {"dms_document_id": document}}
            return self.samples.sample(operation, binding, label, **given)

        def found() -> str | None:
            for media in types[:-1]:
                sample = sample_in(media)
                exchange = self.sending.send(sample.request(), label, binding.role, operation)
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

    def subtype_of(self, binding: Binding) -> str | None:
        """A document subtype that the school has: a fixture, else the first that the module lists.

        None when neither tells one; the standard leaves these codes to the school (flow 10).
        """
        known = self.samples.target.fixtures.get("document_subtypes") or {}
        if binding.document_type in known:
            return str(known[binding.document_type])
        listed: dict[str, str] = self.once(f"subtypes:{binding.role}", lambda: self._subtypes(binding.role))
        return listed.get(binding.document_type or "")

    def _subtypes(self, role: str) -> dict[str, str]:
        """The first subtype of each document type, as the module lists them; nothing where it lists none."""
        listing = [o for o in self.edition.operations(role, "lookup") if lists_types(o)]
        if not listing or not self.claims(role, listing[0].bindings[0]):
            return {}
        operation = listing[0]
        with suppress(Inconclusive, NotTested, ValueError):
            label = f"subtypes:{role}"
            sample = self.samples.sample(operation, operation.bindings[0], label)
            exchange = self.sending.send(sample.request(), label, role, operation)
            if exchange.answer is not None and exchange.succeeded:
                return first_subtypes(operation, exchange.answer.json())
        return {}

    def claims(self, role: str, binding: Binding) -> bool:
        """Whether the target claims the flow of a binding."""
        flows = self.samples.target.roles[role].flows
        return flows is None or binding.flow in flows

    def sitting_of(self, operation: Operation, binding: Binding) -> str | None:
        """The sitting that a registration has to name at a module that takes none without an exam; else None.

        Flow 12 can be read both ways.
        """
        sitting = self.samples.target.fixtures.get("offering_id")
        if sitting is None or operation.kind != "register":
            return None
        asked = f"may name sitting:{binding.role}:{operation.id}:{binding.flow}:{binding.example}"
        if not self.once(asked, lambda: _may_name_sitting(operation, binding)):
            return None
        key = f"sitting:{binding.role}"
        return sitting if self.once(key, lambda: self._needs_sitting(operation, binding, sitting)) else None

    def _needs_sitting(self, operation: Operation, binding: Binding, sitting: str) -> bool:
        """Whether a registration without an exam is refused, and with one accepted."""
        label = f"sitting:{binding.role}"
        with suppress(Inconclusive, NotTested):
            for tried in (None, sitting):
                sample = self.samples.sample(operation, binding, label, sitting=tried)
                exchange = self.sending.send(sample.request(), label, binding.role, operation)
                if exchange.status not in NOT_AGREED:
                    return tried is not None and exchange.succeeded
        return False

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
        sample = self.samples.sample(operation, binding, label, **given)
        exchange = self.sending.send(sample.request(), label, role, operation)
        agreed_and_accepted(exchange, binding)
        stored = Stored(self.stored_id(operation, exchange), sample.file, sample, exchange)
        self._await(stored, label)
        return stored

    def first_read(self, ask: Callable[[], Exchange]) -> Exchange:
        """Ask about a new document, and again while the target is still storing or scanning it.

        That takes ``limits.ready_within_s`` at most; when it was in vain once, nothing is waited for again.
        """
        exchange, waited, most = ask(), 0.0, self.sending.limits.ready_within_s
        with waiting(Why.READY, most):
            while exchange.status in NOT_READY and waited < most and not self._never_ready:
                self.slow = True
                pause = min(max(FIRST_PAUSE_S, waited), most - waited)
                self.sending.client.sleep(pause)
                waited += pause
                exchange = ask()
        if waited and exchange.status in NOT_READY:
            self._never_ready = True
        return exchange

    def _await(self, stored: Stored, label: str) -> None:
        """Let a document become readable, where the first one of the run wasn't so at once."""
        first = self.samples.number("first_read") == 1
        if self._never_ready or not (first or self.slow):
            return
        sample, role = stored.sample, stored.sample.binding.role
        with suppress(Inconclusive, NotTested):
            operation, binding = self.binding_for(role, "read", sample.binding.document_type)
            values = {"dms_document_id": stored.id}
            reading = self.samples.sample(operation, binding, label, path_values=values, token=sample.token)
            self.first_read(lambda: self.sending.send(reading.request(), label, role, operation))

    def stored_id(self, operation: Operation, exchange: Exchange) -> str:
        """The id that the DMS gave. Raises Inconclusive when the answer has none."""
        found = answered_id(operation, exchange, self.samples.places(operation))
        if found is None:
            answer = exchange.answer
            if answer is not None and answer.closed:
                raise Inconclusive(say("answer_packed", coding=answer.coding))
            raise Inconclusive(say("no_document_id"))
        return found

    def register(self, role: str, label: str) -> str:
        """Make a document known at a module for one case, and return the DMS's id.

        Where the target claims no flow with an operation for it, that is left to the hook ``register``;
        NotTested without it.
        """
        operation = next(iter(self.edition.operations(role, "register")), None)
        if operation is None or not self.claims(role, operation.bindings[0]):
            document_id = self.samples.fresh_uuid(label)
            intent = Intent("register", role, "register", dms_document_id=document_id)
            with self.made_by_a_hook(intent) as note:
                self.hooks.call("register", role=role, document_id=document_id)
                note(document_id)
            return document_id
        sample = self.samples.sample(operation, operation.bindings[0], label)
        accepted_or_inconclusive(self.sending.send(sample.request(), label, role, operation))
        return str(sample.body.get("dms_document_id")) if sample.body else ""

    @contextmanager
    def made_by_a_hook(self, intent: Intent) -> Iterator[Callable[[str], None]]:
        """Note what a hook is about to create; call what this gives with the id when it did."""
        number = self.sending.ledger.about_to(intent)
        try:
            yield lambda document_id: self.sending.ledger.created(number, document_id)
        except NotTested:
            self.sending.ledger.nothing(number)
            raise

    def restore(self, role: str, label: str = "cleanup") -> bool | None:
        """Put the test enrolment back into the state that it had; False when the target doesn't take it.

        None when it doesn't answer.
        """
        try:
            operation, binding = self.binding_for(role, "change", None)
            media_type = self.spoken(operation, binding, label)
            sample = self.samples.sample(operation, binding, label, media_type=media_type)
            exchange = self.sending.send(sample.request(), label, role, operation, ("cleanup",))
        except (Inconclusive, NotTested):
            return False
        return None if exchange.answer is None else exchange.answer.succeeded


def accepted_or_inconclusive(exchange: Exchange) -> Exchange:
    """Return the exchange if it succeeded, or leads a reader elsewhere; else raise Inconclusive."""
    leads_on = exchange.request.method == "GET" and exchange.status in REDIRECTS
    if not exchange.succeeded and not leads_on:
        reason = say("twin_refused", request=_named(exchange), received=received(exchange))
        raise Inconclusive(reason, exchange)
    return exchange


def agreed_and_accepted(exchange: Exchange, binding: Binding) -> Exchange:
    """Return the exchange if it succeeded.

    Raises NotTested when a type of document was refused that the edition doesn't name, else Inconclusive.
    """
    if binding.type_is_open and exchange.status in NOT_AGREED:
        raise NotTested(say("type_not_agreed", document_type=binding.document_type))
    return accepted_or_inconclusive(exchange)


def _named(exchange: Exchange) -> str:
    path = "/" + exchange.request.url.partition("://")[2].partition("/")[2]
    return f"{exchange.request.method} {path}"


def _may_name_sitting(operation: Operation, binding: Binding) -> bool:
    """Whether an example of the binding's flow names a sitting, and its usual example no exam at all."""
    named = [name for name, value in operation.examples.items() if _has(operation, value, (SITTING,))]
    usual = operation.examples.get(binding.example or "")
    flow = f"flow-{binding.flow}"
    return any(name.startswith(flow) for name in named) and not _has(operation, usual, EXAM_REFERENCES)


def _has(operation: Operation, value: Any, meanings: Iterable[str]) -> bool:
    return any(Body(operation.body_schema or {}, value).has(meaning) for meaning in meanings)
