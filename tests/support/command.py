"""The command ``run`` from outside, and reading what it wrote."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from okd_conformance.reference import Running

CHECKOUT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "okd_conformance", "run"]
PATIENCE_S = 180
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def environment() -> dict[str, str]:
    """The environment of a user: nothing of pytest's or ours in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "OKD_", "COV_"))}
    return {**kept, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(CHECKOUT / "src"), "NO_COLOR": "1"}


def okd(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**environment(), **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def plain_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest, as a developer does, in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def read(folder: Path, name: str = "report.json") -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / name).read_text("utf-8"))
    return value


def statuses(report: dict[str, Any]) -> dict[str, str]:
    """The status of every case."""
    found = [(case["id"], case["status"]) for row in report["requirements"] for case in row["cases"]]
    assert len(found) == len(dict(found)), "each case is reported once"
    return dict(found)


def rows(report: dict[str, Any], status: str) -> set[str]:
    """The ids of the requirements with this status."""
    return {row["id"] for row in report["requirements"] if row["status"] == status}


def sequence(folder: Path) -> list[tuple[str, str, int]]:
    """Every request of a run and the status of its answer, without the ids that differ between runs."""
    entries = read(folder, "exchanges.har")["log"]["entries"]
    return [
        (e["request"]["method"], UUID.sub("*", e["request"]["url"]), e["response"]["status"]) for e in entries
    ]


def written(folder: Path, running: Running, change: Callable[[dict[str, Any]], object] | None = None) -> Path:
    """The target file of a reference, after ``change`` changed it in place."""
    described = yaml.safe_load(running.target)
    if change is not None:
        change(described)
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")
    return file
