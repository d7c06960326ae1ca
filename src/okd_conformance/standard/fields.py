"""Fields by their meaning: what a body holds, whatever an edition calls it.

Schemas carry ``x-okd-meaning`` on properties; this module finds the places of a meaning in a body, and puts
values there.
"""

from __future__ import annotations

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
        self.value = _copied(value)
        self._places: Sequence[Place] | None = None

    def places(self) -> Sequence[Place]:
        """Every annotated property that is present, or could be added, in the order of the schema."""
        if self._places is None:
            self._places = tuple(_places(self.schema, self.schema, self.value, (), 0))
        return self._places

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
            _put(changed.value, pointer, _copied(value))
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


class _Shape:
    """What one schema says of a body, worked out once: a run asks for the places of fields all the time."""

    __slots__ = ("branches", "constants", "is_meant", "items", "properties", "refused", "schema", "types")

    def __init__(self, root: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
        self.schema = deref(root, schema)
        self.is_meant = "x-okd-meaning" in self.schema
        kind = self.schema.get("type")
        self.types = tuple(_TYPES[one] for one in ([kind] if isinstance(kind, str) else kind or ()))
        self.branches = [branch for _, branch in inner(self.schema, BRANCHES)]
        subs = self.schema.get("properties", {}).items()
        self.properties = [(name, sub) for name, sub in subs if isinstance(sub, Mapping)]
        items = self.schema.get("items")
        self.items = items if isinstance(items, Mapping) else None
        known = [(name, deref(root, sub)) for name, sub in self.properties]
        self.constants = [(name, own["const"]) for name, own in known if "const" in own]
        denied = [(name, own["not"]) for name, own in known if isinstance(own.get("not"), Mapping)]
        self.refused = [(name, one["const"]) for name, one in denied if one.get("const") is not None]

    def fits(self, value: Any) -> bool:
        """Whether this is the branch that describes ``value``, by its type and its constants."""
        if self.types and not any(isinstance(value, one) for one in self.types):
            return False
        if not isinstance(value, dict):
            return True
        bound = all(value.get(name, constant) == constant for name, constant in self.constants)
        return bound and not any(value.get(name) == denied for name, denied in self.refused)


_SHAPES: dict[tuple[int, int], tuple[Any, Any, _Shape]] = {}
"""The shapes by the identity of root and schema, which are kept alive here.

Edition data is never changed, so the same objects always mean the same."""


def _shape(root: Mapping[str, Any], schema: Mapping[str, Any]) -> _Shape:
    key = (id(root), id(schema))
    found = _SHAPES.get(key)
    if found is None:
        found = _SHAPES[key] = (root, schema, _Shape(root, schema))
    return found[2]


def _annotated(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema after its local references, remembered."""
    return _shape(root, schema).schema if "$ref" in schema else schema


def _places(
    root: Mapping[str, Any], schema: Mapping[str, Any], value: Any, pointer: Pointer, depth: int
) -> Iterator[Place]:
    if depth > _MAX_DEPTH:
        return
    shape = _shape(root, schema)
    if not shape.fits(value):
        return
    for branch in shape.branches:
        own = _shape(root, branch)
        if own.is_meant and own.fits(value):
            yield Place(pointer, own.schema, True)
        yield from _places(root, branch, value, pointer, depth + 1)
    if isinstance(value, dict):
        for name, sub in shape.properties:
            own = _shape(root, sub)
            here = (*pointer, name)
            if own.is_meant:
                yield Place(here, own.schema, name in value)
            if name in value:
                yield from _places(root, sub, value[name], here, depth + 1)
    elif isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            yield from _places(root, shape.items, item, (*pointer, index), depth + 1)


def _in_order(pointer: Pointer) -> list[tuple[int, str]]:
    """A key that sorts places: the items of a list by number, names by their letters."""
    return [(step, "") if isinstance(step, int) else (-1, step) for step in pointer]


def _copied(value: Any) -> Any:
    """A copy of what JSON can hold."""
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


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
