"""Files that somebody gives us, read as text: ordinary files of a bounded size, in UTF-8.

Whatever is wrong with one is told in plain words; nothing of its content is repeated.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NoReturn

from okd_conformance.base.configuration import ConfigurationError, Mistake
from okd_conformance.base.text import say

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without waiting: a pipe to which nobody writes would keep us for ever."""


def read_input(path: Path | str, max_bytes: int) -> str:
    """Return the text of a file, without a byte order mark.

    Raises ConfigurationError when it isn't there, isn't an ordinary file, is larger than ``max_bytes``, or
    isn't UTF-8.
    """
    file = str(path)
    content = _content(file, max_bytes)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(file, content.count(b"\n", 0, error.start) + 1, "input_not_utf8")


def read_raw(path: Path | str, max_bytes: int) -> bytes:
    """Return the bytes of a file. Raises ConfigurationError like ``read_input``, but for what isn't UTF-8."""
    return _content(str(path), max_bytes)


def _content(file: str, max_bytes: int) -> bytes:
    try:
        kind = os.stat(file).st_mode  # noqa: PTH116 - a name that no path can have is refused below
        if stat.S_ISDIR(kind):
            refuse(file, None, "input_folder")
        if not stat.S_ISREG(kind):
            refuse(file, None, "input_special")
        with os.fdopen(os.open(file, _OPEN), "rb") as stream:
            content = stream.read(max_bytes + 1)
    except FileNotFoundError:
        refuse(file, None, "input_no_file")
    except (OSError, ValueError):
        refuse(file, None, "input_unreadable")
    if len(content) > max_bytes:
        refuse(file, None, "input_too_large", limit=max_bytes)
    return content


def refuse(file: str, line: int | None, message: str, /, **values: object) -> NoReturn:
    """Raise ConfigurationError with this message, and the remedy that belongs to it."""
    mistake = Mistake(file, line, say(message, **values), say(f"{message}_remedy", **values))
    raise ConfigurationError([mistake]) from None
