"""How a case judges: what came is held against the readings of its requirement, and each finding is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from okd_conformance.base.text import Text, say
from okd_conformance.judge.arrangements import REDIRECTS
from okd_conformance.judge.arranging import Arranging
from okd_conformance.judge.ids import answered_id
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.stops import Failed, Inconclusive
from okd_conformance.judge.words import expected_statuses, received
from okd_conformance.standard.fields import Body, field_name, field_names
from okd_conformance.standard.operation import Operation
from okd_conformance.standard.readings import Answers, Reading
from okd_conformance.wire.client import MAX_ANSWER_BYTES
from okd_conformance.wire.exchange import Exchange

WANT_OF_RIGHTS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""How a server refuses who may not call, or who it can't tell."""


@dataclass(repr=False)
class Judging(Arranging):
    """The part of a case that judges answers and facts, and keeps its notes and warnings."""

    notes: list[Text] = field(default_factory=list)
    warnings: list[tuple[Text, Text]] = field(default_factory=list)
    """What was expected and what came, for each warning."""

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
        if reading == "failed" and self._is_led_to_content(exchange, answers):
            return self.exchanges[-1]
        self._need_rights(exchange, answers)
        if reading == "failed":
            self._need_good_token(exchange)
        if reading not in {"conformant", "noted"}:
            self._judge(reading, named, expected, received(exchange))
        elif exchange.answer.cut and exchange.answer.whole is None:
            raise Inconclusive(say("answer_cut", size=MAX_ANSWER_BYTES))
        elif reading == "noted":
            self.note(say("note_answered", received=received(exchange)))
        return exchange

    def _is_led_to_content(self, exchange: Exchange, answers: Answers) -> bool:
        """Whether a redirect leads to the content that would be right here; OKD-FX-001 judges the detour."""
        reads = exchange.operation is not None and self._operation_of(exchange).kind == "read"
        right = answers.reading_of(HTTPStatus.OK)[0] in {"conformant", "noted"}
        return reads and right and exchange.status in REDIRECTS and self.followed(exchange).succeeded

    def _need_rights(self, exchange: Exchange, answers: Answers) -> None:
        """Make sure that it isn't for want of rights that an edition without any sees a refusal.

        Raises Inconclusive, unless the answers name that status.
        """
        if not self.edition.scopes and exchange.status in WANT_OF_RIGHTS - set(answers.named):
            key = "token_wanted" if exchange.request.token is None else "token_not_enough"
            raise Inconclusive(say(key, status=exchange.status))

    def _need_good_token(self, exchange: Exchange) -> None:
        """Make sure that it isn't the issuer or the suite that made a token the target refuses.

        Raises Inconclusive.
        """
        if exchange.status not in WANT_OF_RIGHTS:
            return
        rights, token = self.bench.rights, exchange.request.token
        lacking = rights.lacking(token)
        if lacking:
            raise Inconclusive(self.bench.set_up.gave_less(rights.clients[token or ""], lacking))
        self.need_control(token)

    def expect_right(self, exchange: Exchange, situation: str = "default") -> Exchange:
        """Judge what a token brought that is enough by the standard.

        A server error says nothing about rights, unless the same request with the usual token was accepted in
        this run. Raises Failed or Inconclusive.
        """
        if exchange.status is not None and exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.accepted()
        return self.expect(exchange, situation)

    def require(
        self,
        condition: bool,
        key: str,
        *,
        reading: Reading = "failed",
        situation: str | None = None,
        exchange: Exchange | None = None,
        named: bool = False,
        though_packed: bool = False,
        **values: object,
    ) -> bool:
        """Judge a fact; messages ``<key>_expected`` and ``<key>_received`` say it in words.

        Inconclusive when the answer came packed so that nobody can read it, unless it is judged all the same.
        When it doesn't hold it is read as ``reading``, or as the catalogue reads the status of
        ``exchange`` in ``situation``. ``named``: the row itself says that it fails. Raises Failed.
        """
        if condition:
            return True
        if situation is not None and exchange is not None and exchange.answer is not None:
            reading, named = self.answers(situation).reading_of(exchange.answer.status)
        if exchange is not None:
            self.telling = exchange
        answer = self.telling.answer if self.telling else None
        if answer is not None and answer.closed and not though_packed:
            raise Inconclusive(say("answer_packed", coding=answer.coding), self.telling)
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
        """Judge that an upload's answer holds the DMS's id, and return it.

        Raises Failed when it holds none, and Inconclusive where that only warns."""
        operation = self._operation_of(exchange)
        found = answered_id(operation, exchange, self.places(operation))
        self.require(found is not None, "no_id_in_answer", field=self.answer_field("dms_document_id"))
        if found is None:
            raise Inconclusive(say("no_document_id"))
        return found

    def _operation_of(self, exchange: Exchange) -> Operation:
        if exchange.operation is None:
            return self.operation
        return self.edition.operation(exchange.role or self.role, exchange.operation)

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
        exchange = self.first_answer(lambda: self.call("metadata", document_id, document_type=document_type))
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

    def note(self, text: Text) -> None:
        """Record a fact or a freedom used."""
        if text not in self.notes:
            self.notes.append(text)

    def _judge(self, reading: Reading, named: bool, expected: Text, came: Text) -> None:
        if reading == "noted":
            self.note(came)
        elif reading == "failed" and (self.requirement.can_fail or named):
            raise Failed(expected, came)
        else:
            self.warnings.append((expected, came))
