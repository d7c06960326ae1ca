"""Faults in what answers show, beside what was asked for."""

from __future__ import annotations

import asyncio
import codecs
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import before, name_downloads, tell_in_errors
from okd_conformance.reference.faults.registry import fault

if TYPE_CHECKING:
    from okd_conformance.reference.storage import StoredDocument
    from okd_conformance.reference.world import Behaviour, Call, Handler

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
