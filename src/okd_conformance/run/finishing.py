"""The end of a run: one report from everything that was found, the files, and the exit code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from okd_conformance import __version__
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.case_id import requirement_of
from okd_conformance.judge.events import Event
from okd_conformance.judge.ledger import Left
from okd_conformance.judge.ledger_files import LEDGER, in_words, without_a_file, write_ledger
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.judge.verdict import exit_code
from okd_conformance.report.build import build_report
from okd_conformance.report.causes import seen
from okd_conformance.report.files import write_all
from okd_conformance.report.model import SHARED, SUITE, Report, RunInfo, SectionTotals, TargetInfo
from okd_conformance.report.upgrade import Upgrade, upgrade
from okd_conformance.report.wording import counted
from okd_conformance.run.baseline import load_baseline
from okd_conformance.run.baseline_writing import write_baseline
from okd_conformance.run.opening import make_folder
from okd_conformance.run.refused import UnreachableError
from okd_conformance.run.run import Run
from okd_conformance.standard.catalogue import Catalogue
from okd_conformance.standard.edition import load_edition
from okd_conformance.wire.record import as_har


@dataclass
class Findings:
    """Everything that the cases of a run handed over."""

    results: list[CaseResult] = field(default_factory=list)
    observed: dict[str, CaseResult] = field(default_factory=dict)
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    configuration: str | None = None
    """A mistake in the configuration that only showed during the run."""
    broken: dict[str, str] = field(default_factory=dict)
    """Faults of the suite outside any check: where, and what went wrong."""
    narrowed: tuple[str, ...] = ()
    """What plain pytest was told to leave out, as options."""
    stopped: Text | None = None
    """Why the run stopped before its end: a limit, or a target that can't be judged."""

    set_up: list[Text] = field(default_factory=list)
    """What is wrong with the target file, as its cases found out."""

    def stop(self, reason: Text | None) -> None:
        """Keep the first reason."""
        self.stopped = self.stopped or reason


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    report: Report
    folder: Path
    exit_code: ExitCode
    left: Left
    configuration: str | None
    baseline: tuple[Text, ...] = ()
    """What the baseline excuses, and which of its entries no longer hold."""
    remaining: tuple[Text, ...] = ()
    """What is left at the target, for people."""
    unwritten: tuple[Text, ...] = ()
    """Which files could not be written, and why."""
    report_written: bool = True
    ledger_written: bool = True
    """Whether ``ledger.json`` says what is left, so that the journals are no longer needed."""


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """The files of the run are written; nothing more is to come."""

    outcome: Outcome


def finish(
    run: Run,
    findings: Findings,
    deselected: dict[tuple[str, str], str],
    skipped: list[CaseResult],
    interrupted: bool,
) -> Outcome:
    """Build the report, write the files, and say how the run ended."""
    interrupted = interrupted and not findings.broken
    report = report_of(run, findings, deselected, skipped, interrupted)
    if run.options.compare is not None:
        report.upgrade = _upgrade(run, report)
    known = load_baseline(run.options.baseline).applied(report) if run.options.baseline else None
    if known:
        known.mark(report)
    folder = run.options.folder
    left = run.bench.left()
    no_ledger = _tried(folder / LEDGER, lambda: _write_ledger(run, left))
    no_report = _tried(
        folder, lambda: write_all(report, as_har(findings.exchanges), folder, run.options.lang)
    )
    excused = report.verdict_without(known.excused) if known else None
    code = exit_code(report.verdict, allow_incomplete=run.options.allow_incomplete, excused=excused)
    if known and known.mistakes and code == ExitCode.OK:
        code = ExitCode.USAGE
    if findings.configuration or no_ledger or no_report:
        code = ExitCode.USAGE
    elif interrupted and code in {ExitCode.OK, ExitCode.FOUND}:
        code = ExitCode.INCOMPLETE
    words = known.words(run.options.baseline or "") if known else ()
    if run.options.write_baseline is not None:
        words = (*words, *_written_baseline(Path(run.options.write_baseline), report, run.options.lang))
    remaining = in_words(left, folder / LEDGER, run.options.run_id)
    if no_ledger:
        remaining += [say("ledger_unwritten"), *without_a_file(left, run.bench.redactor)]
    return Outcome(
        report,
        folder,
        code,
        left,
        findings.configuration,
        words,
        remaining=tuple(remaining),
        unwritten=(*no_report, *no_ledger),
        report_written=not no_report,
        ledger_written=not no_ledger,
    )


def _written_baseline(path: Path, report: Report, lang: Lang) -> list[Text]:
    """Extend a baseline by the failures of this run; what became of that, for people."""
    try:
        new = write_baseline(path, report, lang)
    except ConfigurationError as error:
        return [Text(m.render("nl"), m.render("en")) for m in error.mistakes]
    except OSError as error:
        return [say("not_written", file=path, error=error.strerror or type(error).__name__)]
    return [counted("baseline_written", new, file=path)] if new else []


def finish_unreached(error: UnreachableError) -> Outcome:
    """Report on a run that found nothing to judge: incomplete, the cause first.

    Raises RefusedError when there can't be a folder for it.
    """
    run = error.run
    make_folder(run.options.folder)
    reason = Text.from_json(run.bench.redactor.deep(error.reason.as_json()))
    outcome = finish(run, Findings(stopped=reason), {}, [], interrupted=False)
    return replace(outcome, exit_code=error.exit_code)


def _tried(what: Path, write: Callable[[], object]) -> list[Text]:
    """Write something; why it could not be written, or nothing. The rest of the end of a run must go on."""
    try:
        write()
    except OSError as error:
        return [say("not_written", file=what, error=error.strerror or type(error).__name__)]
    return []


