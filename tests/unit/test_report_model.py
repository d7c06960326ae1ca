"""The report model: rows, statuses, verdicts, scope, and its form in JSON."""

from __future__ import annotations

import io
import json

import jsonschema
import pytest

from okd_conformance.base.text import Text
from okd_conformance.cli.report import RENDERERS
from okd_conformance.judge.outcome import Status, Verdict
from okd_conformance.report.badge import badge
from okd_conformance.report.console import ConsoleReporter
from okd_conformance.report.model import Citation, Report, RequirementResult
from okd_conformance.report.schema import FILE, as_text, schema
from okd_conformance.report.wording import headline, plain_sentence
from okd_conformance.standard.catalogue import Applies, Source
from support import report_sample as sample
from support.report_sample import DMS, ENROL, EXAM


def row(report: Report, requirement: str, role: str = DMS) -> RequirementResult:
    return next(r for r in report.requirements if r.key == (requirement, role))


def test_one_row_per_requirement_and_role_of_the_edition() -> None:
    elsewhere = sample.requirement("OKD-ZZZ-001", roles=(DMS, "toetsafname"))
    report = sample.report(requirements=[*sample.REQUIREMENTS, elsewhere])
    keys = [r.key for r in report.requirements]
    assert keys[:3] == [("OKD-AUT-001", DMS), ("OKD-AUT-001", EXAM), ("OKD-AUT-001", ENROL)]
    assert len(keys) == len(set(keys))
    assert [k for k in keys if k[0] == "OKD-ZZZ-001"] == [("OKD-ZZZ-001", DMS)]


def test_a_row_takes_the_worst_of_its_cases() -> None:
    report = sample.report()
    assert row(report, "OKD-MPT-017").status is Status.FAILED
    assert row(report, "OKD-AUT-006").status is Status.PASSED
    assert row(report, "OKD-FX-003").status is Status.INCONCLUSIVE


def test_rows_without_a_case_say_why() -> None:
    parked = sample.requirement("OKD-OLD-001", editions=("okd-0.6",))
    report = sample.report(requirements=[*sample.REQUIREMENTS, parked], claimed_flows={EXAM: ["12"]})
    expected = {
        ("OKD-LIM-001", DMS): (Status.NOT_TESTED, "Belongs to the profile full."),
        ("OKD-AUT-001", ENROL): (Status.NOT_APPLICABLE, "does not offer the role inschrijven"),
        ("OKD-F06-001", EXAM): (Status.NOT_APPLICABLE, "does not offer this flow: 6"),
        ("OKD-OLD-001", DMS): (Status.NOT_APPLICABLE, "is not in okd-1.5"),
    }
    for (requirement, role), (status, words) in expected.items():
        found = row(report, requirement, role)
        assert found.status is status
        assert found.reason is not None
        assert words in found.reason.en
    forgotten = row(sample.report(), "OKD-F06-001", EXAM)
    assert (forgotten.status, str(forgotten.reason)) == (
        Status.NOT_TESTED,
        "No check ran for this requirement.",
    )


def test_a_row_quotes_the_edition_that_was_tested() -> None:
    old, new = Source("okd-0.6", "old.md", None, "a"), Source("okd-1.5", "new.md", None, "b")
    rfc = Source(None, "RFC 7578", "4.2", None)
    rows = [
        sample.requirement("OKD-MPT-001", sources=(old, new, rfc)),
        sample.requirement("OKD-MPT-002", sources=(old,)),
    ]
    report = sample.report([], rows)
    assert row(report, "OKD-MPT-001").sources == (
        Citation("okd-1.5, new.md", "b"),
        Citation("RFC 7578, 4.2", None),
    )
    assert row(report, "OKD-MPT-002").sources == (Citation("okd-0.6, old.md", "a"),)


