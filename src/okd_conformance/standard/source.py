"""Published files as they stand: YAML with the line of every key, read with bounds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

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
    """A file can't be read; ``line`` says where."""

    def __init__(self, file: Path, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


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
            root = yaml.compose(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + first_line if mark else first_line
            raise SourceError(path, line, error.problem or "?") from None
        except yaml.YAMLError as error:
            raise SourceError(path, first_line, str(error)) from None
        except RecursionError:
            raise SourceError(path, first_line, "nested too deep") from None
        self.value: Any = None if root is None else self._build(root, (), root.start_mark.line)

    def line(self, pointer: Pointer) -> int:
        """The line of a key or an item; of what surrounds it when it isn't there."""
        while pointer and pointer not in self._lines:
            pointer = pointer[:-1]
        return self._lines.get(pointer, self._shift)

    def _build(self, node: yaml.Node, pointer: Pointer, line: int) -> Any:
        self._lines[pointer] = line + self._shift
        self._nodes += 1
        if self._nodes > MAX_NODES or len(pointer) > MAX_DEPTH:
            raise SourceError(self.path, line + self._shift, "too large or nested too deep")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, pointer)
        if isinstance(node, yaml.SequenceNode):
            return [
                self._build(item, (*pointer, index), item.start_mark.line)
                for index, item in enumerate(node.value)
            ]
        build = _SCALARS.get(node.tag)
        try:
            return build(node) if build else node.value
        except (ValueError, KeyError, OverflowError):
            return node.value

    def _mapping(self, node: yaml.MappingNode, pointer: Pointer) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line
            if not isinstance(key_node, yaml.ScalarNode):
                raise SourceError(self.path, line + self._shift, "a key that is no plain word")
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
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(path, 1, error.strerror or "unreadable") from None
    if len(content) > MAX_BYTES:
        raise SourceError(path, 1, f"larger than {MAX_BYTES} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(path, content.count(b"\n", 0, error.start) + 1, "not UTF-8") from None
