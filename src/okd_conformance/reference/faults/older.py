"""Faults of okd-0.6 and okd-0.9.1: their own, beside those of okd-1.5 that they have too."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Refused, json_answer
from okd_conformance.reference.faults.change import Schema, before, lacks, refuse_if
from okd_conformance.reference.faults.registry import fault
from okd_conformance.standard.fields import Body, field_names

if TYPE_CHECKING:
    from okd_conformance.reference.answers import Reply
    from okd_conformance.reference.world import Behaviour, Call, Handler

LOCK, UNLOCK, REPLACE = "lock_document", "unlock_document", "replace_by_put"


# okd-0.6


def _other_handler(behaviour: Behaviour, name: str, handler: Handler) -> None:
    behaviour.handlers = {**behaviour.handlers, name: handler}


@fault("lock-without-id")
def _lock_without_id(behaviour: Behaviour) -> None:
    async def locked(call: Call) -> Reply:
        await dms.lock_document(call)
        return json_answer(behaviour.success_status(call), {"locked": True})

    _other_handler(behaviour, LOCK, locked)


@fault("unlock-does-nothing")
def _unlock_nothing(behaviour: Behaviour) -> None:
    async def unlocked(call: Call) -> Reply:
        return dms.empty_success(call)

    _other_handler(behaviour, UNLOCK, unlocked)


def _refuse_method(behaviour: Behaviour, method: str, place: str) -> None:
    """Answer 405 to a method on paths about something; other answers stay."""

    def check(call: Call) -> None:
        meanings = {p.meaning for p in call.operation.path_parameters}
        if call.operation.method == method and place in meanings:
            raise Refused("method_not_allowed", method=method)

    before(behaviour, "needs_token", check)


@fault("put-on-a-sitting-refused")
def _put_on_sitting(behaviour: Behaviour) -> None:
    _refuse_method(behaviour, "PUT", "offering_id")


@fault("put-on-an-enrolment-refused")
def _put_on_enrolment(behaviour: Behaviour) -> None:
    _refuse_method(behaviour, "PUT", "association_id")


@fault("put-replaces-the-document")
def _put_replaces(behaviour: Behaviour) -> None:
    def chosen(_call: Call, body: Body) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(body.get("component_document_id"))))

    behaviour.choose_document_id = chosen


@fault("download-under-the-later-path")
def _later_path(behaviour: Behaviour) -> None:
    behaviour.path_of = lambda operation: (
        operation.path + "/content" if operation.kind == "read" else operation.path
    )


# okd-0.9.1


@fault("vain-hint-refused")
def _unknown_sitting(behaviour: Behaviour) -> None:
    def unknown(call: Call, body: Body, _student: object) -> bool:
        named = body.get("exam_component_offering_id")
        return isinstance(named, str) and call.world.school.sitting(named) is None

    before(behaviour, "file_with_exam", refuse_if("unknown_sitting", unknown))


@fault("first-publication-refused")
def _exam_required(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_registration",
        refuse_if("registration_invalid", lacks("exam_component_offering_id")),
    )


@fault("one-spelling-of-the-size")
def _one_spelling(behaviour: Behaviour) -> None:
    def lacks_the_first(_call: Call, body: Body) -> bool:
        return field_names(body.schema, "document_size")[0] not in body.value

    before(behaviour, "check_registration", refuse_if("registration_invalid", lacks_the_first))


@fault("dates-not-required")
def _dates_not_required(behaviour: Behaviour) -> None:
    known = behaviour.errors

    def lenient(schema: Schema, value: Any) -> list[str]:
        dates = (n for m in ("received_date", "registration_date") for n in field_names(schema, m))
        return known(schema, {**dict.fromkeys(dates, "2026-01-05"), **value})

    behaviour.errors = lenient
