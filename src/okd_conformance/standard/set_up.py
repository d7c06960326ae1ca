"""When a refusal is set-up and not the product: the table in ``specs/set_up.yaml``."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from okd_conformance.base.paths import data_folder
from okd_conformance.base.text import Text
from okd_conformance.standard.bundle import read_data

Tried = Literal[
    "everything",
    "with_token",
    "minted",
    "unsecured",
    "other_fixtures",
    "named",
    "invented",
    "invented_beside",
]
Came = int | str


@dataclass(frozen=True, slots=True)
class SetUpCause:
    """A row of the table: what was tried, what came, and which part of the target file that points to."""

    name: str
    tried: Tried
    came: tuple[Came, ...]
    look: tuple[str, ...]
    words: Text
    when: str | None = None
    whole: bool = False
    """It explains every failure of the role, also where nothing was refused."""

    def fits(self, tried: Tried, came: Collection[Came], circumstances: Collection[str]) -> bool:
        """Whether the row decides for what was tried and what came."""
        here = self.when is None or self.when in circumstances
        return here and self.tried == tried and any(one in self.came for one in came)

    def told(self, place: str, role: str, came: Text) -> Text:
        """The cause in words."""
        return Text(
            nl=self.words.nl.format(place=place, role=role, came=came.nl),
            en=self.words.en.format(place=place, role=role, came=came.en),
        )


@functools.cache
def load_causes() -> tuple[SetUpCause, ...]:
    """Every row, in the order in which they decide."""
    rows = read_data(data_folder("specs") / "set_up.yaml")["causes"]
    return tuple(
        SetUpCause(
            row["name"],
            row["tried"],
            tuple(row["came"]),
            tuple(row["look"]),
            Text.from_json(row["words"]),
            row.get("when"),
            bool(row.get("whole")),
        )
        for row in rows
    )


def cause_of(tried: Tried, came: Collection[Came], circumstances: Collection[str]) -> SetUpCause | None:
    """The row that decides, or None when the product answers for itself."""
    return next((cause for cause in load_causes() if cause.fits(tried, came, circumstances)), None)
