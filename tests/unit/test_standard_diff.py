"""Diff tells the changes that the history records; drift tells nothing that no erratum names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from okd_conformance.spec_tools.diff import diff
from okd_conformance.spec_tools.drift import drift
from okd_conformance.spec_tools.findings import LintFinding
from okd_conformance.standard.edition import load_edition
from support.upstream import published

SPEC = Path("specification", "v5", "spec.yaml")


def texts(found: list[LintFinding]) -> str:
    return "\n".join(f"{one.rule}: {one.message.en}" for one in found)


@pytest.fixture(scope="module")
def from_6_to_9() -> str:
    return texts(diff(str(published() / "okd-0.6"), str(published() / "okd-0.9.1")))


@pytest.fixture(scope="module")
def from_9_to_15() -> str:
    return texts(diff(str(published() / "okd-0.9.1"), str(published() / "okd-1.5")))


@pytest.mark.parametrize(
    "change",
    [
        "change-both: Flow 2 (dms), text: the call PUT /associations/{} becomes POST /associations/{}.",
        "change-both: Flow 2 (dms), text: the call PUT /offering/{} becomes POST /offerings/{}.",
        "change-both: Flow 3 (dms), text: the call PUT /associations/{} becomes POST /associations/{}.",
        "change-both: Flow 7 (inschrijven), text: the call GET /person/{} becomes GET /persons/{}.",
        "change-both: Flow 7 (inschrijven), text: the call GET /association/{} becomes GET /associations/{}.",
        "the field of the request bewaartermijnsuggestie becomes retentionPeriodSuggestion.",
        "the field of the request inschrijvingStartDate becomes enrollmentStartDate.",
        "the field of the request examDate becomes examDateTime.",
        "Flow 1 (dms), text: the call POST /persons/{} is added.",
        "Flow 1 (dms), text: the field of the request sequenceCode is added.",
        "Flow 1 (dms), text: the field of the request receivedDate is added.",
        "the value documentType = inschrijving is dropped.",
        "the value documentType = enrollment is added.",
        "the call GET /documents/{documentId}/metadata is added.",
        "change-servers: Flow 11 (inschrijven), text: the text of flow 11 is added.",
        "the call POST /documents/_registerdmsdocument is added.",
        "change-requirement: Requirement OKD-REG-001 is new",
    ],
)
def test_changes_up_to_091(change: str, from_6_to_9: str) -> None:
    assert change in from_6_to_9


@pytest.mark.parametrize(
    "change",
    [
        "the call GET /persons/{personId}/associations is added.",
        "documentSubTypes (array of string) becomes documentSubTypes (array of object).",
        "change-both: Flow x (dms), text: the field of the answer documentname becomes documentName.",
        "change-both: Flow 11 (inschrijven), text: the field of the request documentsize becomes",
        "change-both: Flow 14 (diplomering), text: the field of the request documentsize becomes",
        "the field of the request receivedDate (required) becomes receivedDate (optional).",
        "the field of the request registrationDate (required) becomes registrationDate (optional).",
        "change-clients: Flow 11, 12, 13, 14 (inschrijven, examineren, bpv, diplomering), "
        "POST /documents/_registerdmsdocument: the field of the request documentSubtype (optional) becomes",
        "Flow 12 (examineren), text: the field of the request examCode is added.",
        "change-compatible: Flow 1, 2, 3, 4 (dms), POST /associations/{associationId}: "
        "the field of the request documentSize (optional) is added.",
        "change-text: Flow 12 (examineren), text: the rule Alternatief is om op basis van examCode",
    ],
)
def test_changes_up_to_15(change: str, from_9_to_15: str) -> None:
    assert change in from_9_to_15


def test_what_did_not_change_is_not_told(from_9_to_15: str) -> None:
    assert "documentsize becomes" not in "\n".join(
        line for line in from_9_to_15.splitlines() if "Flow 13" in line
    )
    assert "the scope" not in from_9_to_15


def test_a_changed_call_names_the_requirements_that_it_touches() -> None:
    found = diff("okd-0.6", "okd-0.9.1")
    call = next(f for f in found if "PUT /offering" in f.message.en)
    assert call.details["breaks"] == "both"
    assert call.details["roles"] == ["dms"]
    assert "OKD-F02-001" in call.details["requirements"]


def test_an_edition_does_not_differ_from_itself() -> None:
    assert diff("okd-1.5", "okd-1.5") == []


@pytest.mark.parametrize("edition_id", ["okd-0.9.1", "okd-1.5"])
def test_nothing_drifts_that_no_erratum_names(edition_id: str) -> None:
    edition = load_edition(edition_id)
    assert drift(published() / edition.upstream / SPEC, edition) == []


def changed(tmp_path: Path, file: str, old: str, new: str) -> Path:
    """A copy of the published 1.5 with one place changed."""
    folder = tmp_path / "okd-1.5"
    shutil.copytree(published() / "okd-1.5", folder)
    place = folder / file
    words = place.read_text("utf-8")
    assert old in words
    place.write_text(words.replace(old, new), encoding="utf-8")
    return folder / SPEC


def test_drift_tells_a_change_that_no_erratum_names(tmp_path: Path) -> None:
    paths = "specification/v5/paths/PersonCollection.yaml"
    document = changed(tmp_path, paths, "okd:studentinfo", "okd:alldocuments")
    found = drift(document, load_edition("okd-1.5"))
    assert {(f.rule, f.message.en) for f in found} == {
        ("drift-unnamed", f"find_persons: {line}. No erratum names this difference.")
        for line in ("- scope okd:alldocuments", "+ scope okd:studentinfo")
    }
    assert {f.file for f in found} == {paths}


def test_drift_tells_an_erratum_that_was_mended(tmp_path: Path) -> None:
    schema = "specification/v5/schemas/DocumentMetadata.yaml"
    old, new = "  - dmsDocumentId\n", "  - dmsDocumentId\n  - documentTempDownloadUrl\n"
    found = drift(changed(tmp_path, schema, old, new), load_edition("okd-1.5"))
    assert {(f.rule, "D-08" in f.message.en) for f in found} == {
        ("drift-mended", True),
        ("drift-defect-gone", True),
    }
    assert all(f.file == "okd-1.5/errata.yaml" and f.line > 1 for f in found)
