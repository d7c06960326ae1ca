"""Faults of okd-0.6 and okd-0.9.1: their own, beside those of okd-1.5 that they have too."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Refused, Reply, json_answer
from okd_conformance.reference.faults.change import Schema, around, before, instead, lacks, refusing
from okd_conformance.reference.faults.registry import Change, fault, faults
from okd_conformance.reference.world import Behaviour, Call
from okd_conformance.standard.fields import Body, field_names
from okd_conformance.standard.operation import Operation

LOCK, UNLOCK, REPLACE = "lock_document", "unlock_document", "replace_by_put"


# okd-0.6


@fault("lock-without-id")
def _lock_without_id(behaviour: Behaviour) -> None:
    async def locked(call: Call) -> Reply:
        await dms.lock_document(call)
        return json_answer(behaviour.success_status(call), {"locked": True})

    behaviour.handlers[LOCK] = locked


@fault("unlock-does-nothing")
def _unlock_nothing(behaviour: Behaviour) -> None:
    async def unlocked(call: Call) -> Reply:
        return dms.empty_success(call)

    behaviour.handlers[UNLOCK] = unlocked


def _refuse_method(method: str, place: str) -> Change:
    """Answer 405 to a method on paths about something; other answers stay."""

    def check(call: Call) -> None:
        meanings = {p.meaning for p in call.operation.path_parameters}
        if call.operation.method == method and place in meanings:
            raise Refused("method_not_allowed", method=method)

    return before("needs_token")(check)


@fault("put-replaces-the-document", instead("choose_document_id"))
def _put_replaces(_call: Call, body: Body) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(body.get("component_document_id"))))


@fault("download-under-the-later-path", instead("path_of"))
def _later_path(operation: Operation) -> str:
    return operation.path + "/content" if operation.kind == "read" else operation.path


# okd-0.9.1


@fault("vain-hint-refused", refusing("file_with_exam", "unknown_sitting"))
def _unknown_sitting(call: Call, body: Body, _student: object) -> bool:
    named = body.get("exam_component_offering_id")
    return isinstance(named, str) and call.world.school.sitting(named) is None


@fault("first-publication-refused")
def _exam_required(behaviour: Behaviour) -> None:
    refusing("check_registration", "registration_invalid")(lacks("exam_component_offering_id"))(behaviour)


@fault("one-spelling-of-the-size", refusing("check_registration", "registration_invalid"))
def _one_spelling(_call: Call, body: Body) -> bool:
    return field_names(body.schema, "document_size")[0] not in body.value


@fault("dates-not-required", around("errors"))
def _dates_not_required(inner: Callable[..., list[str]], schema: Schema, value: Any) -> list[str]:
    dates = (n for m in ("received_date", "registration_date") for n in field_names(schema, m))
    return inner(schema, {**dict.fromkeys(dates, "2026-01-05"), **value})


faults(
    {
        "put-on-a-sitting-refused": _refuse_method("PUT", "offering_id"),
        "put-on-an-enrolment-refused": _refuse_method("PUT", "association_id"),
    }
)
