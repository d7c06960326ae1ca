"""Witnesses: small values that show what a schema does."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from okd_conformance.standard.spec import Spec, Spot

_MAX_DEPTH = 12
_BY_FORMAT = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "uri": "https://example.org/",
    "email": "student@example.org",
    "binary": "",
}
_BY_TYPE: dict[str, Any] = {"string": "text", "integer": 1, "number": 1, "boolean": True, "null": None}
ABSURD: tuple[Any, ...] = ("banana", -1, {"banana": True}, [], True, None)
"""Values that hardly any field can mean."""


def smallest(spec: Spec, unread: Spot, depth: int = 0) -> Any:
    """A small value that is meant to fit the schema; it may not, when the schema is hard to satisfy."""
    schema = spec.follow(unread)
    words = schema.value
    if not isinstance(words, dict) or depth > _MAX_DEPTH:
        return {}
    if "const" in words:
        return copy.deepcopy(words["const"])
    if words.get("enum"):
        return copy.deepcopy(words["enum"][0])
    kinds = words.get("type")
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    if kind in _BY_TYPE:
        return _plain(words, kind)
    if kind == "array":
        wanted = int(words.get("minItems", 0)) or int("contains" in words)
        inner = "contains" if "contains" in words else "items"
        return [smallest(spec, schema.at(inner), depth + 1) for _ in range(wanted)]
    return _object(spec, schema, depth)


def _plain(words: dict[str, Any], kind: str) -> Any:
    if kind == "string":
        return _BY_FORMAT.get(str(words.get("format")), "text")[: words.get("maxLength")]
    if kind in {"integer", "number"}:
        return max(1, words.get("minimum", 1))
    return _BY_TYPE[kind]


def _object(spec: Spec, schema: Spot, depth: int) -> Any:
    found: Any = {}
    for part in schema.at("allOf").items():
        found = _together(found, smallest(spec, part, depth + 1))
    for word in ("oneOf", "anyOf"):
        for branch in schema.at(word).items()[:1]:
            if isinstance(branch.value, dict):
                found = _together(found, smallest(spec, branch, depth + 1))
    if isinstance(found, dict):
        for name in schema.value.get("required", []):
            places = list(property_spots(spec, schema, name))
            found.setdefault(name, smallest(spec, places[0], depth + 1) if places else "text")
    return found


def _together(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **other}
    return other if one == {} else one


def property_spots(spec: Spec, unread: Spot, name: str, depth: int = 0) -> Iterator[Spot]:
    """Where a schema, or a part that it is made of, describes a property."""
    schema = spec.follow(unread)
    if depth > _MAX_DEPTH or not isinstance(schema.value, dict):
        return
    if schema.at("properties").has(name):
        yield schema.at("properties", name)
    for word in ("allOf", "oneOf", "anyOf"):
        for part in schema.at(word).items():
            yield from property_spots(spec, part, name, depth + 1)


def property_names(spec: Spec, unread: Spot, depth: int = 0) -> dict[str, Spot]:
    """Every property that a schema or one of its branches knows."""
    schema = spec.follow(unread)
    if depth > _MAX_DEPTH or not isinstance(schema.value, dict):
        return {}
    found = {name: schema.at("properties", name) for name in schema.at("properties").keys()}
    for word in ("allOf", "oneOf", "anyOf"):
        for part in schema.at(word).items():
            found = {**property_names(spec, part, depth + 1), **found}
    return found


def shrunk(value: Any, keep: frozenset[str], still: Callable[[Any], bool]) -> Any:
    """The value without what can be left out while ``still`` holds; the names in ``keep`` stay."""
    if not isinstance(value, dict):
        return value
    found = dict(value)
    for name in list(found):
        smaller = {k: v for k, v in found.items() if k != name}
        if name not in keep and still(smaller):
            found = smaller
    return found
