"""Running checks: the one way from a check to the result of its case, and the observers of every exchange."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
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
from okd_conformance.judge.events import Answered, CaseBegun, CaseEnded, CleaningUp
from okd_conformance.judge.outcome import CaseResult, Status, worst
from okd_conformance.judge.stops import Failed, Inconclusive, Stopped
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.wire.exchange import Exchange


def run_case(spec: CaseSpec, bench: Bench, check: Callable[[Case], object]) -> CaseEnded:
    """Run one case, tell that it begins and how it ends, and return the latter.

    Whatever ends the check becomes the result. An interruption does too, and then goes on its way.
    """
    case, seconds, stopped = Case(spec, bench), _stopwatch(), bench.sending.stopped
    bench.events.emit(CaseBegun(spec.id))
    try:
        error = _error_of(check, case) if stopped is None else Inconclusive(stopped)
    except KeyboardInterrupt:
        _ended(case, Inconclusive(say("case_interrupted")), seconds())
        raise
    return _ended(case, error, seconds())


def case_that_broke(spec: CaseSpec, bench: Bench, error: BaseException | None, seconds: float) -> CaseEnded:
    """Tell the end of a case whose check was never called, or that ended past ``run_case``."""
    return _ended(Case(spec, bench), error, seconds)


def observe(case: Case, observer: Callable[[Case], bool], seconds: float) -> CaseResult | None:
    """What an observer says of the exchange that its case holds; None when that doesn't concern it."""
    said: list[bool] = []
    error = _error_of(lambda seen: said.append(observer(seen)), case)
    return result_of(case, error, seconds) if error is not None or said == [True] else None


def _error_of(check: Callable[[Case], object], case: Case) -> Exception | None:
    """What ends a check before its last line."""
    try:
        check(case)
    except Exception as error:  # noqa: BLE001 - a check's own fault is a result too
        return error
    return None


def _ended(case: Case, error: BaseException | None, seconds: float) -> CaseEnded:
    (result,) = redacted([result_of_check(case, error, seconds)], case.bench.redactor)
    ended = CaseEnded(result, error)
    case.bench.events.emit(ended)
    return ended


def redacted(results: Iterable[CaseResult], redactor: Redactor) -> list[CaseResult]:
    """Results without the secrets that are known by now."""
    redactor.catch_up()
    return results_from(redactor.deep(plain(results)))


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
    set_up = _set_up_of(case, error)
    if set_up is not None:
        case.warnings.clear()
        error = Inconclusive(set_up)
    milder = error is None or (isinstance(error, Stopped) and not isinstance(error, Failed))
    if bench.sending.stopped is not None and bench.sending.turned_away and milder:
        error = Inconclusive(bench.sending.stopped)
    return result_of(case, error, duration_s)


def _set_up_of(case: Case, error: BaseException | None) -> Text | None:
    """What in the set-up explains a failure, a warning, or an inconclusive end: then that is no finding."""
    if isinstance(error, Failed) or (error is None and case.warnings):
        return case.bench.set_up.explains(case.role, case.exchanges, case.asked)
    stood = (error.because or case.telling) if isinstance(error, Inconclusive) else None
    refused = stood is not None and not stood.succeeded
    return case.bench.set_up.explains(case.role, [stood]) if stood is not None and refused else None


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
        self.bench.events.subscribe(CaseBegun, lambda begun: self._now(begun.case))
        self.bench.events.subscribe(CleaningUp, lambda _: self._now(None))
        self.bench.events.subscribe(Answered, lambda answered: self.see(answered.exchange))

    def _now(self, case: str | None) -> None:
        self.during = case

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
        seen = observe(case, observer, exchange.duration_s)
        if seen is not None:
            seen.during = self.during or UNSET
            self.found[spec.id] = merged(self.found.get(spec.id), seen)

    def take(self) -> list[CaseResult]:
        """What was found since the last time, redacted."""
        found, self.found = list(self.found.values()), {}
        seen = [self._without_blame(one, self._set_up_of(one)) for one in found]
        return redacted(seen, self.bench.redactor)

    def _set_up_of(self, result: CaseResult) -> Text | None:
        """What is wrong with the role of a finding; asked of the target too, as long as cases run."""
        set_up, running = self.bench.set_up, self.during is not None
        return (set_up.of_role if result.status is Status.FAILED and running else set_up.known)(result.role)

    def _without_blame(self, result: CaseResult, set_up: Text | None) -> CaseResult:
        """A finding about a role whose set-up is wrong says nothing of the product."""
        if set_up is None or not result.status.is_finding:
            return result
        statement = self.bench.catalogue[result.requirement].statement
        return replace(
            result,
            status=Status.INCONCLUSIVE,
            summary=say("summary_inconclusive", statement=statement, received=set_up),
            expected=None,
            received=set_up,
            remedy=None,
            curl=None,
        )


def merged(old: CaseResult | None, new: CaseResult) -> CaseResult:
    """The worse of two results of the same case; the first one seen when they are equally bad."""
    if old is None:
        return new
    kept = old if worst([old.status, new.status]) is old.status else new
    for note in (*old.notes, *new.notes):
        if note not in kept.notes:
            kept.notes.append(note)
    return kept


def _stopwatch() -> Callable[[], float]:
    """What gives the seconds since now."""
    begun = time.monotonic()
    return lambda: time.monotonic() - begun


def plain(results: Iterable[CaseResult]) -> Any:
    """Results in a form that can be handed to another process."""
    return msgspec.to_builtins(list(results))


def results_from(plain_ones: Any) -> list[CaseResult]:
    """Results from the form that ``plain`` gave them."""
    results: list[CaseResult] = msgspec.convert(plain_ones, list[CaseResult])
    return results
