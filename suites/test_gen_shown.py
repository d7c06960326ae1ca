"""GEN: what an answer must not show: secrets, the inside of the server, and what is another student's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from okd_conformance.suite import Case, Edition, Exchange, Streamed, check, observes

LOOKED_AT = 100_000
"""So many bytes of a message are searched."""

TRACES = {
    "Python": r"Traceback \(most recent call last\)|File \"[^\"\n]+\.py\", line \d+, in ",
    "Java": r"\bat [\w$.<>/]+\([\w$]+\.(?:java|kt|scala|groovy):\d+\)",
    ".NET": r"\bat [\w.`<>\[\],+]+\([^()\n]*\) in [^\n]{1,300}:line \d+"
    r"|(?:\s{2,}at (?:[\w`<>]+\.){2,}[\w`<>]+\([^()\n]*\)){2}",
    "PHP": r"#\d+ \S+\.php\(\d+\): |\bin \S+\.php(?:</b>)? on line (?:<b>)?\d+",
    "Node.js": r"\bat (?:async )?(?:[\w.<>\[\] ]{1,100} \()?(?:file://|node:|/|[A-Z]:\\)[^\s()]{1,200}:\d+:\d+",
    "Ruby": r"[\w./-]{1,200}\.rb:\d+:in [`']",
    "Go": r"\bgoroutine \d+ \[running\]:",
    "SQL": r"SQLSTATE\[\w+\]|\bORA-\d{5}: |You have an error in your SQL syntax|PSQLException: |SqlException"
    r" \(0x|sqlite3\.\w+Error|psycopg2?\.errors\.",
}
"""What only the inside of a server looks like; a message that just tells of an exception does not."""

IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def text_of(exchange: Exchange) -> str:
    """The headers and the body of an answer, with the escapes of JSON for line ends and quotes undone."""
    answer = exchange.answer
    if answer is None:
        return ""
    lines = [f"{name}: {value}" for name, value in answer.headers]
    text = "\n".join([*lines, answer.body[:LOOKED_AT].decode(errors="replace")])
    for escape, letter in ((r"\r", ""), (r"\n", "\n"), (r"\t", "   "), (r"\"", '"'), (r"\\", "\\")):
        text = text.replace(escape, letter)
    return text


def sent_in(exchange: Exchange) -> str:
    """The address and the body of a request; of a large body nothing."""
    body = exchange.request.body
    shown = b"" if body is None or isinstance(body, Streamed) else body[:LOOKED_AT]
    return f"{exchange.request.url}\n{shown.decode(errors='replace')}"


def error_in(case: Case) -> Exchange | None:
    """The exchange, if its answer is an error."""
    exchange = case.telling
    return exchange if exchange and exchange.answer and exchange.answer.status >= 400 else None


@observes("OKD-GEN-017")
def error_shows_no_secret(case: Case) -> bool:
    """No token that the run knows; what stood in the address is only given back."""
    exchange = error_in(case)
    if exchange is None or case.shows_secret(sent_in(exchange)):
        return False
    case.require(
        not case.shows_secret(text_of(exchange)),
        "secret_shown",
        situation="shown",
        exchange=exchange,
        status=exchange.status,
    )
    return True


@observes("OKD-GEN-018")
def error_shows_no_trace(case: Case) -> bool:
    """No list of calls, and no message of a database."""
    exchange = error_in(case)
    if exchange is None:
        return False
    text = text_of(exchange)
    kind = next((kind for kind, shape in TRACES.items() if re.search(shape, text)), None)
    case.require(
        kind is None, "trace_shown", situation="shown", exchange=exchange, status=exchange.status, kind=kind
    )
    return True


@observes("OKD-GEN-019")
def error_shows_no_other_student(case: Case) -> bool:
    """Nothing that tells of a student of the target file whom the request had nothing to do with.

    Whose an id is, is learnt from what succeeds; what the standard's own examples hold tells of nobody.
    """
    exchange = case.telling
    if exchange is None or exchange.answer is None or isinstance(exchange.request.body, Streamed):
        return False
    request, answer = sent_in(exchange).lower(), text_of(exchange).lower()
    owners: dict[str, frozenset[int]] = case.once("owners_of_ids", dict)
    ids = set(IDS.findall(request))
    asked = {*named_in(request, case.people), *(one for id in ids for one in owners.get(id, ()))}
    if exchange.answer.succeeded:
        found = asked | named_in(answer, case.people)
        for id in {*ids, *IDS.findall(answer)}.difference(*case.people):
            owners[id] = owners.get(id, frozenset()) | found
    if error_in(case) is None:
        return False
    public = case.once("texts_of_examples", lambda: texts_of_examples(case.edition))
    others = named_in(answer, [{v for v in values if v not in public} for values in case.people]) - asked
    status = exchange.status
    case.require(not others, "other_student_shown", situation="shown", exchange=exchange, status=status)
    return True


def named_in(text: str, people: Iterable[Iterable[str]]) -> set[int]:
    """Which of the people a text names, by an id or a number that stands alone."""
    return {
        i
        for i, values in enumerate(people)
        if any(re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text) for value in values)
    }


def texts_of_examples(edition: Edition) -> str:
    """All that the edition's examples hold, in lower case."""
    shown = [(o.examples, o.answer_examples) for o in edition.operations()]
    return json.dumps(shown, ensure_ascii=False).lower()


JUDGES = {
    "OKD-GEN-017": error_shows_no_secret,
    "OKD-GEN-018": error_shows_no_trace,
    "OKD-GEN-019": error_shows_no_other_student,
}


@check("OKD-GEN-017")
@check("OKD-GEN-018")
@check("OKD-GEN-019")
def test_what_an_error_shows(case: Case) -> None:
    """The error for what exists nowhere and a token that nobody gave; the others of the run count too."""
    nowhere = {p.meaning or p.name: case.fresh_uuid() for p in case.operation.path_parameters}
    sample = case.canonical(path_values=nowhere).but(token=f"{case.marker}-{case.fresh_uuid()}")
    case.answered(case.sent(sample))
    if not JUDGES[case.requirement.id](case):
        raise case.not_applicable("no_error_to_judge")


@observes("OKD-GEN-020")
def json_has_no_byte_order_mark(case: Case) -> bool:
    """JSON begins with its first character."""
    exchange = case.telling
    answer = exchange.answer if exchange else None
    if exchange is None or answer is None or not answer.media_type.endswith("json") or not answer.body:
        return False
    marked = answer.body.startswith(b"\xef\xbb\xbf")
    case.require(not marked, "byte_order_mark", situation="marked", exchange=exchange)
    return True


@check("OKD-GEN-020")
def test_byte_order_mark(case: Case) -> None:
    """The answer to the valid request; where that holds no JSON, the error for a missing token."""
    case.answered(case.sent(case.canonical()))
    if not json_has_no_byte_order_mark(case) and case.operation.secured:
        case.answered(case.attempt(None))
    if not json_has_no_byte_order_mark(case):
        raise case.not_applicable("no_json_to_judge")
