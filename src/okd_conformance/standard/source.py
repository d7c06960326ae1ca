"""Published files as they stand: YAML with the line of every key, read with bounds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from okd_conformance.base.clean import one_line
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.input_file import read_input
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.base.yaml_input import MAX_NUMBER

Pointer = tuple[str | int, ...]
MAX_BYTES = 5_000_000
MAX_NODES = 200_000
MAX_DEPTH = 60

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_BUILDER = SafeConstructor()
_SCALARS: Mapping[str, Any] = {
    f"{_TAG}int": _BUILDER.construct_yaml_int,
    f"{_TAG}float": _BUILDER.construct_yaml_float,
    f"{_TAG}bool": _BUILDER.construct_yaml_bool,
    f"{_TAG}null": lambda _: None,
}


class SourceError(ValueError):
    """A file can't be read; ``line`` says where, ``reason`` why."""

    def __init__(self, file: Path, line: int, reason: Text) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason

    def render(self, lang: Lang) -> str:
        """The same for people."""
        return f"{self.file}:{self.line}: {self.reason.in_language(lang)}"


class Source:
    """One file: its value, with texts as keys, and the line of each part."""

    def __init__(self, path: Path, text: str, first_line: int = 1) -> None:
        self.path = path
        self.odd_keys: list[tuple[Pointer, str]] = []
        """Keys that are no text, such as ``false`` or ``404`` without quotes outside ``responses``."""
        self.repeated: list[tuple[int, str, int]] = []
        """Keys that stand there twice: the line, the key, the line of the first."""
        self._lines: dict[Pointer, int] = {}
        self._nodes = 0
        self._shift = first_line
        try:
            self._look_ahead(text)
            root = yaml.compose(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + first_line if mark else first_line
            raise SourceError(path, line, Text.same(error.problem or "?")) from None
        except yaml.YAMLError as error:
            raise SourceError(path, first_line, Text.same(one_line(str(error)))) from None
        self.value: Any = None if root is None else self._build(root, (), root.start_mark.line)

    def line(self, pointer: Pointer) -> int:
        """The line of a key or an item; of what surrounds it when it isn't there."""
        while pointer and pointer not in self._lines:
            pointer = pointer[:-1]
        return self._lines.get(pointer, self._shift)

    def _look_ahead(self, text: str) -> None:
        """Bound depth and size before anything recursive sees the text; the C library's stack has an end."""
        depth = nodes = 0
        for event in yaml.parse(text, Loader=_LOADER):
            nodes += isinstance(event, yaml.NodeEvent)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if nodes > MAX_NODES or depth > MAX_DEPTH:
                raise self._too_large(event.start_mark.line if event.start_mark else 0)

    def _too_large(self, line: int) -> SourceError:
        words = say("source_too_large", depth=MAX_DEPTH, nodes=MAX_NODES)
        return SourceError(self.path, line + self._shift, words)

    def _build(self, node: yaml.Node, pointer: Pointer, line: int) -> Any:
        self._lines[pointer] = line + self._shift
        self._nodes += 1
        if self._nodes > MAX_NODES or len(pointer) > MAX_DEPTH:
            raise self._too_large(line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, pointer)
        if isinstance(node, yaml.SequenceNode):
            return [
                self._build(item, (*pointer, index), item.start_mark.line)
                for index, item in enumerate(node.value)
            ]
        build = _SCALARS.get(node.tag) if len(node.value) <= MAX_NUMBER else None
        try:
            return build(node) if build else node.value
        except (ValueError, KeyError, OverflowError):
            return node.value

    def _mapping(self, node: yaml.MappingNode, pointer: Pointer) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line
            if not isinstance(key_node, yaml.ScalarNode):
                raise SourceError(self.path, line + self._shift, say("yaml_key"))
            key = key_node.value
            here = (*pointer, key)
            if key_node.tag == f"{_TAG}merge":
                merged = self._build(value_node, here, line)
                found = {**merged, **found} if isinstance(merged, dict) else found
                continue
            if key_node.tag in _SCALARS:
                self.odd_keys.append((here, key))
            if key in found and here in self._lines:
                self.repeated.append((line + self._shift, key, self._lines[here]))
            found[key] = self._build(value_node, here, line)
        return found


def read_text(path: Path) -> str:
    """The text of a file. Raises SourceError when it is missing, too large or not UTF-8."""
    try:
        return read_input(path, MAX_BYTES)
    except ConfigurationError as error:
        [mistake] = error.mistakes
        raise SourceError(path, mistake.line or 1, mistake.message) from None


def real(path: Path) -> Path:
    """The path without symbolic links; as it is when they lead nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()
