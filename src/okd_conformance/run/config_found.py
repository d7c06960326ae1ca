"""What ``check-config`` finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Text, say

LABEL = "check-config"
"""What its requests are sent for."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was looked at."""

    how: str
    """good, bad, warning, or unknown: it can't be seen from here."""
    words: Text
    remedy: Text | None = None
    code: ExitCode = ExitCode.INCOMPLETE
    """The exit code that it leads to when it is bad."""


def mistakes(error: ConfigurationError) -> Iterator[Found]:
    """What is wrong in a file, each with its line."""
    for m in error.mistakes:
        words = say("config_at", file=Path(m.file).name, line=m.line, words=m.message)
        yield Found("bad", words if m.line else m.message, m.remedy, ExitCode.USAGE)
