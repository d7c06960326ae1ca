"""Layouts of messages that a target file gives, where an edition leaves them open.

A text ``{meaning}`` in a template stands for the field of that meaning in the sample's body, or for one
of ``SPECIALS``. A text that is one placeholder and nothing else keeps the type of its value. What has no
value is left out.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from okd_conformance.wire.body import Payload
from okd_conformance.wire.exchange import Exchange
from okd_conformance.wire.multipart import Multipart, Part

SPECIALS = ("content", "content_base64", "file_name", "file_type", "marker")
"""The bytes of the document, the same in Base64, its name and type, and the sign of the run."""
CONTENT = "{content}"
HEADER = "header:"
PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")
_ABSENT = object()
_JSON = "application/json"
Values = Mapping[str, Any]
Layout = Mapping[str, Any]


def laid_out(layout: Layout, values: Values, boundary: str) -> tuple[str, Payload]:
    """The media type and the body of a request by a template; ``values`` are by meaning."""
    if "parts" in layout:
        parts = tuple(_part(part, values) for part in layout["parts"])
        message = Multipart(parts, boundary, subtype=str(layout["media_type"]).partition("/")[2])
        return message.content_type, message.payload()
    return str(layout["media_type"]), _bytes(layout["body"], values)


def _part(part: Layout, values: Values) -> Part:
    kind = _filled(part.get("content_type"), values)
    if not isinstance(kind, str):
        kind = _JSON if isinstance(part["body"], Mapping | list) else None
    name = _filled(part.get("filename"), values)
    filename = name if isinstance(name, str) else None
    return Part.form(part["name"], _bytes(part["body"], values), content_type=kind, filename=filename)


def _bytes(body: Any, values: Values) -> bytes:
    if body == CONTENT:
        return bytes(values["content"])
    filled = _filled(body, values)
    if isinstance(filled, str):
        return filled.encode()
    return json.dumps({} if filled is _ABSENT else filled, ensure_ascii=False).encode()


def _filled(node: Any, values: Values) -> Any:
    if isinstance(node, Mapping):
        found = {key: _filled(inner, values) for key, inner in node.items()}
        kept = {key: inner for key, inner in found.items() if inner is not _ABSENT}
        return kept if kept or not node else _ABSENT
    if isinstance(node, list):
        found_items = (_filled(item, values) for item in node)
        return [item for item in found_items if item is not _ABSENT]
    if not isinstance(node, str):
        return node
    alone = PLACEHOLDER.fullmatch(node)
    if alone is not None:
        value = values.get(alone[1])
        return _ABSENT if value is None else value
    names = PLACEHOLDER.findall(node)
    if any(values.get(name) is None for name in names):
        return _ABSENT
    return PLACEHOLDER.sub(lambda match: str(values[match[1]]), node)


def located(exchange: Exchange, place: str) -> Any:
    """What stands at a place of an answer: ``header:Name``, or a JSON pointer; None when nothing does."""
    if exchange.answer is None:
        return None
    if place.startswith(HEADER):
        return exchange.answer.header(place.removeprefix(HEADER))
    try:
        value = exchange.answer.json()
    except ValueError:
        return None
    for step in place.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def last_segment(reference: str) -> str:
    """The reference itself, or of an address its last segment."""
    path = reference.partition("?")[0].partition("#")[0]
    return path.rstrip("/").rpartition("/")[2] if "/" in path else reference


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value, with the names and numbers as texts too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    elif value is not None:
        yield str(value)


def holds(exchange: Exchange, content: bytes, place: str | None = None) -> bool:
    """Whether an answer holds exactly these bytes, as they are or in Base64; ``place`` says where to look."""
    if exchange.answer is None:
        return False
    if place is not None:
        found = located(exchange, place)
        return isinstance(found, str) and content in (_decoded(found), found.encode())
    if content and content in exchange.answer.body:
        return True
    try:
        value = exchange.answer.json()
    except ValueError:
        return False
    return any(_decoded(text) == content for text in texts_in(value))


def _decoded(text: str) -> bytes | None:
    plain = "".join(text.rpartition("base64,")[2].split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
