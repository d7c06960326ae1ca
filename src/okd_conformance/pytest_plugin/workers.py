"""What the processes of a run hand to the one that writes the report."""

from __future__ import annotations

from typing import Any

import pytest

from okd_conformance.base.text import Text
from okd_conformance.checks.running import merged, plain, results_from
from okd_conformance.judge.outcome import CaseResult
from okd_conformance.pytest_plugin.state import KEY, State


def payload(state: State, results: list[CaseResult]) -> dict[str, Any]:
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


def take(state: State, value: dict[str, Any]) -> None:
    """Receive what ``payload`` gave, here or in a worker."""
    findings = state.findings
    if state.nodes:
        value = {**value, "results": state.redact_deep(value["results"])}
    for result in results_from(value["results"]):
        findings.results.append(result)
        if state.reporter is not None and not state.is_worker:
            state.reporter.case_done(result)
    for result in results_from(value["observed"]):
        findings.observed[result.id] = merged(findings.observed.get(result.id), result)
    findings.exchanges += value["exchanges"]


def hand_over(session: pytest.Session, state: State) -> None:
    """Give the main process, at the end of a worker, all that no test told."""
    output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
    output[KEY] = {
        "last": payload(state, []),
        "stopped": state.findings.stopped.as_json() if state.findings.stopped else None,
        "deselected": [[list(row), reason] for row, reason in state.deselected.items()],
        "skipped": plain(state.skipped.values()),
        "configuration": state.findings.configuration,
        "noted": state.run.bench.ledger.unwritten is None,
        "tidy": not len(state.run.bench.left()),
    }


def receive(node: Any, state: State) -> bool:
    """Take what a worker had not told yet; False when there may be something left to undo.

    That is when it ended without telling, when its journal could not be written, or when its cleaning up was
    interrupted.
    """
    output: dict[str, Any] = getattr(node, "workeroutput", {}).pop(KEY, {})
    noted = False
    if output:
        take(state, output["last"])
        state.findings.stop(Text.from_json(output["stopped"]) if output["stopped"] else None)
        state.findings.configuration = state.findings.configuration or output["configuration"]
        noted = bool(output["noted"] and output["tidy"])
        state.deselected.update({tuple(row): reason for row, reason in output["deselected"]})
        for result in results_from(output["skipped"]):
            state.skip(result)
    return noted
