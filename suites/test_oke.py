"""OKE: flow 4, the report of a sitting, from test delivery to test planning.

What became of a report can be seen where both roles have the same address, or through the hook
``show_filing``; a report can be put at a test delivery through the hook ``register``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from okd_conformance.suite import (
    Binding,
    Body,
    Case,
    Exchange,
    NotTested,
    Operation,
    Request,
    Sample,
    check,
    field_name,
    same_origin,
    web_address,
)

SENDING, READING = "send_report", "read_report"


TEXTS = {
    "lines": "Eerste regel.\nTweede regel.\n\n\tDerde regel, na een lege regel en een tab.",
    "accents-and-emoji": 'Zoë en Čapek: "pauze" van 10 min. ☕ 🔔 試験',
    "long": " ".join(["Het was onrustig in de zaal."] * 345),
}


DOCUMENTS = {"none": "text", "empty": [], "one": None, "three": "documents"}


SIGNS = {
    "pdf": (b"%PDF",),
    "docx": (b"PK",),
    "zip": (b"PK",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG",),
}
"""How files of a kind begin."""


NOWHERE = "https://okd-conformance.invalid/report.pdf"


def operation_of(case: Case, name: str) -> Operation:
    """One of the two operations, whichever role serves it."""
    return next(o for o in case.edition.operations() if o.name == name)


def report(case: Case, example: str | None = None) -> Sample:
    """A valid report; the flow's usual one, or another of the edition's examples."""
    operation = operation_of(case, SENDING)
    binding: Binding = operation.bindings[0]
    if example is not None:
        binding = replace(binding, example=f"flow-{binding.flow}-{example}")
    return case.ready(operation, binding)


def shares_address(case: Case) -> bool:
    """Whether the target claims both roles, at one address."""
    found = [case.base_urls.get(operation_of(case, name).role) for name in (SENDING, READING)]
    return all(found) and len(set(found)) == 1


def current(case: Case) -> Body | None:
    """The sitting as it is now; None, with a note, when nothing shows it."""
    reading = operation_of(case, READING)
    schema = reading.success_schema() or {}
    if shares_address(case):
        sample = case.sample_of(reading, reading.bindings[0])
        exchange = case.sent(sample)
        return case.answer_body(exchange)
    try:
        offering = case.fixture("offering_id")
        found = case.call_hook("show_filing", offering_id=offering)
    except NotTested:
        case.note(case.words("report_not_shown"))
        return None
    return Body(schema, found["offering"]) if isinstance(found.get("offering"), dict) else None


@contextmanager
def put_back(case: Case) -> Iterator[Body | None]:
    """Give what is known of the sitting, and afterwards send its report as it was."""
    before = current(case)
    try:
        yield before
    finally:
        sample = report(case)
        body = before and sample.body and report_in(before, sample.body)
        if body:
            deliver(case, sample.but(body=body))


def report_in(known: Body, like: Body) -> Body | None:
    """The report that is part of what is known of a sitting; None when there is none."""
    name = field_name(like.schema, "consumers")
    has_one = isinstance(known.value, dict) and name in known.value
    return Body(like.schema, {name: known.value[name]}) if has_one else None


def deliver(case: Case, sample: Sample) -> Exchange | None:
    """Bring a report to the role that is judged: as the standard says, or else through a hook."""
    if case.role == sample.binding.role or shares_address(case):
        return case.sent(sample)
    value = sample.body.value if sample.body else {}
    offering = case.fixture("offering_id")
    case.call_hook("register", offering_id=offering, report=value)
    return None


def sent(case: Case, sample: Sample) -> None:
    """Bring a report to the role that is judged; it must be taken."""
    exchange = deliver(case, sample)
    if exchange is not None:
        case.expect(exchange, "sent")


@check("OKE-F04-020")
def test_the_rest_of_the_sitting_stays(case: Case) -> None:
    """What is known of the sitting beside its report is the same after a new report."""
    name = field_name(operation_of(case, SENDING).body_schema or {}, "consumers")
    with put_back(case) as before:
        if before is None:
            raise case.not_tested("report_not_shown")
        case.expect(case.sent(case.canonical()))
        after = current(case)
        values = after.value if after is not None and isinstance(after.value, dict) else {}
        gone = [n for n, value in before.value.items() if n != name and values.get(n) != value]
        case.require(not gone, "sitting_changed", fields=", ".join(gone))


REPORTED = "reported_offering_id"


def reported(case: Case, situation: str) -> Exchange:
    """Ask for the sitting that has a report by the target file, or else for the usual one.

    Raises Inconclusive when the usual one isn't there, since it may be there when its report is.
    """
    named = case.fixture(REPORTED, "")
    given = {"fixtures": {"offering_id": named}} if named else {}
    exchange = case.sent(case.canonical(**given))
    if exchange.status == 404 and not named:
        raise case.inconclusive("no_sitting_with_report")
    return case.expect(exchange, situation)


@check("OKE-F04-009", profile="smoke")
def test_current_report(case: Case) -> None:
    """The sitting with the fields of the report, in the consumer that is meant for it."""
    exchange = reported(case, "default")
    body = case.answer_body(exchange)
    errors = body.errors() if body is not None else ["no JSON"]
    if body is not None and errors and not case.fixture(REPORTED, ""):
        raise case.inconclusive("no_sitting_with_report")
    case.require(not errors, "no_report", exchange=exchange, errors="; ".join(errors[:2])[:200])


@check("OKE-F04-010")
def test_documents_can_be_fetched(case: Case) -> None:
    """Each document that stands on a server of the target."""
    body = case.answer_body(reported(case, "report"))
    found = list(documents_in(body)) if body is not None else []
    own = set(case.base_urls.values())
    for url, extension in found:
        if web_address(url) is None or not any(same_origin(url, base) for base in own):
            case.note(case.words("address_elsewhere"))
            continue
        case.learn_address(url)
        token = case.usual_token(case.binding)
        request = Request("GET", url, (("Accept", "*/*"),), token=token, sensitive_url=True)
        exchange = case.expect(case.send(request, None, "raw"), "document")
        content = exchange.answer.body if exchange.answer else b""
        signs = SIGNS.get(extension.lower().removeprefix("."), ())
        fits = not signs or content.startswith(signs)
        case.require(fits, "other_kind_of_file", exchange=exchange, extension=extension)
    if not found:
        case.note(case.words("no_documents_in_report"))


def documents_in(body: Body) -> Iterator[tuple[str, str]]:
    """The address and the extension of each document in a report."""
    name = field_name(body.schema, "document_extension") or ""
    for pointer in body.locations("document_url"):
        holder: Any = body.value
        for step in pointer[:-1]:
            holder = holder[step]
        yield str(holder[pointer[-1]]), str(holder.get(name) or "")


@check("OKE-F04-001", profile="smoke")
def test_report(case: Case) -> None:
    """The message of the founding document."""
    with put_back(case):
        case.expect(case.sent(case.canonical()))


def media_types(operation: Operation, _: object) -> list[str]:
    """The types in which the edition lets a report be sent."""
    return list(operation.request)


@check("OKE-F04-002", type=media_types)
def test_media_type(case: Case, type: str) -> None:
    """JSON; and the type that only a later edition names."""
    usual = next(iter(case.operation.request))
    with put_back(case):
        exchange = case.sent(case.sample(media_type=type))
        case.expect(exchange, "default" if type == usual else "other_type")


@check("OKE-F04-003", text=TEXTS)
def test_free_text(case: Case, text: str) -> None:
    """Line breaks, accents and emoji, ten thousand characters; the same text is read back."""
    with put_back(case):
        case.expect(case.sent(case.sample().with_field("additional_info", text)))
        shown = current(case)
        if shown is not None:
            found = shown.get("additional_info")
            case.require(found == text, "other_text", wanted=short(text), found=short(found))


def short(value: object) -> str:
    """The start of a value, for a message."""
    return repr(value)[:80]


@check("OKE-F04-004", documents=DOCUMENTS)
def test_number_of_documents(case: Case, documents: str | list[Any] | None) -> None:
    """No list, an empty list, one document, three documents."""
    with put_back(case):
        if isinstance(documents, list):
            sample = case.sample().with_field("documents", documents)
        else:
            sample = report(case, documents)
        case.expect(case.sent(sample))


@check("OKE-F04-013", example=["bare-document"])
@check("OKE-F04-014", example=["file-types"])
@check("OKE-F04-016", example=["student"])
@check("OKE-F04-017", example=["other-consumer"])
def test_other_report(case: Case, example: str) -> None:
    """The edition's other reports are taken too, after the usual one was accepted."""
    with put_back(case):
        case.sample()
        case.expect(case.sent(report(case, example)))


