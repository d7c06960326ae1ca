"""Multipart receivers that nobody here wrote, and the messages of the suite that they are given."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from multipart import MultipartSegment, PushMultipartParser, parse_options_header

from okd_conformance.reference import Running
from okd_conformance.reference.intake import DelimiterPadding
from support.other_receivers import SERVED, by_node, by_php, by_server, no_node, no_php, no_server


@dataclass(frozen=True)
class Message:
    """A multipart message as it came in at the reference, and how that answered."""

    content_type: str
    body: bytes
    status: int


@dataclass(frozen=True)
class Reading:
    """What a receiver makes of a message."""

    file_name: str | None
    file: bytes
    metadata: str


def recorded(running: Running) -> list[Message]:
    """A list that fills with every multipart message that the reference gets from now on, in order."""
    found: list[Message] = []
    app = running.app
    inner = app.middleware_stack or app.build_middleware_stack()

    async def capture(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[..., Any]) -> None:
        kind = dict(scope.get("headers", ())).get(b"content-type", b"").decode("latin-1")
        chunks: list[bytes] = []
        statuses: list[int] = []

        async def noting() -> Any:
            event = await receive()
            chunks.append(event.get("body", b""))
            return event

        async def answering(event: Any) -> None:
            statuses.append(event.get("status", 0))
            await send(event)

        await inner(scope, noting, answering)
        if kind.lower().startswith("multipart/"):
            found.append(Message(kind, b"".join(chunks), statuses[0]))

    app.middleware_stack = capture
    return found


def _reading(name: str | None, file: bytes, metadata: str | bytes) -> Reading:
    """The metadata in one spelling, so that only its meaning is compared."""
    return Reading(name, file, json.dumps(json.loads(metadata), sort_keys=True))


def django(message: Message) -> Reading:
    from django.conf import settings
    from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
    from django.http.multipartparser import MultiPartParser

    if not settings.configured:
        settings.configure()
    meta = {"CONTENT_TYPE": message.content_type, "CONTENT_LENGTH": len(message.body)}
    handlers = [MemoryFileUploadHandler(), TemporaryFileUploadHandler()]
    fields, files = MultiPartParser(meta, io.BytesIO(message.body), handlers).parse()
    metadata = fields.get("metadata") or files["metadata"].read()
    return _reading(files["file"].name, files["file"].read(), metadata)


def werkzeug(message: Message) -> Reading:
    from werkzeug.formparser import FormDataParser
    from werkzeug.http import parse_options_header as options_of

    kind, options = options_of(message.content_type)
    parser = FormDataParser(silent=False)
    _, fields, files = parser.parse(io.BytesIO(message.body), kind, len(message.body), options)
    metadata = fields.get("metadata") or files["metadata"].read()
    return _reading(files["file"].filename, files["file"].read(), metadata)


def starlette(message: Message) -> Reading:
    from starlette.datastructures import Headers
    from starlette.formparsers import MultiPartParser

    async def stream() -> AsyncIterator[bytes]:
        yield message.body

    async def read() -> Reading:
        form = await MultiPartParser(Headers({"content-type": message.content_type}), stream()).parse()
        file: Any = form["file"]
        metadata: Any = form["metadata"]
        text = metadata if isinstance(metadata, str) else await metadata.read()
        return _reading(file.filename, await file.read(), text)

    return asyncio.run(read())


def fastapi(message: Message) -> Reading:
    from support.fastapi_receiver import read

    return _told(read(message.content_type, message.body))


def aiohttp(message: Message) -> Reading:
    from aiohttp import MultipartReader, StreamReader
    from aiohttp.base_protocol import BaseProtocol

    async def read() -> Reading:
        loop = asyncio.get_running_loop()
        # all of it is there already, so the reader must never want to slow down whoever sends it
        content = StreamReader(BaseProtocol(loop), len(message.body) + 1, loop=loop)
        content.feed_data(message.body)
        content.feed_eof()
        reader = MultipartReader({"Content-Type": message.content_type}, content)
        parts: dict[str | None, tuple[str | None, bytes]] = {}
        while (part := await reader.next()) is not None:
            parts[part.name] = (part.filename, bytes(await part.read(decode=True)))
        return _reading(*parts["file"], parts["metadata"][1])

    return asyncio.run(read())


def tornado(message: Message) -> Reading:
    from tornado.httputil import parse_body_arguments

    fields: dict[str, list[bytes]] = {}
    files: dict[str, list[Any]] = {}
    parse_body_arguments(message.content_type, message.body, fields, files)
    metadata = fields["metadata"][0] if "metadata" in fields else files["metadata"][0]["body"]
    return _reading(files["file"][0]["filename"], files["file"][0]["body"], metadata)


@dataclass(frozen=True)
class Receiver:
    """How a receiver reads a message, and why it can't take part where it isn't installed."""

    read: Callable[[Message], Reading]
    absent: Callable[[], str | None]


def _python(read: Callable[[Message], Reading], package: str) -> Receiver:
    def absent() -> str | None:
        return None if importlib.util.find_spec(package) else f"{package} is not installed"

    return Receiver(read, absent)


def _told(answer: Mapping[str, Any]) -> Reading:
    if "refused" in answer:
        raise ValueError(answer["refused"])
    return _reading(answer["name"], base64.b64decode(answer["file"]), answer["metadata"])


def _served(name: str) -> Receiver:
    return Receiver(lambda m: _told(by_server(name, m.content_type, m.body)), lambda: no_server(name))


def _node(name: str) -> Receiver:
    return Receiver(lambda m: _told(by_node(name, m.content_type, m.body)), lambda: no_node(name))


RECEIVERS: Mapping[str, Receiver] = {
    "django": _python(django, "django"),
    "werkzeug": _python(werkzeug, "werkzeug"),
    "starlette": _python(starlette, "python_multipart"),
    "fastapi": _python(fastapi, "fastapi"),
    "aiohttp": _python(aiohttp, "aiohttp"),
    "tornado": _python(tornado, "tornado"),
    **{name: _node(name) for name in ("busboy", "multer", "formidable", "multiparty")},
    "php": Receiver(lambda m: _told(by_php(m.content_type, m.body)), no_php),
    **{name: _served(name) for name in SERVED},
}


def at_hand() -> list[str]:
    """The receivers that this machine has."""
    return [name for name, receiver in RECEIVERS.items() if receiver.absent() is None]


def read_by(name: str, message: Message) -> Reading | str:
    """What a receiver read, or how it refused."""
    try:
        return RECEIVERS[name].read(message)
    except Exception as refused:  # noqa: BLE001 - every library refuses in its own way, and that is what is asked
        return f"{type(refused).__name__}: {refused}"


def meant(message: Message) -> Reading:
    """What a message says: as the library of the reference reads it, whose bytes the run has read back."""
    boundary = str(parse_options_header(message.content_type)[1]["boundary"]).encode()
    padding = DelimiterPadding(boundary)
    names: dict[str | None, str | None] = {}
    contents: dict[str | None, bytes] = {}
    latest = None
    with PushMultipartParser(boundary) as parser:
        for event in parser.parse(padding.feed(message.body) + padding.rest()):
            if isinstance(event, MultipartSegment):
                latest = event.name
                names[latest], contents[latest] = event.filename, b""
            elif event:
                contents[latest] += bytes(event)
    return _reading(names["file"], contents["file"], contents["metadata"])
