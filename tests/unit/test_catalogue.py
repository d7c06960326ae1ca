"""The requirement catalogue is complete, agrees with the editions and the suites, and quotes truly."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from okd_conformance.base.paths import data_folder
from okd_conformance.base.yaml_input import read_yaml
from okd_conformance.standard.bundle import read_data
from okd_conformance.standard.catalogue import ORDER, Requirement, load_catalogue
from okd_conformance.standard.edition import edition_ids, edition_variants, load_edition
from okd_conformance.standard.frozen import differences, digest, frozen_file, frozen_set
from okd_conformance.standard.readings import READINGS, Answers, load_readings
from support.upstream import founding_documents, published

FOLDER = data_folder("specs") / "catalogue"
EDITIONS = ("okd-0.3", "okd-0.6", "okd-0.9.1", "okd-1.5", "oke-2022.07")
ROLES = {"dms", "inschrijven", "examineren", "bpv", "diplomeren", "toetsplanning", "toetsafname"}
KINDS = {"upload", "read", "metadata", "replace", "delete", "register", "change", "lookup", "lock", "service"}
FIXTURES = {
    "person_id",
    "student_number",
    "association_id",
    "sequence_code",
    "second_association",
    "other_person",
    "offering_id",
    "exam_code",
    "exam_code_path",
}
HOOKS = {"show_filing", "lock", "destroy", "register"}
CLASSES = {"1xx", "2xx", "3xx", "4xx", "5xx"}
LANGUAGES = {"nl", "en"}
TEXTS = ("statement", "why", "reasoning", "test", "remedy", "untestable", "parked")
ALWAYS = {"id", "level", "basis", "roles", "editions", "statement", "why"}
TOLD = {"sources", "reasoning", "applies", "test", "answers", "needs", "remedy"}
KEYS = ALWAYS | TOLD | {"in_edition", "never_fails", "untestable", "parked"}
SOURCE_KEYS = ({"rfc", "section"}, {"seed", "quote"}, {"edition", "document", "section", "quote"})
LONGEST_QUOTE = 200
RELEASED = edition_ids()
WHERE_400_AND_422_DIFFER = {"unknown_place"}
"""400 tells less about a place that is not known yet."""
WRONG_DUTCH = re.compile(
    r"\b(?:de|die|deze|elke|dezelfde|een \w+e) id\b(?!')|\bids\b|\bhaken?\b|\btargetbestand", re.IGNORECASE
)

FILES = sorted(f for f in FOLDER.glob("*.yaml") if f.name != "pending.yaml")
ROWS: list[dict[str, Any]] = [row for file in FILES for row in read_data(file)["requirements"]]
CATALOGUE = load_catalogue()
TESTABLE = [row for row in ROWS if "untestable" not in row and "parked" not in row]
BY_ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
BY_TESTABLE_ROW = pytest.mark.parametrize("row", TESTABLE, ids=lambda row: row["id"])
BY_FILE = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
BY_EDITION = pytest.mark.parametrize("edition_id", edition_ids())


def situations(row: dict[str, Any]) -> Iterator[tuple[str, Answers]]:
    yield from CATALOGUE[row["id"]].answers.items()


def told(answers: Answers) -> list[int | str]:
    return [status for reading in READINGS for status in getattr(answers, reading)]


# Form


@BY_FILE
def test_a_file_holds_one_section(file: Path) -> None:
    data = read_yaml(file).value  # also refuses a key that is given twice
    assert set(data) == {"section", "title", "requirements"}
    assert data["section"] == file.stem
    assert set(data["title"]) == LANGUAGES
    assert data["requirements"]
    form = re.compile(r"OKE-F04-\d{3}" if file.stem == "OKE" else rf"OKD-{file.stem}-\d{{3}}")
    assert [row["id"] for row in data["requirements"] if not form.fullmatch(row["id"])] == []


def test_the_order_names_every_section() -> None:
    assert sorted(ORDER) == sorted(file.stem for file in FILES)
    assert list(dict.fromkeys(r.section for r in CATALOGUE)) == list(ORDER)


def test_an_id_is_used_once() -> None:
    assert [name for name, times in Counter(row["id"] for row in ROWS).items() if times > 1] == []
    assert len(CATALOGUE) == len(ROWS)


@BY_ROW
def test_a_row_has_the_keys_of_the_format(row: dict[str, Any]) -> None:
    assert set(row) >= ALWAYS
    assert set(row) <= KEYS
    assert row["level"] in {"MUST", "SHOULD", "MAY"}
    assert row["basis"] in {"explicit", "derived", "interpretation"}
    assert row["roles"]
    assert set(row["roles"]) <= ROLES
    assert row["editions"] == [e for e in EDITIONS if e in row["editions"]], "known, each once, oldest first"
    assert row["editions"] or "parked" in row
    assert not {"untestable", "parked"} <= set(row)
    assert row.get("never_fails", True) is True


@BY_ROW
def test_texts_are_in_both_languages(row: dict[str, Any]) -> None:
    for key in TEXTS:
        if key in row:
            assert set(row[key]) == LANGUAGES, key
            assert all(isinstance(words, str) and words.strip() for words in row[key].values()), key


@BY_ROW
def test_dutch_words_are_chosen_once(row: dict[str, Any]) -> None:
    """It is 'het id', in the plural "id's"; a hook is a hook, and the target file is the doelbestand."""
    wrong = [match.group() for key in TEXTS for match in WRONG_DUTCH.finditer(row.get(key, {}).get("nl", ""))]
    assert wrong == []


@BY_ROW
def test_a_row_says_where_it_comes_from(row: dict[str, Any]) -> None:
    assert row.get("sources") or row.get("reasoning")
    assert "reasoning" in row or row["basis"] != "interpretation"
    assert row.get("sources") or row["basis"] == "interpretation"
    for source in row.get("sources", []):
        assert set(source) in SOURCE_KEYS or set(source) == {"seed", "section", "quote"}, source
        assert len(source.get("quote", "")) <= LONGEST_QUOTE, source


@BY_ROW
def test_a_row_is_tested_or_says_why_not(row: dict[str, Any]) -> None:
    if row in TESTABLE:
        assert {"test", "remedy", "answers", "applies"} <= set(row)
    else:
        assert "answers" not in row
        assert "test" not in row


@BY_TESTABLE_ROW
def test_a_row_says_where_it_applies_and_what_it_needs(row: dict[str, Any]) -> None:
    applies, needs = row["applies"], row.get("needs", {})
    assert set(applies) <= {"per", "kinds", "operations", "flows"}
    assert applies.get("per", "operation") in {"operation", "binding", "role"}
    assert set(applies.get("kinds", [])) <= KINDS
    assert set(needs) <= {"fixtures", "hooks"}
    assert set(needs.get("fixtures", [])) <= FIXTURES
    assert set(needs.get("hooks", [])) <= HOOKS


@BY_TESTABLE_ROW
def test_answers_are_statuses_that_are_named_once(row: dict[str, Any]) -> None:
    assert row["answers"]
    for name, answers in situations(row):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        named = told(answers)
        assert named, name
        assert len(named) == len(set(named)), name
        assert all(s in CLASSES if isinstance(s, str) else 100 <= s <= 599 for s in named), name


@BY_TESTABLE_ROW
def test_the_test_explains_each_situation(row: dict[str, Any]) -> None:
    names = [name for name, _ in situations(row)]
    untold = [(n, lang) for n in names for lang in LANGUAGES if n != "default" and n not in row["test"][lang]]
    assert untold == [] or len(names) == 1


def test_400_and_422_are_the_same_freedom() -> None:
    """Where what a request says is refused, either status passes."""
    alone = [
        name
        for name, reading in load_readings().items()
        if "4xx" not in reading.answers.accepted and len({400, 422} & set(reading.answers.accepted)) == 1
    ]
    assert sorted({*alone}) == sorted(WHERE_400_AND_422_DIFFER)


# The editions


def places(requirement: Requirement, edition_id: str) -> set[str]:
    """The roles for which a row applies in an edition."""
    variants = edition_variants(load_edition(edition_id))
    return {r for v in variants for r in requirement.roles if r in v.roles and requirement.bindings_in(v, r)}


@BY_EDITION
def test_a_testable_row_applies_somewhere_in_each_of_its_editions(edition_id: str) -> None:
    rows = [r for r in CATALOGUE.of(load_edition(edition_id)) if not r.untestable]
    assert [r.id for r in rows if not places(r, edition_id)] == []


def test_a_testable_row_applies_somewhere_for_each_of_its_roles() -> None:
    """Not in every edition: in okd-0.6 nobody sends a module a body, for instance."""
    nowhere = [
        (r.id, sorted(missing))
        for r in CATALOGUE
        if not r.untestable and not r.parked
        for missing in [set(r.roles) - {role for e in r.editions for role in places(r, e)}]
        if missing
    ]
    assert nowhere == []


@BY_EDITION
def test_every_operation_has_a_requirement_of_its_own(edition_id: str) -> None:
    edition = load_edition(edition_id)
    rows = [r for r in CATALOGUE.of(edition) if r.applies.kinds or r.applies.operations]
    bare = [o.name for o in edition.operations() if not any(r.applies.to(o) for r in rows)]
    assert bare == []


@BY_EDITION
def test_a_field_that_is_left_to_a_row_names_one_that_is_tested_there(edition_id: str) -> None:
    """OKD-GEN-010 judges every field of an answer but these."""
    edition = load_edition(edition_id)
    documents = [edition.document(role.document) for role in edition.roles.values()]
    named = set(re.findall(r"'x-okd-judged-by': '([^']*)'", str(documents)))
    assert sorted(named - {r.id for r in CATALOGUE.of(edition) if r.answers}) == []


# The suites


@pytest.fixture(scope="module")
def checked() -> set[str]:
    """The ids that the suites check or observe."""
    program = Path(__file__).parents[1] / "support" / "checked_requirements.py"
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {*found["checks"], *found["observers"]}


def pending() -> dict[str, Any]:
    data: dict[str, Any] = read_yaml(FOLDER / "pending.yaml").value
    return data


def test_suites_check_only_what_the_catalogue_has(checked: set[str]) -> None:
    assert sorted(checked - {row["id"] for row in ROWS}) == []


def test_a_row_is_checked_or_says_why_not(checked: set[str]) -> None:
    """Exactly one of: checked, untestable, parked, pending."""
    listed = set(pending()["pending"])
    testable = {row["id"] for row in TESTABLE}
    missing = sorted(testable - checked - listed)
    needless = sorted(listed - (testable - checked))
    contradictory = sorted(checked & {row["id"] for row in ROWS} - testable)
    told = [
        f"checked, though the catalogue calls it untestable or parked: {', '.join(contradictory)}",
        f"add to specs/catalogue/pending.yaml, or write the check: {', '.join(missing)}",
        f"remove from specs/catalogue/pending.yaml: {', '.join(needless)}",
    ]
    wrong = [words for words, ids in zip(told, (contradictory, missing, needless), strict=True) if ids]
    assert not wrong, "\n".join(wrong)


def test_the_pending_list_only_gets_shorter() -> None:
    data = pending()
    assert set(data) == {"reason", "at_most", "pending"}
    assert set(data["reason"]) == LANGUAGES
    assert len(data["pending"]) == len(set(data["pending"]))
    assert len(data["pending"]) <= data["at_most"]


# The frozen sets


@pytest.mark.parametrize("edition_id", RELEASED)
def test_a_released_edition_is_frozen(edition_id: str) -> None:
    assert frozen_file(load_edition(edition_id)).is_file()


@BY_EDITION
def test_the_frozen_set_agrees_with_the_catalogue(edition_id: str) -> None:
    edition = load_edition(edition_id)
    if not frozen_file(edition).is_file():
        pytest.skip("this edition is not released yet")
    found = differences(edition)
    assert not found, (
        f"what the suite demands of {edition_id} has changed:\n  " + "\n  ".join(found) + "\n"
        "If that is meant, run: python -m okd_conformance.cli.generate frozen\n"
        "and name each change in CHANGELOG.md; it makes a new version of the suite."
    )


def test_a_digest_changes_with_each_thing_that_a_requirement_demands() -> None:
    from dataclasses import replace

    from okd_conformance.base.text import Text

    row = next(r for r in CATALOGUE if r.can_fail and r.answers)
    changed = [
        replace(row, level="SHOULD"),
        replace(row, basis="interpretation"),
        replace(row, never_fails=True),
        replace(row, roles=row.roles[1:]),
        replace(row, applies=replace(row.applies, flows=("1",))),
        replace(row, answers={"default": Answers((200,), (418,))}),
        replace(row, statement=Text(row.statement.nl, "Something else.")),
    ]
    assert len({digest(row), *(digest(other) for other in changed)}) == len(changed) + 1
    same = replace(row, roles=row.roles[::-1], why=None, editions=row.editions[1:])
    assert digest(same) == digest(row)


def test_the_frozen_set_holds_every_row_of_the_edition() -> None:
    edition = load_edition("okd-1.5")
    rows = [row["id"] for row in ROWS if edition.id in row["editions"] and "parked" not in row]
    assert sorted(frozen_set(edition)) == sorted(rows)


# The quotes


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def document(source: dict[str, Any]) -> Path:
    if "seed" in source:
        return next(founding_documents().glob(f"{source['seed']}_*"))
    return published().joinpath(source["edition"], source["document"])


@BY_ROW
def test_quotes_stand_word_for_word_in_the_published_text(row: dict[str, Any]) -> None:
    quoted = [source for source in row.get("sources", []) if "quote" in source]
    absent = [s for s in quoted if plain(s["quote"]) not in plain(document(s).read_text("utf-8"))]
    assert absent == []
