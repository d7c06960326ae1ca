"""Lint finds every defect of the published 1.5 that a program can find, and nothing in our own editions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from okd_conformance.spec_tools.defects import defects
from okd_conformance.spec_tools.findings import LintFinding, rules
from okd_conformance.spec_tools.lint import lint
from okd_conformance.standard.edition import edition_ids, edition_variants, load_edition
from okd_conformance.standard.source import SourceError
from support.upstream import published

SPEC = Path("specification", "v5", "spec.yaml")
FINDABLE = [number for number, defect in defects("okd-1.5").items() if defect.traces]
OURS = [
    pytest.param(variant.folder / document, id=f"{variant.name}-{document}")
    for edition_id in edition_ids()
    for variant in edition_variants(load_edition(edition_id))
    for document in sorted({role.document for role in variant.roles.values()})
]


@pytest.fixture(scope="module")
def found() -> list[LintFinding]:
    return lint(published() / "okd-1.5" / SPEC)


@pytest.mark.parametrize("number", FINDABLE)
def test_each_defect_that_can_be_found_is_found_where_it_stands(
    number: str, found: list[LintFinding]
) -> None:
    places = {(f.rule, f.file, f.line) for f in found}
    wanted = {(t.rule, t.file, t.line) for t in defects("okd-1.5")[number].traces}
    assert wanted - places == set()


def test_the_table_has_every_known_defect() -> None:
    listed = published().parent / "defects.md"
    if not listed.is_file():
        pytest.skip("the list of known defects is not here")
    numbers = set(re.findall(r"^\| (D-\w+) \|", listed.read_text("utf-8"), re.MULTILINE))
    assert set(defects("okd-1.5")) == numbers


def test_what_no_program_can_find_says_why() -> None:
    assert all(defect.traces or defect.reason for defect in defects("okd-1.5").values())
    assert len(FINDABLE) >= 58


def test_every_rule_that_the_table_names_exists() -> None:
    assert {t.rule for d in defects("okd-1.5").values() for t in d.traces} <= set(rules())


def test_ignored_words_beside_references_are_all_found(found: list[LintFinding]) -> None:
    beside = [f for f in found if f.rule == "ref-siblings"]
    assert len(beside) == 83
    assert sum("title" in f.message.en for f in beside) == 68


def test_blocks_that_are_no_json_are_all_found(found: list[LintFinding]) -> None:
    assert [(f.file, f.line) for f in found if f.rule == "json-invalid"] == [
        ("doc/authenticatie.md", 45),
        ("doc/flow-10.md", 36),
        ("doc/flow-11.md", 36),
        ("doc/flow-13.md", 39),
        ("doc/flow-14.md", 36),
        ("doc/flow-5.md", 46),
        ("doc/flow-7.md", 80),
        ("doc/flow-7.md", 255),
    ]


def test_witnesses_are_small_and_real(found: list[LintFinding]) -> None:
    refused = next(f for f in found if f.rule == "example-ambiguous" and f.file == "doc/flow-3.md")
    assert (
        '{"associationId": "123e4567-e89b-12d3-a456-426614174000", "associationType":' in refused.message.en
    )
    assert "consumers" not in refused.message.en
    absurd = next(f for f in found if f.rule == "anyof-swallows" and "ConsumerOnOffering" in f.file)
    assert '"documentType": "banana"' in absurd.message.en


@pytest.mark.parametrize("document", OURS)
def test_our_own_editions_have_nothing_to_find(document: Path) -> None:
    assert [(f.rule, f.file, f.line, f.message.en) for f in lint(document)] == []


TRAPS = """\
openapi: 3.0.3
info: {title: T, version: "1"}
paths:
  /x:
    get:
      parameters:
        - {name: id, in: query, schema: {type: string}, example: 0012345}
        - {name: country, in: query, schema: {type: string, enum: [BE, NO, "NO"]}}
        - {name: since, in: query, schema: {type: string, format: date, default: 2024-01-05}}
        - {name: release, in: query, schema: {type: string, default: 1.10}}
        - {name: number, in: query, schema: {type: integer, default: 5}}
      responses:
        200: {description: ok}
        404: {description: none}
"""


def told(tmp_path: Path, document: str) -> list[LintFinding]:
    file = tmp_path / "spec.yaml"
    file.write_text(document, encoding="utf-8")
    return lint(file)


def test_text_without_quotes_that_yaml_reads_as_something_else_is_told(tmp_path: Path) -> None:
    found = told(tmp_path, TRAPS)
    without = [(f.line, f.message.en) for f in found if f.rule == "value-not-text"]
    assert [line for line, _ in without] == [7, 8, 10]
    for (_, words), pair in zip(without, ["0012345 as 5349", "NO as false", "1.10 as 1.1"], strict=True):
        assert pair in words
    [statuses] = [f for f in found if f.rule == "status-not-text"]
    assert (statuses.line, statuses.severity) == (13, "note")


@pytest.mark.parametrize(
    "document",
    ["openapi: 3.1.0\ninfo: {title: T, version: '1'}\ncomponents: {schemas: {A: {type: [string, 'null']}}}\n",
     "openapi: 3.1.0\ninfo: {title: T, version: '1'}\nwebhooks: {new: {post: {description: told}}}\n",
     "openapi: 3.2.0\ninfo: {title: T, version: '1'}\npaths: {}\ntags: [{name: a, kind: nav}]\n"],
)  # fmt: skip
def test_newer_documents_need_no_paths_and_have_their_own_grammar(tmp_path: Path, document: str) -> None:
    assert [f.rule for f in told(tmp_path, document) if f.rule == "openapi-invalid"] == []


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("swagger: '2.0'\npaths: {}\n", "Swagger 2.0"),
        ("openapi: 3.0.3\ncomponents: {}\n", "'paths' is missing"),
    ],
)
def test_what_is_no_openapi_3_is_refused_in_words(tmp_path: Path, document: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        told(tmp_path, document)
