"""The exit codes of every command."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command ends with. Those that judge or look for something differ in words, not in numbers."""

    OK = 0
    """Conformant; in order; nothing found, broken or left; or excused by a baseline or an option."""
    FOUND = 1
    """Not conformant; something was found, or broke; a proof does not hold."""
    USAGE = 2
    """Wrong usage or configuration, a refused client secret too; a file that can't be read or written."""
    INCOMPLETE = 3
    """Incomplete, unreachable or interrupted; something is left at the target."""
    SUITE_FAULT = 4
    """A fault in the suite itself."""
