"""The end of a session: cleaning up at the target, and then the files and the exit code."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.paths import data_folder
from okd_conformance.base.text import say
from okd_conformance.checks.running import redacted, unjudged
from okd_conformance.judge.events import Concluding
from okd_conformance.judge.ledger_files import LedgerError, journals_in, read
from okd_conformance.judge.outcome import Status
from okd_conformance.pytest_plugin.state import State
from okd_conformance.pytest_plugin.workers import hand_over
from okd_conformance.run.finishing import Ended, finish


def finish_session(session: pytest.Session, state: State, orderly: bool, exitstatus: int) -> None:
    """Clean up, which may be interrupted, and then tell what was found, which may not."""
    journals = [] if state.is_worker else _ledgers_of_workers(state)
    if state.begun or not orderly:
        exitstatus = _clean_up(state, exitstatus)
    state.findings.stop(state.run.bench.sending.stopped)
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        for spec in state.chosen:
            state.skip(unjudged(spec, Status.INCONCLUSIVE, say("report_reason_interrupted")))
    if state.is_worker:
        hand_over(session, state)
        return
    state.run.events.emit(Concluding())
    state.gathering.settle()
    state.findings.narrowed = _narrowed(session.config)
    if state.nodes:
        _redact_findings(state)
    done = {result.id for result in state.findings.results}
    skipped = [result for result in state.skipped.values() if result.id not in done]
    interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
    outcome = finish(state.run, state.findings, state.deselected, skipped, interrupted)
    if state.run.journal is not None:
        state.run.journal.close()  # Windows removes no file that is open
    for journal in journals if outcome.ledger_written else ():
        with contextlib.suppress(OSError):
            journal.unlink(missing_ok=True)
    session.exitstatus = outcome.exit_code
    state.outcome = outcome
    state.run.events.emit(Ended(outcome))


def _narrowed(config: pytest.Config) -> tuple[str, ...]:
    """What pytest itself was told to leave out."""
    suites = data_folder("suites")
    named = [arg for arg in config.args if Path(str(arg).partition("::")[0]).resolve() != suites]
    given = {"-k": "keyword", "-m": "markexpr", "--lf": "lf"}
    values = {option: config.getoption(name, None) for option, name in given.items()}
    chosen = [option if value is True else f"{option} {value}" for option, value in values.items() if value]
    left_out = [f"--deselect {name}" for name in config.getoption("deselect", None) or ()]
    return (*(Path(str(arg)).name for arg in named), *chosen, *left_out)


def _ledgers_of_workers(state: State) -> list[Path]:
    """Take over what workers noted; gives the journals, our own too, that ``ledger.json`` then replaces."""
    run = state.run
    own = run.journal.path if run.journal is not None else None
    known = [own] if own is not None else []
    for path in journals_in(run.options.folder):
        if path == own:
            continue
        try:
            stored = read(path)
        except LedgerError as error:
            state.findings.broken.setdefault(path.name, str(error))
            continue
        if stored is not None:
            run.bench.ledger.adopt(stored.left)
        if stored is not None and stored.damaged:
            words = say("lines_damaged", n=stored.damaged, file=path, run=run.options.run_id)
            state.findings.broken.setdefault(path.name, words.en)
        else:
            known.append(path)
    return known


def _clean_up(state: State, exitstatus: int) -> int:
    """Undo what the run did, unless it is to stay; what goes wrong meanwhile must not lose the report."""
    if state.options.keep_data:
        return exitstatus
    state.cleaning = True
    bench = state.run.bench
    try:
        bench.clean_up()
    except KeyboardInterrupt:
        return pytest.ExitCode.INTERRUPTED
    except ConfigurationError as error:
        state.findings.configuration = error.render(state.options.lang)
    except Exception as error:  # noqa: BLE001 - a crash of ours, to be reported like any other
        words = state.redact(f"{type(error).__name__}: {error}")
        state.findings.broken.setdefault("cleanup", words)
    finally:
        state.cleaning = False
    return exitstatus


def _redact_findings(state: State) -> None:
    """Once more: a target may have shown one worker what it was just telling another."""
    redactor = state.run.bench.redactor
    findings, observed = state.findings, state.findings.observed.values()
    findings.results = redacted(findings.results, redactor)
    findings.observed = {result.id: result for result in redacted(observed, redactor)}
    findings.exchanges = [redactor.deep(entry) for entry in findings.exchanges]
