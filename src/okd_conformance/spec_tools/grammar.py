"""OpenAPI's own grammar, judged by a kept validator on a bundle; each error is traced back to its file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from openapi_spec_validator import (
    OpenAPIV30SpecValidator,
    OpenAPIV31SpecValidator,
    OpenAPIV32SpecValidator,
)

from okd_conformance.spec_tools.findings import LintFinding
from okd_conformance.standard.document import Spec, Spot, holds_value

if TYPE_CHECKING:
    from okd_conformance.spec_tools.world import Publication

_POINTING = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "$id", "$schema"})
"""What would lead a validator out of the document; every reference that we follow is followed before."""
_MAX_SHOWN = 160
_JUDGES = {(3, 0): OpenAPIV30SpecValidator, (3, 2): OpenAPIV32SpecValidator}


class Bundle:
    """The document as one: other files' schemas become components, all else stands in its place."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._origins: dict[int, Spot] = {}
        self._names: dict[tuple[str, tuple[str | int, ...]], str] = {}
        self._components: dict[str, Any] = {}
        self._open: set[tuple[str, tuple[str | int, ...]]] = set()
        self.document: dict[str, Any] = self._copied(spec.root)
        own = _mapping(self.document.get("components"))
        own["schemas"] = {**_mapping(own.get("schemas")), **self._components}
        self.document["components"] = own

    def origin(self, steps: list[str | int]) -> Spot:
        """Where a part of the bundle comes from; where what surrounds it comes from when it is made here."""
        node: Any = self.document
        found = self._spec.root
        for step in steps:
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                return found
            found = self._origins.get(
                id(node), found.at(step) if not isinstance(node, dict | list) else found
            )
        return found

    def _copied(self, spot: Spot, key: str | int | None = None, in_schema: bool = False) -> Any:
        value = spot.value
        in_schema = in_schema or key in {"schema", "schemas"}
        if isinstance(value, list):
            items = [item for item in spot.items() if in_schema or not self._leads_nowhere(item)]
            copy: Any = [self._copied(item, None, in_schema) for item in items]
        elif isinstance(value, dict):
            if isinstance(value.get("$ref"), str) and key != "properties":
                return self._referred(spot, in_schema)
            copy = {
                k: _still(v) if holds_value(spot, k) else self._copied(spot.at(k), k, in_schema)
                for k, v in value.items()
                if not (k in _POINTING and isinstance(v, str))
            }
        else:
            return value
        self._origins[id(copy)] = spot
        return copy

    def _leads_nowhere(self, spot: Spot) -> bool:
        return spot.has("$ref") and self._spec.follow(spot) == spot

    def _referred(self, spot: Spot, in_schema: bool) -> Any:
        target = self._spec.follow(spot)
        where = (str(target.source.path), target.pointer)
        if target == spot or where in self._open:
            return {}
        if not in_schema:
            self._open.add(where)
            copy = self._copied(target)
            self._open.discard(where)
            return copy
        if where not in self._names:
            self._names[where] = name = f"{target.source.path.stem}_{len(self._names)}"
            self._components[name] = self._copied(target, None, True)
        made = {"$ref": f"#/components/schemas/{self._names[where]}"}
        self._origins[id(made)] = spot
        return made


def _still(value: Any) -> Any:
    """A value without words that a validator could take for a reference."""
    if isinstance(value, list):
        return [_still(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {k: _still(v) for k, v in value.items() if not (k in _POINTING and isinstance(v, str))}


def _mapping(value: Any) -> dict[Any, Any]:
    """A copy; nothing of what is no mapping, which other rules tell of."""
    return dict(value) if isinstance(value, dict) else {}


def grammar(world: Publication) -> Iterator[LintFinding]:
    """What openapi-spec-validator finds in the bundle."""
    bundle = Bundle(world.spec)
    judge = _JUDGES.get(world.spec.version, OpenAPIV31SpecValidator)
    for error in judge(bundle.document).iter_errors():
        steps = list(error.absolute_path)
        where = " > ".join(map(str, steps)) or "OpenAPI"
        message = error.message.partition("\n")[0]
        reason = where if message.startswith(("{", "[")) else f"{where}: {message}"
        yield world.at("openapi-invalid", bundle.origin(steps), reason=reason[:_MAX_SHOWN])
