"""What an error shows: a secret, a stack trace, another student; and what it may show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from okd_conformance.checks.marking import load_suites, observers
from okd_conformance.checks.running import observe
from okd_conformance.judge.case import Case
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.judge.words import received
from okd_conformance.reference.school import load_school
from okd_conformance.standard.catalogue import load_catalogue
from support.benches import DOCUMENT, Stage, accepting, stage

READ, UPLOAD = "read_document", "upload_to_association"
STUDENT, OTHER = load_school().people[:2]


def seen(
    there: Stage, row: str, detail: str | bytes, headers: dict[str, str] | None = None
) -> CaseResult | None:
    """What an observer makes of an error to a read with these words in it."""
    load_suites()
    case = there.case(load_catalogue()[row], READ)
    body = detail if isinstance(detail, bytes) else detail.encode()
    told = {"content-type": "application/problem+json", **(headers or {})}
    there.serves = lambda _: httpx.Response(404, content=body, headers=told)
    return judged(case, row, lambda: case.canonical(path_values={"dms_document_id": DOCUMENT}))


def judged(case: Case, row: str, sample: Callable[[], Any]) -> CaseResult | None:
    case.telling = case.sent(sample())
    return observe(case, observers()[row], 0.1)


def status_of(result: CaseResult | None) -> Status | None:
    return result.status if result else None


@pytest.fixture
def here(tmp_path: Path) -> Stage:
    return stage(tmp_path, accepting)


TRACES = {
    "Python": 'Traceback (most recent call last):\n  File "/srv/app.py", line 3, in read',
    "Java": r'{"trace":"java.lang.NullPointerException\n\tat nl.acme.dms.Store.read(Store.java:81)"}',
    ".NET": r'{"d":"System.Exception: x\r\n   at Acme.Dms.Store.Read(Guid id) in C:\\src\\Store.cs:line 81"}',
    ".NET without lines": "   at Acme.Dms.Store.Read(Guid id)\n   at Acme.Dms.Api.Get(String id)\n",
    "PHP": "<b>Fatal error</b>: Uncaught Error in <b>/var/www/read.php</b> on line <b>12</b>",
    "PHP calls": "#0 /var/www/index.php(12): Store->read('x')",
    "Node.js": r'{"stack":"Error: x\n    at Object.read (/srv/app/store.js:81:12)"}',
    "Node.js module": "    at async file:///srv/app/store.mjs:81:12",
    "Ruby": "/srv/app/store.rb:81:in `read'",
    "Go": "goroutine 18 [running]:\nmain.read()",
    "SQL": "SQLSTATE[23000]: Integrity constraint violation",
    "SQL of Oracle": "ORA-00942: table or view does not exist",
    "SQL of MySQL": "You have an error in your SQL syntax; check the manual",
}


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_a_stack_trace_in_an_error_warns(here: Stage, trace: str) -> None:
    assert status_of(seen(here, "OKD-GEN-018", trace)) is Status.WARNING


@pytest.mark.parametrize(
    "words",
    [
        '{"status": 404, "title": "NotFoundException", "traceId": "00-4bf92f35-00f067aa-01"}',
        '{"detail": "Look at https://dms.example/docs/errors.php?line=12 at 10:20:30."}',
        '{"detail": "An exception occurred at the server (request 81:12)."}',
        '{"detail": "SQL is not involved; at least one field is missing in metadata.json on line 3."}',
        '{"errors": {"file.py": ["This file type is refused at /documents/upload:1"]}}',
    ],
)
def test_words_about_an_exception_are_no_stack_trace(here: Stage, words: str) -> None:
    assert status_of(seen(here, "OKD-GEN-018", words)) is Status.PASSED


@pytest.mark.parametrize("where", ["body", "escaped", "header"])
def test_a_token_in_an_error_warns_and_the_finding_does_not_show_it(here: Stage, where: str) -> None:
    token = "token-for-okd:alldocuments"
    shown = {"body": f"no rights for {token}", "escaped": token.replace(":", "\\u003a"), "header": "-"}[where]
    result = seen(here, "OKD-GEN-017", shown, {"x-debug": token} if where == "header" else {})
    assert status_of(result) is Status.WARNING
    assert token not in str(result)


def test_an_error_that_repeats_id_and_file_name_shows_no_secret(here: Stage) -> None:
    words = f'{{"detail": "{DOCUMENT} (okd-conformance-20260101T000000-test.pdf) is unknown; send a token"}}'
    assert status_of(seen(here, "OKD-GEN-017", words)) is Status.PASSED
    assert status_of(seen(here, "OKD-GEN-019", words)) is Status.PASSED


@pytest.mark.parametrize("value", [OTHER.person_id, OTHER.student_number, OTHER.enrolments[0].association_id])
def test_another_student_in_an_error_fails(here: Stage, value: str) -> None:
    result = seen(here, "OKD-GEN-019", f'{{"detail": "it belongs to {value.upper()}"}}')
    assert status_of(result) is Status.FAILED
    assert value not in str(result)


@pytest.mark.parametrize("words", [f"x{OTHER.student_number}1", STUDENT.person_id, "1.2"])
def test_part_of_a_number_or_an_example_of_the_standard_is_nobody(here: Stage, words: str) -> None:
    assert status_of(seen(here, "OKD-GEN-019", words)) is Status.PASSED


def test_the_student_whose_document_was_asked_is_no_other(here: Stage) -> None:
    """The target gave this id to a document of the other student, as a success showed before."""
    load_suites()
    row = load_catalogue()["OKD-GEN-019"]
    there = here.case(row, UPLOAD)
    ids = {"association_id": OTHER.enrolments[0].association_id}
    assert judged(there, row.id, lambda: there.canonical(path_values=ids)) is None
    assert status_of(seen(here, row.id, f"locked by {OTHER.student_number}")) is Status.PASSED


@pytest.mark.parametrize(("start", "ends"), [(b"\xef\xbb\xbf", Status.WARNING), (b"", Status.PASSED)])
def test_a_byte_order_mark_in_json_warns(here: Stage, start: bytes, ends: Status) -> None:
    assert status_of(seen(here, "OKD-GEN-020", start + b'{"status": 404}')) is ends


@pytest.mark.parametrize("length", range(150, 200, 7))
def test_what_came_in_words_shows_no_beginning_of_a_token(here: Stage, length: int) -> None:
    """A piece of a token that is too short to be known as one is left out where the words are cut."""
    case = here.case(load_catalogue()["OKD-GEN-017"], READ)
    token = "Zq8PmW3xT5vN7rK2Jd83hKs92LmQp47Zx1Vb6Nt5"
    here.serves = lambda _: httpx.Response(401, json={"detail": "x" * length + " " + token})
    sample = case.canonical(path_values={"dms_document_id": DOCUMENT}, token=token)
    assert token[:3] not in here.bench.redactor.text(str(received(case.sent(sample))))
