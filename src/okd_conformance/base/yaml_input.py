"""YAML as people write it: plain values, and for each of them the line where it stands.

Only plain YAML is read: one document of texts, numbers, yes/no, lists and mappings. Everything is bounded,
and nothing of the file's content is repeated in a message, because it may be a secret. Files that somebody
published are read leniently: what an own file may not have is told beside the value.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml
from yaml.constructor import SafeConstructor

from okd_conformance.base.configuration import shortened
from okd_conformance.base.input_file import read_input, refuse

Pointer = tuple[str | int, ...]

_STANDARD = "tag:yaml.org,2002:"
_BUILDER = SafeConstructor()
_SCALARS: Mapping[str, Callable[[yaml.ScalarNode], Any]] = {
    f"{_STANDARD}str": lambda node: node.value,
    f"{_STANDARD}int": _BUILDER.construct_yaml_int,
    f"{_STANDARD}float": _BUILDER.construct_yaml_float,
    f"{_STANDARD}bool": _BUILDER.construct_yaml_bool,
    f"{_STANDARD}null": lambda _: None,
}
_COLLECTIONS = {f"{_STANDARD}map", f"{_STANDARD}seq"}
_NO_TEXT = _SCALARS.keys() - {f"{_STANDARD}str"}
_NUMBERS = {f"{_STANDARD}int", f"{_STANDARD}float"}
_MAX_NUMBER = 100
"""The longest number, in characters; YAML has a notation (1:2:3) that takes ages to read when it is long."""
_TEXT_TAGS = {f"{_STANDARD}timestamp", f"{_STANDARD}merge", f"{_STANDARD}value"}
"""Plain words that YAML 1.1 reads as something else, such as a date without quotes; they are text here."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a file is read: within which limits, and whether odd things are refused or only told."""

    max_bytes: int = 1_000_000
    max_depth: int = 40
    max_nodes: int = 50_000
    lenient: bool = False

    @property
    def loader(self) -> Any:
        """What reads the text: for large files the library in C, else the one that says most of mistakes."""
        return getattr(yaml, "CSafeLoader", yaml.SafeLoader) if self.lenient else yaml.SafeLoader


OWN = Manner()


@dataclass(slots=True)
class Document:
    """A file that was read: its value, and where each part of it stands."""

    file: str
    first_line: int = 1
    value: Any = None
    odd_keys: list[tuple[Pointer, str]] = field(default_factory=list)
    """Keys that are no text, such as ``false`` or ``404`` without quotes."""
    repeated: list[tuple[int, str, int]] = field(default_factory=list)
    """Keys that stand there twice: the line, the key, the line of the first."""
    lines: dict[Pointer, int] = field(default_factory=dict)
    sources: dict[Pointer, str] = field(default_factory=dict)

    def line(self, pointer: Pointer) -> int:
        """Return the line (from 1) of a key or list item; of what surrounds it when it isn't there."""
        while pointer and pointer not in self.lines:
            pointer = pointer[:-1]
        return self.lines.get(pointer, self.first_line)

    def source(self, pointer: Pointer) -> str | None:
        """Return a single value as it was typed, without quotes; None when there is none."""
        return self.sources.get(pointer)


def read_yaml(path: Path | str, manner: Manner = OWN) -> Document:
    """Read a file. Raises ConfigurationError when it can't be read, isn't plain YAML, or is too large."""
    return parse_yaml(str(path), read_input(path, manner.max_bytes), manner)


def parse_yaml(file: str, text: str, manner: Manner = OWN, first_line: int = 1) -> Document:
    """Read a text that begins on this line of a file. Raises ConfigurationError like ``read_yaml``."""
    reader = _Reader(Document(file, first_line), manner)
    try:
        reader.look_ahead(text)
        root = yaml.compose(text, Loader=manner.loader)
    except yaml.reader.ReaderError as error:
        refuse(file, text.count("\n", 0, error.position) + first_line, "yaml_control_character")
    except yaml.MarkedYAMLError as error:
        refuse(file, _line_of(error) + first_line, _syntax_key(error))
    if root is not None:
        reader.document.value = reader.build(root, (), root.start_mark.line)
    return reader.document


