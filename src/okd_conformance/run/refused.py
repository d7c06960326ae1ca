"""Why a run can't begin."""

from __future__ import annotations

from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Text
from okd_conformance.run.run import Run


class RefusedError(Exception):
    """The run can't begin; the reason is for people."""

    exit_code = ExitCode.USAGE

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


class UnreachableError(RefusedError):
    """The target, or its token endpoint, cannot be reached; of such a run there is a report all the same."""

    exit_code = ExitCode.INCOMPLETE

    def __init__(self, reason: Text, run: Run) -> None:
        super().__init__(reason)
        self.run = run
