"""The end of a run: one report from everything that was found, the files, and the exit code."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from okd_conformance import __version__
from okd_conformance.judge.outcome import CaseResult
from okd_conformance.judge.verdict import exit_code
from okd_conformance.report.files import write_all
from okd_conformance.report.model import Report, RunInfo, TargetInfo, build_report
from okd_conformance.run import Run
from okd_conformance.text import Text, say
from okd_conformance.wire.record import as_har

_INTERRUPTED = 2
_FAILED_TESTS = frozenset({0, 1, 5})


@dataclass
class Findings:
    """Everything that the cases of a run handed over."""

    results: list[CaseResult] = field(default_factory=list)
    observed: dict[str, CaseResult] = field(default_factory=dict)
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)
    configuration: str | None = None
    """A mistake in the configuration that only showed during the run."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    report: Report
    folder: Path
    exit_code: int
    left: int
    configuration: str | None


def finish(
    run: Run,
    findings: Findings,
    deselected: dict[tuple[str, str], str],
    skipped: list[CaseResult],
    exitstatus: int,
) -> Outcome:
    """Build the report, write the files, and say how the run ended."""
    interrupted = exitstatus not in _FAILED_TESTS
    report = _report(run, findings, deselected, skipped, interrupted)
    folder = Path(run.options.report_dir or Path("reports") / run.options.run_id)
    write_all(report, as_har(findings.exchanges), folder, run.options.lang)
    if findings.left:
        ledger = {"run": run.options.run_id, "edition": run.edition.id, "created": findings.left}
        (folder / "ledger.json").write_text(json.dumps(ledger, indent=1) + "\n", encoding="utf-8")
    code = exit_code(report.verdict, allow_incomplete=run.options.allow_incomplete)
    if findings.configuration:
        code = 2
    elif interrupted and code in {0, 1}:
        code = 3
    return Outcome(report, folder, code, len(findings.left), findings.configuration)


def _report(
    run: Run,
    findings: Findings,
    deselected: dict[tuple[str, str], str],
    skipped: list[CaseResult],
    interrupted: bool,
) -> Report:
    target, options = run.target, run.options
    results = _known(run, [*findings.results, *findings.observed.values(), *skipped])
    return build_report(
        suite_version=__version__,
        edition=run.edition,
        target_identity=TargetInfo(
            target.name, target.vendor, target.version, target.environment, target.contact
        ),
        run=RunInfo(
            id=options.run_id,
            started=run.started.isoformat(timespec="seconds"),
            duration_s=round((datetime.now(UTC) - run.started).total_seconds(), 3),
            profile=options.profile,
            seed=options.seed,
            requests=len(findings.exchanges),
            large_tested=_large_tested(run, results),
            selection=_selection(run),
            interrupted=interrupted,
        ),
        requirements=run.bench.catalogue.of(run.edition),
        claimed_roles={name: role.base_url for name, role in target.roles.items()},
        claimed_flows={name: sorted(flows) for name, flows in run.claims.roles.items()},
        results=results,
        reasons=_reasons(run, deselected),
    )


def _known(run: Run, results: list[CaseResult]) -> list[CaseResult]:
    """Leave out what an option deselected: an observer sees exchanges of arrangements too."""
    selection = run.options.selection()
    if selection.everything:
        return results
    asked = {r.requirement for r in results if not r.id.endswith("observed]")}
    return [
        r
        for r in results
        if r.requirement in asked or any(r.requirement.startswith(w) for w in selection.requirements)
    ]


def _large_tested(run: Run, results: list[CaseResult]) -> bool | None:
    if not any(run.edition.operations(role, "upload") for role in run.claims.roles):
        return None
    return any(r.requirement.startswith("OKD-LIM") and r.exchanges for r in results)


def _selection(run: Run) -> tuple[str, ...]:
    options = run.options
    named = {
        "--role": options.roles,
        "--flow": options.flows,
        "--requirement": options.requirements,
        "--case": options.cases,
    }
    return tuple(f"{option} {value}" for option, values in named.items() for value in values)


def _reasons(run: Run, deselected: dict[tuple[str, str], str]) -> dict[tuple[str, str], Text]:
    found: dict[tuple[str, str], Text] = {}
    catalogue = run.bench.catalogue
    for requirement in catalogue.of(run.edition):
        for role in requirement.roles:
            row = (requirement.id, role)
            if requirement.untestable:
                found[row] = requirement.untestable
            elif requirement.id in catalogue.pending:
                found[row] = catalogue.pending[requirement.id]
            elif row in deselected or not run.options.selection().everything:
                found[row] = say(deselected.get(row, "deselected_by_option"))
    return found
