"""Faults in what answers show, beside what was asked for."""

from __future__ import annotations

import codecs
import traceback
from typing import TYPE_CHECKING

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import before, tell_in_errors
from okd_conformance.reference.faults.registry import fault

if TYPE_CHECKING:
    from okd_conformance.reference.storage import StoredDocument
    from okd_conformance.reference.world import Behaviour, Call


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
