"""Stored reports and their exchanges, read back from files that may come from anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

import msgspec

from okd_conformance.base.json_input import described, read_json
from okd_conformance.report.model import EXCHANGES, Report

MAX_REPORT_BYTES = 50_000_000
MAX_EXCHANGES_BYTES = 200_000_000


class _HarHeader(TypedDict, total=False):
    name: str
    value: str


class _HarContent(TypedDict, total=False):
    mimeType: str | None
    text: str | None
    encoding: str | None
    compression: int | None


class _HarRequest(TypedDict, total=False):
    method: str | None
    url: str | None
    httpVersion: str | None
    headers: list[_HarHeader]
    postData: _HarContent | None


class _HarAnswer(TypedDict, total=False):
    status: int | None
    statusText: str | None
    httpVersion: str | None
    headers: list[_HarHeader]
    content: _HarContent | None


class _HarEntry(TypedDict, total=False):
    _id: str
    _case: str | None
    _role: str | None
    _operation: str | None
    _error: str | None
    startedDateTime: str | None
    time: float | None
    request: _HarRequest
    response: _HarAnswer


class _HarLog(TypedDict):
    entries: list[_HarEntry]


class _Har(TypedDict):
    """What is used of a HAR document; it may hold more."""

    log: _HarLog


def stored_report(path: Path) -> Report:
    """Read ``report.json``. Raises ConfigurationError for a file that is no report."""
    value = read_json(path, max_bytes=MAX_REPORT_BYTES)
    return described(path, "not_a_report", lambda: Report.from_json(value))


def stored_exchanges(report: Path) -> dict[str, Any] | None:
    """Read the exchanges that lie beside a report; None when there are none.

    Raises ConfigurationError for a file that holds something else.
    """
    beside = report.with_name(EXCHANGES)
    if not beside.exists():
        return None
    har: dict[str, Any] = read_json(beside, max_bytes=MAX_EXCHANGES_BYTES, max_values=5_000_000)
    described(beside, "not_exchanges", lambda: msgspec.convert(har, _Har))
    return har
