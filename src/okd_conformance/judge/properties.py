"""Property tests: bodies that schemathesis generates from the edition's own OpenAPI document.

Generated bodies are shaped so that a sane server can accept them: fixtures in their places, names and dates
that occur in life. The same seed gives the same bodies; findings are shrunk by Hypothesis.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky
from jsonschema import ValidationError

from okd_conformance.base.text import say
from okd_conformance.judge.stops import Failed, Inconclusive, NotTested, Stopped
from okd_conformance.standard.bundle import bundle
from okd_conformance.standard.edition import Edition, Operation
from okd_conformance.standard.fields import Body, validator

Mode = Literal["valid", "invalid"]
_UNREALISTIC = re.compile(r"[^\w .,'()&+-]|_")
_LONGEST_NAME = 60
_TYPED = frozenset({"type", "format", "minimum", "required"})
"""The keywords whose breach every reading refuses; what else our schemas ask is our erratum."""


def for_each_body(
    edition: Edition,
    operation: Operation,
    mode: Mode,
    examples: int,
    run_seed: int,
    judge: Callable[[Any], None],
) -> None:
    """Call ``judge`` with generated JSON bodies of an operation.

    What ``judge`` raises as Failed is shrunk to the smallest body that still fails. Inconclusive and
    NotTested end the run at once.
    """
    stopped: list[Stopped] = []

    def one(generated: Any) -> None:
        if stopped:
            return
        try:
            judge(_json_of(operation, generated.body))
        except (Inconclusive, NotTested) as stop:
            stopped.append(stop)

    strategy = _strategy(edition, operation, mode)
    settled = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    generating: Any = given(strategy)
    seeding: Any = seed(run_seed)
    try:
        seeding(settled(generating(one)))()
    except Flaky:
        raise stopped[0] if stopped else Inconclusive(say("not_the_same_twice")) from None
    if stopped:
        raise stopped[0]


def _strategy(edition: Edition, operation: Operation, mode: Mode) -> Any:
    from schemathesis import GenerationMode  # noqa: PLC0415 - slow to load, and few runs need it

    modes = {"valid": GenerationMode.POSITIVE, "invalid": GenerationMode.NEGATIVE}
    document = edition.folder / edition.roles[operation.role].document
    found = _schema(document)[operation.path][operation.method]
    return found.as_strategy(generation_mode=modes[mode])


@functools.cache
def _schema(document: Path) -> Any:
    """The document as schemathesis reads it: no network, no database, no examples copied from it."""
    import schemathesis  # noqa: PLC0415 - slow to load, and few runs need it

    config = schemathesis.Config.from_dict(
        {
            "generation": {"database": "none", "allow-x00": False, "deterministic": True},
            "phases": {"examples": {"enabled": False}, "stateful": {"enabled": False}},
        }
    )
    return schemathesis.openapi.from_dict(_unannotated(bundle(document)), config=config)


def _unannotated(node: Any) -> Any:
    """Leave out what only our engine reads, so that nothing depends on how another library takes it."""
    if isinstance(node, dict):
        return {k: _unannotated(v) for k, v in node.items() if not str(k).startswith("x-okd-")}
    return [_unannotated(v) for v in node] if isinstance(node, list) else node


def _json_of(operation: Operation, generated: Any) -> Any:
    """The JSON of a generated body: of an upload, that of its metadata part."""
    if operation.parts and isinstance(generated, dict):
        return generated.get(operation.part("metadata").name)
    return generated


def realistic(body: Body) -> Body:
    """The same body with names, dates and texts that occur in life; nothing that the schema doesn't know."""

    def value_for(schema: Mapping[str, Any], current: Any) -> Any:
        if _is_fixed(schema):
            return None
        if _is_free_text(schema) and isinstance(current, str):
            return _as_name(current)
        return _REALISTIC.get(str(schema.get("format")))

    return Body(body.schema, _known_only(body)).filled(value_for)


_REALISTIC = {"date": "2026-01-05", "date-time": "2026-01-05T12:00:00Z", "email": "student@example.org"}


def _is_fixed(schema: Mapping[str, Any]) -> bool:
    return any(word in schema for word in ("const", "enum", "x-okd-fixture", "x-okd-fresh"))


def _is_free_text(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" and "format" not in schema and not _is_fixed(schema)


def _as_name(value: str) -> str:
    return " ".join(_UNREALISTIC.sub("", value).split())[:_LONGEST_NAME] or "Zoë"


def _known_only(body: Body) -> Any:
    """The value without properties that the schema doesn't name, at any depth."""
    names = _names(body.schema)

    def pruned(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: pruned(v) for k, v in value.items() if k in names}
        return [pruned(v) for v in value] if isinstance(value, list) else value

    return pruned(body.value)


def _names(node: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(node, dict):
        found |= set(node.get("properties", {})) if isinstance(node.get("properties"), dict) else set()
        for value in node.values():
            found |= _names(value)
    elif isinstance(node, list):
        for value in node:
            found |= _names(value)
    return found


def typed_errors(body: Body, apart_from: Iterable[str] = ()) -> list[str]:
    """The breaches of a body that every reading refuses: a wrong type or format, or a missing field.

    A null is left out (it may stand for absence), and so are fields with the meanings in ``apart_from``.
    """
    skipped = {name for meaning in apart_from for name in _spelled(body.schema, meaning)}
    return [
        error.message
        for error in validator(body.schema).iter_errors(body.value)
        if error.validator in _TYPED and error.instance is not None and not _is_about(error, skipped)
    ]


def _is_about(error: ValidationError, names: set[str]) -> bool:
    return bool(error.absolute_path) and error.absolute_path[-1] in names


def _spelled(node: Any, meaning: str) -> set[str]:
    found: set[str] = set()
    if isinstance(node, dict):
        for name, schema in (node.get("properties") or {}).items():
            if isinstance(schema, dict) and schema.get("x-okd-meaning") == meaning:
                found.add(name)
        for value in node.values():
            found |= _spelled(value, meaning)
    elif isinstance(node, list):
        for value in node:
            found |= _spelled(value, meaning)
    return found


__all__ = ["Failed", "for_each_body", "realistic", "typed_errors"]
