"""The editions of the founding documents run against the embedded reference, and their faults are seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.paths import data_folder
from okd_conformance.judge.outcome import Status
from okd_conformance.proof.proving import Seen, judged, names_of, prove_fault, rows, run_cases
from okd_conformance.reference import running_server
from okd_conformance.report.reading import stored_report
from okd_conformance.report.tables import figures
from okd_conformance.run.options import Options
from okd_conformance.run.run import open_run
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import Edition, edition_variants, load_edition
from okd_conformance.standard.faults import load_faults
from okd_conformance.target.reading import load_target
from support.command import okd

EDITIONS = ["okd-0.3", "okd-0.3@put", "okd-0.6", "okd-0.9.1", "oke-2022.07"]
SKETCHES = ["okd-0.3", "oke-2022.07"]
CATALOGUE = load_catalogue()
SAMPLED = [
    ("okd-0.3", "line-ends-changed-on-reading"),
    ("okd-0.3", "author-forgotten"),
    ("okd-0.3@put", "second-document-replaces-the-first"),
    ("okd-0.6", "put-on-a-sitting-refused"),
    ("okd-0.6", "unlock-does-nothing"),
    ("okd-0.9.1", "vain-hint-refused"),
    ("okd-0.9.1", "one-spelling-of-the-size"),
    ("oke-2022.07", "emoji-lost"),
    ("oke-2022.07", "document-address-dead"),
    ("oke-2022.07", "report-replaces-the-sitting"),
]
OWN_LAYOUT = {
    "upload_document": {
        "request": {
            "media_type": "multipart/form-data",
            "parts": [
                {
                    "name": "metadata",
                    "body": {"document": {"titel": "{title}"}, "toets": {"code": "{exam_code}"}},
                },
                {
                    "name": "inhoud",
                    "filename": "{file_name}",
                    "content_type": "{file_type}",
                    "body": "{content}",
                },
            ],
        },
        "answer": {"reference": "/documentId"},
    },
    "read_document": {"answer": {"content": "/inhoud"}},
}


def bad(seen: dict[tuple[str, str], Seen]) -> dict[tuple[str, str], Seen]:
    return {row: found for row, found in seen.items() if found.status.is_finding}


@contextmanager
def changed_target(tmp_path: Path, edition: str, change: dict[str, Any], **given: Any) -> Iterator[Path]:
    """A running reference, and a target file for it with some keys replaced."""
    with running_server(edition, **given) as running:
        target = {**yaml.safe_load(running.target), **change}
        file = tmp_path / "target.yaml"
        file.write_text(yaml.safe_dump(target), encoding="utf-8")
        yield file


def judged_by(file: Path, *requirements: str) -> dict[tuple[str, str], Seen]:
    options = Options(target=str(file), requirements=requirements)
    run = open_run(options)
    try:
        return rows(run_cases(run, run.selection))
    finally:
        run.close()


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_reference_conforms(edition: str) -> None:
    seen = judged(edition)
    assert seen
    assert bad(seen) == {}


@pytest.mark.parametrize(("edition", "fault"), SAMPLED)
def test_a_fault_is_seen(edition: str, fault: str) -> None:
    proof = prove_fault(fault, edition)
    assert proof.holds, proof


@pytest.mark.parametrize("edition", EDITIONS)
def test_there_are_faults(edition: str) -> None:
    assert len(names_of("faults", edition)) >= 8


@pytest.mark.parametrize("edition_id", SKETCHES)
def test_each_testable_row_of_a_sketch_has_a_fault(edition_id: str) -> None:
    edition = load_edition(edition_id)
    names = {n for variant in edition_variants(edition) for n in names_of("faults", variant.name)}
    proved = {requirement for name in names for requirement in load_faults()[name].breaks}
    testable = {r.id for r in CATALOGUE.of(edition) if r.answers}
    assert sorted(testable - proved) == []


def test_a_report_shows_what_a_section_took_under_its_own_title(tmp_path: Path) -> None:
    done = okd(tmp_path, "--edition", "oke-2022.07", "--report-dir", "r", "--lang", "en")
    assert done.returncode == 0, done.stderr
    shown = {one.name: one for one in figures(stored_report(tmp_path / "r" / "report.json"))}
    assert shown["OKE"].title == next(r.section_title for r in CATALOGUE if r.section == "OKE")
    assert shown["OKE"].totals.cases > 0
    assert shown["OKE"].totals.requests > 0
    assert re.search(r"^OKE +[0-9]+ passed", done.stdout, re.MULTILINE)


def seeds_of(edition: Edition) -> list[str]:
    return [name for o in edition.operations() for name in o.examples if name.startswith("seed-")]


@pytest.mark.parametrize("edition_id", EDITIONS)
def test_the_founding_messages_are_among_the_examples(edition_id: str) -> None:
    assert seeds_of(load_edition(edition_id))


def test_every_founding_document_has_a_table() -> None:
    text = (data_folder("specs").parent / "docs" / "seeds.md").read_text("utf-8")
    known = {r.id for r in CATALOGUE}
    named = set(re.findall(r"\bOK[DE]-[A-Z0-9]{2,3}-\d{3}\b", text))
    assert [
        heading
        for heading in ("000", "001", "002", "003", "004")
        if f"## Founding document {heading}" not in text
    ] == []
    assert sorted(named - known) == []


@pytest.mark.parametrize("variant", ["put-alone", "lock-alone", "replaced-200"])
def test_a_dms_replaces_in_the_way_that_it_has(variant: str) -> None:
    seen = judged("okd-0.6", variants=[variant], requirements=["OKD-FY"])
    assert bad(seen) == {}
    assert seen["OKD-FY-001", "dms"].status == seen["OKD-FY-003", "dms"].status == Status.PASSED
    assert any("200" in note or "204" in note for note in seen["OKD-FY-001", "dms"].notes)


def test_a_target_lays_out_what_the_sketch_leaves_open(tmp_path: Path) -> None:
    with changed_target(tmp_path, "okd-0.3", {"templates": OWN_LAYOUT}) as file:
        layout = load_target(file).templates["upload_document"]
        assert layout["answer"] == {"reference": "/documentId"}
        seen = judged_by(file, "OKD-F02-012")
    # The reference wants more than this layout holds, and says so: the layout is what was sent.
    assert seen["OKD-F02-012", "dms"].status == Status.FAILED
    assert "not valid" in str(seen["OKD-F02-012", "dms"].received)


def test_the_layout_of_the_sketch_itself_as_a_template(tmp_path: Path) -> None:
    metadata = {
        "document": {
            "bronorganisatie": "{source_organization}",
            "creatiedatum": "{creation_date}",
            "titel": "{title}",
            "auteur": "{author}",
            "taal": "{language}",
            "type": "{document_type}",
        },
        "student": {"personId": "{person_id}"},
        "afnamemoment": {"datumTijd": "{exam_date_time}"},
        "toets": {"code": "{exam_code}"},
        "verbintenis": {"associationId": "{association_id}"},
        "opleiding": "{program}",
    }
    own = yaml.safe_load(yaml.safe_dump(OWN_LAYOUT))
    own["upload_document"]["request"]["parts"][0]["body"] = metadata
    with changed_target(tmp_path, "okd-0.3", {"templates": own}) as file:
        assert bad(judged_by(file, "OKD-S03", "OKD-F02")) == {}


@pytest.mark.parametrize(
    ("templates", "line"),
    [
        ({"upload_documents": {"answer": {"reference": "/id"}}}, "upload_documents"),
        (
            {"upload_document": {"request": {"media_type": "application/json", "body": {"a": "{titel}"}}}},
            "a:",
        ),
        (
            {"upload_document": {"request": {"media_type": "application/json", "body": {"a": "{content}"}}}},
            "a:",
        ),
        ({"upload_document": {"request": {"media_type": "application/json"}}}, "request:"),
        ({"upload_document": {"answer": {"reference": "id"}}}, "reference:"),
        ({"read_document": {"request": {"media_type": "a/b", "body": "{marker}"}}}, "request:"),
    ],
)
def test_a_mistake_in_a_template_is_told_with_its_line(
    tmp_path: Path, templates: dict[str, Any], line: str
) -> None:
    with (
        changed_target(tmp_path, "okd-0.3", {"templates": templates}) as file,
        pytest.raises(ConfigurationError) as raised,
    ):
        load_target(file)
    lines = file.read_text("utf-8").splitlines()
    (mistake,) = raised.value.mistakes
    assert mistake.line is not None
    assert line in lines[mistake.line - 1]


def test_a_report_is_read_back_where_both_roles_have_one_address(tmp_path: Path) -> None:
    with changed_target(tmp_path, "oke-2022.07", {}, variants=["one-address"]) as file:
        target = yaml.safe_load(file.read_text("utf-8"))
        address = target["roles"]["toetsplanning"]["base_url"]
        target["roles"]["toetsafname"]["base_url"] = address
        del target["hooks"]
        file.write_text(yaml.safe_dump(target), encoding="utf-8")
        seen = judged_by(file)
    assert bad(seen) == {}
    shown = {r for (r, _), found in seen.items() if found.status == Status.PASSED}
    assert {"OKE-F04-018", "OKE-F04-019", "OKE-F04-020"} <= shown


def test_without_hook_and_address_in_common_a_report_is_not_read_back(tmp_path: Path) -> None:
    with changed_target(tmp_path, "oke-2022.07", {"hooks": {}}) as file:
        seen = judged_by(file)
    assert bad(seen) == {}
    untested = {r for (r, _), found in seen.items() if found.status == Status.NOT_TESTED}
    assert untested == {"OKE-F04-018", "OKE-F04-019", "OKE-F04-020"}


@pytest.mark.parametrize("edition", ["okd-0.3", "okd-0.3@put", "oke-2022.07"])
@pytest.mark.parametrize("auth", ["configured", "absent"])
def test_a_product_that_wants_a_token_all_the_same(tmp_path: Path, edition: str, auth: str) -> None:
    change = {} if auth == "configured" else {"auth": None}
    with changed_target(tmp_path, edition, change, variants=["needs-token"]) as file:
        seen = judged_by(file)
    warned = {r for (r, _), found in seen.items() if found.status == Status.WARNING}
    assert not [r for (r, _), found in seen.items() if found.status == Status.FAILED]
    assert warned <= {"OKD-F02-013", "OKD-S03-006"}
    undecided = {r for (r, _), found in seen.items() if found.status == Status.INCONCLUSIVE}
    assert bool(undecided) == (auth == "absent")


def test_a_sitting_without_a_report_counts_only_where_the_target_file_says_that_it_has_one(
    tmp_path: Path,
) -> None:
    given = {"faults": ["sitting-without-report"]}
    with changed_target(tmp_path, "oke-2022.07", {}, **given) as file:
        fixtures = dict(yaml.safe_load(file.read_text("utf-8"))["fixtures"])
        assert judged_by(file, "OKE-F04-009")["OKE-F04-009", "toetsafname"].status == Status.FAILED
    del fixtures["reported_offering_id"]
    with changed_target(tmp_path, "oke-2022.07", {"fixtures": fixtures}, **given) as file:
        assert judged_by(file, "OKE-F04-009")["OKE-F04-009", "toetsafname"].status == Status.INCONCLUSIVE
