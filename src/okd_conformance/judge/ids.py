"""Ids: those that the suite derives, and those that a DMS answers with."""

from __future__ import annotations

import hashlib
import uuid

from okd_conformance.edition import Operation
from okd_conformance.fields import field_names
from okd_conformance.wire.exchange import Exchange


def derived_uuid(*parts: object) -> str:
    """A version 4 UUID that depends on nothing but ``parts``."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def is_uuid(value: str) -> bool:
    """Whether ``value`` is a UUID in the text form of RFC 9562, in either case."""
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def answered_id(operation: Operation, exchange: Exchange) -> str | None:
    """The document id in an upload's answer, in any spelling that the edition knows."""
    try:
        value = exchange.answer.json() if exchange.answer else None
    except ValueError:
        return None
    names = field_names(operation.success_schema() or {}, "dms_document_id")
    found = [value[n] for n in names if isinstance(value, dict) and isinstance(value.get(n), str)]
    return found[0] if found else None
