"""What the school knows: people, enrolments, sittings, exams; from ``school.yaml``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from okd_conformance.standard.bundle import read_data

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One enrolment of one person; ``values`` are by meaning, those of its programme included."""

    association_id: str
    person_id: str
    sequence_code: str
    values: Values


@dataclass(frozen=True, slots=True)
class Person:
    """A student; ``values`` are by meaning."""

    person_id: str
    student_number: str
    values: Values
    enrolments: tuple[Enrolment, ...]


@dataclass(frozen=True, slots=True)
class Sitting:
    """A sitting (component offering) with the people who take part, and the report of it, by meaning."""

    offering_id: str
    people: tuple[str, ...]
    report: Values


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at an exam; it lasts from ``since`` until the next one begins."""

    number: int
    since: str
    offering_id: str


@dataclass(frozen=True, slots=True)
class Exam:
    """An exam, found by its code and path."""

    code: str
    path: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client of the token issuer; ``scopes`` None means every scope of the edition."""

    client_id: str
    client_secret: str
    component: str
    scopes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class School:
    """Everything of ``school.yaml``."""

    people: tuple[Person, ...]
    sittings: tuple[Sitting, ...]
    exams: tuple[Exam, ...]
    subtypes: Mapping[str, list[dict[str, str]]]
    clients: tuple[KnownClient, ...]
    service: Values

    def person(self, person_id: str) -> Person | None:
        """Find a person by id, upper or lower case."""
        return next((p for p in self.people if p.person_id == person_id.lower()), None)

    def person_by_number(self, student_number: str) -> Person | None:
        """Find a person by student number, compared as text."""
        return next((p for p in self.people if p.student_number == student_number), None)

    def enrolment(self, association_id: str) -> Enrolment | None:
        """Find an enrolment by id, upper or lower case."""
        wanted = association_id.lower()
        return next((e for p in self.people for e in p.enrolments if e.association_id == wanted), None)

    def sitting(self, offering_id: str) -> Sitting | None:
        """Find a sitting by id, upper or lower case."""
        return next((s for s in self.sittings if s.offering_id == offering_id.lower()), None)

    def exams_with(self, code: str | None, path: str | None) -> list[Exam]:
        """Find the exams with this code and this path, each when it is given."""
        return [e for e in self.exams if code in (None, e.code) and path in (None, e.path)]

    def client(self, client_id: str) -> KnownClient | None:
        """Find a client of the issuer."""
        return next((c for c in self.clients if c.client_id == client_id), None)


@functools.cache
def load_school() -> School:
    """Read the seed data; shared, nothing in it changes."""
    raw = read_data(Path(__file__).with_name("school.yaml"))
    return School(
        people=tuple(_person(p, raw["programmes"]) for p in raw["people"]),
        sittings=tuple(Sitting(s["offering_id"], tuple(s["people"]), s["report"]) for s in raw["sittings"]),
        exams=tuple(_exam(e) for e in raw["exams"]),
        subtypes=raw["subtypes"],
        clients=tuple(_client(c) for c in raw["clients"]),
        service=raw["service"],
    )


def _person(raw: Values, programmes: Values) -> Person:
    values = {name: value for name, value in raw.items() if name != "enrolments"}
    enrolments = tuple(
        Enrolment(
            e["association_id"],
            raw["person_id"],
            e["sequence_code"],
            {**values, **programmes[e["programme"]], **{k: v for k, v in e.items() if k != "programme"}},
        )
        for e in raw["enrolments"]
    )
    return Person(raw["person_id"], raw["student_number"], values, enrolments)


def _exam(raw: Values) -> Exam:
    attempts = tuple(Attempt(a["attempt"], a["since"], a["offering_id"]) for a in raw["attempts"])
    return Exam(raw["exam_code"], raw["exam_code_path"], attempts)


def _client(raw: Values) -> KnownClient:
    scopes = None if raw["scopes"] == "all" else tuple(raw["scopes"])
    return KnownClient(raw["client_id"], raw["client_secret"], raw["component"], scopes)
