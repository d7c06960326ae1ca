"""The DMS: uploads, reading, replacing, deleting, and the end of enrolments."""

from __future__ import annotations

import base64
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from okd_conformance.reference.answers import Refused, Reply, json_answer
from okd_conformance.reference.compose import compose
from okd_conformance.reference.downloads import lasting_link
from okd_conformance.reference.intake import (
    check_metadata_part,
    check_query,
    in_latin1,
    receive_bytes,
    receive_object,
)
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.world import Call, Message, ReceivedPart
from okd_conformance.standard.fields import Body, field_name

LEVELS = {"association_id": "enrolment", "person_id": "person", "offering_id": "sitting"}
UNNAMED_TYPE = "application/octet-stream"  # RFC 9110, 8.3
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")


def success_of(call: Call) -> tuple[int, str | None, dict[str, Any]]:
    """Return status, media type and schema of the first success answer that the edition documents."""
    status = call.behaviour.success_status(call)
    for media_type, schema in call.operation.responses[call.operation.success[0]].items():
        return status, media_type, dict(schema)
    return status, None, {}


def success_status(call: Call) -> int:
    """Return the first success status that the edition documents."""
    return call.operation.success[0]


def json_success(call: Call, values: dict[str, Any]) -> Reply:
    """Return the success answer with these values, by meaning."""
    status, media_type, schema = success_of(call)
    body = compose(schema, values, example_of(call, media_type or ""))
    return json_answer(status, body, media_type or "")


def example_of(call: Call, media_type: str) -> Any:
    """Return the edition's first example of a success answer, or None."""
    operation, edition = call.operation, call.world.edition
    document = edition.document(edition.roles[call.role].document)
    answers = document["paths"][operation.path][operation.method.lower()]["responses"]
    success = answers[str(operation.success[0])]
    examples = success.get("content", {}).get(media_type, {}).get("examples", {})
    return next((example.get("value") for example in examples.values()), None)


def empty_success(call: Call) -> Reply:
    """Return the success answer of an operation that answers without a body."""
    return Reply(call.behaviour.success_status(call))


async def upload(call: Call) -> Reply:
    """Take metadata and file, and file the document."""
    message = await call.behaviour.receive_message(call)
    try:
        return _take(call, message)
    finally:
        message.discard()


def _take(call: Call, message: Message) -> Reply:
    behaviour = call.behaviour
    metadata_part, file_part = behaviour.pick_parts(call, message)
    metadata = behaviour.read_metadata(call, metadata_part)
    if file_part is not None:
        behaviour.check_file_part(call, file_part)
    body = Body(call.operation.part("metadata").schema, metadata)
    behaviour.check_metadata(call, body, file_part)
    behaviour.check_type_rights(call, body.get("document_type"))
    document = behaviour.make_document(call, body, file_part)
    spool = file_part.spool if file_part is not None else call.world.store.spool()
    behaviour.store(call, document, spool, message)
    return behaviour.upload_answer(call, document, body)


def read_metadata(call: Call, part: ReceivedPart | None) -> dict[str, Any]:
    """Read the metadata part as a JSON object."""
    if part is None:
        raise Refused("part_missing", name=call.operation.part("metadata").name)
    check_metadata_part(call, part)
    content = part.spool.content()
    return call.behaviour.parse_object(content.decode("latin-1").encode() if in_latin1(part) else content)


def check_metadata(call: Call, body: Body, file: ReceivedPart | None) -> None:
    """Refuse metadata that its schema does not allow, or that contradicts the path or the file."""
    check_schema(call, body, "metadata_invalid")
    check_path_id(call, body)
    given = body.get("document_size")
    if file is not None and given is not None and given != file.spool.size:
        raise Refused("size_differs", given=given, real=file.spool.size)


def check_schema(call: Call, body: Body, situation: str) -> None:
    """Refuse a body that its schema does not allow."""
    errors = call.behaviour.errors(body.schema, body.value)
    if errors:
        raise Refused(situation, why="; ".join(errors[:3])[:500])


def check_path_id(call: Call, body: Body) -> None:
    """Refuse a body that names another id than the path."""
    for meaning, value in call.ids.items():
        for given in (body.get(meaning),):
            if isinstance(given, str) and given.lower() != value:
                raise Refused("ids_differ", name=meaning)


