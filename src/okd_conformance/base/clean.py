"""Makes text that a target sent harmless wherever it is shown."""

from __future__ import annotations

import json
import re

_UNSHOWN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed: escape sequences, NUL, bells
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # invisible, or turns the direction of reading
    "\ufff9-\ufffb\ufffe\uffff"  # annotations; not characters at all, which XML forbids
    "\ud800-\udfff"  # half a character, which no file can hold
    "\U000e0000-\U000e007f"  # tags: invisible copies of ASCII
    "]"
)


def printable(text: str) -> str:
    r"""Show every character that could act on a terminal, or hide, as its escape (``\x1b``).

    The result can be written to a terminal, to XML and to any UTF-8 file. Lines and tabs stay.
    """
    return _UNSHOWN.sub(_escaped, text.replace("\r\n", "\n"))


def escaped_json(text: str) -> str:
    """JSON that means the same, with what ``printable`` shows as escapes written as JSON's own escapes."""
    return _UNSHOWN.sub(lambda match: json.dumps(match.group())[1:-1], text)


def one_line(text: str, limit: int | None = None) -> str:
    """Return ``printable`` text on a single line, cut with an ellipsis to ``limit`` characters if given."""
    line = " ".join(printable(text).split())
    if limit is not None and len(line) > limit:
        return line[: limit - 1].rstrip() + "…"
    return line


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
