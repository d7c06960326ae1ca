"""The baseline: failures that are known, each with a reason and an end date.

It excuses them for the exit code alone, so that a pipeline can go on; the verdict stays what it is. An entry
that is stale (the case no longer fails), unknown (there is no such case) or expired fails the run, so that
nobody forgets one.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from msgspec import UNSET

from okd_conformance.base.configuration import ConfigurationError, Mistake, shortened
from okd_conformance.base.text import Text, say
from okd_conformance.base.yaml_input import Document, Pointer, read_yaml
from okd_conformance.checks.planning import is_named
from okd_conformance.judge.case_id import is_case_id, requirement_of, role_of
from okd_conformance.judge.outcome import CaseResult, Excuse, Status
from okd_conformance.report.model import Report
from okd_conformance.report.wording import counted

_NAMES = ("case", "requirement")
_KEYS = ("reason", "until")


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One known failure: a case, or every case of a requirement."""

    name: str
    """The id of the case, or of the requirement."""
    reason: str
    until: date
    """The last day on which it is excused."""
    line: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What a baseline makes of a run."""

    excuses: Mapping[str, Excuse]
    """The failed cases that it excuses, by id."""
    mistakes: tuple[Mistake, ...]
    """The entries that are stale, unknown or expired."""

    @property
    def excused(self) -> tuple[str, ...]:
        """The ids of the failed cases that it excuses."""
        return tuple(self.excuses)

    def mark(self, report: Report) -> None:
        """Write each excuse at its case, so that every rendering of the report can show it."""
        for case in report.cases():
            case.excused = self.excuses.get(case.id, UNSET)

    def words(self, file: str) -> tuple[Text, ...]:
        """How many failures it excuses and what is wrong with it, for people."""
        excused = [counted("baseline_excused", len(self.excused), file=file)] if self.excused else []
        return (*excused, *(Text(m.render("nl"), m.render("en")) for m in self.mistakes))


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline file."""

    file: str
    entries: tuple[KnownFailure, ...]

    def applied(self, report: Report, today: date | None = None) -> Applied:
        """What the file makes of a run. ``today`` defaults to the day, in UTC, on which the run began."""
        day = today or _day(report.run.started)
        excuses: dict[str, Excuse] = {}
        mistakes = []
        for entry in self.entries:
            cases = [case for case in report.cases() if entry.name in {case.id, requirement_of(case.id)}]
            wrong = _wrong(entry, cases, report, day)
            if wrong is not None:
                mistakes.append(Mistake(self.file, entry.line, *wrong))
                continue
            for case in cases:
                if case.status is Status.FAILED:
                    excuses[case.id] = Excuse(entry.reason, entry.until.isoformat())
        return Applied(excuses, tuple(mistakes))


def _day(started: str) -> date:
    return datetime.fromisoformat(started).astimezone(UTC).date()


def _wrong(
    entry: KnownFailure, cases: Sequence[CaseResult], report: Report, today: date
) -> tuple[Text, Text] | None:
    """Why an entry no longer holds, and what to do about it."""
    if entry.until < today:
        return say("baseline_expired", case=entry.name, until=entry.until), say("baseline_expired_remedy")
    if cases and all(case.status.is_mended for case in cases):
        return say("baseline_stale", case=entry.name), say("baseline_stale_remedy")
    if not cases and _would_be_there(entry, report):
        near = difflib.get_close_matches(entry.name, [c.id for c in report.cases()], n=1)
        remedy = say("baseline_unknown_near", near=near[0]) if near else say("baseline_unknown_remedy")
        return say("baseline_unknown", case=entry.name), remedy
    return None


def _would_be_there(entry: KnownFailure, report: Report) -> bool:
    """Whether the run would have shown the case if it existed.

    A run that was broken off says nothing, nor does a narrowed one of what it left out. Of a narrowed one by
    flow or case nobody can tell what an unknown case would belong to.
    """
    requirement = requirement_of(entry.name)
    if requirement not in {row.id for row in report.requirements}:
        return True
    if report.run.interrupted:
        return False
    chosen: dict[str, list[str]] = defaultdict(list)
    for option, _, value in (words.partition(" ") for words in report.run.selection):
        chosen[option].append(value)
    if chosen.keys() - {"--requirement", "--role", "--large"}:
        return False
    named = chosen.get("--requirement")
    roles = chosen.get("--role")
    return (not named or any(is_named(wanted, requirement) for wanted in named)) and (
        not roles or not is_case_id(entry.name) or role_of(entry.name) in roles
    )


# --- reading ----------------------------------------------------------------------------------------------


def load_baseline(path: Path | str) -> Baseline:
    """Read a baseline file. Raises ConfigurationError with everything that is wrong with it."""
    document = read_yaml(path)
    mistakes = list(_mistakes(document))
    if mistakes:
        raise ConfigurationError(mistakes)
    entries: Sequence[dict[str, Any]] = document.value["excused"] or ()
    return Baseline(
        document.file,
        tuple(
            KnownFailure(
                _name_in(e), e["reason"], date.fromisoformat(e["until"]), document.line(("excused", index))
            )
            for index, e in enumerate(entries)
        ),
    )


def _mistakes(document: Document) -> Iterator[Mistake]:
    def mistake(pointer: Pointer, key: str, **values: object) -> Mistake:
        return Mistake(document.file, document.line(pointer), say(key, **values), say("baseline_form"))

    value = document.value
    if not isinstance(value, dict) or set(value) != {"excused"}:
        yield mistake((), "baseline_no_list")
        return
    entries = value["excused"] or []
    if not isinstance(entries, list):
        yield mistake(("excused",), "baseline_no_list")
        return
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        pointer: Pointer = ("excused", index)
        wrong = _wrong_with(entry)
        if wrong is not None:
            yield mistake(pointer, "baseline_wrong_entry", what=wrong)
        elif _name_in(entry) in seen:
            yield mistake(pointer, "baseline_twice", case=shortened(_name_in(entry)))
        else:
            seen.add(_name_in(entry))


def _name_in(entry: Mapping[str, Any]) -> str:
    return str(entry["case"] if "case" in entry else entry["requirement"])


def _wrong_with(entry: Any) -> str | None:
    """The first key of an entry that is not right."""
    if not isinstance(entry, dict):
        return "case"
    unknown = [shortened(str(key)) for key in entry if key not in {*_NAMES, *_KEYS}]
    named = [key for key in _NAMES if key in entry]
    absent = [k for k in (*named, *_KEYS) if not isinstance(entry.get(k), str) or not entry[k].strip()]
    if unknown or len(named) != 1 or absent:
        return next(iter((*unknown, *absent)), "case")
    if is_case_id(_name_in(entry)) is not (named == ["case"]):
        return named[0]
    try:
        date.fromisoformat(entry["until"])
    except ValueError:
        return "until"
    return None
