"""Which part of an exchange tells why a case ended as it did; the page marks it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from okd_conformance.judge.outcome import CaseResult
from okd_conformance.report.har import ShownExchange, ShownMessage

_START = 30
"""A sentence that repeats the body repeats at least this much of it; that part names nothing by itself."""
_VOLATILE = frozenset({"content-length", "host", "user-agent", "date", "server", "connection"})
_WORD = re.compile(r'"([^"]{2,80})"|\'([^\']{2,80})\'|\b([a-z]+[A-Z]\w+)\b')
"""What a sentence quotes, and names of fields."""


def marked(shown: Sequence[ShownExchange], case: CaseResult) -> list[ShownExchange]:
    """The exchanges of a case with the telling parts of the first one marked.

    In the answer that is what the finding names: the status, a header, words of the body. In the request it
    is what differs from the second exchange, when that is the same request in a form that was accepted.
    """
    if not shown or not case.status.is_finding:
        return list(shown)
    first, rest = shown[0], list(shown[1:])
    told = case.received.en if case.received else ""
    request = _against(first.request, rest[0].request) if rest else first.request
    answer = _in_answer(first.answer, told) if first.answer else None
    return [replace(first, request=request, answer=answer), *rest]


def _against(request: ShownMessage, other: ShownMessage) -> ShownMessage:
    """Mark the headers that the other request doesn't have in the same form."""
    if request.line.partition(" ")[0] != other.line.partition(" ")[0]:
        return request
    same = {(name.lower(), value) for name, value in other.headers}
    differ = {
        index
        for index, (name, value) in enumerate(request.headers)
        if name.lower() not in _VOLATILE and (name.lower(), value) not in same
    }
    return replace(request, marked_headers=frozenset(differ))


def _in_answer(answer: ShownMessage, told: str) -> ShownMessage:
    status = answer.line.split(" ")[1:2]
    told = told.partition(answer.body.strip()[:_START])[0] if answer.body.strip() else told
    words = {next(filter(None, found)) for found in _WORD.findall(told)}
    headers = {
        index
        for index, (name, _) in enumerate(answer.headers)
        if name.lower() not in _VOLATILE and re.search(rf"\b{re.escape(name)}\b", told, re.IGNORECASE)
    }
    return replace(
        answer,
        line_marked=bool(status) and re.search(rf"\b{re.escape(status[0])}\b", told) is not None,
        marked_headers=frozenset(headers),
        pieces=_pieces(answer.body, words),
    )


def _pieces(body: str, words: set[str]) -> tuple[tuple[str, bool], ...]:
    """The body cut at the words; each piece, and whether it is marked."""
    found = [re.escape(word) for word in sorted(words, key=len, reverse=True) if word in body]
    if not found:
        return ()
    pieces = re.split(f"({'|'.join(found)})", body)
    return tuple((piece, index % 2 == 1) for index, piece in enumerate(pieces) if piece)
