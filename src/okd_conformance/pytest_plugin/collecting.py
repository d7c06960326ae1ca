"""From what pytest collected to the cases that are run, and telling that they start."""

from __future__ import annotations

import pytest

from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import say
from okd_conformance.checks.marking import checks_of, load_suites
from okd_conformance.checks.planning import Planned
from okd_conformance.checks.running import unjudged
from okd_conformance.judge.case import Case
from okd_conformance.judge.case_id import in_test_name
from okd_conformance.judge.events import Started
from okd_conformance.judge.large import bulk_of
from okd_conformance.judge.outcome import Status
from okd_conformance.pytest_plugin.state import State


def plan_of(item: pytest.Item) -> Planned | None:
    """The case that an item of pytest stands for; None for any other test."""
    callspec = getattr(item, "callspec", None)
    plan = callspec.params.get("case") if callspec else None
    return plan if isinstance(plan, Planned) else None


def choose(state: State, items: list[pytest.Item]) -> list[pytest.Item]:
    """Take out of ``items`` what options and profile don't choose, remembering why; gives what that is."""
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        plan = plan_of(item)
        of_ours = bool(checks_of(getattr(item, "function", None)))
        chosen = not of_ours or (plan is not None and _is_chosen(state, plan))
        (kept if chosen else left).append(item)
    items[:] = kept
    return left


def _is_chosen(state: State, plan: Planned) -> bool:
    selection = state.run.selection
    row = (plan.spec.requirement.id, plan.spec.role)
    if not selection.takes(plan.spec):
        state.deselected.setdefault(row, "deselected_by_option")
        return False
    if not selection.profile_takes(plan.check):
        reason = say("deselected_by_profile", profile=selection.profile)
        state.skip(unjudged(plan.spec, Status.NOT_TESTED, reason))
        return False
    return True


def start(state: State, plans: list[Planned]) -> None:
    """Tell that these cases are about to run, with an estimate of what the large messages move."""
    state.chosen = [plan.spec for plan in plans]
    ids = [spec.id for spec in state.chosen]
    stop_at_an_unknown_case(state, ids)
    if state.started:
        bench = state.run.bench
        bulk = sum(p.check.bulk(bulk_of(Case(p.spec, bench))) for p in plans if p.check.bulk)
        bench.events.emit(Started(tuple(ids), bulk))


def start_workers(state: State, ids: list[str]) -> None:
    """Tell it once, when workers have collected the cases; their ids stand in those of pytest."""
    if state.told or not state.started:
        return
    state.told = True
    cases = [in_test_name(i) for i in ids]
    stop_at_an_unknown_case(state, cases)
    state.run.events.emit(Started(tuple(cases)))


def stop_if_refused(state: State) -> None:
    """End the session when there is no judging the target."""
    if state.refused is not None and not state.is_worker:
        words, code = state.refused
        pytest.exit(words, returncode=code)


def stop_at_an_unknown_case(state: State, chosen: list[str]) -> None:
    """End it when a case that was asked for isn't there; a worker leaves that to the main process."""
    unknown = [case for case in state.options.cases if case not in chosen]
    if not state.started or state.is_worker or not unknown:
        return
    load_suites()  # which only workers have done so far, if there are any
    seen = [case for case in unknown if state.gathering.observing().knows(case)]
    if len(seen) < len(unknown) or not chosen:
        key = "unknown_case" if len(seen) < len(unknown) else "case_is_seen"
        value = next((case for case in unknown if case not in seen), unknown[0])
        state.refused = (say(key, value=value).in_language(state.options.lang), ExitCode.USAGE)
        stop_if_refused(state)
