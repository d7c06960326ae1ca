"""The renderings: each from the report alone, in both languages."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from okd_conformance.base.text import Lang, Text
from okd_conformance.judge.outcome import Status, Verdict
from okd_conformance.report import files
from okd_conformance.report.badge import badge
from okd_conformance.report.console import ConsoleReporter
from okd_conformance.report.html import html
from okd_conformance.report.junit import junit
from okd_conformance.report.markdown import markdown
from okd_conformance.report.model import Report
from okd_conformance.report.wording import day, duration, listed, moment, plain_sentence
from support import report_sample as sample
from support.report_sample import DMS

LANGS: tuple[Lang, Lang] = ("nl", "en")


def report_with(verdict: Verdict) -> Report:
    status = {
        Verdict.CONFORMANT: Status.PASSED,
        Verdict.NOT_CONFORMANT: Status.FAILED,
        Verdict.INCOMPLETE: Status.INCONCLUSIVE,
        Verdict.SUITE_FAULT: Status.SUITE_FAULT,
    }[verdict]
    report = sample.report([sample.case("OKD-AUT-006", status)], sample.REQUIREMENTS[1:2], roles=(DMS,))
    assert report.verdict is verdict
    return report


# JUnit --------------------------------------------------------------------------------------------------


def junit_cases(report: Report) -> dict[str, ET.Element]:
    root = ET.fromstring(junit(report, "en"))  # noqa: S314 - our own output
    return {case.get("name", ""): case for case in root.iter("testcase")}


def outcome(case: ET.Element) -> list[str]:
    return [child.tag for child in case]


def test_junit_maps_every_status() -> None:
    extra = [sample.case("OKD-MPT-001", Status.SUITE_FAULT, "broken", summary=Text("kapot", "broken"))]
    cases = junit_cases(sample.report([*sample.RESULTS, *extra]))
    assert outcome(cases["OKD-MPT-017[dms,upload_to_association,boundary=70]"]) == ["failure"]
    assert outcome(cases["OKD-MPT-017[dms,upload_to_association,boundary=1]"]) == []
    assert outcome(cases["OKD-FX-003[dms,read_document]"]) == ["error"]
    assert outcome(cases["OKD-MPT-001[dms,broken]"]) == ["error"]
    assert outcome(cases["OKD-MPT-006[dms,upload_to_association,type=none]"]) == ["system-out"]
    assert outcome(cases["OKD-AUT-001[dms]"]) == ["skipped"]  # not applicable
    assert outcome(cases["OKD-LIM-001[dms]"]) == ["skipped"]  # not tested
    assert cases["OKD-MPT-001[dms,upload_to_association]"].find("system-out") is not None  # its note
    types = [
        cases[name][0].get("type") for name in ("OKD-FX-003[dms,read_document]", "OKD-MPT-001[dms,broken]")
    ]
    assert types == ["inconclusive", "suite_fault"]


def test_junit_names_and_explains() -> None:
    case = junit_cases(sample.report())["OKD-MPT-017[dms,upload_to_association,boundary=70]"]
    assert case.get("classname") == "dms.MPT"
    failure = case[0]
    assert failure.get("message") == "The upload with a boundary of 70 characters was refused."
    assert failure.text is not None
    for words in ("OKD-MPT-017 (MUST): Any legal boundary", "Expected: Status 200", "Received: Status 400"):
        assert words in failure.text
    for words in ("What to look at first: Read the boundary", "Source: RFC 2046", "curl -i -X POST"):
        assert words in failure.text


def test_junit_has_the_attributes_of_its_schema() -> None:
    """Those of Jenkins' junit-10.xsd, which knows no skipped on testsuites."""
    root = ET.fromstring(junit(sample.report(), "nl"))  # noqa: S314 - our own output
    assert set(root.attrib) == {"name", "tests", "failures", "errors", "time"}


