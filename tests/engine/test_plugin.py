"""The plugin leaves a pytest run alone that has no checks in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

PYTEST = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider"]
PYTEST += ["-p", "okd_conformance.plugin"]
NO_PROCESSES = """
import subprocess


def refuse(*_, **__):
    raise AssertionError("a process was started")


subprocess.Popen = refuse
"""
TESTS = """
def test_good():
    pass


def test_bad():
    assert 1 == 2, "as ever"
"""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 1, "1 failed, 1 passed"),
        (("-k", "good"), 0, "1 passed, 1 deselected"),
        (("-k", "nothing"), 5, "2 deselected"),
        (("--okd-target", "missing.yaml"), 1, "1 failed, 1 passed"),
    ],
)
def test_other_tests_run_as_ever(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    (tmp_path / "conftest.py").write_text(NO_PROCESSES)
    (tmp_path / "test_other.py").write_text(TESTS)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "OKD_"))}
    done = subprocess.run(
        [*PYTEST, *arguments, "test_other.py"],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(CHECKOUT / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout
    assert "okd" not in done.stdout
    assert {file.name for file in tmp_path.iterdir()} == {"conftest.py", "test_other.py"}
