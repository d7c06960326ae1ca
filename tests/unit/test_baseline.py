"""The baseline: what it excuses, and that no entry is forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.cli.run_command import run_suites
from okd_conformance.judge.outcome import Status, Verdict
from okd_conformance.judge.verdict import exit_code
from okd_conformance.report.html import html
from okd_conformance.report.junit import junit
from okd_conformance.report.markdown import markdown
from okd_conformance.report.model import Report
from okd_conformance.report.schema import schema
from okd_conformance.run.baseline import Baseline, load_baseline
from okd_conformance.run.baseline_writing import write_baseline
from okd_conformance.run.options import Options
from support import report_sample as sample

FAILED = "OKD-MPT-017[dms,upload_to_association,boundary=70]"
PASSED = "OKD-MPT-017[dms,upload_to_association,boundary=1]"
UNJUDGED = "OKD-FX-003[dms,read_document]"
TODAY = date(2026, 11, 22)


def written(tmp_path: Path, *cases: str, until: str = "2026-11-22", text: str | None = None) -> Path:
    file = tmp_path / "baseline.yaml"
    entries = [f'- case: "{case}"\n  reason: known\n  until: {until}\n' for case in cases]
    file.write_text(text if text is not None else "excused:\n" + "".join(entries), "utf-8")
    return file


def loaded(tmp_path: Path, *cases: str, until: str = "2026-11-22") -> Baseline:
    return load_baseline(written(tmp_path, *cases, until=until))


def test_a_listed_failure_is_excused_for_the_exit_code_alone(tmp_path: Path) -> None:
    results = [case for case in sample.RESULTS if case.id != UNJUDGED]
    report = sample.report(results)
    found = loaded(tmp_path, FAILED).applied(report, TODAY)
    assert (found.excused, found.mistakes) == ((FAILED,), ())
    assert report.verdict is Verdict.NOT_CONFORMANT
    assert exit_code(report.verdict, excused=report.verdict_without(found.excused)) == 0
    assert "1 failure is excused" in found.words("baseline.yaml")[0].en


def known(tmp_path: Path) -> Report:
    """The sample run, in which one failure is excused and another isn't."""
    other = sample.case("OKD-MPT-017", Status.FAILED, "upload_to_association,boundary=7")
    report = sample.report([replace(case) for case in [*sample.RESULTS, other]])
    loaded(tmp_path, FAILED, until="2027-01-31").applied(report, TODAY).mark(report)
    return report


def test_an_excuse_is_in_the_report_and_survives_storing(tmp_path: Path) -> None:
    report = known(tmp_path)
    stored = json.loads(json.dumps(report.to_json()))
    jsonschema.Draft202012Validator(schema()).validate(stored)
    excused = {c["id"]: c["excused"] for r in stored["requirements"] for c in r["cases"] if "excused" in c}
    assert excused == {FAILED: {"reason": "known", "until": "2027-01-31"}}
    assert stored["verdict"] == "not_conformant"
    assert json.loads(json.dumps(Report.from_json(stored).to_json())) == stored


def test_an_excused_failure_is_skipped_in_junit_with_its_reason(tmp_path: Path) -> None:
    root = ET.fromstring(junit(known(tmp_path), "en"))  # noqa: S314 - our own output
    cases = {case.get("name"): case for case in root.iter("testcase")}
    excused = cases[FAILED]
    assert [child.tag for child in excused] == ["skipped", "system-out"]
    words = "Excused up to and including 31 January 2027 (baseline): known"
    assert excused[0].get("message") == words
    assert "Received: Status 400: boundary too long" in (excused[1].text or "")
    other = cases["OKD-MPT-017[dms,upload_to_association,boundary=7]"]
    assert [child.tag for child in other] == ["failure"]
    assert root.get("failures") == "1"


def test_the_page_and_the_summary_tell_what_is_excused_until_when_and_why(tmp_path: Path) -> None:
    report = known(tmp_path)
    page = html(report, sample.har(), "nl")
    for words in (
        "Geoorloofd tot en met 31 januari 2027 (baseline): known",
        "Excused up to and including 31 January 2027 (baseline): known",
        "1 of 2 excused",
        "1 failure is excused by the baseline of this run; the verdict stays what it is.",
    ):
        assert words in page
    summary = markdown(report, "en")
    assert "  - Excused up to and including 31 January 2027 (baseline): known\n" in summary
    assert "1 failure is excused by the baseline of this run" in summary
    assert "excused" not in html(sample.report(), None, "en").partition("</style>")[2].replace(
        "i-excused", ""
    )


