"""Multipart receivers that nobody here wrote, and the messages of the suite that they are given."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from okd_conformance.reference import Running
from support.optional import receiver_needed


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
    receiver_needed("django")
    from django.conf import settings
    from django.core.files.uploadhandler import MemoryFileUploadHandler
    from django.http.multipartparser import MultiPartParser

    if not settings.configured:
        settings.configure()
    meta = {"CONTENT_TYPE": message.content_type, "CONTENT_LENGTH": len(message.body)}
    handler = MemoryFileUploadHandler()
    fields, files = MultiPartParser(meta, io.BytesIO(message.body), [handler]).parse()
    return _reading(files["file"].name, files["file"].read(), fields["metadata"])


def werkzeug(message: Message) -> Reading:
    receiver_needed("werkzeug")
    from werkzeug.formparser import FormDataParser
    from werkzeug.http import parse_options_header

    kind, options = parse_options_header(message.content_type)
    parser = FormDataParser(silent=False)
    _, fields, files = parser.parse(io.BytesIO(message.body), kind, len(message.body), options)
    return _reading(files["file"].filename, files["file"].read(), fields["metadata"])


def starlette(message: Message) -> Reading:
    """The parser of FastAPI too."""
    receiver_needed("python_multipart")
    from starlette.datastructures import Headers
    from starlette.formparsers import MultiPartParser

    async def stream() -> AsyncIterator[bytes]:
        yield message.body

    async def read() -> Reading:
        form = await MultiPartParser(Headers({"content-type": message.content_type}), stream()).parse()
        file: Any = form["file"]
        return _reading(file.filename, await file.read(), str(form["metadata"]))

    return asyncio.run(read())


def aiohttp(message: Message) -> Reading:
    receiver_needed("aiohttp")
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
    receiver_needed("tornado")
    from tornado.httputil import parse_body_arguments

    fields: dict[str, list[bytes]] = {}
    files: dict[str, list[Any]] = {}
    parse_body_arguments(message.content_type, message.body, fields, files)
    return _reading(files["file"][0]["filename"], files["file"][0]["body"], fields["metadata"][0])


RECEIVERS: dict[str, Callable[[Message], Reading]] = {
    "django": django,
    "werkzeug": werkzeug,
    "starlette": starlette,
    "aiohttp": aiohttp,
    "tornado": tornado,
}


def read_by(name: str, message: Message) -> Reading | str:
    """What a receiver read, or how it refused."""
    try:
        return RECEIVERS[name](message)
    except Exception as refused:  # noqa: BLE001 - every library refuses in its own way, and that is what is asked
        return f"{type(refused).__name__}: {refused}"
