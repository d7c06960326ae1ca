"""A new edition is new data: a renamed field and a moved path are listed, served and run as they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from okd_conformance.base.paths import data_folder

MOVED = ("/offerings/{offeringId}", "/exam-sittings/{offeringId}")
RENAMED = ("documentName", "titleOfDocument")


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("specs")
    edition = folder / "okd-9.9"
    shutil.copytree(data_folder("specs") / "okd-1.5", edition)
    for file in edition.rglob("*.yaml"):
        text = file.read_text("utf-8").replace(*RENAMED).replace(*MOVED)
        if file.name == "edition.yaml":
            text = text.replace("id: okd-1.5", "id: okd-9.9\nrequirements: okd-1.5", 1)
        file.write_text(text, "utf-8")
    return folder


def command(specs: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "okd_conformance", *words],
        cwd=cwd,
        env={**os.environ, "OKD_SPECS": str(specs)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_is_listed(specs: Path, tmp_path: Path) -> None:
    done = command(specs, tmp_path, "list", "operations", "--edition", "okd-9.9", "--format", "json")
    rows = json.loads(done.stdout)
    assert any("/exam-sittings/{offeringId}" in json.dumps(row) for row in rows)
    editions = json.loads(command(specs, tmp_path, "list", "editions", "--format", "json").stdout)
    assert "okd-9.9" in json.dumps(editions)


def test_it_has_the_requirements_of_the_edition_that_it_follows(specs: Path, tmp_path: Path) -> None:
    done = command(specs, tmp_path, "explain", "OKD-MPT-001", "--lang", "en")
    assert "okd-1.5, okd-9.9" in done.stdout
    assert "/exam-sittings/" in done.stdout


def test_it_is_served_and_run(specs: Path, tmp_path: Path) -> None:
    chosen = ["--requirement", "OKD-MPT-001", "--requirement", "OKD-MPT-029", "--requirement", "OKD-REG-002"]
    done = command(specs, tmp_path, "run", "--edition", "okd-9.9", "--report-dir", "out", *chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["standard"]["edition"] == "okd-9.9"
    exchanges = (tmp_path / "out" / "exchanges.har").read_text("utf-8")
    assert "/exam-sittings/" in exchanges
    assert RENAMED[1] in exchanges
    assert RENAMED[0] not in exchanges
