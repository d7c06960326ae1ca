"""Rejudge agrees with a live run wherever the exchange exists, and says so where it can't know."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from okd_conformance.judge.outcome import Status
from okd_conformance.reference import running_server
from okd_conformance.spec_tools.rejudge import Rejudged, rejudge, rejudged
from okd_conformance.standard.edition import Edition, load_edition

CHECKOUT = Path(__file__).resolve().parents[2]
CHOSEN = ("OKD-GEN-003", "OKD-GEN-010", "OKD-F01-001", "OKD-F01-002", "OKD-F10-002", "OKD-F12", "OKD-FX-011")


def run(folder: Path, target: Path, edition: str) -> Path:
    """Run some of the suites against a target in a process of its own; gives the report."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "OKD_", "COV_"))}
    chosen = [word for requirement in CHOSEN for word in ("--requirement", requirement)]
    into = folder / edition
    done = subprocess.run(
        [
            *(sys.executable, "-m", "okd_conformance", "run", str(target), "--edition", edition, *chosen),
            *("--report-dir", str(into), "--quiet", "--lang", "en"),
        ],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(CHECKOUT / "src")},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (into / "report.json").is_file(), done.stderr
    return into / "report.json"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The reference of 0.9.1, judged live by 0.9.1 and by 1.5."""
    folder = tmp_path_factory.mktemp("runs")
    with running_server("okd-0.9.1", roles=["dms", "examineren"]) as running:
        target = folder / "target.yaml"
        target.write_text(running.target, encoding="utf-8")
        yield run(folder, target, "okd-0.9.1"), run(folder, target, "okd-1.5")


@pytest.fixture(scope="module")
def result(reports: tuple[Path, Path]) -> Rejudged:
    return rejudged(reports[0], load_edition("okd-1.5"))


def live(report: Path) -> dict[str, str]:
    value: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return {case["id"]: case["status"] for row in value["requirements"] for case in row["cases"]}


def test_it_agrees_with_a_live_run(reports: tuple[Path, Path], result: Rejudged) -> None:
    there = live(reports[1])
    judged = {o.case: str(o.status) for o in result.outcomes if o.status is not None}
    assert len(judged) >= 20
    assert {case: status for case, status in judged.items() if there[case] != status} == {}


def test_it_says_what_needs_a_new_run(result: Rejudged) -> None:
    needing = {o.requirement: o.reason.en for o in result.outcomes if o.status is None}
    assert "have other names there" in needing["OKD-F10-002"]
    assert "reads the field" in needing["OKD-F12-006"]


def test_it_names_the_requirements_that_changed(result: Rejudged) -> None:
    assert ("OKD-F12-004", "examineren") in result.new
    assert ("OKD-F12-008", "examineren") in result.new


def test_by_its_own_edition_everything_stands(reports: tuple[Path, Path]) -> None:
    same = rejudged(reports[0], load_edition("okd-0.9.1"))
    judged = [o for o in same.outcomes if o.before in {Status.PASSED, Status.WARNING, Status.FAILED}]
    assert judged
    assert {o.case for o in judged if o.status is not None and o.status is not o.before} == set()
    assert same.new == same.dropped == []


@pytest.fixture
def next_edition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edition:
    """A proposal: as 0.9.1, but an upload is answered with a checksum too."""
    folder = tmp_path / "okd-next"
    shutil.copytree(load_edition("okd-0.9.1").folder, folder)
    described = folder / "edition.yaml"
    words = described.read_text("utf-8").replace("id: okd-0.9.1", "id: okd-next\nrequirements: okd-0.9.1")
    described.write_text(words, encoding="utf-8")
    answer = folder / "schemas" / "upload-answer.yaml"
    words = answer.read_text("utf-8").replace("required: [", "required: [checksum, ")
    assert "checksum" in words
    answer.write_text(words, encoding="utf-8")
    monkeypatch.setenv("OKD_SPECS", str(tmp_path))
    return load_edition("okd-next")


def test_a_break_names_the_vendor_and_the_message(reports: tuple[Path, Path], next_edition: Edition) -> None:
    found = rejudge(reports[0], next_edition)
    broken = [f for f in found if f.rule == "rejudge-breaks"]
    assert "OKD-GEN-010[dms,upload_to_association,observed]" in {f.details["case"] for f in broken}
    first = next(f for f in broken if "upload_to_association" in f.details["case"])
    assert first.message.en.startswith("okd-conformance (Embedded reference")
    assert "/associations/" in first.message.en
    assert "200" in first.message.en
    uploads = [f for f in found if "OKD-F01-001[" in str(f.details.get("case"))]
    assert [f.rule for f in uploads] == ["rejudge-needs-run"]
