"""Faults in hearing that an enrolment changed or that a document was destroyed (flows 5 and 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okd_conformance.reference import module, rights
from okd_conformance.reference.faults.change import (
    any_scope,
    before,
    is_change,
    of_kind,
    refuse_if,
    without_errors,
)
from okd_conformance.reference.faults.documents import other_status
from okd_conformance.reference.faults.registry import fault
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding, Operation

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour, Call

NOTICE = "notify_destroyed"


@fault("change-answers-202")
def _change_answers_202(behaviour: Behaviour) -> None:
    other_status(behaviour, "change_association", 202)


@fault("change-one-type-only")
def _change_one_type_only(behaviour: Behaviour) -> None:
    def other(call: Call) -> bool:
        named = call.request.headers.get("content-type", "").partition(";")[0].strip()
        return of_kind(call, "change") and named != next(iter(call.operation.request))

    before(behaviour, "check_json_type", refuse_if("change_invalid", other))


def _refuse_change(behaviour: Behaviour, case: Any) -> None:
    before(behaviour, "check_change", refuse_if("change_invalid", case))


def example_state(operation: Operation) -> Any:
    """The state of an enrolment in the operation's first example, or None."""
    example = next(iter(operation.examples.values()), None)
    if example is None or operation.body_schema is None:
        return None
    return Body(operation.body_schema, example).get("state")


def _ends(call: Call, body: Body) -> bool:
    """Whether the change is the end of an enrolment."""
    return body.get("state") is not None and body.get("state") == example_state(call.operation)


@fault("finished-refused")
def _finished_refused(behaviour: Behaviour) -> None:
    _refuse_change(behaviour, _ends)


@fault("change-with-codes-refused")
def _change_with_codes_refused(behaviour: Behaviour) -> None:
    _refuse_change(behaviour, lambda _call, body: body.has("enrolment_code"))


@fault("any-state-accepted")
def _any_state_accepted(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"enum", "type"}, is_change)


@fault("reopening-refused")
def _reopening_refused(behaviour: Behaviour) -> None:
    ended: set[str] = set()

    def reopened(call: Call, body: Body) -> bool:
        association = call.ids["association_id"]
        if _ends(call, body):
            ended.add(association)
        return association in ended and not _ends(call, body)

    _refuse_change(behaviour, reopened)


@fault("state-alone-refused")
def _state_alone_refused(behaviour: Behaviour) -> None:
    _refuse_change(behaviour, lambda _call, body: len(body.value) == 1)


@fault("unknown-association-changed")
def _unknown_association_changed(behaviour: Behaviour) -> None:
    behaviour.refuse_unknown_association = lambda *_: None


@fault("any-scope-ends-enrolments")
def _any_scope_ends_enrolments(behaviour: Behaviour) -> None:
    any_scope(behaviour, lambda call: of_kind(call, "change"))


@fault("disputed-scope-500-on-change")
def _disputed_scope_500_on_change(behaviour: Behaviour) -> None:
    def disputed(call: Call, _body: Body) -> bool:
        cells = call.operation.bindings[0].scopes
        return cells is not None and call.caller.scopes <= set(cells.disputed)

    before(behaviour, "check_change", refuse_if("server_fault", disputed))


@fault("change-ids-may-differ")
def _change_ids_may_differ(behaviour: Behaviour) -> None:
    behaviour.check_change_ids = lambda *_: None


@fault("documents-gone-with-enrolment")
def _documents_gone_with_enrolment(behaviour: Behaviour) -> None:
    def remove(call: Call, body: Body) -> None:
        if not _ends(call, body):
            return
        for document in call.world.store.documents(call.role):
            if document.filed.get("association_id") == call.ids["association_id"]:
                call.world.store.remove(call.role, document)

    before(behaviour, "check_change", remove)


@fault("notice-answers-202")
def _notice_answers_202(behaviour: Behaviour) -> None:
    other_status(behaviour, NOTICE, 202)


@fault("notice-by-own-id")
def _notice_by_own_id(behaviour: Behaviour) -> None:
    def forget(call: Call) -> bool:
        for record in call.world.store.all(module.KIND, call.role):
            if record["id"] == call.ids["dms_document_id"]:
                return call.world.store.delete(module.KIND, call.role, record["body_id"])
        return False

    behaviour.forget_registration = forget


@fault("notice-scope-refused")
def _notice_scope_refused(behaviour: Behaviour) -> None:
    def scope_suffices(call: Call, binding: Binding) -> bool:
        notice = call.operation.name == NOTICE
        return rights.scope_suffices(call, binding) and not (notice and len(call.caller.scopes) == 1)

    behaviour.scope_suffices = scope_suffices


@fault("any-scope-notifies")
def _any_scope_notifies(behaviour: Behaviour) -> None:
    any_scope(behaviour, lambda call: call.operation.name == NOTICE)


@fault("unknown-notice-succeeds")
def _unknown_notice_succeeds(behaviour: Behaviour) -> None:
    behaviour.refuse_unknown_notice = lambda *_: None


@fault("reference-kept")
def _reference_kept(behaviour: Behaviour) -> None:
    behaviour.forget_registration = lambda call: (
        call.world.store.get(module.KIND, call.role, call.ids["dms_document_id"]) is not None
    )
