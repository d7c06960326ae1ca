"""The report of a run: the one model that everything else renders, and its form in ``report.json``.

``report.schema.json`` beside this file describes that form.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self, get_args

from okd_conformance.base.text import Text
from okd_conformance.judge.outcome import FINDINGS, CaseResult, Status, Verdict, worst
from okd_conformance.judge.verdict import verdict_of
from okd_conformance.report.upgrade import Upgrade
from okd_conformance.standard.catalogue import Basis, Level, Profile

FORMAT = "okd-conformance/report/1"
EXCHANGES = "exchanges.har"
SUITE = "suite"
"""Stands in the place of a role where the suite itself went wrong, outside any check."""
SHARED = "-"
"""Stands in the place of a section for what cases of several sections share."""
RowKey = tuple[str, str]
"""A requirement's id and a role: what identifies a row of the report."""


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """Which product was tested; ``roles`` gives the address of each role that it claims."""

    name: str
    vendor: str | None = None
    version: str | None = None
    environment: str | None = None
    contact: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StandardInfo:
    """Which dated version of the standard it was tested against."""

    edition: str
    commit: str
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """How the run was done."""

    id: str
    started: str
    """Moment, as RFC 3339."""
    duration_s: float
    profile: Profile
    seed: int
    requests: int
    large_tested: bool | None = None
    """Whether the messages of 1 GB were sent; None when no claimed role takes them."""
    selection: tuple[str, ...] = ()
    """The options that narrowed the run, such as ``--flow 1``."""
    partial: tuple[str, ...] = ()
    """All that left rows out: ``selection``, the smoke profile, and what plain pytest was told."""
    sections: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per section of the catalogue: its cases, requests, and seconds; ``-`` is what cases share."""
    roles: tuple[str, ...] = ()
    """The roles that were to be judged; empty: every role that the target claims."""
    interrupted: bool = False
    stopped: Text | None = None
    """Why the run itself ended before everything was tried."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """What the run might ask of the target in all, with the names of the target file."""


@dataclass(slots=True)
class RequirementResult:
    """One requirement at one role, with its cases."""

    id: str
    role: str
    section: str
    title: Text
    """The title of the section."""
    level: Level
    basis: Basis
    flows: tuple[str, ...]
    statement: Text
    status: Status
    why: Text | None = None
    reasoning: Text | None = None
    sources: tuple[tuple[str, str | None], ...] = ()
    """Each place that it comes from, with the quoted words if there are any."""
    test: Text | None = None
    remedy: Text | None = None
    reason: Text | None = None
    """Why there is no case."""
    cases: list[CaseResult] = field(default_factory=list)

    @property
    def key(self) -> RowKey:
        """What identifies the row."""
        return self.id, self.role

    @property
    def anchor(self) -> str:
        """The row's name in an address, such as ``report.html#OKD-MPT-001-dms``."""
        return f"{self.id}-{self.role}"

    @property
    def advice(self) -> Text | None:
        """What to look at first in the product; None where nothing was seen of the product."""
        return self.remedy if self.status.is_judged else None

    def cases_by_weight(self) -> list[CaseResult]:
        """The cases, the ones that matter most first."""
        return sorted(self.cases, key=lambda case: list(Status).index(case.status))


@dataclass(frozen=True, slots=True)
class FlowResult:
    """The sub-verdict of one flow at one role."""

    verdict: Verdict
    title: Text
    proposal: bool
    """The standard itself calls the flow a proposal."""
    counts: Mapping[Status, int]

    @property
    def examined(self) -> bool:
        """Whether the run tried anything of it; where it did not, the verdict says nothing."""
        return examined(self.counts)


@dataclass(frozen=True, slots=True)
class RoleResult:
    """The sub-verdict of one role, with that of each of its flows."""

    verdict: Verdict
    title: Text
    flows: Mapping[str, FlowResult]
    counts: Mapping[Status, int]

    @property
    def examined(self) -> bool:
        """Whether the run tried anything of it; where it did not, the verdict says nothing."""
        return examined(self.counts)


