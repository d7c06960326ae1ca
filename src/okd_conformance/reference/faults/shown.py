"""Faults that were met in other products: in what answers show, and in what requests share."""

from __future__ import annotations

import asyncio
import codecs
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import (
    after,
    before,
    cached,
    name_downloads,
    refuse_if,
    tell_in_errors,
)
from okd_conformance.reference.faults.registry import fault
from okd_conformance.standard.fields import Body

if TYPE_CHECKING:
    from starlette.requests import Request

    from okd_conformance.reference.storage import Spool, StoredDocument
    from okd_conformance.reference.world import Behaviour, Call, Handler, Values, World

_OTHERS_COME_S = 0.05


@fault("metadata-remains")
def _metadata_remains(behaviour: Behaviour) -> None:
    removed: dict[str, StoredDocument] = {}
    before(behaviour, "remove", lambda _call, document: removed.update({document.id: document}))
    inner = behaviour.handlers["metadata"]

    async def metadata(call: Call) -> Reply:
        document = removed.get(call.ids["dms_document_id"])
        if document is None:
            return await inner(call)
        return dms.json_success(call, call.behaviour.describe(call, document))

    behaviour.handlers["metadata"] = metadata


@fault("download-named-undefined")
def _download_named_undefined(behaviour: Behaviour) -> None:
    name_downloads(behaviour, lambda _document: 'attachment; filename="undefined"')


@fault("error-shows-token")
def _error_shows_token(behaviour: Behaviour) -> None:
    tell_in_errors(behaviour, lambda call: {"request": dict(call.request.headers)})


@fault("error-shows-stack-trace")
def _error_shows_stack_trace(behaviour: Behaviour) -> None:
    def trace(_call: Call) -> dict[str, str]:
        return {"trace": "".join(["Traceback (most recent call last):\n", *traceback.format_stack()])}

    tell_in_errors(behaviour, trace)


@fault("error-shows-another-student")
def _error_shows_another_student(behaviour: Behaviour) -> None:
    tell_in_errors(behaviour, lambda call: {"nearest": call.world.school.people[1].student_number})


@fault("json-with-byte-order-mark")
def _json_with_byte_order_mark(behaviour: Behaviour) -> None:
    def marked(_call: Call, answer: Reply) -> Reply:
        answer.body = codecs.BOM_UTF8 + answer.body if answer.has_json else answer.body
        return answer

    behaviour.finish.append(marked)


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


@fault("bodyless-type-refused")
def _bodyless_type_refused(behaviour: Behaviour) -> None:
    def empty(call: Call) -> bool:
        return call.request.method in {"GET", "DELETE"} and "content-type" in call.request.headers

    before(behaviour, "check_operation_rights", refuse_if("empty_body", empty))


@fault("answers-for-shared-caches")
def _answers_for_shared_caches(behaviour: Behaviour) -> None:
    cached(behaviour, "public, max-age=600")


def _bytes_of(world: World, document: StoredDocument) -> bytes:
    with world.store.open(document.file) as file:
        return file.read()


@fault("equal-bytes-share-one-file")
def _equal_bytes_share_one_file(behaviour: Behaviour) -> None:
    inner = behaviour.replace_content

    def replace_content(call: Call, document: StoredDocument, spool: Spool) -> None:
        others = [o for o in call.world.store.documents(call.role) if o.size == document.size]
        old = _bytes_of(call.world, document)
        twins = [o for o in others if o.id != document.id and _bytes_of(call.world, o) == old]
        inner(call, document, spool)
        for twin in twins:
            twin.file, twin.size = document.file, document.size
            call.world.store.save(call.role, twin)

    behaviour.replace_content = replace_content


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


@fault("local-time-called-utc")
def _local_time_called_utc(behaviour: Behaviour) -> None:
    def local(values: Values, *_: object) -> Values:
        moment = datetime.fromisoformat(values["creation_date"]) + timedelta(hours=2)
        return {**values, "creation_date": moment.isoformat().replace("+00:00", "Z")}

    after(behaviour, "describe", local)


@fault("long-names-500")
def _long_names_500(behaviour: Behaviour) -> None:
    def is_long(_call: Call, body: Body, _file: object) -> bool:
        return len(str(body.get("document_name") or "")) > 100

    before(behaviour, "check_metadata", refuse_if("server_fault", is_long))
