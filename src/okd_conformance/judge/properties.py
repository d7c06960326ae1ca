"""Property tests: bodies that schemathesis generates from the edition's own OpenAPI document.

What must be accepted is shaped as a real client sends it: only which optional fields it has is generated, and
each has the value of the standard's own example. The same seed gives the same bodies; findings are shrunk by
Hypothesis.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky
from jsonschema import ValidationError

from okd_conformance.base.text import say
from okd_conformance.judge.stops import Failed, Inconclusive, NotTested, Stopped
from okd_conformance.standard.bundle import bundle
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.fields import Body, described, field_names, validator
from okd_conformance.standard.operation import Operation

Mode = Literal["valid", "invalid"]
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
    source = _Source(
        document=edition.folder / edition.roles[operation.role].document,
        path=operation.path,
        method=operation.method,
        part=operation.part("metadata").name if operation.parts else None,
        mode=mode,
        examples=examples,
        seed=run_seed,
    )
    passed = 0
    try:
        for body in _bodies(source):
            judge(copy.deepcopy(body))
            passed += 1
    except Failed:
        _shrink(source, judge, passed)


@dataclass(frozen=True)
class _Source:
    """All that decides which bodies are generated; nothing that a target answers does."""

    document: Path
    path: str
    method: str
    part: str | None
    """Of an upload, the part that holds the JSON."""
    mode: Mode
    examples: int
    seed: int


@functools.cache
def _bodies(source: _Source) -> list[Any]:
    """The bodies of a source, drawn once for all cases and runs of this process."""
    drawn: list[Any] = []
    _generate(source, drawn.append)
    return drawn


def _shrink(source: _Source, judge: Callable[[Any], None], passed: int) -> None:
    """Draw the bodies again, to shrink the one that failed; the first ``passed`` are not judged twice."""
    stopped: list[Stopped] = []
    drawn = itertools.count()

    def one(body: Any) -> None:
        if stopped or next(drawn) < passed:
            return
        try:
            judge(body)
        except (Inconclusive, NotTested) as stop:
            stopped.append(stop)

    with contextlib.suppress(Flaky):
        _generate(source, one)
    raise stopped[0] if stopped else Inconclusive(say("not_the_same_twice"))


def _generate(source: _Source, take: Callable[[Any], None]) -> None:
    """Hand each body that Hypothesis draws to ``take``; what it raises is shrunk."""

    def one(generated: Any) -> None:
        body = generated.body
        take(body.get(source.part) if source.part is not None and isinstance(body, dict) else body)

    settled = settings(
        max_examples=source.examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    generating: Any = given(_strategy(source))
    seeding: Any = seed(source.seed)
    seeding(settled(generating(one)))()


def _strategy(source: _Source) -> Any:
    from schemathesis import GenerationMode  # noqa: PLC0415 - slow to load, and few runs need it

    modes = {"valid": GenerationMode.POSITIVE, "invalid": GenerationMode.NEGATIVE}
    found = _schema(source.document)[source.path][source.method]
    return found.as_strategy(generation_mode=modes[source.mode])


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


def plausible(usual: Body, generated: Mapping[str, Any], list_name: str | None) -> Body:
    """A body as a real client sends it: of the usual one, those optional fields that a generated one has.

    What the usual body lacks is added where the schema names a usual value for it (``x-okd-usual``). What it
    requires, or other sources of the standard do (``x-okd-always``), stays. The items of ``list_name`` are
    treated likewise, each beside the generated one that stands at its place.
    """
    needed, values = _facts(usual.schema)

    def chosen(known: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in known.items() if name in other or name in needed}
        return kept | {name: values[name] for name in other if name not in known and name in values}

    value = chosen(usual.value, generated)
    items = value.get(list_name or "")
    if isinstance(items, list):
        others = [item for item in generated.get(list_name or "") or () if isinstance(item, dict)]
        pairs: Any = itertools.zip_longest(items, others[: len(items)], fillvalue={})
        value[list_name or ""] = [chosen(item, other) for item, other in pairs]
    return Body(usual.schema, value)


def _facts(schema: Mapping[str, Any]) -> tuple[set[str], dict[str, Any]]:
    """The names that some object of the schemas needs, and the usual values of fields by their names.

    What only another message needs counts too: a careful client sends it in each.
    """
    needed: set[str] = set()
    values: dict[str, Any] = {}
    for name, one in described(schema, *schema.get("components", {}).get("schemas", {}).values()):
        needed |= {*one.get("required", ()), *one.get("x-okd-always", ())}
        if name is not None and "x-okd-usual" in one:
            values[name] = one["x-okd-usual"]
    return needed, values


def typed_errors(body: Body, apart_from: Iterable[str] = ()) -> list[str]:
    """The breaches of a body that every reading refuses: a wrong type or format, or a missing field.

    A null is left out (it may stand for absence), and so are fields with the meanings in ``apart_from``.
    """
    skipped = {name for meaning in apart_from for name in field_names(body.schema, meaning)}
    return [error.message for error in _typed(body) if not _is_about(error, skipped)]


def only_convertible(body: Body) -> bool:
    """Whether all that is wrong in a body are scalars that common readers of JSON convert by themselves.

    Jackson and Newtonsoft take a number for text, digits or a fraction for a whole number.
    """
    errors = _typed(body)
    return bool(errors) and all(error.validator == "type" and _converts(error) for error in errors)


def _converts(error: ValidationError) -> bool:
    is_scalar = isinstance(error.instance, (str, int, float))
    if not is_scalar or not isinstance(error.schema, Mapping) or error.schema.get("format") == "uuid":
        return False
    digits = str(error.instance).strip().lstrip("-").isdecimal()
    return digits or not isinstance(error.instance, str)


def _typed(body: Body) -> list[ValidationError]:
    errors = validator(body.schema).iter_errors(body.value)
    return [error for error in errors if error.validator in _TYPED and error.instance is not None]


def _is_about(error: ValidationError, names: set[str]) -> bool:
    return bool(error.absolute_path) and error.absolute_path[-1] in names


__all__ = ["Failed", "for_each_body", "plausible", "typed_errors"]
