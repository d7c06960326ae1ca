"""FY: replacing the content of a document, flow y."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from okd_conformance.suite import (
    LOCK,
    REPLACE,
    UNLOCK,
    Case,
    Exchange,
    Multipart,
    Part,
    Sample,
    Stored,
    bound,
    cells,
    check,
    deref,
    field_name,
    field_names,
    is_uuid,
    pdf,
    web_address,
    with_header,
    with_proof,
)
from steps import read, require_content, tried, with_scope


def replacement(case: Case, stored: Stored, size: int = 0, **given: Any) -> Sample:
    """A valid replacement of a document by other bytes."""
    content = pdf(f"{case.run_id} {case.id} new", size)
    return case.canonical(path_values={"dms_document_id": stored.id}, file=content, **given)


def metadata(case: Case, stored: Stored, situation: str) -> dict[str, Any]:
    """The metadata of a document."""
    document_type = stored.sample.binding.document_type
    exchange = case.expect(case.call("metadata", stored.id, document_type=document_type), situation)
    body = case.answer_body(exchange)
    if body is None or not isinstance(body.value, dict):
        raise case.inconclusive("no_metadata_to_judge")
    return body.value


def media_types(operation: Any, _: Any) -> list[str]:
    """The media types in which the edition lets content be replaced."""
    return list(operation.request)


@check("OKD-FY-001", profile="smoke")
def test_replace(case: Case) -> None:
    """In the way that the target has; by PATCH the first media type that is not refused."""
    stored = case.store()
    way = case.way_of_replacing()
    tries = []
    for media in case.operation.request:
        tries.append(case.sent(replacement(case, stored, file_type=media)))
        if tries[-1].succeeded:
            break
    exchange = tries[-1] if tries[-1].succeeded else tries[0]
    case.expect(exchange, "default" if way == "own" else f"{way}_option")


def with_lock(case: Case, name: str, stored: Stored, lock_id: str | None, **given: Any) -> Exchange:
    """Call one of the operations of the lock on a document, with the proof of the lock where it takes one."""
    operation = case.edition.operation(case.role, name)
    binding = bound(operation, stored.sample.binding.document_type)
    sample = case.sample_of(operation, binding, path_values={"dms_document_id": stored.id}, **given)
    return case.sent(with_proof(sample, lock_id))


@check("OKD-FY-010")
def test_lock_option(case: Case) -> None:
    """Lock, replace and unlock; the new bytes are read, and a second lock works again."""
    stored = case.store()
    lock = case.expect(with_lock(case, LOCK, stored, None), "lock")
    if not lock.succeeded:
        return
    proof = case.value_in(lock, "lock_id")
    case.require(
        isinstance(proof, str) and is_uuid(proof), "no_lock_id", field=lock_id_name(case), value=proof
    )
    content = pdf(f"{case.run_id} {case.id} locked")
    exchange = case.expect(with_lock(case, REPLACE, stored, proof, file=content), "replace")
    case.expect(with_lock(case, UNLOCK, stored, proof), "unlock")
    if exchange.succeeded:
        require_content(case, stored, content)
    again = with_lock(case, LOCK, stored, None)
    if case.require(again.succeeded, "still_locked", exchange=again, status=again.status or again.error):
        with_lock(case, UNLOCK, stored, case.value_in(again, "lock_id"))


def lock_id_name(case: Case) -> str:
    """What the edition calls the proof of a lock."""
    operation = case.edition.operation(case.role, LOCK)
    return field_name(operation.success_schema() or {}, "lock_id") or "lock_id"


@check("OKD-FY-002", type=media_types)
def test_media_type(case: Case, type: str) -> None:
    """Each media type that the sources name; one of them is enough."""
    stored = case.store()
    exchange = case.sent(replacement(case, stored, file_type=type))
    if exchange.succeeded:
        case.expect(exchange)
        return
    others = [media for media in case.operation.request if media != type]
    other_works = any(case.sent(replacement(case, stored, file_type=media)).succeeded for media in others)
    if other_works:
        case.note(case.words("type_refused", media_type=type))
    case.expect(exchange, "one_refused" if other_works else "default")


@check("OKD-FY-003")
def test_new_content_is_read(case: Case) -> None:
    """A replaced document has its id, and gives the new bytes."""
    stored = case.store()
    sample = replacement(case, stored)
    case.expect(case.sent(sample), "replace")
    require_content(case, stored, sample.file, "read_back")


@check("OKD-FY-003", content=["shorter"])
def test_nothing_of_longer_content_is_left(case: Case) -> None:
    """New content that is shorter than the old leaves no tail of it."""
    stored = case.store(file=pdf(f"{case.id} old", 60_000))
    sample = replacement(case, stored)
    case.expect(case.sent(sample), "replace")
    require_content(case, stored, sample.file, "read_back")


@check("OKD-FY-003", read=["by_address"])
def test_new_content_is_at_the_new_address(case: Case, read: str) -> None:
    """The temporary address that the metadata give afterwards leads to the new bytes, and not to a cache."""
    assert read
    stored = case.store()
    if not case.opened(address(case, stored)).succeeded:
        raise case.inconclusive("address_never_worked")
    sample = replacement(case, stored)
    case.expect(case.sent(sample), "replace")
    exchange = case.expect(case.opened(address(case, stored)), "read_back")
    if exchange.succeeded:
        case.bytes_equal(exchange.answer.body, sample.file, "warned")


def address(case: Case, stored: Stored) -> str:
    """The temporary address of a document. Raises NotTested when the metadata give none."""
    url = web_address(case.metadata_value(stored.id, "download_url", stored.sample))
    if url is None:
        raise case.not_tested("no_address_to_open")
    return url


@check("OKD-FY-011")
def test_equal_documents_are_kept_apart(case: Case) -> None:
    """Two documents with the same bytes; one is replaced, and the other stays what it was."""
    stored = case.store()
    operation, binding = case.upload_binding(case.binding.document_type)
    twin = case.sample_of(operation, binding, file=stored.content)
    exchange = case.expect(case.sent(twin), "twin")
    if not exchange.succeeded:
        return
    twin_id = case.require_id(exchange)
    case.expect(case.sent(replacement(case, stored)), "replace")
    found = case.first_read(twin_id, binding.document_type)
    same = found.answer is not None and found.answer.body == stored.content
    apart = twin_id != stored.id and (same or not found.succeeded)
    case.require(apart, "twins_mixed_up", situation="mixed_up", exchange=exchange)


@check("OKD-FY-004")
def test_metadata_stays(case: Case) -> None:
    """All but what follows the content, though Content-Disposition names another file."""
    stored = case.store()
    before = metadata(case, stored, "metadata")
    name = stored.sample.operation.part("file").name
    disposition = f'form-data; name="{name}"; filename="{case.marker}-other-name.pdf"'
    sample = replacement(case, stored)
    request = with_header(sample.request(), "Content-Disposition", disposition)
    case.expect(case.send(request, sample.operation), "replace")
    after = metadata(case, stored, "metadata")
    changed = [n for n in metadata_fields(case) if before.get(n) != after.get(n)]
    of_bytes = [n for n in changed if n in named_fields(case, "format", "creation_date")]
    following = named_fields(case, "document_size", "download_url")
    of_document = [n for n in changed if n not in of_bytes and n not in following]
    case.require(not of_document, "metadata_changed", fields=", ".join(of_document))
    case.require(
        not of_bytes,
        "metadata_changed",
        situation="of_the_bytes",
        exchange=case.telling,
        fields=", ".join(of_bytes),
    )


def metadata_fields(case: Case) -> list[str]:
    """The fields of the metadata that the edition names."""
    schema = case.binding_for("metadata")[0].success_schema() or {}
    return list(deref(schema, schema).get("properties", {}))


def named_fields(case: Case, *meanings: str) -> set[str]:
    """What the edition calls these fields of the metadata, in each spelling."""
    schema = case.binding_for("metadata")[0].success_schema() or {}
    return {name for meaning in meanings for name in field_names(schema, meaning)}


@check("OKD-FY-005")
def test_size_follows(case: Case) -> None:
    """A longer document; the metadata give its size."""
    stored = case.store()
    sample = replacement(case, stored, size=5000)
    if not case.sent(sample).succeeded:
        raise case.inconclusive("replacement_refused")
    found = case.metadata_value(stored.id, "document_size", stored.sample)
    if found is None:
        raise case.not_tested("metadata_has_no_size")
    case.require(found == len(sample.file), "old_size", sent=len(sample.file), value=found)


@check("OKD-FY-006")
def test_locked_document(case: Case) -> None:
    """A locked document can't be replaced, and an unlocked one can."""
    case.accepted()
    standing = case.fixture("locked_document", "")
    if standing:
        document_that_stays_locked(case, standing)
        return
    stored = case.store()
    with locked(case, stored):
        exchange = case.sent(replacement(case, stored))
    case.expect(exchange, "locked")
    require_content(case, stored, stored.content)
    case.expect(case.sent(replacement(case, stored)), "unlocked")


