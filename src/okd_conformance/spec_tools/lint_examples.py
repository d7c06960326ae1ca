"""Rules about examples: does each fit its schema, its path, its file name, and the rest of the standard."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from jsonschema.exceptions import ValidationError

from okd_conformance.spec_tools.findings import LintFinding
from okd_conformance.spec_tools.lint_schemas import shown
from okd_conformance.spec_tools.markdown_doc import Doc, ExampleMessage
from okd_conformance.spec_tools.validity import fits_several, telling
from okd_conformance.spec_tools.witness import shrunk
from okd_conformance.spec_tools.world import Publication, PublishedExample, named_values
from okd_conformance.standard.composed import keyword, property_names
from okd_conformance.standard.document import Spot

_MAX_ERRORS = 8
_UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_FILENAME = re.compile(r'filename="([^"]+)"')
_QUOTED_CODE = re.compile(r'"(\w+)Code"\s*:\s*"([^"]*)"')
_QUOTED_DESCRIPTION = re.compile(r'"(\w+)Description"\s*:\s*"([^"]*)"')


def examples(world: Publication) -> Iterator[LintFinding]:
    """All rules of this module."""
    for doc in world.docs:
        for message in doc.messages:
            yield from blocks(world, doc, message)
            yield from path_and_body(world, doc, message)
            yield from file_names(world, doc, message)
            yield from query(world, doc, message)
    for sample in world.samples:
        yield from validity(world, sample)
        yield from names(world, sample)
        yield from addresses(world, sample)
        yield from same_id(world, sample)
    yield from untyped_ids(world)
    yield from descriptions(world)


def blocks(world: Publication, doc: Doc, message: ExampleMessage) -> Iterator[LintFinding]:
    """Pieces of JSON that aren't JSON."""
    for block in message.blocks:
        if block.problem:
            words = {"reason": block.problem, "at": block.problem_line}
            yield world.on("json-invalid", doc, block.line, **words)


def validity(world: Publication, sample: PublishedExample) -> Iterator[LintFinding]:
    """Examples that their own schema refuses."""
    value = sample.spot.value
    for error in list(telling(world.validity.errors(sample.schema, value)))[:_MAX_ERRORS]:
        where = sample.spot.at(*error.absolute_path)
        if fits_several(error):
            still = functools.partial(_refused, world, error)
            witness = shrunk(error.instance, frozenset(_kept(error)), still)
            yield world.at("example-ambiguous", where, witness=shown(witness))
        else:
            yield world.at("example-refused", where, reason=_reason(error))


def _kept(error: ValidationError) -> list[str]:
    """What makes a message a real one: its own id and type."""
    value = error.instance if isinstance(error.instance, dict) else {}
    return [name for name in value if name.endswith(("Id", "Type"))]


def _refused(world: Publication, error: ValidationError, value: Any) -> bool:
    """Whether more than one branch still accepts the value."""
    fitting = [branch for branch in _branches(error) if not list(world.validity.by_converted(branch, value))]
    return len(fitting) > 1


def _branches(error: ValidationError) -> list[Any]:
    return error.validator_value if isinstance(error.validator_value, list) else []


def _reason(error: ValidationError) -> str:
    if error.validator in {"anyOf", "oneOf"}:
        return f"none of the {len(_branches(error))} branches of {error.validator} fits"
    words = error.message
    return words if len(words) <= 200 else words[:199] + "…"


def names(world: Publication, sample: PublishedExample) -> Iterator[LintFinding]:
    """Fields in an example that its schema doesn't know; those that differ only in case are named so.

    Our own documents describe only what OKD uses and leave the rest free, so there it says nothing.
    """
    if sample.kind != "field" and not world.annotated:
        yield from _unknown(world, sample.schema, sample.spot)


def _unknown(world: Publication, schema: Spot, spot: Spot) -> Iterator[LintFinding]:
    if isinstance(spot.value, list):
        inner = keyword(world.spec, schema, "items")
        for item in spot.items():
            for part in inner[:1]:
                yield from _unknown(world, part, item)
        return
    if not isinstance(spot.value, dict):
        return
    known = property_names(world.spec, schema)
    if not known:
        return
    folded = {name.casefold(): name for name in known}
    for name in spot.value:
        if name in known:
            yield from _unknown(world, known[name], spot.at(name))
        elif name.casefold() in folded:
            yield world.at("name-case", spot.at(name), name=name, other=folded[name.casefold()])
        else:
            yield world.at("name-unknown", spot.at(name), name=name)


