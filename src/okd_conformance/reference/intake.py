"""Reading what a caller sends: multipart messages, JSON bodies and bare bytes, always with a limit."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.storage import Spool
from okd_conformance.reference.world import Call, Message, Picked, ReceivedPart

JSON_LIMIT = 1_000_000
_FRAMING = 1 << 20  # what a message may hold besides the document: metadata, headers, delimiters
_MAX_PARTS = 20
_MAX_PADDING = 70
_UTF8_NAMES = {None, "utf-8", "utf8", "us-ascii"}
_DEFAULT_PART_TYPE = "text/plain"  # RFC 7578, 4.4: the type of a part that names none


class DelimiterPadding:
    """Takes the white space away that RFC 2046 allows after a delimiter, and that the parser does not know.

    Feed it the message in chunks; it holds back the end of a chunk that may be the beginning of a delimiter.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._padded = re.compile(re.escape(self._delimiter) + rb"[ \t]{1,%d}(?=\r\n)" % _MAX_PADDING)
        self._held = b"\r\n"  # so that a delimiter at the very beginning looks like any other

    def feed(self, chunk: bytes) -> bytes:
        """Return the bytes that may go on."""
        data = self._held + chunk
        if self._delimiter in data:
            data = self._padded.sub(lambda _padded: self._delimiter, data)
        keep = len(data) - self._unfinished(data)
        self._held = data[keep:]
        return data[:keep]

    def rest(self) -> bytes:
        """Return what was held back, at the end of the message."""
        return self._held

    def _unfinished(self, data: bytes) -> int:
        longest = len(self._delimiter) + _MAX_PADDING + 2
        start = data.rfind(self._delimiter, max(0, len(data) - longest))
        if start >= 0 and not data[start + len(self._delimiter) :].lstrip(b" \t").strip(b"\r"):
            return len(data) - start
        start = data.rfind(b"\r", max(0, len(data) - len(self._delimiter)))
        return len(data) - start if start >= 0 and self._delimiter.startswith(data[start:]) else 0


def boundary_of(call: Call) -> bytes:
    """Return the boundary of the message."""
    media_type, options = parse_options_header(call.request.headers.get("content-type", ""))
    accepted = list(call.operation.request)
    if media_type not in accepted:
        raise Refused("media_type", accepted=", ".join(accepted))
    boundary = str(options.get("boundary", ""))
    if not boundary.strip() or len(boundary) > 1000 or not boundary.isascii():
        raise Refused("no_boundary")
    return boundary.encode()


async def receive_message(call: Call) -> Message:
    """Read a multipart message; on a refusal nothing of it is left."""
    message = Message(call.behaviour.boundary_of(call))
    limits = {spec.name: JSON_LIMIT for spec in call.operation.parts if spec.part == "metadata"}
    largest = call.behaviour.document_limit(call)
    check_length(call, largest + _FRAMING, largest)
    try:
        async for part, data in _events(call, message):
            part.spool.write(data)
            _check_size(part.spool, limits.get(part.name, largest))
    except MultipartError as error:
        message.discard()
        raise Refused("message_unreadable", why=str(error)) from error
    except BaseException:
        message.discard()
        raise
    return message


async def _events(call: Call, message: Message) -> AsyncIterator[tuple[ReceivedPart, bytes]]:
    padding = call.behaviour.message_filter(message.boundary)
    parser = PushMultipartParser(message.boundary, max_segment_count=_MAX_PARTS, max_header_count=32)
    async for chunk in call.request.stream():
        if chunk and (data := padding.feed(chunk)):
            for event in _parsed(parser, data):
                if isinstance(event, MultipartSegment):
                    message.parts.append(_part(call, event))
                elif event:
                    yield message.parts[-1], event
    for event in _parsed(parser, padding.rest()):
        if event and not isinstance(event, MultipartSegment):
            yield message.parts[-1], event
    call.behaviour.end_message(parser)


def end_message(parser: PushMultipartParser) -> None:
    """Refuse a message that ends before its closing delimiter."""
    parser.close()


def _parsed(parser: PushMultipartParser, data: bytes) -> list[Any]:
    return [] if parser.closed or not data else list(parser.parse(data))


def _part(call: Call, segment: MultipartSegment) -> ReceivedPart:
    return ReceivedPart(
        segment.name or "",
        segment.filename,
        segment.content_type,
        segment.charset,
        call.world.store.spool(),
        segment.header("Content-Length"),
    )


