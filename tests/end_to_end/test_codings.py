"""Errors that a gateway wrote in another encoding, or compressed: the report names that as the cause."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest

from okd_conformance.reference import running_server
from okd_conformance.report.reading import stored_report
from support.command import okd, written
from support.rewriting import rewriting


def in_latin1(answer: httpx.Response, _headers: dict[str, str]) -> bytes:
    return answer.text.replace('"title":', '"detail2":"coördinatie","title":', 1).encode("latin-1")


def in_utf16(answer: httpx.Response, _headers: dict[str, str]) -> bytes:
    return answer.text.encode("utf-16")


def zipped(answer: httpx.Response, headers: dict[str, str]) -> bytes:
    headers["content-encoding"] = "gzip"
    return gzip.compress(answer.content)


@pytest.mark.parametrize(
    ("how", "words"),
    [(in_latin1, "Latin-1"), (in_utf16, "UTF-16"), (zipped, "Content-Encoding: gzip")],
)
def test_the_coding_of_an_error_is_named(tmp_path: Path, how: Any, words: str) -> None:
    def errors_only(answer: httpx.Response, headers: dict[str, str]) -> bytes:
        return how(answer, headers) if answer.status_code >= 400 else answer.content

    with (
        running_server("okd-1.5", roles=["dms"]) as running,
        rewriting(running.base_url, errors_only) as front,
    ):

        def through_the_front(target: dict[str, Any]) -> None:
            target["roles"]["dms"]["base_url"] = target["roles"]["dms"]["base_url"].replace(
                running.base_url, front
            )

        file = written(tmp_path, running, through_the_front)
        done = okd(tmp_path, str(file), "--requirement", "OKD-GEN-004", "--report-dir", str(tmp_path / "r"))
    assert done.returncode == 1, done.stdout
    rows = stored_report(tmp_path / "r" / "report.json").requirements
    cases = [case for row in rows if row.id == "OKD-GEN-004" for case in row.cases]
    told = [case.summary.en for case in cases if case.summary and case.status.is_finding]
    assert told
    assert all(words in summary for summary in told), told
