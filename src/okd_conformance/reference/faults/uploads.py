"""Faults in what each flow asks of an upload to the DMS (flows 1 to 4)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from okd_conformance.reference import rights, routes
from okd_conformance.reference.faults.change import (
    after,
    any_scope,
    before,
    of_kind,
    refuse_if,
    without_errors,
)
from okd_conformance.reference.faults.registry import fault
from okd_conformance.standard.fields import Body, field_name
from okd_conformance.standard.operation import Binding

if TYPE_CHECKING:
    from starlette.requests import Request

    from okd_conformance.reference.storage import StoredDocument
    from okd_conformance.reference.world import Behaviour, Call, ReceivedPart


def _refuse_upload(behaviour: Behaviour, case: Any, situation: str = "metadata_invalid") -> None:
    before(
        behaviour,
        "check_metadata",
        refuse_if(situation, lambda call, body, _file: case(call, body)),
    )


def _type_of(call: Call, flow: str) -> str | None:
    """The type of document of a flow at this operation."""
    return next((b.document_type for b in call.operation.bindings if b.flow == flow), None)


def _in_flow(call: Call, body: Body, flow: str) -> bool:
    own = _type_of(call, flow)
    return own is not None and body.get("document_type") == own


@fault("full-person-refused")
def _full_person_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda _call, body: isinstance(body.get("person"), dict))


@fault("bare-person-refused")
def _bare_person_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda _call, body: isinstance(body.get("person"), str))


@fault("specific-scope-uploads-nothing")
def _specific_scope_uploads_nothing(behaviour: Behaviour) -> None:
    def named_by_other_operation(call: Call, scope: str) -> bool:
        uploads = call.world.edition.operations(call.role, "upload")
        return all(b.scopes and scope in b.scopes.sufficient for o in uploads for b in o.bindings)

    inner = behaviour.scope_counts
    behaviour.scope_counts = lambda call, binding, scope: (
        inner(call, binding, scope) and (not of_kind(call, "upload") or named_by_other_operation(call, scope))
    )


@fault("any-okd-scope-uploads")
def _any_okd_scope_uploads(behaviour: Behaviour) -> None:
    any_scope(behaviour, lambda call: of_kind(call, "upload"))


def _is_of_unknown_association(call: Call, _body: Body) -> bool:
    asked = call.ids.get("association_id")
    return asked is not None and call.world.school.enrolment(asked) is None


@fault("unknown-association-refused")
def _unknown_association_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, _is_of_unknown_association)


@fault("unknown-association-500")
def _unknown_association_500(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, _is_of_unknown_association, "server_fault")


@fault("open-end-date-refused")
def _open_end_date_refused(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda _call, body: (
            body.has("enrollment_final_end_date") and body.get("enrollment_final_end_date") is None
        ),
    )


@fault("dual-training-refused")
def _dual_training_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda _call, body: " " in str(body.get("mode_of_study") or ""))


@fault("employee-500")
def _employee_500(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda call, body: (
            set(body.get("affiliations") or ()).isdisjoint(call.world.school.people[0].values["affiliations"])
            and body.has("affiliations")
        ),
        "server_fault",
    )


@fault("other-refused-on-persons")
def _other_refused_on_persons(behaviour: Behaviour) -> None:
    def is_the_usual_type(call: Call, body: Body) -> bool:
        usual = call.operation.bindings[0].document_type
        return "person_id" in call.ids and body.get("document_type") == usual

    _refuse_upload(behaviour, is_the_usual_type)


@fault("broad-scope-refused-on-persons")
def _broad_scope_refused_on_persons(behaviour: Behaviour) -> None:
    def scope_suffices(call: Call, binding: Binding) -> bool:
        alone = len(call.caller.scopes) == 1 and of_kind(call, "upload") and "person_id" in call.ids
        return not alone and rights.scope_suffices(call, binding)

    behaviour.scope_suffices = scope_suffices


@fault("disputed-scope-500-on-persons")
def _disputed_scope_500_on_persons(behaviour: Behaviour) -> None:
    def disputed(call: Call, _body: Body) -> bool:
        cells = call.operation.bindings[0].scopes
        return "person_id" in call.ids and cells is not None and call.caller.scopes <= set(cells.disputed)

    _refuse_upload(behaviour, disputed, "server_fault")


@fault("sitting-needs-student")
def _sitting_needs_student(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda call, body: "offering_id" in call.ids and not body.has("student_number"))


@fault("exam-subtypes-from-a-list")
def _exam_subtypes_from_a_list(behaviour: Behaviour) -> None:
    def unknown(call: Call, body: Body) -> bool:
        part = call.operation.part("metadata")
        examples = call.operation.examples.values()
        known = [Body(part.schema, example).get("document_subtype") for example in examples]
        return _in_flow(call, body, "2") and body.get("document_subtype") not in known

    _refuse_upload(behaviour, unknown)


@fault("exam-code-required")
def _exam_code_required(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda call, body: (
            "association_id" in call.ids and _in_flow(call, body, "2") and not body.has("exam_code")
        ),
    )


@fault("time-zone-offset-refused")
def _time_zone_offset_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda _call, body: not str(body.get("exam_date_time") or "Z").endswith("Z"))


@fault("moment-without-zone-500")
def _moment_without_zone_500(behaviour: Behaviour) -> None:
    def lacks_zone(_call: Call, body: Body) -> bool:
        _, at, time = str(body.get("exam_date_time") or "").partition("T")
        return bool(at) and not any(sign in time for sign in "Z+-")

    _refuse_upload(behaviour, lacks_zone, "server_fault")


@fault("sequence-code-required")
def _sequence_code_required(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda call, body: (
            "association_id" in call.ids and _in_flow(call, body, "2") and not body.has("sequence_code")
        ),
    )


@fault("unknown-sitting-refused")
def _unknown_sitting_refused(behaviour: Behaviour) -> None:
    def unknown(call: Call, _body: Body) -> bool:
        asked = call.ids.get("offering_id")
        return asked is not None and call.world.school.sitting(asked) is None

    _refuse_upload(behaviour, unknown, "unknown_sitting")


@fault("offering-hardly-checked")
def _offering_hardly_checked(behaviour: Behaviour) -> None:
    without_errors(
        behaviour,
        {"required", "enum"},
        lambda schema: field_name(schema, "offering_id") is not None,
    )


@fault("put-still-served")
def _put_still_served(behaviour: Behaviour) -> None:
    def method_of(request: Request) -> str:
        return "POST" if request.method == "PUT" else routes.method_of(request)

    behaviour.method_of = method_of


@fault("role-and-state-required")
def _role_and_state_required(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda call, body: (
            "association_id" in call.ids and not (body.has("person_role") and body.has("state"))
        ),
    )


@fault("unknown-student-refused")
def _unknown_student_refused(behaviour: Behaviour) -> None:
    def unknown(call: Call, body: Body) -> bool:
        number = body.get("student_number")
        return isinstance(number, str) and call.world.school.person_by_number(number) is None

    _refuse_upload(behaviour, unknown, "unknown_student")


@fault("diploma-refused")
def _diploma_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda call, body: _in_flow(call, body, "4"))


@fault("filed-with-another")
def _filed_with_another(behaviour: Behaviour) -> None:
    def misfile(
        document: StoredDocument, _call: Call, _body: Body, _file: ReceivedPart | None
    ) -> StoredDocument:
        document.filed = {meaning: str(uuid.uuid4()) for meaning in document.filed}
        return document

    after(behaviour, "make_document", misfile)