def pick_parts(call: Call, message: Message) -> Picked:
    """Return the metadata and the file: each exactly once, and nothing else."""
    names = {spec.name: spec.part for spec in call.operation.parts}
    found: dict[str, ReceivedPart] = {}
    for part in message.parts:
        if part.name not in names:
            raise Refused("part_unknown")
        if names[part.name] in found:
            raise Refused("part_repeated", name=part.name)
        found[names[part.name]] = part
    for spec in call.operation.parts:
        if spec.part not in found:
            raise Refused("part_missing", name=spec.name)
    return found["metadata"], found["file"]


def check_metadata_part(call: Call, part: ReceivedPart) -> None:
    """Refuse metadata in a type or a character set that is not read."""
    spec = call.operation.part("metadata")
    if part.content_type not in (None, _DEFAULT_PART_TYPE, *spec.content_types):
        raise Refused("part_type", name=spec.name)
    if part.charset is not None and part.charset.lower() not in _UTF8_NAMES and not in_latin1(part):
        raise Refused("charset")


def in_latin1(part: ReceivedPart) -> bool:
    """Whether a part is text in ISO-8859-1, as some clients send all text; JSON by type is always UTF-8."""
    return part.content_type == _DEFAULT_PART_TYPE and (part.charset or "").lower() == "iso-8859-1"


def check_file_part(_call: Call, _part: ReceivedPart) -> None:
    """Any type of document is kept."""


def parse_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object; what isn't one, or isn't strict JSON in UTF-8, is refused."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Refused("not_json") from error
    if not isinstance(value, dict):
        raise Refused("not_an_object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check_size(spool: Spool, limit: int) -> None:
    if spool.size > limit:
        raise Refused("too_large", limit=limit)


def check_length(call: Call, allowed: int, named: int) -> None:
    """Refuse a body that says it is too large before reading it."""
    length = call.request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:30]) > allowed:
        raise Refused("too_large", limit=named)


def check_json_type(call: Call) -> None:
    """Refuse a body that is not one of the operation's JSON types, in UTF-8."""
    media_type, options = parse_options_header(call.request.headers.get("content-type", ""))
    if media_type not in call.operation.request:
        raise Refused("media_type", accepted=", ".join(call.operation.request))
    if str(options.get("charset", "utf-8")).lower() not in _UTF8_NAMES:
        raise Refused("charset")


async def receive_object(call: Call) -> dict[str, Any]:
    """Read the JSON object of the body."""
    call.behaviour.check_json_type(call)
    check_length(call, JSON_LIMIT, JSON_LIMIT)
    raw = bytearray()
    async for chunk in call.request.stream():
        raw += chunk
        if len(raw) > JSON_LIMIT:
            raise Refused("too_large", limit=JSON_LIMIT)
    return call.behaviour.parse_object(bytes(raw))


_NOT_BINARY = re.compile(r"multipart/|message/|text/|.*[/+](json|xml|x-www-form-urlencoded)$")


def check_binary_type(call: Call) -> None:
    """Refuse a body that is not the bytes of a document."""
    media_type, _ = parse_options_header(call.request.headers.get("content-type", ""))
    if media_type and media_type not in call.operation.request and _NOT_BINARY.match(media_type):
        raise Refused("media_type", accepted=", ".join(call.operation.request))


async def receive_bytes(call: Call) -> Spool:
    """Read the body as the bytes of a document."""
    call.behaviour.check_binary_type(call)
    limit = call.behaviour.document_limit(call)
    check_length(call, limit, limit)
    spool = call.world.store.spool()
    try:
        async for chunk in call.request.stream():
            spool.write(chunk)
            _check_size(spool, limit)
    except BaseException:
        spool.discard()
        raise
    return spool


def check_query(call: Call) -> dict[str, Any]:
    """Return the query parameters that the operation knows, by meaning, with their defaults."""
    found: dict[str, Any] = {}
    given: Mapping[str, str] = call.request.query_params
    for parameter in call.operation.query_parameters:
        meaning = parameter.meaning or parameter.name
        if parameter.name not in given:
            if parameter.required:
                call.behaviour.query_missing(call, parameter.name)
            found[meaning] = parameter.schema.get("default")
            continue
        value = _typed(given[parameter.name], parameter.schema)
        if call.behaviour.errors(parameter.schema, value):
            raise Refused("bad_query", name=parameter.name)
        found[meaning] = value
    return found


def query_missing(_call: Call, name: str) -> None:
    """Refuse a request without a query parameter that the edition requires."""
    raise Refused("missing_query", name=name)


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII):
        return int(text)
    return [item for item in text.split(",") if item] if kind == "array" else text


def document_limit(call: Call) -> int:
    """Return the largest document that is taken, in bytes."""
    limits = call.world.edition.limits
    return limits.get("document_bytes", limits.get("message_bytes", sys.maxsize))
