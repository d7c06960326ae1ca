"""Faults in hearing that an enrolment changed or that a document was destroyed (flows 5 and 6)."""

from __future__ import annotations

from typing import Any

from okd_conformance.reference import module, rights
from okd_conformance.reference.faults.change import (
    any_scope,
    before,
    instead,
    is_change,
    of_kind,
    refusing,
    succeeding,
    without_errors,
)
from okd_conformance.reference.faults.registry import fault, faults
from okd_conformance.reference.world import Behaviour, Call
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding, Operation

NOTICE = "notify_destroyed"
_refuse = refusing("check_change", "change_invalid")


@fault("change-one-type-only", refusing("check_json_type", "change_invalid"))
def _change_one_type_only(call: Call) -> bool:
    named = call.request.headers.get("content-type", "").partition(";")[0].strip()
    return of_kind(call, "change") and named != next(iter(call.operation.request))


def example_state(operation: Operation) -> Any:
    """The state of an enrolment in the operation's first example, or None."""
    example = next(iter(operation.examples.values()), None)
    if example is None or operation.body_schema is None:
        return None
    return Body(operation.body_schema, example).get("state")


def _ends(call: Call, body: Body) -> bool:
    """Whether the change is the end of an enrolment."""
    return body.get("state") is not None and body.get("state") == example_state(call.operation)


@fault("reopening-refused")
def _reopening_refused(behaviour: Behaviour) -> None:
    ended: set[str] = set()

    def reopened(call: Call, body: Body) -> bool:
        association = call.ids["association_id"]
        if _ends(call, body):
            ended.add(association)
        return association in ended and not _ends(call, body)

    _refuse(reopened)(behaviour)


@fault("disputed-scope-500-on-change", refusing("check_change", "server_fault"))
def _disputed_scope_500_on_change(call: Call, _body: Body) -> bool:
    cells = call.operation.bindings[0].scopes
    return cells is not None and call.caller.scopes <= set(cells.disputed)


@fault("documents-gone-with-enrolment", before("check_change"))
def _documents_gone_with_enrolment(call: Call, body: Body) -> None:
    if not _ends(call, body):
        return
    for document in call.world.store.documents(call.role):
        if document.filed.get("association_id") == call.ids["association_id"]:
            call.world.store.remove(call.role, document)


@fault("notice-by-own-id", instead("forget_registration"))
def _notice_by_own_id(call: Call) -> bool:
    for record in call.world.store.all(module.KIND, call.role):
        if record["id"] == call.ids["dms_document_id"]:
            return call.world.store.delete(module.KIND, call.role, record["body_id"])
    return False


@fault("notice-scope-refused", instead("scope_suffices"))
def _notice_scope_refused(call: Call, binding: Binding) -> bool:
    notice = call.operation.name == NOTICE
    return rights.scope_suffices(call, binding) and not (notice and len(call.caller.scopes) == 1)


@fault("reference-kept", instead("forget_registration"))
def _reference_kept(call: Call) -> bool:
    return call.world.store.get(module.KIND, call.role, call.ids["dms_document_id"]) is not None


faults(
    {
        "change-with-codes-refused": _refuse(lambda _call, body: body.has("enrolment_code")),
        "state-alone-refused": _refuse(lambda _call, body: len(body.value) == 1),
        "any-scope-ends-enrolments": any_scope(lambda call: of_kind(call, "change")),
        "any-scope-notifies": any_scope(lambda call: call.operation.name == NOTICE),
        "change-answers-202": succeeding(202, "change_association"),
        "finished-refused": _refuse(_ends),
        "any-state-accepted": without_errors({"enum", "type"}, is_change),
        "unknown-association-changed": instead("refuse_unknown_association")(lambda *_: None),
        "change-ids-may-differ": instead("check_change_ids")(lambda *_: None),
        "notice-answers-202": succeeding(202, NOTICE),
        "unknown-notice-succeeds": instead("refuse_unknown_notice")(lambda *_: None),
    }
)
