"""FX: retrieving documents and their metadata, flow x."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from email.message import Message
from email.utils import mktime_tz, parsedate_tz
from typing import Any

from jsonschema import FormatChecker

from okd_conformance.suite import (
    REDIRECTS,
    Case,
    Exchange,
    Inconclusive,
    Intent,
    NotTested,
    Stored,
    Token,
    cells,
    check,
    documents_of,
    field_names,
    pdf,
    run_machine,
    web_address,
    with_header,
)
from steps import SEQUENCES, about, first_about, tried, with_scope


def described(case: Case) -> tuple[Stored, Exchange, dict[str, Any]]:
    """A document of the case's own, the answer with its metadata, and that metadata."""
    stored = case.store()
    exchange = case.expect(first_about(case, stored))
    body = case.answer_body(exchange)
    value = body.value if body else None
    if not isinstance(value, dict):
        raise case.inconclusive("no_metadata_to_judge")
    return stored, exchange, value


@check("OKD-FX-001", profile="smoke")
def test_bytes_come_back(case: Case) -> None:
    """What was uploaded comes back exactly."""
    stored = case.store()
    exchange = case.expect(first_about(case, stored))
    end = exchange
    if exchange.status in REDIRECTS:
        end = case.followed(exchange)
        case.require(end.succeeded, "leads_nowhere", exchange=exchange, status=end.status or end.error)
    if end.answer and end.succeeded:
        case.bytes_equal(end.answer.body, stored.content)


@check("OKD-FX-002")
def test_type_and_length(case: Case) -> None:
    """The type is the documented one or the document's own; the length, if there is one, is right."""
    stored = case.store()
    answer = case.expect(first_about(case, stored)).answer
    if answer is None or not answer.succeeded:
        return
    documented = [m for s in case.operation.success for m in case.operation.responses[s] if "*" not in m]
    own = stored.sample.operation.part("file").content_types[0]
    case.require(
        answer.media_type in {*documented, own},
        "other_document_type",
        wanted=", ".join(dict.fromkeys([*documented, own])),
        media_type=answer.media_type or "-",
    )
    length = answer.header("content-length")
    case.require(length in {None, str(len(answer.body))}, "wrong_length", given=length, real=len(answer.body))


PLACEHOLDERS = frozenset({"", "undefined", "null", "none", "nan", "[object object]"})


@check("OKD-FX-016")
def test_file_name(case: Case) -> None:
    """What the document is called by its header, if that says so, is no placeholder."""
    stored = case.store()
    if case.operation.kind == "metadata":
        exchange = case.opened(temporary_address(case, stored, "metadata"))
    else:
        exchange = case.followed(first_about(case, stored))
    if exchange.answer is None or not exchange.succeeded:
        raise case.inconclusive("content_not_shown", status=exchange.status or exchange.error)
    message = Message()
    message["Content-Disposition"] = exchange.answer.header("content-disposition") or "inline"
    name = message.get_filename()
    known = name is None or name.rpartition(".")[0 if "." in name else 2].lower() not in PLACEHOLDERS
    case.require(known, "placeholder_name", situation="placeholder", exchange=exchange, name=name)


@check("OKD-FX-003", scope=cells("sufficient"))
def test_sufficient_scope_reads(case: Case, scope: str) -> None:
    """Each scope of the document's type alone, on a document that came in with it."""
    case.expect_right(with_scope(case, scope))


@check("OKD-FX-003", scope=cells("disputed"))
def test_disputed_scope_reads(case: Case, scope: str) -> None:
    """The sources disagree; either answer will do."""
    if scope in upload_scopes(case):
        raise case.not_applicable("judged_elsewhere", requirement="OKD-FX-005")
    case.expect(with_only(case, scope), "disputed")


def upload_scopes(case: Case) -> tuple[str, ...]:
    """The scopes with which a document of the binding's type may be uploaded."""
    _, binding = case.upload_binding(case.binding.document_type)
    return binding.scopes.sufficient if binding.scopes else ()


def with_only(case: Case, scope: str) -> Exchange:
    """Call the operation on a document of the binding's type, with a token of one scope."""
    return tried(case, scope)[0]


def scopes_of_other_types(operation: Any, binding: Any) -> list[str]:
    """The scopes that are refused here but belong to another type of document."""
    others = [b.scopes for b in operation.bindings if b.scopes and b is not binding]
    theirs = {scope for row in others for scope in (*row.sufficient, *row.disputed)}
    return [scope for scope in (binding.scopes.refused if binding.scopes else ()) if scope in theirs]


@check("OKD-FX-004", scope=scopes_of_other_types)
def test_scope_of_another_type(case: Case, scope: str) -> None:
    """The scope of one type reads no document of another."""
    case.expect(with_only(case, scope))


@check("OKD-FX-005")
def test_scope_of_the_upload(case: Case) -> None:
    """A scope that is listed for uploading this type, but not everywhere for reading it."""
    row = case.binding.scopes
    disputed = [s for s in (row.disputed if row else ()) if s in upload_scopes(case)]
    if not disputed:
        raise case.not_applicable("nothing_disputed")
    for scope in disputed:
        case.expect(with_only(case, scope))


