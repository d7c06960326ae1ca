"""Building the report of a run from what its cases found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from okd_conformance.base.text import Text, say
from okd_conformance.judge.outcome import CaseResult, Status, worst
from okd_conformance.judge.verdict import verdict_of
from okd_conformance.report.causes import Answer, Causes
from okd_conformance.report.counting import complete, count
from okd_conformance.report.model import (
    SUITE,
    Address,
    Citation,
    FlowResult,
    Report,
    RequirementResult,
    RoleResult,
    RowKey,
    RunInfo,
    StandardInfo,
    SuiteInfo,
    TargetInfo,
)
from okd_conformance.report.wording import scope_sentence
from okd_conformance.standard.catalogue import Requirement, Source
from okd_conformance.standard.edition import Edition


def build_report(
    *,
    suite_version: str,
    edition: Edition,
    target_identity: TargetInfo,
    run: RunInfo,
    requirements: Sequence[Requirement],
    claimed_roles: Mapping[str, str],
    results: Iterable[CaseResult],
    reasons: Mapping[RowKey, Text] | None = None,
    claimed_flows: Mapping[str, Collection[str]] | None = None,
    answers: Mapping[str, Answer] | None = None,
) -> Report:
    """Put the results of a run together.

    ``claimed_roles`` gives the address of each role that the target claims, ``claimed_flows`` the flows per
    role (a role that is absent claims all). ``reasons`` says of a row without any case why nothing was
    tested. ``answers`` says of each exchange, by its id, what it got; by that findings are put under one
    cause. A case that names an unknown row is the suite's own mistake and shown as such, never dropped.
    """
    cases: dict[RowKey, list[CaseResult]] = defaultdict(list)
    for result in results:
        cases[result.requirement, result.role].append(result)
    claims = _Claims(claimed_roles, claimed_flows or {})
    by_id = {requirement.id: requirement for requirement in requirements}
    rows = [
        _row(requirement, role, edition, cases.pop((requirement.id, role), []))
        for requirement in requirements
        for role in requirement.roles
        if role in edition.roles
    ]
    for row in rows:
        if not row.cases:
            row.status, row.reason = _without_cases(row, by_id[row.id], edition, claims, run, reasons or {})
    rows += [_stray(key, found) for key, found in cases.items()]
    report = Report(
        suite=SuiteInfo(suite_version),
        standard=StandardInfo(edition.name, edition.commit, edition.title),
        target=replace(target_identity, roles={name: Address(url) for name, url in claimed_roles.items()}),
        run=run,
        verdict=verdict_of((row.level, row.status) for row in rows),
        scope=Text.same(""),
        roles={role: _role(role, edition, rows, by_id, claims) for role in claimed_roles},
        requirements=rows,
        causes=Causes(rows, by_id, answers or {}).found(),
    )
    report.verdict = complete(report.verdict, report.unexamined())
    report.scope = scope_sentence(
        verdict=report.verdict,
        edition=edition.name,
        roles=[name for name, role in report.roles.items() if role.examined] or list(claimed_roles),
        profile=run.profile,
        partial=run.partial or run.selection,
        large_left_out=run.large_tested is False,
        not_tested=report.counts()[Status.NOT_TESTED],
        interrupted=run.interrupted,
        stopped=run.stopped,
    )
    return report


@dataclass(frozen=True, slots=True)
class _Claims:
    """What the target says that it serves."""

    roles: Mapping[str, str]
    flows: Mapping[str, Collection[str]]

    def flow(self, role: str, flow: str) -> bool:
        return role in self.roles and (role not in self.flows or flow in self.flows[role])


def _row(requirement: Requirement, role: str, edition: Edition, cases: list[CaseResult]) -> RequirementResult:
    whole_role = requirement.applies.per == "role" and not requirement.flows
    flows = () if whole_role else tuple(requirement.flows_in(edition, role)) or requirement.flows
    return RequirementResult(
        id=requirement.id,
        role=role,
        section=requirement.section,
        title=requirement.section_title,
        level=requirement.level,
        basis=requirement.basis,
        flows=flows,
        statement=requirement.statement,
        status=worst([case.status for case in cases] or [Status.NOT_TESTED]),
        why=requirement.why,
        reasoning=requirement.reasoning,
        sources=tuple(Citation(source.cite(), source.quote) for source in _sources(requirement, edition)),
        test=requirement.test,
        remedy=requirement.remedy,
        cases=cases,
    )


def _sources(requirement: Requirement, edition: Edition) -> list[Source]:
    """Where this edition says it; the other editions' words only when it has none of its own."""
    own = [source for source in requirement.sources if source.edition in (None, edition.id)]
    return own or list(requirement.sources)


