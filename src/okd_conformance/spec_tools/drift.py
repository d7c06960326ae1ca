"""``standard drift``: the published document against our edition; what no erratum says, what is mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from okd_conformance.spec_tools.defects import defects
from okd_conformance.spec_tools.findings import LintFinding, finding, in_order
from okd_conformance.spec_tools.lint import docs_beside, lint
from okd_conformance.spec_tools.unsound import examining
from okd_conformance.standard.bundle import read_data
from okd_conformance.standard.composed import keyword, required_names
from okd_conformance.standard.document import PublishedCall, Spec, Spot
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.source import PublishedFile, read_text

Difference = tuple[str, str]
"""An operation of ours, and a line that is new (+) or gone (-)."""


def drift(document: Path, edition: Edition) -> list[LintFinding]:
    """Differences that no erratum names, and errata that the published document no longer needs.

    Raises SourceError when the document can't be examined.
    """
    with examining(document):
        return _drift(document, edition)


def _drift(document: Path, edition: Edition) -> list[LintFinding]:
    theirs = Spec(document)
    ours = [Spec(edition.folder / name) for name in sorted({r.document for r in edition.roles.values()})]
    errata = PublishedFile(edition.folder / "errata.yaml", read_text(edition.folder / "errata.yaml"))
    named = read_data(edition.folder / "errata.yaml")["errata"]
    found = list(_calls(theirs, ours))
    differing, places = _differences(theirs, ours)
    told = {(o, line) for e in named for o in e["operations"] for line in e.get("differences", [])}
    for operation, line in sorted(differing - told):
        spec, spot = places[operation]
        found.append(_found(spec, spot, "drift-unnamed", operation=operation, line=line))
    found += _mended(errata, named, differing)
    found += _defects_gone(document, edition, errata, named)
    return in_order(found)


def _calls(theirs: Spec, ours: Sequence[Spec]) -> Iterator[LintFinding]:
    """Calls that only one side has."""
    mine = {(c.method, c.path): (spec, c) for spec in ours for c in spec.calls()}
    published = {(c.method, c.path): c for c in theirs.calls()}
    for key in sorted(set(published) - set(mine)):
        yield _found(theirs, published[key].spot, "drift-call-theirs", call=published[key].name)
    for key in sorted(set(mine) - set(published)):
        spec, call = mine[key]
        yield _found(spec, call.spot, "drift-call-ours", call=call.name)


def _differences(theirs: Spec, ours: Sequence[Spec]) -> tuple[set[Difference], dict[str, tuple[Spec, Spot]]]:
    published = {(c.method, c.path): c for c in theirs.calls()}
    found: set[Difference] = set()
    places: dict[str, tuple[Spec, Spot]] = {}
    for spec in ours:
        for call in spec.calls():
            other = published.get((call.method, call.path))
            if other is None:
                continue
            name = str(call.spot.at("operationId").value)
            have, wanted = set(lines(spec, call)), set(lines(theirs, other))
            places[name] = (theirs, other.spot)
            found |= {(name, f"+ {line}") for line in have - wanted - _implied(have, wanted)}
            found |= {(name, f"- {line}") for line in wanted - have - _implied(wanted, have)}
    return found, places


def _implied(one: set[str], other: set[str]) -> set[str]:
    """The lines about a status that only one of them has: its own line says it all."""
    alone = tuple(f"answer {x.removeprefix('status ')} " for x in one - other if x.startswith("status "))
    return {line for line in one if alone and line.startswith(alone)}


def _mended(errata: PublishedFile, named: Sequence[Any], differing: set[Difference]) -> Iterator[LintFinding]:
    """Errata that name a difference that isn't there any more."""
    for index, erratum in enumerate(named):
        real = {line for operation, line in differing if operation in erratum["operations"]}
        for number, line in enumerate(erratum.get("differences", [])):
            if line not in real:
                where = errata.line(("errata", index, "differences", number))
                yield finding("drift-mended", _name(errata), where, erratum=erratum["id"], line=line)


def _defects_gone(
    document: Path, edition: Edition, errata: PublishedFile, named: Sequence[Any]
) -> Iterator[LintFinding]:
    """Errata about a defect that lint finds in the text they were written for, and no longer finds here."""
    known = defects(edition.id)
    if not known:
        return
    found = {(one.rule, one.file) for one in lint(document, docs_beside(document))}
    for index, erratum in enumerate(named):
        defect = known.get(erratum["id"])
        traces = defect.traces if defect else ()
        if traces and not any((t.rule, t.file) in found for t in traces):
            where = errata.line(("errata", index))
            words = ", ".join(sorted({t.rule for t in traces}))
            yield finding("drift-defect-gone", _name(errata), where, erratum=erratum["id"], rules=words)


def _found(spec: Spec, spot: Spot, rule: str, **values: object) -> LintFinding:
    return finding(rule, spec.shown(spot.source.path), spot.line, **values)


def _name(errata: PublishedFile) -> str:
    return f"{errata.path.parent.name}/{errata.path.name}"


# What a document says of a call, as lines that can be compared


def lines(spec: Spec, call: PublishedCall) -> Iterator[str]:
    """Scopes, statuses, query parameters, media types and required fields of a call."""
    security = call.spot.at("security").value
    for entry in security if isinstance(security, list) else []:
        for names in entry.values():
            yield from (f"scope {name}" for name in names)
    yield from (f"status {status}" for status in spec.responses(call))
    for parameter in spec.parameters(call):
        if parameter.at("in").value == "query":
            yield f"query {parameter.at('name').value}"
            if parameter.at("required").value:
                yield f"query requires {parameter.at('name').value}"
    yield from _request(spec, call)
    for status, answer in spec.responses(call).items():
        for media, spot in spec.content(answer).items():
            yield f"answer {status} {media}"
            fields = required(spec, spot.at("schema"))
            yield from (f"answer {status} requires {field}" for field in fields)


def _request(spec: Spec, call: PublishedCall) -> Iterator[str]:
    for media, spot in spec.request(call).items():
        yield f"request {media}"
        yield from (f"request requires {field}" for field in required(spec, spot.at("schema")))
        encoding = spot.at("encoding")
        for part in encoding.names():
            kinds = str(encoding.at(part, "contentType").value).split(",")
            yield from (f"part {part} {kind.strip()}" for kind in kinds)


def required(spec: Spec, unread: Spot, before: str = "", around: frozenset[Spot] = frozenset()) -> set[str]:
    """The fields that every body must have, also inside objects and lists that every body must have."""
    schema = spec.follow(unread)
    names = required_names(spec, unread)
    found = {before + name for name in names}
    if schema in around:  # what holds itself has no end
        return found
    around |= {schema}
    for name in names:
        for place in keyword(spec, schema, "properties", ("allOf",)):
            if place.has(name):
                inner = place.at(name)
                found |= required(spec, inner, f"{before}{name}.", around)
                for items in keyword(spec, inner, "items", ("allOf",)):
                    found |= required(spec, items, f"{before}{name}[].", around)
    return found