@check("OKE-F04-015")
def test_document_elsewhere(case: Case) -> None:
    """A document on a server that does not exist."""
    with put_back(case):
        case.expect(case.sent(case.sample().with_field("document_url", NOWHERE)))


@check("OKE-F04-018")
def test_new_report_replaces_the_old(case: Case) -> None:
    """Two texts in a row; the second is read, and the first is not."""
    old, new = (f"{case.marker} {case.fresh_uuid()}" for _ in range(2))
    with put_back(case):
        for text in (old, new):
            sent(case, report(case).with_field("additional_info", text))
        exchange = case.expect(case.sent(case.canonical()), "report")
        body = exchange.answer.body.decode("utf-8", "replace") if exchange.answer else ""
        case.require(new in body, "new_report_missing", exchange=exchange)
        case.require(old not in body, "old_report_shown", exchange=exchange)


@check("OKE-F04-019")
def test_all_documents_come_back(case: Case) -> None:
    """Three documents, each with all that was sent of it."""
    with put_back(case):
        sample = report(case, "documents")
        sent(case, sample)
        exchange = case.expect(case.sent(case.canonical()), "report")
        found = case.answer_body(exchange)
        wanted = sample.body.get("documents") if sample.body else []
        shown = (found.get("documents") if found is not None else None) or []
        lost = [d for d in wanted if not any(is_within(d, other) for other in shown)]
        case.require(not lost, "documents_lost", exchange=exchange, lost=len(lost), sent=len(wanted))


def is_within(wanted: dict[str, Any], shown: object) -> bool:
    """Whether an object has every field of another, with the same values."""
    return isinstance(shown, dict) and all(shown.get(name) == value for name, value in wanted.items())
