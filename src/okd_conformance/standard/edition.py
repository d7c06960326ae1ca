"""An edition of the standard, read from its folder under ``specs/``.

Everything the engine knows about paths, fields, scopes and media types comes from here. The form of the
files is described in ``docs/editions.md``.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from okd_conformance import DEFAULT_EDITION
from okd_conformance.base.paths import data_folder
from okd_conformance.base.text import Text
from okd_conformance.standard.bundle import bundle, read_data

METHODS = ("get", "put", "post", "patch", "delete")
Schema = dict[str, Any]


class UnknownEditionError(LookupError):
    """There is no edition with this id; ``known`` lists the ids that exist."""

    def __init__(self, edition_id: str, known: list[str]) -> None:
        super().__init__(f"no edition {edition_id!r}; there are: {', '.join(known)}")
        self.known = known


@dataclass(frozen=True, slots=True)
class Role:
    """What a server is in a flow."""

    name: str
    title: Text
    document: str
    document_type: str | None
    path_prefix: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A numbered exchange of the standard."""

    id: str
    title: Text
    proposal: bool


@dataclass(frozen=True, slots=True)
class ScopeCells:
    """One row of the scope matrix: which single scope suffices, which is disputed, which is refused."""

    sufficient: tuple[str, ...]
    disputed: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """An operation as one flow uses it: with a document type, an example and a row of the scope matrix."""

    operation: str
    role: str
    flow: str
    document_type: str | None
    example: str | None
    scopes: ScopeCells | None
    type_is_open: bool = False
    """The edition has this use but names no type of document for it; the one here is ours."""

    @property
    def key(self) -> str:
        """A short name of the binding among those of its role."""
        return ",".join(x for x in (self.operation, self.flow, self.document_type) if x)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path or query parameter."""

    name: str
    meaning: str | None
    fixture: str | None
    required: bool
    schema: Schema


@dataclass(frozen=True, slots=True)
class PartSpec:
    """A part of a multipart upload; ``part`` is its meaning, ``name`` what the edition calls it."""

    name: str
    part: str
    content_types: tuple[str, ...]
    schema: Schema


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a role serves, bound to method, path, media types and fields.

    ``id`` is unique in a document; two ids share a ``name`` where an edition serves the same thing by two
    methods.
    """

    name: str
    id: str
    kind: str
    role: str
    method: str
    path: str
    path_parameters: tuple[Parameter, ...]
    query_parameters: tuple[Parameter, ...]
    bindings: tuple[Binding, ...]
    request: Mapping[str, Schema]
    examples: Mapping[str, Any]
    responses: Mapping[int, Mapping[str, Schema]]
    parts: tuple[PartSpec, ...]
    secured: bool
    answer_examples: tuple[Any, ...] = ()
    """The JSON of the examples of a success answer."""

    @property
    def success(self) -> list[int]:
        """The success statuses that the edition documents, in order."""
        return sorted(status for status in self.responses if status < 300)

    def part(self, meaning: str) -> PartSpec:
        """Return the part that means ``metadata`` or ``file``; LookupError when there is none."""
        for spec in self.parts:
            if spec.part == meaning:
                return spec
        raise LookupError(f"{self.name} has no part that means {meaning}")

    @property
    def body_schema(self) -> Schema | None:
        """The schema of the JSON that a request carries: the body, or the metadata part of an upload."""
        if self.parts:
            return self.part("metadata").schema
        return next((schema for media, schema in self.request.items() if media.endswith("json")), None)

    @property
    def takes_bytes(self) -> bool:
        """Whether a request carries the bytes of a document and nothing else."""
        return bool(self.request) and not self.parts and self.body_schema is None

    def success_schema(self) -> Schema | None:
        """The JSON schema of the success answer, if it has one."""
        for status in self.success:
            for media, schema in self.responses[status].items():
                if media.endswith("json") and schema:
                    return schema
        return None

    def full_path(self, values: Mapping[str, str]) -> str:
        """Fill the path; ``values`` are by meaning. KeyError when one is missing. Values are not escaped."""
        path = self.path
        for parameter in self.path_parameters:
            path = path.replace("{" + parameter.name + "}", values[parameter.meaning or parameter.name])
        return path


