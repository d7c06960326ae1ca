"""The requirement catalogue: what an implementation can meet or not, as data under ``specs/catalogue``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from okd_conformance.base import choices
from okd_conformance.base.paths import data_folder
from okd_conformance.base.text import Text
from okd_conformance.standard.bundle import read_data
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.standard.readings import Answers, read

Level = Literal["MUST", "SHOULD", "MAY"]
Basis = Literal["explicit", "derived", "interpretation"]
Profile = choices.Profile


@dataclass(frozen=True, slots=True)
class Source:
    """Where a requirement comes from: a document of an edition, a founding document, or an RFC."""

    edition: str | None
    document: str
    section: str | None
    quote: str | None

    def cite(self) -> str:
        """One line that names the place."""
        section = self.section.lstrip("# ") if self.section else None
        words = [self.edition, self.document, section]
        return ", ".join(w for w in words if w)


@dataclass(frozen=True, slots=True)
class Applies:
    """Where a requirement holds: for which operations, and whether once per operation, binding or role."""

    per: Literal["operation", "binding", "role"]
    kinds: tuple[str, ...]
    operations: tuple[str, ...]
    flows: tuple[str, ...]

    def to(self, operation: Operation) -> bool:
        """Whether the requirement is about this operation."""
        if self.operations or self.kinds:
            return operation.name in self.operations or operation.kind in self.kinds
        return True

    def to_binding(self, operation: Operation, binding: Binding) -> bool:
        """Whether the requirement is about this operation as this flow uses it."""
        return self.to(operation) and (not self.flows or binding.flow in self.flows)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence that an implementation can meet or not."""

    id: str
    section: str
    section_title: Text
    level: Level
    basis: Basis
    roles: tuple[str, ...]
    editions: tuple[str, ...]
    statement: Text
    why: Text | None
    sources: tuple[Source, ...]
    reasoning: Text | None
    applies: Applies
    test: Text | None
    answers: Mapping[str, Answers]
    fixtures: tuple[str, ...]
    hooks: tuple[str, ...]
    remedy: Text | None
    untestable: Text | None
    parked: Text | None
    never_fails: bool = False
    """Only an RFC asks it, so it is noted or warned, never failed."""
    readings: Mapping[str, str] = field(default_factory=dict)
    """The name of the reading that each situation uses."""
    otherwise: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What is otherwise in some editions: level, basis, reasoning or answers."""

    @property
    def can_fail(self) -> bool:
        """Only a MUST that the standard says, or that follows from it, can fail."""
        return self.level == "MUST" and self.basis != "interpretation" and not self.never_fails

    def holds_in(self, edition: Edition) -> bool:
        """Whether the requirement is one of an edition's, by its own id or by the edition that it follows."""
        return edition.id in self.editions or edition.requirements in self.editions

    def in_edition(self, edition: Edition) -> Requirement:
        """The requirement as it holds in an edition."""
        changes = self.otherwise.get(edition.id) or self.otherwise.get(edition.requirements)
        return replace(self, **changes) if changes else self

    @property
    def flows(self) -> tuple[str, ...]:
        """The flows that the requirement is limited to; empty for all flows of its operations."""
        return self.applies.flows

    def flows_in(self, edition: Edition, role: str) -> list[str]:
        """The flows of ``role`` in ``edition`` that the requirement touches, in the edition's order."""
        touched = {b.flow for o, b in self.bindings_in(edition, role)}
        return [flow for flow in edition.flows if flow in touched]

    def bindings_in(self, edition: Edition, role: str) -> list[tuple[Operation, Binding]]:
        """The operations and bindings of ``role`` that the requirement is about."""
        return [(o, b) for o in edition.operations(role) for b in o.bindings if self.applies.to_binding(o, b)]


class UnknownRequirementError(LookupError):
    """There is no requirement with this id."""


