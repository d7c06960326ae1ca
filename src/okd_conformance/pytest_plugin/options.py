"""The options of plain pytest: those of ``okd-conformance run``, each with the prefix ``okd-``."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from okd_conformance.run.opening import Options, new_run_id


def add_options(parser: pytest.Parser) -> None:
    """Add them."""
    group = parser.getgroup("okd-conformance")
    group.addoption("--okd-target", metavar="FILE", help="target file; without one: the embedded reference")
    group.addoption("--okd-edition", metavar="ID", help="edition to judge by")
    for name in ("role", "flow", "requirement", "case"):
        group.addoption(f"--okd-{name}", action="append", default=[], metavar="X", help=f"only this {name}")
    group.addoption("--okd-profile", choices=("smoke", "standard", "full"), default="standard")
    group.addoption("--okd-large", choices=("one", "all"), default="all")
    group.addoption("--okd-seed", type=int, default=0, metavar="N")
    group.addoption("--okd-run-id", default="", help=argparse.SUPPRESS)
    group.addoption("--okd-report-dir", metavar="DIR", help="where to write; default reports/<run id>")
    group.addoption("--okd-baseline", metavar="FILE", help="failures that are known, for the exit code")
    group.addoption("--okd-compare", metavar="ID", help="edition to say the step to")
    group.addoption("--okd-lang", choices=("nl", "en"), default="en")
    for name in ("allow-production", "allow-incomplete", "allow-hooks", "keep-data", "quiet"):
        group.addoption(f"--okd-{name}", action="store_true", default=False)


def options_of(config: pytest.Config) -> Options:
    """The options of the command line of pytest."""

    def get(name: str) -> Any:
        return config.getoption(f"--okd-{name}")

    return Options(
        target=get("target"),
        edition=get("edition"),
        roles=tuple(get("role")),
        flows=tuple(get("flow")),
        requirements=tuple(get("requirement")),
        cases=tuple(get("case")),
        profile=get("profile"),
        large=get("large"),
        seed=get("seed"),
        run_id=get("run-id") or new_run_id(),
        report_dir=get("report-dir"),
        lang=get("lang"),
        allow_production=get("allow-production"),
        allow_incomplete=get("allow-incomplete"),
        allow_hooks=get("allow-hooks"),
        keep_data=get("keep-data"),
        quiet=get("quiet"),
        baseline=get("baseline"),
        compare=get("compare"),
    )
