"""One cause, one card: what is put together, what stays apart, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from okd_conformance.base.text import Text
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.report.causes import seen
from okd_conformance.report.model import Cause, Report
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.causes import ANYTHING, load_causes
from support import report_sample as sample
from support.report_sample import DMS, EXAM

_UPLOAD, _READ = "upload_to_association", "read_document"


def found(
    requirement: str, status: Status, *got: tuple[str, int], role: str = DMS, **more: Any
) -> list[CaseResult]:
    """Cases of a requirement, each with an exchange that tells it: the operation and the status."""
    return [
        sample.case(
            requirement,
            status,
            f"n={n}",
            role=role,
            exchanges=[f"{requirement}{role}.{operation}-{code}"],
            **more,
        )
        for n, (operation, code) in enumerate(got)
    ]


def report_of(*cases: list[CaseResult]) -> Report:
    results = [case for some in cases for case in some]
    answers = {
        e: (e.split(".")[1].split("-")[0], int(e.rpartition("-")[2]))
        for case in results
        for e in case.exchanges
    }
    catalogue = load_catalogue()
    rows = [catalogue[name] for name in dict.fromkeys(case.requirement for case in results)]
    return sample.report(results, rows, answers=answers, reasons={})


def told(causes: list[Cause]) -> list[tuple[str, list[str]]]:
    return [(cause.root.requirement, [finding.requirement for finding in cause.follows]) for cause in causes]


def test_every_rule_names_requirements_that_exist() -> None:
    known = {requirement.id for requirement in load_catalogue()}
    for rule in load_causes():
        named = {*rule.roots, *rule.follow} - {ANYTHING}
        assert named <= known, rule.name
        assert "" not in (rule.why.nl, rule.why.en)
    assert len({rule.name for rule in load_causes()}) == len(load_causes())


def test_one_requirement_at_several_roles_is_one_cause() -> None:
    report = report_of(
        found("OKD-AUT-006", Status.FAILED, (_UPLOAD, 200)),
        found("OKD-AUT-006", Status.FAILED, ("register_document", 200), role=EXAM),
    )
    (cause,) = report.causes
    assert [(finding.requirement, finding.role) for finding in cause.findings] == [
        ("OKD-AUT-006", DMS),
        ("OKD-AUT-006", EXAM),
    ]


def test_what_judges_the_same_answer_follows() -> None:
    report = report_of(
        found("OKD-AUT-010", Status.WARNING, (_UPLOAD, 200)),
        found("OKD-AUT-006", Status.FAILED, (_UPLOAD, 200), (_READ, 200)),
    )
    assert told(report.causes) == [("OKD-AUT-006", ["OKD-AUT-010"])]
    assert report.causes[0].why is not None


def test_what_got_another_answer_stays_apart() -> None:
    report = report_of(
        found("OKD-AUT-006", Status.FAILED, (_UPLOAD, 200)),
        found("OKD-AUT-010", Status.WARNING, (_READ, 200)),
        found("OKD-MPT-016", Status.FAILED, (_UPLOAD, 400)),
        found("OKD-MPT-017", Status.FAILED, (_UPLOAD, 400)),
    )
    assert len(report.causes) == 4


def test_where_the_ordinary_request_is_refused_all_that_builds_on_it_follows() -> None:
    refused = (_UPLOAD, 400)
    report = report_of(
        found("OKD-MPT-016", Status.FAILED, refused),
        found("OKD-MPT-001", Status.FAILED, refused),
        found("OKD-AUT-006", Status.INCONCLUSIVE, refused),
        found("OKD-FX-007", Status.FAILED, (_READ, 500)),
    )
    assert told(report.causes) == [("OKD-MPT-001", ["OKD-MPT-016", "OKD-AUT-006"]), ("OKD-FX-007", [])]


def test_a_requirement_that_only_repeats_others_goes_beneath_them() -> None:
    report = report_of(
        found("OKD-GEN-012", Status.FAILED, (_READ, 500)),
        found("OKD-FX-007", Status.FAILED, (_READ, 500)),
    )
    assert told(report.causes) == [("OKD-FX-007", ["OKD-GEN-012"])]
    more = report_of(
        found("OKD-GEN-012", Status.FAILED, (_READ, 500), (_UPLOAD, 500)),
        found("OKD-FX-007", Status.FAILED, (_READ, 500)),
    )
    assert len(more.causes) == 2


def test_a_failure_never_stands_beneath_a_warning() -> None:
    report = report_of(
        found("OKD-GEN-003", Status.WARNING, (_READ, 403)),
        found("OKD-GEN-004", Status.FAILED, (_READ, 403)),
    )
    assert [cause.root.status for cause in report.causes] == [Status.FAILED, Status.WARNING]


def test_a_breach_of_privacy_comes_before_other_failures() -> None:
    report = report_of(
        found("OKD-MPT-016", Status.FAILED, (_UPLOAD, 400)),
        found("OKD-FX-004", Status.FAILED, (_READ, 200)),
    )
    assert [(c.root.requirement, c.harmful) for c in report.causes] == [
        ("OKD-FX-004", True),
        ("OKD-MPT-016", False),
    ]
    clean_refusal = report_of(found("OKD-FX-004", Status.FAILED, (_READ, 500)))
    assert not clean_refusal.causes[0].harmful


def test_cases_that_could_not_be_judged_are_a_finding_of_their_own() -> None:
    report = report_of(
        found("OKD-FX-003", Status.FAILED, (_READ, 403)),
        [sample.case("OKD-FX-003", Status.INCONCLUSIVE, "other", received=Text("geen token", "no token"))],
    )
    assert [(cause.root.requirement, cause.root.status) for cause in report.causes] == [
        ("OKD-FX-003", Status.FAILED),
        ("OKD-FX-003", Status.INCONCLUSIVE),
    ]


def test_one_reason_why_nothing_could_be_judged_is_one_cause() -> None:
    reason = Text(
        "in het doelbestand ontbreekt fixtures.person_id", "the target file has no fixtures.person_id"
    )
    other = Text("de server was weg", "the server was away")
    report = report_of(
        [sample.case("OKD-FX-003", Status.INCONCLUSIVE, received=reason)],
        [sample.case("OKD-FX-004", Status.INCONCLUSIVE, received=reason)],
        [sample.case("OKD-FX-001", Status.INCONCLUSIVE, received=other)],
    )
    assert sorted(len(cause.findings) for cause in report.causes) == [1, 2]


@pytest.mark.parametrize("status", [Status.FAILED, Status.INCONCLUSIVE, Status.WARNING])
def test_every_finding_is_in_one_cause(status: Status) -> None:
    names = [rule.roots[0] for rule in load_causes() if ANYTHING not in rule.roots]
    report = report_of(*[found(name, status, (_UPLOAD, 200), (_READ, 500)) for name in dict.fromkeys(names)])
    listed = [finding for cause in report.causes for finding in cause.findings]
    assert len(listed) == len(set(listed)) == len(report.findings())


def test_a_report_that_names_no_causes_has_one_for_each_finding() -> None:
    plain = sample.report().to_json()
    del plain["causes"]
    again = Report.from_json(plain)
    assert all(not cause.follows for cause in again.causes)
    assert len(again.causes) == len(again.findings())


def test_an_exchange_without_an_answer_is_no_status() -> None:
    entries = [
        sample.entry("a", 404, _operation=_READ),
        sample.entry("b", 0, _operation=_READ, _error="timeout"),
    ]
    assert dict(seen(entries)) == {"a": (_READ, 404), "b": (_READ, None)}


def test_a_report_whose_causes_leave_a_finding_out_shows_it_all_the_same() -> None:
    plain = sample.report().to_json()
    plain["causes"] = plain["causes"][:1]
    assert len(Report.from_json(plain).causes) == len(sample.report().causes)


def test_a_report_whose_causes_name_what_is_not_there_shows_its_findings() -> None:
    plain = sample.report().to_json()
    plain["causes"][0]["root"]["requirement"] = "OKD-XXX-001"
    listed = {cause.root for cause in Report.from_json(plain).causes}
    assert listed == {cause.root for cause in sample.report().causes}