@pytest.mark.parametrize(
    ("case", "until", "words"),
    [
        (PASSED, "2027-01-01", "no longer fails"),
        (FAILED, "2026-11-21", "was excused up to and including 2026-11-21"),
        ("OKD-MPT-017[dms,upload_to_association,boundary=70x]", "2027-01-01", f"Do you mean {FAILED}?"),
        ("OKD-ZZZ-001[dms]", "2027-01-01", "does not exist in this run"),
    ],
)
def test_an_entry_that_no_longer_holds_excuses_nothing_and_is_named(
    tmp_path: Path, case: str, until: str, words: str
) -> None:
    found = loaded(tmp_path, case, until=until).applied(sample.report(), TODAY)
    assert found.excused == ()
    assert words in found.mistakes[0].render("en")
    assert found.mistakes[0].line == 2


def test_what_could_not_be_judged_is_neither_stale_nor_excused(tmp_path: Path) -> None:
    found = loaded(tmp_path, UNJUDGED).applied(sample.report(), TODAY)
    assert (found.excused, found.mistakes) == ((), ())


def test_a_narrowed_run_says_nothing_of_other_cases(tmp_path: Path) -> None:
    report = sample.report([], run={"selection": ("--flow 1",)})
    assert loaded(tmp_path, FAILED).applied(report, TODAY).mistakes == ()
    assert loaded(tmp_path, FAILED).applied(sample.report([]), TODAY).mistakes != ()


@pytest.mark.parametrize(
    ("selection", "known"),
    [
        (("--requirement OKD-MPT-017",), False),
        (("--requirement OKD-REG", "--requirement OKD-MPT"), False),
        (("--requirement OKD-MPT-017", "--role dms"), False),
        (("--role dms",), False),
        (("--large one",), False),
        (("--requirement OKD-MPT-01",), True),
        (("--requirement OKD-MPT-017", "--role examineren"), True),
        (("--role examineren",), True),
        (("--requirement OKD-MPT-017", "--flow 1"), True),
        (("--case OKD-MPT-017[dms,upload_to_association,boundary=1]",), True),
    ],
)
def test_a_narrowed_run_names_the_unknown_of_what_it_chose(
    tmp_path: Path, selection: tuple[str, ...], known: bool
) -> None:
    report = sample.report(run={"selection": selection})
    mistakes = (
        loaded(tmp_path, "OKD-MPT-017[dms,nonexist]", until="2027-01-01").applied(report, TODAY).mistakes
    )
    assert (mistakes == ()) == known
    broken_off = sample.report(run={"selection": selection, "interrupted": True})
    assert loaded(tmp_path, "OKD-MPT-017[dms,nonexist]").applied(broken_off, TODAY).mistakes == ()


