"""What a check asks of the run: requests, tokens and documents, all on behalf of its case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from okd_conformance.auth.tokens import Token
from okd_conformance.base.text import say
from okd_conformance.judge.arrangements import BUSY, NOT_READY, REDIRECTS, Stored, accepted_or_inconclusive
from okd_conformance.judge.ledger import Intent
from okd_conformance.judge.replacing import Way
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.situated import Situated
from okd_conformance.judge.stops import Inconclusive
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.wire.address import joined, same_origin
from okd_conformance.wire.body import length_of
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.generated import Comparison
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.multipart import Multipart
from okd_conformance.wire.raw import Expecting
from okd_conformance.wire.throttling import UNAVAILABLE

_T = TypeVar("_T")


@dataclass(repr=False)
class Arranging(Situated):
    """The part of a case that sends and arranges: all that it makes carries the case's id."""

    exchanges: list[Exchange] = field(default_factory=list)
    telling: Exchange | None = None
    """The exchange that shows what is judged: the last one, unless a check names another."""

    # --- rights ----------------------------------------------------------------------------------------

    def token(self, *scopes: str, **options: Any) -> Token:
        """A token with these scopes. Raises Inconclusive or NotTested when there is none that counts."""
        return self._counting(self.bench.rights.token(scopes, **options))

    def ordered_token(self, scopes: list[str]) -> Token:
        """A token for scopes in this order. Raises Inconclusive, or NotTested when nobody hands it out."""
        return self._counting(self.bench.rights.ordered_token(scopes))

    def odd_token(self, kind: str) -> str:
        """A token that must be refused; apart from its oddness it is the usual one of the case's binding.

        Raises Inconclusive or NotTested when there is none that counts.
        """
        value = self.bench.rights.odd_token(kind, self.binding)
        self.need_control(value)
        return value

    def _counting(self, token: Token) -> Token:
        self.need_control(token.value)
        return token

    def need_control(self, value: str | None) -> None:
        """Make sure that a token which the suite signed counts, as one that is taken. Raises Inconclusive."""
        client_id = self.bench.rights.signed_for(value)
        if client_id is None or self.spec.operation is None:
            return
        if self.binding.scopes is not None:
            self.bench.arrangements.takes_minted(self.operation, self.binding, client_id)

    def only_scopes(self, *scopes: str) -> str:
        """A token that has these scopes and no other of the edition.

        Raises NotTested when the issuer adds more, or hands out none; Inconclusive when it ought to.
        """
        return self.narrow_token(*scopes).value

    def narrow_token(self, *scopes: str) -> Token:
        """A token that has these scopes and no other of the edition, with what is known of it.

        Raises NotTested when the issuer adds more, or hands out none; Inconclusive when it ought to, or when
        it leaves out what was asked.
        """
        token = self.token(*scopes)
        granted, known = token.scopes_granted, set(self.edition.scopes)
        if granted is not None and (granted & known) - set(scopes):
            raise self.not_tested("issuer_grants_more", scope=" ".join(scopes))
        if token.lacking & known and not self._speaks_otherwise():
            raise Inconclusive(self.bench.set_up.gave_less(token.client_id, token.lacking & known))
        return token

    def _speaks_otherwise(self) -> bool:
        """Whether the usual token lacks its scope too by its own words: then they are not the standard's."""
        return self.binding.scopes is not None and bool(self.usual(self.binding).lacking)

    def for_wrong_secret(self, client_id: str) -> bool:
        """Whether the issuer gives a token for a secret that isn't the client's; tried once per client.

        Raises Inconclusive when the right secret brings none, NotTested where there is no secret.
        """
        return self.bench.rights.for_wrong_secret(client_id, f"wrong-{self.fresh_uuid()}")

    def beyond(self, client_id: str, scope: str) -> Token | None:
        """What the issuer gives a client for a scope that it doesn't list; None when it refuses."""
        return self.bench.rights.beyond(client_id, scope)

    def usual_token(self, binding: Binding, component: str | None = None) -> str | None:
        """The token that a binding is normally called with. Raises Inconclusive when there is none."""
        return self.bench.rights.usual_token(binding, component)

    def usual(self, binding: Binding, component: str | None = None) -> Token:
        """The usual token of a binding, with what is known of it. Raises LookupError where none is needed."""
        return self.bench.rights.usual(binding, component)

    def component_of(self, token: Token) -> str | None:
        """The calling system that a token belongs to, by the target file; None when that names none."""
        return self.bench.rights.component_of(token)

    def learn_secret(self, value: str) -> None:
        """Keep a value out of everything that is written or shown."""
        self.bench.redactor.learn(value)

    def learn_address(self, url: str) -> None:
        """Keep an address that gives access without a token out of everything that is written or shown."""
        self.bench.redactor.learn_address(url)

    # --- samples ---------------------------------------------------------------------------------------

    def fresh_uuid(self) -> str:
        """A new UUID, derived from seed, run id and case id; no other id of this case is the same."""
        return self.bench.samples.fresh_uuid(self.id)

    def canonical(self, **given: Any) -> Sample:
        """The operation's own valid request, ready to send."""
        return self.ready(self.operation, self.binding, **given)

    def sample(self, **given: Any) -> Sample:
        """A valid request to change in one point, after its unchanged twin was accepted in this run.

        Raises Inconclusive when the target refused the twin.
        """
        self.accepted()
        return self.canonical(**given)

    def sample_of(self, operation: Operation, binding: Binding, **given: Any) -> Sample:
        """A valid request of another operation. Raises Inconclusive when a fixture is missing."""
        return self.bench.samples.sample(operation, binding, self.id, **given)

    def ready(self, operation: Operation, binding: Binding, **given: Any) -> Sample:
        """A valid request of any operation, with what it needs arranged at the target."""
        return self.bench.arrangements.ready(operation, binding, self.id, **given)

    def fill(self, body: Body, file: bytes, *, lenient: bool = False) -> Body:
        """Put fixtures, fresh ids, the marker and the real size into a body. Raises Inconclusive."""
        return self.bench.samples.fill(body, self.id, file, lenient=lenient)

    def binding_for(self, kind: str, document_type: str | None = None) -> tuple[Operation, Binding]:
        """The role's operation of a kind, as a document type uses it. Raises Inconclusive."""
        return self.bench.arrangements.binding_for(self.role, kind, document_type)

    def upload_binding(self, document_type: str | None = None) -> tuple[Operation, Binding]:
        """The upload by which a document of this type comes in. Raises Inconclusive when there is none."""
        return self.bench.arrangements.upload_binding(self.role, document_type)

    def way_of_replacing(self) -> Way:
        """How the target replaces content: by the case's own operation, or by another way of the edition."""
        return self.bench.arrangements.way_of_replacing(self.operation, self.binding, self.id)

    @property
    def standing_state(self) -> str | None:
        """The state that the edition's uploads tell of the enrolment; None when they tell none."""
        return self.bench.samples.standing_state(self.role)

    # --- sending ---------------------------------------------------------------------------------------

    def send(self, request: Request, operation: Operation | None = None, *tags: str) -> Exchange:
        """Send a request as part of this case; of another role's operation, where one address serves both."""
        meant = operation or self.spec.operation
        exchange = self.bench.sending.send(request, self.id, meant.role if meant else self.role, meant, tags)
        self.bench.arrangements.replacing.release()
        self.exchanges.append(exchange)
        self.telling = exchange
        return exchange

    def send_asking_leave(self, request: Request, *, only_ask: bool = False) -> tuple[Exchange, Expecting]:
        """Send a request with ``Expect: 100-continue``; gives what became of that too.

        With ``only_ask`` the body is never sent. Raises NotTested behind a proxy.
        """
        if self.bench.client.settings.proxy is not None:
            raise self.not_tested("no_leave_behind_a_proxy")
        talk = Expecting(self.bench.client, only_ask=only_ask)
        labels = (self.id, self.role, self.spec.operation, ("raw",))
        exchange = self.bench.sending.send(request, *labels, talk=talk)
        if only_ask:
            exchange.meter = Meter(upward=length_of(request.body) if request.body is not None else 0)
        self.exchanges.append(exchange)
        self.telling = exchange
        return exchange, talk

    # --- arrangements ----------------------------------------------------------------------------------

    def once(self, key: str, make: Callable[[], _T]) -> _T:
        """Make something once per run; if that was stopped, so is each later call."""
        made: _T = self.bench.arrangements.once(key, make)
        return made

    def forget(self, key: str) -> None:
        """Make it anew at the next call of ``once``."""
        self.bench.arrangements.forget(key)

    def accepted(self, operation: Operation | None = None, binding: Binding | None = None) -> Exchange:
        """The twin of a refusal: the canonical request, which the target accepted in this run.

        Raises Inconclusive when it did not. Without an operation it is the case's own.
        """
        return self.bench.arrangements.accepted(operation or self.operation, binding or self.binding)

    def shared(self, key: str, document_type: str | None, **given: Any) -> Stored:
        """A document that several cases share under a key. Raises Inconclusive."""
        found: Stored = self.once(
            key, lambda: self.bench.arrangements.store(self.role, document_type, key, **given)
        )
        return found

    def stored_id(self, operation: Operation, exchange: Exchange) -> str:
        """The id that the DMS gave. Raises Inconclusive when the answer has none."""
        return self.bench.arrangements.stored_id(operation, exchange)

    def delete(self, document_id: str) -> bool:
        """Delete a document that the run created; False when the target doesn't let us, or it is unknown."""
        return self.bench.leaving.delete(self.role, document_id)

    def gone(self, document_id: str) -> None:
        """Note that a document is no longer at the target, so that nobody deletes it again."""
        self.bench.ledger.gone(self.role, document_id)

    def restore(self) -> bool:
        """Put the test enrolment back into the state that it had; whether it is in it."""
        self.bench.arrangements.restore(self.role, self.id)
        return self.bench.ledger.states.get(self.role) in {None, self.standing_state}

    @contextmanager
    def made_by_a_hook(self, intent: Intent) -> Iterator[Callable[[str], None]]:
        """Note what a hook is about to create; call what this gives with the id when it did."""
        with self.bench.arrangements.made_by_a_hook(intent) as note:
            yield note

    def first_answer(self, ask: Callable[[], Exchange]) -> Exchange:
        """Ask about a new document, and again while the target is still storing or scanning it."""
        return self.bench.arrangements.first_read(ask)

    def is_silent(self, exchange: Exchange) -> bool:
        """Whether an exchange was left unanswered, and so is a simple question to the same server now."""
        return self.bench.sending.is_silent(exchange)

    def store(self, document_type: str | None = None, **given: Any) -> Stored:
        """Upload a document for this case alone; of the binding's type if the case has one."""
        wanted = document_type or (self.spec.operation and self.binding.document_type) or None
        return self._own(self.bench.arrangements.store(self.role, wanted, self.id, **given))

    def document(self) -> Stored:
        """A document that may be read but not changed."""
        return self.bench.arrangements.document(
            self.role, self.binding.document_type if self.spec.operation else None
        )

    def transfer(self, request: Request, operation: Operation, *, sink: Comparison | None = None) -> Exchange:
        """Send a request with a large body, or for a large answer that goes into ``sink``."""
        exchange = self.bench.sending.transfer(request, self.id, self.role, operation, sink=sink)
        self.bench.arrangements.replacing.release()
        return exchange

    def arranged(self, exchange: Exchange) -> Exchange:
        """Make sure that a request worked on which others build. Raises Inconclusive."""
        return accepted_or_inconclusive(exchange)

    def is_not_ready(self, exchange: Exchange) -> bool:
        """Whether an answer about a new document may mean that it is still being stored or scanned."""
        return exchange.status in NOT_READY

    def answered(self, exchange: Exchange) -> None:
        """Make sure that the exchange can be judged at all. Raises Inconclusive."""
        if exchange.error is not None and exchange.error.no_judgement:
            raise Inconclusive(say(f"error_{exchange.error}"))
        if exchange.status in BUSY:
            raise Inconclusive(say("throttled"))
        if exchange.status in UNAVAILABLE:
            raise Inconclusive(say("unavailable", status=exchange.status))

    def sent(self, sample: Sample, message: Multipart | None = None, **changes: Any) -> Exchange:
        """Send a sample, with another multipart message or other attributes of the request if given."""
        return self.send(sample.request(message, **changes), sample.operation)

    def read(self, document_id: str, token: str | None = None, document_type: str | None = None) -> Exchange:
        """Ask for the bytes of a document with its usual token or another, and follow where that leads."""
        return self.followed(self.call("read", document_id, token, document_type))

    def followed(self, exchange: Exchange) -> Exchange:
        """What an exchange leads to in the end: itself, when its answer is no redirect to a web address."""
        location = exchange.answer.header("location") if exchange.answer else None
        onward = joined(exchange.request.url, location) if location and exchange.status in REDIRECTS else None
        return exchange if onward is None else self.opened(onward)

    def opened(self, url: str, most: int = 5) -> Exchange:
        """Get an address as a browser does: without a token, following ``most`` redirects."""
        own = same_origin(url, self.base_url)
        self.learn_address(url)
        headers = (("Accept", "*/*"),)
        request = Request("GET", url, headers, sensitive_url=True, gateway=own, elsewhere=not own)
        exchange = self.send(request, None, "raw")
        location = exchange.answer.header("location") if exchange.answer else None
        onward = joined(url, location) if location and exchange.status in REDIRECTS else None
        return exchange if onward is None or not most else self.opened(onward, most - 1)

    def first_read(self, document_id: str, document_type: str | None = None) -> Exchange:
        """Ask for the bytes of an own new document; a target that needs a moment for it gets one."""
        return self.first_answer(lambda: self.read(document_id, document_type=document_type))

    @property
    def registers(self) -> bool:
        """Whether the module claims a flow by which the DMS registers documents."""
        operations = self.edition.operations(self.role, "register")
        return any(self.bench.arrangements.claims(self.role, o.bindings[0]) for o in operations)

    def registered(self) -> str:
        """Make a document known at the module for this case alone, and return the DMS's id."""
        return self.bench.arrangements.register(self.role, self.id)

    def replaced(self, document_id: str, content: bytes, like: Sample) -> bool:
        """Replace a document's content; whether the target accepted it."""
        operation, binding = self.binding_for("replace", like.binding.document_type)
        path = {"dms_document_id": document_id}
        sample = self.ready(operation, binding, path_values=path, file=content)
        exchange = self.sent(sample)
        self.answered(exchange)
        return exchange.succeeded

    def call(
        self, kind: str, document_id: str, token: str | None = None, document_type: str | None = None
    ) -> Exchange:
        """Call the operation of this kind on a document."""
        operation, binding = self.binding_for(kind, document_type)
        given: dict[str, Any] = {"path_values": {"dms_document_id": document_id}}
        if token is not None:
            given["token"] = token
        return self.sent(self.ready(operation, binding, **given))

    def _own(self, stored: Stored) -> Stored:
        self.exchanges.append(stored.exchange)
        return stored

    def attempt(self, token: str | None) -> Exchange:
        """Send the operation's valid request with another token, or with none, after its twin was accepted.

        What is to be changed or deleted is shared by all attempts, until one has an effect.
        """
        bench, operation = self.bench, self.operation
        self.accepted()
        if operation.kind not in {"replace", "delete"}:
            return self.sent(self.canonical().but(token=token))
        key = f"victim:{self.role}:{self.binding.key}"
        document = bench.arrangements.once(
            key, lambda: bench.arrangements.something_to_act_on(operation, self.binding, key)
        )
        sample = self.canonical(path_values={"dms_document_id": document}).but(token=token)
        exchange = self.sent(sample)
        if exchange.succeeded:
            bench.arrangements.forget(key)
        return exchange