class Catalogue:
    """All requirements, in the order of the sections."""

    def __init__(self, requirements: list[Requirement], pending: Mapping[str, Text]) -> None:
        self._by_id = {r.id: r for r in requirements}
        self.pending = pending

    def __iter__(self) -> Any:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __getitem__(self, requirement_id: str) -> Requirement:
        try:
            return self._by_id[requirement_id]
        except KeyError:
            raise UnknownRequirementError(requirement_id) from None

    def __contains__(self, requirement_id: object) -> bool:
        return requirement_id in self._by_id

    def section_of(self, requirement_id: str) -> str | None:
        """The section that a requirement stands in; None when there is no such requirement."""
        return self[requirement_id].section if requirement_id in self else None

    def of(self, edition: Edition, role: str | None = None) -> list[Requirement]:
        """The requirements of an edition, for one role if given."""
        return [
            r.in_edition(edition)
            for r in self._by_id.values()
            if r.holds_in(edition)
            and not r.parked
            and any(n in edition.roles for n in r.roles)
            and (role is None or role in r.roles)
        ]


_SECTIONS = "AUT GEN SRV MPT LIM F01 F02 F03 F04 F05 F06 F07 FX FY FZ F10 REG F11 F12 F13 F14 S03 OKE"
ORDER = tuple(_SECTIONS.split(" "))


@functools.cache
def load_catalogue() -> Catalogue:
    """Read the whole catalogue."""
    folder = data_folder("specs") / "catalogue"
    rows: list[Requirement] = []
    for file in sorted(folder.glob("*.yaml")):
        data = read_data(file)
        if "requirements" in data:
            title = Text.from_json(data["title"])
            rows += [_requirement(row, data["section"], title) for row in data["requirements"]]
    rows.sort(key=lambda r: (ORDER.index(r.section) if r.section in ORDER else len(ORDER), r.id))
    return Catalogue(rows, _pending(folder))


def _pending(folder: Any) -> dict[str, Text]:
    file = folder / "pending.yaml"
    if not file.is_file():
        return {}
    data = read_data(file)
    reason = Text.from_json(data["reason"])
    return dict.fromkeys(data.get("pending") or [], reason)


def _requirement(row: dict[str, Any], section: str, title: Text) -> Requirement:
    applies = row.get("applies") or {}
    needs = row.get("needs") or {}
    return Requirement(
        id=row["id"],
        section=section,
        section_title=title,
        level=row["level"],
        basis=row["basis"],
        roles=tuple(row["roles"]),
        editions=tuple(row.get("editions") or ()),
        statement=Text.from_json(row["statement"]),
        why=_text(row, "why"),
        sources=tuple(_source(s) for s in row.get("sources") or ()),
        reasoning=_text(row, "reasoning"),
        applies=Applies(
            per=applies.get("per", "operation"),
            kinds=tuple(applies.get("kinds", ())),
            operations=tuple(applies.get("operations", ())),
            flows=tuple(str(f) for f in applies.get("flows", ())),
        ),
        test=_text(row, "test"),
        answers=_answers(row, None),
        fixtures=tuple(needs.get("fixtures", ())),
        hooks=tuple(needs.get("hooks", ())),
        remedy=_text(row, "remedy"),
        untestable=_text(row, "untestable"),
        parked=_text(row, "parked"),
        never_fails=bool(row.get("never_fails")),
        readings={
            name: entry if isinstance(entry, str) else entry["use"]
            for name, entry in (row.get("answers") or {}).items()
        },
        otherwise={edition: changes for edition in row["editions"] if (changes := _otherwise(row, edition))},
    )


def _answers(row: dict[str, Any], edition: str | None) -> dict[str, Answers]:
    return {name: read(entry, edition) for name, entry in (row.get("answers") or {}).items()}


def _otherwise(row: dict[str, Any], edition: str) -> dict[str, Any]:
    """What a row says otherwise in an edition."""
    changes: dict[str, Any] = dict(row.get("in_edition", {}).get(edition, {}))
    if "reasoning" in changes:
        changes["reasoning"] = Text.from_json(changes["reasoning"])
    answers = _answers(row, edition)
    return changes if answers == _answers(row, None) else {**changes, "answers": answers}


def _text(row: dict[str, Any], key: str) -> Text | None:
    return Text.from_json(row[key]) if row.get(key) else None


def _source(raw: dict[str, Any]) -> Source:
    if "rfc" in raw:
        return Source(None, f"RFC {raw['rfc']}", raw.get("section"), raw.get("quote"))
    if "seed" in raw:
        return Source(None, f"founding document {raw['seed']}", raw.get("section"), raw.get("quote"))
    return Source(raw["edition"], raw["document"], raw.get("section"), raw.get("quote"))
