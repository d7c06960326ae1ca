"""Which findings have one cause, and which harm most: data in ``specs/causes.yaml``, explained there."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal

from okd_conformance.base.paths import data_folder
from okd_conformance.base.text import Text
from okd_conformance.standard.bundle import read_data
from okd_conformance.standard.catalogue import Requirement
from okd_conformance.standard.readings import Answers, load_readings

ANYTHING = "*"
Same = Literal["answer", "status", "any"]


@dataclass(frozen=True, slots=True)
class CauseRule:
    """One way in which findings come from another one."""

    name: str
    why: Text
    roots: tuple[str, ...]
    follow: tuple[str, ...]
    same: Same = "answer"
    together: Same = "answer"
    answers: Answers | None = None
    """Where the root got another answer, the rule doesn't hold; None: it holds for any."""

    @property
    def is_open(self) -> bool:
        """Whether the root may be anything."""
        return ANYTHING in self.roots

    def is_followed_by(self, requirement: str) -> bool:
        """Whether a finding of this requirement may come beneath."""
        return ANYTHING in self.follow or requirement in self.follow

    def concerns(self, status: int | None) -> bool:
        """Whether the rule holds where the root got this; no answer at all is like a server error."""
        return self.answers is None or self.answers.reading_of(status or 599)[1]


@functools.cache
def load_causes() -> tuple[CauseRule, ...]:
    """Every rule, in the order in which they are tried."""
    return tuple(map(_rule, _table()["causes"]))


def is_harmful(requirement: Requirement, statuses: frozenset[int | None]) -> bool:
    """Whether a failure with these answers is a breach of privacy, or means lost or mixed-up data."""
    used = set(requirement.readings.values())
    grave = [reading.answers for name, reading in load_readings().items() if reading.grave and name in used]
    listed = [
        Answers(failed=tuple(row["answers"])) for row in _table()["harm"] if used & set(row["readings"])
    ]
    return any(
        answers.reading_of(s) == ("failed", True) for answers in (*grave, *listed) for s in statuses if s
    )


def _rule(row: dict[str, Any]) -> CauseRule:
    return CauseRule(
        name=row["name"],
        why=Text.from_json(row["why"]),
        roots=_ids(row["roots"]),
        follow=_ids(row["follow"]),
        same=row.get("same", "answer"),
        together=row.get("together", "answer"),
        answers=Answers(noted=tuple(row["answers"])) if "answers" in row else None,
    )


def _ids(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = read_data(data_folder("specs") / "causes.yaml")
    return table
