"""Rules about scopes: what the YAML lists, what each flow's text says, and the page on scopes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from okd_conformance.spec_tools.findings import LintFinding
from okd_conformance.spec_tools.markdown_doc import Doc
from okd_conformance.spec_tools.world import Publication
from okd_conformance.standard.document import PublishedCall, Spot

_PAGE = re.compile(r"^\s*[-*]\s*flow\s+([\w,]+)\s*:\s*(.*)$")
_AND_SO_ON = re.compile(r"specifie\w*|variant", re.IGNORECASE)


def security(world: Publication) -> Iterator[LintFinding]:
    """All rules of this module."""
    for call in world.calls:
        yield from requirement(world, call)
    if world.scope_names:
        yield from texts(world)
        yield from page(world)


def requirement(world: Publication, call: PublishedCall) -> Iterator[LintFinding]:
    """What the security of one call says."""
    listed = world.spec.security(call)
    answers = world.spec.responses(call)
    if listed is None:
        if call.path != "/":
            yield world.at("security-missing", call.spot, call=call.name)
        refusals = [s for s in ("401", "403") if s in answers]
        if refusals and call.path == "/":
            where = call.spot.at("responses", refusals[0])
            yield world.at("security-refusals", where, call=call.name, statuses=", ".join(refusals))
        return
    for entry in listed.items():
        for name in entry.names():
            scopes = entry.at(name).value or []
            if name not in world.scopes:
                yield world.at("security-undefined", entry.at(name), scheme=name, call=call.name)
                continue
            if len(scopes) > 1:
                words = ", ".join(scopes)
                yield world.at("security-and", listed, call=call.name, count=len(scopes), scopes=words)
            for index, scope in enumerate(scopes):
                if scope not in world.scopes[name] and world.scopes[name]:
                    yield world.at("scope-undefined", entry.at(name, index), scope=scope)


def texts(world: Publication) -> Iterator[LintFinding]:
    """The YAML against the section on authentication in each flow document."""
    asked: dict[str, dict[str, set[str]]] = {}
    calls: dict[str, PublishedCall] = {}
    for doc in world.docs:
        lines = list(doc.under("uthenti"))
        for line in lines:
            for scope in world.scopes_in(line.text):
                if scope not in world.scope_names:
                    yield world.on("scope-unknown", doc, line.number, scope=scope)
        if doc.flow is None or not lines:
            continue
        told = {s for line in lines for s in world.scopes_in(line.text) if s in world.scope_names}
        if not told:
            yield from unscoped(world, doc, lines[0].number)
        for call in calls_of(world, doc):
            if told and not any(_AND_SO_ON.search(line.text) for line in lines):
                calls[call.name] = call
                asked.setdefault(call.name, {})[doc.flow] = told
    for name, by_flow in asked.items():
        yield from compared(world, calls[name], by_flow)


def calls_of(world: Publication, doc: Doc) -> list[PublishedCall]:
    """The calls of a flow document, each once."""
    found = {c.name: c for n in doc.named if (c := world.call_for(n))}
    return list(found.values())


def unscoped(world: Publication, doc: Doc, line: int) -> Iterator[LintFinding]:
    """A flow whose text names no scope while the page on scopes asks for one."""
    for other in world.docs:
        for each in other.lines:
            found = _PAGE.match(each.text)
            if found and doc.flow in found.group(1).split(","):
                where = f"{other.path.name}:{each.number}"
                yield world.on("flow-without-scope", doc, line, flow=doc.flow, page=where)


def compared(world: Publication, call: PublishedCall, by_flow: dict[str, set[str]]) -> Iterator[LintFinding]:
    """The scopes of one call, in the YAML and in the texts of its flows."""
    listed = world.spec.security(call)
    if listed is None:
        return
    ours = world.scopes_of(call)
    for flow, told in by_flow.items():
        missing = sorted(told - ours)
        if missing and ours:
            yield world.at("scope-missing", listed, call=call.name, flow=flow, scopes=", ".join(missing))
    every = set().union(*by_flow.values())
    extra = sorted(ours - every)
    if extra and call.method != "DELETE":
        yield world.at("scope-extra", listed, call=call.name, scopes=", ".join(extra))
    if len({frozenset(told) for told in by_flow.values()}) > 1:
        yield world.at("scopes-per-flow", listed, call=call.name, flows=", ".join(by_flow))


def page(world: Publication) -> Iterator[LintFinding]:
    """The page on scopes against the YAML and against the texts of the flows."""
    for doc in world.docs:
        told = [(line, m) for line in doc.lines if (m := _PAGE.match(line.text))]
        if len(told) < 3:
            continue
        pages: dict[str, set[str]] = {}
        where: dict[str, int] = {}
        for line, match in told:
            for flow in match.group(1).split(","):
                pages.setdefault(flow, set()).update(world.scopes_in(match.group(2)))
                where[flow] = line.number
        for other in world.docs:
            if other.flow in pages:
                yield from _page_against(world, doc, where[other.flow], other, pages[other.flow])


def _page_against(
    world: Publication, page_doc: Doc, line: int, flow: Doc, told: set[str]
) -> Iterator[LintFinding]:
    lines = list(flow.under("uthenti"))
    whole = "\n".join(each.text for each in lines)
    text = {s for s in world.scopes_in(whole) if s in world.scope_names}
    scoped = [each.number for each in lines if world.scopes_in(each.text)]
    open_ended = bool(_AND_SO_ON.search(whole))
    told_known = {s for s in told if s in world.scope_names}
    if text and told_known and text - told_known:
        extra = ", ".join(sorted(text - told_known))
        yield world.on(
            "scope-page-text", flow, scoped[0], flow=flow.flow, scopes=extra, page=page_doc.path.name
        )
    for call in calls_of(world, flow) if open_ended and told_known else []:
        unlisted = sorted(world.scopes_of(call) - told_known - _told_elsewhere(world, call, flow))
        spot = world.spec.security(call)
        if unlisted and isinstance(spot, Spot):
            where = f"{page_doc.path.name}:{line}"
            words = ", ".join(unlisted)
            yield world.at("scope-page-yaml", spot, call=call.name, flow=flow.flow, scopes=words, page=where)


def _told_elsewhere(world: Publication, call: PublishedCall, flow: Doc) -> set[str]:
    """What the text of another flow with the same call asks for."""
    others = [d for d in world.docs if d.flow and d is not flow and call in calls_of(world, d)]
    return {s for d in others for line in d.under("uthenti") for s in world.scopes_in(line.text)}
