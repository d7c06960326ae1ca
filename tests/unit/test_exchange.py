"""What is read of an answer's headers, and what the HAR says of an address."""

from __future__ import annotations

import gzip

import pytest

from okd_conformance.wire.exchange import Answer, Exchange, Request
from okd_conformance.wire.multipart import Header
from okd_conformance.wire.no_answer import NoAnswer


def test_several_lines_of_a_header_are_one_list() -> None:
    answer = Answer(405, "", (("Allow", "GET"), ("allow", "POST, PUT"), ("Date", "x")), b"")
    assert answer.header_list("Allow") == "GET, POST, PUT"
    assert answer.header_list("Retry-After") is None


def test_a_har_entry_has_its_query() -> None:
    request = Request("GET", "https://sis.example/persons?primaryCode=12%2034&empty=")
    exchange = Exchange("x-1", request, None, NoAnswer.TIMEOUT, "2026-01-13T09:00:00Z", 0.1)
    assert exchange.as_har()["request"]["queryString"] == [
        {"name": "primaryCode", "value": "12 34"},
        {"name": "empty", "value": ""},
    ]


@pytest.mark.parametrize(
    ("headers", "body", "coding"),
    [
        ((), '{"title": "coördinatie"}'.encode(), "UTF-8"),
        ((), '{"title": "coördinatie"}'.encode("latin-1"), "Latin-1 (ISO-8859-1)"),
        ((), '{"title": "x"}'.encode("utf-16"), "UTF-16"),
        ((), '{"title": "x"}'.encode("utf-16-be"), "UTF-16"),
        ((("content-encoding", "gzip"),), gzip.compress(b"{}", mtime=0), "Content-Encoding: gzip"),
        ((("Content-Encoding", "identity"),), b"{}", "UTF-8"),
    ],
)
def test_it_is_known_how_a_body_is_written(headers: tuple[Header, ...], body: bytes, coding: str) -> None:
    assert Answer(404, "", headers, body).coding == coding
