"""What pytest shows of our cases: the outcome in words, nothing secret, nothing that acts on a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from okd_conformance.base.clean import printable
from okd_conformance.base.text import Lang, say
from okd_conformance.judge.events import CaseEnded
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.judge.stops import NotApplicable, NotTested, Stopped
from okd_conformance.pytest_plugin.state import State


def shape(report: pytest.TestReport, ended: CaseEnded, lang: Lang) -> None:
    """Let pytest's own reporting show our outcome: one readable text instead of a traceback."""
    result, error = ended.result, ended.error
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


def redact_report(report: pytest.TestReport, state: State) -> None:
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


def redact_entry(entry: Any, state: State) -> None:
    """One step of a traceback of pytest: its lines, its local variables and its arguments."""
    for part in (entry, getattr(entry, "reprlocals", None)):
        if part is not None:
            part.lines = [state.redact(line) for line in part.lines]
    arguments = getattr(entry, "reprfuncargs", None)
    if arguments is not None:
        arguments.args = [(name, state.redact(str(value))) for name, value in arguments.args]
