"""The command ``run``: pytest on the suites, with our own configuration and console."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from okd_conformance import pytest_plugin
from okd_conformance.base.clean import printable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.paths import data_folder
from okd_conformance.judge.case_id import requirement_of
from okd_conformance.judge.events import CaseEnded, CleaningUp, Concluding, Moved, Started
from okd_conformance.judge.interruption import as_from_the_keyboard
from okd_conformance.judge.ledger_files import LEDGER
from okd_conformance.pytest_plugin.options import as_arguments
from okd_conformance.pytest_plugin.state import Opened
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.report.at_work import Stage, interrupted, watching
from okd_conformance.report.console import ConsoleReporter
from okd_conformance.report.model import SHARED
from okd_conformance.run.finishing import Ended, Outcome, finish_unreached
from okd_conformance.run.opening import opened
from okd_conformance.run.options import Options
from okd_conformance.run.refused import RefusedError, UnreachableError
from okd_conformance.run.run import Run

_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
_SUITES_INI = Path(pytest_plugin.__file__).with_name("suites.ini")


class _Screen(Opened):
    """Shows a run on the terminal."""

    def __init__(self, run: Run, console: ConsoleReporter) -> None:
        super().__init__(run)
        self._console = console
        run.events.subscribe(Started, self._started)
        run.events.subscribe(Moved, lambda moved: console.moving(moved.meter))
        run.events.subscribe(CaseEnded, lambda ended: console.case_done(ended.result))
        run.events.subscribe(CleaningUp, self._cleaning)
        run.events.subscribe(Concluding, self._concluding)
        run.events.subscribe(Ended, lambda ended: self._finished(ended.outcome))
        self.stage = Stage.OPENING

    def _cleaning(self, cleaning: CleaningUp) -> None:
        self.stage = Stage.CLEANING
        self._console.cleaning_up(cleaning.count, cleaning.seconds)

    def _concluding(self, _concluding: Concluding) -> None:
        self.stage = Stage.CONCLUDING
        self._console.concluding()

    def _started(self, started: Started) -> None:
        self.stage = Stage.CASES
        run, cases = self.run, started.cases
        catalogue = run.bench.catalogue
        sections = Counter(catalogue.section_of(requirement_of(case)) or SHARED for case in cases)
        limits = run.allowance.told()
        self._console.start(run.edition, run.target.name, run.options.profile, len(cases), sections, limits)
        if started.bulk:
            self._console.bulk(started.bulk)
        if run.options.workers > 1:
            self._console.workers(run.options.workers, run.allowance.requests_per_second)

    def _finished(self, outcome: Outcome) -> None:
        self._console.finish(outcome.report, outcome.folder if outcome.report_written else None)
        for text in (*outcome.unwritten, *outcome.remaining, *outcome.baseline):
            _complain(text.in_language(self.run.options.lang))
        if outcome.configuration:
            _complain(outcome.configuration)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Why the run does not begin."""
        if isinstance(excinfo.value, pytest.exit.Exception):
            _complain(str(excinfo.value))


def run_suites(options: Options) -> int:
    """Run the suites and return the exit code of the contract."""
    console = ConsoleReporter(sys.stdout, options.lang, quiet=options.quiet)
    redactor = Redactor()
    screens: list[_Screen] = []
    errors = sys.stderr  # pytest has it for itself while a case runs
    try:
        with (
            _own_surroundings(),
            watching(console.look),
            as_from_the_keyboard(lambda _: _complain(_interrupted(options, screens), errors)),
            opened(options) as run,
        ):
            redactor = run.bench.redactor
            screens.append(_Screen(run, console))
            code = int(pytest.main(_arguments(run.options), plugins=[screens[0]]))
    except ConfigurationError as error:
        _complain(error.render(options.lang))
        return ExitCode.USAGE
    except UnreachableError as error:
        _complain(error.reason.in_language(options.lang))
        return _end_unreached(error, console)
    except RefusedError as error:
        _complain(error.reason.in_language(options.lang))
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INCOMPLETE
    except Exception:  # noqa: BLE001 - a crash must not look like a verdict
        _complain(redactor.text(traceback.format_exc()))
        return ExitCode.SUITE_FAULT
    finally:
        console.stop()
    return code if code in set(ExitCode) else ExitCode.SUITE_FAULT


def _interrupted(options: Options, screens: list[_Screen]) -> str:
    """What an interruption does, by how far the run is."""
    ledger = options.folder / LEDGER
    if not screens:
        return interrupted(Stage.OPENING, ledger).in_language(options.lang)
    bench = screens[0].run.bench
    left = 0 if options.keep_data else len(bench.left())
    words = interrupted(screens[0].stage, ledger, left, left * bench.client.pace_s)
    return words.in_language(options.lang)


def _end_unreached(error: UnreachableError, console: ConsoleReporter) -> int:
    """Write the report of a run that found nothing to judge, and say where it is."""
    try:
        outcome = finish_unreached(error)
    except RefusedError as refused:
        _complain(refused.reason.in_language(error.run.options.lang))
        return error.exit_code
    console.finish(outcome.report, outcome.folder if outcome.report_written else None)
    for text in outcome.unwritten:
        _complain(text.in_language(error.run.options.lang))
    return outcome.exit_code


def _complain(words: str, stream: TextIO | None = None) -> None:
    sys.stdout.flush()
    (stream or sys.stderr).write(printable(words) + "\n")


def _arguments(options: Options) -> list[str]:
    suites = data_folder("suites")
    arguments = [str(suites), "-c", str(_SUITES_INI), "--rootdir", str(suites)]
    arguments += ["--confcutdir", str(suites), "-p", "no:cacheprovider", "-p", "no:terminal"]
    arguments += ["-p", "no:logging", "-p", "no:doctest", "-p", "no:unittest"]  # of no use here, and slow
    arguments += ["--capture=sys"]  # which leaves the stream to us that the console holds
    arguments += ["-p", "no:unraisableexception"]  # it would take missed interruptions from us
    arguments += ["-p", "okd_conformance.plugin", *as_arguments(options)]
    if options.workers > 1:
        arguments += ["-p", "xdist", "-n", str(options.workers), "--dist", "loadfile"]
    return arguments


@contextmanager
def _own_surroundings() -> Iterator[None]:
    """Keep other plugins and settings out, write nothing beside the installed package, end tidily."""
    with tempfile.TemporaryDirectory(prefix="okd-conformance-") as folder:
        changed = {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": folder,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        before = {name: os.environ.get(name) for name in (*changed, *_FOREIGN)}
        wrote, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            for name in _FOREIGN:
                os.environ.pop(name, None)
            os.environ.update(changed)
            yield
        finally:
            sys.dont_write_bytecode = wrote
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
