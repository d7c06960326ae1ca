"""What the checks of several sections share."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from okd_conformance.suite import (
    Body,
    Case,
    Exchange,
    Inconclusive,
    Multipart,
    NotTested,
    Operation,
    Reading,
    Sample,
    Stored,
    Token,
    answered_id,
    answered_link,
    field_name,
    for_each_body,
    holds,
    plausible,
)

ODD_PATH = "odd_path"
"""Tag of a request to an address that no client sends; what stands before a server often answers it."""


def stored(case: Case, sample: Sample) -> Exchange:
    """Send an upload that must be accepted, with an id in the answer, and that must come back exactly."""
    exchange = case.expect(case.sent(sample))
    if exchange.succeeded:
        case.require_id(exchange)
        read_back(case, sample, exchange)
    return exchange


def invented(case: Case) -> dict[str, str]:
    """Fixtures of a student and an enrolment that nobody has yet, so no real file is touched.

    The number is as long as the numbers of real students are, so nobody refuses it for its form.
    """
    return {
        "association_id": case.fresh_uuid(),
        "person_id": case.fresh_uuid(),
        "student_number": f"99{int(case.fresh_uuid()[:8], 16) % 10**6:06}",
    }


def sufficient_scope(case: Case, scope: str, situation: str = "sufficient") -> None:
    """Judge the valid request with a token that has just this scope, which suffices."""
    agree(case)
    case.expect_right(case.sent(case.canonical(token=case.token(scope).value)), situation)


def scope_alone(case: Case, scope: str) -> None:
    """Judge the valid request with a token that has just this scope, by its cell of the scope matrix."""
    row = case.binding.scopes
    if row is None or scope in row.sufficient:
        sufficient_scope(case, scope)
    else:
        other_scope(case, scope, "disputed" if scope in row.disputed else "refused")


def agree(case: Case) -> None:
    """Where the edition names no type of document, make sure that the target knows ours. Raises NotTested."""
    if case.binding.type_is_open:
        case.accepted()


def other_scope(case: Case, scope: str, situation: str) -> None:
    """Judge the valid request with a token that has just this scope, after a right one was accepted."""
    case.expect(case.attempt(case.only_scopes(scope)), situation)


def lacks(body: Body | None, *meanings: str) -> bool:
    """Whether a body has none of these fields."""
    return body is not None and not any(body.has(meaning) for meaning in meanings)


def read_back(case: Case, sample: Sample, exchange: Exchange, reading: Reading = "failed") -> None:
    """Judge that what was accepted comes back exactly; other bytes are read as ``reading``."""
    document = case.stored_id(sample.operation, exchange)
    answer = case.first_read(document, sample.binding.document_type)
    case.answered(answer)
    found = answer.answer
    case.require(found is not None and found.succeeded, "not_readable", status=answer.status or answer.error)
    if found is not None:
        case.bytes_equal(found.body, sample.file, reading)


def unusual(case: Case, sample: Sample, message: Multipart | None = None) -> Exchange:
    """Send an upload as no client was seen to send it: what becomes of it is a warning at most."""
    exchange = case.send(sample.request(message), sample.operation, "malformed")
    case.expect(exchange, "unusual")
    if exchange.succeeded:
        read_back(case, sample, exchange, "warned")
    return exchange


def accepted(case: Case, sample: Sample, message: Multipart | None = None) -> Exchange:
    """Send an upload that must be accepted, and must come back exactly."""
    exchange = case.expect(case.sent(sample, message))
    read_back(case, sample, exchange)
    return exchange


def same_text(one: object, other: object) -> bool:
    """Whether two values are one text, however its accents are composed (Unicode NFC)."""
    return unicodedata.normalize("NFC", str(one)) == unicodedata.normalize("NFC", str(other))


def is_named_by_its_file(case: Case) -> bool:
    """Whether the target calls a document by the name of its file; that is judged by OKD-MPT-022 alone."""

    def tried() -> bool:
        name = f"{case.marker}-of-the-file.pdf"
        stored = case.shared(f"named:{case.role}", None, file_name=name)
        return same_text(case.metadata_value(stored.id, "document_name", stored.sample), name)

    return case.once(f"named_by_its_file:{case.role}", tried)


def name_survived(
    case: Case,
    sample: Sample,
    exchange: Exchange,
    name: str,
    *,
    key: str = "name_mangled",
    lost: str = "mangled",
) -> None:
    """Judge that the name in the metadata came through; ``lost`` is the situation when it did not.

    Raises NotTested where the target takes the name of the file instead.
    """
    found = (
        case.metadata_value(case.require_id(exchange), "document_name", sample)
        if exchange.succeeded
        else None
    )
    if found is None and exchange.succeeded:
        case.note(case.words("metadata_has_no_name"))
    if found is None or same_text(found, name):
        return
    if is_named_by_its_file(case):
        raise case.not_tested("named_by_its_file", requirement="OKD-MPT-022")
    case.require(False, key, situation=lost, exchange=exchange, sent=name, value=found)


def with_scope(case: Case, scope: str) -> Exchange:
    """The valid request with a token of one scope, on a document that came in with the same token."""
    token = case.token(scope).value
    kind, document_type = case.operation.kind, case.binding.document_type
    if kind in {"read", "metadata", "replace", "delete"} and case.edition.operations(case.role, "upload"):
        key = f"document:{case.role}:{document_type}:{scope}:{kind if kind in {'replace', 'delete'} else 'x'}"
        stored = case.shared(key, document_type, token=token)
        if kind in {"replace", "delete"}:
            case.forget(key)
        return case.sent(case.canonical(token=token, path_values={"dms_document_id": stored.id}))
    return case.sent(case.canonical(token=token))


def about(case: Case, document_id: str, token: str | None = None) -> Exchange:
    """Call the case's operation on a document."""
    given: dict[str, Any] = {"path_values": {"dms_document_id": document_id}}
    return case.sent(case.canonical(**given, **({"token": token} if token else {})))


