"""How the statuses of requirements add up to a verdict, and a verdict to an exit code."""

from __future__ import annotations

from collections.abc import Iterable

from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.judge.outcome import Status, Verdict

_EXIT_CODES = {
    Verdict.CONFORMANT: ExitCode.OK,
    Verdict.NOT_CONFORMANT: ExitCode.FOUND,
    Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
    Verdict.SUITE_FAULT: ExitCode.SUITE_FAULT,
}


def verdict_of(rows: Iterable[tuple[str, Status]]) -> Verdict:
    """Return the verdict of requirements, each given by its level and its status.

    Only a MUST counts, but a fault of the suite counts at every level. Where nothing at all was judged
    there is nothing to be conformant with: that is incomplete.
    """
    found = list(rows)
    statuses = {status for _, status in found}
    must = {status for level, status in found if level == "MUST"}
    if Status.SUITE_FAULT in statuses:
        return Verdict.SUITE_FAULT
    if Status.FAILED in must:
        return Verdict.NOT_CONFORMANT
    if Status.INCONCLUSIVE in must or not any(status.is_judged for status in statuses):
        return Verdict.INCOMPLETE
    return Verdict.CONFORMANT


def exit_code(
    verdict: Verdict, *, allow_incomplete: bool = False, excused: Verdict | None = None
) -> ExitCode:
    """Return the exit code of a run.

    ``excused`` is what the verdict would be without the failures that a baseline lists
    (``Report.verdict_without``): it changes the exit code, never the verdict itself.
    """
    code = _EXIT_CODES[verdict if excused is None else excused]
    if allow_incomplete and code is ExitCode.INCOMPLETE:
        code = ExitCode.OK
    return code
