"""Whatever a target sends, a rendering shows it and does nothing else with it."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from okd_conformance.base.clean import one_line, printable
from okd_conformance.base.text import Lang, Text
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.report.badge import badge
from okd_conformance.report.console import ConsoleReporter
from okd_conformance.report.files import write_all
from okd_conformance.report.html import html
from okd_conformance.report.junit import junit
from okd_conformance.report.markdown import code_block, escaped, markdown
from okd_conformance.report.model import Report, SectionTotals, TargetInfo
from okd_conformance.spec_tools.findings import LintFinding
from okd_conformance.spec_tools.matrix import matrix_html, read_matrix
from okd_conformance.spec_tools.render import rendered
from support import report_sample as sample
from support.report_sample import DMS

HOSTILE = (
    "</script></pre><img src=x onerror=alert(1)>"
    "\x1b]0;owned\x07\x1b[2J\x00\x9b31m\r\nsecond line"
    " [click](javascript:alert(1)) ![i](http://evil.example/i.png) `code` ``` @someone https://evil.example"
    " \u202egnp.exe \u2066\u200f\u061c\u2028 \x85\x9d | cell"
    " ]]> &amp; {{ 7*7 }} {0} [red]rich[/red] :smile: \ud800 \ufffe \U000e0041"
)
STATUSES = [Status.FAILED, Status.WARNING, Status.INCONCLUSIVE, Status.SUITE_FAULT, Status.PASSED]


def hostile_case(number: int, status: Status) -> CaseResult:
    text = Text.same(HOSTILE)
    return sample.case(
        f"OKD-MPT-{number:03}",
        status,
        f"x={HOSTILE}",
        summary=text,
        expected=text,
        received=text,
        notes=[text],
        remedy=text,
        exchanges=["h1"],
        curl=f"curl {HOSTILE}",
    )


def hostile_report() -> Report:
    requirements = [sample.requirement(f"OKD-MPT-{n:03}") for n in range(len(STATUSES) + 1)]
    return sample.report(
        [hostile_case(n, status) for n, status in enumerate(STATUSES)],
        requirements,
        target=TargetInfo(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        reasons={(requirements[-1].id, DMS): Text.same(HOSTILE)},
        run={"selection": (f"--case {HOSTILE}",)},
    )


def hostile_har() -> dict[str, Any]:
    entry = sample.entry("h1", 400, HOSTILE)
    entry["request"]["url"] = f"https://dms.acme.example/{HOSTILE}"
    entry["response"]["statusText"] = HOSTILE
    entry["response"]["headers"] = [{"name": HOSTILE, "value": HOSTILE}]
    return sample.har(entry)


def assert_harmless(text: str) -> None:
    """No control characters but line ends and tabs, no turned direction, nothing that UTF-8 can't hold."""
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200f\u2028-\u202e\u2066-\u2069\ufffe\U000e0041]", text
    )
    text.encode("utf-8")


def test_printable_shows_what_would_act() -> None:
    assert printable("a\x1b[2J\x00\r\nb\tc\r") == "a\\x1b[2J\\x00\nb\tc\\x0d"
    assert printable("\u202e\ud800\ufffe\U000e0041") == "\\u202e\\ud800\\ufffe\\U000e0041"
    assert printable("Zoë, 学校 👩\u200d🎓") == "Zoë, 学校 👩\u200d🎓"
    assert one_line("a\n  b\x00 c", 6) == "a b\\x…"


def test_junit_stays_valid_xml() -> None:
    text = junit(hostile_report(), "en")
    assert_harmless(text)
    root = ET.fromstring(text.encode())  # noqa: S314 - our own output
    failure = next(root.iter("failure"))
    assert failure.text is not None
    assert "</script></pre><img src=x onerror=alert(1)>\\x1b]0;owned" in failure.text
    assert {e.tag for e in root.iter()} == {
        *("testsuites", "testsuite", "testcase", "properties", "property"),
        *("failure", "error", "skipped", "system-out"),
    }


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [
            value or "" for name, value in attrs if name in {"href", "src", "action", "xlink:href"}
        ]


def test_html_shows_markup_as_text() -> None:
    text = html(hostile_report(), hostile_har(), "nl")
    assert_harmless(text)
    found = Tags(text)
    assert "img" not in found.tags
    assert found.tags.count("script") == 1
    assert not [name for name in found.attributes if name.startswith("on")]
    assert "&lt;/script&gt;&lt;/pre&gt;&lt;img src=x onerror=alert(1)&gt;\\x1b]0;owned" in text
    assert "{{ 7*7 }}" in text
    assert text.count("</html>") == 1


def test_markdown_shows_markup_as_text() -> None:
    text = markdown(hostile_report(), "en")
    assert_harmless(text)
    outside = re.sub(r"(?ms)^(`{4,})text$.*?^\1$", "", text)
    outside = re.sub(r"(?<!\\)`[^`\n]*`", "", outside)
    assert "\\<img src=x" in outside
    assert not re.search(r"(?<!\\)<", outside)
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert "@someone" not in outside
    assert "https://evil" not in outside


