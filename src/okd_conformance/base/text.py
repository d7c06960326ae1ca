"""Texts for people, always in Dutch and English.

The sentences themselves are data: a file for each room under ``messages``, and that of the checks beside the
suites.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from okd_conformance.base import choices
from okd_conformance.base.paths import data_folder

Lang = choices.Lang


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence for people, in both languages."""

    nl: str
    en: str

    def in_language(self, lang: Lang) -> str:
        """Return the sentence in ``lang``."""
        return self.nl if lang == "nl" else self.en

    def as_json(self) -> dict[str, str]:
        """Return the form that ``report.json`` uses."""
        return {"nl": self.nl, "en": self.en}

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> Text:
        """Read the form that ``report.json`` and the catalogue use; KeyError when a language is missing."""
        return cls(nl=value["nl"], en=value["en"])

    @classmethod
    def same(cls, words: str) -> Text:
        """Text that reads the same in both languages, such as a status line."""
        return cls(nl=words, en=words)

    def __str__(self) -> str:
        return self.en


def joined(texts: list[Text], separator: str = " ") -> Text:
    """Join texts, language by language."""
    return Text(separator.join(t.nl for t in texts), separator.join(t.en for t in texts))


def message_files() -> list[Path]:
    """Return every file with sentences; no key stands in two of them."""
    return [
        *sorted(Path(__file__).with_name("messages").glob("*.yaml")),
        data_folder("suites") / "messages.yaml",
    ]


@functools.cache
def _messages() -> Mapping[str, Mapping[str, str]]:
    # Not by the reader of yaml_input: that tells of mistakes with these sentences. The tests read them by it.
    loaded: dict[str, Mapping[str, str]] = {}
    for file in message_files():
        loaded.update(yaml.load(file.read_text("utf-8"), Loader=_LOADER))  # noqa: S506
    return loaded


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def say(key: str, /, **values: object) -> Text:
    """Return the message ``key`` with ``values`` filled in; a value that is a Text is filled in per language.

    Raises KeyError when the key or a value is missing.
    """
    message = _messages()[key]

    def fill(lang: Lang) -> str:
        own = {k: v.in_language(lang) if isinstance(v, Text) else v for k, v in values.items()}
        return message[lang].format(**own)

    return Text(nl=fill("nl"), en=fill("en"))
