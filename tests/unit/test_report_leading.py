"""What makes a report lead to the line: commands, requests in their order, reasons, and forms for others."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from okd_conformance.base.text import Lang, Text
from okd_conformance.judge.outcome import Excuse, Status, Verdict
from okd_conformance.report.cards import untested
from okd_conformance.report.console import ConsoleReporter
from okd_conformance.report.html import html
from okd_conformance.report.manager import manager
from okd_conformance.report.markdown import markdown
from okd_conformance.report.model import TargetInfo
from okd_conformance.report.sarif import sarif
from okd_conformance.report.wording import plain_sentence, status_name, verdict_name
from support import report_sample as sample

LANGS: tuple[Lang, Lang] = ("nl", "en")
DOCS = Path(__file__).parents[2] / "docs"


# For others ---------------------------------------------------------------------------------------------


def test_sarif_names_every_finding_with_its_cause() -> None:
    """The shape that SARIF 2.1.0 asks, by its own rules: what can't be judged has no level."""
    report = sample.report()
    (run,) = json.loads(sarif(report, "en"))["runs"]
    rules = run["tool"]["driver"]["rules"]
    findings = [case for case in report.cases() if case.status.is_finding]
    assert len(run["results"]) == len(findings) == 3
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["kind"] == "fail") == (result["level"] in {"error", "warning", "note"})
        assert result["message"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"].startswith("https://")
    assert {r["ruleId"]: r["level"] for r in run["results"]} == {
        "OKD-MPT-017": "error",
        "OKD-FX-003": "none",
        "OKD-MPT-006": "warning",
    }
    assert run["properties"]["verdict"] == "Not conformant"


def test_sarif_suppresses_what_the_baseline_excuses() -> None:
    known = Excuse("ticket 1234", "2027-01-31")
    results = [replace(c, excused=known) if c.status is Status.FAILED else c for c in sample.RESULTS]
    (run,) = json.loads(sarif(sample.report(results), "en"))["runs"]
    (excused,) = [result for result in run["results"] if "suppressions" in result]
    assert excused["suppressions"][0]["kind"] == "external"
    assert "ticket 1234" in excused["suppressions"][0]["justification"]


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_for_the_manager_says_what_to_do_next(lang: Lang) -> None:
    page = manager(sample.report(), lang)
    other = "Ask" if lang == "nl" else "Vraag"
    assert plain_sentence(sample.report()).in_language(lang) in page
    assert other not in page
    assert "<script" not in page


# What leads to the line ---------------------------------------------------------------------------------


def test_markdown_never_cuts_a_command() -> None:
    long = f"curl -i https://dms.acme.example/{'x' * 5000}/end"
    failed = sample.case("OKD-MPT-017", Status.FAILED, curl=long)
    assert long in markdown(sample.report([failed]), "en")


def test_the_page_says_how_to_get_a_token_where_a_command_needs_one() -> None:
    target = TargetInfo("Acme DMS", token_url="https://login.acme.example/token")
    assert (
        html(sample.report(target=target), sample.har(), "en").count("https://login.acme.example/token") == 1
    )
    bare = [sample.case("OKD-MPT-017", Status.FAILED, curl="curl -i https://dms.acme.example/")]
    assert "TOKEN=" not in html(sample.report(bare), sample.har(), "en")


def test_the_request_that_stored_a_document_stands_before_the_one_that_reads_it() -> None:
    document = "5c9e1d3a-14f9-4ac0-9d0e-1f2d6a3f9b10"
    stored = sample.entry("x00001", body=f'{{"dmsDocumentId": "{document}"}}')
    read = sample.entry("x00002", 404)
    read["request"] |= {
        "method": "GET",
        "url": f"https://dms.acme.example/documents/{document}",
        "postData": None,
    }
    failed = sample.case("OKD-FX-003", Status.FAILED, exchanges=["x00002"])
    page = html(sample.report([failed]), sample.har(stored, read), "en")
    assert page.index("x00001") < page.index("x00002")
    assert page.index("Also sent:") < page.index("The request that was judged:")


def test_why_rows_were_not_tested_is_told_once_per_reason() -> None:
    report = sample.report()
    (lead, *_) = [rows for reason, rows in untested(report)]
    assert sum(len(rows) for _, rows in untested(report)) == report.counts()[Status.NOT_TESTED]
    assert len(lead) >= 1
    for page in (html(report, None, "en"), markdown(report, "en")):
        assert "Belongs to the profile full." in page


def test_cases_that_could_not_be_judged_do_not_stand_under_failed() -> None:
    away = sample.case("OKD-MPT-017", Status.INCONCLUSIVE, "away", summary=Text("weg", "the server was away"))
    page = markdown(sample.report([*sample.RESULTS, away]), "en")
    failed, inconclusive = page.split("## Inconclusive")
    assert "the server was away" not in failed
    assert "the server was away" in inconclusive


def test_console_tells_of_a_requirement_once_and_of_the_causes_at_the_end() -> None:
    stream = io.StringIO()
    console = ConsoleReporter(stream, "en")
    for n in range(9):
        console.case_done(sample.case("OKD-AUT-006", Status.FAILED, f"n={n}"))
    assert stream.getvalue().count("OKD-AUT-006") == 1
    console.finish(sample.report(), None)
    assert "Causes, the worst first:" in stream.getvalue()


@pytest.mark.parametrize(("lang", "page"), [("nl", "een-rapport-lezen.md"), ("en", "reading-a-report.md")])
def test_the_docs_call_statuses_and_verdicts_what_the_reports_call_them(lang: Lang, page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    told = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")}
    names = [*map(status_name, Status), *map(verdict_name, Verdict)]
    assert {name.in_language(lang).lower() for name in names} - told <= {"suite fault", "fout in de suite"}
