"""Fields by their meaning: what a body holds, whatever an edition calls it.

Schemas carry ``x-okd-meaning`` on properties; this module finds the places of a meaning in a body, and puts
values there.
"""

from __future__ import annotations

import copy
import functools
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from okd_conformance.standard.schemas import BRANCHES, MESSAGE, at, inner, walk

Pointer = tuple[str | int, ...]
_MAX_DEPTH = 30
_MOST_ERRORS = 100
_LONGEST_ERROR = 1000
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a property with annotations stands, or could stand, in a body."""

    pointer: Pointer
    schema: Mapping[str, Any]
    present: bool

    @property
    def meaning(self) -> str | None:
        """The meaning of the field."""
        value: str | None = self.schema.get("x-okd-meaning")
        return value


class Body:
    """A JSON body with its schema; every change gives a new body."""

    def __init__(self, schema: Mapping[str, Any], value: Any) -> None:
        self.schema = schema
        self.value = copy.deepcopy(value)

    def places(self) -> list[Place]:
        """Every annotated property that is present, or could be added, in the order of the schema."""
        return list(_places(self.schema, self.schema, self.value, (), 0))

    def locations(self, meaning: str) -> list[Pointer]:
        """Where ``meaning`` is present."""
        return [p.pointer for p in self.places() if p.present and p.meaning == meaning]

    def has(self, meaning: str) -> bool:
        """Whether ``meaning`` is present anywhere."""
        return bool(self.locations(meaning))

    def knows(self, meaning: str) -> bool:
        """Whether ``meaning`` is present or could be."""
        return any(p.meaning == meaning for p in self.places())

    def get(self, meaning: str) -> Any:
        """The value of the first place of ``meaning``, or None."""
        for pointer in self.locations(meaning):
            return _at(self.value, pointer)
        return None

    def all(self, meaning: str) -> list[Any]:
        """The values of every place of ``meaning``, in order."""
        return [_at(self.value, pointer) for pointer in self.locations(meaning)]

    def with_(self, meaning: str, value: Any) -> Body:
        """Put ``value`` in every place of ``meaning``, else in the first possible one.

        Raises LookupError when no field has this meaning.
        """
        changed = Body(self.schema, self.value)
        pointers = self.locations(meaning)
        if not pointers:
            pointers = [p.pointer for p in self.places() if p.meaning == meaning][:1]
        if not pointers:
            raise LookupError(f"no field means {meaning} here")
        for pointer in pointers:
            _put(changed.value, pointer, copy.deepcopy(value))
        return changed

    def without(self, *meanings: str) -> Body:
        """Remove every place of each meaning."""
        changed = Body(self.schema, self.value)
        gone = [p for m in meanings for p in self.locations(m)]
        for pointer in sorted(set(gone), key=_in_order, reverse=True):  # from the last, so that none shifts
            _drop(changed.value, pointer)
        return changed

    def filled(self, value_for: Callable[[Mapping[str, Any], Any], Any]) -> Body:
        """Replace each present field for which ``value_for(its schema, its value)`` gives not None."""
        changed = Body(self.schema, self.value)
        for place in self.places():
            if place.present:
                value = value_for(place.schema, _at(self.value, place.pointer))
                if value is not None:
                    _put(changed.value, place.pointer, value)
        return changed

    def is_hint(self, meaning: str) -> bool:
        """Whether the edition lets this field lead nowhere without that being an error."""
        return any(p.meaning == meaning and p.schema.get("x-okd-hint") for p in self.places())

    def errors(self) -> list[str]:
        """What is wrong with the body by its own schema; the first of it, if there is much."""
        found = validator(self.schema).iter_errors(self.value)
        return [e.message[:_LONGEST_ERROR] for e in itertools.islice(found, _MOST_ERRORS)]

    def json(self) -> bytes:
        """The body as UTF-8 JSON; half a character is written as its escape."""
        return json.dumps(self.value, ensure_ascii=False).encode(errors="backslashreplace")


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Return the validator of ``schema``, with formats checked; cached by the schema's content."""
    return _validator(_Hashed(schema))