def test_the_day_is_that_of_the_run(tmp_path: Path) -> None:
    late = sample.report(run={"started": "2026-11-22T23:30:00-02:00"})
    assert "was excused up to" in loaded(tmp_path, FAILED).applied(late).mistakes[0].render("en")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- case: x\n", 1, "no list under excused"),
        ("excused: yes\n", 1, "no list under excused"),
        ("excused:\n- reason: x\n  until: 2027-01-01\n", 2, "'case' is missing"),
        (f"excused:\n- case: '{FAILED}'\n  until: 2027-01-01\n", 2, "'reason' is missing"),
        (f"excused:\n- case: '{FAILED}'\n  reason: ' '\n  until: 2027-01-01\n", 2, "'reason' is missing"),
        (f"excused:\n- case: '{FAILED}'\n  reason: x\n  until: soon\n", 2, "'until' is missing"),
        (f"excused:\n- case: '{FAILED}'\n  reason: x\n  until: 2027-01-01\n  by: me\n", 2, "'by' is missing"),
        ("excused:\n- case: OKD-MPT-017\n  reason: x\n  until: 2027-01-01\n", 2, "'case' is missing"),
        ("excused:\n" + f"- case: '{FAILED}'\n  reason: x\n  until: 2027-01-01\n" * 2, 5, "twice"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_right_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_baseline(written(tmp_path, text=text))
    assert caught.value.mistakes[0].line == line
    assert words in caught.value.mistakes[0].message.en


def test_an_empty_list_is_a_baseline() -> None:
    assert Baseline("x", ()).applied(sample.report(), TODAY).mistakes == ()


def test_a_run_ends_with_2_when_an_entry_is_stale(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    case = "OKD-SRV-001[dms,read_service]"
    options = Options(
        run_id="r", report_dir=str(tmp_path / "r"), requirements=("OKD-SRV-001",), roles=("dms",), quiet=True
    )
    stale = written(tmp_path, case, until="2099-01-01")
    assert run_suites(options) == 0
    assert run_suites(Options(**{**options.as_json(), "baseline": str(stale)})) == 2
    assert f"{case} no longer fails" in capfd.readouterr().err


REQUIREMENT = "OKD-MPT-017"


def of_a_requirement(tmp_path: Path, until: str = "2027-01-31") -> Baseline:
    text = f"excused:\n- requirement: {REQUIREMENT}\n  reason: known\n  until: {until}\n"
    return load_baseline(written(tmp_path, text=text))


def test_an_entry_can_excuse_every_case_of_a_requirement(tmp_path: Path) -> None:
    other = sample.case(REQUIREMENT, Status.FAILED, "upload_to_association,boundary=7")
    found = of_a_requirement(tmp_path).applied(sample.report([*sample.RESULTS, other]), TODAY)
    assert set(found.excused) == {FAILED, other.id}
    assert found.mistakes == ()


def test_an_entry_for_a_requirement_is_stale_when_none_of_its_cases_fails(tmp_path: Path) -> None:
    passed = [case for case in sample.RESULTS if case.id != FAILED]
    (mistake,) = of_a_requirement(tmp_path).applied(sample.report(passed), TODAY).mistakes
    assert "no longer fails" in mistake.render("en")


@pytest.mark.parametrize("entry", ["case: OKD-MPT-017", f'requirement: "{FAILED}"'])
def test_a_case_and_a_requirement_are_not_taken_for_each_other(tmp_path: Path, entry: str) -> None:
    text = f"excused:\n- {entry}\n  reason: known\n  until: 2027-01-31\n"
    with pytest.raises(ConfigurationError):
        load_baseline(written(tmp_path, text=text))


def test_a_baseline_can_be_written_and_counts_once_it_has_reasons(tmp_path: Path) -> None:
    other = sample.case("OKD-FX-001", Status.FAILED, "read_document")
    twice = [sample.case(REQUIREMENT, Status.FAILED, f"upload_to_association,boundary={n}") for n in "78"]
    report = sample.report([*sample.RESULTS, other, *twice])
    file = tmp_path / "new.yaml"
    assert write_baseline(file, report, "en", TODAY) == 2
    with pytest.raises(ConfigurationError, match="reason"):
        load_baseline(file)
    file.write_text(file.read_text("utf-8").replace('reason: ""', "reason: known"), "utf-8")
    found = load_baseline(file).applied(report, TODAY)
    assert set(found.excused) == {FAILED, other.id, *(case.id for case in twice)}


def test_a_baseline_that_exists_is_extended(tmp_path: Path) -> None:
    file = written(tmp_path, FAILED)
    file.write_text("# ours\n" + file.read_text("utf-8"), "utf-8")
    other = sample.case("OKD-FX-001", Status.FAILED, "read_document")
    report = sample.report([*sample.RESULTS, other])
    assert write_baseline(file, report, "en", TODAY) == 1
    text = file.read_text("utf-8")
    assert text.startswith("# ours\n")
    assert text.count("- case:") == 2
    assert write_baseline(file, report, "en", TODAY) == 0
    assert file.read_text("utf-8") == text


def test_what_is_no_baseline_is_not_extended(tmp_path: Path) -> None:
    file = written(tmp_path, text="name: something else\n")
    with pytest.raises(ConfigurationError):
        write_baseline(file, sample.report(sample.RESULTS), "en", TODAY)
    assert file.read_text("utf-8") == "name: something else\n"
