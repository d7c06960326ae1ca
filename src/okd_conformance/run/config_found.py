"""What ``check-config`` finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Text

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
    """What is wrong with the target file itself."""
    return (Found("bad", m.message, m.remedy, ExitCode.USAGE) for m in error.mistakes)
