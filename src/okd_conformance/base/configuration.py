"""Mistakes in a file that a user wrote: which line, what is wrong, and how to mend it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from okd_conformance.base.text import Lang, Text


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a file. ``line`` counts from 1; None: it is about the whole file."""

    file: str
    line: int | None
    message: Text
    remedy: Text

    def render(self, lang: Lang) -> str:
        """Return ``file:line: message`` with the remedy indented below it."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        remedy = textwrap.indent(self.remedy.in_language(lang), "    ")
        return f"{place}: {self.message.in_language(lang)}\n{remedy}"


class ConfigurationError(Exception):
    """A file can't be used; ``mistakes`` says everything that is wrong with it, in the order of the lines."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(mistakes, key=lambda mistake: mistake.line or 0)
        super().__init__(self.render("en"))

    def render(self, lang: Lang) -> str:
        """Return one block for each mistake."""
        return "\n".join(mistake.render(lang) for mistake in self.mistakes)


def shortened(words: str, limit: int = 60) -> str:
    """Return words from a file in a form that is safe to show: on one line, printable and short."""
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}\N{HORIZONTAL ELLIPSIS}"
