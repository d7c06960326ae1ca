"""Rules about structure: files, references, OpenAPI's own grammar, paths, the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from okd_conformance.spec_tools.findings import LintFinding, finding
from okd_conformance.spec_tools.grammar import grammar
from okd_conformance.spec_tools.world import Publication, fits
from okd_conformance.standard.document import Spot
from okd_conformance.standard.schemas import BRANCHES

_MEANINGFUL = ("readOnly", "writeOnly", "nullable", "required", "enum", "type", "format")


def structure(world: Publication) -> Iterator[LintFinding]:
    """All rules of this module."""
    yield from problems(world)
    yield from files(world)
    yield from references(world)
    yield from siblings(world)
    yield from combinations(world)
    yield from paths(world)
    yield from server(world)
    yield from grammar(world)


def problems(world: Publication) -> Iterator[LintFinding]:
    """References that were not followed, and files that could not be read."""
    for rule, path, line, values in world.spec.problems:
        yield finding(rule, world.spec.shown(path), line, **values)


def files(world: Publication) -> Iterator[LintFinding]:
    """Keys that are no text or stand there twice, and files that nothing refers to."""
    for source in world.spec.sources.values():
        statuses = [(p, key) for p, key in source.odd_keys if p[-2:-1] == ("responses",)]
        for pointer, key in statuses[:1]:
            yield world.at("status-not-text", Spot(source, pointer), key=key, more=len(statuses) - 1)
        for pointer, key in source.odd_keys:
            if (pointer, key) not in statuses:
                yield world.at("key-not-text", Spot(source, pointer), key=key)
        for line, key, first in source.repeated:
            again = world.at("key-twice", Spot(source, ()), key=key, first=first)
            yield replace(again, line=line)
    if world.docs:
        for path in sorted(world.spec.base.rglob("*.yaml")):
            if path.resolve() not in world.spec.sources:
                yield world.at("file-unreachable", Spot(world.spec.root.source, ()), name=world.shown(path))


def references(world: Publication) -> Iterator[LintFinding]:
    """References that lead nowhere."""
    told = {(p.path, p.line) for p in world.spec.problems}
    for spot, target in world.spec.references:
        if target is None and (spot.source.path, spot.line) not in told:
            yield world.at("ref-broken", spot.at("$ref"), reference=spot.value["$ref"])


def siblings(world: Publication) -> Iterator[LintFinding]:
    """Keywords beside a reference, which OpenAPI 3.0 ignores."""
    if world.spec.version >= (3, 1):
        return
    for spot, _ in world.spec.references:
        beside = [key for key in spot.value if key != "$ref"]
        if beside and spot.pointer[:1] != ("paths",):
            weighs = any(key in _MEANINGFUL for key in beside)
            words = ", ".join(beside)
            yield world.at("ref-siblings", spot.at("$ref"), None if weighs else "note", keys=words)


def combinations(world: Publication) -> Iterator[LintFinding]:
    """Members of allOf, anyOf and oneOf that are no schemas; required fields that nothing describes."""
    for schema in world.spec.schemas():
        for word in BRANCHES:
            wrong = [str(i.value) for i in schema.at(word).items() if not isinstance(i.value, dict)]
            if wrong:
                yield world.at("not-a-schema", schema.at(word), word=word, members=", ".join(wrong))
        known = schema.at("properties").names()
        alone = known and not schema.pointer and "allOf" not in schema.value
        for item in schema.at("required").items() if alone else []:
            if item.value not in known:
                yield world.at("required-undescribed", item, field=item.value)


def paths(world: Publication) -> Iterator[LintFinding]:
    """Paths that a template of another path also fits, with a method that both have."""
    every = world.spec.root.at("paths")
    methods = {path: {c.method for c in world.calls if c.path == path} for path in every.names()}
    for template in every.names():
        for path in every.names():
            literal = "{" in template and "{" not in path and fits(template, path)
            if literal and methods[template] & methods[path]:
                yield world.at("path-shadowed", every.at(path), path=path, template=template)


def server(world: Publication) -> Iterator[LintFinding]:
    """Server addresses without TLS, or with another base path than the flow documents."""
    bases = [named.base for doc in world.docs for named in doc.named if named.base]
    usual = max(set(bases), key=bases.count) if bases else None
    for item in world.spec.root.at("servers").items():
        url = str(item.at("url").value)
        if url.startswith("http://") and not re.match(r"http://(localhost|127\.)", url):
            yield world.at("server-http", item.at("url"), url=url)
        if usual and not url.rstrip("/").endswith(usual):
            yield world.at("server-base", item.at("url"), url=url, base=usual)
