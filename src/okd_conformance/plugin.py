"""The pytest plugin: options, cases from the catalogue, results, exit codes, files.

It does nothing in a pytest run that has no checks.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import pytest

from okd_conformance.cases import Planned, planned
from okd_conformance.configuration import ConfigurationError
from okd_conformance.judge.case import Case, CaseSpec
from okd_conformance.judge.interruption import held_back, missed_ones_kept
from okd_conformance.judge.large import bulk_of
from okd_conformance.judge.ledger_files import LedgerError, journals_in, read
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.judge.stops import Inconclusive, NotApplicable, NotTested, Stopped
from okd_conformance.judging import Watch, merged, plain, result_of_check, unjudged
from okd_conformance.outcome import Findings, Outcome, finish
from okd_conformance.paths import data_folder
from okd_conformance.report.clean import printable
from okd_conformance.run import (
    Options,
    RefusedError,
    Run,
    new_run_id,
    open_run,
    opened,
)
from okd_conformance.shared_secrets import Line, SharedSecrets
from okd_conformance.suite import checks_of, load_suites
from okd_conformance.text import Lang, Text, say
from okd_conformance.wire.budget import Tally
from okd_conformance.wire.meter import Meter

_TALKATIVE = ("httpx", "httpcore", "authlib")
"""Libraries that log addresses and headers, as they are."""

_STATE = pytest.StashKey["State"]()
_KEY = "okd"
_TALLY = "okd-tally"
_LINE = "okd-line"


@runtime_checkable
class Reporter(Protocol):
    """Who opened the run and shows it to people. One that is registered as a plugin is asked and told."""

    @property
    def run(self) -> Run:
        """The run, opened."""

    def started(self, cases: list[str]) -> None:
        """The first case is about to start; these are the ids of all."""

    def bulk(self, size: int) -> None:
        """So many bytes are about to be moved by large messages."""

    def moving(self, meter: Meter) -> None:
        """A large message is on its way."""

    def case_done(self, result: CaseResult) -> None:
        """A case has ended."""

    def finished(self, outcome: Outcome) -> None:
        """The files are written."""


class State:
    """What the plugin keeps during one pytest session, in one process."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.closing = contextlib.ExitStack()
        self.findings = Findings()
        self.deselected: dict[tuple[str, str], str] = {}
        self.skipped: dict[str, CaseResult] = {}
        self.chosen: list[CaseSpec] = []
        self.nodes: list[Any] = []
        self.watch: Watch | None = None
        self.outcome: Outcome | None = None
        self.reporter: Reporter | None = next(
            (p for p in config.pluginmanager.get_plugins() if isinstance(p, Reporter)), None
        )
        self.refused: tuple[str, int] | None = None
        """Why nothing can be judged, and the exit code for it."""
        self._run: Run | None = None
        self._tally: Path | None = None
        self._secrets: SharedSecrets | None = None
        given: dict[str, Any] | None = getattr(config, "workerinput", {}).get(_KEY)
        self.is_worker = hasattr(config, "workerinput")
        self.told = False
        self.cleaning = False
        self.options = Options(**given) if given else _options(config)

    @property
    def started(self) -> bool:
        """Whether this session judges a target at all."""
        return self._run is not None

    @property
    def run(self) -> Run:
        """The run. Raises LookupError when it could not be opened."""
        if not self.ready() or self._run is None:
            raise LookupError("there is no run")
        return self._run

    def ready(self) -> bool:
        """Open the target, or start the embedded reference, at first use; False when there is no judging it.

        ``refused`` then says why.
        """
        if self._run is None and self.refused is None:
            try:
                self._run = self._open()
            except ConfigurationError as error:
                self.refused = (error.render(self.options.lang), 2)
            except RefusedError as error:
                self.refused = (error.reason.in_language(self.options.lang), error.exit_code)
        return self._run is not None

    def _open(self) -> Run:
        self.closing.enter_context(_discreet_logs(self.redact))
        if self.reporter is not None:
            run = self.reporter.run
        elif self.is_worker:
            run = open_run(self.options)
            given: dict[str, Any] = self.config.workerinput  # type: ignore[attr-defined]
            run.join(given["workerid"], int(given["workercount"]), Path(given[_TALLY]), Line(*given[_LINE]))
            self.closing.callback(run.close)
        else:
            run = self.closing.enter_context(opened(self.options))
        self.options = run.options
        run.keep_journal()
        return run

    def tally(self, workers: int) -> Path:
        """The file in which the workers count together."""
        if self._tally is None:
            folder = self.closing.enter_context(tempfile.TemporaryDirectory(prefix="okd-conformance-"))
            self._tally = Path(folder) / "tally"
            Tally.create(self._tally, workers)
        return self._tally

    def line(self) -> list[str]:
        """How a worker reaches the list of all that they learn to be secret."""
        if self._secrets is None:
            self._secrets = SharedSecrets()
            self.closing.callback(self._secrets.close)
            if self._run is not None:
                self._run.bench.redactor.share = self._secrets
        return self._secrets.line

    def redact(self, text: str) -> str:
        """The text without the secrets that are known by now."""
        if self._run is None:
            return text
        self._run.bench.redactor.catch_up()
        return self._run.bench.redactor.text(text)

    def skip(self, result: CaseResult) -> None:
        """Remember a case that does not run here; every worker tells of the same ones."""
        self.skipped.setdefault(result.id, result)

    def judge(self) -> Watch:
        """The observers, attached to the bench at first use."""
        if self.watch is None:
            self.watch = Watch(self.run.bench, self.run.claims, self.options.selection())
        return self.watch


