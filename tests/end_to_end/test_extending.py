"""``docs/extending.md`` is true: whoever follows it has a requirement with its check, fault and variant."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import CHECKOUT, PATIENCE_S, environment

MOST_FILES = 7
STEP = re.compile(r"`([\w./-]+)`:\n\n```\w+\n(.*?)```\n", re.DOTALL)
"""A step of the document: the file, and what is added at its end."""
STEPS = STEP.findall((CHECKOUT / "docs/extending.md").read_text("utf-8"))
JUDGED = """
import json, sys
from okd_conformance.proof.proving import judged
seen = judged("okd-1.5", variants=["other-contact"], requirements=["OKD-SRV-090"])
print(json.dumps({role: found.status for (_, role), found in seen.items()}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the document was followed, and what is generated was made anew."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("src", "suites", "specs", "docs"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(CHECKOUT / name, folder / name)
    for name, words in STEPS:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"\n\n{words}")
    done = python(folder, "-m", "okd_conformance.cli.generate", "frozen", "schema", "faults")
    assert done.returncode == 0, done.stderr
    return folder


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy, with the code of that copy."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_few_files_are_touched_and_each_is_there() -> None:
    files = [name for name, _ in STEPS]
    assert 0 < len(set(files)) == len(files) <= MOST_FILES
    assert [name for name in files if not (CHECKOUT / name).is_file()] == []


def test_the_rest_is_generated(copy: Path) -> None:
    assert "OKD-SRV-090" in (copy / "specs/okd-1.5/frozen.yaml").read_text("utf-8")
    assert "OKD-SRV-090" in (copy / "specs/okd-0.9.1/frozen.yaml").read_text("utf-8")
    page = (copy / "docs/faults-okd-1.5.md").read_text("utf-8")
    [row] = [line for line in page.splitlines() if "service-query-refused" in line]
    assert row.endswith("| OKD-SRV-090: warning |")


def test_the_check_passes_at_the_reference(copy: Path) -> None:
    done = python(copy, "-m", "okd_conformance", "run", "--requirement", "OKD-SRV-090", "--report-dir", "r")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((copy / "r/report.json").read_text("utf-8"))["requirements"]
    judged = [(row["id"], row["status"]) for row in rows if row["cases"]]
    assert set(judged) == {("OKD-SRV-090", "passed")}


def test_the_check_accuses_no_variant(copy: Path) -> None:
    done = python(copy, "-c", JUDGED)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout).values()) == {"passed"}
