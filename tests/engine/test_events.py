"""The one stream of events: who is told what, in which order, and how a case ends in it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from okd_conformance.checks.running import run_case
from okd_conformance.judge.case import Case
from okd_conformance.judge.events import CaseBegun, CaseEnded, Event, Events, Noted, StoppedEarly
from okd_conformance.judge.outcome import Status
from support.benches import DOCUMENT, Stage, accepting, stage
from support.report_sample import requirement

UPLOAD = "upload_to_association"
ASKED = requirement("OKD-TST-001")


def heard(here: Stage) -> list[Event]:
    """Everything that is told from now on."""
    events: list[Event] = []
    here.bench.events.subscribe(Event, events.append)
    return events


def sends(case: Case) -> None:
    case.sent(case.canonical())


def test_listeners_hear_their_kind_in_the_order_of_subscribing() -> None:
    events, said = Events(), []
    events.subscribe(CaseBegun, lambda event: said.append(f"first {event.case}"))
    events.subscribe(Event, lambda _: said.append("all"))
    events.subscribe(CaseBegun, lambda _: said.append("last"))
    events.emit(CaseBegun("x"))
    events.emit(Noted({}))
    assert said == ["first x", "all", "last", "all"]


def test_a_case_is_told_from_begin_to_end(tmp_path: Path) -> None:
    here = stage(tmp_path, accepting)
    events = heard(here)
    ended = run_case(here.case(ASKED, UPLOAD).spec, here.bench, sends)
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["CaseBegun", "Noted", "Noted", "Answered", "CaseEnded"]
    assert events[-1] is ended
    assert (ended.result.status, ended.error) == (Status.PASSED, None)


def test_an_interruption_is_a_result_and_goes_on_its_way(tmp_path: Path) -> None:
    here = stage(tmp_path, accepting)
    events = heard(here)

    def interrupted(case: Case) -> None:
        sends(case)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_case(here.case(ASKED, UPLOAD).spec, here.bench, interrupted)
    last = events[-1]
    assert isinstance(last, CaseEnded)
    assert (last.result.status, last.result.exchanges) == (Status.INCONCLUSIVE, ["x1"])


def test_a_fault_of_a_check_is_told_without_secrets(tmp_path: Path) -> None:
    here = stage(tmp_path, accepting)
    secret = "a-token-that-nobody-may-see"
    here.bench.redactor.learn(secret)

    def broken(_: Case) -> None:
        raise RuntimeError(secret)

    ended = run_case(here.case(ASKED, UPLOAD).spec, here.bench, broken)
    assert ended.result.status is Status.SUITE_FAULT
    assert isinstance(ended.error, RuntimeError)
    assert secret not in str(ended.result)


def test_the_reason_to_stop_is_told_once_and_ends_what_follows(tmp_path: Path) -> None:
    here = stage(
        tmp_path, lambda _: httpx.Response(200, json={"documentId": DOCUMENT}), settings={"max_requests": 1}
    )
    events = heard(here)

    def insists(case: Case) -> None:
        sends(case)
        sends(case)

    called: list[Case] = []
    first = run_case(here.case(ASKED, UPLOAD).spec, here.bench, insists)
    second = run_case(here.case(ASKED, UPLOAD).spec, here.bench, called.append)
    (stopped,) = [event for event in events if isinstance(event, StoppedEarly)]
    assert first.result.received == second.result.received == stopped.reason
    assert (first.result.status, second.result.status, called) == (Status.INCONCLUSIVE,) * 2 + ([],)
