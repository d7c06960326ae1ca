"""Variants in what a DMS does with a document, an enrolment or a scope that it could also read otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import after, before, is_change, refuse_if, without_errors
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.storage import Spool, StoredDocument
    from okd_conformance.reference.world import Behaviour, Call, ReceivedPart
    from okd_conformance.standard.fields import Body
    from okd_conformance.standard.operation import Binding

_NUMBER_LENGTHS = range(7, 10)


@variant("delete-unknown-204")
def _delete_unknown_204(behaviour: Behaviour) -> None:
    inner = behaviour.handlers["delete"]

    async def delete(call: Call) -> Reply:
        if call.world.store.document(call.role, call.ids["dms_document_id"]) is None:
            return dms.empty_success(call)
        return await inner(call)

    behaviour.handlers["delete"] = delete


@variant("gone-410")
def _gone_410(behaviour: Behaviour) -> None:
    removed: set[str] = set()
    before(behaviour, "remove", lambda _call, document: removed.add(document.id.lower()))
    before(behaviour, "destroy", lambda _world, _role, document: removed.add(document.id.lower()))
    is_gone = refuse_if("document_gone", lambda call: call.ids["dms_document_id"] in removed)
    before(behaviour, "find_document", is_gone)


@variant("filed-with-the-student-too")
def _filed_with_the_student_too(behaviour: Behaviour) -> None:
    def also(document: StoredDocument, call: Call, _body: Body, _file: ReceivedPart | None) -> StoredDocument:
        document.filed = {"person_id": call.world.school.people[0].person_id, **document.filed}
        return document

    after(behaviour, "make_document", also)


@variant("codes-must-fit")
def _codes_must_fit(behaviour: Behaviour) -> None:
    def another(call: Call, body: Body) -> bool:
        enrolment = call.world.school.enrolment(call.ids["association_id"])
        code = body.get("enrolment_code")
        if enrolment is None or not isinstance(code, dict):
            return False
        return enrolment.sequence_code not in code.values()

    before(behaviour, "check_change", refuse_if("change_invalid", another))


@variant("component-id-alias")
def _component_id_alias(behaviour: Behaviour) -> None:
    def translate(call: Call) -> None:
        asked = call.ids["dms_document_id"]
        for document in call.world.store.documents(call.role):
            if (document.component_document_id or "").lower() == asked:
                call.ids = {**call.ids, "dms_document_id": document.id.lower()}

    before(behaviour, "find_document", translate)


@variant("format-follows-bytes")
def _format_follows_bytes(behaviour: Behaviour) -> None:
    def follow(call: Call, document: StoredDocument, _spool: Spool) -> None:
        document.format = call.request.headers.get("content-type", document.format)
        document.created = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    before(behaviour, "replace_content", follow)


@variant("unknown-enrolment-422")
def _unknown_enrolment_422(behaviour: Behaviour) -> None:
    def check(call: Call, body: Body, _file: ReceivedPart | None) -> None:
        number = body.get("student_number")
        if isinstance(number, str) and len(number) not in _NUMBER_LENGTHS:
            raise Refused("bad_path_id", name="a student number")
        association = call.ids.get("association_id")
        if association and call.world.school.enrolment(association) is None:
            raise Refused("metadata_invalid", why="unknown enrolment")

    before(behaviour, "check_metadata", check)


@variant("other-state-is-pending")
def _other_state_is_pending(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"enum"}, is_change)


@variant("scopes-in-any-case")
def _scopes_in_any_case(behaviour: Behaviour) -> None:
    inner = behaviour.scope_counts

    def scope_counts(call: Call, binding: Binding, scope: str) -> bool:
        return inner(call, binding, scope.lower())

    behaviour.scope_counts = scope_counts


@variant("content-elsewhere")
def _content_elsewhere(behaviour: Behaviour) -> None:
    async def read(call: Call) -> Reply:
        document = call.behaviour.find_document(call)
        return Reply(302, headers={"location": call.behaviour.make_download_url(call, document)})

    behaviour.handlers["read"] = read
