"""The step from one edition to another, from their data and the results of a run."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest

from okd_conformance.judge.outcome import Status
from okd_conformance.report.schema import schema
from okd_conformance.report.upgrade import Upgrade, upgrade
from okd_conformance.spec_tools.diff import diff
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import load_edition

OLD, NEW = "okd-0.6", "okd-1.5"
CATALOGUE = load_catalogue()


def step(old: str, new: str, roles: list[str], statuses: dict[tuple[str, str], Status]) -> Upgrade:
    newer = load_edition(new)
    return upgrade(load_edition(old), newer, roles, statuses, CATALOGUE.of(newer))


def all_passed(edition: str, role: str) -> dict[tuple[str, str], Status]:
    return {(r.id, role): Status.PASSED for r in CATALOGUE.of(load_edition(edition)) if role in r.roles}


def changes(found: Upgrade, operation: str) -> list[str]:
    return [text.en for o in found.operations if o.operation == operation for text in o.changes]


def of(found: Upgrade, requirement: str) -> str:
    return next(r.step for r in found.requirements if r.id == requirement)


@pytest.mark.parametrize("edition", ["okd-0.3", "okd-0.6", "okd-1.5", "oke-2022.07"])
def test_an_edition_is_no_step_from_itself(edition: str) -> None:
    roles = list(load_edition(edition).roles)
    statuses = {key: s for role in roles for key, s in all_passed(edition, role).items()}
    found = step(edition, edition, roles, statuses)
    assert found.operations == ()
    assert {r.step for r in found.requirements} <= {"met", "unknown"}
    untestable = {r.id for r in CATALOGUE if r.untestable}
    assert {r.id for r in found.of("unknown")} <= untestable


def test_methods_paths_and_names_of_fields_are_told() -> None:
    found = step(OLD, NEW, ["dms"], {})
    told = changes(found, "upload_to_association")
    assert "flow 2: PUT /associations/{associationId} becomes POST /associations/{associationId}" in told
    assert "the field bewaartermijnsuggestie is called retentionPeriodSuggestion" in told
    assert "the form of examDateTime: date becomes date-time" in told
    address = "flow 2: PUT /offering/{componentOfferingId} becomes POST /offerings/{offeringId}"
    assert address in changes(found, "upload_to_offering")
    assert changes(found, "lock_document") == ["no longer there: POST /documents/{documentId}/lock"]
    assert any(text.startswith("new: POST /persons/") for text in changes(found, "upload_to_person"))


@pytest.mark.parametrize(("old", "new"), [("okd-0.9.1", "okd-1.5"), ("okd-0.6", "okd-0.9.1")])
def test_the_step_and_the_diff_name_the_same_changes(old: str, new: str) -> None:
    roles = list(load_edition(old).roles)
    told = {
        (o.role, o.operation): " ; ".join(text.en for text in o.changes)
        for o in step(old, new, roles, {}).operations
    }
    operations = load_edition(new).operations() + load_edition(old).operations()
    by_call = {(o.role, f"{o.method} {o.path}"): o.name for o in reversed(operations)}
    named: set[tuple[str, str]] = set()
    for found in diff(old, new):
        if found.rule == "change-requirement":
            continue
        call = found.message.en.partition("), ")[2].partition(": ")[0]
        for role in found.details["roles"]:
            key = (role, by_call[role, call])
            named.add(key)
            for side in ("old", "new"):
                name, value = found.details[side] or ("", "")
                assert name in told[key] or value in told[key], found.message.en
    assert named == set(told)


def test_a_rename_and_a_moved_call_are_one_row_of_the_diff() -> None:
    rows = [f.details for f in diff("okd-0.6", "okd-0.9.1") if f.rule != "change-requirement"]
    told = [(row["old"], row["new"], row["flows"]) for row in rows]
    put, post = "PUT /associations/{associationId}", "POST /associations/{associationId}"
    assert [row for row in told if row[0] == [put, ""]] == [([put, ""], [post, ""], ["2", "3"])]
    renamed = [row for row in told if "documentId" in str(row[0]) and "dmsDocumentId" in str(row[1])]
    assert renamed == [(["documentId", "required"], ["dmsDocumentId", "required"], ["x"])]
    assert not [row for row in told if row[0] is None and row[1][0] == "dmsDocumentId"]


def test_a_passed_requirement_of_an_operation_that_stays_is_met() -> None:
    found = step(OLD, NEW, ["dms"], all_passed(OLD, "dms"))
    assert of(found, "OKD-FZ-001") == "met"
    assert of(found, "OKD-F02-001") == "change"
    assert of(found, "OKD-F02-009") == "new"


def test_what_failed_asks_for_a_change_and_what_was_not_judged_is_not_known() -> None:
    passed = all_passed(OLD, "dms")
    failed = step(OLD, NEW, ["dms"], {**passed, ("OKD-FZ-001", "dms"): Status.FAILED})
    assert of(failed, "OKD-FZ-001") == "change"
    unjudged = step(OLD, NEW, ["dms"], {**passed, ("OKD-FZ-001", "dms"): Status.NOT_TESTED})
    assert of(unjudged, "OKD-FZ-001") == "unknown"


def test_every_requirement_of_the_role_is_named_once() -> None:
    found = step("okd-0.9.1", NEW, ["dms", "examineren"], {})
    keys = [(r.id, r.role) for r in found.requirements]
    assert len(keys) == len(set(keys))
    assert {role for _, role in keys} == {"dms", "examineren"}


def test_it_is_read_back_from_json_as_the_schema_has_it() -> None:
    found = step(OLD, NEW, ["dms"], all_passed(OLD, "dms"))
    written = json.loads(json.dumps(msgspec.to_builtins(found)))
    whole = schema()
    jsonschema.validate(written, {**whole["$defs"]["Upgrade"], "$defs": whole["$defs"]})
    assert msgspec.convert(written, Upgrade) == found
