"""Running checks: from what a check did to the result of its case, and the observers of every exchange."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.text import Text, joined, say
from okd_conformance.checks.marking import observers
from okd_conformance.checks.planning import Claims, Selection, places
from okd_conformance.judge.bench import Bench
from okd_conformance.judge.case import Case, CaseSpec
from okd_conformance.judge.case_id import observed_id
from okd_conformance.judge.outcome import CaseResult, Status, worst
from okd_conformance.judge.stops import Failed, Inconclusive, Stopped
from okd_conformance.wire.exchange import Exchange


def result_of(case: Case, error: BaseException | None, duration_s: float) -> CaseResult:
    """The result of a case whose check ended with ``error``, or without one.

    Any exception but the outcomes is a fault of the suite, never of the target.
    """
    if error is None or isinstance(error, Stopped):
        return case.result(error, duration_s)
    result = case.result(None, duration_s)
    result.status = Status.SUITE_FAULT
    result.received = say("suite_fault", error=f"{type(error).__name__}: {error}")
    result.summary = say("summary_suite_fault", statement=result.summary, received=result.received)
    return result


def result_of_check(case: Case, error: BaseException | None, duration_s: float) -> CaseResult:
    """The result of a case whose check may have wanted to send more than the run was allowed.

    What was not sent can't be judged, whatever the check made of that, unless the target failed before.
    """
    if isinstance(error, ConfigurationError):  # which ends the run, and is told there
        error = Inconclusive(joined([mistake.message for mistake in error.mistakes]))
    bench = case.bench
    milder = error is None or (isinstance(error, Stopped) and not isinstance(error, Failed))
    if bench.sending.stopped is not None and bench.sending.turned_away and milder:
        error = Inconclusive(bench.sending.stopped)
    return result_of(case, error, duration_s)


def unjudged(spec: CaseSpec, status: Status, reason: Text) -> CaseResult:
    """The result of a case that did not run."""
    return CaseResult(
        id=spec.id,
        requirement=spec.requirement.id,
        role=spec.role,
        flow=spec.binding.flow if spec.binding else None,
        operation=spec.operation.name if spec.operation else None,
        status=status,
        summary=say(f"summary_{status}", statement=spec.requirement.statement, received=reason),
        received=reason,
    )


@dataclass
class Watch:
    """Judges every exchange by the observers; keeps, per requirement and operation, the worst it saw."""

    bench: Bench
    claims: Claims
    selection: Selection = field(default_factory=Selection)
    found: dict[str, CaseResult] = field(default_factory=dict)
    during: str | None = None
    """The case that is running."""
    _places: dict[tuple[str, str, str], CaseSpec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for requirement_id in observers():
            self._plan(requirement_id)
        self.bench.sending.on_send.append(self.see)

    def _plan(self, requirement_id: str) -> None:
        requirement = self.bench.catalogue[requirement_id].in_edition(self.claims.edition)
        if not requirement.holds_in(self.claims.edition):
            return
        for role in self.claims.roles:
            if role not in requirement.roles:
                continue
            for operation, _ in places(requirement, role, self.claims):
                if operation is not None:
                    name = observed_id(requirement_id, role, operation.id)
                    spec = CaseSpec(name, requirement, role, operation, None)
                    if self.selection.takes(spec):
                        self._places[requirement_id, role, operation.id] = spec

    def knows(self, case: str) -> bool:
        """Whether an observer can find a case with this id."""
        return any(spec.id == case for spec in self._places.values())

    def see(self, exchange: Exchange) -> None:
        """Judge one exchange."""
        if exchange.role is None or exchange.operation is None or "raw" in exchange.tags:
            return
        for requirement_id, observer in observers().items():
            spec = self._places.get((requirement_id, exchange.role, exchange.operation))
            if spec is not None:
                self._judge(spec, observer, exchange)

    def _judge(self, spec: CaseSpec, observer: Callable[[Case], bool], exchange: Exchange) -> None:
        case = Case(spec, self.bench, exchanges=[exchange], telling=exchange)
        error: BaseException | None = None
        relevant = True
        try:
            relevant = observer(case)
        except Stopped as stop:
            error = stop
        except Exception as fault:  # noqa: BLE001 - an observer's own fault must not stop the check that sent
            error = fault
        if relevant:
            seen = result_of(case, error, exchange.duration_s)
            seen.during = self.during or UNSET
            self.found[spec.id] = merged(self.found.get(spec.id), seen)


def merged(old: CaseResult | None, new: CaseResult) -> CaseResult:
    """The worse of two results of the same case; the first one seen when they are equally bad."""
    if old is None:
        return new
    kept = old if worst([old.status, new.status]) is old.status else new
    for note in (*old.notes, *new.notes):
        if note not in kept.notes:
            kept.notes.append(note)
    return kept


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def __call__(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._begun


def plain(results: Iterable[CaseResult]) -> Any:
    """Results in a form that can be handed to another process."""
    return msgspec.to_builtins(list(results))


def results_from(plain_ones: Any) -> list[CaseResult]:
    """Results from the form that ``plain`` gave them."""
    results: list[CaseResult] = msgspec.convert(plain_ones, list[CaseResult])
    return results
