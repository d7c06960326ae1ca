"""The action for GitHub, the image and the recipes name what exists; the action does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from okd_conformance import __version__
from okd_conformance.reference import running_server
from support.command import CHECKOUT, PATIENCE_S, environment, written

ACTION: dict[str, Any] = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


def carried_out(folder: Path, **inputs: str) -> tuple[dict[str, str], list[str]]:
    """Do the shell steps of the action in a folder, as GitHub would; gives the outputs and what failed."""
    values = {name: each.get("default", "") for name, each in ACTION["inputs"].items()} | inputs
    outputs, summary = folder / "outputs", folder / "step-summary.md"
    for file in (outputs, summary):
        file.touch()
    programs = folder / "programs"
    programs.mkdir()
    for name, words in {"python": "", "okd-conformance": " -m okd_conformance"}.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable}{words} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    env = environment() | {"GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary)}
    env["PATH"] = f"{programs}:{env['PATH']}"
    failed: list[str] = []
    for step in STEPS:
        if "run" not in step or step["name"] == "Install" or (failed and step.get("if") != "always()"):
            continue
        given = {
            name: re.sub(r"\${{ inputs\.([a-z-]+) }}", lambda found: values[found[1]], text)
            for name, text in step["env"].items()
        }
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=folder,
            env=env | given,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode:
            failed.append(f"{step['name']}: {done.returncode}")
    return dict(line.split("=", 1) for line in outputs.read_text("utf-8").splitlines()), failed


def test_a_defect_stops_the_job_and_its_report_is_kept(tmp_path: Path) -> None:
    with running_server(faults=["id-not-uuid"]) as running:
        file = written(tmp_path, running)
        outputs, failed = carried_out(
            tmp_path, target=file.name, arguments="--role dms --requirement OKD-MPT-001 --requirement OKD-GEN"
        )
    assert failed == ["Judge: 1"]
    assert outputs == {"verdict": "not_conformant"}
    summary = (tmp_path / "step-summary.md").read_text("utf-8")
    assert summary == (tmp_path / "reports/okd/summary.md").read_text("utf-8")
    kept = STEPS[-1]
    assert kept["if"] == "always()"
    assert kept["with"]["path"] == "${{ inputs.report-dir }}"


def test_a_target_that_is_not_in_order_stops_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "target.yaml").write_text("name: Acme\n", encoding="utf-8")
    assert carried_out(tmp_path) == ({}, ["Check the configuration: 1"])


def test_no_input_is_part_of_a_script() -> None:
    assert [step["name"] for step in STEPS if "${{" in step.get("run", "")] == []
    (install,) = (step for step in STEPS if step.get("name") == "Install")
    assert install["env"] == {"ACTION": "${{ github.action_path }}"}


def test_the_recipes_pin_the_wheel_that_can_be_built() -> None:
    wheel = f"okd_conformance-{__version__}-py3-none-any.whl"
    assert wheel in (CHECKOUT / "docs/install.md").read_text("utf-8")
    for recipe in (CHECKOUT / "docs/recipes").iterdir():
        assert f"OKD_CONFORMANCE: wheels/{wheel}\n" in recipe.read_text("utf-8"), recipe.name


@pytest.fixture
def image() -> list[str]:
    """The lines of the Dockerfile."""
    text = (CHECKOUT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_holds_the_locked_versions_and_runs_as_an_ordinary_user(
    image: list[str], tmp_path: Path
) -> None:
    (user,) = (line.split()[1] for line in image if line.startswith("USER "))
    assert any(f"useradd --create-home {user}" in line for line in image)
    copied = [word for line in image if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert [name for name in copied if name[0] not in "-/" and not (CHECKOUT / name).exists()] == []
    pinning = next(line for line in image if "versions.txt" in line).removeprefix("RUN ").partition(" &&")[0]
    lock = CHECKOUT / "requirements.lock"
    (tmp_path / lock.name).write_bytes(lock.read_bytes())
    subprocess.run(["/bin/sh", "-ec", pinning], cwd=tmp_path, check=True)
    locked = re.findall(r"^([a-z][^ ]*==[^ ]+)", lock.read_text("utf-8"), re.MULTILINE)
    pinned = (tmp_path / "versions.txt").read_text("utf-8").splitlines()
    assert [line.split()[0] for line in pinned] == locked
    assert "--hash" not in "".join(pinned)
