"""Witnesses: small values that show what a schema does."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable
from typing import Any

from okd_conformance.standard.composed import property_names
from okd_conformance.standard.document import Spec, Spot

_MAX_DEPTH = 12
_BY_FORMAT = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "uri": "https://example.org/",
    "email": "student@example.org",
    "binary": "",
}
_TEXTS = ("abc", "nld", "nl-NL", "1", "1.0", "A1", "x-text", "2026")
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
        return _text(words)
    if kind in {"integer", "number"}:
        return max(1, words.get("minimum", 1))
    return _BY_TYPE[kind]


def _text(words: dict[str, Any]) -> str:
    pattern = words.get("pattern")
    for candidate in (_BY_FORMAT.get(str(words.get("format")), "text"), *_TEXTS):
        if pattern is None or re.search(str(pattern), candidate):
            return candidate[: words.get("maxLength")]
    return "text"


def _object(spec: Spec, schema: Spot, depth: int) -> Any:
    known = property_names(spec, schema)
    required, plain = _demands(spec, schema)
    if plain is not None and not known:
        return smallest(spec, plain, depth + 1)
    return {name: smallest(spec, known[name], depth + 1) if name in known else "text" for name in required}


def _demands(spec: Spec, unread: Spot) -> tuple[list[str], Spot | None]:
    """The fields that must be there, in the first branch of every choice; and a part that is no object."""
    chosen = list(spec.walk([unread], _first_branches))
    listed = [name.value for part in chosen for name in part.at("required").items()]
    plain = [p for p in chosen if p.value.get("type") in {*_BY_TYPE, "array"} or "enum" in p.value]
    return list(dict.fromkeys(n for n in listed if isinstance(n, str))), next(iter(plain), None)


def _first_branches(schema: Spot) -> list[Spot]:
    choices = (schema.at(word).items()[:1] for word in ("oneOf", "anyOf"))
    return [*schema.at("allOf").items(), *itertools.chain.from_iterable(choices)]


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
