"""Rules about the flow documents: calls that don't exist, open questions, limits, wrong words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from okd_conformance.spec_tools.findings import LintFinding
from okd_conformance.spec_tools.lint_security import calls_of
from okd_conformance.spec_tools.markdown_doc import Doc
from okd_conformance.spec_tools.world import Publication, listed
from okd_conformance.standard.composed import property_names
from okd_conformance.standard.document import PublishedCall

_OPEN = re.compile(
    r"open ?vraag|voorstel om te bespreken|huidige idee|we zoeken nog|\bTODO\b|\bTBD\b", re.IGNORECASE
)
_LIMIT = re.compile(r"\b\d+\s?(?:GB|MB)\b")
_EXACT = re.compile(r"\d{7,}|GiB|MiB|10\^9|2\^30")
_REFUSES = re.compile(r"fo?u(?:t)?t?melding|foutmelding|error message", re.IGNORECASE)
_STATUS = re.compile(r"\b[45]\d\d\b")
_FIELD_LINE = re.compile(r'^\s*[*-]?\s*"(\w+)"\s*:\s*(.*)$')
_QUOTED = re.compile(r'"([^"]+)"')
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def texts(world: Publication) -> Iterator[LintFinding]:
    """All rules of this module."""
    for doc in world.docs:
        yield from calls(world, doc)
        yield from lines(world, doc)
        yield from values(world, doc)
        yield from diagram_fields(world, doc)
    if world.docs:
        yield from unmentioned(world)
        yield from two_servers(world)
        yield from paging(world)


def calls(world: Publication, doc: Doc) -> Iterator[LintFinding]:
    """Calls that a text names and the document doesn't have."""
    for named in doc.named:
        if named.path is not None and world.call_for(named) is None:
            path = next((c.path for c in world.calls if _same_path(c, named.path)), None)
            rule = "method-unknown" if path else "path-unknown"
            yield world.on(rule, doc, named.line, call=f"{named.method} {named.path}")


def _same_path(call: PublishedCall, path: str) -> bool:
    ours, theirs = call.path.split("/"), path.split("/")
    return len(ours) == len(theirs) and all(a == b or a[:1] == "{" for a, b in zip(ours, theirs, strict=True))


def lines(world: Publication, doc: Doc) -> Iterator[LintFinding]:
    """Open questions, limits without a unit that says all, refusals without a status."""
    for line in doc.lines:
        found = _OPEN.search(line.text)
        if found:
            yield world.on("open-question", doc, line.number, words=found.group(0))
        limit = _LIMIT.search(line.text)
        if limit and not _EXACT.search(line.text):
            yield world.on("limit-unclear", doc, line.number, limit=limit.group(0))
        if _REFUSES.search(line.text) and not _STATUS.search(line.text):
            yield world.on("refusal-without-status", doc, line.number)


def values(world: Publication, doc: Doc) -> Iterator[LintFinding]:
    """Values in a text that the field's list of values doesn't have."""
    for line in [*doc.lines, *doc.diagrams]:
        found = _FIELD_LINE.match(line.text)
        if not found or found.group(1) not in world.properties:
            continue
        name, words = found.group(1), _QUOTED.findall(found.group(2))
        enums = [e for e in (listed(world, s) for s in world.properties[name]) if e]
        for word in words:
            if enums and not any(word in enum for enum in enums):
                allowed = ", ".join(enums[0])
                yield world.on("value-unknown", doc, line.number, name=name, value=word, allowed=allowed)


def diagram_fields(world: Publication, doc: Doc) -> Iterator[LintFinding]:
    """Fields that a sequence diagram goes on with, while the answer may lack them."""
    later = [named for named in doc.named if named.server and named.path is None]
    named = {word for call in later for word in _PLACEHOLDER.findall(call.target)}
    for call in calls_of(world, doc):
        for status, answer in world.spec.responses(call).items():
            for media in world.spec.content(answer).values() if status.startswith("2") else []:
                schema = world.spec.follow(media.at("schema"))
                known = property_names(world.spec, schema)
                required = set((schema.value or {}).get("required", []))
                for name in sorted(named & set(known) - required):
                    line = next(x.number for x in doc.diagrams if "{" + name + "}" in x.text)
                    where = f"{doc.path.name}:{line}"
                    place = schema.at("required") if schema.has("required") else schema
                    yield world.at("diagram-field-optional", place, name=name, call=call.name, text=where)


def unmentioned(world: Publication) -> Iterator[LintFinding]:
    """Calls of the document that no flow document names."""
    told = {call.name for doc in world.docs for call in calls_of(world, doc)}
    for call in world.calls:
        if call.name not in told:
            yield world.at("call-unmentioned", call.spot, call=call.name)


def two_servers(world: Publication) -> Iterator[LintFinding]:
    """One call that different flows send to different sides, with one description for both."""
    servers: dict[str, dict[str, str]] = {}
    for doc in world.docs:
        for named in doc.named:
            call = world.call_for(named)
            if call and named.server and doc.flow:
                servers.setdefault(call.name, {})[doc.flow] = named.server
    for call in world.calls:
        by_flow = servers.get(call.name, {})
        sides = {"dms" if server.casefold() == "dms" else "module" for server in by_flow.values()}
        if len(sides) > 1:
            words = "; ".join(f"flow {flow}: {server}" for flow, server in sorted(by_flow.items()))
            yield world.at("call-two-servers", call.spot, call=call.name, servers=words)


def paging(world: Publication) -> Iterator[LintFinding]:
    """Lists that come in pages although no page can be asked for; searches whose key may be absent."""
    for call in world.calls:
        asked = {p.at("name").value: p for p in world.spec.parameters(call) if p.at("in").value == "query"}
        for status, answer in world.spec.responses(call).items():
            for media in world.spec.content(answer).values() if status.startswith("2") else []:
                known = property_names(world.spec, media.at("schema"))
                if "pageNumber" in known and "pageNumber" not in asked:
                    yield world.at("paged-without-parameters", call.spot, call=call.name)
    yield from _named_as_only(world)


def _named_as_only(world: Publication) -> Iterator[LintFinding]:
    """Query parameters that a text calls the only one, but that may be left out."""
    for doc in world.docs:
        for line in doc.lines:
            for word in re.findall(r"(?:alleen|only)[^'\"`]*['\"`](\w+)['\"`]", line.text, re.IGNORECASE):
                for call in calls_of(world, doc):
                    for parameter in world.spec.parameters(call):
                        named = parameter.at("name").value == word and parameter.at("in").value == "query"
                        if named and not parameter.at("required").value:
                            text = f"{doc.path.name}:{line.number}"
                            yield world.at(
                                "search-key-optional",
                                call.spot.at("parameters"),
                                name=word,
                                text=text,
                                call=call.name,
                            )
