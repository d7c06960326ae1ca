"""The pytest plugin: options, cases from the catalogue, results, exit codes, files.

It does nothing in a pytest run that has no checks.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, cast

import pytest

from okd_conformance.base.clean import printable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Lang, say
from okd_conformance.checks.marking import checks_of, load_suites
from okd_conformance.checks.planning import Planned, planned
from okd_conformance.checks.running import result_of_check, results_from, unjudged
from okd_conformance.judge.case import Case
from okd_conformance.judge.case_id import in_test_name
from okd_conformance.judge.interruption import held_back, missed_ones_kept
from okd_conformance.judge.large import bulk_of
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.judge.stops import Inconclusive, NotApplicable, NotTested, Stopped
from okd_conformance.pytest_plugin.end import finish_session
from okd_conformance.pytest_plugin.finding import has_checks
from okd_conformance.pytest_plugin.options import add_options
from okd_conformance.pytest_plugin.state import KEY, LINE, TALLY, State
from okd_conformance.pytest_plugin.workers import payload, receive, take

_STATE = pytest.StashKey[State]()


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
    _stop_if_refused(session.config.stash[_STATE])


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
    """Leave out what the options and the profile don't choose, remembering why."""
    state = config.stash[_STATE]
    _stop_if_refused(state)
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        if not checks_of(getattr(item, "function", None)):
            kept.append(item)
            continue
        plan = _plan_of(item)
        (kept if plan is not None and _chosen(state, plan) else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
    items[:] = kept
    state.chosen = [plan.spec for plan in map(_plan_of, kept) if plan]
    ids = [spec.id for spec in state.chosen]
    _stop_at_an_unknown_case(state, ids)
    if state.started and state.reporter is not None:
        state.reporter.started(ids)
        _tell_of_large_messages(state, [plan for plan in map(_plan_of, kept) if plan])


def _tell_of_large_messages(state: State, plans: list[Planned]) -> None:
    """An estimate before it starts, and how far each one is."""
    bench = state.run.bench
    size = sum(p.check.bulk(bulk_of(Case(p.spec, bench))) for p in plans if p.check.bulk)
    if size and state.reporter is not None:
        state.reporter.bulk(size)
        bench.sending.on_move = state.reporter.moving


def _stop_if_refused(state: State) -> None:
    if state.refused is not None and not state.is_worker:
        words, code = state.refused
        pytest.exit(words, returncode=code)


def _stop_at_an_unknown_case(state: State, chosen: list[str]) -> None:
    """A case that was asked for must be there; a worker leaves that to the main process."""
    unknown = [case for case in state.options.cases if case not in chosen]
    if not state.started or state.is_worker or not unknown:
        return
    load_suites()  # which only workers have done so far, if there are any
    seen = [case for case in unknown if state.judge().knows(case)]
    if len(seen) < len(unknown) or not chosen:
        key = "unknown_case" if len(seen) < len(unknown) else "case_is_seen"
        value = next((case for case in unknown if case not in seen), unknown[0])
        state.refused = (say(key, value=value).in_language(state.options.lang), ExitCode.USAGE)
        _stop_if_refused(state)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Tell how many cases there are, once, when workers collect them."""
    state = node.config.stash[_STATE]
    if state.told:
        return
    state.told = True
    cases = [in_test_name(i) for i in ids]
    _stop_at_an_unknown_case(state, cases)
    if state.reporter is not None:
        state.reporter.started(cases)


def _plan_of(item: pytest.Item) -> Planned | None:
    callspec = getattr(item, "callspec", None)
    plan = callspec.params.get("case") if callspec else None
    return plan if isinstance(plan, Planned) else None


def _chosen(state: State, plan: Planned) -> bool:
    selection = state.run.selection
    row = (plan.spec.requirement.id, plan.spec.role)
    if not selection.takes(plan.spec):
        state.deselected.setdefault(row, "deselected_by_option")
        return False
    if not selection.profile_takes(plan.check):
        reason = say("deselected_by_profile", profile=selection.profile)
        state.skip(unjudged(plan.spec, Status.NOT_TESTED, reason))
        return False
    return True


# --- running ----------------------------------------------------------------------------------------------


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case that a check receives."""
    state = request.config.stash[_STATE]
    spec = cast("Planned", request.param).spec
    state.judge().during = spec.id
    if state.run.bench.sending.stopped is not None:
        raise Inconclusive(state.run.bench.sending.stopped)
    return Case(spec, state.run.bench)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the end of a check into the result of its case."""
    plan = _plan_of(item)
    excinfo = call.excinfo
    if plan is not None and excinfo is not None and isinstance(excinfo.value, Stopped):
        call.excinfo = None  # pytest takes its time over a traceback, and nobody looks at this one
    report = yield
    call.excinfo = excinfo
    if plan is None:
        return report
    state = item.config.stash[_STATE]
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, ConfigurationError):
        words = error.render(state.options.lang)
        item.session.shouldstop = words
        state.findings.configuration = words
    if call.when == "call" or (call.when == "setup" and error is not None):
        held = getattr(item, "funcargs", {}).get("case") or Case(plan.spec, state.run.bench)
        result = result_of_check(held, error, call.duration)
        handed = payload(state, [result])
        _shape(report, results_from(handed["results"])[0], error, state.options.lang)
        report.user_properties.append((KEY, handed))
    _redact_report(report, state)
    return report


def _redact_report(report: pytest.TestReport, state: State) -> None:
    """Make harmless what pytest itself shows: tracebacks with values, output and logs.

    Secrets are taken out, and what would act on a terminal is shown as its escape.
    """
    if isinstance(report.longrepr, tuple):
        file, line, reason = report.longrepr
        report.longrepr = (file, line, printable(state.redact(reason)))
    elif report.longrepr is not None:
        words = str(report.longrepr)
        harmless = printable(state.redact(words))
        if harmless != words or isinstance(report.longrepr, str):
            report.longrepr = harmless
    report.sections = [(title, printable(state.redact(text))) for title, text in report.sections]


def _shape(report: pytest.TestReport, result: CaseResult, error: BaseException | None, lang: Lang) -> None:
    """Let pytest's own reporting show our outcome: one readable text instead of a traceback."""
    if result.status is Status.SUITE_FAULT:
        report.outcome = "failed"
    elif result.status.is_break:
        report.outcome = "failed"
        report.longrepr = told(result, lang)
    elif isinstance(error, (NotTested, NotApplicable)):
        report.outcome = "skipped"
        report.longrepr = (
            str(report.location[0]),
            0,
            result.summary.in_language(lang),
        )
    elif error is None or isinstance(error, Stopped):
        report.outcome = "passed"


def told(result: CaseResult, lang: Lang) -> str:
    """A result as text: what was asked, what came, what to look at, how to repeat it."""
    lines = [f"{result.id}: {result.status}", result.summary.in_language(lang)]
    for key, text in (
        ("told_expected", result.expected),
        ("told_received", result.received),
        ("told_remedy", result.remedy),
    ):
        if text is not None:
            lines.append(say(key, text=text).in_language(lang))
    if result.curl:
        lines.append(say("told_curl", text=result.curl).in_language(lang))
    return "\n".join(lines)


# --- collecting what was found ------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Receive what a test found, here or in a worker, before anybody shows it."""
    state = _current()
    if state is None:
        return
    if state.nodes:  # a target may have shown one worker what it was just telling another
        _redact_report(report, state)
    for key, value in report.user_properties:
        if key == KEY and isinstance(value, dict):
            take(state, value)


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
                _redact_entry(entry, state)
        state.findings.broken.setdefault("pytest", state.redact(str(excrepr)).strip().rpartition("\n")[2])


def _redact_entry(entry: Any, state: State) -> None:
    """One step of a traceback of pytest: its lines, its local variables and its arguments."""
    for part in (entry, getattr(entry, "reprlocals", None)):
        if part is not None:
            part.lines = [state.redact(line) for line in part.lines]
    arguments = getattr(entry, "reprfuncargs", None)
    if arguments is not None:
        arguments.args = [(name, state.redact(str(value))) for name, value in arguments.args]


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
        for words in (*outcome.unwritten, *outcome.leftovers, *outcome.baseline):
            terminalreporter.write_line(printable(words.in_language(lang)))
