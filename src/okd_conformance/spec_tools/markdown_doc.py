"""The flow documents in Markdown: the messages they show, the calls they name, the scopes they ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from okd_conformance.spec_tools.jsonish import Block, read_block
from okd_conformance.standard.source import read_text

_FENCE = re.compile(r"^\s*(```+|~~~+)\s*(\w*)")
_METHOD = r"(GET|PUT|POST|PATCH|DELETE)"
_REQUEST = re.compile(rf"^\s*{_METHOD}\s+(\S+)")
_BULLET = re.compile(rf"^\s*[-*]\s+[*`]*(?:endpoint\s+)?{_METHOD}\s+(\S+)")
_ENDPOINT = re.compile(rf"^\s*[-*]\s+endpoint\s+(\S+)\s+{_METHOD}\b")
_ARROW = re.compile(rf"^\s*(\S+?)\s*--?>>[+-]?\s*(\S+?)\s*:\s*{_METHOD}\s+(\S+)")
_HEADER = re.compile(r"^([A-Za-z][A-Za-z-]*):\s*(.*)$")
_HEADING = re.compile(r"^(#+)\s*(.*)$")
_FLOW = re.compile(r"flow-?(\w+)$")
_BASE = re.compile(r"^\.\.\.((?:/[a-z0-9_]+)*?/v\d[\d_]*)(/.*)?$")


@dataclass(frozen=True, slots=True)
class Named:
    """A call as a text names it; ``server`` is who receives it in a sequence diagram."""

    line: int
    method: str
    target: str
    server: str | None = None
    shown: bool = False
    """It stands in an example of a message."""

    @property
    def base(self) -> str | None:
        """The part of the address before the path, such as ``/okd/v1``; None when the text gives none."""
        found = _BASE.match(self.target)
        return found.group(1) if found else None

    @property
    def path(self) -> str | None:
        """The path after the base, without the query."""
        found = _BASE.match(self.target)
        return (found.group(2) or "/").partition("?")[0].rstrip("`*") if found else None

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2].rstrip("`*")


@dataclass(frozen=True, slots=True)
class Header:
    """A header line of a message in a text."""

    line: int
    name: str
    value: str


@dataclass(slots=True)
class ExampleMessage:
    """A message that a text shows: a request with its headers, or an answer to the request before it."""

    line: int
    request: Named | None
    answers: Named | None
    headers: list[Header] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    bad_lines: list[tuple[int, str]] = field(default_factory=list)

    def header(self, name: str) -> Header | None:
        """The first header with this name, before the body."""
        return next((h for h in self.headers if h.name.lower() == name), None)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text outside the examples, with the heading above it."""

    number: int
    text: str
    heading: str


@dataclass(slots=True)
class Doc:
    """One Markdown document."""

    path: Path
    flow: str | None
    lines: list[TextLine] = field(default_factory=list)
    diagrams: list[TextLine] = field(default_factory=list)
    messages: list[ExampleMessage] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)

    def under(self, word: str) -> Iterator[TextLine]:
        """The lines under headings that hold a word."""
        return (line for line in self.lines if word in line.heading.lower())


def read_docs(folder: Path) -> list[Doc]:
    """Every Markdown document of a folder. Raises SourceError."""
    return [read_doc(path, read_text(path)) for path in sorted(folder.glob("*.md"))]


def read_doc(path: Path, text: str) -> Doc:
    """Read one document."""
    found = _FLOW.search(path.stem)
    reader = _MarkdownReader(Doc(path, found.group(1) if found else None))
    for number, line in enumerate(text.splitlines(), 1):
        reader.take(number, line)
    return reader.doc


class _MarkdownReader:
    """Goes through the lines; knows whether it is in an example, and which request came last."""

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self._heading = ""
        self._fence: str | None = None
        self._block: list[tuple[int, str]] = []
        self._last: Named | None = None

    def take(self, number: int, line: str) -> None:
        fence = _FENCE.match(line)
        if fence and self._fence is None:
            self._fence, self._block = fence.group(2) or "text", []
        elif fence:
            self._example(self._fence or "", self._block)
            self._fence = None
        elif self._fence is not None:
            self._block.append((number, line))
        else:
            self._prose(number, line)

    def _prose(self, number: int, line: str) -> None:
        heading = _HEADING.match(line)
        if heading:
            self._heading = heading.group(2)
        self.doc.lines.append(TextLine(number, line, self._heading))
        turned = _ENDPOINT.match(line)
        if turned:
            self.doc.named.append(Named(number, turned.group(2), turned.group(1)))
        for pattern in (_BULLET, _REQUEST):
            found = pattern.match(line)
            if found:
                shown = pattern is _REQUEST
                call = Named(number, found.group(1), found.group(2).strip("`*"), None, shown)
                if call.target.startswith("..."):
                    self.doc.named.append(call)
                    self._last = call if shown else self._last
                return

    def _example(self, language: str, block: list[tuple[int, str]]) -> None:
        if language == "mermaid":
            self._diagram(block)
            return
        told = [(n, line) for n, line in block if line.strip()]
        if not told:
            return
        first = _REQUEST.match(told[0][1])
        if first:
            call = Named(told[0][0], first.group(1), first.group(2), None, True)
            self.doc.named.append(call)
            message = ExampleMessage(told[0][0], call, None)
            _read_message(self.doc.path, message, [b for b in block if b[0] > call.line])
            self._last = call
        else:
            message = ExampleMessage(told[0][0], None, self._last)
            message.blocks = list(_json_in(self.doc.path, block))
        if message.blocks or message.headers:
            self.doc.messages.append(message)

    def _diagram(self, block: list[tuple[int, str]]) -> None:
        for number, line in block:
            self.doc.diagrams.append(TextLine(number, line, self._heading))
            found = _ARROW.match(line)
            if found:
                _, server, method, target = found.groups()
                self.doc.named.append(Named(number, method, target, server.strip("`\"'")))


def _read_message(path: Path, message: ExampleMessage, lines: list[tuple[int, str]]) -> None:
    """The headers up to the first empty line, the headers of the parts, and the JSON."""
    in_head = True
    for number, line in lines:
        header = _HEADER.match(line)
        if in_head and line.strip():
            if header:
                message.headers.append(Header(number, header.group(1), header.group(2)))
            else:
                message.bad_lines.append((number, line.strip()))
        elif not line.strip() or line.startswith("--"):
            in_head = False
        elif header and header.group(1).lower() in {"content-disposition", "content-type"}:
            message.headers.append(Header(number, "part " + header.group(1), header.group(2)))
    message.blocks = list(_json_in(path, lines))


def _json_in(path: Path, lines: list[tuple[int, str]]) -> Iterator[Block]:
    """Each piece that begins with a brace at the start of a line, up to a boundary or the end."""
    start: int | None = None
    for index, (_, line) in enumerate([*lines, (0, "--")]):
        if start is None and line[:1] in {"{", "["} and line.strip() != "[Binary PDF content continues]":
            start = index
        elif start is not None and line.startswith("--"):
            text = "\n".join(words for _, words in lines[start:index]).rstrip()
            yield read_block(path, lines[start][0], text)
            start = None
