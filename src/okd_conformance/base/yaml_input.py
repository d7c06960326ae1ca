"""YAML as people write it: plain values, and for each of them the line where it stands.

Only plain YAML is read: one document of texts, numbers, yes/no, lists and mappings. Everything is bounded,
and nothing of the file's content is repeated in a message, because it may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
NUMBERS = {f"{_STANDARD}int", f"{_STANDARD}float"}
MAX_NUMBER = 100
"""The longest number, in characters; YAML has a notation (1:2:3) that takes ages to read when it is long."""
_TEXT_TAGS = {f"{_STANDARD}timestamp", f"{_STANDARD}merge", f"{_STANDARD}value"}
"""Plain words that YAML 1.1 reads as something else, such as a date without quotes; they are text here."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: its value, and where each part of it stands."""

    file: str
    value: Any
    lines: Mapping[Pointer, int]
    _sources: Mapping[Pointer, str]

    def line(self, pointer: Pointer) -> int:
        """Return the line (from 1) of a key or list item; of what surrounds it when it isn't there."""
        while pointer and pointer not in self.lines:
            pointer = pointer[:-1]
        return self.lines.get(pointer, 1)

    def source(self, pointer: Pointer) -> str | None:
        """Return a single value as it was typed, without quotes; None when there is none."""
        return self._sources.get(pointer)


def read_yaml(
    path: Path | str, *, max_bytes: int = 1_000_000, max_depth: int = 40, max_nodes: int = 50_000
) -> Document:
    """Read a file. Raises ConfigurationError when it can't be read, isn't plain YAML, or is too large."""
    file = str(path)
    text = read_input(file, max_bytes)
    try:
        _look_ahead(file, text, max_depth, max_nodes)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        refuse(file, line, "yaml_control_character")
    except yaml.MarkedYAMLError as error:
        refuse(file, _line_of(error), _syntax_key(error))
    builder = _Reader(file, max_depth, max_nodes)
    value = None if root is None else builder.build(root, (), root.start_mark.line + 1, 1)
    return Document(file, value, builder.lines, builder.sources)


def _look_ahead(file: str, text: str, max_depth: int, max_nodes: int) -> None:
    """Bound depth and size before anything recursive sees the text, and allow one document only."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            refuse(file, line, "yaml_several_documents")
        if depth > max_depth:
            refuse(file, line, "yaml_too_deep", limit=max_depth)
        if nodes > max_nodes:
            refuse(file, line, "yaml_too_many_nodes", limit=max_nodes)


def _line_of(error: yaml.MarkedYAMLError) -> int:
    at_end = "end of stream" in (error.problem or "")
    marks = [error.context_mark, error.problem_mark] if at_end else [error.problem_mark, error.context_mark]
    return next((mark.line + 1 for mark in marks if mark is not None), 1)


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
    """Makes plain values of nodes. An alias counts anew each time that it is used."""

    def __init__(self, file: str, max_depth: int, max_nodes: int) -> None:
        self.lines: dict[Pointer, int] = {}
        self.sources: dict[Pointer, str] = {}
        self._file = file
        self._max_depth = max_depth
        self._max_nodes = max_nodes
        self._nodes = 0

    def build(self, node: yaml.Node, pointer: Pointer, line: int, depth: int) -> Any:
        self.lines[pointer] = line
        self._nodes += 1
        if self._nodes > self._max_nodes:
            refuse(self._file, line, "yaml_too_many_nodes", limit=self._max_nodes)
        if depth > self._max_depth + 1:
            refuse(self._file, line, "yaml_too_deep", limit=self._max_depth)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_STANDARD}map":
            return self._mapping(node, pointer, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_STANDARD}seq":
            return [
                self.build(item, (*pointer, index), item.start_mark.line + 1, depth + 1)
                for index, item in enumerate(node.value)
            ]
        if not isinstance(node, yaml.ScalarNode):
            refuse(self._file, line, "yaml_tag")
        return self._scalar(node, pointer, line)

    def _mapping(self, node: yaml.MappingNode, pointer: Pointer, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                refuse(self._file, line, "yaml_key")
            key = key_node.value
            if key in found:
                first = self.lines[*pointer, key]
                refuse(self._file, line, "yaml_duplicate_key", key=shortened(key), first=first)
            found[key] = self.build(value_node, (*pointer, key), line, depth + 1)
        return found

    def _scalar(self, node: yaml.ScalarNode, pointer: Pointer, line: int) -> Any:
        self.sources[pointer] = node.value
        if node.tag in _TEXT_TAGS:
            return node.value
        if node.tag not in _SCALARS:
            refuse(self._file, line, "yaml_tag")
        if len(node.value) > MAX_NUMBER and node.tag in NUMBERS:
            refuse(self._file, line, "yaml_number")
        try:
            return _SCALARS[node.tag](node)
        except (ValueError, KeyError, OverflowError):
            refuse(self._file, line, "yaml_number")
