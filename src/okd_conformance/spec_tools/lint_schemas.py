"""Rules about what schemas accept: overlapping branches, choices that check nothing, empty bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from okd_conformance.spec_tools.findings import LintFinding
from okd_conformance.spec_tools.validity import fits_several
from okd_conformance.spec_tools.witness import ABSURD, shrunk, smallest
from okd_conformance.spec_tools.world import Publication
from okd_conformance.standard.composed import keyword, property_names
from okd_conformance.standard.document import Spot

_SHOWN = 240


def schemas(world: Publication) -> Iterator[LintFinding]:
    """All rules of this module."""
    for schema in world.spec.schemas():
        yield from overlap(world, schema)
        yield from swallowed(world, schema)
        yield from unsatisfiable(world, schema)
        yield from nothing_required(world, schema)
    yield from texts_without_quotes(world)
    yield from empty_bodies(world)


def shown(value: Any) -> str:
    """A witness as it is shown: JSON on one line."""
    words = json.dumps(value, ensure_ascii=False)
    return words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"


def texts_without_quotes(world: Publication) -> Iterator[LintFinding]:
    """Values of a text that YAML reads as a number or as true or false: NO, 0012345, 1.10."""
    spots = [
        spot
        for schema in world.spec.schemas()
        if schema.value.get("type") == "string"
        for spot in (*schema.at("enum").items(), schema.at("const"), schema.at("default"))
    ]
    parameters = {(id(p.source), p.pointer): p for call in world.calls for p in world.spec.parameters(call)}
    for parameter in parameters.values():
        if (world.spec.follow(parameter.at("schema")).value or {}).get("type") == "string":
            spots.append(parameter.at("example"))
    for spot in spots:
        written = spot.source.written(spot.pointer)
        if isinstance(spot.value, bool | int | float) and written is not None:
            yield world.at("value-not-text", spot, written=written, read=shown(spot.value))


def overlap(world: Publication, schema: Spot) -> Iterator[LintFinding]:
    """Branches of oneOf that accept the same value, so that neither can be chosen."""
    branches = [b for b in schema.at("oneOf").items() if isinstance(b.value, dict)]
    if len(branches) < 2:
        return
    for value in _candidates(world, schema, branches):
        fitting = [i for i, b in enumerate(branches) if world.validity.accepts(b, value)]
        if len(fitting) > 1:
            keep = frozenset(n for b in branches for n in _required(world, b))

            def still(smaller: Any, branches: list[Spot] = branches) -> bool:
                return sum(world.validity.accepts(b, smaller) for b in branches) > 1

            witness = shrunk(value, keep, still)
            numbers = ", ".join(str(i + 1) for i in fitting)
            yield world.at("oneof-overlap", schema.at("oneOf"), branches=numbers, witness=shown(witness))
            return


def _candidates(world: Publication, schema: Spot, branches: list[Spot]) -> Iterator[Any]:
    """Real values for this schema first, then the smallest of each branch."""
    for sample in world.samples:
        if world.spec.follow(sample.schema) == schema:
            yield sample.spot.value
            continue
        for error in world.validity.errors(sample.schema, sample.spot.value) if _near(sample, schema) else []:
            if fits_several(error):
                yield error.instance
    for branch in branches:
        yield smallest(world.spec, branch)


def _near(sample: Any, schema: Spot) -> bool:
    return bool(sample.call) and sample.schema.source is schema.source


def _required(world: Publication, schema: Spot) -> set[str]:
    listed = keyword(world.spec, schema, "required", ("allOf",))
    return {name.value for place in listed for name in place.items() if isinstance(name.value, str)}


def swallowed(world: Publication, schema: Spot) -> Iterator[LintFinding]:
    """An anyOf with a branch so wide that the others never check anything."""
    branches = [b for b in schema.at("anyOf").items() if isinstance(b.value, dict)]
    if len(branches) < 2:
        return
    for index, branch in enumerate(branches):
        nonsense, checked = _nonsense(world, branch)
        if checked and not world.validity.accepts(branch, nonsense):
            wide = [i for i, b in enumerate(branches) if i != index and world.validity.accepts(b, nonsense)]
            if wide and world.validity.accepts(schema, nonsense):
                words = ", ".join(checked)
                number = str(wide[0] + 1)
                yield world.at(
                    "anyof-swallows", schema.at("anyOf"), wide=number, fields=words, witness=shown(nonsense)
                )
                return


def _nonsense(world: Publication, branch: Spot) -> tuple[Any, list[str]]:
    """The smallest value of a branch with nonsense in each field that the branch describes."""
    value = smallest(world.spec, branch)
    known = property_names(world.spec, branch)
    if not isinstance(value, dict):
        return value, []
    checked = []
    for name, spot in known.items():
        if name in _required(world, branch) or world.spec.follow(spot).value == {}:
            continue
        wrong = [bad for bad in ABSURD if not world.validity.accepts(spot, bad)]
        if wrong:
            value[name] = wrong[0]
            checked.append(name)
    return value, checked


def unsatisfiable(world: Publication, schema: Spot) -> Iterator[LintFinding]:
    """Schemas that contradict themselves: a field that must be there and can't have any value."""
    for word in ("properties",):
        for name in schema.at(word).names():
            spot = schema.at(word, name)
            words = spot.value
            enum = words.get("enum") if isinstance(words, dict) else None
            if isinstance(enum, list) and not any(world.validity.accepts(spot, value) for value in enum):
                yield world.at("enum-impossible", spot, field=name)


def nothing_required(world: Publication, schema: Spot) -> Iterator[LintFinding]:
    """Items of a list that may be empty objects although they have named fields."""
    items = world.spec.follow(schema.at("items")) if schema.has("items") else None
    if items is None or not items.at("properties").names() or world.spec.version >= (3, 1):
        return
    if items.value.get("type") == "object" and "required" not in items.value and "allOf" not in items.value:
        names = ", ".join(items.at("properties").names())
        yield world.at("nothing-required", items, fields=names)


def empty_bodies(world: Publication) -> Iterator[LintFinding]:
    """Requests whose JSON may be an empty object."""
    seen = set()
    for call in world.calls:
        for media in world.spec.request(call).values():
            body = world.spec.body(media)
            schema = world.spec.follow(_single(world, body)) if body else None
            if schema is None or (id(schema.source), schema.pointer) in seen:
                continue
            seen.add((id(schema.source), schema.pointer))
            if schema.value.get("format") != "binary" and world.validity.accepts(schema, {}):
                yield world.at("empty-body", schema, call=call.name)


def _single(world: Publication, body: Spot) -> Spot:
    """The schema itself where a body is no more than an allOf of one."""
    return list(world.spec.walk([body], _only_part))[-1]


def _only_part(schema: Spot) -> list[Spot]:
    parts = schema.at("allOf").items()
    return parts if len(parts) == 1 and set(schema.value) == {"allOf"} else []
