"""Statuses and the result of one case.

The names and their order are public (report.json, JUnit, exit codes).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from okd_conformance.base.text import Text
from okd_conformance.judge.case_id import is_observed


class Status(StrEnum):
    """How a case or a requirement ended."""

    SUITE_FAULT = "suite_fault"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    WARNING = "warning"
    PASSED = "passed"
    NOT_TESTED = "not_tested"
    NOT_APPLICABLE = "not_applicable"

    @property
    def is_judged(self) -> bool:
        """Something was seen of the product itself, and judged."""
        return self in {Status.FAILED, Status.WARNING, Status.PASSED}

    @property
    def is_tried(self) -> bool:
        """The run tried it, whatever came of it."""
        return self not in {Status.NOT_TESTED, Status.NOT_APPLICABLE}

    @property
    def is_undecided(self) -> bool:
        """The run tried it, but learnt nothing of the product: suite or circumstances stood in the way."""
        return self.is_tried and not self.is_judged

    @property
    def is_finding(self) -> bool:
        """The reader is asked to do something about it."""
        return self in FINDINGS

    @property
    def is_break(self) -> bool:
        """A finding that is more than a warning: it is shown at once, and counts as something that broke."""
        return self.is_finding and self is not Status.WARNING

    @property
    def is_mended(self) -> bool:
        """A failure that was known is gone when its case ends so."""
        return self in {Status.PASSED, Status.WARNING, Status.NOT_APPLICABLE}


FINDINGS = (Status.FAILED, Status.SUITE_FAULT, Status.INCONCLUSIVE, Status.WARNING)
"""What asks for something to be done, in the order in which a reader is told."""
_SEVERITY = list(Status)


def worst(statuses: list[Status]) -> Status:
    """Return the status of a requirement from those of its cases; ValueError for an empty list.

    ``not_tested`` and ``not_applicable`` only count when no case was judged.
    """
    return min(statuses, key=_SEVERITY.index)


class Verdict(StrEnum):
    """The verdict of a run, a role or a flow."""

    CONFORMANT = "conformant"
    NOT_CONFORMANT = "not_conformant"
    INCOMPLETE = "incomplete"
    SUITE_FAULT = "suite_fault"


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a failure that is known does not stop a pipeline; it changes neither status nor verdict."""

    reason: Annotated[str, Meta(description="Why it is excused, as the baseline says.")]
    until: Annotated[str, Meta(description="The last day on which it is excused, as YYYY-MM-DD.")]


@dataclass(slots=True)
class CaseResult:
    """What one case found: one check, for one role and operation, with one set of parameters."""

    id: Annotated[
        str,
        Meta(
            description="Give it to --case to run this case again; if there is a 'during', "
            "with that in a second --case."
        ),
    ]
    requirement: Annotated[str, Meta(description="Id of the requirement that was judged.")]
    role: Annotated[str, Meta(description="Role that was judged.")]
    flow: Annotated[str | None, Meta(description="The flow, where the case is about one.")]
    operation: Annotated[str | None, Meta(description="The operation, where the case is about one.")]
    status: Annotated[Status, Meta(description="How the case ended.")]
    summary: Annotated[Text, Meta(description="How it ended, in one sentence.")]
    expected: Annotated[Text | None, Meta(description="What was expected.")] = None
    received: Annotated[Text | None, Meta(description="What came, or why nothing could be judged.")] = None
    notes: Annotated[list[Text], Meta(description="Facts and freedoms used; never a warning.")] = field(
        default_factory=list
    )
    remedy: Annotated[Text | None, Meta(description="What to look at first in the product.")] = None
    exchanges: Annotated[
        list[str], Meta(description="The _id of entries in the HAR file, the telling one first.")
    ] = field(default_factory=list)
    curl: Annotated[str | None, Meta(description="The command that repeats the telling request.")] = None
    duration_s: Annotated[float, Meta(ge=0, description="How long the case took, in seconds.")] = 0.0
    excused: Annotated[
        Excuse | UnsetType,
        Meta(
            description="A known failure that the baseline of the run lists; "
            "its status and the verdict are as without."
        ),
    ] = UNSET
    during: Annotated[
        str | UnsetType,
        Meta(description="The id of the case that was running when an observer saw this."),
    ] = UNSET

    @property
    def is_observed(self) -> bool:
        """Whether an observer found it while other cases ran."""
        return is_observed(self.id)
