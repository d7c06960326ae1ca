"""What is known of each fault and variant of the reference.

That is data, under ``specs/faults``, in ``specs/variants.yaml`` and in ``specs/unproven.yaml``. What one does
is Python, and stands in ``okd_conformance.reference.faults`` under the same name.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from okd_conformance.base.paths import data_folder
from okd_conformance.base.text import Text
from okd_conformance.standard.bundle import read_data
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import Edition

_Facts = TypeVar("_Facts", "FaultFacts", "VariantFacts")


@dataclass(frozen=True, slots=True)
class FaultFacts:
    """One deliberate deviation; ``breaks`` are the requirements that no longer hold with it."""

    name: str
    says: Text
    breaks: tuple[str, ...]
    roles: tuple[str, ...]
    """The roles that deviate."""
    only_in: tuple[str, ...] = ()
    """The editions whose own wording or shape it touches; empty for every edition with its requirements."""
    not_in: Mapping[str, Text] = field(default_factory=dict)
    """The editions that lack what it touches, each with the reason."""

    def is_in(self, edition: Edition) -> bool:
        """Whether an edition has this fault: it judges what the fault breaks, unless the facts say no."""
        return _allows(edition, self.only_in, self.not_in) and bool(self.breaks_in(edition))

    def breaks_in(self, edition: Edition) -> tuple[str, ...]:
        """The requirements of an edition that it breaks, as far as they are judged there."""
        return tuple(name for name in self.breaks if self._breaks(name, edition))

    def roles_in(self, edition: Edition) -> tuple[str, ...]:
        """The roles of an edition that deviate."""
        return tuple(role for role in self.roles if role in edition.roles)

    def _breaks(self, name: str, edition: Edition) -> bool:
        row = load_catalogue()[name]
        judged = row.holds_in(edition) and not row.parked and not row.untestable
        return judged and any(role in row.roles for role in self.roles_in(edition))


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """One deliberate but legitimate difference; the worst that it may cause is a note, or a named warning."""

    name: str
    says: Text
    warns: tuple[str, ...] = ()
    """The requirements that may warn of it; nothing ever fails because of it."""
    only_in: tuple[str, ...] = ()
    """The editions whose own wording or shape it uses; empty for every edition."""
    near: tuple[str, ...] = ()
    """The requirements, or sections, that could accuse it wrongly: the freedom lies near what they ask."""
    not_in: Mapping[str, Text] = field(default_factory=dict)
    """The editions where the difference is not a legitimate one, each with the reason."""

    def is_in(self, edition: Edition) -> bool:
        """Whether the difference is a legitimate one in an edition."""
        return _allows(edition, self.only_in, self.not_in)


def _followed(edition: Edition) -> str:
    """The edition that facts must name to mean this one; for a draft the edition that it follows."""
    return edition.name if edition.requirements == edition.id else edition.requirements


def _allows(edition: Edition, only_in: tuple[str, ...], not_in: Mapping[str, Text]) -> bool:
    followed = _followed(edition)
    return (not only_in or followed in only_in) and followed not in not_in


@functools.cache
def load_faults() -> Mapping[str, FaultFacts]:
    """Read every fault, by name; ValueError when two have one name."""
    files = sorted((data_folder("specs") / "faults").glob("*.yaml"))
    return _by_name([_fault(row) for file in files for row in read_data(file)["faults"]])


@functools.cache
def load_variants() -> Mapping[str, VariantFacts]:
    """Read every variant, by name; ValueError when two have one name."""
    file = data_folder("specs") / "variants.yaml"
    return _by_name([_variant(row) for row in read_data(file)["variants"]])


def unproven_in(edition: Edition) -> dict[str, Text]:
    """The requirements that no fault can prove in an edition, each with the reason."""
    rows = read_data(data_folder("specs") / "unproven.yaml")["unproven"]
    return {
        requirement: Text.from_json(row["reason"])
        for row in rows
        if "editions" not in row or _followed(edition) in row["editions"]
        for requirement in row["requirements"]
    }


def _by_name(found: list[_Facts]) -> dict[str, _Facts]:
    names = [facts.name for facts in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"more than one fault or variant is called {', '.join(sorted(twice))}")
    return dict(zip(names, found, strict=True))


def _fault(row: dict[str, Any]) -> FaultFacts:
    return FaultFacts(
        name=row["name"],
        says=Text.from_json(row["says"]),
        breaks=tuple(row["breaks"]),
        roles=tuple(row["roles"]),
        only_in=tuple(row.get("only_in", ())),
        not_in=_reasons(row),
    )


def _variant(row: dict[str, Any]) -> VariantFacts:
    return VariantFacts(
        name=row["name"],
        says=Text.from_json(row["says"]),
        warns=tuple(row.get("warns", ())),
        only_in=tuple(row.get("only_in", ())),
        near=tuple(row.get("near", ())),
        not_in=_reasons(row),
    )


def _reasons(row: dict[str, Any]) -> dict[str, Text]:
    return {edition: Text.from_json(reason) for edition, reason in row.get("not_in", {}).items()}