@dataclass(frozen=True)
class Edition:
    """One dated version of the standard."""

    id: str
    title: Text
    version: str
    commit: str
    date: str
    upstream: str
    requirements: str
    """The edition whose requirements hold here: this one itself, unless it says that it follows another."""
    variant: str | None
    variants: Mapping[str, str]
    """Of an edition whose sources contradict each other: the folder of each variant, by name."""
    scopes: tuple[str, ...]
    limits: Mapping[str, int]
    media_types: Mapping[str, str]
    roles: Mapping[str, Role]
    flows: Mapping[str, Flow]
    folder: Path
    _operations: Mapping[str, tuple[Operation, ...]] = field(repr=False)
    templates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the edition leaves open, and a target file may lay out: per operation request, answer, or both."""

    @property
    def name(self) -> str:
        """How a target file names this edition: its id, with the variant unless it is the usual one."""
        usual = self.variant is None or self.variants.get(self.variant) == "."
        return self.id if usual else f"{self.id}@{self.variant}"

    def operations(self, role: str | None = None, kind: str | None = None) -> list[Operation]:
        """Return the operations, of one role and of one kind if given, in the order of the documents."""
        chosen = [role] if role else list(self.roles)
        return [o for name in chosen for o in self._operations[name] if kind is None or o.kind == kind]

    def operation(self, role: str, name: str) -> Operation:
        """Return one operation by its id, or the first with this name.

        LookupError when the role doesn't serve it.
        """
        by_name = [o for o in self._operations[role] if o.name == name]
        for operation in (*(o for o in self._operations[role] if o.id == name), *by_name):
            return operation
        raise LookupError(f"{role} serves no operation {name} in {self.id}")

    def bindings(self, role: str | None = None) -> list[Binding]:
        """Return every binding, of one role if given."""
        return [b for o in self.operations(role) for b in o.bindings]

    def flows_of(self, role: str) -> list[str]:
        """Return the ids of the flows in which ``role`` is the server, in the order of the edition."""
        served = {binding.flow for binding in self.bindings(role)}
        return [flow for flow in self.flows if flow in served]

    def document(self, filename: str) -> Schema:
        """Return one OpenAPI document, bundled: every reference points inside the document."""
        return bundle(self.folder / filename)


def _specs() -> list[Path]:
    extra = os.environ.get("OKD_SPECS")
    return [*([Path(extra)] if extra else []), data_folder("specs")]


@functools.cache
def _folders(extra: str | None) -> dict[str, Path]:  # noqa: ARG001 - part of the cache key
    found: dict[str, Path] = {}
    for specs in _specs():
        for file in sorted(specs.glob("*/edition.yaml")):
            found.setdefault(file.parent.name, file.parent)
    return found


def edition_ids() -> list[str]:
    """Return the ids of the editions under ``specs/`` (and under ``OKD_SPECS``, if that is set)."""
    return sorted(_folders(os.environ.get("OKD_SPECS")))


def edition_or_default(name: str | None) -> str:
    """The edition that somebody named, else the one that is meant when nobody does."""
    return name or DEFAULT_EDITION


def load_edition(name: str) -> Edition:
    """Return the edition with this id, or in one of its variants: ``okd-0.3@put``.

    Raises UnknownEditionError when there is no such folder.
    """
    folders = _folders(os.environ.get("OKD_SPECS"))
    edition_id, _, variant = name.partition("@")
    if edition_id not in folders:
        raise UnknownEditionError(name, sorted(folders))
    edition = read_edition(folders[edition_id])
    if not variant:
        return edition
    if variant not in edition.variants:
        raise UnknownEditionError(name, [f"{edition_id}@{v}" for v in edition.variants] or sorted(folders))
    return read_edition((folders[edition_id] / edition.variants[variant]).resolve())


def edition_variants(edition: Edition) -> list[Edition]:
    """Return the edition in each of its variants; most editions have but one."""
    return [load_edition(f"{edition.id}@{v}") for v in edition.variants] or [edition]


@functools.cache
def read_edition(folder: Path) -> Edition:
    """Read an edition from its folder."""
    data = read_data(folder / "edition.yaml")
    roles = {
        name: Role(
            name, Text.from_json(r["title"]), r["document"], r.get("documentType"), r.get("path_prefix", "")
        )
        for name, r in data["roles"].items()
    }
    scopes = tuple(data.get("scopes", ()))
    return Edition(
        id=data["id"],
        title=Text.from_json(data["title"]),
        version=str(data["version"]),
        commit=str(data["commit"]),
        date=str(data["date"]),
        upstream=data.get("upstream", data["id"]),
        requirements=data.get("requirements", data["id"]),
        variant=data.get("variant"),
        variants={name: v["folder"] for name, v in data.get("variants", {}).items()},
        scopes=scopes,
        limits=data.get("limits", {}),
        media_types=data.get("media_types", {}),
        roles=roles,
        flows={
            str(i): Flow(str(i), Text.from_json(f["title"]), bool(f.get("proposal")))
            for i, f in data["flows"].items()
        },
        folder=folder,
        templates={name: tuple(open_) for name, open_ in data.get("templates", {}).items()},
        _operations={name: _operations_of(folder, role, scopes) for name, role in roles.items()},
    )


def _operations_of(folder: Path, role: Role, scopes: tuple[str, ...]) -> tuple[Operation, ...]:
    document = bundle(folder / role.document)
    found = []
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in METHODS:
            raw = item.get(method)
            if raw is None:
                continue
            bindings = tuple(_bindings_of(raw, role.name, scopes))
            if bindings:
                found.append(_operation(document, role.name, method, path, raw, shared, bindings))
    return tuple(found)


def _bindings_of(raw: Schema, role: str, scopes: tuple[str, ...]) -> list[Binding]:
    bindings = []
    for entry in raw["x-okd-flows"]:
        if role not in entry["roles"]:
            continue
        bindings.append(
            Binding(
                operation=operation_name(raw),
                role=role,
                flow=str(entry["flow"]),
                document_type=entry.get("documentType"),
                example=entry.get("example"),
                scopes=_cells(entry.get("scopes"), scopes),
                type_is_open=entry.get("documentTypeIsOpen", False),
            )
        )
    return bindings


def _cells(raw: Schema | None, scopes: tuple[str, ...]) -> ScopeCells | None:
    if raw is None:
        return None
    sufficient = tuple(raw.get("sufficient", ()))
    disputed = tuple(raw.get("disputed", ()))
    refused = tuple(s for s in scopes if s not in sufficient and s not in disputed)
    return ScopeCells(sufficient, disputed, refused)


def operation_name(raw: Schema) -> str:
    """The name of an operation: its id, unless an edition serves the same thing by two methods."""
    return str(raw.get("x-okd-operation") or raw["operationId"])


def _operation(
    document: Schema,
    role: str,
    method: str,
    path: str,
    raw: Schema,
    shared: list[Schema],
    bindings: tuple[Binding, ...],
) -> Operation:
    components = document.get("components", {})

    def whole(schema: Schema | None) -> Schema:
        """Make a schema self-contained, so that any validator can read it alone."""
        return {**schema, "components": {"schemas": components.get("schemas", {})}} if schema else {}

    content = raw.get("requestBody", {}).get("content", {})
    parameters = [*shared, *raw.get("parameters", [])]
    return Operation(
        name=operation_name(raw),
        id=raw["operationId"],
        kind=raw["x-okd-kind"],
        role=role,
        method=method.upper(),
        path=path,
        path_parameters=tuple(_parameter(p, whole) for p in parameters if p["in"] == "path"),
        query_parameters=tuple(_parameter(p, whole) for p in parameters if p["in"] == "query"),
        bindings=bindings,
        request={media: whole(c.get("schema")) for media, c in content.items()},
        examples=_examples(content),
        responses={
            int(status): {media: whole(c.get("schema")) for media, c in answer.get("content", {}).items()}
            for status, answer in raw["responses"].items()
            if status.isdigit()
        },
        parts=tuple(_parts(content, whole)),
        secured=bool(raw.get("security")),
        answer_examples=tuple(_answer_examples(raw["responses"])),
    )


def _answer_examples(responses: Mapping[str, Schema]) -> list[Any]:
    return [
        example["value"]
        for status, answer in responses.items()
        if status.startswith("2")
        for described in answer.get("content", {}).values()
        for example in described.get("examples", {}).values()
    ]


def _examples(content: Mapping[str, Schema]) -> dict[str, Any]:
    """The JSON of each request example; of an upload, the example of its metadata part."""
    found = {}
    for described in content.values():
        named = described.get("schema", {}).get("properties", {})
        metadata = next((n for n, s in named.items() if s.get("x-okd-part") == "metadata"), None)
        for name, example in described.get("examples", {}).items():
            found[name] = example["value"][metadata] if metadata else example["value"]
    return found


def _parameter(raw: Schema, whole: Any) -> Parameter:
    return Parameter(
        name=raw["name"],
        meaning=raw.get("x-okd-meaning"),
        fixture=raw.get("x-okd-fixture"),
        required=bool(raw.get("required")),
        schema=whole(raw.get("schema")),
    )


def _parts(content: Mapping[str, Schema], whole: Any) -> list[PartSpec]:
    for media, described in content.items():
        if not media.startswith("multipart/"):
            continue
        encoding = described.get("encoding", {})
        return [
            PartSpec(
                name=name,
                part=schema["x-okd-part"],
                content_types=tuple(
                    t.strip() for t in encoding.get(name, {}).get("contentType", "").split(",") if t.strip()
                ),
                schema=whole(schema),
            )
            for name, schema in described["schema"]["properties"].items()
        ]
    return []
