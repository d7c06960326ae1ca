"""Judging values by published schemas: OpenAPI 3.0's own rules turned into JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry

from okd_conformance.standard.document import Spec, Spot
from okd_conformance.standard.schemas import BRANCHES

_INNER = ("items", "additionalProperties", "not", "contains")
_POINTING = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "$id", "$schema"})
_VALUES = ("example", "examples", "default", "enum", "const")
_NAMED = (
    "properties",
    "patternProperties",
    "$defs",
    "responses",
    "paths",
    "content",
    "parameters",
    "headers",
)


class Validity:
    """Validates values by the schemas of a document; a broken schema counts as what was meant."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._old = spec.version < (3, 1)
        self._index = {id(source): str(i) for i, source in enumerate(spec.sources.values())}
        files = {self._index[id(s)]: self._converted(s.value, Spot(s, ())) for s in spec.sources.values()}
        whole = {"files": files}
        closed: Registry[Any] = Registry()  # it has no way to fetch anything
        self._validator = Draft202012Validator(whole, registry=closed, format_checker=FormatChecker())

    def errors(self, schema: Spot, value: Any) -> list[ValidationError]:
        """What is wrong with a value by the schema at a place."""
        reference = {"$ref": self._reference(schema)}
        return list(self._validator.evolve(schema=reference).iter_errors(value))

    def accepts(self, schema: Spot, value: Any) -> bool:
        """Whether a value fits the schema at a place."""
        return self._validator.evolve(schema={"$ref": self._reference(schema)}).is_valid(value)

    def by_converted(self, schema: Any, value: Any) -> Iterator[ValidationError]:
        """What is wrong with a value by a schema that an earlier error showed."""
        yield from self._validator.evolve(schema=schema).iter_errors(value)

    def _reference(self, spot: Spot) -> str:
        steps = [str(step).replace("~", "~0").replace("/", "~1") for step in spot.pointer]
        quoted = [s.replace("%", "%25") for s in steps]
        return "#/" + "/".join(["files", self._index[id(spot.source)], *quoted])

    def _converted(self, value: Any, spot: Spot, named: bool = False) -> Any:
        if isinstance(value, list):
            return [self._converted(item, spot.at(i)) for i, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if not named and isinstance(value.get("$ref"), str):
            return self._referring(value, spot)
        found = {
            key: inner
            if key in _VALUES and not named and not _is_example_map(key, inner)
            else self._converted(inner, spot.at(key), key in _NAMED and not named)
            for key, inner in value.items()
            if not (key in _POINTING and isinstance(inner, str))
        }
        return found if named else _as_json_schema(found, self._old)

    def _referring(self, value: Mapping[str, Any], spot: Spot) -> dict[str, Any]:
        target = self._spec._target(spot)
        pointed = {"$ref": self._reference(target)} if target is not None else {}
        if self._old:
            return pointed
        beside = {k: v for k, v in value.items() if k != "$ref"}
        return {**self._converted(beside, spot), **pointed}


def _is_example_map(key: str, value: Any) -> bool:
    return key == "examples" and isinstance(value, dict)


def _as_json_schema(schema: dict[str, Any], old: bool) -> dict[str, Any]:
    """The schema with OpenAPI 3.0's own words in those of JSON Schema, and repaired where it is broken."""
    found = _mended(schema)
    if old and found.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
        if isinstance(found.get("enum"), list) and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
    for word, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(found.get(word), bool):
            exclusive = found.pop(word)
            if exclusive and limit in found:
                found[word] = found.pop(limit)
    return found


def _mended(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without what is no schema at all; a name in a choice counts as the demand for that field."""
    found = dict(schema)
    for word in BRANCHES:
        if isinstance(found.get(word), list):
            members = [{"required": [s]} if isinstance(s, str) else s for s in found[word]]
            found[word] = [s for s in members if isinstance(s, dict | bool)] or [True]
    for word in _INNER:
        if word in found and not isinstance(found[word], dict | bool):
            found[word] = True
    for word in ("properties", "patternProperties"):
        if isinstance(found.get(word), dict):
            found[word] = {k: v if isinstance(v, dict | bool) else True for k, v in found[word].items()}
        else:
            found.pop(word, None)
    for word in ("required", "enum"):
        if not isinstance(found.get(word, []), list):
            del found[word]
    return found


def telling(errors: list[ValidationError]) -> Iterator[ValidationError]:
    """The errors that say most: of a choice that nothing fits, that of the branch that comes nearest."""
    for error in errors:
        yield _deepest(error)


def _deepest(error: ValidationError) -> ValidationError:
    if error.validator in {"anyOf", "oneOf"} and error.context:
        best = best_match([error])
        return best if best is not None and best.validator not in {"anyOf", "oneOf"} else error
    return error


def fits_several(error: ValidationError) -> bool:
    """Whether a value is refused because more than one branch of a oneOf accepts it."""
    return error.validator == "oneOf" and not error.context
