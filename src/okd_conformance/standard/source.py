"""Published files as they stand: YAML with the line of every key, read with bounds."""

from __future__ import annotations

from pathlib import Path

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.input_file import read_input
from okd_conformance.base.text import Lang, Text
from okd_conformance.base.yaml_input import Manner, parse_yaml

PUBLISHED = Manner(max_bytes=5_000_000, max_depth=60, max_nodes=200_000, lenient=True)


class SourceError(ValueError):
    """A file can't be read; ``line`` says where, ``reason`` why."""

    def __init__(self, file: Path, line: int, reason: Text) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason

    def render(self, lang: Lang) -> str:
        """The place and the reason, for people."""
        return f"{self.file}:{self.line}: {self.reason.in_language(lang)}"


class PublishedFile:
    """One file: its value, with texts as keys, and the line of each part."""

    def __init__(self, path: Path, text: str, first_line: int = 1) -> None:
        try:
            document = parse_yaml(str(path), text, PUBLISHED, first_line)
        except ConfigurationError as error:
            raise _refused(path, error) from None
        self.path = path
        self.value = document.value
        self.line = document.line
        self.written = document.source
        self.odd_keys = document.odd_keys
        self.repeated = document.repeated


def read_text(path: Path) -> str:
    """The text of a file. Raises SourceError when it is missing, too large or not UTF-8."""
    try:
        return read_input(path, PUBLISHED.max_bytes)
    except ConfigurationError as error:
        raise _refused(path, error) from None


def _refused(path: Path, error: ConfigurationError) -> SourceError:
    [mistake] = error.mistakes
    return SourceError(path, mistake.line or 1, mistake.message)


def real(path: Path) -> Path:
    """The path without symbolic links; as it is when they lead nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()
