"""The known defects of the published standard, and where lint finds each (``defects.yaml``)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from okd_conformance.standard.bundle import read_data

_SHORT = {
    "S/": "specification/v5/schemas/",
    "P/": "specification/v5/paths/",
    "C/": "specification/v5/consumers/NL-OKD/V1/",
}


@dataclass(frozen=True, slots=True)
class Trace:
    """What lint finds of a defect, and where."""

    rule: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect by its number; ``reason`` says why no program can find it."""

    number: str
    traces: tuple[Trace, ...]
    reason: str | None


@functools.cache
def defects(edition: str) -> dict[str, Defect]:
    """Every known defect of an edition, by its number."""
    found = {}
    for number, row in read_data(Path(__file__).with_name("defects.yaml")).get(edition, {}).items():
        if isinstance(row, str):
            found[number] = Defect(number, (), row)
        else:
            traces = tuple(Trace(rule, _long(file), line) for rule, file, line in row)
            found[number] = Defect(number, traces, None)
    return found


def _long(file: str) -> str:
    return _SHORT.get(file[:2], file[:2]) + file[2:]
