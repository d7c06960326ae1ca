"""The shape of a target file: what its JSON Schema doesn't allow, in plain words.

Values are shown as they were typed, before ``${NAME}`` is filled in, and secrets not at all.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from okd_conformance.base.configuration import shortened
from okd_conformance.base.text import Text, joined, say
from okd_conformance.base.yaml_input import Document, Pointer
from okd_conformance.target.mistakes import Mistakes, place_of

SCHEMA_FILE = Path(__file__).with_name("target.schema.json")
"""The JSON Schema of a target file, for editors too."""
SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
_VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker(("uuid",)))


def check_shape(value: Any, mistakes: Mistakes) -> None:
    """Report what the schema doesn't allow."""
    for error in _VALIDATOR.iter_errors(value):
        pointer: Pointer = tuple(error.absolute_path)
        if not mistakes.at(pointer):
            _EXPLAIN[str(error.validator)](error, pointer, mistakes)


def schema_at(pointer: Pointer) -> Mapping[str, Any]:
    """Return the schema of a place in the file, with what it refers to filled in."""
    found = _resolved(SCHEMA)
    for step in pointer:
        if isinstance(step, int):
            found = _resolved(found.get("items", {}))
        else:
            others = found.get("additionalProperties") or {}
            found = _resolved(found.get("properties", {}).get(step, others))
    return found


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    return {**SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], **schema}


def example(pointer: Pointer) -> Text:
    """How what belongs at a place can be written."""
    examples = schema_at(pointer).get("examples", ["…"])
    prefix = "- " if isinstance(pointer[-1], int) else f"{shortened(str(pointer[-1]))}: "
    return say("target_write_example", example=prefix + json.dumps(examples[0], ensure_ascii=False))


def _explain_unknown(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    instance: Any = error.instance
    known = list(schema_at(pointer)["properties"])
    where = place_of(pointer) or say("target_top_level")
    for key in instance:
        if key not in known:
            mistakes.add(
                (*pointer, key), "target_unknown_key", remedy=_instead_of(key, known, pointer), where=where
            )


def _instead_of(key: str, known: Sequence[str], pointer: Pointer) -> Text:
    close = _closest(key, known)
    if close:
        return say("target_did_you_mean", close=close)
    homes = [place_of(home) for home in places(SCHEMA, ()) if home[-1] == key and home[:-1] != pointer]
    if homes:
        return say("target_belongs", home=homes[0])
    return say("target_known", known=", ".join(known))


def _closest(word: str, known: Sequence[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word.lower().replace("-", "_"), known, n=1)), None)


def one_of(word: str, known: Sequence[str]) -> Text:
    """What may stand there instead of a word; what looks like it comes first."""
    close = _closest(word, known)
    texts = [say("target_did_you_mean", close=close)] if close else []
    return joined([*texts, say("target_one_of", known=", ".join(known))])


def places(schema: Mapping[str, Any], pointer: Pointer) -> Iterator[Pointer]:
    """Every place below ``pointer`` that a schema names."""
    for key, inner in schema.get("properties", {}).items():
        yield (*pointer, key)
        yield from places(_resolved(inner), (*pointer, key))


def _explain_missing(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    required: Any = error.validator_value
    instance: Any = error.instance
    for key in required:
        place = (*pointer, key)
        if key not in instance and not mistakes.at(place):
            mistakes.add(place, "target_missing", remedy=example(place))


def _explain_type(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    allowed: Any = error.validator_value
    expected = [allowed] if isinstance(allowed, str) else allowed
    if error.instance is None:
        mistakes.add(pointer, "target_no_value", remedy=example(pointer))
    elif "string" in expected and isinstance(error.instance, bool | int | float):
        mistakes.add(pointer, "target_needs_quotes", typed=_typed(pointer, mistakes.document))
    elif not pointer:
        mistakes.add(pointer, "target_not_a_mapping")
    else:
        kinds = joined([say(f"target_kind_{kind}") for kind in expected if kind != "null"], " / ")
        mistakes.add(pointer, "target_wrong_type", remedy=example(pointer), kinds=kinds)


def _typed(pointer: Pointer, document: Document) -> str:
    """What was typed, with the quotes that it lacks."""
    source = "…" if schema_at(pointer).get("writeOnly") else shortened(document.source(pointer) or "")
    prefix = "- " if isinstance(pointer[-1], int) else f"{shortened(pointer[-1])}: "
    return f'{prefix}"{source}"'


def _explain_choice(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    allowed: Any = error.validator_value
    choices = [str(choice) for choice in allowed if choice is not None]
    mistakes.add(pointer, "target_choice", choices=", ".join(choices))


def _explain_empty(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    if error.validator == "minLength" and "${" in (mistakes.document.source(pointer) or ""):
        mistakes.add(pointer, "target_empty_variable")
    else:
        mistakes.add(pointer, "target_empty", remedy=example(pointer))


def _explain_as(key: str) -> Callable[[ValidationError, Pointer, Mistakes], None]:
    return lambda _, pointer, mistakes: mistakes.add(pointer, key, remedy=example(pointer))


def _explain_bound(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    """A number is out of bounds; the bounds themselves only matter to who goes beyond any sense."""
    bound: Any = error.validator_value
    value: Any = error.instance
    if (error.validator == "minimum" and value <= 0) or math.isinf(value):
        mistakes.add(pointer, "target_not_positive", remedy=example(pointer))
    else:
        mistakes.add(pointer, f"target_{error.validator}", remedy=example(pointer), bound=f"{bound:g}")


_EXPLAIN: Mapping[str, Callable[[ValidationError, Pointer, Mistakes], None]] = {
    "additionalProperties": _explain_unknown,
    "required": _explain_missing,
    "type": _explain_type,
    "enum": _explain_choice,
    "minLength": _explain_empty,
    "minItems": _explain_empty,
    "minProperties": _explain_empty,
    "format": _explain_as("target_uuid"),
    "pattern": _explain_as("target_scope"),
    "minimum": _explain_bound,
    "maximum": _explain_bound,
    "exclusiveMinimum": _explain_as("target_not_positive"),
}
