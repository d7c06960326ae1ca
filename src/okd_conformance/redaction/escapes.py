"""Undoing the escapes of URLs, JSON, HTML, C and shells, while it stays known where each character stood."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from html.entities import html5

Span = tuple[int, int]
"""From where to where in a text."""

_ESCAPE = re.compile(
    r"%([2-7][0-9A-Fa-f])|\\u00([2-7][0-9A-Fa-f])|\\x([2-7][0-9A-Fa-f])|&#[xX]0{0,4}([2-7][0-9A-Fa-f]);"
    r"|&#0{0,4}(3[3-9]|[4-9][0-9]|1[01][0-9]|12[0-6]);"
    r"|\\(0[4-7][0-7]|1[0-7][0-7])"
    r"|&([A-Za-z]{2,8};)"
    r"|\\([/\\\"'])|(\x00)"
)
_RADIX = {1: 16, 2: 16, 3: 16, 4: 16, 5: 10, 6: 8}


@dataclass(frozen=True, slots=True)
class View:
    """A text with its escapes undone, and where each character came from."""

    text: str
    letters: list[int] = field(default_factory=list)
    """Where in ``text`` stands each character that was an escape."""
    shifts: list[int] = field(default_factory=lambda: [0])
    """How far the original is ahead, after each of these."""

    def origin(self, span: Span) -> Span:
        """Where a span of this text stands in the original, with its escapes."""
        start, end = (at + self.shifts[bisect_left(self.letters, at)] for at in span)
        return start, end


def unescaped(text: str) -> View | None:
    """Undo one layer of escapes; None when there are none."""
    if not any(mark in text for mark in "%\\&\x00"):
        return None
    pieces: list[str] = []
    view = View("")
    last = length = 0
    for match in _ESCAPE.finditer(text):
        letter = _letter(match)
        if letter is None:
            continue
        pieces += text[last : match.start()], letter
        length += match.start() - last
        view.letters.append(length)
        length += len(letter)
        last = match.end()
        view.shifts.append(last - length)
    return View("".join([*pieces, text[last:]]), view.letters, view.shifts) if pieces else None


def _letter(match: re.Match[str]) -> str | None:
    group = match.lastindex or 0
    value = match[group]
    if group in _RADIX:
        return chr(int(value, _RADIX[group]))
    if group == 7:
        named = html5.get(value, "")
        return named if len(named) == 1 and named.isascii() else None
    return value if group == 8 else ""
