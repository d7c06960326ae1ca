"""The operations of an edition: what a role serves, read from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "put", "post", "patch", "delete")
Schema = dict[str, Any]


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


def operations_of(document: Schema, role: str, scopes: tuple[str, ...]) -> tuple[Operation, ...]:
    """The operations that a role serves, from its bundled OpenAPI document."""
    found = []
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in METHODS:
            raw = item.get(method)
            if raw is None:
                continue
            bindings = tuple(_bindings_of(raw, role, scopes))
            if bindings:
                found.append(_operation(document, role, method, path, raw, shared, bindings))
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
