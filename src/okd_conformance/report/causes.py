"""One cause, one card: which findings come from another one, by the rules of ``specs/causes.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from okd_conformance.base.text import Text
from okd_conformance.judge.outcome import FINDINGS, Status
from okd_conformance.report.model import Cause, Finding, RequirementResult, RowKey
from okd_conformance.standard.catalogue import Level, Requirement
from okd_conformance.standard.causes import CauseRule, Same, is_harmful, load_causes

Answer = tuple[str | None, int | None]
"""An operation and the status of its answer; None for no answer."""
_LEVELS = get_args(Level)


@dataclass(eq=False)
class _Group:
    """Findings with one cause, the root first."""

    findings: list[Finding]
    answers: set[Answer]
    """What the root got, at every role of it."""
    telling: frozenset[str | None]
    """The exchanges that tell the root, or where there are none the reasons."""
    why: Text | None = None

    @property
    def root(self) -> Finding:
        return self.findings[0]

    @property
    def statuses(self) -> set[int | None]:
        return {status for _, status in self.answers}

    def absorb(self, other: _Group) -> None:
        self.findings += other.findings


@dataclass
class Causes:
    """Puts the findings of a run under their causes."""

    rows: Sequence[RequirementResult]
    requirements: Mapping[str, Requirement]
    answers: Mapping[str, Answer]
    """What each exchange got, by its id."""
    _groups: list[_Group] = field(default_factory=list)
    _by_key: dict[RowKey, RequirementResult] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_key = {row.key: row for row in self.rows}

    def found(self) -> list[Cause]:
        """The causes, the one to begin with first."""
        for finding in (Finding(row.id, row.role, s) for row in self.rows for s in row.finding_statuses()):
            self._add(self._alone(finding))
        for rule in load_causes():
            self._apply(rule)
        self._same_exchanges()
        self._milder_ones()
        return sorted(map(self._cause, self._groups), key=self._order)

    # --- the findings --------------------------------------------------------------------------------------

    def _alone(self, finding: Finding) -> _Group:
        cases = self._row(finding).cases_with(finding.status)
        first = [case.exchanges[0] for case in cases if case.exchanges]
        reasons = [case.received.en for case in cases if case.received and case.status.is_undecided]
        answers = {self.answers[exchange] for exchange in first if exchange in self.answers}
        return _Group([finding], answers, frozenset(first or reasons))

    def _add(self, group: _Group) -> None:
        """One requirement with the same answer at several roles is one finding too many for one card."""
        kind = group.root.requirement, group.root.status
        for earlier in [g for g in self._groups if (g.root.requirement, g.root.status) == kind]:
            if earlier.statuses & group.statuses or (group.telling and group.telling == earlier.telling):
                earlier.absorb(group)
                earlier.answers |= group.answers
                earlier.telling |= group.telling
                return
        self._groups.append(group)

    def _row(self, finding: Finding) -> RequirementResult:
        return self._by_key[finding.key]

    # --- the rules -----------------------------------------------------------------------------------------

    def _apply(self, rule: CauseRule) -> None:
        if rule.is_open:
            self._repeats(rule)
            return
        leads = [group for name in rule.roots for group in self._groups if group.root.requirement == name]
        leads = [group for group in leads if any(map(rule.concerns, group.statuses))]
        for lead in leads:
            if lead in self._groups:
                answers = self._join(lead, leads, rule)
                self._gather(lead, answers, rule)

    def _join(self, lead: _Group, others: Sequence[_Group], rule: CauseRule) -> set[Answer]:
        """Put the other roots that got the same beneath the first; all that they got."""
        answers = set(lead.answers)
        for group in others:
            if self._may_follow(group, lead) and _covered(group, lead, answers, rule.together):
                answers |= group.answers
                self._put(group, lead, rule.why)
        return answers

    def _gather(self, lead: _Group, answers: set[Answer], rule: CauseRule) -> None:
        for group in list(self._groups):
            follows = rule.is_followed_by(group.root.requirement) and self._may_follow(group, lead)
            if follows and _covered(group, lead, answers, rule.same):
                self._put(group, lead, rule.why)

    def _repeats(self, rule: CauseRule) -> None:
        """What only repeats others goes beneath the first of them, if it says nothing more than they do."""
        for group in [g for g in self._groups if rule.is_followed_by(g.root.requirement)]:
            others = [g for g in self._groups if self._may_follow(group, g)]
            others = [g for g in others if not rule.is_followed_by(g.root.requirement)]
            told = {answer for other in others for answer in self._all_answers(other)}
            lead = next((g for g in others if self._all_answers(g) & group.answers), None)
            if lead and group.answers <= told:
                self._put(group, lead, rule.why)

    def _same_exchanges(self) -> None:
        """The very same exchanges, or for want of them the same reasons, judged by several requirements."""
        for group in list(self._groups):
            for lead in [g for g in self._groups if not self._only_repeats(g)]:
                if self._may_follow(group, lead) and group.telling and group.telling <= lead.telling:
                    self._put(group, lead, None)
                    break

    def _milder_ones(self) -> None:
        """A warning of a requirement that failed as well."""
        for group in [g for g in self._groups if g.root.status is Status.WARNING]:
            rows = {finding.key for finding in group.findings}
            lead = next((g for g in self._groups if g is not group and g.root.key in rows), None)
            if lead and lead.root.status is Status.FAILED:
                self._put(group, lead, None)

    def _only_repeats(self, group: _Group) -> bool:
        return any(rule.is_open and rule.is_followed_by(group.root.requirement) for rule in load_causes())

    def _all_answers(self, group: _Group) -> set[Answer]:
        return {answer for finding in group.findings for answer in self._alone(finding).answers}

    def _may_follow(self, group: _Group, lead: _Group) -> bool:
        if group is lead or group not in self._groups or lead not in self._groups:
            return False
        return FINDINGS.index(group.root.status) >= FINDINGS.index(lead.root.status)

    def _put(self, group: _Group, lead: _Group, why: Text | None) -> None:
        lead.absorb(group)
        lead.why = lead.why or why
        self._groups.remove(group)

    # --- the outcome ---------------------------------------------------------------------------------------

    def _cause(self, group: _Group) -> Cause:
        follows = sorted(group.findings[1:], key=lambda finding: FINDINGS.index(finding.status))
        return Cause(group.root, tuple(follows), any(map(self._harms, group.findings)), group.why)

    def _harms(self, finding: Finding) -> bool:
        requirement = self.requirements.get(finding.requirement)
        if requirement is None or finding.status is not Status.FAILED:
            return False
        return is_harmful(requirement, frozenset(status for _, status in self._alone(finding).answers))

    def _order(self, cause: Cause) -> tuple[int, bool, int]:
        levels = [_LEVELS.index(self._row(finding).level) for finding in cause.findings]
        return FINDINGS.index(cause.root.status), not cause.harmful, min(levels)


def _covered(group: _Group, lead: _Group, answers: set[Answer], same: Same) -> bool:
    """Whether all that a root got is among what the other one got."""
    if same == "any":
        return bool({f.role for f in group.findings} & {f.role for f in lead.findings})
    if same == "status":
        return bool(group.statuses) and group.statuses <= {status for _, status in answers}
    return bool(group.answers) and group.answers <= answers


def seen(entries: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, Answer]]:
    """What each exchange of a HAR document got, by its id."""
    for entry in entries:
        response = entry.get("response")
        status = response.get("status") if isinstance(response, Mapping) and not entry.get("_error") else None
        operation = entry.get("_operation")
        yield str(entry.get("_id")), (str(operation) if operation else None, status or None)