def document_that_stays_locked(case: Case, document_id: str) -> None:
    """The document of the target file that somebody has locked by hand: its bytes stay."""
    before = case.arranged(case.read(document_id))
    sample = case.canonical(path_values={"dms_document_id": document_id})
    case.expect(case.sent(sample), "locked")
    after = case.arranged(case.read(document_id))
    if before.answer and after.answer:
        case.bytes_equal(after.answer.body, before.answer.body)


@contextmanager
def locked(case: Case, stored: Stored) -> Iterator[None]:
    """The document is locked meanwhile."""
    case.call_hook("lock", document_id=stored.id, locked=True)
    try:
        yield
    finally:
        case.call_hook("lock", document_id=stored.id, locked=False)


@check("OKD-FY-007", scope=cells("sufficient"))
def test_sufficient_scope(case: Case, scope: str) -> None:
    """Each scope of the document's type alone, on a document that came in with it."""
    case.expect_right(with_scope(case, scope), "sufficient")


@check("OKD-FY-007", scope=cells("refused"))
def test_refused_scope(case: Case, scope: str) -> None:
    """Every other scope of the standard; the old bytes stay."""
    exchange, stored = tried(case, scope)
    case.expect(exchange, "refused")
    require_content(case, stored, stored.content, "after_refusal")


