"""Ids: those that the suite derives, and those that a DMS answers with."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping

from okd_conformance.standard.fields import field_names
from okd_conformance.standard.operation import Operation
from okd_conformance.target.layout import HEADER, last_segment, located, texts_in
from okd_conformance.wire.address import web_address
from okd_conformance.wire.exchange import Exchange

_LONGEST = 1000


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


def answered_id(
    operation: Operation, exchange: Exchange, places: Mapping[str, str] | None = None
) -> str | None:
    """The document id in an upload's answer, in any spelling that the edition knows.

    ``places`` say where a target has it, in an edition that leaves that open. There an address counts for its
    last segment.
    """
    place = (places or {}).get("reference")
    if place is not None:
        found = located(exchange, place)
        return _usable(last_segment(str(found))) if isinstance(found, str | int) else None
    try:
        value = exchange.answer.json() if exchange.answer else None
    except ValueError:
        return None
    names = field_names(operation.success_schema() or {}, "dms_document_id")
    given = [value[n] for n in names if isinstance(value, dict) and isinstance(value.get(n), str)]
    return _usable(given[0]) if given else None


def _usable(value: str) -> str | None:
    """An id that an address can hold; None for one that is empty, absurdly long, or half a character."""
    return value if 0 < len(value) <= _LONGEST and value.isprintable() else None


def answered_link(
    operation: Operation, exchange: Exchange, places: Mapping[str, str] | None = None
) -> str | None:
    """The complete address of the document in an upload's answer, or in its header Location."""
    place = (places or {}).get("link")
    if place is not None:
        found = located(exchange, place)
        return found if isinstance(found, str) and web_address(found) else None
    try:
        value = exchange.answer.json() if exchange.answer else None
    except ValueError:
        value = None
    names = field_names(operation.success_schema() or {}, "document_link")
    named = [value[n] for n in names if isinstance(value, dict) and isinstance(value.get(n), str)]
    header = located(exchange, f"{HEADER}Location")
    return next((text for text in [*named, header, *texts_in(value)] if text and web_address(text)), None)
