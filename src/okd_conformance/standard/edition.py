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

from okd_conformance import DEFAULT_EDITION
from okd_conformance.base.paths import data_folder
from okd_conformance.base.text import Text
from okd_conformance.standard.bundle import bundle, read_data
from okd_conformance.standard.operation import Binding, Operation, Schema, operations_of


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
        _operations={
            name: operations_of(bundle(folder / role.document), name, scopes) for name, role in roles.items()
        },
    )
