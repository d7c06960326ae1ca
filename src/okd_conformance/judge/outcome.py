"""Statuses and the result of one case.

The names and their order are public (report.json, JUnit, exit codes).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

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
        """It was tried, but says nothing of the product: the suite or the circumstances stood in the way."""
        return self.is_tried and not self.is_judged

    @property
    def is_finding(self) -> bool:
        """It asks for something to be done."""
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

    reason: str
    until: str
    """The last day on which it holds, as RFC 3339 writes a date."""


@dataclass(slots=True)
class CaseResult:
    """What one case found: one check, for one role and operation, with one set of parameters."""

    id: str
    requirement: str
    role: str
    flow: str | None
    operation: str | None
    status: Status
    summary: Text
    expected: Text | None = None
    received: Text | None = None
    notes: list[Text] = field(default_factory=list)
    remedy: Text | None = None
    exchanges: list[str] = field(default_factory=list)
    """The ``_id`` of each exchange that shows it; the telling one first."""
    curl: str | None = None
    duration_s: float = 0.0
    excused: Excuse | None = None
    """Of a failure that the baseline of the run lists."""
    during: str | None = None
    """The case that was running when an observer saw this; None for one that ran by itself."""

    @property
    def is_observed(self) -> bool:
        """Whether an observer found it while other cases ran."""
        return is_observed(self.id)

    def as_json(self) -> dict[str, Any]:
        """Return the form of ``report.json``, with requirement, role, flow and operation added."""
        return {
            "id": self.id,
            "requirement": self.requirement,
            "role": self.role,
            "flow": self.flow,
            "operation": self.operation,
            "status": str(self.status),
            "summary": self.summary.as_json(),
            "expected": self.expected.as_json() if self.expected else None,
            "received": self.received.as_json() if self.received else None,
            "notes": [note.as_json() for note in self.notes],
            "remedy": self.remedy.as_json() if self.remedy else None,
            "exchanges": list(self.exchanges),
            "curl": self.curl,
            "duration_s": round(self.duration_s, 4),
            **({"excused": asdict(self.excused)} if self.excused else {}),
            **({"during": self.during} if self.during else {}),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read what ``as_json`` wrote."""

        def text(key: str) -> Text | None:
            return Text.from_json(value[key]) if value.get(key) else None

        return cls(
            id=value["id"],
            requirement=value["requirement"],
            role=value["role"],
            flow=value["flow"],
            operation=value["operation"],
            status=Status(value["status"]),
            summary=Text.from_json(value["summary"]),
            expected=text("expected"),
            received=text("received"),
            notes=[Text.from_json(note) for note in value["notes"]],
            remedy=text("remedy"),
            exchanges=list(value["exchanges"]),
            curl=value["curl"],
            duration_s=value["duration_s"],
            excused=Excuse(**{key: value["excused"][key] for key in ("reason", "until")})
            if value.get("excused")
            else None,
            during=value.get("during"),
        )