def make_document(call: Call, body: Body, file: ReceivedPart | None) -> StoredDocument:
    """Make the record of a new document."""
    filed = {meaning: value for meaning in LEVELS if (value := _id_in(call, body, meaning))}
    sitting = body.get("exam_component_offering_id")
    if not filed and isinstance(sitting, str):
        filed = {"offering_id": sitting.lower()}
    level = next((LEVELS[meaning] for meaning in (*call.ids, *filed) if meaning in LEVELS), "none")
    name = body.get("document_name")
    return StoredDocument(
        id=call.behaviour.choose_document_id(call, body),
        component=call.caller.component,
        type=body.get("document_type"),
        subtype=body.get("document_subtype"),
        component_document_id=body.get("component_document_id"),
        name=name,
        title=name,
        format=_format(file),
        created=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        level=level,
        filed=filed,
        sent=body.value,
    )


def _format(file: ReceivedPart | None) -> str:
    """The type that the file part names, if it is a media type."""
    named = file.content_type if file is not None else None
    return named if named and _MEDIA_TYPE.fullmatch(named) else UNNAMED_TYPE


def _id_in(call: Call, body: Body, meaning: str) -> str | None:
    """The id with this meaning, from the path or else from the body; a person may be given as a bare id."""
    value = call.ids.get(meaning) or body.get(meaning)
    if value is None and meaning == "person_id":
        value = body.get("person")
    return value.lower() if isinstance(value, str) else None


def choose_document_id(_call: Call, _body: Body) -> str:
    """Choose a new id: nobody else's."""
    return str(uuid.uuid4())


def store_document(call: Call, document: StoredDocument, spool: Spool, _message: Message) -> None:
    """Keep the bytes and the record, and remember that the enrolment has a dossier here."""
    document.file, document.size = call.world.store.keep(spool)
    call.world.store.save(call.role, document)
    association = document.filed.get("association_id")
    if association is not None:
        call.world.store.add("association", call.role, association, {})


def upload_answer(call: Call, document: StoredDocument, _body: Body) -> Reply:
    """Tell the id of the new document, or where it can be seen, whichever the edition's example tells."""
    _, media_type, schema = success_of(call)
    told = example_of(call, media_type or "")
    values = {"dms_document_id": document.id}
    if isinstance(told, dict) and field_name(schema, "document_link") in told:
        values["document_link"] = call.behaviour.make_document_link(call, document)
        if field_name(schema, "dms_document_id") not in told:
            del values["dms_document_id"]
    return json_success(call, values)


def make_document_link(call: Call, document: StoredDocument) -> str:
    """Make the address where a document can be seen."""
    return lasting_link(call.world, call.role, document)


def find_document(call: Call) -> StoredDocument:
    """Return the document of the path, if this caller may use it; it doesn't learn of others."""
    document = call.world.store.document(call.role, call.ids["dms_document_id"])
    if document is None:
        raise Refused("unknown_document")
    if not call.behaviour.may_use(call, document):
        raise Refused("not_yours")
    call.behaviour.check_type_rights(call, document.type)
    return document


async def read(call: Call) -> Reply:
    """Answer the bytes of a document; where the edition wants that, with its metadata in one JSON object."""
    document = call.behaviour.find_document(call)
    status, media_type, schema = success_of(call)
    if schema:
        return json_success(call, call.behaviour.whole_document(call, document))
    answer = call.behaviour.deliver(call, document)
    answer.status = status
    answer.media_type = call.behaviour.delivered_type(call, document, media_type or UNNAMED_TYPE)
    return answer


def whole_document(call: Call, document: StoredDocument) -> dict[str, Any]:
    """Return a document with its metadata as they came and its bytes in Base64, by meaning."""
    with call.world.store.open(document.file) as file:
        content = base64.b64encode(file.read()).decode()
    return {"dms_document_id": document.id, "metadata": document.sent, "document_content": content}


def deliver(call: Call, document: StoredDocument) -> Reply:
    """Put the bytes of the document in an answer."""
    return Reply(200, file=call.world.store.open(document.file), size=document.size)