@check("OKD-FX-006")
def test_document_of_another_system(case: Case) -> None:
    """A document that one calling system supplied, asked for by another that has the same rights."""
    case.accepted()
    _, upload = case.upload_binding(case.binding.document_type)
    other = token_of_other_system(case, case.component_of(case.usual(upload)))
    component = case.component_of(other)
    own = case.store(token=case.usual_token(upload, component))
    case.arranged(about(case, own.id, other.value))
    case.expect(about(case, case.document().id, other.value))


def token_of_other_system(case: Case, component: str | None) -> Token:
    """A token that suffices here, of another calling system. Raises NotTested when there is none."""
    auth = case.auth
    sufficient = case.binding.scopes.sufficient if case.binding.scopes else ()
    for client in auth.clients if auth else ():
        if client.component in {None, component}:
            continue
        for scope in sufficient:
            if scope in client.scopes:
                return case.token(scope, client_id=client.client_id)
    raise case.not_tested("one_system_only")


@check("OKD-FX-007", id=["unknown"])
def test_unknown_id(case: Case) -> None:
    """An id that nobody gave."""
    case.accepted()
    case.expect(about(case, case.fresh_uuid()), "unknown_id")


@check("OKD-FX-007", id=["of_the_component"])
def test_id_of_the_component(case: Case) -> None:
    """The id that the component itself gave to the document."""
    case.accepted()
    stored = case.store()
    own = stored.sample.body.get("component_document_id") if stored.sample.body else None
    if not isinstance(own, str) or own.lower() == stored.id.lower():
        raise case.not_applicable("one_id_for_both")
    exchange = case.expect(about(case, own), "component_id")
    if exchange.answer is not None and exchange.succeeded:
        if case.operation.kind == "read":
            case.bytes_equal(exchange.answer.body, stored.content)
        else:
            found = case.value_in(exchange, "dms_document_id")
            same = str(found).lower() in {stored.id.lower(), own.lower()}
            case.require(same, "other_id_in_metadata", sent=stored.id, value=found)


@check("OKD-FX-008", profile="smoke")
def test_metadata(case: Case) -> None:
    """JSON, about the document that was asked for."""
    stored = case.store()
    exchange = case.expect(first_about(case, stored))
    answer = exchange.answer
    if answer is None or not answer.succeeded:
        return
    case.require(answer.media_type.endswith("json"), "not_json", media_type=answer.media_type or "-")
    found = case.value_in(exchange, "dms_document_id")
    case.require(str(found).lower() == stored.id.lower(), "other_id_in_metadata", sent=stored.id, value=found)


@check("OKD-FX-009")
def test_temporary_address(case: Case) -> None:
    """The address in the metadata gives the same bytes to a browser, without a token."""
    stored = case.store()
    url = temporary_address(case, stored, "metadata")
    exchange = case.expect(case.opened(url), "download")
    if exchange.succeeded:
        case.bytes_equal(exchange.answer.body, stored.content)


def temporary_address(case: Case, stored: Stored, situation: str) -> str:
    """The temporary address of a document. Raises Failed, or Inconclusive where that can't be a failure."""
    exchange = case.expect(about(case, stored.id), situation)
    found = case.value_in(exchange, "download_url")
    url = web_address(found)
    case.require(url is not None, "no_address", field=case.answer_field("download_url"), value=_shown(found))
    if url is None:
        raise case.inconclusive("no_address_to_open")
    return url


def _shown(value: object) -> str:
    """A value that is no address, for people."""
    return "-" if value is None else repr(value)[:80]


@check("OKD-FX-010", address=["guessable"])
def test_address_can_not_be_guessed(case: Case) -> None:
    """Apart from the ids, the addresses of two documents differ."""
    documents = [case.store(), case.store()]
    addresses = [temporary_address(case, stored, "live") for stored in documents]
    bare = {without_id(url, stored.id) for url, stored in zip(addresses, documents, strict=True)}
    case.require(len(bare) == len(documents), "address_guessable")


def without_id(url: str, document_id: str) -> str:
    """An address with the id taken out, with dashes or without."""
    lowered = url.lower()
    for form in (document_id.lower(), document_id.lower().replace("-", "")):
        lowered = lowered.replace(form, "{id}")
    return lowered


@check("OKD-FX-010", address=["of_deleted"])
def test_address_of_a_deleted_document(case: Case) -> None:
    """The address dies with its document."""
    stored = case.store()
    url = temporary_address(case, stored, "live")
    if case.expect(case.opened(url), "live").status != 200:
        raise case.inconclusive("address_never_worked")
    case.arranged(case.call("delete", stored.id, None, stored.sample.binding.document_type))
    case.expect(case.opened(url), "deleted")


