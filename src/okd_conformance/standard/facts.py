"""What an edition says, as single facts that can be compared with another's, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from okd_conformance.standard.composed import parts, property_names, required_names
from okd_conformance.standard.document import PublishedCall, Spec, Spot
from okd_conformance.standard.edition import Edition

_MAX_DEPTH = 8
_LISTS = frozenset({"consumers", "items", "documents", "documentSubTypes"})
"""What is in these belongs to the message itself; of other objects only what has a meaning is told."""


class Bound(NamedTuple):
    """Whom a fact concerns: one role in one flow; nobody in particular when both are empty."""

    role: str
    flow: str


NOBODY = Bound("", "")


class Fact(NamedTuple):
    """One thing that is said of a subject (an operation, or a flow's text)."""

    subject: str
    kind: str
    name: str
    value: str = ""
    meaning: str = ""
    bound: Bound = NOBODY


@dataclass(frozen=True, slots=True)
class Subject:
    """What facts are about: where it stands, and whom it concerns."""

    label: str
    flows: tuple[str, ...]
    roles: tuple[str, ...]
    operation: str | None = None
    bindings: tuple[Bound, ...] = ()
    """Of an operation in an edition: which role serves it in which flow."""


@dataclass
class Standing:
    """Everything that one side of a comparison says."""

    name: str
    edition: Edition | None
    facts: dict[Fact, tuple[str, int]] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)
    by_name: dict[str, str] = field(default_factory=dict)
    """What fields mean, for texts that don't say it themselves."""

    def add(self, fact: Fact, place: tuple[str, int]) -> None:
        """Remember a fact, with the first place that says it."""
        self.facts.setdefault(fact, place)

    def meaning(self, spec: Spec, spot: Spot, name: str, word: str = "x-okd-meaning") -> str:
        """What a field, a parameter or a part means, by what is said of it, else by its name."""
        for where in (spot, spec.follow(spot)):
            if where.has(word):
                return str(where.at(word).value)
        return self.by_name.get(name, "")


def place(spec: Spec, spot: Spot) -> tuple[str, int]:
    """The file and the line of a fact."""
    return spec.shown(spot.source.path), spot.line


def edition_facts(edition: Edition) -> Standing:
    """What an edition of ours says. Two methods of one operation are one subject."""
    found = Standing(edition.name, edition)
    for document in sorted({role.document for role in edition.roles.values()}):
        spec = Spec(edition.folder / document)
        calls: dict[str, list[PublishedCall]] = {}
        for call in spec.calls():
            name = str(call.spot.at("x-okd-operation").value or call.spot.at("operationId").value)
            calls.setdefault(name, []).append(call)
        for name, same in calls.items():
            _operation_facts(found, f"{document} {name}", name, spec, same)
    return found


def _operation_facts(found: Standing, key: str, name: str, spec: Spec, calls: list[PublishedCall]) -> None:
    bound = {call.name: list(_bindings(call)) for call in calls}
    every = tuple(dict.fromkeys(b for listed in bound.values() for b, _ in listed))
    flows, roles = (tuple(dict.fromkeys(x)) for x in ([b.flow for b in every], [b.role for b in every]))
    found.subjects[key] = Subject(", ".join(bound), flows, roles, name, every)
    for call in calls:
        call_facts(found, key, spec, call)
        for binding, scopes in bound[call.name]:
            found.add(Fact(key, "call", call.name, bound=binding), place(spec, call.spot))
            for how, kind in (("sufficient", "scope"), ("disputed", "scope-disputed")):
                for scope in scopes.get(how, ()):
                    at = place(spec, call.spot.at("x-okd-flows"))
                    found.add(Fact(key, kind, scope, bound=binding), at)


def _bindings(call: PublishedCall) -> Iterator[tuple[Bound, dict[str, Any]]]:
    for entry in call.spot.at("x-okd-flows").value or []:
        for role in entry["roles"]:
            yield Bound(role, str(entry["flow"])), entry.get("scopes") or {}


def call_facts(found: Standing, key: str, spec: Spec, call: PublishedCall) -> None:
    """What a document says of a call: parameters, media types, fields with their values, statuses."""
    for parameter in spec.parameters(call):
        if parameter.at("in").value == "query":
            must = "required" if parameter.at("required").value else "optional"
            name = str(parameter.at("name").value)
            fact = Fact(key, "query", name, must, found.meaning(spec, parameter, name))
            found.add(fact, place(spec, parameter))
    for media, spot in spec.request(call).items():
        found.add(Fact(key, "request", media), place(spec, spot))
        body = spec.body(spot)
        if body is not None:
            _Fields(found, key, spec, "request").read(body)
        if media.startswith("multipart/"):
            _part_facts(found, key, spec, spot)
    for status, answer in spec.responses(call).items():
        found.add(Fact(key, "status", status), place(spec, call.spot.at("responses", status)))
        for media, spot in spec.content(answer).items():
            if status.startswith("2"):
                found.add(Fact(key, "answer", media, status), place(spec, spot))
                _Fields(found, key, spec, "answer").read(spot.at("schema"))


def _part_facts(found: Standing, key: str, spec: Spec, media: Spot) -> None:
    known = property_names(spec, media.at("schema"))
    meanings = {name: found.meaning(spec, spot, name, "x-okd-part") for name, spot in known.items()}
    for name, spot in known.items():
        found.add(Fact(key, "part-name", name, meaning=meanings[name]), place(spec, spot))
    for part in media.at("encoding").names():
        for kind in str(media.at("encoding", part, "contentType").value).split(","):
            fact = Fact(key, "part", part, kind.strip(), meanings.get(part, ""))
            found.add(fact, place(spec, media.at("encoding", part)))


@dataclass(frozen=True, slots=True)
class _Fields:
    """Reads the fields of a message: whether they must be there, their form and their values."""

    found: Standing
    key: str
    spec: Spec
    side: str

    def read(self, schema: Spot, depth: int = 0, deep: bool = False) -> None:
        """The fields of a schema, or of the items of a list; of deep ones only those that have a meaning."""
        if depth > _MAX_DEPTH:
            return
        for part in parts(self.spec, schema):
            if part.has("items"):
                self.read(part.at("items"), depth + 1, deep)
        must = required_names(self.spec, schema)
        for name, spot in property_names(self.spec, schema).items():
            meaning = self.found.meaning(self.spec, spot, name)
            if meaning or not deep:
                self._one(name, spot, "required" if name in must else "optional", meaning)
            self.read(spot, depth + 1, deep or name not in _LISTS)

    def _one(self, name: str, spot: Spot, must: str, meaning: str) -> None:
        inner, at = self.spec.follow(spot), place(self.spec, spot)
        said = [("field", must), *(("value", value) for value in _enumerated(inner.value))]
        form = _form(self.spec, inner)
        for kind, value in [*said, ("form", form)] if form else said:
            self.found.add(Fact(self.key, f"{self.side}-{kind}", name, value, meaning), at)


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
