"""The limits of a run: told beforehand, shared by workers, and what follows when one is met."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from okd_conformance.judge.stopping import ServerErrors
from okd_conformance.redaction.sharing import SharingLine
from okd_conformance.reference import Running, running_server
from okd_conformance.report.schema import schema
from okd_conformance.run.options import Options
from okd_conformance.run.run import Run, open_run
from okd_conformance.target.allowance import Allowance, number, size, time
from okd_conformance.target.model import Limits
from okd_conformance.wire.budget import Budget, BudgetSpentError, Tally
from okd_conformance.wire.exchange import Exchange, Request
from support.benches import answered, unanswered
from support.command import okd, read, rows, statuses, written
from support.raw_server import raw_server

BROKEN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
REFUSED = BROKEN.replace(b"503 Service Unavailable", b"401 Unauthorized")
RIGHTS = (
    "OKD-AUT-011",
    "OKD-F01-002",
    "OKD-F02-003",
    "OKD-F05-008",
    "OKD-FX-003",
    "OKD-FY-007",
    "OKD-FZ-004",
)
"""Rows about scopes that are enough."""


# --- counting ---------------------------------------------------------------------------------------------


def test_requests_bytes_and_time_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("okd_conformance.wire.budget.time.monotonic", lambda: now[0])
    budget = Budget(requests=3, bytes=100, seconds=60)
    budget.take(10)
    budget.received(40)
    assert spent(budget, 51) == "bytes"
    budget.take(50)
    assert spent(budget, 1) == "bytes"
    now[0] += 61
    assert spent(budget, 0) == "seconds"
    budget.take(10**6, free=True)
    assert spent(budget, 0) == "requests"
    budget.take(0, free=True)
    assert budget.tally.requests == 4


def spent(budget: Budget, size: int) -> str:
    with pytest.raises(BudgetSpentError) as error:
        budget.take(size)
    return error.value.limit


def test_without_limits_nothing_is_refused() -> None:
    budget = Budget()
    for _ in range(5):
        budget.take(10**12)


def test_processes_count_together(tmp_path: Path) -> None:
    Tally.create(tmp_path / "tally", 2)
    one, other = (Tally.shared(tmp_path / "tally", slot) for slot in (0, 1))
    one.add(1, 10)
    other.add(2, 200)
    assert (one.requests, one.bytes) == (other.requests, other.bytes) == (3, 210)
    again = Tally.shared(tmp_path / "tally", 3)
    again.add(1, 1)
    assert (one.requests, one.bytes) == (4, 211), "a worker that takes another's place goes on counting"


def test_only_processes_that_ask_share_the_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("okd_conformance.wire.budget.time.monotonic", lambda: now)
    Tally.create(tmp_path / "tally", 3)
    one, other, _ = (Tally.shared(tmp_path / "tally", slot) for slot in range(3))
    assert one.next_turn(now, 10) == pytest.approx(now + 0.1), "alone it has the whole rate"
    assert other.next_turn(now, 10) == pytest.approx(now + 0.2)
    assert one.next_turn(now, 10) == pytest.approx(now + 0.2)
    assert other.next_turn(now, 0.1) == pytest.approx(now + 20), "a slow rate"
    now += 15
    assert one.next_turn(now, 0.1) == pytest.approx(now + 20), "who waits for a turn still has a share"
    now += 30
    assert one.next_turn(now, 10) == pytest.approx(now + 0.1), "what the others leave is no longer kept"


# --- what is allowed --------------------------------------------------------------------------------------


def test_the_target_file_goes_before_the_profile() -> None:
    own = Allowance.of(Limits(max_requests=7, max_bytes=8, max_duration_s=9), "full")
    assert (own.requests, own.bytes, own.seconds) == (7, 8, 9)
    usual, full = Allowance.of(Limits(), "standard"), Allowance.of(Limits(), "full")
    assert usual.requests < full.requests
    assert full.bytes >= 100 * 10**9


def test_the_limits_in_words() -> None:
    told = Allowance(50, 20_000, 10**9, 4 * 3600).told()
    assert told.en.startswith(
        "At most 50 requests a second and in all 20,000 requests, 1 GB of messages and 4 hours;"
    )
    assert told.nl.startswith("Hoogstens 50 verzoeken per seconde en in totaal 20.000 verzoeken, 1 GB")
    assert [size(n).en for n in (999, 1500, 2_500_000)] == ["999 bytes", "1.5 kB", "2.5 MB"]
    assert [time(s).nl for s in (1.5, 90, 120, 7200)] == ["1,5 seconden", "90 seconden", "2 minuten", "2 uur"]
    assert number(0.25).nl == "0,25"


@pytest.mark.parametrize(
    ("environment", "typed", "rate"), [("test", None, 50), ("Productie", None, 10), ("production", 70, 70)]
)
def test_a_production_system_is_spared(
    dms: Running, tmp_path: Path, environment: str, typed: int | None, rate: float
) -> None:
    def change(value: dict[str, Any]) -> None:
        value["environment"], value["limits"] = environment, {"requests_per_second": typed}

    run = opened(dms, tmp_path, change)
    assert run.allowance.requests_per_second == rate


def opened(running: Running, folder: Path, change: Any = None) -> Run:
    return open_run(Options(target=str(written(folder, running, change)), run_id="r"))


def test_workers_share_rate_and_limits(dms: Running, tmp_path: Path) -> None:
    def change(value: dict[str, Any]) -> None:
        value["limits"] = {"requests_per_second": 20, "max_requests": 100}

    run = opened(dms, tmp_path, change)
    Tally.create(tmp_path / "tally", 4)
    run.join("gw3", tmp_path / "tally", SharingLine("", ""))
    client = run.bench.client
    try:
        Tally.shared(tmp_path / "tally", 0).add(100, 0)
        with pytest.raises(BudgetSpentError):
            client.send(Request("GET", "http://127.0.0.1:1/"))
    finally:
        run.close()


# --- a limit is met ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dms() -> Iterator[Running]:
    """The reference as a DMS."""
    with running_server(roles=["dms"]) as running:
        yield running


LIMITS = {"max_requests": 25, "max_bytes": 20_000, "max_duration_s": 0.2}


@pytest.mark.parametrize("key", LIMITS)
def test_a_limit_that_is_met_ends_the_run_tidily(dms: Running, tmp_path: Path, key: str) -> None:
    def change(value: dict[str, Any]) -> None:
        value["limits"][key] = LIMITS[key]

    done = okd(tmp_path, str(written(tmp_path, dms, change)), "--requirement", "OKD-MPT", "--report-dir", "r")
    assert (done.returncode, done.stderr) == (3, "")
    assert "At most 10,000 requests a second" in done.stdout
    report = read(tmp_path / "r")
    jsonschema.validate(report, schema())
    assert report["verdict"] == "incomplete"
    assert report["run"]["limits"][key] == LIMITS[key]
    assert f"limits.{key}" in report["run"]["stopped"]["en"]
    assert f"limits.{key}" in report["scope"]["nl"]
    found = statuses(report)
    assert set(found.values()) == {"passed", "inconclusive"}
    assert dms.app.state.world.store.documents("dms") == [], "clean-up does not count"
    assert not (tmp_path / "r" / "ledger.json").exists()


def test_workers_meet_a_limit_together(dms: Running, tmp_path: Path) -> None:
    def change(value: dict[str, Any]) -> None:
        value["limits"]["max_requests"] = 40

    chosen = ("--requirement", "OKD-MPT", "--requirement", "OKD-GEN", "--workers", "2", "--report-dir", "r")
    done = okd(tmp_path, str(written(tmp_path, dms, change)), *chosen)
    assert (done.returncode, done.stderr) == (3, "")
    entries = read(tmp_path / "r", "exchanges.har")["log"]["entries"]
    sent = [entry for entry in entries if entry["_case"] != "cleanup"]
    assert 40 <= len(sent) <= 42, "at most one too many for each worker"
    assert "limits.max_requests" in read(tmp_path / "r")["run"]["stopped"]["en"]
    assert dms.app.state.world.store.documents("dms") == []


# --- a server that is down --------------------------------------------------------------------------------


def test_a_target_that_is_down_stops_the_run_early(dms: Running, tmp_path: Path) -> None:
    with raw_server(BROKEN) as server:

        def change(value: dict[str, Any]) -> None:
            value["roles"]["dms"]["base_url"] = server.url

        done = okd(tmp_path, str(written(tmp_path, dms, change)), "--report-dir", "r")
        heard = len(server.heard)
    assert "Traceback" not in done.stderr
    report = read(tmp_path / "r")
    assert "503 Service Unavailable" in report["run"]["stopped"]["en"]
    assert "serverfout" in report["scope"]["nl"]
    assert "stopped early" in done.stdout
    assert heard < 60
    assert len(rows(report, "inconclusive")) > 100
    assert not rows(report, "suite_fault")
    assert report["verdict"] in {"incomplete", "not_conformant"}


@pytest.mark.parametrize("gateway", [False, True])
def test_a_server_error_says_nothing_about_scopes(dms: Running, tmp_path: Path, gateway: bool) -> None:
    def answer(connection: socket.socket) -> None:
        refused = gateway and b"\r\nauthorization:" not in server.heard[-1].lower()
        at_once = (REFUSED if refused else BROKEN).replace(b"Connection", b"Retry-After: 0\r\nConnection")
        connection.sendall(at_once)

    with raw_server(answer) as server:

        def change(value: dict[str, Any]) -> None:
            value["roles"]["dms"]["base_url"] = server.url

        target = str(written(tmp_path, dms, change))
        chosen: list[str] = [word for name in RIGHTS for word in ("--requirement", name)]
        done = okd(tmp_path, target, "--report-dir", "r", *chosen)
    report = read(tmp_path / "r")
    assert rows(report, "inconclusive") >= set(RIGHTS), done.stdout
    assert not rows(report, "failed")
    assert not rows(report, "suite_fault")
    assert report["verdict"] == "incomplete"


def erred(status: int, operation: str | None, **changes: Any) -> Exchange:
    found = answered(status, role="dms", operation=operation, **changes)
    return replace(found, request=replace(found.request, token="t"))


def reason(exchanges: list[Exchange]) -> Any:
    """What the rule says of the last one."""
    rule = ServerErrors()
    return [rule.saw(exchange) for exchange in exchanges][-1]


def test_only_errors_everywhere_and_from_the_start_stop_a_run() -> None:
    everywhere = [erred(500, name) for name in "abc" for _ in range(20)]
    assert "500 Internal Server Error" in reason(everywhere).en
    assert "(599)" in reason([erred(599, name) for name in "abc" for _ in range(20)]).en
    assert reason(everywhere[:24]) is None
    assert reason([erred(500, name) for name in "ab" for _ in range(100)]) is None, "two operations"
    assert reason([erred(404, "a"), *everywhere]) is None, "it does answer something else"
    assert reason([erred(500, None)] * 100 + [erred(500, "a")]) is None
    assert reason([erred(500, name, tags=("raw",)) for name in "abc" * 20]) is None
    assert reason([answered(500, role="dms", operation=name) for name in "abc" * 20]) is None, "no token"
    assert reason([unanswered("timeout")] * 100) is None