def test_what_an_interruption_left_is_inconclusive_and_never_conformant() -> None:
    passed = [sample.case("OKD-AUT-006", Status.PASSED)]
    rows = [sample.requirement("OKD-AUT-006"), sample.requirement("OKD-AUT-007")]
    report = sample.report(passed, rows, roles=(DMS,), run={"interrupted": True})
    assert row(report, "OKD-AUT-007").status is Status.INCONCLUSIVE
    assert report.verdict is Verdict.INCOMPLETE
    assert "interrupted" in report.scope.en


def test_a_case_of_an_unknown_requirement_is_shown_as_the_suites_own_fault() -> None:
    report = sample.report([*sample.RESULTS, sample.case("OKD-XXX-404", Status.PASSED)])
    stray = row(report, "OKD-XXX-404")
    assert stray.status is Status.SUITE_FAULT
    assert [case.id for case in stray.cases] == ["OKD-XXX-404[dms]"]
    assert report.verdict is Verdict.SUITE_FAULT


def test_verdicts_and_counts_per_role() -> None:
    report = sample.report()
    assert report.verdict is Verdict.NOT_CONFORMANT
    assert set(report.roles) == {DMS, EXAM}
    assert report.roles[DMS].verdict is Verdict.NOT_CONFORMANT
    assert report.roles[EXAM].verdict is Verdict.CONFORMANT
    assert report.roles[DMS].counts == {
        Status.SUITE_FAULT: 0,
        Status.FAILED: 1,
        Status.INCONCLUSIVE: 1,
        Status.WARNING: 1,
        Status.PASSED: 3,
        Status.NOT_TESTED: 1,
        Status.NOT_APPLICABLE: 1,
    }


def test_verdicts_per_flow() -> None:
    flows = sample.report().roles[DMS].flows
    assert {name: flow.verdict for name, flow in flows.items()} == {
        "1": Verdict.NOT_CONFORMANT,
        "2": Verdict.NOT_CONFORMANT,  # it shares the operation that failed
        "x": Verdict.INCOMPLETE,
    }
    exam = sample.report().roles[EXAM].flows
    assert exam["12"].verdict is Verdict.CONFORMANT
    assert exam["12"].proposal
    assert not exam["6"].proposal
    assert "6" not in sample.report(claimed_flows={EXAM: ["12"]}).roles[EXAM].flows


def test_a_role_that_was_not_examined_is_not_claimed_by_the_verdict() -> None:
    report = sample.report([sample.case("OKD-AUT-006", Status.PASSED, flow="1")])
    assert (report.roles[DMS].examined, report.roles[EXAM].examined) == (True, False)
    assert report.roles[EXAM].verdict is Verdict.INCOMPLETE
    assert [name for name, flow in report.roles[DMS].flows.items() if flow.examined] == ["1"]
    assert "as dms, standard" in report.scope.en
    again = Report.from_json(report.to_json())
    assert not again.roles[EXAM].examined


def test_a_requirement_about_each_flow_speaks_only_for_the_flows_of_its_cases() -> None:
    each = sample.requirement("OKD-F01-001", applies=Applies("binding", (), (), ("1", "2")))
    cases = [
        sample.case("OKD-F01-001", Status.PASSED, "flow=1", flow="1"),
        sample.case("OKD-F01-001", Status.FAILED, "flow=2", flow="2"),
    ]
    both = sample.report(cases, [each]).roles[DMS].flows
    assert (both["1"].verdict, both["2"].verdict) == (Verdict.CONFORMANT, Verdict.NOT_CONFORMANT)
    assert set(sample.report(cases[:1], [each]).roles[DMS].flows) == {"1"}


def test_a_failed_proposal_counts_in_the_overall_verdict() -> None:
    failed = [c for c in sample.RESULTS if c.status is Status.PASSED]
    failed.append(sample.case("OKD-F12-001", Status.FAILED, "again", role=EXAM, flow="12"))
    report = sample.report(failed)
    assert report.roles[EXAM].flows["12"].verdict is Verdict.NOT_CONFORMANT
    assert report.verdict is Verdict.NOT_CONFORMANT


