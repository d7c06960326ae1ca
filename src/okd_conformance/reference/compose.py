"""Making a JSON body from values by meaning, after a schema: the names of fields are the edition's affair."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from okd_conformance.standard.fields import deref

_MAX_DEPTH = 20
_Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Several:
    """A list of which each item is composed from values of its own."""

    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Built:
    """A value, and whether it says anything: constants alone don't."""

    value: Any
    telling: bool


def compose(schema: _Schema, values: Mapping[str, Any], example: Any = None) -> Any:
    """Return a body with ``values`` where the schema has fields of those meanings, and with its constants.

    A required field that has no meaning is taken from ``example``.
    """
    built = _build(_Node(schema, schema, example), values)
    return {} if built is None else built.value


@dataclass(frozen=True, slots=True)
class _Node:
    """A place in the schema, with what the example has there."""

    root: _Schema
    schema: _Schema
    example: Any
    depth: int = 0

    def below(self, schema: _Schema, example: Any) -> _Node:
        return _Node(self.root, schema, example, self.depth + 1)

    def branch(self, schema: _Schema) -> _Node:
        return self.below(schema, self.example)

    def item(self) -> _Node:
        first = self.example[0] if isinstance(self.example, list) and self.example else None
        return self.below(self.schema.get("items", {}), first)

    def property(self, name: str, schema: _Schema) -> _Node:
        return self.below(schema, self.example.get(name) if isinstance(self.example, dict) else None)


def _build(node: _Node, values: Mapping[str, Any]) -> _Built | None:
    if node.depth > _MAX_DEPTH:
        return None
    node = dataclasses.replace(node, schema=deref(node.root, node.schema))
    schema = node.schema
    meaning = schema.get("x-okd-meaning", "")
    constant = [schema["const"]] if "const" in schema else schema.get("enum", ())
    if meaning in values:
        built: _Built | None = _Built(_given(node, values[meaning], values), telling=True)
    elif len(constant) == 1:
        built = _Built(constant[0], telling=False)
    elif "properties" in schema or "allOf" in schema:
        built = _whole(node, values)
    elif "anyOf" in schema or "oneOf" in schema:
        built = _best(node, values)
    elif isinstance(schema.get("items"), Mapping):
        item = _build(node.item(), values)
        built = _Built([item.value], telling=True) if item and item.telling else None
    else:
        shown = not meaning and isinstance(node.example, str | int)
        built = _Built(node.example, telling=False) if shown else None
    return built


def _given(node: _Node, value: Any, values: Mapping[str, Any]) -> Any:
    if not isinstance(value, Several):
        return value
    built = (_build(node.item(), {**values, **own}) for own in value.items)
    return [b.value for b in built if b is not None]


def _best(node: _Node, values: Mapping[str, Any]) -> _Built | None:
    """The branch that can say most: an object rather than a bare id."""
    branches = [*node.schema.get("anyOf", ()), *node.schema.get("oneOf", ())]
    built = [b for branch in branches if (b := _build(node.branch(branch), values)) and b.telling]
    return max(built, key=lambda b: len(b.value) if isinstance(b.value, dict) else 0, default=None)


def _whole(node: _Node, values: Mapping[str, Any]) -> _Built | None:
    """An object with what the branches of ``allOf`` and its own properties give; or the list of a branch."""
    found: dict[str, Any] = {}
    telling = False
    for branch in node.schema.get("allOf", ()):
        part = _build(node.branch(branch), values)
        if part is not None and not isinstance(part.value, dict):
            return part
        if part is not None:
            found.update(part.value)
            telling = telling or part.telling
    required = set(node.schema.get("required", ()))
    for name, sub in node.schema.get("properties", {}).items():
        if deref(node.root, sub).get("x-okd-spelling") == "old":
            continue
        built = _build(node.property(name, sub), values)
        if built is not None and (built.telling or name in required):
            found[name] = built.value
            telling = telling or built.telling
    return _Built(found, telling) if found else None