def first_about(case: Case, stored: Stored) -> Exchange:
    """Call the case's operation on an own new document; a target that needs a moment gets one."""
    return case.first_answer(lambda: about(case, stored.id))


def tried(case: Case, scope: str) -> tuple[Exchange, Stored]:
    """Call the operation with a token of one scope, on a document of the binding's type; and that document.

    The twin with a right scope was accepted. Raises NotTested for a 404 by which the target may hide the
    document of another calling system.
    """
    case.accepted()
    token = case.narrow_token(scope)
    key = f"tried:{case.operation.kind}:{case.role}:{case.binding.document_type}"
    stored, own = document_for(case, token, key)
    exchange = about(case, stored.id, token.value)
    if case.operation.kind in {"replace", "delete"} and exchange.succeeded:
        case.forget(f"{key}:{case.component_of(token)}")
    if not own and exchange.status == 404:
        raise case.not_tested("hidden_from_other_system", scope=scope)
    return exchange, stored


def document_for(case: Case, token: Token, key: str) -> tuple[Stored, bool]:
    """A document that the calling system of this token uploaded, if it can; and whether it did."""
    _, upload = case.upload_binding(case.binding.document_type)
    component = case.component_of(token)
    own, with_token = True, None
    if upload.scopes is not None and component != case.component_of(case.usual(upload)):
        try:
            with_token = case.usual_token(upload, component)
        except Inconclusive:
            own = False
    return case.shared(f"{key}:{component}", case.binding.document_type, token=with_token), own


def read(case: Case, stored: Stored) -> Exchange:
    """Ask for the bytes of a document with the token that uploaded it."""
    return case.read(stored.id, document_type=stored.sample.binding.document_type)


def require_content(case: Case, stored: Stored, content: bytes, situation: str | None = None) -> None:
    """Judge that a document has this content; Inconclusive, without a situation, when it can't be read."""
    exchange = read(case, stored)
    if situation is not None:
        case.expect(exchange, situation)
    elif not exchange.succeeded:
        raise case.inconclusive("content_not_shown", status=exchange.status or exchange.error)
    if exchange.succeeded:
        case.bytes_equal(exchange.answer.body, content)


def reference(case: Case, exchange: Exchange) -> str | None:
    """What an upload's answer calls the document: its id, or else its address."""
    places = case.places(case.operation)
    return answered_id(case.operation, exchange, places) or link(case, exchange)


def link(case: Case, exchange: Exchange) -> str | None:
    """The address of the document in an upload's answer."""
    return answered_link(case.operation, exchange, case.places(case.operation))


def require_bytes_in(case: Case, exchange: Exchange, content: bytes) -> None:
    """Judge that an answer holds exactly these bytes."""
    reading = exchange.operation or ""
    place = case.places(case.edition.operation(case.role, reading)).get("content")
    case.require(holds(exchange, content, place), "content_not_found", exchange=exchange, size=len(content))


ENROLMENT = ("association_id", "sequence_code")


def registration(case: Case, **fields: Any) -> Sample:
    """The canonical registration, with some fields replaced, or left out where the value is None."""
    return with_fields(case.sample(), **fields)


def with_fields(sample: Sample, **fields: Any) -> Sample:
    """A sample with some fields replaced, or left out where the value is None."""
    for meaning, value in fields.items():
        sample = sample.without_field(meaning) if value is None else sample.with_field(meaning, value)
    return sample


