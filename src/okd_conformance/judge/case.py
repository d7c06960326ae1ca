"""A case: one check, for one role and operation, with one set of parameters; it sends and it judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from okd_conformance.base.text import Text, joined, say
from okd_conformance.judge.ids import answered_id
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.judge.stops import Failed, Inconclusive, NotApplicable, NotTested, Stopped
from okd_conformance.judge.words import expected_statuses, received
from okd_conformance.standard.catalogue import Requirement
from okd_conformance.standard.edition import Binding, Operation
from okd_conformance.standard.fields import Body, field_name, field_names
from okd_conformance.standard.readings import Answers, Reading, load_waiting
from okd_conformance.wire.body import length_of
from okd_conformance.wire.client import MAX_ANSWER_BYTES
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.raw import Expecting

if TYPE_CHECKING:
    from okd_conformance.auth.tokens import Token
    from okd_conformance.judge.bench import Bench, Stored
    from okd_conformance.judge.sample import Sample
    from okd_conformance.wire.multipart import Multipart

_BUSY = frozenset(load_waiting()["busy"].statuses)
_NO_JUDGEMENT = frozenset({"timeout", "deadline", "unreachable", "tls", "not_opened"})


@dataclass(frozen=True, slots=True)
class CaseSpec:
    """Which requirement is judged where; the id is public."""

    id: str
    requirement: Requirement
    role: str
    operation: Operation | None
    binding: Binding | None


@dataclass(repr=False)
class Case:
    """What a check receives: it builds requests through ``bench``, sends them, and judges the answers."""

    spec: CaseSpec
    bench: Bench
    exchanges: list[Exchange] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)
    warnings: list[tuple[Text, Text]] = field(default_factory=list)
    telling: Exchange | None = None

    @property
    def requirement(self) -> Requirement:
        """The requirement that is judged."""
        return self.spec.requirement

    @property
    def role(self) -> str:
        """The role that is judged."""
        return self.spec.role

    @property
    def operation(self) -> Operation:
        """The operation that is judged; LookupError for a case that is about a role as a whole."""
        if self.spec.operation is None:
            raise LookupError("this case has no operation")
        return self.spec.operation

    @property
    def binding(self) -> Binding:
        """The binding that is judged; a case per operation gets the operation's first."""
        return self.spec.binding or self.operation.bindings[0]

    # --- sending ---------------------------------------------------------------------------------------

    def send(self, request: Request, operation: Operation | None = None, *tags: str) -> Exchange:
        """Send a request as part of this case; of another role's operation, where one address serves both."""
        meant = operation or self.spec.operation
        exchange = self.bench.send(request, self.spec.id, meant.role if meant else self.role, meant, tags)
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
        labels = (self.spec.id, self.role, self.spec.operation, ("raw",))
        exchange = self.bench.send(request, *labels, talk=talk)
        if only_ask:
            exchange.meter = Meter(upward=length_of(request.body) if request.body is not None else 0)
        self.exchanges.append(exchange)
        self.telling = exchange
        return exchange, talk

    def only_scopes(self, *scopes: str) -> str:
        """A token that has these scopes and no other of the edition.

        Raises NotTested when the issuer adds more, or hands out none; Inconclusive when it ought to.
        """
        return self.narrow_token(*scopes).value

    def narrow_token(self, *scopes: str) -> Token:
        """The same, with what is known of the token."""
        token = self.bench.token(scopes)
        granted = token.scopes_granted
        if granted is not None and (granted & set(self.bench.edition.scopes)) - set(scopes):
            raise self.not_tested("issuer_grants_more", scope=" ".join(scopes))
        return token

    def fresh_uuid(self) -> str:
        """Return a new UUID, derived from seed, run id and case id; no other id of this case is the same."""
        return self.bench.fresh_uuid(self.spec.id)

    def canonical(self, **given: Any) -> Sample:
        """The operation's own valid request, ready to send."""
        return self.bench.ready(self.operation, self.binding, self.spec.id, **given)

    def sample(self, **given: Any) -> Sample:
        """A valid request to change in one point, after its unchanged twin was accepted in this run.

        Raises Inconclusive when the target refused the twin.
        """
        self.bench.accepted(self.operation, self.binding)
        return self.canonical(**given)

    def store(self, document_type: str | None = None, **given: Any) -> Stored:
        """Upload a document for this case alone; of the binding's type if the case has one."""
        wanted = document_type or (self.spec.operation and self.binding.document_type) or None
        return self._own(self.bench.store(self.role, wanted, self.spec.id, **given))

    def document(self) -> Stored:
        """A document that may be read but not changed."""
        return self.bench.document(self.role, self.binding.document_type if self.spec.operation else None)

    def sent(self, sample: Sample, message: Multipart | None = None, **changes: Any) -> Exchange:
        """Send a sample, with another multipart message or other attributes of the request if given."""
        return self.send(sample.request(message, **changes), sample.operation)

    def read(self, document_id: str, token: str | None = None, document_type: str | None = None) -> Exchange:
        """Ask for the bytes of a document with the usual token of its type, or another."""
        return self.call("read", document_id, token, document_type)

    def first_read(self, document_id: str, document_type: str | None = None) -> Exchange:
        """Ask for the bytes of an own new document; a target that needs a moment for it gets one."""
        return self.bench.first_read(lambda: self.read(document_id, document_type=document_type))

    def registered(self) -> str:
        """Make a document known at the module for this case alone, and return the DMS's id."""
        return self.bench.register(self.role, self.spec.id)

    def replaced(self, document_id: str, content: bytes, like: Sample) -> bool:
        """Replace a document's content; whether the target accepted it."""
        operation, binding = self.bench.binding_for(self.role, "replace", like.binding.document_type)
        sample = self.bench.sample(
            operation,
            binding,
            self.spec.id,
            path_values={"dms_document_id": document_id},
            file=content,
        )
        exchange = self.sent(sample)
        self.answered(exchange)
        return exchange.answer is not None and exchange.answer.succeeded

    def call(
        self, kind: str, document_id: str, token: str | None = None, document_type: str | None = None
    ) -> Exchange:
        """Call the operation of this kind on a document."""
        operation, binding = self.bench.binding_for(self.role, kind, document_type)
        given: dict[str, Any] = {"path_values": {"dms_document_id": document_id}}
        if token is not None:
            given["token"] = token
        return self.sent(self.bench.sample(operation, binding, self.spec.id, **given))

    def _own(self, stored: Stored) -> Stored:
        self.exchanges.append(stored.exchange)
        return stored

    def attempt(self, token: str | None) -> Exchange:
        """Send the operation's valid request with another token, or with none, after its twin was accepted.

        What is to be changed or deleted is shared by all attempts, until one has an effect.
        """
        bench, operation = self.bench, self.operation
        bench.accepted(operation, self.binding)
        if operation.kind not in {"replace", "delete"}:
            return self.sent(self.canonical().but(token=token))
        key = f"victim:{self.role}:{self.binding.key}"
        document = bench.once(key, lambda: bench.something_to_act_on(operation, self.binding, key))
        sample = self.canonical(path_values={"dms_document_id": document}).but(token=token)
        exchange = self.sent(sample)
        if exchange.answer is not None and exchange.answer.succeeded:
            bench.forget(key)
        return exchange

    # --- judging ---------------------------------------------------------------------------------------

    def answers(self, situation: str = "default") -> Answers:
        """The accepted answers of the requirement in a situation; KeyError when the catalogue has none."""
        return self.requirement.answers[situation]

    def expect(self, exchange: Exchange, situation: str = "default") -> Exchange:
        """Judge the status of an answer by the catalogue. Raises Failed or Inconclusive."""
        self.telling = exchange
        self.answered(exchange)
        answers = self.answers(situation)
        expected = expected_statuses(answers)
        if exchange.answer is None:
            self._judge("failed", False, expected, received(exchange))
            return exchange
        reading, named = answers.reading_of(exchange.answer.status)
        if reading not in {"conformant", "noted"}:
            self._judge(reading, named, expected, received(exchange))
        elif exchange.answer.cut and exchange.answer.whole is None:
            raise Inconclusive(say("answer_cut", size=MAX_ANSWER_BYTES))
        elif reading == "noted":
            self.note(say("note_answered", received=received(exchange)))
        return exchange

    def expect_right(self, exchange: Exchange, situation: str = "default") -> Exchange:
        """Judge what a token brought that is enough by the standard.

        A server error says nothing about rights, unless the same request with the usual token was accepted in
        this run. Raises Failed or Inconclusive.
        """
        if exchange.status is not None and exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.bench.accepted(self.operation, self.binding)
        return self.expect(exchange, situation)

    def answered(self, exchange: Exchange) -> None:
        """Make sure that the exchange can be judged at all. Raises Inconclusive."""
        if exchange.error in _NO_JUDGEMENT:
            raise Inconclusive(say(f"error_{exchange.error}"))
        if exchange.status in _BUSY:
            raise Inconclusive(say("throttled"))

    def require(
        self,
        condition: bool,
        key: str,
        *,
        reading: Reading = "failed",
        situation: str | None = None,
        exchange: Exchange | None = None,
        named: bool = False,
        **values: object,
    ) -> bool:
        """Judge a fact; messages ``<key>_expected`` and ``<key>_received`` say it in words.

        When it doesn't hold it is read as ``reading``, or as the catalogue reads the status of
        ``exchange`` in ``situation``. ``named``: the row itself says that it fails. Raises Failed.
        """
        if condition:
            return True
        if situation is not None and exchange is not None and exchange.answer is not None:
            reading, named = self.answers(situation).reading_of(exchange.answer.status)
        if exchange is not None:
            self.telling = exchange
        if reading != "conformant":
            self._judge(reading, named, say(f"{key}_expected", **values), say(f"{key}_received", **values))
        return False

    def bytes_equal(self, found: bytes, sent: bytes, reading: Reading = "failed") -> bool:
        """Judge that bytes came back exactly; the message shows the first that differs."""
        if found == sent:
            return True
        first = next((i for i, (a, b) in enumerate(zip(found, sent, strict=False)) if a != b), None)
        offset = min(len(found), len(sent)) if first is None else first
        sizes: dict[str, Any] = {"found": len(found), "sent": len(sent)}
        return self.require(False, "bytes_differ", reading=reading, offset=offset, **sizes)

    def require_id(self, exchange: Exchange) -> str:
        """Judge that an upload's answer holds the DMS's id, and return it. Raises Failed."""
        operation = self._operation_of(exchange)
        found = answered_id(operation, exchange, self.bench.places(operation))
        self.require(found is not None, "no_id_in_answer", field=self.answer_field("dms_document_id"))
        if found is None:
            raise Inconclusive(say("no_document_id"))
        return found

    def _operation_of(self, exchange: Exchange) -> Operation:
        if exchange.operation is None:
            return self.operation
        return self.bench.edition.operation(exchange.role or self.role, exchange.operation)

    def answer_field(self, meaning: str) -> str:
        """What the edition calls a field of the operation's success answer."""
        return field_name(self.operation.success_schema() or {}, meaning) or meaning

    def field_name(self, meaning: str) -> str:
        """What the edition calls a field of the operation's request. Raises LookupError."""
        name = field_name(self.operation.body_schema or {}, meaning)
        if name is None:
            raise LookupError(f"{self.operation.name} has no field that means {meaning}")
        return name

    def metadata_value(self, document_id: str, meaning: str, like: Sample | None = None) -> Any:
        """A field of a document's metadata, in any spelling that the edition knows; None if it is absent."""
        document_type = like.binding.document_type if like else None
        exchange = self.bench.first_read(
            lambda: self.call("metadata", document_id, document_type=document_type)
        )
        return self.value_in(exchange, meaning)

    def value_in(self, exchange: Exchange, meaning: str) -> Any:
        """A field of a JSON answer, in any spelling that the edition knows; None if it is absent."""
        schema = self._operation_of(exchange).success_schema() or {}
        try:
            value = exchange.answer.json() if exchange.answer and exchange.answer.succeeded else None
        except ValueError:
            return None
        names = field_names(schema, meaning)
        return next((value[n] for n in names if isinstance(value, dict) and n in value), None)

    def answer_body(self, exchange: Exchange) -> Body | None:
        """The JSON of a success answer with its schema, to ask for fields by meaning, or None."""
        try:
            value = exchange.answer.json() if exchange.answer and exchange.answer.succeeded else None
        except ValueError:
            return None
        schema = self._operation_of(exchange).success_schema()
        return None if value is None or schema is None else Body(schema, value)

    def words(self, key: str, **values: object) -> Text:
        """A message for a note."""
        return say(key, **values)

    def note(self, text: Text) -> None:
        """Record a fact or a freedom used."""
        if text not in self.notes:
            self.notes.append(text)

    def inconclusive(self, key: str, **values: object) -> Inconclusive:
        """Return the exception to raise when it can't be judged though it should."""
        return Inconclusive(say(key, **values))

    def not_applicable(self, key: str, **values: object) -> NotApplicable:
        """Return the exception to raise when the requirement doesn't hold here."""
        return NotApplicable(say(key, **values))

    def not_tested(self, key: str, **values: object) -> NotTested:
        """Return the exception to raise when nobody can judge it here."""
        return NotTested(say(key, **values))

    def _judge(self, reading: Reading, named: bool, expected: Text, came: Text) -> None:
        if reading == "noted":
            self.note(came)
        elif reading == "failed" and (self.requirement.can_fail or named):
            raise Failed(expected, came)
        else:
            self.warnings.append((expected, came))

    # --- the result ------------------------------------------------------------------------------------

    def result(self, stopped: Stopped | None, duration_s: float = 0.0) -> CaseResult:
        """What the case found; ``stopped`` is what ended it early."""
        status, expected, came = self._ending(stopped)
        judged = status in {Status.FAILED, Status.WARNING}
        shown = [self.telling, *(e for e in self.exchanges if e is not self.telling)]
        ids = [e.id for e in shown if e is not None]
        return CaseResult(
            id=self.spec.id,
            requirement=self.requirement.id,
            role=self.role,
            flow=self._flow(),
            operation=self.spec.operation.name if self.spec.operation else None,
            status=status,
            summary=self._summary(status, came),
            expected=expected,
            received=came,
            notes=list(self.notes),
            remedy=self.requirement.remedy if judged else None,
            exchanges=ids,
            curl=self.bench.curl(self.telling) if self.telling and judged else None,
            duration_s=duration_s,
        )

    def _ending(self, stopped: Stopped | None) -> tuple[Status, Text | None, Text | None]:
        if isinstance(stopped, Failed):
            return Status.FAILED, stopped.expected, stopped.reason
        if isinstance(stopped, Inconclusive):
            return Status.INCONCLUSIVE, None, stopped.reason
        if isinstance(stopped, NotTested):
            return Status.NOT_TESTED, None, stopped.reason
        if isinstance(stopped, NotApplicable):
            return Status.NOT_APPLICABLE, None, stopped.reason
        if self.warnings:
            expected, came = (list(dict.fromkeys(texts)) for texts in zip(*self.warnings, strict=True))
            return Status.WARNING, joined(expected, "; "), joined(came, "; ")
        return Status.PASSED, None, None

    def _flow(self) -> str | None:
        if self.spec.binding:
            return self.spec.binding.flow
        if self.spec.operation:
            return self.spec.operation.bindings[0].flow
        return None

    def _summary(self, status: Status, came: Text | None) -> Text:
        if came is None:
            return self.requirement.statement
        return say(f"summary_{status}", statement=self.requirement.statement, received=came)


def case_id(requirement: str, role: str, parts: list[str]) -> str:
    """The public id of a case."""
    return f"{requirement}[{','.join([role, *parts])}]"


def labels(parameters: dict[str, Any]) -> list[str]:
    """How parameters are shown in a case id."""
    return [f"{name}={label}" for name, label in parameters.items()]
