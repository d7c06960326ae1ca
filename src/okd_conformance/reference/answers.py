"""Answers of the reference, before they go on the wire, and the refusals that become one."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from okd_conformance.standard.bundle import read_data

if TYPE_CHECKING:
    from starlette.responses import Response

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Situation:
    """How the reference words one kind of refusal."""

    status: int
    title: str
    detail: str
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):  # noqa: N818 - it is not an error of ours
    """The request is refused; ``situation`` is a key of ``answers.yaml``, ``values`` fill its detail.

    Whatever of the reference is said to refuse something raises this.
    """

    def __init__(self, situation: str, /, **values: object) -> None:
        super().__init__(situation)
        self.situation = situation
        self.values = values
        self.headers: dict[str, str] = {}

    def with_header(self, name: str, value: str) -> Refused:
        """Add a header to the answer."""
        self.headers[name] = value
        return self


@dataclass(slots=True)
class Reply:
    """An answer; either ``body`` or ``file`` (open, ``size`` bytes from its start) is sent."""

    status: int
    body: bytes = b""
    media_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    file: BinaryIO | None = None
    size: int = 0
    chunked: bool = False

    @property
    def has_json(self) -> bool:
        """Whether the body is JSON of any sort."""
        return self.media_type is not None and self.media_type.partition(";")[0].endswith("json")


def json_answer(status: int, value: Any, media_type: str = "application/json") -> Reply:
    """Return ``value`` as UTF-8 JSON."""
    return Reply(status, json.dumps(value, ensure_ascii=False).encode(), media_type)


@functools.cache
def situations() -> dict[str, Situation]:
    """Return every situation of ``answers.yaml``; shared, don't change it."""
    raw = read_data(Path(__file__).with_name("answers.yaml"))
    return {
        name: Situation(s["status"], s["title"], s["detail"], tuple(s.get("headers", {}).items()))
        for name, s in raw.items()
    }


def response_of(answer: Reply) -> Response:
    """Turn an answer into what Starlette sends."""
    from starlette.responses import Response, StreamingResponse  # noqa: PLC0415 - slow; `explain` needs none

    headers = dict(answer.headers)
    if answer.media_type is not None:
        headers["content-type"] = answer.media_type
    if answer.file is not None:
        if not answer.chunked:
            headers["content-length"] = str(answer.size)
        return StreamingResponse(_blocks(answer.file, answer.size), answer.status, headers)
    if answer.chunked and answer.body:
        return StreamingResponse(_pieces(answer.body), answer.status, headers)
    response = Response(answer.body, answer.status, headers)
    if answer.status == 204:
        del response.headers["content-length"]
    return response


async def _blocks(file: BinaryIO, size: int) -> AsyncIterator[bytes]:
    with file:
        while size > 0:
            block = file.read(min(_BLOCK, size))
            if not block:
                return
            size -= len(block)
            yield block


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    middle = len(body) // 2
    for piece in (body[:middle], body[middle:]):
        if piece:
            yield piece
