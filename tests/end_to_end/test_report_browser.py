"""The page in a real browser: filters, languages, links, keyboard, phone, dark, print, no request outside.

Without a Chromium these are skipped; with OKD_BROWSER_REQUIRED set they fail instead.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from okd_conformance.base.text import Text
from okd_conformance.judge.outcome import Excuse, Status
from okd_conformance.report.html import html
from okd_conformance.report.manager import manager
from okd_conformance.report.model import Report, SectionTotals, TargetInfo
from support import report_sample as sample
from support.optional import needed

REQUIRED = "OKD_BROWSER_REQUIRED" in os.environ
playwright = needed("playwright.sync_api")
axe = needed("axe_playwright_python.sync_playwright")

CHROMIUM = os.environ.get("OKD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 740}
HOSTILE = (
    "<img src=https://elsewhere.invalid/x onerror=\"document.title='caught'\">\u202e"
    "</script><script>document.title='caught'</script>"
)

ACTING = (
    "\"'><img src=https://elsewhere.invalid/x onerror=\"window.caught=1\"><svg onload='window.caught=2'>"
    "</title></style></textarea></pre></script><script>window.caught=3;alert(3)</script>"
    "<iframe src=javascript:alert(4)></iframe><base href=https://elsewhere.invalid/>"
    "<meta http-equiv=refresh content='0;url=https://elsewhere.invalid'>"
    "<a href=javascript:alert(5)>x</a> javascript:alert(6) onmouseover=alert(7) "
    "{{7*7}} ${7*7} <!-- --> ]]> \u2028 \u202e \x1b[2J \x00 \x9b &#x3c;script&#x3e;"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        if REQUIRED:
            pytest.fail("there is no chromium, and OKD_BROWSER_REQUIRED asks for one")
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as p:
        started = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


SCOPES = [
    sample.case(
        "OKD-AUT-006",
        status,
        f"upload_to_association,flow=1,scope={scope}",
        flow="1",
        operation="upload_to_association",
    )
    for scope, status in {"okd:alldocuments": Status.PASSED, "okd:bpvdocuments": Status.FAILED}.items()
]


KNOWN = Excuse("release 4.3 brings it, ticket 1234", "2027-01-31")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = {"sections": {"MPT": SectionTotals(3, 12, 1.5)}}
    known = [
        replace(case, excused=KNOWN) if case.status is Status.FAILED else case for case in sample.RESULTS
    ]
    report = sample.report([*known, *SCOPES], run=run)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html(report, sample.har(), "en"), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Any]:
    """A function that opens the page; nothing may ask for anything but the file itself."""
    contexts, asked, wrong = [], [], []

    def open_page(anchor: str = "", path: Path = file, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.goto(f"{path.as_uri()}{anchor}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert wrong == []


def test_the_verdict_is_on_the_first_screen(opened: Any) -> None:
    page = opened()
    assert page.locator("h1").bounding_box()["y"] < 300
    assert page.locator("h1 [lang=en]").is_visible()
    assert not page.locator("h1 [lang=nl]").is_visible()


def test_the_language_switch_shows_the_other_language(opened: Any) -> None:
    page = opened()
    page.get_by_role("button", name="NL").click()
    assert page.locator("h1 [lang=nl]").is_visible()
    assert not page.locator("h1 [lang=en]").is_visible()
    assert page.locator("html").get_attribute("lang") == "nl"
    assert page.get_by_role("button", name="NL").get_attribute("aria-pressed") == "true"


def shown(page: Any) -> list[str]:
    return [row.get_attribute("id") for row in page.locator(".rows .row").all() if row.is_visible()]


def test_filters_narrow_and_reset(opened: Any) -> None:
    page = opened()
    everything = shown(page)
    page.locator("#filters input[name=status][value=failed]").check(force=True)
    assert shown(page) == ["row-OKD-AUT-006", "row-OKD-MPT-017"]
    page.locator("#filters input[name=level][value=SHOULD]").check(force=True)
    assert shown(page) == []
    assert page.locator("#none").is_visible()
    page.locator("#filters button[type=reset]").click()
    page.wait_for_function("document.getElementById('none').hidden")
    assert shown(page) == everything
    page.fill("#find", "boundary")
    assert shown(page) == ["row-OKD-MPT-017"]
    assert page.locator("#shown").inner_text() == "1"


def test_a_number_at_the_verdict_shows_what_it_counts(opened: Any) -> None:
    page = opened()
    page.fill("#find", "boundary")
    page.locator(".legend a[data-only=inconclusive]").click()
    assert shown(page) == ["row-OKD-FX-003"]
    assert page.locator("#requirements").bounding_box()["y"] < DESKTOP["height"]
    page.locator(".legend a[data-only=warning]").click()
    assert shown(page) == ["row-OKD-MPT-006"]


def test_what_the_baseline_excuses_is_seen(opened: Any) -> None:
    for viewport in (DESKTOP, PHONE):
        page = opened(viewport=viewport)
        finding = page.locator("#OKD-MPT-017-dms")
        assert finding.locator("summary .excused [lang=en]").inner_text() == "1 of 1 excused"
        assert finding.locator("p.excused").first.is_visible()
        assert "31 January 2027 (baseline): release 4.3" in finding.locator("p.excused").first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_a_remark_keeps_its_distance_from_the_words_of_the_standard(opened: Any, tmp_path: Path) -> None:
    path = tmp_path / "remark.html"
    warned = sample.report([sample.case("OKD-MPT-021", Status.WARNING)])
    path.write_text(html(warned, None, "en"), encoding="utf-8")
    page = opened("#OKD-MPT-021-dms", path=path)
    remark = page.locator("#OKD-MPT-021-dms blockquote + .why").bounding_box()
    quote = page.locator("#OKD-MPT-021-dms blockquote").last.bounding_box()
    assert remark["y"] - (quote["y"] + quote["height"]) >= 8


def test_a_deep_link_opens_and_shows_what_it_points_to(opened: Any) -> None:
    page = opened("#OKD-MPT-006-dms")
    assert page.locator("#OKD-MPT-006-dms").get_attribute("open") is not None
    assert page.locator("#OKD-MPT-006-dms").bounding_box()["y"] < DESKTOP["height"]
    hidden = opened("#row-OKD-F06-001-inschrijven")
    assert hidden.locator("#row-OKD-F06-001-inschrijven").is_visible()
    assert opened("#proof").locator("#proof table").is_visible()


def test_the_telling_part_of_an_exchange_is_marked(opened: Any) -> None:
    page = opened("#OKD-MPT-017-dms")
    page.locator("#OKD-MPT-017-dms details.more summary", has_text="was judged").first.click()
    assert page.locator("#OKD-MPT-017-dms mark:visible").first.inner_text() == "HTTP/1.1 400 Bad Request"


def test_the_scope_matrix_shows_what_went_wrong(opened: Any) -> None:
    page = opened("#scopes")
    bad = page.locator("#scopes td.failed")
    assert {" ".join(cell.inner_text().split()) for cell in bad.all()} == {"no (Failed)"}
    assert page.locator("#scopes td.passed").first.inner_text() == "yes"


def test_everything_can_be_reached_by_keyboard(opened: Any) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(70):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.tagName + ' ' + (document.activeElement.name || '')")
        )
    assert {"BUTTON ", "A ", "SUMMARY ", "INPUT find", "INPUT status"} <= reached
    page.locator("#proof > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#proof table").is_visible()


BROKEN_WORDS = """() => {
  const broken = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    const within = node.parentElement;
    if (!within.checkVisibility() || within.closest("pre, code, .mono, script")) continue;
    for (const word of node.data.matchAll(/\\p{L}+/gu)) {
      const range = document.createRange();
      range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length);
      const tops = new Set([...range.getClientRects()].map((r) => Math.round(r.top)));
      if (tops.size > 1) broken.add(word[0]);
    }
  }
  return [...broken];
}
"""


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("width", [320, 375])
def test_a_phone_breaks_no_word_in_two(opened: Any, tmp_path: Path, lang: str, width: int) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(sample.report(), sample.har(), "en"), encoding="utf-8")
    page = opened(path=path, viewport={"width": width, "height": 700})
    page.get_by_role("button", name=lang.upper()).click()
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate(BROKEN_WORDS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_a_phone_scrolls_in_one_direction(opened: Any, lang: str) -> None:
    page = opened(viewport=PHONE)
    page.get_by_role("button", name=lang.upper()).click()
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize(
    ("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark-phone"]
)
def test_no_barrier_that_axe_can_find(browser: Any, file: Path, scheme: Any, viewport: Any) -> None:
    context = browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    results = axe.Axe().run(page)
    found = [(v["id"], v["nodes"][0]["html"][:200]) for v in results.response["violations"]]
    context.close()
    assert found == []


def test_dark_is_dark(opened: Any) -> None:
    colours = [
        opened(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    light, dark = ([int(part) for part in colour[4:-1].split(",")] for colour in colours)
    assert min(light) > 200
    assert max(dark) < 60


def test_print_shows_what_must_be_changed_on_a4(opened: Any, tmp_path: Path) -> None:
    page = opened()
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = false; })")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#OKD-MPT-017-dms .pair").first.is_visible()
    assert all(card.is_visible() for card in page.locator(".finding > .in").all())
    assert not page.locator(".filters").is_visible()
    paper = page.pdf(format="A4", path=tmp_path / "report.pdf")
    assert paper.startswith(b"%PDF")
    assert page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"]


def test_paper_shows_the_findings_without_script(opened: Any) -> None:
    page = opened(java_script_enabled=False)
    page.emulate_media(media="print")
    assert all(card.is_visible() for card in page.locator(".finding > .in").all())


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_page_for_the_manager_is_one_sheet_of_a4(opened: Any, tmp_path: Path, lang: Any) -> None:
    rows = [sample.requirement(f"OKD-MPT-{n:03}", statement=Text.same("word " * 60)) for n in range(40)]
    failed = [sample.case(row.id, Status.FAILED, exchanges=[f"x{row.id}"]) for row in rows]
    target = TargetInfo("P" * 90, "V" * 90, "1.2.3")
    for name, report in {
        "plain": sample.report(),
        "long": sample.report(failed, rows, target=target),
    }.items():
        path = tmp_path / f"{name}.html"
        path.write_text(manager(report, lang), encoding="utf-8")
        page = opened(path=path)
        page.emulate_media(media="print")
        paper = page.pdf(format="A4", prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1, name
        assert name == "long" or opened(path=path, viewport=PHONE).evaluate(BROKEN_WORDS) == []


def test_what_follows_from_a_cause_stands_beneath_it(opened: Any, tmp_path: Path) -> None:
    results = [
        sample.case("OKD-AUT-006", Status.FAILED, role=role, exchanges=[f"x{role}"])
        for role in (sample.DMS, sample.EXAM)
    ]
    answers = {f"x{role}": ("read_document", 200) for role in (sample.DMS, sample.EXAM)}
    path = tmp_path / "report.html"
    path.write_text(html(sample.report(results, answers=answers), None, "en"), encoding="utf-8")
    page = opened(path=path)
    assert page.locator("#findings > .finding.failed").count() == 1
    beneath = page.locator("#OKD-AUT-006-dms .follows .finding")
    assert beneath.get_attribute("id") == "OKD-AUT-006-examineren"
    linked = opened("#OKD-AUT-006-examineren", path=path)
    assert linked.locator("#OKD-AUT-006-examineren .in").is_visible()


def test_hostile_strings_are_only_text(opened: Any, tmp_path: Path) -> None:
    results = [
        sample.case(
            "OKD-MPT-017",
            Status.FAILED,
            "x",
            summary=Text.same(HOSTILE),
            received=Text.same(HOSTILE),
            exchanges=["x00012"],
            curl=f"curl '{HOSTILE}'",
        )
    ]
    report = sample.report(results, target=TargetInfo(HOSTILE, HOSTILE, HOSTILE))
    path = tmp_path / "hostile.html"
    path.write_text(html(report, sample.har(sample.entry("x00012", 400, HOSTILE)), "en"), encoding="utf-8")
    page = opened(path=path)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.title() != "caught"
    assert page.locator("img").count() == 0
    assert page.locator("body > script").count() == 1


def test_a_strangers_report_does_nothing_in_a_browser(opened: Any, tmp_path: Path) -> None:
    """Every text of a stored report and its exchanges is hostile; rendered again and clicked."""
    stored = sample.poisoned(json.loads(json.dumps(sample.report().to_json())), ACTING)
    har = sample.poisoned(json.loads(json.dumps(sample.har())), ACTING)
    path = tmp_path / "strange.html"
    path.write_text(html(Report.from_json(stored), har, "en"), encoding="utf-8")
    page = opened(path=path)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for link in page.locator("a").all():
        assert link.get_attribute("href").startswith("#")
    for button in page.locator("button:visible").all()[:12]:
        button.click()
    page.fill("#find", ACTING)
    page.mouse.move(200, 300)
    assert page.evaluate("window.caught") is None
    assert page.title() != "caught"
    assert dialogs == []
    assert (
        page.locator("img, iframe, object, embed, form:not(#filters), base, meta[http-equiv=refresh]").count()
        == 0
    )
    assert page.locator("body > script").count() == 1
    assert page.locator("svg script, math, style:not(head style)").count() == 0
    acting = "(e) => e.getAttributeNames().some((name) => name.startsWith('on'))"
    assert page.evaluate(f"[...document.querySelectorAll('*')].filter({acting}).length") == 0


def test_without_script_everything_can_be_read(opened: Any) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("h1 [lang=en]").is_visible()
    assert not page.locator("#filters").is_visible()
    assert page.locator("#row-OKD-MPT-017").is_visible()