def addresses(world: Publication, sample: PublishedExample) -> Iterator[LintFinding]:
    """Addresses without TLS, and addresses whose query can't reach the server."""
    told = [sample.spot] if isinstance(sample.spot.value, str) else [s for _, s in named_values(sample.spot)]
    for spot in told:
        url = spot.value
        if not (isinstance(url, str) and url.startswith(("http://", "https://"))):
            continue
        if url.startswith("http://"):
            yield world.at("url-http", spot, url=url)
        parts = urlsplit(url)
        without_mark = "&" in parts.path and not parts.query
        if without_mark or (parts.fragment and "=" in parts.path):
            yield world.at("url-query", spot, url=url)


def same_id(world: Publication, sample: PublishedExample) -> Iterator[LintFinding]:
    """One UUID for two different things in one example."""
    seen: dict[str, str] = {}
    for name, spot in named_values(sample.spot):
        value = spot.value
        if isinstance(value, str) and _UUID.match(value) and name.endswith(("Id", "ID")):
            other = seen.setdefault(value, name)
            if other.casefold() != name.casefold():
                yield world.at("id-twice", spot, name=name, other=other, id=value)


def untyped_ids(world: Publication) -> Iterator[LintFinding]:
    """Ids that are UUIDs in every example but any text in the schema."""
    for name, spots in world.properties.items():
        for spot in spots:
            words = world.spec.follow(spot).value or {}
            example = words.get("example")
            untyped = words.get("type") == "string" and "format" not in words
            if name.endswith("Id") and untyped and isinstance(example, str) and _UUID.match(example):
                yield world.at("id-untyped", spot, name=name)


def path_and_body(world: Publication, doc: Doc, message: ExampleMessage) -> Iterator[LintFinding]:
    """Ids in the path that differ from the same ids in the body."""
    call = world.call_for(message.request)
    if call is None or message.request is None or message.request.path is None:
        return
    given = zip(call.path.split("/"), message.request.path.split("/"), strict=True)
    wanted = {t[1:-1]: v for t, v in given if t.startswith("{") and not v.startswith("{")}
    for block in message.blocks:
        for name, value in wanted.items():
            told = block.value.get(name) if isinstance(block.value, dict) else None
            if block.source and told is not None and told != value:
                line = block.source.line((name,))
                yield world.on("path-body-differ", doc, line, name=name, path=value, body=told)


def file_names(world: Publication, doc: Doc, message: ExampleMessage) -> Iterator[LintFinding]:
    """File names in the header of the file part that differ from the name in the metadata."""
    told = [
        (s, s.value)
        for b in message.blocks
        if b.source
        for n, s in named_values(Spot(b.source, ()))
        if n == "documentName"
    ]
    for header in message.headers:
        found = _FILENAME.search(header.value)
        for spot, name in told if found else []:
            if found and name != found.group(1):
                line = header.line
                yield world.on("file-name-differs", doc, line, name=found.group(1), other=name, at=spot.line)


def query(world: Publication, doc: Doc, message: ExampleMessage) -> Iterator[LintFinding]:
    """Answers that tell of a query that can't be asked, or that expand what was not asked for."""
    call = world.call_for(message.answers)
    if call is None or message.answers is None:
        return
    every = {p.at("name").value: p for c in world.calls for p in world.spec.parameters(c)}
    for parameter in {**every, **{p.at("name").value: p for p in world.spec.parameters(call)}}.values():
        name, enum = parameter.at("name").value, world.spec.follow(parameter.at("schema")).value or {}
        for block in message.blocks:
            if not isinstance(block.value, dict) or block.source is None:
                continue
            told = block.value.get(name)
            if told is not None and enum.get("enum") and told not in enum["enum"]:
                words = ", ".join(map(str, enum["enum"]))
                line = block.source.line((name,))
                yield world.on("value-not-in-parameter", doc, line, name=name, value=told, allowed=words)
            if (
                name == "expand"
                and parameter in world.spec.parameters(call)
                and "expand" not in message.answers.query
            ):
                wide = [
                    w for w in enum.get("items", {}).get("enum", []) if isinstance(block.value.get(w), dict)
                ]
                if wide:
                    line = message.answers.line
                    yield world.on("expanded-unasked", doc, line, call=call.name, fields=", ".join(wide))


def descriptions(world: Publication) -> Iterator[LintFinding]:
    """Values that are the description of a code where the code itself is asked for."""
    codes: set[str] = set()
    described: dict[str, str] = {}
    for doc in world.docs:
        text = "\n".join(b.text for m in doc.messages for b in m.blocks)
        codes |= {code for _, code in _QUOTED_CODE.findall(text)}
        described |= {words.casefold(): doc.path.name for _, words in _QUOTED_DESCRIPTION.findall(text)}
    for sample in world.samples if described else []:
        if sample.message is None and sample.kind != "request":
            continue
        for name, spot in named_values(sample.spot):
            value = spot.value
            told = (
                isinstance(value, str) and not name.endswith(("Description", "Code")) and value not in codes
            )
            if told and value.casefold() in described:
                page = described[value.casefold()]
                yield world.at("description-as-code", spot, name=name, value=value, page=page)