def test_markdown_escapes_line_starts_and_fences() -> None:
    assert [escaped(t) for t in ("# a", "- a", "1. a", "a # b", "1.5")] == [
        "\\# a",
        "\\- a",
        "1\\. a",
        "a # b",
        "1.5",
    ]
    assert escaped("a\n\n| b") == "a \\| b"
    assert code_block("a\n````\nb") == "`````text\na\n````\nb\n`````"


@pytest.mark.parametrize("color", [True, False])
def test_console_sends_only_its_own_sequences(color: bool) -> None:
    stream = io.StringIO()
    console = ConsoleReporter(stream, "en", color=color)
    console.start(sample.EDITION, HOSTILE, "standard", 5)
    report = hostile_report()
    for case in report.cases():
        console.case_done(case)
    console.finish(report, Path("reports"))
    own = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    assert_harmless(own)
    assert "\\x1b]0;owned\\x07" in own
    assert "[red]rich[/red] :smile:" in own


def test_badge_is_valid_whatever_the_edition_is_called() -> None:
    report = hostile_report()
    report.roles = {"<dms> & \x00": report.roles[DMS]}
    text = badge(report, "en")
    assert_harmless(text)
    assert {e.tag.rpartition("}")[2] for e in ET.fromstring(text).iter()} == {  # noqa: S314 - our own output
        *("svg", "title", "clipPath", "g", "rect", "text"),
    }


def test_files_hold_what_was_sent(tmp_path: Path) -> None:
    report, har = hostile_report(), hostile_har()
    write_all(report, har, tmp_path, "nl")
    assert json.loads((tmp_path / "exchanges.har").read_text("utf-8")) == har
    written = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert Report.from_json(written).cases() == report.cases()


# --- a stranger's report, rendered again ----------------------------------------------------------------


def strange() -> tuple[Report, dict[str, Any]]:
    """Every text of a stored report and of its exchanges is hostile: names, ids, roles, flows, headers."""
    run = {"sections": {"MPT": SectionTotals(3, 12, 1.5)}}
    stored = json.loads(json.dumps(sample.report(run=run).to_json()))
    exchanges = json.loads(json.dumps(sample.har()))
    return Report.from_json(sample.poisoned(stored, HOSTILE)), sample.poisoned(exchanges, HOSTILE)


def test_a_strange_report_is_poisoned_where_a_stranger_can_write() -> None:
    report, har = strange()
    assert all(HOSTILE in name for name in report.roles)
    assert all(HOSTILE in case.id and HOSTILE in case.summary.nl for case in report.cases())
    assert all(HOSTILE in row.id and HOSTILE in row.section for row in report.requirements)
    assert HOSTILE in har["log"]["entries"][0]["request"]["method"]


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_a_strange_report_is_only_text(lang: Lang) -> None:
    report, har = strange()
    page, xml, summary, picture = (
        html(report, har, lang),
        junit(report, lang),
        markdown(report, lang),
        badge(report, lang),
    )
    for text in (page, xml, summary, picture):
        assert_harmless(text)
    found = Tags(page)
    assert found.tags.count("script") == 1
    assert "img" not in found.tags
    assert not [name for name in found.attributes if name.startswith("on")]
    assert {link[:1] for link in found.links} <= {"#", "d"}
    ET.fromstring(xml.encode())  # noqa: S314 - our own output
    ET.fromstring(picture.encode())  # noqa: S314 - our own output
    outside = re.sub(r"(?ms)^(`{4,})text$.*?^\1$", "", summary)
    outside = re.sub(r"(?<!\\)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", outside)
    assert not re.search(r"(?<!\\)<", outside)
    assert not re.search(r"(?<!\\)\]\((?!#)", outside)


def test_a_strange_report_on_the_console() -> None:
    stream = io.StringIO()
    console = ConsoleReporter(stream, "nl")
    report, _ = strange()
    for case in report.cases():
        console.case_done(case)
    console.finish(report, Path("reports"))
    assert_harmless(stream.getvalue())


# --- the tools for the standards group --------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "markdown", "json", "sarif"])
def test_findings_about_strange_files_are_only_text(form: str) -> None:
    text = Text.same(HOSTILE)
    found = [LintFinding("OKD-X", "error", f"{HOSTILE}.yaml", 1, text, text, text, {"case": HOSTILE})]
    shown = rendered(found, form, "en")
    assert_harmless(shown)
    if form == "json":
        assert json.loads(shown)["findings"][0]["case"] == HOSTILE
    if form == "markdown":
        assert "](" not in shown
        assert "<" not in shown


def test_the_matrix_of_strange_reports_is_only_text(tmp_path: Path) -> None:
    report, _ = strange()
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report.to_json()), encoding="utf-8")
    text = matrix_html(read_matrix([file]), "en")
    assert_harmless(text)
    found = Tags(text)
    assert not {"img", "script", "a"} & set(found.tags)
    assert not [name for name in found.attributes if name.startswith("on")]
    assert "default-src 'none'" in text