def test_findings_come_most_important_first() -> None:
    levels = {"A": "MAY", "B": "SHOULD", "C": "MUST"}
    requirements = [sample.requirement(f"OKD-{x}-001", level=level) for x, level in levels.items()]
    requirements += [sample.requirement(f"OKD-{x}-001") for x in "DEFG"]
    statuses = [Status.WARNING, Status.FAILED, Status.FAILED, Status.WARNING]
    statuses += [Status.INCONCLUSIVE, Status.SUITE_FAULT, Status.PASSED]
    cases = [sample.case(r.id, s) for r, s in zip(requirements, statuses, strict=True)]
    found = sample.report(cases, requirements).findings()
    assert [r.id[4] for r in found] == ["C", "B", "F", "E", "D", "A"]


@pytest.mark.parametrize(
    ("roles", "verdict"),
    [
        ((), Verdict.INCOMPLETE),
        (("dms", "examineren"), Verdict.INCOMPLETE),
        (("dms",), Verdict.CONFORMANT),
    ],
)
def test_a_chosen_role_of_which_nothing_was_judged(roles: tuple[str, ...], verdict: Verdict) -> None:
    report = sample.report(
        results=[sample.case("OKD-AUT-006", Status.PASSED)],
        requirements=sample.REQUIREMENTS[1:2],
        run={"roles": roles},
    )
    assert report.verdict is verdict
    assert report.verdict_without([]) is verdict
    assert Report.from_json(report.to_json()).verdict_without([]) is verdict
    assert "examineren" not in report.scope.en
    said = plain_sentence(report).en
    assert ("nothing was judged of the role examineren" in said) == (verdict is Verdict.INCOMPLETE)


@pytest.mark.parametrize(
    ("changes", "nl", "en"),
    [
        (
            {"roles": (DMS,)},
            "voldoet niet aan okd-1.5 als dms, profiel standard; 1 GB niet getest; 1 eis niet getest",
            "not conformant to okd-1.5 as dms, standard profile; 1 GB not tested; 1 row not tested",
        ),
        (
            {
                "results": [sample.case("OKD-AUT-006", Status.PASSED)],
                "requirements": sample.REQUIREMENTS[1:2],
            },
            "gedeeltelijk: voldoet aan okd-1.5 als dms, profiel full; alleen --flow 1; 1 eis niet getest",
            "partial: conformant to okd-1.5 as dms, full profile; only --flow 1; 1 row not tested",
        ),
    ],
)
def test_the_scope_says_what_the_verdict_is_about(changes: dict[str, object], nl: str, en: str) -> None:
    run = {"profile": "full", "large_tested": True, "selection": ("--flow 1",), "roles": ("dms",)}
    report = sample.report(**changes, run=None if "roles" in changes else run)  # type: ignore[arg-type]
    assert report.scope == Text(nl, en)


def test_a_baseline_excuses_failures_by_case_and_by_requirement() -> None:
    results = [c for c in sample.RESULTS if c.status is not Status.INCONCLUSIVE]
    report = sample.report(results)
    case = "OKD-MPT-017[dms,upload_to_association,boundary=70]"
    assert report.verdict_without([]) is Verdict.NOT_CONFORMANT
    assert report.verdict_without([case]) is Verdict.CONFORMANT
    assert report.verdict_without(["OKD-MPT-017"]) is Verdict.CONFORMANT
    assert report.verdict_without([case.replace("70", "7")]) is Verdict.NOT_CONFORMANT
    assert report.verdict is Verdict.NOT_CONFORMANT
    assert sample.report().verdict_without([case]) is Verdict.INCOMPLETE


def test_json_fits_the_schema_and_comes_back_the_same() -> None:
    report = sample.report([*sample.RESULTS, sample.case("OKD-XXX-404", Status.PASSED)])
    written = json.loads(json.dumps(report.to_json()))
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(written)
    again = Report.from_json(written)
    assert again.to_json() == report.to_json()
    assert again.findings()[0].cases == report.findings()[0].cases


def test_the_schema_in_the_package_is_the_one_of_the_model() -> None:
    assert FILE.read_text("utf-8") == as_text(), "write it anew: python -m okd_conformance.cli.generate"


