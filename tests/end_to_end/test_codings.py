"""Answers that a gateway wrote in another encoding, or packed: the report names that as the cause."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest

from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.reference import running_server
from okd_conformance.report.reading import stored_report
from support.command import okd, written
from support.rewriting import Rewrite, rewriting


def in_latin1(answer: httpx.Response, _headers: dict[str, str]) -> bytes:
    return answer.text.replace('"title":', '"detail2":"coördinatie","title":', 1).encode("latin-1")


def in_utf16(answer: httpx.Response, _headers: dict[str, str]) -> bytes:
    return answer.text.encode("utf-16")


def zipped(answer: httpx.Response, headers: dict[str, str]) -> bytes:
    headers["content-encoding"] = "gzip"
    return gzip.compress(answer.content)


def unknown(answer: httpx.Response, headers: dict[str, str]) -> bytes:
    headers["content-encoding"] = "br"
    return bytes(255 - byte for byte in answer.content)


def judged(folder: Path, rewrite: Rewrite, *requirements: str) -> tuple[int, dict[str, list[CaseResult]]]:
    """The exit code and the cases by requirement, of a DMS behind something that rewrites its answers."""
    with running_server("okd-1.5", roles=["dms"]) as running, rewriting(running.base_url, rewrite) as front:

        def through_the_front(target: dict[str, Any]) -> None:
            role = target["roles"]["dms"]
            role["base_url"] = role["base_url"].replace(running.base_url, front)

        file = written(folder, running, through_the_front)
        chosen = [word for name in requirements for word in ("--requirement", name)]
        done = okd(folder, str(file), *chosen, "--report-dir", str(folder / "r"))
    rows = stored_report(folder / "r" / "report.json").requirements
    return done.returncode, {
        row.id: row.cases for row in rows if row.id in requirements and row.role == "dms"
    }


@pytest.mark.parametrize(("how", "words"), [(in_latin1, "Latin-1"), (in_utf16, "UTF-16")])
def test_the_coding_of_an_error_is_named(tmp_path: Path, how: Any, words: str) -> None:
    def errors_only(answer: httpx.Response, headers: dict[str, str]) -> bytes:
        return how(answer, headers) if answer.status_code >= 400 else answer.content

    code, found = judged(tmp_path, errors_only, "OKD-GEN-004")
    assert code == 1
    told = [case.summary.en for case in found["OKD-GEN-004"] if case.summary and case.status.is_finding]
    assert told
    assert all(words in summary for summary in told), told


def json_only(how: Rewrite) -> Rewrite:
    def rewrite(answer: httpx.Response, headers: dict[str, str]) -> bytes:
        packed = "json" in headers.get("content-type", "") and answer.content
        return how(answer, headers) if packed else answer.content

    return rewrite


def test_answers_packed_unasked_are_one_finding_and_the_rest_is_judged(tmp_path: Path) -> None:
    rows = ("OKD-GEN-004", "OKD-GEN-010", "OKD-GEN-024", "OKD-MPT-001")
    code, found = judged(tmp_path, json_only(zipped), *rows)
    assert code == 0
    assert {case.status for case in found.pop("OKD-GEN-024")} >= {Status.WARNING}
    assert {case.status for cases in found.values() for case in cases} <= {
        Status.PASSED,
        Status.NOT_APPLICABLE,
    }


def test_what_can_not_be_unpacked_is_named_and_accuses_nobody(tmp_path: Path) -> None:
    rows = ("OKD-GEN-004", "OKD-GEN-010", "OKD-GEN-024", "OKD-MPT-001")
    code, found = judged(tmp_path, json_only(unknown), *rows)
    assert code == 3
    assert Status.WARNING in {case.status for case in found.pop("OKD-GEN-024")}
    assert not [case.id for cases in found.values() for case in cases if case.status is Status.FAILED]
    open_cases = [case for case in found["OKD-GEN-004"] if case.status is Status.INCONCLUSIVE]
    told = [case.summary.en for case in open_cases if case.summary]
    assert told
    assert all("Content-Encoding: br" in words for words in told), told
