"""A case: one check, for one role and operation, with one set of parameters; it sends and it judges."""

from __future__ import annotations

from dataclasses import dataclass

from okd_conformance.base.text import Text, joined, say
from okd_conformance.judge.judging import Judging
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.judge.situated import CaseSpec
from okd_conformance.judge.stops import Failed, Inconclusive, NotApplicable, NotTested, Stopped

__all__ = ["Case", "CaseSpec"]


@dataclass(repr=False)
class Case(Judging):
    """What a check receives: it builds requests, sends them, judges the answers, and tells what it found."""

    def result(self, stopped: Stopped | None, duration_s: float = 0.0) -> CaseResult:
        """What the case found; ``stopped`` is what ended it early."""
        status, expected, came = self._ending(stopped)
        judged = status.is_judged and status.is_finding
        telling = (stopped.because if isinstance(stopped, Inconclusive) else None) or self.telling
        shown = [telling, *(e for e in self.exchanges if e is not telling)]
        ids = [e.id for e in shown if e is not None]
        return CaseResult(
            id=self.id,
            requirement=self.requirement.id,
            role=self.role,
            flow=self._flow(),
            operation=self.spec.operation.name if self.spec.operation else None,
            status=status,
            summary=self._summary(status, came),
            expected=expected,
            received=came,
            notes=list(self.notes),
            remedy=self.requirement.remedy if judged else None,
            exchanges=ids,
            curl=self.bench.sending.curl(self.telling) if self.telling and judged else None,
            duration_s=round(duration_s, 4),
        )

    def _ending(self, stopped: Stopped | None) -> tuple[Status, Text | None, Text | None]:
        if isinstance(stopped, Failed):
            return Status.FAILED, stopped.expected, stopped.reason
        if isinstance(stopped, Inconclusive):
            return Status.INCONCLUSIVE, None, stopped.reason
        if isinstance(stopped, NotTested):
            return Status.NOT_TESTED, None, stopped.reason
        if isinstance(stopped, NotApplicable):
            return Status.NOT_APPLICABLE, None, stopped.reason
        if self.warnings:
            expected, came = (list(dict.fromkeys(texts)) for texts in zip(*self.warnings, strict=True))
            return Status.WARNING, joined(expected, "; "), joined(came, "; ")
        return Status.PASSED, None, None

    def _flow(self) -> str | None:
        if self.spec.binding:
            return self.spec.binding.flow
        if self.spec.operation:
            return self.spec.operation.bindings[0].flow
        return None

    def _summary(self, status: Status, came: Text | None) -> Text:
        if came is None:
            return self.requirement.statement
        return say(f"summary_{status}", statement=self.requirement.statement, received=came)
