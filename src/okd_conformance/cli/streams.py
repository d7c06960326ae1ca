"""Standard output and error that may be closed, full or cut off: what can't be shown changes no exit code."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

_STANDARD = (0, 1, 2)


def make_sure_of_streams() -> None:
    """Give the process the three standard streams, and let writing to two of them never raise.

    A closed one leads nowhere; otherwise the next file that is opened would take its number.
    """
    for number in _STANDARD:
        if not _is_open(number):
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - for the whole process
    sys.stdout = _forgiving(sys.stdout, 1)
    sys.stderr = _forgiving(sys.stderr, 2)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _forgiving(stream: TextIO | None, number: int) -> TextIO:
    encoding, errors = getattr(stream, "encoding", None), getattr(stream, "errors", None)
    interactive = os.isatty(number)
    if stream is not None and interactive and sys.platform == "win32":
        return stream  # a console of Windows is not written to by its number
    raw = io.BufferedWriter(_Forgiving(number))
    return io.TextIOWrapper(
        raw, encoding or "utf-8", errors or "replace", line_buffering=interactive or number == 2
    )


class _Forgiving(io.RawIOBase):
    """Writes to a file descriptor; what the system refuses is dropped, and told once on standard error."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._told = False

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def fileno(self) -> int:
        return self._number

    def write(self, data: Buffer, /) -> int:
        try:
            return os.write(self._number, data)
        except BrokenPipeError:  # the reader has seen enough
            return memoryview(data).nbytes
        except BlockingIOError:  # the reader is slow; nothing is lost
            select.select([], [self._number], [])
            return 0
        except OSError as error:
            self._tell(error)
            return memoryview(data).nbytes

    def _tell(self, error: OSError) -> None:
        if not self._told and self._number != 2:
            self._told = True
            sys.stderr.write(f"okd-conformance: the output could not be written: {error.strerror}\n")
