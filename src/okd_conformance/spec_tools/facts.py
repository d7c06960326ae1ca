"""What an edition or a published folder says, as single facts that can be compared with another's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from okd_conformance.base.text import say
from okd_conformance.spec_tools.drift import required_names
from okd_conformance.spec_tools.lint import docs_beside
from okd_conformance.spec_tools.markdown_doc import Doc, read_docs
from okd_conformance.spec_tools.source import SourceError
from okd_conformance.spec_tools.spec import Call, Spec, Spot
from okd_conformance.spec_tools.unsound import examining
from okd_conformance.spec_tools.witness import property_names
from okd_conformance.standard.edition import Edition, UnknownEditionError, edition_ids, load_edition

_MAX_DEPTH = 3
_SCOPE = re.compile(r"\b[a-z]+:[a-z]\w*")
_VALUES = re.compile(r"(Type|Subtype|SubType|Key)$")
_ID = re.compile(r"\{[^}]*\}|[0-9a-f]{8}-[0-9a-f-]{27}")


class Fact(NamedTuple):
    """One thing that is said of a subject (a call, or a flow's text)."""

    subject: str
    kind: str
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What facts are about: where it stands, and whom it concerns."""

    label: str
    flows: tuple[str, ...]
    roles: tuple[str, ...]
    operation: str | None = None


@dataclass
class Standing:
    """Everything that one side of a comparison says."""

    name: str
    edition: Edition | None
    facts: dict[Fact, tuple[str, int]] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)
    meanings: dict[str, str] = field(default_factory=dict)
    """What each field means, by its name in this edition."""

    def add(self, fact: Fact, file: str, line: int) -> None:
        """Remember a fact, with the first place that says it."""
        self.facts.setdefault(fact, (file, line))


def read_standing(what: str) -> Standing:
    """Read an edition by its id, or a folder or document by its path.

    Raises UnknownEditionError, or SourceError when it can't be examined.
    """
    path = Path(what)
    if path.exists():
        document = _document_in(path)
        with examining(document):
            return _published(path, document)
    return _of_edition(load_edition(what))


# --- our editions ----------------------------------------------------------------------------------------


def _of_edition(edition: Edition) -> Standing:
    found = Standing(edition.name, edition, meanings=_meanings(edition))
    for document in sorted({role.document for role in edition.roles.values()}):
        spec = Spec(edition.folder / document)
        for call in spec.calls():
            bindings = call.spot.at("x-okd-flows").value or []
            name = str(call.spot.at("operationId").value)
            flows = tuple(dict.fromkeys(str(b["flow"]) for b in bindings))
            roles = tuple(dict.fromkeys(r for b in bindings for r in b["roles"]))
            key = f"{document} {name}"
            found.subjects[key] = Subject(call.name, flows, roles, name)
            found.add(Fact(key, "call", call.name), *_place(spec, call.spot))
            _call_facts(found, key, spec, call)
            for binding in bindings:
                _scope_cells(found, key, spec, call, binding)
    return found


def _meanings(edition: Edition) -> dict[str, str]:
    found: dict[str, str] = {}
    for document in {role.document for role in edition.roles.values()}:
        spec = Spec(edition.folder / document)
        for schema in spec.schemas():
            for name in schema.at("properties").names():
                spot = schema.at("properties", name)
                meaning = (spot.value or {}).get("x-okd-meaning") if isinstance(spot.value, dict) else None
                meaning = meaning or (spec.follow(spot).value or {}).get("x-okd-meaning")
                if meaning:
                    found.setdefault(name, str(meaning))
    return found


def _scope_cells(found: Standing, key: str, spec: Spec, call: Call, binding: Any) -> None:
    cells = binding.get("scopes") or {}
    for how in ("sufficient", "disputed"):
        for scope in cells.get(how, ()):
            name = f"flow {binding['flow']}"
            place = _place(spec, call.spot.at("x-okd-flows"))
            found.add(Fact(key, "scope" if how == "sufficient" else "scope-disputed", scope, name), *place)


# --- published folders -----------------------------------------------------------------------------------


def _published(path: Path, document: Path) -> Standing:
    spec = Spec(document)
    folder = docs_beside(document)
    docs = read_docs(folder) if folder else []
    edition = _edition_of(folder.parent.name if folder else path.name)
    found = Standing(path.name, edition, meanings=_meanings(edition) if edition else {})
    for call in spec.calls():
        key = folded(call.method, call.path)
        naming = [(d, n) for d in docs for n in d.named if n.path and folded(n.method, n.path) == key]
        flows = tuple(dict.fromkeys(d.flow for d, _ in naming if d.flow))
        servers = tuple(dict.fromkeys(n.server.lower() for _, n in naming if n.server))
        found.subjects[key] = Subject(call.name, flows, servers, _operation(edition, key))
        found.add(Fact(key, "call", call.name), *_place(spec, call.spot))
        for scope in _listed_scopes(call):
            found.add(Fact(key, "scope", scope), *_place(spec, call.spot.at("security")))
        _call_facts(found, key, spec, call)
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


def folded(method: str, path: str) -> str:
    """A call without the names of its parameters."""
    return f"{method} {_ID.sub('{}', path)}"


def _operation(edition: Edition | None, key: str) -> str | None:
    every = edition.operations() if edition else []
    return next((o.name for o in every if folded(o.method, o.path) == key), None)


def _listed_scopes(call: Call) -> list[str]:
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
    found.add(Fact(key, "flow", key), file, 1)
    for named in doc.named:
        if named.path:
            found.add(Fact(key, "text-call", folded(named.method, named.path)), file, named.line)
        if named.server and named.path:
            found.add(Fact(key, "text-server", named.server.lower()), file, named.line)
    for line in doc.under("uthenti"):
        for scope in _SCOPE.findall(line.text):
            found.add(Fact(key, "text-scope", scope), file, line.number)
    for line in doc.under("remark"):
        words = line.text.strip(" -*")
        if line.text.lstrip().startswith(("-", "*")) and words:
            found.add(Fact(key, "text-rule", words), file, line.number)
    _message_facts(found, doc, key, file)


def _message_facts(found: Standing, doc: Doc, key: str, file: str) -> None:
    for message in doc.messages:
        side = "text-field" if message.request else "text-answer-field"
        told = message.header("content-type")
        if told and message.request:
            found.add(Fact(key, "text-media", told.value.partition(";")[0].strip()), file, told.line)
        for block in message.blocks:
            if block.source is None:
                continue
            for name, spot in _named_values(Spot(block.source, ())):
                found.add(Fact(key, side, name), file, spot.line)
                if _VALUES.search(name) and isinstance(spot.value, str):
                    found.add(Fact(key, "text-value", name, spot.value), file, spot.line)


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


# --- facts about a call ----------------------------------------------------------------------------------


def _place(spec: Spec, spot: Spot) -> tuple[str, int]:
    return spec.shown(spot.source.path), spot.line


def _call_facts(found: Standing, key: str, spec: Spec, call: Call) -> None:
    for parameter in spec.parameters(call):
        if parameter.at("in").value == "query":
            must = "required" if parameter.at("required").value else "optional"
            fact = Fact(key, "query", str(parameter.at("name").value), must)
            found.add(fact, *_place(spec, parameter))
    for media, spot in spec.request(call).items():
        found.add(Fact(key, "request", media), *_place(spec, spot))
        body = spec.body(spot)
        if body is not None:
            _fields(found, key, spec, body, "request")
        for part in spot.at("encoding").names():
            for kind in str(spot.at("encoding", part, "contentType").value).split(","):
                found.add(Fact(key, "part", part, kind.strip()), *_place(spec, spot.at("encoding", part)))
    for status, answer in spec.responses(call).items():
        found.add(Fact(key, "status", status), *_place(spec, call.spot.at("responses", status)))
        for media, spot in spec.content(answer).items():
            if status.startswith("2"):
                found.add(Fact(key, "answer", media, status), *_place(spec, spot))
                _fields(found, key, spec, spot.at("schema"), "answer")


def _fields(found: Standing, key: str, spec: Spec, schema: Spot, side: str, depth: int = 0) -> None:
    """The fields of a message, those of lists in it too, with whether they must be there and their values."""
    words = spec.follow(schema).value
    if isinstance(words, dict) and words.get("type") == "array":
        _fields(found, key, spec, spec.follow(schema).at("items"), side, depth)
        return
    must = required_names(spec, schema)
    for name, spot in property_names(spec, schema).items():
        place = _place(spec, spot)
        found.add(Fact(key, f"{side}-field", name, "required" if name in must else "optional"), *place)
        inner = spec.follow(spot)
        form = _form(spec, inner)
        if form:
            found.add(Fact(key, f"{side}-form", name, form), *place)
        for value in _enumerated(inner.value):
            found.add(Fact(key, f"{side}-value", name, value), *place)
        listed = isinstance(inner.value, dict) and inner.value.get("type") == "array"
        if listed and depth < _MAX_DEPTH and name in {"consumers", "items", "documents", "documentSubTypes"}:
            _fields(found, key, spec, inner.at("items"), side, depth + 1)


def _form(spec: Spec, spot: Spot) -> str:
    """The type of a field in a few words, such as ``array of string``."""
    words = spot.value if isinstance(spot.value, dict) else {}
    kinds = words.get("type", "")
    kind = "/".join(sorted(map(str, kinds))) if isinstance(kinds, list) else str(kinds)
    if kind == "array":
        return f"array of {_form(spec, spec.follow(spot.at('items'))) or '?'}"
    return f"{kind} {words.get('format', '')}".strip()


def _enumerated(words: Any) -> list[str]:
    if not isinstance(words, dict):
        return []
    return [str(v) for v in [*(words.get("enum") or []), *([words["const"]] if "const" in words else [])]]