@dataclass(slots=True)
class Report:
    """Everything that a run found."""

    suite_version: str
    standard: StandardInfo
    target: TargetInfo
    run: RunInfo
    verdict: Verdict
    scope: Text
    roles: Mapping[str, RoleResult]
    requirements: list[RequirementResult]
    upgrade: Upgrade | None = None
    """What the step to another edition asks, if the run was to say that."""

    def counts(self) -> dict[Status, int]:
        """How many rows have each status."""
        return count(row.status for row in self.requirements)

    def cases(self) -> list[CaseResult]:
        """All cases, in the order of the rows."""
        return [case for row in self.requirements for case in row.cases]

    def findings(self) -> list[RequirementResult]:
        """The rows that ask for something to be done, most important first."""
        found = [row for row in self.requirements if row.status.is_finding]
        return sorted(found, key=lambda row: (FINDINGS.index(row.status), _LEVELS.index(row.level)))

    def verdict_without(self, excused: Collection[str]) -> Verdict:
        """The verdict if these failures (ids of cases or of requirements) were not there."""

        def after(case: CaseResult) -> Status:
            listed = case.id in excused or case.requirement in excused
            return Status.WARNING if listed and case.status is Status.FAILED else case.status

        def status(row: RequirementResult) -> Status:
            return worst([after(case) for case in row.cases]) if row.cases else row.status

        found = verdict_of((row.level, status(row)) for row in self.requirements)
        return complete(found, self.unexamined())

    def unexamined(self) -> list[str]:
        """The roles that were to be judged, but of which nothing was."""
        asked = self.run.roles or tuple(self.roles)
        return [name for name, role in self.roles.items() if name in asked and not role.examined]

    def to_json(self) -> dict[str, Any]:
        """Return the form of ``report.json``."""
        return {
            "format": FORMAT,
            "suite": {"version": self.suite_version},
            "standard": _plain(self.standard),
            "target": {
                **_plain(self.target),
                "roles": {name: {"base_url": url} for name, url in self.target.roles.items()},
            },
            "run": _plain(self.run),
            "verdict": str(self.verdict),
            "scope": self.scope.as_json(),
            "roles": {name: _role_json(role) for name, role in self.roles.items()},
            "requirements": [_row_json(row) for row in self.requirements],
            "exchanges": EXCHANGES,
            **({"upgrade": self.upgrade.as_json()} if self.upgrade else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote; ValueError when it is another format."""
        if value.get("format") != FORMAT:
            raise ValueError(f"not a report of the format {FORMAT}: {value.get('format')!r}")
        standard, target, run = value["standard"], value["target"], value["run"]
        addresses = {name: role["base_url"] for name, role in target["roles"].items()}
        return cls(
            suite_version=value["suite"]["version"],
            standard=StandardInfo(
                **{**_known(StandardInfo, standard), "title": _text(standard.get("title"))}
            ),
            target=TargetInfo(**{**_known(TargetInfo, target), "roles": addresses}),
            run=RunInfo(
                **{
                    **_known(RunInfo, run),
                    **_lists(run, "selection", "partial", "roles"),
                    "stopped": _text(run.get("stopped")),
                }
            ),
            verdict=Verdict(value["verdict"]),
            scope=Text.from_json(value["scope"]),
            roles={name: _role_from_json(name, role) for name, role in value["roles"].items()},
            requirements=[_row_from_json(row) for row in value["requirements"]],
            upgrade=Upgrade.from_json(value["upgrade"]) if value.get("upgrade") else None,
        )


_LEVELS = get_args(Level)


@functools.cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of ``report.json``."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("report.schema.json").read_text("utf-8"))
    return loaded


def examined(counts: Mapping[Status, int]) -> bool:
    """Whether anything was judged, by these counts."""
    return any(number for status, number in counts.items() if status.is_tried)


def complete(verdict: Verdict, unexamined: list[str]) -> Verdict:
    """Nothing can be said of a role that was not examined at all, so not that it conforms."""
    return Verdict.INCOMPLETE if unexamined and verdict is Verdict.CONFORMANT else verdict


def count(statuses: Iterable[Status]) -> dict[Status, int]:
    """Count statuses; every status is in the result."""
    found = Counter(statuses)
    return {status: found[status] for status in Status}


# JSON ---------------------------------------------------------------------------------------------------


def _plain(value: Any) -> dict[str, Any]:
    found = {f.name: getattr(value, f.name) for f in fields(value)}
    return {
        name: v.as_json() if isinstance(v, Text) else list(v) if isinstance(v, tuple) else v
        for name, v in found.items()
    }


def _known(kind: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that ``kind`` has; a report may hold more."""
    return {f.name: value[f.name] for f in fields(kind) if f.name in value}


def _lists(value: Mapping[str, Any], *names: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(value.get(name, ())) for name in names}


def _text(value: Mapping[str, str] | None) -> Text | None:
    return Text.from_json(value) if value else None


def _json(text: Text | None) -> dict[str, str] | None:
    return text.as_json() if text else None


def _role_json(role: RoleResult) -> dict[str, Any]:
    return {
        "verdict": str(role.verdict),
        "title": role.title.as_json(),
        "flows": {
            name: {
                "verdict": str(f.verdict),
                "title": f.title.as_json(),
                "proposal": f.proposal,
                "counts": _counts_json(f.counts),
            }
            for name, f in role.flows.items()
        },
        "counts": _counts_json(role.counts),
    }


def _counts_json(counts: Mapping[Status, int]) -> dict[str, int]:
    return {str(status): number for status, number in counts.items()}


def _counts_from_json(value: Mapping[str, int]) -> dict[Status, int]:
    return {status: value.get(str(status), 0) for status in Status}


def _role_from_json(name: str, value: Mapping[str, Any]) -> RoleResult:
    flows = {
        flow: FlowResult(
            verdict=Verdict(f["verdict"]),
            title=_text(f.get("title")) or Text.same(flow),
            proposal=f.get("proposal", False),
            counts=_counts_from_json(f.get("counts", {})),
        )
        for flow, f in value["flows"].items()
    }
    return RoleResult(
        verdict=Verdict(value["verdict"]),
        title=_text(value.get("title")) or Text.same(name),
        flows=flows,
        counts=_counts_from_json(value["counts"]),
    )


def _row_json(row: RequirementResult) -> dict[str, Any]:
    return {
        "id": row.id,
        "role": row.role,
        "section": row.section,
        "title": row.title.as_json(),
        "level": row.level,
        "basis": row.basis,
        "flow": ", ".join(row.flows),
        "flows": list(row.flows),
        "statement": row.statement.as_json(),
        "why": _json(row.why),
        "reasoning": _json(row.reasoning),
        "source": "; ".join(cite for cite, _ in row.sources),
        "quote": next((quote for _, quote in row.sources if quote), None),
        "sources": [{"cite": cite, "quote": quote} for cite, quote in row.sources],
        "test": _json(row.test),
        "remedy": _json(row.remedy),
        "status": str(row.status),
        "reason": _json(row.reason),
        "cases": [case.as_json() for case in row.cases],
    }


def _row_from_json(value: Mapping[str, Any]) -> RequirementResult:
    return RequirementResult(
        id=value["id"],
        role=value["role"],
        section=value["section"],
        title=Text.from_json(value["title"]),
        level=value["level"],
        basis=value["basis"],
        flows=tuple(value["flows"]),
        statement=Text.from_json(value["statement"]),
        status=Status(value["status"]),
        why=_text(value.get("why")),
        reasoning=_text(value.get("reasoning")),
        sources=tuple((source["cite"], source["quote"]) for source in value["sources"]),
        test=_text(value.get("test")),
        remedy=_text(value.get("remedy")),
        reason=_text(value.get("reason")),
        cases=[CaseResult.from_json(case) for case in value["cases"]],
    )