def _write_ledger(run: Run, left: Left) -> None:
    file, name = run.options.folder / LEDGER, run.edition.name
    write_ledger(file, run.options.run_id, name, left, run.bench.redactor, run.addresses)


def _upgrade(run: Run, report: Report) -> Upgrade:
    other = load_edition(run.options.compare or run.edition.name)
    statuses = {row.key: row.status for row in report.requirements}
    return upgrade(run.edition, other, report.roles, statuses, run.bench.catalogue.of(other))


def report_of(
    run: Run,
    findings: Findings,
    deselected: dict[tuple[str, str], str],
    skipped: list[CaseResult],
    interrupted: bool,
) -> Report:
    """The report of a run from all that was found."""
    target, options = run.target, run.options
    broken = [_broken(name, error) for name, error in findings.broken.items()]
    results = [*findings.results, *findings.observed.values(), *skipped, *broken]
    return build_report(
        suite_version=__version__,
        edition=run.edition,
        target_identity=TargetInfo(
            target.name,
            target.vendor,
            target.version,
            target.environment,
            target.contact,
            token_url=_token_url(run),
        ),
        run=RunInfo(
            id=options.run_id,
            started=run.started.isoformat(timespec="seconds"),
            duration_s=round((datetime.now(UTC) - run.started).total_seconds(), 3),
            profile=options.profile,
            seed=options.seed,
            requests=len(findings.exchanges),
            large_tested=_large_tested(run, findings.exchanges),
            selection=_selection(run),
            partial=(*_selection(run), *_smoke(run), *findings.narrowed),
            roles=_roles(run, results),
            interrupted=interrupted,
            stopped=findings.stopped,
            set_up=tuple(findings.set_up),
            limits=run.allowance.as_json(),
            sections=_sections(findings, run.bench.catalogue),
        ),
        requirements=run.bench.catalogue.of(run.edition),
        claimed_roles={name: role.base_url for name, role in target.roles.items()},
        claimed_flows={name: sorted(flows) for name, flows in run.claims.roles.items()},
        results=results,
        answers=dict(seen(findings.exchanges)),
        reasons=_reasons(run, deselected, interrupted or findings.stopped is not None),
    )


def _token_url(run: Run) -> str | None:
    """Where somebody with a client's secret gets a token by hand; None where there is more to it."""
    auth, address = run.target.auth, run.bench.tokens.address
    by_hand = auth is not None and auth.client_auth in {"basic", "post"}
    return run.bench.redactor.text(address) if address is not None and by_hand else None


def _broken(name: str, error: str) -> CaseResult:
    """What the report shows of a fault of the suite outside any check."""
    words = say("suite_fault", error=error)
    return CaseResult(
        id=name,
        requirement=name,
        role=SUITE,
        flow=None,
        operation=None,
        status=Status.SUITE_FAULT,
        summary=say("summary_suite_fault", statement=say("report_suite_works", id=name), received=words),
        received=words,
    )


def _sections(findings: Findings, catalogue: Catalogue) -> dict[str, SectionTotals]:
    """What each section took, and what cases share."""
    found: dict[str, SectionTotals] = defaultdict(SectionTotals)

    def of(case: str) -> SectionTotals:
        return found[catalogue.section_of(requirement_of(case)) or SHARED]

    for result in findings.results:
        totals = of(result.id)
        totals.cases += 1
        totals.seconds = round(totals.seconds + result.duration_s, 3)
    for exchange in findings.exchanges:
        of(exchange["_case"] or "").requests += 1
    return dict(sorted(found.items()))


def _large_tested(run: Run, exchanges: list[dict[str, Any]]) -> bool | None:
    if not any(run.edition.operations(role, "upload") for role in run.claims.roles):
        return None
    full = run.edition.limits.get("message_bytes")
    return full is not None and any(_carried(exchange["request"], full) for exchange in exchanges)


def _carried(request: dict[str, Any], size: int) -> bool:
    """Whether a request has a body of at least this size of which something went out."""
    body = request.get("postData", {})
    return bool(request["bodySize"] >= size and body.get("_sent", request["bodySize"]) > 0)


def _selection(run: Run) -> tuple[str, ...]:
    options = run.options
    chosen = tuple(f"{option} {value}" for option, value in options.narrowed)
    partly = options.profile == "full" and options.large == "one"
    return (*chosen, "--large one") if partly else chosen


def _smoke(run: Run) -> tuple[str, ...]:
    return ("--profile smoke",) if run.options.profile == "smoke" else ()


def _roles(run: Run, results: list[CaseResult]) -> tuple[str, ...]:
    """The claimed roles that the options chose: by name, else those that have a case in what they chose."""
    selection = run.selection
    with_cases = {result.role for result in results}
    wanted = selection.roles or (run.claims.roles if selection.everything else with_cases)
    return tuple(role for role in run.claims.roles if role in wanted)


def _reasons(
    run: Run, deselected: dict[tuple[str, str], str], cut_short: bool
) -> dict[tuple[str, str], Text]:
    found: dict[tuple[str, str], Text] = {}
    catalogue = run.bench.catalogue
    for requirement in catalogue.of(run.edition):
        for role in requirement.roles:
            row = (requirement.id, role)
            if requirement.untestable:
                found[row] = requirement.untestable
            elif requirement.id in catalogue.pending:
                found[row] = catalogue.pending[requirement.id]
            elif row in deselected or not (cut_short or run.selection.everything):
                found[row] = say(deselected.get(row, "deselected_by_option"))
    return found
