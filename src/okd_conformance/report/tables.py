"""The tables of the page: who may do what (scopes), what proves the checks (faults), and where time went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from okd_conformance.base.text import Text
from okd_conformance.judge.case_id import values_of
from okd_conformance.judge.outcome import Status, worst
from okd_conformance.report.model import SHARED, Report, SectionTotals
from okd_conformance.standard.edition import Edition, UnknownEditionError, load_edition
from okd_conformance.standard.faults import load_faults
from okd_conformance.standard.operation import Binding


@dataclass(frozen=True, slots=True)
class Cell:
    """One scope at one exchange: what the standard asks, and how the cases about it ended."""

    expected: str
    """yes, no or disputed."""
    status: Status | None
    """None: no case was about it."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One exchange of a role, with a cell for each scope."""

    operation: str
    flow: str
    document_type: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ScopeMatrix:
    """Who may do what: the scopes of an edition against the exchanges of each role."""

    scopes: tuple[str, ...]
    roles: Mapping[str, tuple[MatrixRow, ...]]


@dataclass(frozen=True, slots=True)
class SectionFigures:
    """What one section of the catalogue took."""

    name: str
    title: Text | None
    """None: what the sections share."""
    totals: SectionTotals


def edition_of(report: Report) -> Edition | None:
    """The edition of a report, if this version of the suite still carries it."""
    try:
        return load_edition(report.standard.edition)
    except UnknownEditionError:
        return None


# --- scopes -----------------------------------------------------------------------------------------------


def scope_matrix(report: Report) -> ScopeMatrix | None:
    """The scope matrix; None when no case was about a scope."""
    edition = edition_of(report)
    tried = list(_tried(report))
    if edition is None or not tried:
        return None
    roles = {
        role: tuple(_row(binding, edition, tried) for binding in edition.bindings(role) if binding.scopes)
        for role in report.roles
        if role in edition.roles
    }
    return ScopeMatrix(edition.scopes, {role: rows for role, rows in roles.items() if rows})


@dataclass(frozen=True, slots=True)
class _Tried:
    """A case about one scope."""

    role: str
    operation: str
    flow: str | None
    document_type: str | None
    scope: str
    status: Status


def _tried(report: Report) -> Iterator[_Tried]:
    for row in report.requirements:
        for case in row.cases:
            words = values_of(case.id)
            if "scope" in words and case.operation:
                found = (words.get("flow"), words.get("type"), words["scope"], case.status)
                yield _Tried(row.role, case.operation, *found)


def _row(binding: Binding, edition: Edition, tried: list[_Tried]) -> MatrixRow:
    def about(one: _Tried) -> bool:
        return (
            one.role == binding.role
            and one.operation == binding.operation
            and one.flow in (None, binding.flow)
            and one.document_type in (None, binding.document_type)
        )

    own = [one for one in tried if about(one)]
    cells = tuple(
        Cell(_expected(binding, scope), _worst([one.status for one in own if one.scope == scope]))
        for scope in edition.scopes
    )
    return MatrixRow(binding.operation, binding.flow, binding.document_type, cells)


def _expected(binding: Binding, scope: str) -> str:
    if binding.scopes is None or scope in binding.scopes.sufficient:
        return "yes"
    return "disputed" if scope in binding.scopes.disputed else "no"


def _worst(statuses: list[Status]) -> Status | None:
    return worst(statuses) if statuses else None


# --- faults -----------------------------------------------------------------------------------------------


def fault_proof(report: Report) -> dict[str, list[str]]:
    """For each requirement of the report the faults of the reference that its check has to find."""
    edition = edition_of(report)
    if edition is None:
        return {}
    found: dict[str, list[str]] = {row.id: [] for row in report.requirements}
    for fault in load_faults().values():
        if fault.is_in(edition):
            for name in found.keys() & set(fault.breaks_in(edition)):
                found[name].append(fault.name)
    return {name: sorted(faults) for name, faults in found.items() if faults}


# --- time -------------------------------------------------------------------------------------------------


def figures(report: Report) -> list[SectionFigures]:
    """Cases, requests and seconds per section, in the order of the report."""
    titles = {row.section: row.title for row in report.requirements}
    order = [*titles, *(name for name in report.run.sections if name not in titles)]
    return [
        SectionFigures(
            "" if name == SHARED else name,
            titles.get(name),
            report.run.sections[name],
        )
        for name in order
        if name in report.run.sections
    ]
