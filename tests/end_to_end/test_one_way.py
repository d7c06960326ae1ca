"""A run, its workers, the proof and a judgement of what was stored say the same of the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from okd_conformance.checks.running import plain
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.proof.proving import run_cases
from okd_conformance.reference import running_server
from okd_conformance.report.reading import stored_report
from okd_conformance.run.options import Options
from okd_conformance.run.run import open_run
from okd_conformance.spec_tools.rejudge import rejudged
from okd_conformance.standard.edition import load_edition
from support.command import CHECKOUT, UUID, plain_pytest, written

EDITION = "okd-1.5"
CHOSEN = ("OKD-F01-001", "OKD-F05-004", "OKD-GEN-001", "OKD-GEN-003", "OKD-GEN-010", "OKD-LIM-002")
OBSERVED = "OKD-GEN-003[dms,read_document,observed]"


@dataclass(frozen=True)
class Told:
    """What each of them says, by the ids of the cases, and the report of the first."""

    by_a_run: dict[str, CaseResult]
    by_workers: dict[str, CaseResult]
    by_a_proof: dict[str, CaseResult]
    report: Path


def by_id(rows: list[Any]) -> dict[str, CaseResult]:
    return {case.id: case for row in rows for case in row.cases}


def ran(folder: Path, target: Path, name: str, *more: str) -> Path:
    """Run pytest, as a developer does; gives the report."""
    options = [word for requirement in CHOSEN for word in ("--okd-requirement", requirement)]
    options += ["--okd-target", str(target), "--okd-run-id", "same", "--okd-report-dir", str(folder / name)]
    done = plain_pytest(CHECKOUT, "suites", *options, *more)
    assert done.returncode == 1, done.stdout
    return folder / name / "report.json"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A reference whose errors are web pages, as it is judged each way."""
    folder = tmp_path_factory.mktemp("ways")
    with running_server(EDITION, roles=["dms"], faults=["html-errors"]) as running:
        target = written(folder, running)
        first = ran(folder, target, "run")
        second = ran(folder, target, "workers", "-p", "xdist", "-n", "2", "--dist", "loadfile")
        options = Options(target=str(target), run_id="same", requirements=CHOSEN)
        run = open_run(options)
        proof = run_cases(run, run.selection)
        run.close()
        yield Told(
            by_id(stored_report(first).requirements),
            by_id(stored_report(second).requirements),
            by_id(proof.requirements),
            first,
        )


def comparable(result: CaseResult, *but: str) -> dict[str, Any]:
    """All that a result says, but how long it took, with the ids that the target chose left out."""
    said = {k: v for k, v in plain([result])[0].items() if k not in {"duration_s", *but}}
    return {k: UUID.sub("*", v) if isinstance(v, str) else v for k, v in said.items()}


def test_there_is_something_of_each_kind(told: Told) -> None:
    found = {result.status for result in told.by_a_run.values()}
    assert found >= {Status.PASSED, Status.FAILED, Status.NOT_TESTED}
    assert told.by_a_run[OBSERVED].status is Status.FAILED


def test_the_proof_says_what_a_run_says(told: Told) -> None:
    judged = {name: result for name, result in told.by_a_run.items() if "OKD-LIM" not in name}
    besides = {told.by_a_proof[name].is_observed for name in told.by_a_proof.keys() - judged.keys()}
    assert besides == {True}, "observers that were not chosen see everything in a proof"
    assert judged.keys() <= told.by_a_proof.keys()
    for name, result in judged.items():
        assert comparable(told.by_a_proof[name]) == comparable(result)


def test_workers_say_what_a_run_says(told: Told) -> None:
    assert told.by_workers.keys() == told.by_a_run.keys()
    for name, result in told.by_a_run.items():
        differs = ("exchanges", "during", "curl") if result.is_observed else ("exchanges", "curl")
        assert comparable(told.by_workers[name], *differs) == comparable(result, *differs)


def test_what_is_stored_is_judged_as_in_the_run(told: Told) -> None:
    stored = {outcome.case: outcome for outcome in rejudged(told.report, load_edition(EDITION)).outcomes}
    for name, result in told.by_a_run.items():
        if result.status in {Status.PASSED, Status.WARNING, Status.FAILED} and result.exchanges:
            assert stored[name].status is result.status
    assert stored[OBSERVED].reason == told.by_a_run[OBSERVED].received
