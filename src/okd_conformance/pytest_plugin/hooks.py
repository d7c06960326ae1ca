"""The pytest plugin's hooks: cases from the catalogue, each run the one way, and the end of the run.

It does nothing in a pytest run that has no checks.
"""

from __future__ import annotations

import functools
from collections.abc import Generator
from typing import Any

import pytest

from okd_conformance.base.clean import printable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.checks.marking import checks_of
from okd_conformance.checks.planning import Planned, planned
from okd_conformance.checks.running import case_that_broke, run_case
from okd_conformance.judge.events import CaseEnded
from okd_conformance.judge.interruption import held_back, missed_ones_kept
from okd_conformance.judge.stops import Stopped
from okd_conformance.pytest_plugin.collecting import choose, plan_of, start, start_workers, stop_if_refused
from okd_conformance.pytest_plugin.end import finish_session
from okd_conformance.pytest_plugin.finding import has_checks
from okd_conformance.pytest_plugin.options import add_options
from okd_conformance.pytest_plugin.showing import redact_entry, redact_report, shape
from okd_conformance.pytest_plugin.state import KEY, LINE, TALLY, State
from okd_conformance.pytest_plugin.workers import receive

_STATE = pytest.StashKey[State]()
_ENDED = pytest.StashKey[CaseEnded]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of ``okd-conformance run``."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the session; nothing is opened before the first check is collected."""
    state = config.stash[_STATE] = State(config)
    if state.is_worker:
        state.closing.enter_context(missed_ones_kept())
    config.addinivalue_line("markers", "okd: a case of a check")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close connections, and stop the embedded reference."""
    config.stash[_STATE].closing.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the options and the opened target to a worker of pytest-xdist."""
    if has_checks(map(str, node.config.args)):
        state = node.config.stash[_STATE]
        state.ready()
        state.nodes.append(node)
        node.workerinput[KEY] = state.options.as_json()
        node.workerinput[TALLY] = str(state.tally(int(node.workerinput["workercount"])))
        node.workerinput[LINE] = state.line()


# --- collecting -------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Collect nothing when the target could not be opened for the workers."""
    stop_if_refused(session.config.stash[_STATE])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each case of a check."""
    if not checks_of(metafunc.function):
        return
    state = metafunc.config.stash[_STATE]
    ready = state.ready()
    cases = planned(metafunc.function, state.run.bench.catalogue, state.run.claims) if ready else []
    names = [name for name in metafunc.fixturenames if name not in {"case", "request"}]
    metafunc.parametrize(
        ["case", *names],
        [(plan, *(plan.values[name] for name in names)) for plan in cases],
        ids=[plan.spec.id for plan in cases],
        indirect=["case"],
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the options and the profile don't choose."""
    state = config.stash[_STATE]
    stop_if_refused(state)
    left = choose(state, items)
    if left:
        config.hook.pytest_deselected(items=left)
    start(state, [plan for plan in map(plan_of, items) if plan])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Tell how many cases there are, when workers collect them."""
    start_workers(node.config.stash[_STATE], ids)


# --- running ----------------------------------------------------------------------------------------------


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Planned:
    """What becomes the case that a check receives, when it is called."""
    plan: Planned = request.param
    return plan


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Run a case; pytest is left to see what ended it early."""
    plan = plan_of(pyfuncitem)
    if plan is None:
        return None
    state = pyfuncitem.config.stash[_STATE]
    state.gathering.observing()
    check = functools.partial(pyfuncitem.obj, **plan.values)
    ended = pyfuncitem.stash[_ENDED] = run_case(plan.spec, state.run.bench, check)
    if ended.error is not None:
        raise ended.error
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let pytest's report of a case say what the case says; of a worker, it carries what was found."""
    plan = plan_of(item)
    excinfo = call.excinfo
    if plan is not None and excinfo is not None and isinstance(excinfo.value, Stopped):
        call.excinfo = None  # pytest takes its time over a traceback, and nobody looks at this one
    report = yield
    call.excinfo = excinfo
    if plan is None:
        return report
    state = item.config.stash[_STATE]
    if call.when == "call" or (call.when == "setup" and excinfo is not None):
        ended = item.stash.get(_ENDED, None) or case_that_broke(
            plan.spec, state.run.bench, excinfo.value if excinfo else None, call.duration
        )
        if isinstance(ended.error, ConfigurationError):
            item.session.shouldstop = state.findings.configuration = ended.error.render(state.options.lang)
        shape(report, ended, state.options.lang)
        if state.is_worker:
            report.user_properties.append((KEY, state.gathering.hand_over()))
    redact_report(report, state)
    return report


# --- collecting what was found ------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Receive what a worker found, before anybody shows it."""
    state = _current()
    if state is None or not state.nodes:
        return
    redact_report(report, state)  # a target may have shown one worker what it was just telling another
    for key, value in report.user_properties:
        if key == KEY and isinstance(value, dict):
            state.gathering.take(value)


_CURRENT: list[State] = []


def _current() -> State | None:
    return _CURRENT[-1] if _CURRENT else None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember the session, for hooks that are not told."""
    _CURRENT.append(session.config.stash[_STATE])


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A suite that can't be loaded is a fault of ours."""
    state = _current()
    if state is not None and report.failed:
        report.longrepr = state.redact(str(report.longrepr))
        state.findings.broken.setdefault(report.nodeid, report.longrepr.strip().rpartition("\n")[2])


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excrepr: object) -> None:
    """So is an error of the engine; what others are about to show of it loses its secrets."""
    state = _current()
    if state is not None:
        for shown, *_ in getattr(excrepr, "chain", ()):
            for entry in shown.reprentries:
                redact_entry(entry, state)
        state.findings.broken.setdefault("pytest", state.redact(str(excrepr)).strip().rpartition("\n")[2])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
    """Clean up at the target; in the main process also write the files and set our exit code.

    In a worker that comes before the others, one of which hands over what we found. In the main process it
    comes after them, also when the one that ends the workers fails because an interruption is repeated.
    """
    state = session.config.stash[_STATE]
    with held_back(lambda: state.cleaning):
        if state.is_worker:
            _end(session, state, exitstatus)
            return (yield)
        try:
            return (yield)
        finally:
            _end(session, state, exitstatus)


def _end(session: pytest.Session, state: State, exitstatus: int) -> None:
    told = [receive(node, state) for node in state.nodes]
    _CURRENT.pop()
    if state.started and state.refused is None and not session.config.option.collectonly:
        finish_session(session, state, all(told), exitstatus)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Close plain pytest's own summary with the verdict."""
    outcome = config.stash[_STATE].outcome
    if outcome is not None:
        lang = config.stash[_STATE].options.lang
        terminalreporter.section("okd-conformance")
        terminalreporter.write_line(printable(outcome.report.scope.in_language(lang)))
        if outcome.report_written:
            terminalreporter.write_line(str(outcome.folder / "report.html"))
        for words in (*outcome.unwritten, *outcome.remaining, *outcome.baseline):
            terminalreporter.write_line(printable(words.in_language(lang)))
