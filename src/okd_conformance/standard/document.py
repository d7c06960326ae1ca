"""A published OpenAPI document with all its files: places, references, operations and schemas."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from okd_conformance.base.text import say
from okd_conformance.base.yaml_input import Pointer
from okd_conformance.standard.schemas import EVERY, inner, steps_of, walk
from okd_conformance.standard.source import PublishedFile, SourceError, read_text, real

METHODS = ("get", "put", "post", "patch", "delete", "head", "options", "trace")
_MAX_HOPS = 30
_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})")
_FREE = ("example", "examples", "default", "enum", "const")
"""Under these keys stand values, not descriptions; unless the key is a name that somebody chose."""
_NAMED = frozenset(
    {"callbacks", "content", "examples", "headers", "links", "parameters", "pathItems", "paths"}
    | {"requestBodies", "responses", "schemas", "securitySchemes"}
    | {"properties", "patternProperties", "$defs"}
)
"""The keys of these are names that somebody chose."""


class Spot(NamedTuple):
    """A place in a file."""

    source: PublishedFile
    pointer: Pointer

    @property
    def line(self) -> int:
        """The line where it stands."""
        return self.source.line(self.pointer)

    @property
    def value(self) -> Any:
        """What stands there; None when nothing does."""
        value = self.source.value
        for step in self.pointer:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def at(self, *steps: str | int) -> Spot:
        """A place within this one."""
        return Spot(self.source, (*self.pointer, *steps))

    def has(self, key: str) -> bool:
        """Whether it is a mapping with this key."""
        return isinstance(self.value, dict) and key in self.value

    def names(self) -> list[str]:
        """The keys of a mapping, in order; none of anything else."""
        return list(self.value) if isinstance(self.value, dict) else []

    def items(self) -> list[Spot]:
        """The items of a list, each as a place."""
        return [self.at(i) for i in range(len(self.value))] if isinstance(self.value, list) else []


class Problem(NamedTuple):
    """Why a reference was not followed, or a file not read: a rule, where, and what fills its sentence."""

    rule: str
    path: Path
    line: int
    values: Mapping[str, object]


def holds_value(spot: Spot, key: str) -> bool:
    """Whether a value stands under a key, in which ``$ref`` is a word like any other."""
    named = spot.pointer[-1:] and spot.pointer[-1] in _NAMED and spot.pointer[-2:-1] != ("properties",)
    return key in _FREE and not (named or (key == "examples" and isinstance(spot.value[key], dict)))


@dataclass(frozen=True, slots=True)
class PublishedCall:
    """A method on a path, with the place that describes it."""

    method: str
    path: str
    spot: Spot
    item: Spot

    @property
    def name(self) -> str:
        """The call in a few words."""
        return f"{self.method} {self.path}"


class Spec:
    """The document and every file that it refers to. Raises SourceError when it can't be read."""

    def __init__(self, document: Path) -> None:
        self.document = real(document)
        self.base = self.document.parent
        self.fence = self.base.parent
        """No file outside this folder is read."""
        self.sources: dict[Path, PublishedFile] = {}
        self.problems: list[Problem] = []
        self.references: list[tuple[Spot, Spot | None]] = []
        """Every ``$ref``, and the place that it points to."""
        self.root = Spot(self._read(self.document), ())
        if self.root.has("swagger"):
            raise SourceError(self.document, self.root.at("swagger").line, say("source_swagger"))
        kinds = ("paths", "webhooks", "components") if self.version >= (3, 1) else ("paths",)
        if not any(isinstance(self.root.at(kind).value, dict) for kind in kinds):
            raise SourceError(self.document, self.root.at("paths").line, say("source_no_paths"))
        self._explore()

    # --- files and references --------------------------------------------------------------------------

    @property
    def version(self) -> tuple[int, int]:
        """The version of OpenAPI, such as (3, 0)."""
        found = _VERSION.match(str(self.root.at("openapi").value))
        return (int(found[1]), int(found[2])) if found else (3, 0)

    def shown(self, path: Path) -> str:
        """A path as findings show it: relative to the folder around the document."""
        for folder in (self.base.parent.parent, self.base.parent, self.base):
            if path.is_relative_to(folder) and (folder / "doc").is_dir():
                return path.relative_to(folder).as_posix()
        return path.relative_to(self.base).as_posix() if path.is_relative_to(self.base) else str(path)

    def follow(self, spot: Spot) -> Spot:
        """The place that describes it, after every reference; the place itself when one can't be followed."""
        for _ in range(_MAX_HOPS):
            value = spot.value
            if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                return spot
            target = self._target(spot)
            if target is None:
                return spot
            spot = target
        return spot

    def _target(self, spot: Spot) -> Spot | None:
        file, _, fragment = spot.value["$ref"].partition("#")
        path = real(spot.source.path.parent / file) if file else spot.source.path
        source = self.sources.get(path)
        if source is None:
            return None
        target = Spot(source, ())
        for step in steps_of(fragment):
            listed = isinstance(target.value, list) and step.isdigit()
            target = target.at(int(step) if listed else step)
        return target if target.value is not None else None

    def _read(self, path: Path) -> PublishedFile:
        source = PublishedFile(path, read_text(path))
        self.sources[path] = source
        return source

    def _explore(self) -> None:
        waiting = [self.root]
        while waiting:
            spot = waiting.pop()
            value = spot.value
            if isinstance(value, dict):
                if isinstance(value.get("$ref"), str):
                    waiting += self._load(spot)
                waiting += [spot.at(k) for k in value if not holds_value(spot, k)]
            elif isinstance(value, list):
                waiting += spot.items()
        self.references = [(spot, self._target(spot)) for spot, _ in self.references]

    def _load(self, spot: Spot) -> list[Spot]:
        """Read the file that a reference names; gives what has to be explored because of it."""
        self.references.append((spot, None))
        file = spot.value["$ref"].partition("#")[0]
        if not file:
            return []
        if "://" in file:
            self.problems.append(_problem("ref-remote", spot, file))
            return []
        path = real(spot.source.path.parent / file)
        if path in self.sources:
            return []
        if not path.is_relative_to(self.fence):
            self.problems.append(_problem("ref-outside", spot, file))
            return []
        try:
            return [Spot(self._read(path), ())]
        except SourceError as error:
            self.sources.pop(path, None)
            if error.line > 1 or os.path.isfile(path):  # noqa: PTH113 - of any name
                self.problems.append(Problem("yaml-invalid", path, error.line, {"reason": error.reason}))
            return []

    # --- what it describes -----------------------------------------------------------------------------

    def calls(self) -> list[PublishedCall]:
        """Every method on every path."""
        found = []
        paths = self.root.at("paths")
        for path in paths.names():
            item = self.follow(paths.at(path))
            for method in METHODS:
                if item.has(method):
                    found.append(PublishedCall(method.upper(), path, item.at(method), item))
        return found

    def parameters(self, call: PublishedCall) -> list[Spot]:
        """The parameters of a call, those of its path too."""
        listed = [*call.item.at("parameters").items(), *call.spot.at("parameters").items()]
        return [self.follow(spot) for spot in listed]

    def responses(self, call: PublishedCall) -> dict[str, Spot]:
        """The answers of a call, by status."""
        described = call.spot.at("responses")
        return {status: self.follow(described.at(status)) for status in described.names()}

    def request(self, call: PublishedCall) -> dict[str, Spot]:
        """What a request may carry, by media type."""
        return self.content(self.follow(call.spot.at("requestBody")))

    def content(self, described: Spot) -> dict[str, Spot]:
        """The media types of a request or an answer."""
        content = described.at("content")
        return {media: content.at(media) for media in content.names()}

    def body(self, media: Spot) -> Spot | None:
        """The schema of the JSON in a message: all of it, or the metadata part of an upload."""
        schema = media.at("schema")
        if schema.value is None:
            return None
        if not str(media.pointer[-1]).startswith("multipart/"):
            return schema
        parts = self.follow(schema).at("properties")
        for name in parts.names():
            inner = self.follow(parts.at(name)).value or {}
            if inner.get("format") != "binary":
                return parts.at(name)
        return None

    def security(self, call: PublishedCall) -> Spot | None:
        """The security of a call, or of the document as a whole; None when there is none."""
        for spot in (call.spot.at("security"), self.root.at("security")):
            if spot.value is not None:
                return spot
        return None

    def schemas(self) -> Iterator[Spot]:
        """Every schema that a message can meet, each once, after its references."""
        return self.walk(self._first_schemas(), self.inner)

    def inner(self, schema: Spot, words: Iterable[str] = EVERY) -> list[Spot]:
        """The schemas that stand under these words within a schema."""
        return [schema.at(*steps) for steps, _ in inner(schema.value, words)]

    def walk(self, start: Iterable[Spot], below: Callable[[Spot], Iterable[Spot]]) -> Iterator[Spot]:
        """Each schema that can be reached by what is ``below`` one, each once, after its references."""

        def read(unread: Iterable[Spot]) -> Iterator[Spot]:
            return (spot for spot in map(self.follow, unread) if isinstance(spot.value, dict))

        return walk(read(start), lambda spot: read(below(spot)), lambda spot: (id(spot.source), spot.pointer))

    def _first_schemas(self) -> list[Spot]:
        found: list[Spot] = []
        for call in self.calls():
            found += [p.at("schema") for p in self.parameters(call) if p.has("schema")]
            found += [m.at("schema") for m in self.request(call).values()]
            for answer in self.responses(call).values():
                found += [m.at("schema") for m in self.content(answer).values()]
        return found


def _problem(rule: str, spot: Spot, reference: str) -> Problem:
    return Problem(rule, spot.source.path, spot.line, {"reference": reference})