@contextlib.contextmanager
def _discreet_logs(redact: Callable[[str], str]) -> Generator[None, None, None]:
    """Keep secrets out of the log, whatever level the user asks for, also as it is written to a file.

    The libraries below us are silenced; they tell of answers before we have read what is secret in them.
    """
    before = {name: logging.getLogger(name).level for name in _TALKATIVE}
    made = logging.getLogRecordFactory()

    def discreet(*arguments: Any, **more: Any) -> logging.LogRecord:
        record = made(*arguments, **more)
        with contextlib.suppress(TypeError, ValueError):  # logging tells itself what doesn't fit
            record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(discreet)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logging.setLogRecordFactory(made)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of ``okd-conformance run``, each with the prefix ``okd-``."""
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


def _options(config: pytest.Config) -> Options:
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
    if _judges(node.config):
        state = node.config.stash[_STATE]
        state.ready()
        state.nodes.append(node)
        node.workerinput[_KEY] = state.options.as_json()
        node.workerinput[_TALLY] = str(state.tally(int(node.workerinput["workercount"])))
        node.workerinput[_LINE] = state.line()


def _judges(config: pytest.Config) -> bool:
    suites = data_folder("suites")
    named = [Path(str(arg).partition("::")[0]).resolve() for arg in config.args]
    return any(path == suites or suites in path.parents for path in named)


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
        bench.on_move = state.reporter.moving


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
        state.refused = (say(key, value=value).in_language(state.options.lang), 2)
        _stop_if_refused(state)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Tell how many cases there are, once, when workers collect them."""
    state = node.config.stash[_STATE]
    if state.told:
        return
    state.told = True
    cases = [i.partition("[")[2].removesuffix("]") for i in ids]
    _stop_at_an_unknown_case(state, cases)
    if state.reporter is not None:
        state.reporter.started(cases)


def _plan_of(item: pytest.Item) -> Planned | None:
    callspec = getattr(item, "callspec", None)
    plan = callspec.params.get("case") if callspec else None
    return plan if isinstance(plan, Planned) else None


def _chosen(state: State, plan: Planned) -> bool:
    selection = state.options.selection()
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
    if state.run.bench.stopped is not None:
        raise Inconclusive(state.run.bench.stopped)
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
        payload = _payload(state, [result])
        _shape(report, CaseResult.from_json(payload["results"][0]), error, state.options.lang)
        report.user_properties.append((_KEY, payload))
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


def _payload(state: State, results: list[CaseResult]) -> dict[str, Any]:
    """What one test hands to the process that writes the report, redacted."""
    run = state.run
    run.bench.redactor.catch_up()
    watched = list(state.watch.found.values()) if state.watch else []
    if state.watch:
        state.watch.found.clear()
    exchanges, run.new_exchanges[:] = list(run.new_exchanges), []
    found: dict[str, Any] = run.bench.redactor.deep({"results": plain(results), "observed": plain(watched)})
    return {
        **found,
        "exchanges": [exchange.as_har(run.bench.redactor) for exchange in exchanges],
    }


