"""What a published folder says, its Markdown too, as single facts that can be compared with another's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from okd_conformance.base.text import say
from okd_conformance.spec_tools.lint import docs_beside
from okd_conformance.spec_tools.markdown_doc import Doc, read_docs
from okd_conformance.spec_tools.unsound import examining
from okd_conformance.standard.changes import folded
from okd_conformance.standard.document import PublishedCall, Spec, Spot
from okd_conformance.standard.edition import Edition, UnknownEditionError, edition_ids, load_edition
from okd_conformance.standard.facts import Fact, Standing, Subject, call_facts, edition_facts, place
from okd_conformance.standard.source import SourceError

_SCOPE = re.compile(r"\b[a-z]+:[a-z]\w*")
_VALUES = re.compile(r"(Type|Subtype|SubType|Key)$")


def read_standing(what: str) -> Standing:
    """Read an edition by its id, or a folder or document by its path.

    Raises UnknownEditionError, or SourceError when it can't be examined.
    """
    path = Path(what)
    if path.exists():
        document = _document_in(path)
        with examining(document):
            return _published(path, document)
    return edition_facts(load_edition(what))


def _published(path: Path, document: Path) -> Standing:
    spec = Spec(document)
    folder = docs_beside(document)
    docs = read_docs(folder) if folder else []
    edition = _edition_of(folder.parent.name if folder else path.name)
    known = edition_facts(edition).facts if edition else {}
    meanings = {fact.name: fact.meaning for fact in reversed(known) if fact.meaning}
    found = Standing(path.name, edition, by_name=meanings)
    for call in spec.calls():
        key = folded(call.method, call.path)
        naming = [(d, n) for d in docs for n in d.named if n.path and folded(n.method, n.path) == key]
        flows = tuple(dict.fromkeys(d.flow for d, _ in naming if d.flow))
        servers = tuple(dict.fromkeys(n.server.lower() for _, n in naming if n.server))
        found.subjects[key] = Subject(call.name, flows, servers, _operation(edition, key))
        found.add(Fact(key, "call", call.name), place(spec, call.spot))
        for scope in _listed_scopes(call):
            found.add(Fact(key, "scope", scope), place(spec, call.spot.at("security")))
        call_facts(found, key, spec, call)
    for doc in docs:
        if doc.flow:
            _doc_facts(found, doc, edition)
    return found


def _document_in(path: Path) -> Path:
    if path.is_file():
        return path
    candidates = [path / "spec.yaml", path / "specification/v5/spec.yaml", *sorted(path.glob("**/spec.yaml"))]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise SourceError(path, 1, say("source_no_spec"))


def _edition_of(folder: str) -> Edition | None:
    """The edition of ours that was made after a published folder, to know what its fields mean."""
    try:
        return next((e for i in edition_ids() if (e := load_edition(i)).upstream == folder), None)
    except UnknownEditionError:
        return None


def _operation(edition: Edition | None, key: str) -> str | None:
    every = edition.operations() if edition else []
    return next((o.name for o in every if folded(o.method, o.path) == key), None)


def _listed_scopes(call: PublishedCall) -> list[str]:
    security = call.spot.at("security").value
    entries = security if isinstance(security, list) else []
    return [s for e in entries if isinstance(e, dict) for names in e.values() for s in names or []]


def _doc_facts(found: Standing, doc: Doc, edition: Edition | None) -> None:
    key, file = f"flow {doc.flow}", f"doc/{doc.path.name}"
    flow = str(doc.flow)
    roles = tuple(dict.fromkeys(n.server.lower() for n in doc.named if n.server and n.path))
    called = next(
        (o for n in doc.named if n.path and (o := _operation(edition, folded(n.method, n.path)))), None
    )
    found.subjects[key] = Subject(key, (flow,), roles, called)
    found.add(Fact(key, "flow", key), (file, 1))
    for named in doc.named:
        if named.path:
            found.add(Fact(key, "text-call", folded(named.method, named.path)), (file, named.line))
        if named.server and named.path:
            found.add(Fact(key, "text-server", named.server.lower()), (file, named.line))
    for line in doc.under("uthenti"):
        for scope in _SCOPE.findall(line.text):
            found.add(Fact(key, "text-scope", scope), (file, line.number))
    for line in doc.under("remark"):
        words = line.text.strip(" -*")
        if line.text.lstrip().startswith(("-", "*")) and words:
            found.add(Fact(key, "text-rule", words), (file, line.number))
    _message_facts(found, doc, key, file)


def _message_facts(found: Standing, doc: Doc, key: str, file: str) -> None:
    for message in doc.messages:
        side = "text-field" if message.request else "text-answer-field"
        told = message.header("content-type")
        if told and message.request:
            found.add(Fact(key, "text-media", told.value.partition(";")[0].strip()), (file, told.line))
        for block in message.blocks:
            if block.source is None:
                continue
            for name, spot in _named_values(Spot(block.source, ())):
                found.add(Fact(key, side, name, meaning=found.by_name.get(name, "")), (file, spot.line))
                if _VALUES.search(name) and isinstance(spot.value, str):
                    found.add(Fact(key, "text-value", name, spot.value), (file, spot.line))


def _named_values(spot: Spot) -> Iterator[tuple[str, Spot]]:
    """The fields of a message itself and of its consumers; not those of nested objects of OOAPI."""
    if isinstance(spot.value, list):
        for item in spot.items():
            yield from _named_values(item)
        return
    for name in spot.names():
        yield name, spot.at(name)
        if name in {"consumers", "items", "documents", "documentSubTypes"}:
            yield from _named_values(spot.at(name))