def test_junit_counts_are_those_of_the_cases() -> None:
    root = ET.fromstring(junit(sample.report(), "nl"))  # noqa: S314 - our own output
    tags = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for element in (root, *root.iter("testsuite")):
        known = {name: tag for name, tag in tags.items() if element is not root or name != "skipped"}
        for attribute, tag in known.items():
            assert int(element.get(attribute, "-1")) == len(list(element.iter(tag))), (
                element.get("name"),
                tag,
            )
    assert [suite.get("name") for suite in root] == [
        "okd-1.5.dms",
        "okd-1.5.examineren",
    ]


# Markdown and badge ---------------------------------------------------------------------------------------


def test_markdown_tells_the_verdict_and_what_to_change() -> None:
    page = markdown(sample.report(), "en")
    assert page.startswith("# ❌ Acme DMS 4.2.0 does not conform to OKD 1.5\n")
    assert "| Document management system (DMS) (`dms`) | Not conformant | 1 |" in page
    assert page.index("### OKD-MPT-017") < page.index("### OKD-FX-003") < page.index("### OKD-MPT-006")
    assert "  - Received: Status 400: boundary too long" in page
    assert "(proposal in the standard): **Conformant**" in page
    assert "- Tested on: 22 November 2026, 11:41 (UTC)" in page


def test_what_could_not_be_judged_gets_no_advice_about_the_product() -> None:
    advice = Text("Kijk in het product.", "Look into the product.")
    given = sample.requirement("OKD-FX-003", remedy=advice)
    for status, told in ((Status.INCONCLUSIVE, False), (Status.SUITE_FAULT, False), (Status.FAILED, True)):
        found = sample.report([sample.case("OKD-FX-003", status)], [given], roles=(DMS,))
        for rendered in (markdown(found, "en"), junit(found, "en"), html(found, None, "en")):
            assert (advice.en in rendered) is told, status


def test_markdown_of_many_findings_stays_short() -> None:
    rows = [sample.requirement(f"OKD-MPT-{n:03}") for n in range(80)]
    cases = [sample.case(row.id, Status.FAILED, f"n={n}") for row in rows for n in range(9)]
    page = markdown(sample.report(cases, rows), "en")
    assert page.count("\n### ") == 50
    assert "And 30 more" in page
    assert "6 more cases" in page


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("lang", LANGS)
def test_every_verdict_renders_in_both_languages(verdict: Verdict, lang: Lang) -> None:
    report = report_with(verdict)
    words = {
        Verdict.CONFORMANT: ("voldoet", "conformant"),
        Verdict.NOT_CONFORMANT: ("voldoet niet", "not conformant"),
        Verdict.INCOMPLETE: ("onvolledig", "incomplete"),
        Verdict.SUITE_FAULT: ("fout in de suite", "suite fault"),
    }[verdict][LANGS.index(lang)]
    picture = ET.fromstring(badge(report, lang))  # noqa: S314 - our own output
    assert picture.get("aria-label") == f"okd-1.5 dms: {words}"
    assert plain_sentence(report).in_language(lang) in markdown(report, lang)
    assert plain_sentence(report).in_language(lang) in html(report, sample.har(), lang)


def test_badge_of_many_roles_stays_small() -> None:
    report = sample.report(roles=("dms", "examineren", "inschrijven"))
    assert "okd-1.5 dms examineren +1" in badge(report, "en")


# HTML -----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The elements of a page, with what they say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, str] = {}
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._tag = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the base class names it
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag in {"style", "script", "title"}:
            self.raw[self._tag] = self.raw.get(self._tag, "") + data

    def values(self, attribute: str) -> list[str]:
        return [a[attribute] or "" for _, a in self.elements if attribute in a]


def page(lang: Lang = "nl", report: Report | None = None) -> Page:
    return Page(html(report or sample.report(), sample.har(), lang))


def test_html_asks_for_nothing_from_outside() -> None:
    found = page()
    for attribute in ("href", "src", "action", "srcset", "data"):
        assert all(v.startswith(("#", "data:")) for v in found.values(attribute)), attribute
    assert "@import" not in found.raw["style"]
    assert "url(" not in found.raw["style"]