def _shape(report: pytest.TestReport, result: CaseResult, error: BaseException | None, lang: Lang) -> None:
    """Let pytest's own reporting show our outcome: one readable text instead of a traceback."""
    if result.status is Status.SUITE_FAULT:
        report.outcome = "failed"
    elif result.status in {Status.FAILED, Status.INCONCLUSIVE}:
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


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Receive what a test found, here or in a worker."""
    state = _current()
    if state is None:
        return
    for key, value in report.user_properties:
        if key == _KEY and isinstance(value, dict):
            _take(state, value)


def _take(state: State, value: dict[str, Any]) -> None:
    findings = state.findings
    for raw in value["results"]:
        result = CaseResult.from_json(raw)
        findings.results.append(result)
        if state.reporter is not None and not state.is_worker:
            state.reporter.case_done(result)
    for raw in value["observed"]:
        result = CaseResult.from_json(raw)
        findings.observed[result.id] = merged(findings.observed.get(result.id), result)
    findings.exchanges += value["exchanges"]


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


def _receive(node: Any) -> bool:
    """Take what a worker had not told yet; False when there may be something left to undo.

    That is when it ended without telling, when its journal could not be written, or when its cleaning up was
    interrupted.
    """
    state = node.config.stash[_STATE]
    output: dict[str, Any] = getattr(node, "workeroutput", {}).pop(_KEY, {})
    noted = False
    if output:
        _take(state, output["last"])
        state.findings.stop(Text.from_json(output["stopped"]) if output["stopped"] else None)
        state.findings.configuration = state.findings.configuration or output["configuration"]
        noted = bool(output["noted"] and output["tidy"])
        state.deselected.update({tuple(row): reason for row, reason in output["deselected"]})
        for raw in output["skipped"]:
            state.skip(CaseResult.from_json(raw))
    return noted


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
    told = [_receive(node) for node in state.nodes]
    _CURRENT.pop()
    if state.started and state.refused is None and not session.config.option.collectonly:
        _finish(session, state, all(told), exitstatus)


def _finish(session: pytest.Session, state: State, orderly: bool, exitstatus: int) -> None:
    """Clean up, which may be interrupted, and then tell what was found, which may not."""
    journals = [] if state.is_worker else _ledgers_of_workers(state)
    if state.watch is not None or not orderly:
        exitstatus = _clean_up(state, exitstatus)
    state.findings.stop(state.run.bench.stopped)
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        for spec in state.chosen:
            state.skip(unjudged(spec, Status.INCONCLUSIVE, say("report_reason_interrupted")))
    if state.is_worker:
        _hand_over(session, state)
        return
    _take(state, _payload(state, []))
    if state.nodes:
        _redact_findings(state)
    done = {result.id for result in state.findings.results}
    skipped = [result for result in state.skipped.values() if result.id not in done]
    outcome = finish(state.run, state.findings, state.deselected, skipped, int(exitstatus))
    for journal in journals if outcome.ledger_written else ():
        with contextlib.suppress(OSError):
            journal.unlink(missing_ok=True)
    session.exitstatus = outcome.exit_code
    state.outcome = outcome
    if state.reporter is not None:
        state.reporter.finished(outcome)


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
    if state.watch is not None:
        state.watch.during = None
    try:
        state.run.bench.clean_up()
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
    state.run.bench.redactor.catch_up()
    findings, redact = state.findings, state.run.bench.redactor.deep
    findings.exchanges = [redact(entry) for entry in findings.exchanges]
    findings.results = [CaseResult.from_json(raw) for raw in redact(plain(findings.results))]
    observed = redact(plain(findings.observed.values()))
    findings.observed = {raw["id"]: CaseResult.from_json(raw) for raw in observed}


def _hand_over(session: pytest.Session, state: State) -> None:
    output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
    output[_KEY] = {
        "last": _payload(state, []),
        "stopped": state.findings.stopped.as_json() if state.findings.stopped else None,
        "deselected": [[list(row), reason] for row, reason in state.deselected.items()],
        "skipped": plain(state.skipped.values()),
        "configuration": state.findings.configuration,
        "noted": state.run.bench.ledger.unwritten is None,
        "tidy": not len(state.run.bench.left()),
    }