def test_each_key_of_the_report_says_what_it_is() -> None:
    kinds = schema()["$defs"]
    untold = {
        f"{name}.{key}"
        for name, kind in kinds.items()
        for key, rule in kind.get("properties", {}).items()
        if "description" not in {**kinds.get(rule.get("$ref", "").rpartition("/")[2], {}), **rule}
    }
    assert untold == {"Text.nl", "Text.en"}


def test_json_has_the_shape_of_the_contract() -> None:
    written = sample.report().to_json()
    assert written["format"] == "okd-conformance/report/1"
    assert written["suite"] == {"version": "0.1.0"}
    assert {k: written["standard"][k] for k in ("edition", "commit")} == {
        "edition": "okd-1.5",
        "commit": "a3e7c28",
    }
    assert written["target"]["roles"] == {
        role: {"base_url": f"https://{role}.acme.example/okd/v1"} for role in (DMS, EXAM)
    }
    assert written["roles"][DMS]["flows"]["x"]["verdict"] == "incomplete"
    assert written["roles"][DMS]["counts"]["failed"] == 1
    failed = next(r for r in written["requirements"] if r["status"] == "failed")
    assert (failed["id"], failed["flow"], failed["section"]) == ("OKD-MPT-017", "1, 2", "MPT")
    assert failed["source"].startswith("RFC 2046, 5.1.1; okd-1.5, ")
    assert failed["quote"].startswith("Boundary delimiters")
    assert set(failed["statement"]) == set(failed["title"]) == set(failed["why"]) == {"nl", "en"}
    case = next(c for c in failed["cases"] if c["status"] == "failed")
    assert case["exchanges"] == ["x00012", "x00011"]
    assert case["curl"].startswith("curl ")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "fine"),
        (("requirements", 0, "status"), "green"),
        (("requirements", 0, "statement"), {"en": "only English"}),
        (("roles", DMS, "counts"), {"passed": 1}),
        (("run", "profile"), "huge"),
        (("format",), "okd-conformance/report/2"),
    ],
)
def test_the_schema_refuses_what_is_not_a_report(path: tuple[str | int, ...], value: object) -> None:
    written = json.loads(json.dumps(sample.report().to_json()))
    assert jsonschema.Draft202012Validator(schema()).is_valid(written)
    place = written
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    assert not jsonschema.Draft202012Validator(schema()).is_valid(written)


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="not a report of the format"):
        Report.from_json({"format": "okd-conformance/report/2"})


def test_keys_of_a_later_suite_are_ignored() -> None:
    written = sample.report().to_json()
    written["run"]["colour"] = "blue"
    written["requirements"][0]["extra"] = 1
    assert Report.from_json(written).to_json() == sample.report().to_json()


def test_a_partial_run_says_so_in_verdict_and_badge() -> None:
    partial = sample.report(run={"partial": ("--profile smoke",)})
    whole = sample.report()
    assert headline(partial).en == f"Partial run: {headline(whole).en}"
    assert "partial" in badge(partial, "en")
    assert "gedeeltelijk" in badge(partial, "nl")
    assert "partial" not in badge(whole, "en")
    assert Report.from_json(partial.to_json()).run.partial == ("--profile smoke",)


@pytest.mark.parametrize("form", ["console", "html", "manager", "markdown", "badge", "junit", "sarif"])
def test_a_partial_run_is_nowhere_just_conformant(form: str) -> None:
    passed = [sample.case("OKD-AUT-006", Status.PASSED)]
    part = sample.report(passed, sample.REQUIREMENTS[1:2], (DMS,), run={"partial": ("--flow 1",)})
    assert part.verdict is Verdict.CONFORMANT
    stream = io.StringIO()
    if form == "console":
        ConsoleReporter(stream, "en").finish(part, None)
    shown = stream.getvalue() if form == "console" else RENDERERS[form](part, None, "en")
    assert "partial" in shown.lower()
    assert "✅" not in shown
    assert "can exchange documents" not in shown
    assert "go live, if" not in shown
