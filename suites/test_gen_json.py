"""GEN: general rules for what is sent: JSON, its text, its media type, and how its bytes go."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

from okd_conformance.suite import Body, Case, Exchange, Sample, check, observes, with_header
from steps import generate, name_survived, read_back, sendable

ACCENTS = "Zoë Čapek, élève café.pdf"
OTHER_SCRIPTS = "学校 Ελλάδα 👩\u200d🎓.pdf"


UNKNOWN_FIELD = "okdConformanceUnknown"


@check("OKD-GEN-007", body=["truncated", "nothing", "list", "text", "nan", "duplicate_keys"])
def test_broken_json(case: Case, body: str) -> None:
    """No JSON, JSON that is no object, and an object with a name twice."""
    sample = case.sample()
    value = sample.body.value if sample.body else {}
    text = json.dumps(value)
    first, scalar = next(iter(value)), scalar_field(value)
    bodies = {
        "truncated": text[: len(text) // 2],
        "nothing": "",
        "list": f"[{text}]",
        "text": '"okd"',
        "nan": json.dumps({**value, scalar: float("nan")}),
        "duplicate_keys": f"{{{json.dumps(first)}: {json.dumps(value[first])}, {text[1:]}",
    }
    situation = body if body in case.requirement.answers else "default"
    case.expect(case.send(sample.request(body=bodies[body].encode()), case.operation), situation)


def scalar_field(value: dict[str, Any]) -> str:
    """The name of a number at the top level, or else of any field that is neither object nor list."""
    scalars = [name for name, item in value.items() if not isinstance(item, dict | list)]
    return next((name for name in scalars if isinstance(value[name], int)), scalars[0])


@check("OKD-GEN-008")
def test_other_media_type(case: Case) -> None:
    """A bit of XML."""
    request = with_header(case.sample().request(body=b"<okd/>"), "Content-Type", "text/xml")
    case.expect(case.send(request, case.operation))


def levels(operation: Any, binding: Any) -> dict[str, tuple[Any, ...]]:
    """Where in the operation's example the schema allows another field: JSON pointers to objects."""
    example = operation.examples.get((binding or operation.bindings[0]).example)
    schema = operation.body_schema or {}
    found = {"/".join(map(str, ("", *pointer))) or "/": pointer for pointer in objects(example, ())}
    return {n: p for n, p in found.items() if not Body(schema, with_unknown(example, p)).errors()}


def objects(value: Any, here: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The pointers of every object in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [pointer for key, item in items for pointer in objects(item, (*here, key))]
    return [here, *below] if isinstance(value, dict) else below


def with_unknown(value: Any, pointer: tuple[Any, ...]) -> Any:
    """A JSON value with a field more in the object at ``pointer``."""
    changed = copy.deepcopy(value)
    place = changed
    for step in pointer:
        place = place[step]
    place[UNKNOWN_FIELD] = {"okd": ["conformance"]}
    return changed


@check("OKD-GEN-009", at=levels)
def test_unknown_field(case: Case, at: tuple[Any, ...]) -> None:
    """A field that nobody knows, at each level."""
    sample = case.sample()
    body = sample.body
    if body is None:
        raise case.not_tested("no_body_to_generate")
    case.expect(case.sent(sample.but(body=Body(body.schema, with_unknown(body.value, at)))))


@check("OKD-GEN-011", written=["plain", "escaped"])
def test_accents_survive(case: Case, written: str) -> None:
    """Letters with accents, as they are or as JSON escapes."""
    name = f"{case.marker} {ACCENTS}"
    sample = case.sample().with_field("document_name", name)
    exchange = case.expect(sent_as(case, sample, written))
    if case.operation.kind == "upload":
        name_survived(case, sample, exchange, name)


@check("OKD-GEN-011", text=["other-scripts"])
def test_other_scripts(case: Case) -> None:
    """Other alphabets and emoji; whoever can't keep them is warned."""
    name = f"{case.marker} {OTHER_SCRIPTS}"
    sample = case.sample().with_field("document_name", name)
    exchange = case.expect(case.sent(sample), "other_scripts")
    if case.operation.kind == "upload":
        name_survived(case, sample, exchange, name, lost="other_scripts_mangled")


def sent_as(case: Case, sample: Sample, written: str) -> Exchange:
    """Send a sample with its JSON in plain UTF-8, or in ASCII with escapes."""
    if written == "plain" or sample.body is None:
        return case.sent(sample)
    body = json.dumps(sample.body.value).encode()
    if not case.operation.parts:
        return case.send(sample.request(body=body), case.operation)
    return case.sent(sample, sample.message(replace(sample.metadata_part, body=body), sample.file_part))


@check("OKD-GEN-013")
def test_chunked(case: Case) -> None:
    """The valid request without a length given beforehand."""
    sample = case.sample()
    exchange = case.expect(case.sent(sample, chunked=True))
    if case.operation.kind == "upload" and exchange.succeeded:
        read_back(case, sample, exchange)


@check("OKD-GEN-014")
def test_expect_continue(case: Case) -> None:
    """Ask leave first, and send the file after some seconds at most."""
    sample = case.sample()
    exchange, asked = case.send_asking_leave(sample.request())
    case.expect(exchange, "early_answer" if asked.early else "default")
    if not asked.given and not asked.early:
        case.note(case.words("no_leave_given"))


@check("OKD-GEN-012", generated=["invalid"])
def test_invalid_bodies_do_no_harm(case: Case, generated: str) -> None:
    """Whatever is wrong with a body, the server answers that it is."""
    if case.operation.body_schema is None:
        raise case.not_applicable("no_body_to_generate")

    def judge(value: Any) -> None:
        sample = sendable(case, value)
        if sample is not None:
            case.expect(case.sent(sample))

    generate(case, generated, judge)


@observes("OKD-GEN-024")
def answer_is_not_packed(case: Case) -> bool:
    """It comes as it is."""
    exchange = case.telling
    answer = exchange.answer if exchange else None
    if exchange is None or answer is None or not answer.body:
        return False
    coding = (answer.header("content-encoding") or "-")[:40]
    case.require(
        not answer.packed, "packed", situation="packed", exchange=exchange, though_packed=True, coding=coding
    )
    return True


@check("OKD-GEN-024")
def test_answer_is_not_packed(case: Case) -> None:
    """The answer to the valid request; where that has no body, the error for a missing token."""
    case.answered(case.sent(case.canonical()))
    if not answer_is_not_packed(case) and case.operation.secured:
        case.answered(case.attempt(None))
    if not answer_is_not_packed(case):
        raise case.not_applicable("no_body_to_judge")
