"""The command ``run``: pytest on the suites, with our own configuration and console."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from okd_conformance.outcome import Outcome
from okd_conformance.paths import data_folder
from okd_conformance.report.console import ConsoleReporter
from okd_conformance.run import Options, Run

_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
_EXITS = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}


class _Screen:
    """Shows the run on the terminal."""

    def __init__(self, console: ConsoleReporter) -> None:
        self._console = console

    def started(self, run: Run, cases: int) -> None:
        """The first case is about to start."""
        self._console.start(run.edition, run.target.name, run.options.profile, cases)

    def case_done(self, result: object) -> None:
        """A case has ended."""
        self._console.case_done(result)  # type: ignore[arg-type]

    def finished(self, outcome: Outcome) -> None:
        """The files are written."""
        self._console.finish(outcome.report, outcome.folder)


def run_suites(options: Options, workers: int | None = None) -> int:
    """Run the suites and return the exit code of the contract."""
    suites = data_folder("suites")
    arguments = [str(suites), "-c", str(Path(__file__).with_name("suites.ini")), "--rootdir", str(suites)]
    arguments += ["--confcutdir", str(suites), "-p", "no:cacheprovider", "-p", "no:terminal"]
    arguments += ["-p", "okd_conformance.plugin", *_as_arguments(options)]
    if workers and workers > 1:
        arguments += ["-p", "xdist", "-n", str(workers), "--dist", "loadfile"]
    console = ConsoleReporter(sys.stdout, options.lang, quiet=options.quiet)
    with _own_surroundings():
        try:
            code = pytest.main(arguments, plugins=[_Screen(console)])
        finally:
            console.stop()
    return _EXITS.get(int(code), 4)


def _as_arguments(options: Options) -> list[str]:
    named = {
        "target": options.target,
        "edition": options.edition,
        "profile": options.profile,
        "seed": str(options.seed),
        "run-id": options.run_id or None,
        "report-dir": options.report_dir,
        "lang": options.lang,
    }
    arguments = [f"--okd-{name}={value}" for name, value in named.items() if value is not None]
    repeated = {
        "role": options.roles,
        "flow": options.flows,
        "requirement": options.requirements,
        "case": options.cases,
    }
    arguments += [f"--okd-{name}={value}" for name, values in repeated.items() for value in values]
    flags = {
        "allow-production": options.allow_production,
        "allow-incomplete": options.allow_incomplete,
        "allow-hooks": options.allow_hooks,
        "keep-data": options.keep_data,
        "quiet": options.quiet,
    }
    return arguments + [f"--okd-{name}" for name, on in flags.items() if on]


@contextmanager
def _own_surroundings() -> Iterator[None]:
    """Keep other plugins and settings out, and write nothing beside the installed package."""
    with tempfile.TemporaryDirectory(prefix="okd-conformance-") as folder:
        changed = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "HYPOTHESIS_STORAGE_DIRECTORY": folder}
        before = {name: os.environ.get(name) for name in (*changed, *_FOREIGN)}
        try:
            for name in _FOREIGN:
                os.environ.pop(name, None)
            os.environ.update(changed)
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
