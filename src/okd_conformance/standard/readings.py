"""What an answer means in a situation: one table for all requirements, as data in ``specs/readings.yaml``."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from okd_conformance.base.paths import data_folder
from okd_conformance.base.text import Text
from okd_conformance.standard.bundle import read_data

Reading = Literal["conformant", "noted", "warned", "failed"]
READINGS: tuple[Reading, ...] = ("conformant", "noted", "warned", "failed")
_STRICTEST_FIRST: tuple[Reading, ...] = ("failed", "conformant", "noted", "warned")


@dataclass(frozen=True, slots=True)
class Answers:
    """Which HTTP statuses are conformant, noted, warned of, or failed in one situation."""

    conformant: tuple[int | str, ...] = ()
    noted: tuple[int | str, ...] = ()
    warned: tuple[int | str, ...] = ()
    failed: tuple[int | str, ...] = ()

    def reading_of(self, status: int) -> tuple[Reading, bool]:
        """How ``status`` is read, and whether a list names it; anything unnamed is failed."""
        exact = [r for r in _STRICTEST_FIRST if status in getattr(self, r)]
        by_class = [r for r in _STRICTEST_FIRST if f"{status // 100}xx" in getattr(self, r)]
        for reading in [*exact, *by_class]:
            return reading, True
        return "failed", False

    @property
    def accepted(self) -> tuple[int | str, ...]:
        """The statuses that pass, conformant first."""
        return (*self.conformant, *self.noted)

    @property
    def named(self) -> tuple[int | str, ...]:
        """All that a list names, statuses and classes of them."""
        return (*self.conformant, *self.noted, *self.warned, *self.failed)

    def narrowed(self, other: Mapping[str, Sequence[int | str]]) -> Answers:
        """Return a copy in which the statuses that ``other`` names are read as it says."""
        moved = {status for statuses in other.values() for status in statuses}
        return Answers(
            *((*(s for s in getattr(self, r) if s not in moved), *other.get(r, ())) for r in READINGS)
        )


@dataclass(frozen=True, slots=True)
class NamedReading:
    """How answers are read in one situation, for every row of the catalogue that names it."""

    name: str
    title: Text
    why: Text
    sources: tuple[Mapping[str, str], ...]
    answers: Answers
    grave: bool
    """It is about lost or mixed-up data, or a breach of privacy: that fails in every requirement."""
    editions: Mapping[str, Mapping[str, Sequence[int | str]]]
    """What some editions read otherwise."""

    def in_edition(self, edition: str | None) -> Answers:
        """The answers as this edition has them, or without one as they usually are."""
        return self.answers.narrowed(self.editions.get(edition or "", {}))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Statuses that ask the suite to try again, before anything is judged."""

    name: str
    title: Text
    why: Text
    statuses: tuple[int, ...]


@functools.cache
def load_readings() -> Mapping[str, NamedReading]:
    """Every reading, by name."""
    return {row["name"]: _reading(row) for row in _table()["readings"]}


@functools.cache
def load_waiting() -> Mapping[str, Waiting]:
    """What is waited for, by name."""
    rows = _table()["waits"]
    return {
        row["name"]: Waiting(
            row["name"], Text.from_json(row["title"]), Text.from_json(row["why"]), tuple(row["statuses"])
        )
        for row in rows
    }


def read(entry: str | Mapping[str, Any], edition: str | None = None) -> Answers:
    """The answers of a row's entry: the name of a reading, or one that the row narrows.

    Narrowing may be limited to some editions. Raises KeyError when there is no such reading.
    """
    if isinstance(entry, str):
        return load_readings()[entry].in_edition(edition)
    answers = read(entry["use"], edition)
    limited = "only" in entry and edition not in entry["only"]
    return answers if limited else answers.narrowed(entry["narrow"])


def _table() -> dict[str, Any]:
    table: dict[str, Any] = read_data(data_folder("specs") / "readings.yaml")
    return table


def _reading(row: dict[str, Any]) -> NamedReading:
    return NamedReading(
        name=row["name"],
        title=Text.from_json(row["title"]),
        why=Text.from_json(row["why"]),
        sources=tuple(row.get("sources", ())),
        answers=Answers().narrowed(row["answers"]),
        grave=bool(row.get("grave")),
        editions=row.get("editions", {}),
    )
