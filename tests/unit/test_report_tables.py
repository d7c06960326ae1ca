"""The tables of the page, and the marks in an exchange."""

from __future__ import annotations

import pytest

from okd_conformance.base.text import Text
from okd_conformance.judge.outcome import Status
from okd_conformance.report import har
from okd_conformance.report.html import html
from okd_conformance.report.model import SectionTotals
from okd_conformance.report.tables import Cell, fault_proof, figures, scope_matrix
from okd_conformance.report.telling import marked
from support import report_sample as sample

SUFFICIENT, OTHER = "okd:alldocuments", "okd:bpvdocuments"


def scoped(status: Status, scope: str, label: str = "flow=1") -> object:
    return sample.case(
        "OKD-AUT-006",
        status,
        f"upload_to_association,{label},scope={scope}",
        operation="upload_to_association",
        flow="1",
    )


def test_a_cell_shows_what_is_asked_and_the_worst_that_was_found() -> None:
    cases = [
        scoped(Status.PASSED, SUFFICIENT),
        scoped(Status.PASSED, OTHER),
        scoped(Status.FAILED, OTHER, "flow=1,level=person"),
    ]
    matrix = scope_matrix(sample.report([*sample.RESULTS, *cases]))  # type: ignore[list-item]
    assert matrix is not None
    rows = {(row.operation, row.flow): row for row in matrix.roles["dms"]}
    cells = dict(zip(matrix.scopes, rows["upload_to_association", "1"].cells, strict=True))
    assert cells[SUFFICIENT] == Cell("yes", Status.PASSED)
    assert cells[OTHER] == Cell("no", Status.FAILED)
    assert cells["okd:studentinfo"] == Cell("no", None)
    assert {cell.status for cell in rows["upload_to_association", "2"].cells} == {None}


def test_there_is_no_matrix_without_cases_about_scopes() -> None:
    assert scope_matrix(sample.report()) is None
    assert 'id="scopes"' not in html(sample.report(), None, "en")


def test_the_proof_names_the_faults_of_each_requirement() -> None:
    proof = fault_proof(sample.report())
    assert "long-boundary-refused" in proof["OKD-MPT-017"]
    assert set(proof) <= {row.id for row in sample.REQUIREMENTS}


def test_figures_are_those_of_the_run_in_the_order_of_the_sections() -> None:
    sections = {
        "-": SectionTotals(0, 9, 0.5),
        "MPT": SectionTotals(3, 12, 1.0),
    }
    found = figures(sample.report(run={"sections": sections}))
    assert [(one.name, one.totals) for one in found] == [("MPT", sections["MPT"]), ("", sections["-"])]


def exchanges(body: str, *more: dict[str, object]) -> list[har.ShownExchange]:
    return [har.shown(entry) for entry in (sample.entry("x1", 400, body), *more)]


def finding(received: str, status: Status = Status.FAILED) -> sample.CaseResult:
    return sample.case("OKD-MPT-017", status, received=Text.same(received))


@pytest.mark.parametrize(
    ("received", "line", "headers", "pieces"),
    [
        ("400 Bad Request", True, [], []),
        ("the header Content-Type is wrong", False, ["content-type"], []),
        ("the field documentId is missing", False, [], ["documentId"]),
        ('400 Bad Request: {"documentId": 1, "status": "x"}', True, [], []),
        ("no answer", False, [], []),
    ],
)
def test_the_answer_is_marked_where_the_finding_names_it(
    received: str, line: bool, headers: list[str], pieces: list[str]
) -> None:
    shown = exchanges('{"documentId": 1, "status": "x"}')
    answer = marked(shown, finding(received))[0].answer
    assert answer is not None
    assert answer.line_marked is line
    assert [answer.headers[index][0] for index in answer.marked_headers] == headers
    assert [piece for piece, told in answer.pieces if told] == pieces
    assert not answer.pieces or "".join(piece for piece, _ in answer.pieces) == answer.body


def test_the_request_is_marked_where_it_differs_from_the_accepted_one() -> None:
    twin = sample.entry("x2")
    twin["request"] = {
        **twin["request"],
        "headers": [{"name": "Authorization", "value": "Bearer [redacted]"}],
    }
    request = marked(exchanges("", twin), finding("400"))[0].request
    assert [request.headers[index][0] for index in request.marked_headers] == ["Content-Type"]


def test_nothing_is_marked_where_nothing_went_wrong() -> None:
    shown = exchanges("{}")
    assert marked(shown, finding("400", Status.PASSED)) == shown
    assert marked([], finding("400")) == []
