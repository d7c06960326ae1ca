"""Variants in what a DMS does with a document, an enrolment or a scope that it could also read otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import (
    after,
    around,
    before,
    instead,
    is_change,
    refusing,
    without_errors,
)
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.world import Behaviour, Call, ReceivedPart
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding, Operation

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
    before("remove")(lambda _call, document: removed.add(document.id.lower()))(behaviour)
    before("destroy")(lambda _world, _role, document: removed.add(document.id.lower()))(behaviour)
    is_gone = refusing("find_document", "document_gone")
    is_gone(lambda call: call.ids["dms_document_id"] in removed)(behaviour)


@variant("filed-with-the-student-too", after("make_document"))
def _filed_with_the_student_too(
    document: StoredDocument, call: Call, _body: Body, _file: ReceivedPart | None
) -> StoredDocument:
    document.filed = {"person_id": call.world.school.people[0].person_id, **document.filed}
    return document


@variant("codes-must-fit", refusing("check_change", "change_invalid"))
def _codes_must_fit(call: Call, body: Body) -> bool:
    enrolment = call.world.school.enrolment(call.ids["association_id"])
    code = body.get("enrolment_code")
    if enrolment is None or not isinstance(code, dict):
        return False
    return enrolment.sequence_code not in code.values()


@variant("component-id-alias", before("find_document"))
def _component_id_alias(call: Call) -> None:
    asked = call.ids["dms_document_id"]
    for document in call.world.store.documents(call.role):
        if (document.component_document_id or "").lower() == asked:
            call.ids = {**call.ids, "dms_document_id": document.id.lower()}


@variant("format-follows-bytes", before("replace_content"))
def _format_follows_bytes(call: Call, document: StoredDocument, _spool: Spool) -> None:
    document.format = call.request.headers.get("content-type", document.format)
    document.created = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@variant("unknown-enrolment-422", before("check_metadata"))
def _unknown_enrolment_422(call: Call, body: Body, _file: ReceivedPart | None) -> None:
    number = body.get("student_number")
    if isinstance(number, str) and len(number) not in _NUMBER_LENGTHS:
        raise Refused("bad_path_id", name="a student number")
    association = call.ids.get("association_id")
    if association and call.world.school.enrolment(association) is None:
        raise Refused("metadata_invalid", why="unknown enrolment")


@variant("scopes-in-any-case", around("scope_counts"))
def _scopes_in_any_case(inner: Callable[..., bool], call: Call, binding: Binding, scope: str) -> bool:
    return inner(call, binding, scope.lower())


@variant("content-elsewhere")
def _content_elsewhere(behaviour: Behaviour) -> None:
    async def read(call: Call) -> Reply:
        document = call.behaviour.find_document(call)
        return Reply(302, headers={"location": call.behaviour.make_download_url(call, document)})

    behaviour.handlers["read"] = read


@variant("ids-are-keys", instead("path_ids"))
def _ids_are_keys(operation: Operation, values: Mapping[str, str]) -> dict[str, str]:
    return {p.meaning or p.name: values[p.name].lower() for p in operation.path_parameters}


@variant("takes-more-than-1-gb", around("document_limit"))
def _takes_more(inner: Callable[[Call], int], call: Call) -> int:
    return 4 * inner(call)


variants(
    {
        "other-state-is-pending": without_errors({"enum"}, is_change),
    }
)