@check("OKD-FX-011", field=["document_name", "document_size", "format"])
def test_metadata_as_uploaded(case: Case, field: str) -> None:
    """Name, size and format are those of the upload, in the spelling of the text."""
    stored, exchange, value = described(case)
    case.telling = exchange
    names = field_names(case.operation.success_schema() or {}, field)
    present = [name for name in names if name in value]
    if not case.require(bool(present), "not_in_metadata", field=names[0], reading="warned"):
        return
    sent = as_uploaded(stored, field)
    found = value[present[0]]
    case.require(
        found == sent, "other_in_metadata", reading="warned", field=present[0], sent=sent, value=found
    )
    case.require(present[0] == names[0], "old_spelling", reading="warned", wanted=names[0], field=present[0])


def as_uploaded(stored: Stored, field: str) -> Any:
    """What the metadata should say: the name that was sent, the real size, the type of the file part."""
    own = {
        "document_name": stored.sample.body.get("document_name") if stored.sample.body else None,
        "document_size": len(stored.content),
        "format": stored.sample.operation.part("file").content_types[0],
    }
    return own[field]


A_QUARTER_S = 900


@check("OKD-FX-012")
def test_creation_date(case: Case) -> None:
    """A date with time and time zone, where there is one, that has come by the server's own clock."""
    _, exchange, _ = described(case)
    found = case.value_in(exchange, "creation_date")
    if found is None:
        case.note(case.words("no_creation_date"))
        return
    whole = isinstance(found, str) and FormatChecker(["date-time"]).conforms(found, "date-time")
    if case.require(whole, "no_time_zone", value=_shown(found)):
        early = seconds_ahead(found, exchange) > A_QUARTER_S
        case.require(not early, "created_in_future", situation="in_future", exchange=exchange, value=found)


def seconds_ahead(moment: str, exchange: Exchange) -> float:
    """How far a moment lies after the server's own clock; 0 where that can't be told."""
    clock = parsedate_tz(exchange.answer.header("date") if exchange.answer else None)
    with suppress(ValueError):
        return datetime.fromisoformat(moment.upper()).timestamp() - mktime_tz(clock) if clock else 0
    return 0


@check("OKD-FX-013")
def test_registered_document(case: Case) -> None:
    """A document that the DMS registered with a module is readable for that module."""
    token = case.usual(case.binding)
    component = case.component_of(token) or token.client_id
    content = pdf(f"{case.run_id} {case.id}")
    with registered(case, component, content) as document_id:
        exchange = case.expect(about(case, document_id, token.value))
        if exchange.succeeded:
            case.bytes_equal(exchange.answer.body, content)


@contextmanager
def registered(case: Case, component: str, content: bytes) -> Iterator[str]:
    """The id of a document of the DMS's own that it has registered with a module; destroyed afterwards."""
    kind, name = case.binding.document_type, f"{case.marker}.pdf"
    intent = Intent(
        "upload", case.role, case.operation.name, document_type=kind, document_name=name, hook="register"
    )
    with case.made_by_a_hook(intent) as note:
        answer = case.call_hook(
            "register",
            component=component,
            document_type=kind,
            document_name=name,
            content_base64=base64.b64encode(content).decode(),
        )
        document_id = answer.get("document_id")
        if not isinstance(document_id, str):
            raise case.inconclusive("hook_failed", name="register", error="no document_id")
        note(document_id)
    try:
        yield document_id
    finally:
        with suppress(NotTested, Inconclusive):
            case.call_hook("destroy", document_id=document_id)
            case.gone(document_id)


def _asked(case: Case, name: str | None = None, value: str | None = None, method: str = "") -> Exchange:
    """The valid request with one header more, or another method."""
    request = case.sample().request()
    request = with_header(request, name, value) if name else request
    return case.send(replace(request, method=method or request.method), case.operation)


@check("OKD-FX-014", ask=["accept"])
def test_accept_that_can_not_be_met(case: Case, ask: str) -> None:
    """Asking for a picture."""
    case.expect(_asked(case, "Accept", "image/png"), ask)


@check("OKD-FX-014", ask=["range"])
def test_range(case: Case, ask: str) -> None:
    """Asking for the first ten bytes; the answer is those, or the whole document."""
    exchange = case.expect(_asked(case, "Range", "bytes=0-9"), ask)
    if exchange.answer and exchange.status in {200, 206}:
        whole = case.document().content
        wanted = whole if exchange.status == 200 else whole[:10]
        case.require(exchange.answer.body == wanted, "wrong_part", found=len(exchange.answer.body))


@check("OKD-FX-014", ask=["head"])
def test_head(case: Case, ask: str) -> None:
    """Asking for the headers only."""
    case.expect(_asked(case, method="HEAD"), ask)


@check("OKD-FX-001", sequence=["upload-read-replace-delete"])
def test_documents_through_their_life(case: Case) -> None:
    """What is read is what was stored last, whatever happened to the other documents."""
    case.accepted()
    run_machine(documents_of(case), SEQUENCES[case.profile], case.seed)