@check("OKD-FY-007", scope=cells("disputed"))
def test_disputed_scope(case: Case, scope: str) -> None:
    """The sources disagree; either answer will do."""
    case.expect(tried(case, scope)[0], "disputed")


@check("OKD-FY-008", document=["unknown"])
def test_unknown_document(case: Case) -> None:
    """An id that nobody gave."""
    case.accepted()
    sample = case.canonical(path_values={"dms_document_id": case.fresh_uuid()})
    case.expect(case.sent(sample), "unknown_id")


@check("OKD-FY-008", content=["empty"])
def test_empty_content(case: Case) -> None:
    """Zero bytes; a refusal leaves the old ones."""
    case.accepted()
    stored = case.store()
    exchange = case.expect(case.sent(replacement(case, stored).with_file(b"")), "empty_body")
    if not exchange.succeeded:
        require_content(case, stored, stored.content)


@check("OKD-FY-009")
def test_multipart(case: Case) -> None:
    """A multipart message with one file: refused, or only the file is stored."""
    case.accepted()
    stored = case.store()
    sample = replacement(case, stored)
    name = stored.sample.operation.part("file").name
    kind = stored.sample.operation.part("file").content_types[0]
    part = Part.form(name, sample.file, content_type=kind, filename=f"{case.marker}.pdf")
    message = Multipart((part,), sample.boundary)
    body = message.payload()
    request = with_header(sample.request(body=body), "Content-Type", message.content_type)
    exchange = case.send(request, sample.operation)
    if not exchange.succeeded:
        case.expect(exchange)
        return
    found = read(case, stored)
    content = found.answer.body if found.answer else b""
    case.telling = exchange
    if content == sample.file:
        case.expect(exchange, "file_part_stored")
    else:
        key = "multipart_stored" if content == body else "multipart_lost"
        case.require(False, key, situation="raw_body_stored", exchange=exchange)
