"""The report of a run: the one model that everything else renders, and that ``report.json`` holds.

What is written and read, and the JSON Schema beside this file (``schema``), follow from the annotations here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from okd_conformance.base.text import Text
from okd_conformance.judge.outcome import FINDINGS, CaseResult, Status, Verdict, worst
from okd_conformance.judge.verdict import verdict_of
from okd_conformance.report.counting import complete, count, every, examined
from okd_conformance.report.upgrade import Upgrade
from okd_conformance.standard.catalogue import Basis, Level, Profile

Format = Literal["okd-conformance/report/1"]
FORMAT: Format = "okd-conformance/report/1"
EXCHANGES = "exchanges.har"
SUITE = "suite"
"""Stands in the place of a role where the suite itself went wrong, outside any check."""
SHARED = "-"
"""Stands in the place of a section for what cases of several sections share."""
RowKey = tuple[str, str]
"""A requirement's id and a role: what identifies a row of the report."""
Counts = Annotated[
    Mapping[Status, Annotated[int, Meta(ge=0)]],
    Meta(
        description="How many requirements have each status.",
        extra_json_schema={"required": [str(status) for status in Status]},
    ),
]

_UNNAMED = Text.same("")


@dataclass(frozen=True, slots=True)
class SuiteInfo:
    """What judged."""

    version: Annotated[str, Meta(description="Version of okd-conformance.")]