def _without_cases(
    row: RequirementResult,
    requirement: Requirement,
    edition: Edition,
    claims: _Claims,
    run: RunInfo,
    reasons: Mapping[RowKey, Text],
) -> tuple[Status, Text]:
    away = _not_applicable(row, requirement, edition, claims)
    if away is not None:
        return Status.NOT_APPLICABLE, away
    if row.key in reasons:
        return Status.NOT_TESTED, reasons[row.key]
    if run.interrupted:
        return Status.INCONCLUSIVE, say("report_reason_interrupted")
    if run.stopped is not None:
        return Status.INCONCLUSIVE, run.stopped
    return Status.NOT_TESTED, say("report_reason_none")


def _not_applicable(
    row: RequirementResult, requirement: Requirement, edition: Edition, claims: _Claims
) -> Text | None:
    """Why a requirement does not hold for this target, if it doesn't."""
    if not requirement.holds_in(edition):
        return say("report_reason_edition", edition=edition.id)
    if row.role not in claims.roles:
        return say("report_reason_role", role=row.role)
    if requirement.answers and row.role in edition.roles and not requirement.bindings_in(edition, row.role):
        return say("report_reason_no_operation", edition=edition.name, role=row.role)
    if row.flows and not any(claims.flow(row.role, flow) for flow in row.flows):
        return say("report_reason_flow", flow=", ".join(row.flows))
    return None


def _stray(key: RowKey, cases: list[CaseResult]) -> RequirementResult:
    """A row for cases that name what the catalogue hasn't, or that are about the suite itself."""
    itself = key[1] == SUITE
    return RequirementResult(
        id=key[0],
        role=key[1],
        section="",
        title=say("report_suite_title" if itself else "report_stray_title"),
        level="MUST",
        basis="explicit",
        flows=(),
        statement=say("report_suite_works" if itself else "report_stray", id=key[0], role=key[1]),
        status=Status.SUITE_FAULT,
        cases=cases,
    )


def _role(
    role: str,
    edition: Edition,
    rows: list[RequirementResult],
    requirements: Mapping[str, Requirement],
    claims: _Claims,
) -> RoleResult:
    own = [row for row in rows if row.role == role]
    flows: dict[str, FlowResult] = {}
    for flow in edition.flows.values():
        if not claims.flow(role, flow.id):
            continue
        found = [
            (row.level, status)
            for row in own
            if row.id in requirements
            for status in [_status_in_flow(row, flow.id, requirements[row.id])]
            if status not in (None, Status.NOT_APPLICABLE)
        ]
        statuses = [(level, status) for level, status in found if status is not None]
        if statuses:
            flows[flow.id] = FlowResult(
                verdict_of(statuses), flow.title, flow.proposal, count(status for _, status in statuses)
            )
    return RoleResult(
        verdict=verdict_of((row.level, row.status) for row in own),
        title=edition.roles[role].title if role in edition.roles else Text.same(role),
        flows=flows,
        counts=count(row.status for row in own),
    )


def _status_in_flow(row: RequirementResult, flow: str, requirement: Requirement) -> Status | None:
    """The status that a row has in one flow, or None where it says nothing about that flow.

    Where flows share an operation, one case speaks for all of them, unless the requirement is about each.
    """
    own = [case.status for case in row.cases if case.flow == flow]
    if own:
        return worst(own)
    if flow not in row.flows or (row.cases and requirement.applies.per == "binding"):
        return None
    return row.status
