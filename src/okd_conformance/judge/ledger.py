"""The ledger: what the run created at the target and has not undone yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from okd_conformance.edition import Operation
from okd_conformance.fields import Body
from okd_conformance.judge.ids import answered_id
from okd_conformance.wire.body import Streamed, beginning_of
from okd_conformance.wire.exchange import Exchange

_METADATA_BYTES = 65536
"""The metadata of a generated message lie within so many bytes."""


@dataclass(frozen=True, slots=True)
class Created:
    """A document that stands at the target because of this run, under the id of the DMS."""

    role: str
    document_id: str
    document_type: str | None
    operation: str

    def as_json(self) -> dict[str, Any]:
        """The form of ``ledger.json``."""
        return asdict(self)


@dataclass
class Ledger:
    """Follows every exchange: what created something, what undid it."""

    states: dict[str, str | None] = field(default_factory=dict)
    """Per role, the state that an enrolment was last changed to."""
    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Per operation, where the target file says that an answer has things."""
    _open: dict[tuple[str, str], Created] = field(default_factory=dict)

    def observe(self, operation: Operation, exchange: Exchange) -> None:
        """Take an exchange into account."""
        if exchange.answer is None or exchange.role is None:
            return
        status = exchange.answer.status
        if operation.kind == "upload" and exchange.answer.succeeded:
            self._created(operation, exchange, answered_id(operation, exchange, self.places_in(operation)))
        elif operation.kind == "register" and exchange.answer.succeeded:
            self._created(operation, exchange, self._sent(operation, exchange, "dms_document_id"))
        elif operation.kind == "change" and exchange.answer.succeeded:
            self.states[exchange.role] = self._sent(operation, exchange, "state")
        elif operation.kind == "delete" and (exchange.answer.succeeded or status == 404):
            wanted = exchange.request.url.rpartition("/")[2].lower()
            self._open.pop((exchange.role, wanted), None)

    def places_in(self, operation: Operation) -> Mapping[str, str]:
        """Where the answer of an operation has things, as far as the target file says."""
        return self.places.get(operation.name, {})

    def remember(self, created: Created) -> None:
        """Take over something that an earlier run left."""
        self._open[created.role, created.document_id.lower()] = created

    def open(self) -> list[Created]:
        """What is still there, oldest first."""
        return list(self._open.values())

    def _created(self, operation: Operation, exchange: Exchange, document_id: str | None) -> None:
        if document_id is None or exchange.role is None:
            return
        kind = self._sent(operation, exchange, "document_type")
        created = Created(exchange.role, document_id, kind, operation.name)
        self._open[exchange.role, document_id.lower()] = created

    def _sent(self, operation: Operation, exchange: Exchange, meaning: str) -> str | None:
        schema, body = operation.body_schema, exchange.request.body
        if schema is None or body is None:
            return None
        raw = beginning_of(body, _METADATA_BYTES) if isinstance(body, Streamed) else body
        start, end = raw.find(b"{"), raw.find(b"\r\n--", raw.find(b"{"))
        try:
            value = json.loads(raw[start : end if operation.parts and end > 0 else None])
        except (ValueError, RecursionError):
            return None
        found = Body(schema, value).get(meaning) if isinstance(value, dict) else None
        return found if isinstance(found, str) else None