def _line_of(error: yaml.MarkedYAMLError) -> int:
    at_end = "end of stream" in (error.problem or "")
    marks = [error.context_mark, error.problem_mark] if at_end else [error.problem_mark, error.context_mark]
    return next((mark.line for mark in marks if mark is not None), 0)


def _syntax_key(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "'\\t'" in problem:
        return "yaml_tab"
    if "escape" in problem or "hexadecimal" in problem:
        return "yaml_backslash"
    if "alias" in problem or "anchor" in problem or "tag" in problem:
        return "yaml_needs_quotes"
    if "end of stream" in problem:
        return "yaml_not_closed"
    return "yaml_syntax"


class _Reader:
    """Makes plain values of nodes; lines count from 0. An alias counts anew each time that it is used."""

    def __init__(self, document: Document, manner: Manner) -> None:
        self.document = document
        self._manner = manner
        self._nodes = 0

    def look_ahead(self, text: str) -> None:
        """Bound depth and size before anything recursive sees the text, and allow one document only."""
        depth = nodes = documents = 0
        for event in yaml.parse(text, Loader=self._manner.loader):
            line = event.start_mark.line if event.start_mark else 0
            documents += isinstance(event, yaml.DocumentStartEvent)
            nodes += isinstance(event, yaml.NodeEvent)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if documents > 1:
                self._refuse(line, "yaml_several_documents")
            self._within_limits(line, depth, nodes)

    def build(self, node: yaml.Node, pointer: Pointer, line: int) -> Any:
        self.document.lines[pointer] = line + self.document.first_line
        self._nodes += 1
        self._within_limits(line, len(pointer), self._nodes)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, pointer, line)
        if node.tag not in _COLLECTIONS:
            self._odd(line, "yaml_tag")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, pointer)
        return [
            self.build(item, (*pointer, index), item.start_mark.line) for index, item in enumerate(node.value)
        ]

    def _mapping(self, node: yaml.MappingNode, pointer: Pointer) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(line, "yaml_key")
            key = key_node.value
            here = (*pointer, key)
            first = self.document.lines.get(here) if key in found else None
            if first is not None:
                self._odd(line, "yaml_duplicate_key", key=shortened(key), first=first)
                self.document.repeated.append((line + self.document.first_line, key, first))
            if key_node.tag in _NO_TEXT:
                self.document.odd_keys.append((here, key))
            value = self.build(value_node, here, line)
            if key_node.tag == f"{_STANDARD}merge" and self._manner.lenient:
                found = {**value, **found} if isinstance(value, dict) else found
            else:
                found[key] = value
        return found

    def _scalar(self, node: yaml.ScalarNode, pointer: Pointer, line: int) -> Any:
        self.document.sources[pointer] = node.value
        if node.tag not in _SCALARS:
            if node.tag not in _TEXT_TAGS:
                self._odd(line, "yaml_tag")
            return node.value
        if len(node.value) <= _MAX_NUMBER or node.tag not in _NUMBERS:
            with contextlib.suppress(ValueError, KeyError, OverflowError):
                return _SCALARS[node.tag](node)
        self._odd(line, "yaml_number")
        return node.value

    def _within_limits(self, line: int, depth: int, nodes: int) -> None:
        if nodes > self._manner.max_nodes:
            self._refuse(line, "yaml_too_many_nodes", limit=self._manner.max_nodes)
        if depth > self._manner.max_depth:
            self._refuse(line, "yaml_too_deep", limit=self._manner.max_depth)

    def _odd(self, line: int, message: str, **values: object) -> None:
        """Refuse what an own file may not have, and a published one may."""
        if not self._manner.lenient:
            self._refuse(line, message, **values)

    def _refuse(self, line: int, message: str, **values: object) -> NoReturn:
        refuse(self.document.file, line + self.document.first_line, message, **values)
