"""The command compare: what broke, what was mended, what is no longer tested."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.text import Lang
from okd_conformance.cli.main import main
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.report.compare import KINDS, by_kind, compare_files
from okd_conformance.report.model import Report, SuiteInfo
from support import report_sample as sample

CASE = "OKD-MPT-001[dms,upload_to_association]"


def with_status(status: Status | None, **run: Any) -> Report:
    """The sample run with one case that ended so, or without it."""
    results: list[CaseResult] = [case for case in sample.RESULTS if case.id != CASE]
    if status is not None:
        results.append(sample.case("OKD-MPT-001", status, "upload_to_association", flow="1"))
    return sample.report(results, run=run)


def stored(folder: Path, name: str, report: Report) -> str:
    file = folder / name
    file.write_text(json.dumps(report.to_json()), "utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Status.PASSED, Status.FAILED, "broke"),
        (Status.WARNING, Status.FAILED, "broke"),
        (Status.NOT_TESTED, Status.FAILED, "broke"),
        (None, Status.FAILED, "broke"),
        (Status.PASSED, Status.INCONCLUSIVE, "broke"),
        (Status.PASSED, Status.SUITE_FAULT, "broke"),
        (Status.FAILED, Status.PASSED, "mended"),
        (Status.FAILED, Status.WARNING, "mended"),
        (Status.PASSED, Status.WARNING, "warned"),
        (None, Status.WARNING, "warned"),
        (Status.PASSED, Status.NOT_TESTED, "untested"),
        (Status.FAILED, None, "untested"),
        (None, Status.PASSED, None),
        (Status.NOT_TESTED, Status.NOT_APPLICABLE, None),
        (Status.PASSED, Status.PASSED, None),
    ],
)
def test_a_change_is_of_one_kind(before: Status | None, after: Status | None, kind: str | None) -> None:
    found = by_kind(with_status(before), with_status(after))
    assert {k: [change.id for change in changes] for k, changes in found.items()} == {
        k: [CASE] if k == kind else [] for k in KINDS
    }


@pytest.mark.parametrize(("after", "code"), [(Status.FAILED, 1), (Status.WARNING, 0), (Status.PASSED, 0)])
@pytest.mark.parametrize("form", ["text", "markdown", "json"])
@pytest.mark.parametrize("lang", ["nl", "en"])
def test_each_form_tells_the_change(tmp_path: Path, form: str, lang: Lang, after: Status, code: int) -> None:
    old = stored(tmp_path, "old.json", with_status(Status.PASSED))
    new = stored(tmp_path, "new.json", with_status(after))
    words, found = compare_files(old, new, form, lang)
    assert found == code
    told = "OKD-MPT-001" in words
    assert told is (after is not Status.PASSED)
    if form == "json":
        assert [change["id"] for change in json.loads(words)["broke"]] == ([CASE] if code else [])


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Status.PASSED, None, None),
        (None, Status.FAILED, None),
        (Status.PASSED, Status.NOT_TESTED, None),
        (Status.PASSED, Status.FAILED, "broke"),
    ],
)
@pytest.mark.parametrize("differ", ["product", "profile"])
def test_of_two_products_or_profiles_only_what_both_were_asked_is_listed(
    tmp_path: Path, before: Status | None, after: Status | None, kind: str | None, differ: str
) -> None:
    old, new = (
        with_status(before),
        with_status(after, **({"profile": "smoke"} if differ == "profile" else {})),
    )
    if differ == "product":
        new = replace(new, target=replace(new.target, name="Other"))
    names = [stored(tmp_path, "old.json", old), stored(tmp_path, "new.json", new)]
    found = CliRunner().invoke(main, ["compare", *names, "--lang", "en"])
    assert found.exit_code == (1 if kind else 0)
    assert (CASE in found.output) is bool(kind)
    assert ("Not listed: 1 cases" in found.output) is not bool(kind)


def test_what_makes_runs_hard_to_compare_is_said(tmp_path: Path) -> None:
    old = stored(tmp_path, "old.json", with_status(Status.PASSED))
    other = with_status(Status.PASSED, profile="smoke", selection=["--flow 1"])
    other = replace(other, suite=SuiteInfo("9"), target=replace(other.target, name="Other"))
    words, _ = compare_files(old, stored(tmp_path, "new.json", other), "text", "en")
    for mind in ("(Acme DMS, Other)", "(standard, smoke)", "(0.1.0, 9)", "(-; --flow 1)"):
        assert mind in words


def test_the_command_ends_with_1_when_something_broke(tmp_path: Path) -> None:
    old = stored(tmp_path, "old.json", with_status(Status.PASSED))
    new = stored(tmp_path, "new.json", with_status(Status.FAILED))
    found = CliRunner().invoke(main, ["compare", old, new, "--lang", "en"])
    assert found.exit_code == 1
    assert "passed → failed" in found.output


def test_another_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("[]", "utf-8")
    with pytest.raises(ConfigurationError, match="not a report"):
        compare_files(str(file), str(file), "text", "en")