def test_html_policy_allows_just_its_own_style_and_script() -> None:
    found = page()
    (policy,) = [
        a["content"] or "" for t, a in found.elements if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(found.raw[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert [t for t, _ in found.elements].count("script") == 1
    assert not found.values("style")
    assert not [name for _, a in found.elements for name in a if name.startswith("on")]


def test_html_links_lead_somewhere_and_ids_are_unique() -> None:
    found = page()
    ids = found.values("id")
    assert len(ids) == len(set(ids))
    targets = {v[1:] for v in found.values("href") if v.startswith("#")}
    assert targets <= set(ids)
    assert {"OKD-MPT-017-dms", "i-failed", "requirements"} <= targets
    for attribute in ("for", "aria-labelledby"):
        assert set(found.values(attribute)) <= set(ids)


@pytest.mark.parametrize("lang", LANGS)
def test_html_holds_both_languages_and_starts_in_one(lang: Lang) -> None:
    text = html(sample.report(), sample.har(), lang)
    assert f'<html lang="{lang}">' in text
    assert '<span lang="nl">De upload met een boundary van 70 tekens werd geweigerd.</span>' in text
    assert '<span lang="en">The upload with a boundary of 70 characters was refused.</span>' in text
    found = Page(text)
    languages = [a.get("lang") for t, a in found.elements if t == "span" and a.get("lang") in LANGS]
    assert languages.count("nl") == languages.count("en") > 100


def test_html_shows_the_exchange_and_how_to_repeat_it() -> None:
    text = html(sample.report(), sample.har(), "en")
    assert "POST /okd/v1/associations/752919a8-b2e1-4151-8dee-194379c0d38e HTTP/1.1" in text
    assert "HTTP/1.1 400 Bad Request" in text
    assert "the whole body has 5120 bytes" in text
    assert "no answer came within the time" in text
    case = "OKD-MPT-017[dms,upload_to_association,boundary=70]"
    assert f"okd-conformance run TARGET.yaml --case &#39;{case}&#39;" in text


def test_html_without_exchanges_still_renders() -> None:
    text = html(sample.report(), None, "en")
    assert "was refused" in text
    assert "HTTP/1.1 400" not in text


def test_html_lists_every_row_with_what_the_filters_need() -> None:
    report = sample.report()
    rows = [a for t, a in page(report=report).elements if t == "section" and "data-status" in a]
    found = {(a["id"], a["data-status"], a["data-level"], a["data-role"], a["data-flow"]) for a in rows}
    assert found == {
        (f"row-{r.anchor}", str(r.status), r.level, r.role, " ".join(r.flows)) for r in report.requirements
    }
    assert [a["id"] for a in rows if "data-noted" in a] == ["row-OKD-MPT-001-dms"]


def test_html_opens_what_failed_first() -> None:
    found = [a for t, a in page().elements if t == "details" and "finding" in (a.get("class") or "")]
    assert [(a["id"], "open" in a) for a in found] == [
        ("OKD-MPT-017-dms", True),
        ("OKD-FX-003-dms", False),
        ("OKD-MPT-006-dms", False),
    ]


# Console --------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown_on(stream: io.StringIO, *, quiet: bool = False, color: bool | None = None) -> str:
    console = ConsoleReporter(stream, "en", quiet=quiet, color=color)
    console.start(sample.EDITION, "Acme DMS", "standard", len(sample.RESULTS), {"MPT": 5})
    for result in sample.RESULTS:
        console.case_done(result)
    console.finish(sample.report(), Path("reports/one"))
    return stream.getvalue()


def test_console_writes_plain_lines_where_there_is_no_terminal() -> None:
    text = shown_on(io.StringIO())
    assert "\x1b" not in text
    assert "\r" not in text
    lines = text.splitlines()
    assert lines[0] == "OKD 1.5 against Acme DMS (standard profile, 11 cases)"
    assert "Failed OKD-MPT-017[dms,upload_to_association,boundary=70]" in lines
    assert "    Received: Status 400: boundary too long" in lines
    assert "MPT      1 failed, 1 warning, 3 passed" in lines
    assert any(re.fullmatch(r"dms +Not conformant +1 +1 +1 +3 +1 +1", line.strip()) for line in lines)
    assert "Not conformant to okd-1.5 as dms and examineren, standard profile; 1 GB not tested;" in text
    assert lines[-2].startswith("More about a requirement: okd-conformance explain OKD-MPT-017.")
    assert lines[-1] == f"Report: {Path('reports/one') / 'report.html'}"


def test_console_moves_on_a_terminal_and_gives_the_cursor_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = shown_on(Terminal())
    assert "5/11" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") > 0
    assert "\x1b[1;31m" in text


def test_console_honours_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", shown_on(Terminal()))
    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", shown_on(Terminal(), color=True))


def test_quiet_leaves_the_verdict_and_the_place() -> None:
    lines = shown_on(io.StringIO(), quiet=True).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Not conformant to okd-1.5 as dms and examineren")
    assert lines[1].startswith("Report: ")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("width", "numbers"), [(24, 0), (40, 1), (60, 3), (80, 5), (130, 6)])
def test_the_table_of_roles_cuts_no_word_however_narrow(
    monkeypatch: pytest.MonkeyPatch, lang: Lang, width: int, numbers: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    console = ConsoleReporter(stream, lang)
    console.finish(sample.report(), Path("reports/one"))
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    table = plain.strip().partition("\n\n")[0].splitlines()
    assert max(map(len, table)) <= width
    cells = " ".join(table).split()
    assert not [word for word in cells if "…" in word]
    assert {"dms", "examineren", "Conformant" if lang == "en" else "Voldoet"} <= set(cells)
    row = next(line for line in table if line.startswith("examineren"))
    assert len(re.findall(r"[0-9-]+", row)) == numbers


def test_console_stops_listing_when_everything_goes_wrong() -> None:
    stream = io.StringIO()
    console = ConsoleReporter(stream, "en")
    for n in range(60):
        console.case_done(sample.case(f"OKD-FX-{n:03}", Status.INCONCLUSIVE))
    assert stream.getvalue().count("Inconclusive OKD-FX-") == 25
    assert stream.getvalue().count("more in the report") == 1


# Words ----------------------------------------------------------------------------------------------------


def test_moments_durations_and_lists_read_as_people_say_them() -> None:
    assert moment("2026-03-01T23:30:00-02:00") == Text(
        "2 maart 2026, 01:30 uur (UTC)", "2 March 2026, 01:30 (UTC)"
    )
    assert day("2026-03-01T10:00:00Z") == Text("1 maart 2026", "1 March 2026")
    assert moment("yesterday") == Text.same("yesterday")
    assert [str(duration(s)) for s in (0.4, 1, 60, 83.4)] == [
        "0 seconds",
        "1 second",
        "1 minute",
        "1 minute 23 seconds",
    ]
    assert [listed(n).nl for n in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b en c"]


# Files ----------------------------------------------------------------------------------------------------


def test_files_are_all_written_and_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "one"
    written = files.write_all(sample.report(), sample.har(), folder, "nl")
    names = {
        "report.json",
        "report.html",
        "junit.xml",
        "exchanges.har",
        "summary.md",
        "summary.html",
        "badge.svg",
    }
    assert {path.name for path in written} == {path.name for path in folder.iterdir()} == names
    report = Report.from_json(json.loads((folder / "report.json").read_text("utf-8")))
    har = json.loads((folder / "exchanges.har").read_text("utf-8"))
    assert har == sample.har()
    assert html(report, har, "nl") == (folder / "report.html").read_text("utf-8")


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old", encoding="utf-8")

    def fail(file: object) -> None:
        assert file is not None
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        files.write_whole(path, fail)
    assert path.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
