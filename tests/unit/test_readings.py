"""Readings are data that rows of the catalogue name, and level and basis decide who may fail."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from okd_conformance.base.paths import data_folder
from okd_conformance.standard.bundle import read_data
from okd_conformance.standard.catalogue import Requirement, load_catalogue
from okd_conformance.standard.edition import edition_ids, load_edition
from okd_conformance.standard.readings import READINGS, load_readings, load_waiting
from okd_conformance.wire.throttling import UNAVAILABLE

FOLDER = data_folder("specs")
ROWS: list[dict[str, Any]] = [
    row
    for file in sorted((FOLDER / "catalogue").glob("*.yaml"))
    for row in read_data(file).get("requirements", ())
]
CATALOGUE = load_catalogue()
BY_ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
CODE = re.compile(r"`[^`]*`|\S*[/{}$_]\S*|\b[a-z]+[A-Z]\w*")
"""What is no word: code, addresses and names of fields."""
LEAST_WORDS = 3


def plain(text: str) -> str:
    return " ".join(text.split())


def test_a_reading_is_named_once_told_in_both_languages_and_used() -> None:
    rows: list[dict[str, Any]] = read_data(FOLDER / "readings.yaml")["readings"]
    assert [name for name, times in Counter(row["name"] for row in rows).items() if times > 1] == []
    used = {name for requirement in CATALOGUE for name in requirement.readings.values()}
    assert used == {row["name"] for row in rows}
    for row in rows:
        assert set(row) <= {"name", "title", "why", "sources", "answers", "editions", "grave"}
        assert set(row["title"]) == set(row["why"]) == {"nl", "en"}
        assert set(row.get("editions", ())) <= set(edition_ids())


@BY_ROW
def test_a_row_narrows_a_reading_only_with_words_that_it_quotes(row: dict[str, Any]) -> None:
    quoted = [plain(source.get("quote", "")) for source in row.get("sources", [])]
    for entry in (entry for entry in row.get("answers", {}).values() if not isinstance(entry, str)):
        assert {"use", "narrow", "source"} <= set(entry) <= {"use", "narrow", "source", "only"}
        assert set(entry["narrow"]) <= set(READINGS)
        assert set(entry.get("only", ())) <= set(row["editions"])
        assert any(plain(entry["source"]) in quote for quote in quoted)


def test_what_is_waited_for_is_no_success() -> None:
    assert set(load_waiting()) == {"not_ready", "busy", "unavailable"}
    assert set(load_waiting()["unavailable"].statuses) == UNAVAILABLE
    assert all(status >= 400 for waiting in load_waiting().values() for status in waiting.statuses)


def held() -> list[Requirement]:
    """Each row, and once more for each edition where it is otherwise."""
    return [r.in_edition(load_edition(e)) for r in CATALOGUE for e in r.editions if r.answers]


def test_only_a_grave_fact_or_a_server_error_fails_a_row_that_can_not_fail() -> None:
    readings = load_readings()
    wrong = {
        (r.id, situation)
        for r in held()
        for situation, answers in r.answers.items()
        if not r.can_fail and not readings[r.readings[situation]].grave
        if [s for s in answers.failed if s != "5xx" and not (isinstance(s, int) and s >= 500)]
    }
    assert wrong == set()


def test_what_rests_on_an_rfc_alone_never_fails() -> None:
    assert {
        r.id for r in held() if r.can_fail and all(s.document.startswith("RFC") for s in r.sources)
    } == set()


@BY_ROW
def test_an_explicit_row_quotes_words(row: dict[str, Any]) -> None:
    """A field, an address or an example alone says it only by deduction."""
    words = [
        CODE.sub("", source.get("quote", "")) for source in row.get("sources", []) if "rfc" not in source
    ]
    said = max((len(re.findall(r"[^\W\d_]{2,}", text)) for text in words), default=0)
    assert row["basis"] != "explicit" or said >= LEAST_WORDS


@BY_ROW
def test_what_is_otherwise_in_an_edition_is_said_of_one_that_has_the_row(row: dict[str, Any]) -> None:
    for edition, changes in row.get("in_edition", {}).items():
        assert edition in row["editions"]
        assert changes
        assert set(changes) <= {"level", "basis", "reasoning"}
