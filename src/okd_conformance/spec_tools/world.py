"""What lint looks at: the document, its schemas ready for use, the flow documents, and every example."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from okd_conformance.spec_tools.findings import LintFinding, finding
from okd_conformance.spec_tools.markdown_doc import Doc, ExampleMessage, Named, read_docs
from okd_conformance.spec_tools.validity import Validity
from okd_conformance.standard.document import PublishedCall, Spec, Spot

_SCOPE = re.compile(r"\b[a-z][a-z0-9]*:[A-Za-z][\w]*")


@dataclass(frozen=True, slots=True)
class PublishedExample:
    """A value that the standard shows, with the schema that it is meant for."""

    spot: Spot
    schema: Spot
    call: PublishedCall | None
    kind: str
    """request, answer, or field for an example beside a schema."""
    message: ExampleMessage | None = None


class Publication:
    """Everything that the rules of lint read. Raises SourceError when the document can't be read."""

    def __init__(self, document: Path, doc_folder: Path | None) -> None:
        self.spec = Spec(document)
        self.validity = Validity(self.spec)
        self.docs: list[Doc] = read_docs(doc_folder) if doc_folder else []
        self.calls = self.spec.calls()
        self._base = doc_folder.resolve().parent if doc_folder else self.spec.base

    # --- findings --------------------------------------------------------------------------------------

    def shown(self, path: Path) -> str:
        """A path as findings show it."""
        full = path.resolve()
        return full.relative_to(self._base).as_posix() if full.is_relative_to(self._base) else str(path)

    def at(self, rule: str, spot: Spot, severity: str | None = None, /, **values: object) -> LintFinding:
        """A finding at a place in a YAML file or a block of JSON."""
        return finding(rule, self.shown(spot.source.path), spot.line, None, severity, **values)

    def on(self, rule: str, doc: Doc, line: int, /, **values: object) -> LintFinding:
        """A finding on a line of a flow document."""
        return finding(rule, self.shown(doc.path), line, **values)

    # --- calls -----------------------------------------------------------------------------------------

    def call_for(self, named: Named | None) -> PublishedCall | None:
        """The call that a text names; None when the document has none such."""
        if named is None or named.path is None:
            return None
        fitting = [c for c in self.calls if c.method == named.method and fits(c.path, named.path)]
        return min(fitting, key=lambda c: c.path.count("{"), default=None)

    @functools.cached_property
    def scopes(self) -> dict[str, dict[str, Spot]]:
        """The scopes that each security scheme defines."""
        schemes = self.spec.root.at("components", "securitySchemes")
        found: dict[str, dict[str, Spot]] = {}
        for name in schemes.names():
            flows = self.spec.follow(schemes.at(name)).at("flows")
            each = [flows.at(flow, "scopes") for flow in flows.names()]
            found[name] = {scope: spot.at(scope) for spot in each for scope in spot.names()}
        return found

    @functools.cached_property
    def scope_names(self) -> set[str]:
        """Every scope that some scheme defines."""
        return {scope for scheme in self.scopes.values() for scope in scheme}

    def scopes_in(self, text: str) -> list[str]:
        """The words of a text that look like this document's scopes."""
        prefixes = {scope.partition(":")[0] for scope in self.scope_names}
        return [word for word in _SCOPE.findall(text) if word.partition(":")[0] in prefixes]

    def scopes_of(self, call: PublishedCall) -> set[str]:
        """The scopes that the YAML lists for a call."""
        security = self.spec.security(call)
        listed = security.value if security and isinstance(security.value, list) else []
        names = [n for entry in listed if isinstance(entry, dict) for ns in entry.values() for n in ns or []]
        return set(names)

    # --- examples --------------------------------------------------------------------------------------

    @functools.cached_property
    def samples(self) -> list[PublishedExample]:
        """Every example: of a message, beside a schema, and in the flow documents."""
        return [*self._of_messages(), *self._of_schemas(), *self._of_docs()]

    def _of_messages(self) -> Iterator[PublishedExample]:
        seen: set[Any] = set()
        for call in self.calls:
            both = [("request", self.spec.request(call))]
            both += [("answer", self.spec.content(a)) for a in self.spec.responses(call).values()]
            for kind, content in both:
                for media in content.values():
                    for spot, schema in self._shown_in(media):
                        key = (id(spot.source), spot.pointer)
                        if key not in seen:
                            seen.add(key)
                            yield PublishedExample(spot, schema, call, kind)

    def _shown_in(self, media: Spot) -> Iterator[tuple[Spot, Spot]]:
        values = [media.at("example")] if media.has("example") else []
        named = media.at("examples")
        values += [self.spec.follow(named.at(name)).at("value") for name in named.names()]
        schema = self.spec.body(media)
        if schema is None:
            return
        part = schema.pointer[-1] if str(media.pointer[-1]).startswith("multipart/") else None
        for value in values:
            spot = value if part is None else value.at(part)
            if spot.value is not None:
                yield spot, schema

    def _of_schemas(self) -> Iterator[PublishedExample]:
        for schema in self.spec.schemas():
            if "example" in schema.value:
                yield PublishedExample(schema.at("example"), schema, None, "field")
            if isinstance(schema.value.get("examples"), list):
                for spot in schema.at("examples").items():
                    yield PublishedExample(spot, schema, None, "field")

    def _of_docs(self) -> Iterator[PublishedExample]:
        for doc in self.docs:
            for message in doc.messages:
                call = self.call_for(message.request or message.answers)
                schema = self._schema_for(call, message) if call else None
                for block in message.blocks:
                    if block.source and schema and call:
                        kind = "request" if message.request else "answer"
                        yield PublishedExample(Spot(block.source, ()), schema, call, kind, message)

    def _schema_for(self, call: PublishedCall, message: ExampleMessage) -> Spot | None:
        if message.request:
            content = self.spec.request(call)
        else:
            answers = self.spec.responses(call)
            good = sorted(status for status in answers if status.startswith("2"))
            content = self.spec.content(answers[good[0]]) if good else {}
        return next((body for media in content.values() if (body := self.spec.body(media))), None)

    @functools.cached_property
    def annotated(self) -> bool:
        """Whether it is one of our own documents, which say what each field means."""
        return any("x-okd-kind" in call.spot.value for call in self.calls)

    @functools.cached_property
    def properties(self) -> dict[str, list[Spot]]:
        """Every property that a reachable schema describes, by name."""
        found: dict[str, list[Spot]] = {}
        for schema in self.spec.schemas():
            for name in schema.at("properties").names():
                spot = schema.at("properties", name)
                if isinstance(self.spec.follow(spot).value, dict):
                    found.setdefault(name, []).append(spot)
        return found


def fits(template: str, path: str) -> bool:
    """Whether a path is one of a template's, such as ``/persons/{personId}``."""
    ours, theirs = template.strip("/").split("/"), path.strip("/").split("/")
    return len(ours) == len(theirs) and all(
        a == b or (a.startswith("{") and bool(b)) for a, b in zip(ours, theirs, strict=True)
    )


def listed(world: Publication, spot: Spot) -> tuple[str, ...]:
    """The values that a schema, or that of the items of a list, allows; none when it lists none."""
    words = world.spec.follow(spot).value
    inner = words.get("items") if isinstance(words, dict) and words.get("type") == "array" else words
    values = inner.get("enum") if isinstance(inner, dict) else None
    return tuple(map(str, values)) if isinstance(values, list) else ()


def named_values(spot: Spot) -> Iterator[tuple[str, Spot]]:
    """Every named value within a value, with its name; items of a list carry the list's name."""
    value = spot.value
    if isinstance(value, dict):
        for name in value:
            yield name, spot.at(name)
            yield from named_values(spot.at(name))
    elif isinstance(value, list):
        for item in spot.items():
            yield from named_values(item)