class _Hashed:
    """A schema as a cache key: the same object is the same schema, since edition data is never changed."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and other.schema is self.schema


@functools.lru_cache(maxsize=512)
def _validator(key: _Hashed) -> Draft202012Validator:
    return Draft202012Validator(dict(key.schema), format_checker=FormatChecker())


def field_name(schema: Mapping[str, Any], meaning: str) -> str | None:
    """The name of the first property with this meaning anywhere in ``schema``, or None."""
    return next(iter(field_names(schema, meaning)), None)


def field_names(schema: Mapping[str, Any], meaning: str) -> list[str]:
    """Every spelling of the property with this meaning, the preferred one first."""
    return list(_spellings(_Hashed(schema)).get(meaning, ()))


def meanings(schema: Mapping[str, Any]) -> list[str]:
    """Every meaning that a field of ``schema`` has, each once."""
    return list(_spellings(_Hashed(schema)))


@functools.lru_cache(maxsize=512)
def _spellings(key: _Hashed) -> Mapping[str, Sequence[str]]:
    found: dict[str, dict[str, None]] = {}
    for name, schema in described(key.schema):
        if name is not None and "x-okd-meaning" in schema:
            found.setdefault(schema["x-okd-meaning"], {})[name] = None
    return {meaning: tuple(names) for meaning, names in found.items()}


def allowed_values(schema: Mapping[str, Any], meaning: str) -> list[Any]:
    """The values to which fields with this meaning are bound, by a constant or a list, each once."""
    found: list[Any] = []
    for _, one in described(schema):
        if one.get("x-okd-meaning") == meaning:
            found += [one["const"]] if "const" in one else one.get("enum", [])
    return list(dict.fromkeys(found))


def described(
    root: Mapping[str, Any], *beside: Mapping[str, Any]
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Every schema that a self-contained one, or one ``beside`` it, leads to for a message; after references.

    Each comes with the name of the property that it describes: None for a branch or an item.
    """

    def below(one: tuple[str | None, Mapping[str, Any]]) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
        for steps, schema in inner(one[1], MESSAGE):
            if isinstance(schema, Mapping):
                yield str(steps[1]) if steps[0] == "properties" else None, _annotated(root, schema)

    start = [(None, _annotated(root, schema)) for schema in (root, *beside)]
    return walk(start, below, lambda one: (one[0], id(one[1])))


def deref(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow local references; keywords beside a reference win over those of its target.

    Raises ValueError for a schema that only refers to itself, and KeyError for a reference to nothing.
    """
    for _ in range(_MAX_DEPTH):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        target = at(root, reference.removeprefix("#"))
        schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
    raise ValueError("a schema refers to itself")


_SEEN: dict[tuple[int, int], tuple[Any, Any, Any]] = {}
"""What ``_annotated`` found, by the identity of its arguments, which are kept alive here.

Edition data is never changed, so the same objects always mean the same."""


def _annotated(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema after its local references, remembered."""
    if "$ref" not in schema:
        return schema
    key = (id(root), id(schema))
    found = _SEEN.get(key)
    if found is None:
        found = _SEEN[key] = (root, schema, deref(root, schema))
    resolved: Mapping[str, Any] = found[2]
    return resolved


def _places(
    root: Mapping[str, Any], schema: Mapping[str, Any], value: Any, pointer: Pointer, depth: int
) -> Iterator[Place]:
    if depth > _MAX_DEPTH:
        return
    schema = _annotated(root, schema)
    if not _fits(root, schema, value):
        return
    for _, branch in inner(schema, BRANCHES):
        own = _annotated(root, branch)
        if "x-okd-meaning" in own and _fits(root, own, value):
            yield Place(pointer, own, True)
        yield from _places(root, branch, value, pointer, depth + 1)
    if isinstance(value, dict):
        for name, sub in schema.get("properties", {}).items():
            own = _annotated(root, sub)
            here = (*pointer, name)
            if "x-okd-meaning" in own:
                yield Place(here, own, name in value)
            if name in value:
                yield from _places(root, sub, value[name], here, depth + 1)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for index, item in enumerate(value):
            yield from _places(root, schema["items"], item, (*pointer, index), depth + 1)


def _fits(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> bool:
    """Whether this branch is the one that describes ``value``, by its type and its constants."""
    kind = schema.get("type")
    if isinstance(kind, str) and not isinstance(value, _TYPES[kind]):
        return False
    if isinstance(kind, list) and not any(isinstance(value, _TYPES[k]) for k in kind):
        return False
    if isinstance(value, dict):
        for name, sub in schema.get("properties", {}).items():
            own = _annotated(root, sub) if isinstance(sub, Mapping) else {}
            if name in value and "const" in own and own["const"] != value[name]:
                return False
            refused = own.get("not", {}).get("const") if isinstance(own.get("not"), Mapping) else None
            if refused is not None and value.get(name) == refused:
                return False
    return True


def _in_order(pointer: Pointer) -> list[tuple[int, str]]:
    """A key that sorts places: the items of a list by number, names by their letters."""
    return [(step, "") if isinstance(step, int) else (-1, step) for step in pointer]


def _at(value: Any, pointer: Pointer) -> Any:
    for step in pointer:
        value = value[step]
    return value


def _put(value: Any, pointer: Pointer, new: Any) -> None:
    _at(value, pointer[:-1])[pointer[-1]] = new


def _drop(value: Any, pointer: Pointer) -> None:
    holder = _at(value, pointer[:-1])
    if isinstance(holder, dict):
        holder.pop(pointer[-1], None)
    else:
        del holder[pointer[-1]]
