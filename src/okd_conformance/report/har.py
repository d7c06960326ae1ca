"""Shows entries of the HAR file: a request and its answer as lines, with an excerpt of each body."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from okd_conformance.base.text import Text, say

_MAKING = {"POST", "PUT"}
_VALUE = re.compile(r'"([\w.:-]{6,80})"')
BODY_LENGTH = 2000
"""How many characters of a body are shown."""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A request or an answer, ready to be shown."""

    line: str
    headers: list[tuple[str, str]]
    body: str
    body_note: Text | None
    line_marked: bool = False
    marked_headers: frozenset[int] = frozenset()
    """Which headers tell why; by their place in the list."""
    pieces: tuple[tuple[str, bool], ...] = ()
    """The body in pieces, each with whether it tells why; empty when none does."""


@dataclass(frozen=True, slots=True)
class ShownExchange:
    """An exchange, ready to be shown."""

    id: str
    milliseconds: float | None
    request: ShownMessage
    answer: ShownMessage | None
    error: Text | None
    """Why there is no answer."""
    brief: str
    """The exchange in a few words, such as ``POST → 400``."""
    judged: bool = False
    """Whether it is the one that the case judges."""


def by_id(har: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """The entries of a HAR document by their ``_id``; empty without a document."""
    entries = (har or {}).get("log", {}).get("entries", [])
    return {entry["_id"]: entry for entry in entries if "_id" in entry}


def makers(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Which exchange first answered with an id, by that id: the one that made what has it."""
    found: dict[str, str] = {}
    for name, entry in entries.items():
        if (entry.get("request") or {}).get("method") in _MAKING:
            text = str(((entry.get("response") or {}).get("content") or {}).get("text") or "")
            for value in _VALUE.findall(text):
                found.setdefault(value, name)
    return found


def last_in_path(entry: Mapping[str, Any]) -> str:
    """The part of the address that names a document, where there is one: the last that is not a word."""
    path = urlsplit(str((entry.get("request") or {}).get("url", ""))).path
    return next((part for part in reversed(path.split("/")) if any(map(str.isdigit, part))), "")


def shown(entry: Mapping[str, Any], *, judged: bool = False) -> ShownExchange:
    """Prepare one entry; ``judged``: a case judges by it."""
    answer = entry.get("response") or {}
    error = entry.get("_error")
    answered = bool(answer.get("status")) and not error
    return ShownExchange(
        id=str(entry.get("_id", "")),
        milliseconds=entry.get("time"),
        request=_request(entry.get("request") or {}),
        answer=_answer(answer) if answered else None,
        error=None if answered else _reason(error),
        brief=f"{(entry.get('request') or {}).get('method', '')} → {answer['status'] if answered else '-'}",
        judged=judged,
    )


def _request(request: Mapping[str, Any]) -> ShownMessage:
    url = urlsplit(str(request.get("url", "")))
    path = url.path or "/"
    asked = f"{path}?{url.query}" if url.query else path
    line = f"{request.get('method', '')} {asked} {request.get('httpVersion', 'HTTP/1.1')}"
    headers = _headers(request)
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", url.netloc.rpartition("@")[2]))
    body, note = _body(request.get("postData") or {}, "_size")
    return ShownMessage(line, headers, body, note)


def _answer(answer: Mapping[str, Any]) -> ShownMessage:
    line = f"{answer.get('httpVersion') or 'HTTP/1.1'} {answer.get('status')} {answer.get('statusText', '')}"
    body, note = _body(answer.get("content") or {}, "size")
    return ShownMessage(line.rstrip(), _headers(answer), body, note)


def _headers(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(h.get("name", "")), str(h.get("value", ""))) for h in message.get("headers", [])]


def _body(content: Mapping[str, Any], size_key: str) -> tuple[str, Text | None]:
    text = str(content.get("text") or "")
    if content.get("encoding") == "base64":
        text = _decoded(text)
    size = content.get(size_key)
    if len(text) > BODY_LENGTH or content.get("_truncated"):
        cut = text[:BODY_LENGTH]
        return cut, say("report_body_cut", shown=len(cut), size="?" if size is None else size)
    return text, None


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "backslashreplace")
    except (binascii.Error, ValueError):
        return text


def _reason(error: object) -> Text:
    try:
        words = say(f"error_{error}")
    except KeyError:
        words = Text.same(str(error or "?"))
    return say("report_no_answer", error=words)
