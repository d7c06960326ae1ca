"""Rules about statuses, media types and headers."""

from __future__ import annotations

from collections.abc import Iterator

from okd_conformance.spec_tools.findings import LintFinding
from okd_conformance.spec_tools.markdown_doc import Doc, ExampleMessage
from okd_conformance.spec_tools.world import Publication
from okd_conformance.standard.document import PublishedCall, Spot

_PROBLEM = "application/problem+json"
_HEADERS = {"401": "WWW-Authenticate", "405": "Allow", "429": "Retry-After"}
_REGISTERED = frozenset(
    {
        "application/json",
        "application/problem+json",
        "application/merge-patch+json",
        "application/json-patch+json",
        "application/octet-stream",
        "application/pdf",
        "application/xml",
        "application/zip",
        "application/msword",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/mixed",
        "multipart/related",
        "text/plain",
        "text/html",
        "text/csv",
        "text/xml",
        "image/png",
        "image/jpeg",
        "image/tiff",
        "image/gif",
        "*/*",
    }
)
_TREES = ("application/vnd.", "image/", "text/", "audio/", "video/", "font/")


def answers(world: Publication) -> Iterator[LintFinding]:
    """All rules of this module."""
    for call in world.calls:
        yield from statuses(world, call)
        yield from errors(world, call)
        yield from uploads(world, call)
    for doc in world.docs:
        for message in doc.messages:
            yield from headers(world, doc, message)


def statuses(world: Publication, call: PublishedCall) -> Iterator[LintFinding]:
    """Statuses that a call with a body needs and lacks; a POST that makes something and answers 200 alone."""
    content = world.spec.request(call)
    answered, where = world.spec.responses(call), call.spot.at("responses")
    if not content or not any(status.startswith("4") for status in answered):
        return
    needed = {"415": True, "413": _carries_file(content), "422": _carries_json(content)}
    for status, needs in needed.items():
        if needs and status not in answered and "4XX" not in answered and "default" not in answered:
            yield world.at("status-missing", where, call=call.name, status=status)
    good = [status for status in answered if status.startswith("2")]
    if call.method == "POST" and good == ["200"] and world.spec.version < (3, 1):
        yield world.at("post-answers-200", where.at("200"), call=call.name)


def _carries_file(content: dict[str, Spot]) -> bool:
    return any(not media.endswith("json") for media in content)


def _carries_json(content: dict[str, Spot]) -> bool:
    return any(media.endswith("json") or media.startswith("multipart/") for media in content)


def errors(world: Publication, call: PublishedCall) -> Iterator[LintFinding]:
    """Answers that tell of an error in another form than the rest, or without what HTTP asks for."""
    answered = world.spec.responses(call)
    told = [m for s, a in answered.items() if s[:1] in "45" for m in world.spec.content(a)]
    usual = _PROBLEM in told
    for status, answer in answered.items():
        if status[:1] not in {"4", "5"}:
            continue
        media = list(world.spec.content(answer))
        if usual and not media:
            yield world.at("error-without-content", answer, call=call.name, status=status)
        for name in media:
            if usual and name != _PROBLEM:
                where = answer.at("content", name)
                yield world.at("error-media-type", where, call=call.name, status=status, media=name)
        header = _HEADERS.get(status)
        known = {name.lower() for name in answer.at("headers").names()}
        if header and header.lower() not in known and world.spec.version < (3, 1):
            yield world.at("error-header", answer, status=status, header=header)


def uploads(world: Publication, call: PublishedCall) -> Iterator[LintFinding]:
    """Multipart bodies that don't say which types their parts have."""
    for media, spot in world.spec.request(call).items():
        if media.startswith("multipart/") and not spot.has("encoding"):
            yield world.at("multipart-encoding", spot, call=call.name)


def headers(world: Publication, doc: Doc, message: ExampleMessage) -> Iterator[LintFinding]:
    """The headers of a message in a text against what the YAML says the call takes."""
    for line, words in message.bad_lines:
        yield world.on("header-line", doc, line, words=words[:60])
    for header in message.headers:
        name = header.name.lower().removeprefix("part ")
        media = header.value.partition(";")[0].strip().lower()
        if name == "content-type" and media and not _is_registered(media):
            yield world.on("media-type-unknown", doc, header.line, media=media)
    call = world.call_for(message.request)
    told = message.header("content-type")
    if call is None or told is None:
        return
    takes = list(world.spec.request(call))
    media = told.value.partition(";")[0].strip().lower()
    if takes and media not in takes and "*/*" not in takes:
        words = ", ".join(takes)
        yield world.on("media-type-differs", doc, told.line, call=call.name, media=media, yaml=words)
    stray = message.header("content-disposition")
    if stray and not media.startswith("multipart/"):
        yield world.on("header-line", doc, stray.line, words=f"{stray.name}: {stray.value}"[:60])


def _is_registered(media: str) -> bool:
    return media in _REGISTERED or media.startswith(_TREES)
