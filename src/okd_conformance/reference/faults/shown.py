"""Faults that were met in other products: in what answers show, and in what requests share."""

from __future__ import annotations

import asyncio
import codecs
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from starlette.requests import Request

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import (
    after,
    around,
    before,
    cached,
    finishing,
    name_downloads,
    refusing,
    tell_in_errors,
)
from okd_conformance.reference.faults.registry import fault, faults
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.world import Behaviour, Call, Handler, Values, World
from okd_conformance.standard.fields import Body

_OTHERS_COME_S = 0.05


@fault("metadata-remains")
def _metadata_remains(behaviour: Behaviour) -> None:
    removed: dict[str, StoredDocument] = {}
    before("remove")(lambda _call, document: removed.update({document.id: document}))(behaviour)
    inner = behaviour.handlers["metadata"]

    async def metadata(call: Call) -> Reply:
        document = removed.get(call.ids["dms_document_id"])
        if document is None:
            return await inner(call)
        return dms.json_success(call, call.behaviour.describe(call, document))

    behaviour.handlers["metadata"] = metadata


@fault("error-shows-stack-trace", tell_in_errors)
def _error_shows_stack_trace(_call: Call) -> dict[str, str]:
    return {"trace": "".join(["Traceback (most recent call last):\n", *traceback.format_stack()])}


@fault("error-shows-another-student")
def _error_shows_another_student(behaviour: Behaviour) -> None:
    tell_in_errors(lambda call: {"nearest": call.world.school.people[1].student_number})(behaviour)


@fault("json-with-byte-order-mark", finishing)
def _json_with_byte_order_mark(_call: Call, answer: Reply) -> Reply:
    answer.body = codecs.BOM_UTF8 + answer.body if answer.has_json else answer.body
    return answer


@fault("requests-share-their-state")
def _requests_share_their_state(behaviour: Behaviour) -> None:
    def sharing(name: str) -> Handler:
        inner = behaviour.handlers[name]
        asked: list[Mapping[str, str]] = []
        answers: list[Reply] = []

        async def handler(call: Call) -> Reply:
            asked.append(call.ids)
            await asyncio.sleep(_OTHERS_COME_S)
            call.ids = asked[-1]
            answers.append(await inner(call))
            if call.request.method != "GET":  # the bytes of an open file can be sent only once
                await asyncio.sleep(_OTHERS_COME_S)
            return answers[-1]

        return handler

    for name in ("upload", "read", "metadata", "read_person", "read_association"):
        behaviour.handlers[name] = sharing(name)


@fault("bodyless-type-refused", refusing("check_operation_rights", "empty_body"))
def _bodyless_type_refused(call: Call) -> bool:
    return call.request.method in {"GET", "DELETE"} and "content-type" in call.request.headers


def _bytes_of(world: World, document: StoredDocument) -> bytes:
    with world.store.open(document.file) as file:
        return file.read()


@fault("equal-bytes-share-one-file", around("replace_content"))
def _equal_bytes_share_one_file(
    inner: Callable[..., None], call: Call, document: StoredDocument, spool: Spool
) -> None:
    others = [o for o in call.world.store.documents(call.role) if o.size == document.size]
    old = _bytes_of(call.world, document)
    twins = [o for o in others if o.id != document.id and _bytes_of(call.world, o) == old]
    inner(call, document, spool)
    for twin in twins:
        twin.file, twin.size = document.file, document.size
        call.world.store.save(call.role, twin)


@fault("address-keeps-old-content")
def _address_keeps_old_content(behaviour: Behaviour) -> None:
    inner = behaviour.deliver_download
    first: dict[str, bytes] = {}

    def deliver_download(world: World, request: Request, document: StoredDocument) -> Reply:
        answer = inner(world, request, document)
        answer.body = first.setdefault(document.id, _bytes_of(world, document))
        answer.file = None
        return answer

    behaviour.deliver_download = deliver_download


@fault("local-time-called-utc", after("describe"))
def _local_time_called_utc(values: Values, *_: object) -> Values:
    moment = datetime.fromisoformat(values["creation_date"]) + timedelta(hours=2)
    return {**values, "creation_date": moment.isoformat().replace("+00:00", "Z")}


@fault("long-names-500", refusing("check_metadata", "server_fault"))
def _long_names_500(_call: Call, body: Body, _file: object) -> bool:
    return len(str(body.get("document_name") or "")) > 100


faults(
    {
        "download-named-undefined": name_downloads(lambda _document: 'attachment; filename="undefined"'),
        "error-shows-token": tell_in_errors(lambda call: {"request": dict(call.request.headers)}),
        "answers-for-shared-caches": cached("public, max-age=600"),
    }
)
