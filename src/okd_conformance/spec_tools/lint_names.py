"""Rules about words: one thing under two names, one name with two vocabularies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from okd_conformance.spec_tools.findings import LintFinding
from okd_conformance.spec_tools.world import Publication, listed
from okd_conformance.standard.document import Spot

_QUOTED = re.compile(r'"([A-Za-z][\w -]*)"')
_NARROWING = re.compile(r"\b(only|alleen)\b", re.IGNORECASE)
_LAST_SMALL = re.compile(r"[sS]$")


def names(world: Publication) -> Iterator[LintFinding]:
    """All rules of this module."""
    yield from spelling(world)
    yield from with_and_without_id(world)
    yield from vocabularies(world)
    yield from narrowed(world)


def spelling(world: Publication) -> Iterator[LintFinding]:
    """Properties whose names differ only in capitals, or in capitals and a plural s."""
    folded: dict[str, dict[str, Spot]] = {}
    for name, spots in world.properties.items():
        folded.setdefault(_LAST_SMALL.sub("", name).casefold(), {})[name] = spots[0]
    for variants in folded.values():
        known = [n for n in variants if not _explained(world, n)]
        if not known:
            continue
        usual = max(known, key=lambda n: (len(world.properties[n]), sum(c.isupper() for c in n)))
        for name in known:
            plural = _LAST_SMALL.sub("", name) == _LAST_SMALL.sub("", usual)
            if name != usual and not plural:
                for spot in world.properties[name]:
                    yield world.at("name-case", spot, name=name, other=usual)
    yield from _words_in_one_name(world)


def _explained(world: Publication, name: str) -> bool:
    """Whether the document itself says what the field means, so that two spellings are no accident."""
    spots = world.properties[name]
    return any("x-okd-meaning" in (world.spec.follow(s).value or {}) or s.has("x-okd-meaning") for s in spots)


def _words_in_one_name(world: Publication) -> Iterator[LintFinding]:
    """Names written without capitals that are made of the words of a known name, such as creationdate."""
    for name, spots in world.properties.items():
        word = next((w for w in ("date", "size") if name.endswith(w) and name != w), None)
        if word and name.islower() and world.spec.version < (3, 1):
            stem = name.removesuffix(word)
            better = stem + word.capitalize()
            if better not in world.properties:
                for spot in spots:
                    yield world.at("name-no-capital", spot, name=name, other=better)


def with_and_without_id(world: Publication) -> Iterator[LintFinding]:
    """Find an id that is named twice: once with Id at the end, once without."""
    for name, spots in world.properties.items():
        if name + "Id" in world.properties and world.spec.version < (3, 1):
            for spot in spots:
                other = world.properties[name + "Id"][0]
                same = {_format(world, spot), _format(world, other)}
                if same == {"uuid"}:
                    yield world.at("name-without-id", spot, name=name, other=name + "Id")


def _format(world: Publication, spot: Spot) -> Any:
    return (world.spec.follow(spot).value or {}).get("format")


def _enum(world: Publication, spot: Spot) -> tuple[str, ...]:
    return tuple(sorted(listed(world, spot)))


def vocabularies(world: Publication) -> Iterator[LintFinding]:
    """One name with a list of values in one place, and another list or none elsewhere."""
    if world.spec.version >= (3, 1):
        return
    places = {name: list(spots) for name, spots in world.properties.items()}
    for call in world.calls:
        for parameter in world.spec.parameters(call):
            name = parameter.at("name").value
            if name in places and parameter.at("in").value == "query":
                places[name].append(parameter.at("schema"))
    for name, spots in places.items():
        enums = {e for spot in spots if (e := _enum(world, spot))}
        for spot in spots:
            own = _enum(world, spot)
            kind = (world.spec.follow(spot).value or {}).get("type")
            if enums and not own and kind == "string":
                yield world.at("enum-absent", spot, name=name, values=json.dumps(sorted(enums)[0]))
            elif own and any(not set(own) & set(other) for other in enums):
                others = next(other for other in enums if not set(own) & set(other))
                yield world.at(
                    "enum-differs", spot, name=name, values=", ".join(own), others=", ".join(others)
                )


def narrowed(world: Publication) -> Iterator[LintFinding]:
    """Prose that allows only some of the values that the schema lists."""
    enums = {(name, e) for name, spots in world.properties.items() for s in spots if (e := _enum(world, s))}
    for call in world.calls:
        description = call.spot.at("description")
        for offset, line in enumerate(str(description.value or "").split("\n"), 1):
            words = set(_QUOTED.findall(line))
            for name, values in sorted(enums):
                about = re.search(rf"\b{name}s?\b", str(description.value))
                if about and len(words) > 1 and words < set(values) and _NARROWING.search(line):
                    found = world.at("enum-narrowed", description, name=name, words=", ".join(sorted(words)))
                    yield replace(found, line=found.line + offset)