def delivered_type(_call: Call, _document: StoredDocument, documented: str) -> str:
    """Say the type that the edition documents first."""
    return documented


async def metadata(call: Call) -> Reply:
    """Answer what is known of a document, with a temporary link."""
    document = call.behaviour.find_document(call)
    return json_success(call, call.behaviour.describe(call, document))


def describe(call: Call, document: StoredDocument) -> dict[str, Any]:
    """Return the metadata of a document, by meaning."""
    known = {
        "dms_document_id": document.id,
        "title": document.title,
        "download_url": call.behaviour.make_download_url(call, document),
        "creation_date": document.created,
        "format": document.format,
        "document_name": document.name,
        "document_size": document.size,
        "document_type": document.type,
        "document_subtype": document.subtype,
    }
    return {meaning: value for meaning, value in known.items() if value is not None}


async def replace(call: Call) -> Reply:
    """Take new bytes for a document; its metadata stays, save the size."""
    spool = await receive_bytes(call)
    try:
        if spool.size == 0:
            call.behaviour.refuse_empty(call)
        document = call.behaviour.find_document(call)
        if document.locked:
            call.behaviour.refuse_locked(call, document)
        call.behaviour.replace_content(call, document, spool)
    finally:
        spool.discard()
    return empty_success(call)


def replace_content(call: Call, document: StoredDocument, spool: Spool) -> None:
    """Put the new bytes in the place of the old ones."""
    old = document.file
    document.file, document.size = call.world.store.keep(spool)
    call.world.store.save(call.role, document)
    call.world.store.forget(old)


async def lock_document(call: Call) -> Reply:
    """Lock a document for a caller, who gets the proof of it."""
    document = call.behaviour.find_document(call)
    if document.locked:
        call.behaviour.refuse_locked(call, document)
    document.locked, document.lock_id = True, str(uuid.uuid4())
    call.world.store.save(call.role, document)
    return json_success(call, {"lock_id": document.lock_id})


async def unlock_document(call: Call) -> Reply:
    """Unlock a document for the caller who locked it."""
    proof = check_query(call).get("lock_id")
    document = call.behaviour.find_document(call)
    call.behaviour.check_lock(call, document, proof)
    document.locked, document.lock_id = False, None
    call.world.store.save(call.role, document)
    return empty_success(call)


async def replace_locked(call: Call) -> Reply:
    """Take new bytes for a document from the caller who locked it."""
    proof = check_query(call).get("lock_id")
    spool = await receive_bytes(call)
    try:
        if spool.size == 0:
            call.behaviour.refuse_empty(call)
        document = call.behaviour.find_document(call)
        call.behaviour.check_lock(call, document, proof)
        call.behaviour.replace_content(call, document, spool)
    finally:
        spool.discard()
    return empty_success(call)


def check_lock(call: Call, document: StoredDocument, proof: str | None) -> None:
    """Refuse a caller who did not lock the document."""
    if not document.locked:
        raise Refused("not_locked")
    if document.lock_id is None or proof is None or proof.lower() != document.lock_id:
        call.behaviour.refuse_locked(call, document)


async def delete(call: Call) -> Reply:
    """Delete a document."""
    document = call.behaviour.find_document(call)
    call.behaviour.remove(call, document)
    return empty_success(call)


def remove(call: Call, document: StoredDocument) -> None:
    """Remove a document and its bytes; its links go dead."""
    call.world.store.remove(call.role, document)


async def change_association(call: Call) -> Reply:
    """Take the new state of an enrolment."""
    value = await receive_object(call)
    schema = next(iter(call.operation.request.values()))
    body = Body(schema, value)
    call.behaviour.check_change(call, body)
    call.behaviour.check_change_ids(call, body)
    association = call.ids["association_id"]
    known = call.world.store.get("association", call.role, association)
    if known is None and call.world.school.enrolment(association) is None:
        call.behaviour.refuse_unknown_association(call)
    call.world.store.put("association", call.role, association, {**(known or {}), **value})
    return empty_success(call)


def check_change(call: Call, body: Body) -> None:
    """Refuse a change that its schema does not allow."""
    check_schema(call, body, "change_invalid")
