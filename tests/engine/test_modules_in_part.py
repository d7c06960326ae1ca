"""A module that serves a part of the flows, or shows less than another: judged by what it does serve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from okd_conformance.judge.outcome import Status
from okd_conformance.proof.proving import rows, run_cases
from okd_conformance.reference import running_server
from okd_conformance.run.options import Options
from okd_conformance.run.run import open_run
from support.command import written

EDITION = "okd-1.5"


def judged(
    folder: Path,
    change: Callable[[dict[str, Any]], object],
    *requirements: str,
    faults: Sequence[str] = (),
    variants: Sequence[str] = (),
) -> dict[str, Status]:
    """The status of some requirements at a reference with another target file."""
    with running_server(EDITION, faults=faults, variants=variants) as running:
        run = open_run(
            Options(
                target=str(written(folder, running, change)),
                edition=EDITION,
                roles=("inschrijven",),
                requirements=requirements,
            )
        )
        try:
            return {row[0]: seen.status for row, seen in rows(run_cases(run, run.selection)).items()}
        finally:
            run.close()


def only_notices(target: dict[str, Any]) -> None:
    target["roles"]["inschrijven"]["flows"] = ["6"]


def only_notices_without_hooks(target: dict[str, Any]) -> None:
    only_notices(target)
    del target["hooks"]


FLOW_6 = ("OKD-F06-001", "OKD-F06-002", "OKD-F06-003", "OKD-F06-004", "OKD-F06-005", "OKD-F06-006")


def test_notices_alone_are_judged_with_the_hook_register(tmp_path: Path) -> None:
    found = judged(tmp_path, only_notices, *FLOW_6)
    assert {found[row] for row in FLOW_6} == {Status.PASSED}


def test_notices_alone_without_a_hook_are_not_tested(tmp_path: Path) -> None:
    found = judged(tmp_path, only_notices_without_hooks, *FLOW_6)
    assert {found[row] for row in FLOW_6} == {Status.NOT_TESTED}


def without_hooks(target: dict[str, Any]) -> None:
    del target["hooks"]


PREFERENCE = ("OKD-REG-009", "OKD-REG-014")


@pytest.mark.parametrize(
    ("fault", "row"), [("student-number-first", "OKD-REG-009"), ("sequence-code-first", "OKD-REG-014")]
)
def test_which_id_decides_shows_without_a_hook(tmp_path: Path, fault: str, row: str) -> None:
    assert judged(tmp_path, without_hooks, row, faults=[fault])[row] is Status.FAILED


@pytest.mark.parametrize("variants", [[], ["falls-back-on-the-other-id"]])
def test_without_a_hook_nobody_is_accused_of_mixing_up(tmp_path: Path, variants: list[str]) -> None:
    found = judged(tmp_path, without_hooks, *PREFERENCE, variants=variants)
    assert {found[row] for row in PREFERENCE} == {Status.PASSED}
