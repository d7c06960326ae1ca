"""Reading the split OpenAPI documents of an edition, and bundling each into one.

A reference to a file under ``schemas/`` becomes a component; any other reference is put in its place.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

from okd_conformance.standard.schemas import at

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@functools.cache
def read_data(path: Path) -> Any:
    """Return the value of one of our own YAML files; read-only, it is shared.

    Not by ``read_yaml``: building values in Python, with a line for each, makes every command start a third
    slower (75 ms of 240). A test reads each of our files both ways. Raises OSError, and YAMLError for a file
    that is no YAML.
    """
    with path.open("rb") as file:
        return yaml.load(file, Loader=_LOADER)  # noqa: S506 - a safe loader


@functools.cache
def bundle(path: Path) -> dict[str, Any]:
    """Return the OpenAPI document at ``path`` with every reference inside the document; read-only, shared."""
    return _Bundler(path).bundled()


class _Bundler:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._schemas: dict[str, Any] = {}

    def bundled(self) -> dict[str, Any]:
        document: dict[str, Any] = self._resolve(read_data(self._path), self._path)
        components = dict(document.get("components", {}))
        components["schemas"] = {**components.get("schemas", {}), **self._schemas}
        return {**document, "components": components}

    def _resolve(self, node: Any, base: Path) -> Any:
        if isinstance(node, list):
            return [self._resolve(item, base) for item in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            return self._reference(reference, node, base)
        return {key: self._resolve(value, base) for key, value in node.items()}

    def _reference(self, reference: str, node: dict[str, Any], base: Path) -> Any:
        beside = {k: self._resolve(v, base) for k, v in node.items() if k != "$ref"}
        file, _, pointer = reference.partition("#")
        if not file and base == self._path:
            return {**beside, "$ref": reference}
        target = (base.parent / file).resolve() if file else base
        if target.parent.name == "schemas":
            name = self._component(target)
            return {**beside, "$ref": f"#/components/schemas/{name}{pointer}"}
        found = at(read_data(target), pointer)
        return {**self._resolve(found, target), **beside}

    def _component(self, target: Path) -> str:
        name = target.stem
        if name not in self._schemas:
            self._schemas[name] = {}  # a schema may refer to itself
            self._schemas[name] = self._resolve(read_data(target), target)
        return name
