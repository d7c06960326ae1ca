"""The findings of a report as the renderings show them: a card for each cause, what follows beneath it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from okd_conformance.base.text import Text
from okd_conformance.judge.outcome import CaseResult, Excuse, Status
from okd_conformance.report.model import Cause, Finding, Report, RequirementResult


@dataclass(frozen=True)
class Card:
    """One finding, and what follows from it."""

    row: RequirementResult
    status: Status
    harmful: bool = False
    why: Text | None = None
    follows: dict[Status, list[Card]] = field(default_factory=dict)

    @cached_property
    def cases(self) -> list[CaseResult]:
        """Its cases: those of the row that ended so."""
        return self.row.cases_with(self.status)

    @property
    def anchor(self) -> str:
        """Its name in an address; a row has one of its own for each way in which its cases ended."""
        return self.row.anchor if self.status is self.row.status else f"{self.row.anchor}-{self.status}"

    @property
    def advice(self) -> Text | None:
        """What to look at first in the product; None where nothing was seen of the product."""
        return self.row.remedy if self.status.is_judged else None

    @property
    def excuses(self) -> list[Excuse]:
        """Why some of its cases stop no pipeline."""
        return [case.excused for case in self.cases if case.excused]

    @property
    def beneath(self) -> list[Card]:
        """What follows from it, the worst first."""
        return [card for cards in self.follows.values() for card in cards]

    @property
    def rows(self) -> int:
        """How many findings it holds, itself among them."""
        return 1 + len(self.beneath)


def cards(report: Report) -> dict[Status, list[Card]]:
    """A card for each cause, by the status of its root."""
    rows = {row.key: row for row in report.requirements}

    def card(finding: Finding) -> Card:
        return Card(rows[finding.key], finding.status)

    def whole(cause: Cause) -> Card:
        follows: dict[Status, list[Card]] = defaultdict(list)
        for finding in cause.follows:
            follows[finding.status].append(card(finding))
        root = card(cause.root)
        return Card(root.row, root.status, cause.harmful, cause.why, dict(follows))

    return {status: list(map(whole, causes)) for status, causes in report.causes_by_status().items()}


def untested(report: Report) -> list[tuple[Text, list[RequirementResult]]]:
    """Why rows were not tested: each reason once, with its rows, the reason of most rows first."""
    found: dict[Text, list[RequirementResult]] = defaultdict(list)
    for row in report.requirements:
        if row.status is Status.NOT_TESTED:
            reasons = [case.received for case in row.cases_with(Status.NOT_TESTED) if case.received]
            found[row.reason or (reasons[0] if reasons else row.statement)].append(row)
    return sorted(found.items(), key=lambda pair: -len(pair[1]))