@dataclass(frozen=True, slots=True)
class StandardInfo:
    """The dated version of the standard that the product was tested against."""

    edition: Annotated[str, Meta(description="Id of the edition, such as okd-1.5.")]
    commit: Annotated[
        str, Meta(description="Commit of the published standard that the edition is written after.")
    ]
    title: Annotated[Text | None, Meta(description="Name of the edition.")] = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a role of the product is reached."""

    base_url: Annotated[str, Meta(description="What the paths of the standard are put behind.")]


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """The product, as its target file names it."""

    name: Annotated[str, Meta(description="Name of the product.")]
    vendor: Annotated[str | None, Meta(description="Who makes it.")] = None
    version: Annotated[str | None, Meta(description="Its version.")] = None
    environment: Annotated[str | None, Meta(description="Which of its environments.")] = None
    contact: Annotated[str | None, Meta(description="Whom to ask about it.")] = None
    roles: Annotated[Mapping[str, Address], Meta(description="The roles that the target claims.")] = field(
        default_factory=dict
    )
    token_url: Annotated[str | None, Meta(description="Where its clients get their tokens.")] = None


@dataclass(slots=True)
class SectionTotals:
    """What a section of the catalogue took."""

    cases: Annotated[int, Meta(ge=0, description="How many cases were run.")] = 0
    requests: Annotated[int, Meta(ge=0, description="How many requests were sent.")] = 0
    seconds: Annotated[float, Meta(ge=0, description="How long the cases took.")] = 0.0


@dataclass(frozen=True, slots=True)
class RunInfo:
    """How the run was done."""

    id: Annotated[str, Meta(description="Id of the run.")]
    started: Annotated[str, Meta(description="Moment, RFC 3339.")]
    duration_s: Annotated[float, Meta(ge=0, description="How long it took, in seconds.")]
    profile: Annotated[Profile, Meta(description="How much was tested.")]
    seed: Annotated[int, Meta(description="What the generated values derive from.")]
    requests: Annotated[int, Meta(ge=0, description="How many requests were sent.")]
    large_tested: Annotated[
        bool | None,
        Meta(description="Whether the 1 GB messages were sent; null when no claimed role takes them."),
    ] = None
    selection: Annotated[
        tuple[str, ...], Meta(description="Options that narrowed the run, such as --flow 1.")
    ] = ()
    partial: Annotated[
        tuple[str, ...],
        Meta(
            description="Everything that left rows out: the options of selection, the smoke profile, "
            "and what plain pytest was told. Empty for a whole run."
        ),
    ] = ()
    sections: Annotated[
        Mapping[str, SectionTotals],
        Meta(description="Per section of the catalogue what it took; - is what cases share."),
    ] = field(default_factory=dict)
    roles: Annotated[
        tuple[str, ...],
        Meta(
            description="The roles that were to be judged; empty: every claimed role. "
            "When nothing at all was judged of one of them, the verdict is at best incomplete."
        ),
    ] = ()
    interrupted: Annotated[bool, Meta(description="Whether somebody stopped it.")] = False
    stopped: Annotated[
        Text | None,
        Meta(
            description="Why the run ended before everything was tried: a limit was met, "
            "or the target can't be judged."
        ),
    ] = None
    set_up: Annotated[
        tuple[Text, ...],
        Meta(description="What in the target file kept rows from being judged, with its lines."),
    ] = ()
    limits: Annotated[
        Mapping[str, int | float],
        Meta(description="What the run might ask of the target in all, with the names of the target file."),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """A place that a requirement comes from."""

    cite: Annotated[str, Meta(description="The place, in one line.")]
    quote: Annotated[str | None, Meta(description="The quoted words, if there are any.")]


@dataclass(slots=True, kw_only=True)
class RequirementResult:
    """One requirement at one role, with its cases."""

    id: Annotated[str, Meta(description="Id in the catalogue, never reused.")]
    role: Annotated[str, Meta(description="The role that it is about.")]
    section: Annotated[str, Meta(description="The section of the catalogue that it stands in.")]
    title: Annotated[Text, Meta(description="Title of the section.")]
    level: Annotated[Level, Meta(description="How much the standard asks it.")]
    basis: Annotated[
        Basis, Meta(description="Whether the standard says it, it follows from that, or is read in it.")
    ]
    flow: Annotated[
        str,
        Meta(
            description="The flows that it touches, with commas; empty when it is about the role as a whole."
        ),
    ] = ""
    flows: Annotated[tuple[str, ...], Meta(description="The flows that it touches.")]
    statement: Annotated[Text, Meta(description="What it asks.")]
    why: Annotated[Text | None, Meta(description="Why that matters.")] = None
    reasoning: Annotated[
        Text | None, Meta(description="Of an interpretation: why the standard is read so.")
    ] = None
    source: Annotated[str, Meta(description="The places that it comes from, with semicolons.")] = ""
    quote: Annotated[str | None, Meta(description="The first quoted words of the sources.")] = None
    sources: Annotated[tuple[Citation, ...], Meta(description="The places that it comes from.")] = ()
    test: Annotated[Text | None, Meta(description="How it is tested.")] = None
    remedy: Annotated[Text | None, Meta(description="What to look at first when it fails.")] = None
    status: Annotated[Status, Meta(description="The worst of its cases.")]
    reason: Annotated[Text | None, Meta(description="Why there is no case.")] = None
    cases: Annotated[list[CaseResult], Meta(description="Its cases.")] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.flow = ", ".join(self.flows)
        self.source = "; ".join(place.cite for place in self.sources)
        self.quote = next((place.quote for place in self.sources if place.quote), None)

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

    def finding_statuses(self) -> list[Status]:
        """What its cases found that asks for something to be done; what it found itself without cases."""
        found = {case.status for case in self.cases} or {self.status}
        return [status for status in FINDINGS if status in found | {self.status}]

    def cases_with(self, status: Status) -> list[CaseResult]:
        """The cases that ended so."""
        return [case for case in self.cases if case.status is status]


@dataclass(frozen=True, slots=True)
class Finding:
    """What asks for something to be done: the cases of a row that ended in one way."""

    requirement: Annotated[str, Meta(description="Id of the requirement.")]
    role: Annotated[str, Meta(description="The role.")]
    status: Annotated[
        Status,
        Meta(description="Which of its cases are meant; a row may have failed and inconclusive ones."),
    ]

    @property
    def key(self) -> RowKey:
        """What identifies the row."""
        return self.requirement, self.role


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings that come from one thing, so that it need only be mended once."""

    root: Annotated[Finding, Meta(description="The finding that tells the cause best.")]
    follows: Annotated[tuple[Finding, ...], Meta(description="What follows from it.")] = ()
    harmful: Annotated[bool, Meta(description="It is a breach of privacy, or data are lost or mixed up.")] = (
        False
    )
    why: Annotated[Text | None, Meta(description="Why the others follow from the root.")] = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The root, and what follows from it."""
        return (self.root, *self.follows)


@dataclass(slots=True)
class FlowResult:
    """The sub-verdict of one flow at one role."""

    verdict: Annotated[Verdict, Meta(description="The verdict about the flow.")]
    title: Annotated[Text, Meta(description="Name of the flow.")] = _UNNAMED
    proposal: Annotated[bool, Meta(description="The standard itself calls this flow a proposal.")] = False
    counts: Counts = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counts = every(self.counts)

    @property
    def examined(self) -> bool:
        """Whether the run tried anything of it; where it did not, the verdict says nothing."""
        return examined(self.counts)


@dataclass(slots=True, kw_only=True)
class RoleResult:
    """The sub-verdict of one role, with that of each of its flows."""

    verdict: Annotated[Verdict, Meta(description="The verdict about the role.")]
    title: Annotated[Text, Meta(description="Name of the role.")] = _UNNAMED
    flows: Annotated[Mapping[str, FlowResult], Meta(description="The sub-verdict of each of its flows.")]
    counts: Counts

    def __post_init__(self) -> None:
        self.counts = every(self.counts)

    @property
    def examined(self) -> bool:
        """Whether the run tried anything of it; where it did not, the verdict says nothing."""
        return examined(self.counts)


@dataclass(slots=True, kw_only=True)
class Report:
    """What one run of okd-conformance found."""

    format: Annotated[Format, Meta(description="Changes when the meaning of a key changes.")] = FORMAT
    suite: SuiteInfo
    standard: StandardInfo
    target: TargetInfo
    run: RunInfo
    verdict: Annotated[Verdict, Meta(description="The verdict of the run.")]
    scope: Annotated[Text, Meta(description="What the verdict is about, and what it leaves out.")]
    roles: Annotated[Mapping[str, RoleResult], Meta(description="The sub-verdict of each claimed role.")]
    requirements: Annotated[
        list[RequirementResult],
        Meta(description="One row for each requirement and each role that it is about."),
    ]
    causes: Annotated[
        list[Cause],
        Meta(
            description="Each finding once, put together by cause: failures first, "
            "and of those what harms most. Findings are judged one by one all the same."
        ),
    ] = field(default_factory=list)
    exchanges: Annotated[str, Meta(description="The HAR file beside the report.")] = EXCHANGES
    upgrade: Upgrade | UnsetType = UNSET

    def __post_init__(self) -> None:
        for name, role in self.roles.items():
            role.title = _named(role.title, name)
            for flow, result in role.flows.items():
                result.title = _named(result.title, flow)
        self.causes = self._with_every_finding()

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

    def _with_every_finding(self) -> list[Cause]:
        """The causes as far as the rows have their findings, and one for each finding that none names."""
        found = [Finding(*row.key, status) for row in self.findings() for status in row.finding_statuses()]
        known = set(found)
        kept = [
            replace(cause, follows=tuple(finding for finding in cause.follows if finding in known))
            for cause in self.causes
            if cause.root in known
        ]
        named = {finding for cause in kept for finding in cause.findings}
        causes = [*kept, *(Cause(finding) for finding in found if finding not in named)]
        return sorted(causes, key=lambda cause: FINDINGS.index(cause.root.status))

    def causes_by_status(self) -> dict[Status, list[Cause]]:
        """The causes by the status of their root, in the order in which a reader is told."""
        found = {status: [c for c in self.causes if c.root.status is status] for status in FINDINGS}
        return {status: causes for status, causes in found.items() if causes}

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

    def to_json(self) -> Any:
        """Return the form of ``report.json``."""
        return msgspec.to_builtins(self)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read what ``to_json`` wrote; ValueError when it is something else."""
        if value.get("format") != FORMAT:
            raise ValueError(f"not a report of the format {FORMAT}: {value.get('format')!r}")
        return msgspec.convert(value, cls)


_LEVELS = get_args(Level)


def _named(title: Text, name: str) -> Text:
    return Text.same(name) if title == _UNNAMED else title
