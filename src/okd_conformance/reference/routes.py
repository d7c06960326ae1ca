"""From a path to an operation, by the edition's own path templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from okd_conformance.reference.answers import Refused
from okd_conformance.standard.operation import Operation

if TYPE_CHECKING:
    from starlette.requests import Request

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_PARAMETER = re.compile(r"\{(.+)\}")


@dataclass(slots=True)
class Resource:
    """A path template with its operations by method."""

    segments: tuple[str, ...]
    operations: dict[str, Operation] = field(default_factory=dict)

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return the values of the parameters, by name, if the path fits."""
        if len(segments) != len(self.segments):
            return None
        values = {}
        for mine, given in zip(self.segments, segments, strict=True):
            parameter = _PARAMETER.fullmatch(mine)
            if parameter:
                values[parameter[1]] = given
            elif mine != given:
                return None
        return values


class Routes:
    """Every resource of an instance; a fixed segment goes before a parameter.

    ``operations`` come with the prefix of their role and their path below it.
    """

    def __init__(self, operations: Iterable[tuple[str, str, Operation]]) -> None:
        found: dict[tuple[str, ...], Resource] = {}
        for prefix, path, operation in operations:
            for segments in _templates(prefix, path):
                resource = found.setdefault(segments, Resource(segments))
                resource.operations.setdefault(operation.method, operation)
        self._resources = sorted(
            found.values(), key=lambda r: [_PARAMETER.fullmatch(s) is not None for s in r.segments]
        )

    def find(self, method: str, raw_path: bytes) -> tuple[Operation, dict[str, str]]:
        """Return the operation and the values of the path's parameters, by name; Refused if there is none."""
        segments = tuple(
            unquote_to_bytes(segment).decode("utf-8", "replace") for segment in raw_path.split(b"/")[1:]
        )
        for resource in self._resources:
            values = resource.match(segments)
            if values is None:
                continue
            if method not in resource.operations:
                allowed = ", ".join(sorted(resource.operations))
                raise Refused("method_not_allowed", method=method).with_header("Allow", allowed)
            return resource.operations[method], values
        raise Refused("unknown_path")


def _templates(prefix: str, path: str) -> list[tuple[str, ...]]:
    whole = tuple((prefix.rstrip("/") + path).split("/")[1:])
    return [whole, whole[:-1]] if path == "/" and len(whole) > 1 else [whole]


def path_of(operation: Operation) -> str:
    """Return the path of an operation, as the edition says."""
    return operation.path


def method_of(request: Request) -> str:
    """Return the method of a request; HEAD asks what GET does, without the body."""
    return "GET" if request.method == "HEAD" else request.method


def path_ids(operation: Operation, values: Mapping[str, str]) -> dict[str, str]:
    """Return the path's values by meaning, UUIDs in lower case; Refused when one is not a UUID."""
    ids = {}
    for parameter in operation.path_parameters:
        value = values[parameter.name]
        if parameter.schema.get("format") == "uuid":
            if not _UUID.fullmatch(value):
                raise Refused("bad_path_id", name=parameter.name)
            value = value.lower()
        ids[parameter.meaning or parameter.name] = value
    return ids
