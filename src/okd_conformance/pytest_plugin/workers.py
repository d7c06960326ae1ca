"""What a worker of pytest-xdist hands to the process that writes the report, when it ends."""

from __future__ import annotations

from typing import Any

import pytest

from okd_conformance.base.text import Text
from okd_conformance.checks.running import plain, results_from
from okd_conformance.pytest_plugin.state import KEY, State


def hand_over(session: pytest.Session, state: State) -> None:
    """Give the main process, at the end of a worker, all that no test told."""
    output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
    output[KEY] = {
        "last": state.gathering.hand_over(),
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
        state.gathering.take(output["last"])
        state.findings.stop(Text.from_json(output["stopped"]) if output["stopped"] else None)
        state.findings.configuration = state.findings.configuration or output["configuration"]
        noted = bool(output["noted"] and output["tidy"])
        state.deselected.update({tuple(row): reason for row, reason in output["deselected"]})
        for result in results_from(output["skipped"]):
            state.skip(result)
    return noted