def dms_id(sample: Sample) -> str:
    """The DMS's id in a registration."""
    return str(sample.body.get("dms_document_id")) if sample.body else ""


def filing(case: Case, sample: Sample) -> dict[str, Any] | None:
    """Where a registered document landed, or None (with a note) when no hook shows it."""
    return place_of(case, dms_id(sample))


def place_of(case: Case, document_id: str) -> dict[str, Any] | None:
    """Where a document landed, or None (with a note) when no hook shows it."""
    try:
        return case.call_hook("show_filing", document_id=document_id)
    except NotTested:
        case.note(case.words("placement_not_shown"))
        return None


def require_filed(
    case: Case,
    sample: Sample,
    exchange: Exchange,
    expected: Mapping[str, str],
    situation: str = "filed_elsewhere",
) -> bool:
    """Judge that a registered document landed where it should."""
    place = filing(case, sample)
    return place is None or require_place(case, place, exchange, expected, situation)


def require_place(
    case: Case,
    place: Mapping[str, Any],
    exchange: Exchange,
    expected: Mapping[str, str],
    situation: str = "filed_elsewhere",
) -> bool:
    """Judge that the place that the hook shows is the expected one."""
    shown = {name: place.get(name) for name in expected}
    return case.require(
        all(str(shown[name]).lower() == value.lower() for name, value in expected.items()),
        "filed_elsewhere",
        situation=situation,
        exchange=exchange,
        wanted=", ".join(f"{n}={v}" for n, v in expected.items()),
        found=", ".join(f"{n}={v}" for n, v in shown.items()),
    )


EXAMPLES = {"smoke": 3, "standard": 6, "full": 100}


def generate(case: Case, mode: Any, judge: Any) -> None:
    """Generate bodies for the case's operation and judge each."""
    case.accepted()
    for_each_body(case.edition, case.operation, mode, EXAMPLES[case.profile], case.seed, judge)


def sendable(case: Case, value: Any) -> Sample | None:
    """A sample that carries a generated value with fixtures in their places; None for what is no object."""
    if not isinstance(value, dict):
        return None
    schema = case.operation.body_schema or {}
    sample = case.canonical()
    return sample.but(body=case.fill(Body(schema, value), sample.file, lenient=True))


def valid(case: Case, value: Any) -> Sample | None:
    """A request that a real client could send: which of its optional fields it has is generated.

    None when there is nothing to send.
    """
    usual = case.canonical()
    if usual.body is None or not isinstance(value, dict):
        return None
    consumers = field_name(usual.body.schema, "consumers")
    shaped = plausible(usual.body, value, consumers)
    if shaped.has("document_size"):
        shaped = shaped.with_("document_size", len(usual.file))
    return usual.but(body=shaped) if not shaped.errors() else None


SEQUENCES = {"smoke": 1, "standard": 2, "full": 40}


LEVELS = {"enrolment": "enrolment_level", "person": "person_level"}


def registered_at(case: Case, scope: str, level: str) -> None:
    """Judge a registration with one scope, for a document of the enrolment or of the student."""
    sample = case.canonical(token=case.token(scope).value)
    expected = {
        "person_id": case.fixture("person_id"),
        "association_id": case.fixture("association_id"),
    }
    if level == LEVELS["person"]:
        sample = with_fields(sample, **dict.fromkeys(ENROLMENT))
        expected["association_id"] = "None"
    exchange = case.expect_right(case.sent(sample), level)
    require_filed(case, sample, exchange, expected)


def any_token(case: Case) -> str | None:
    """A token that the target file can give, whatever its scopes; None when it has none."""
    auth = case.auth
    for client in auth.clients if auth else ():
        try:
            return case.token(*client.scopes[:1]).value
        except (Inconclusive, NotTested):
            continue
    return None


WANTS_TOKEN = {401, 403}


def asked(case: Case, service: Operation, token: str | None = None) -> Exchange:
    """Ask for the facts at the base address with a slash behind it, or else without one; either is fine."""
    sample = case.ready(service, service.bindings[0]).but(token=token)
    exchange = case.sent(sample)
    if exchange.succeeded:
        return exchange
    bare = case.send(replace(sample.request(), url=sample.url.rstrip("/")), service)
    if not bare.succeeded:
        return exchange
    case.note(case.words("address_without_slash"))
    return bare


def described(case: Case, service: Operation) -> Exchange:
    """The answer that holds the facts; a server that wants a token, which is judged elsewhere, gets one."""
    exchange = asked(case, service)
    if exchange.status not in WANTS_TOKEN:
        return exchange
    token = any_token(case)
    exchange = asked(case, service, token) if token else exchange
    if exchange.status in WANTS_TOKEN:
        raise case.not_tested("facts_for_nobody", status=exchange.status)
    return exchange
