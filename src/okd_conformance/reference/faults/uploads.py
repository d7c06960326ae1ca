"""Faults in what each flow asks of an upload to the DMS (flows 1 to 4)."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from starlette.requests import Request

from okd_conformance.reference import rights, routes
from okd_conformance.reference.faults.change import (
    Schema,
    after,
    any_scope,
    around,
    instead,
    of_kind,
    refusing,
    without_errors,
)
from okd_conformance.reference.faults.registry import fault, faults
from okd_conformance.reference.storage import StoredDocument
from okd_conformance.reference.world import Call
from okd_conformance.standard.fields import Body, field_name
from okd_conformance.standard.operation import Binding

_refuse = refusing("check_metadata", "metadata_invalid")


def _type_of(call: Call, flow: str) -> str | None:
    """The type of document of a flow at this operation."""
    return next((b.document_type for b in call.operation.bindings if b.flow == flow), None)


def _in_flow(call: Call, body: Body, flow: str) -> bool:
    own = _type_of(call, flow)
    return own is not None and body.get("document_type") == own


@fault("specific-scope-uploads-nothing", around("scope_counts"))
def _specific_scope_uploads_nothing(
    inner: Callable[..., bool], call: Call, binding: Binding, scope: str
) -> bool:
    uploads = call.world.edition.operations(call.role, "upload")
    named = all(b.scopes and scope in b.scopes.sufficient for o in uploads for b in o.bindings)
    return inner(call, binding, scope) and (named or not of_kind(call, "upload"))


@fault("unknown-association-refused", _refuse)
def _is_of_unknown_association(call: Call, *_: object) -> bool:
    asked = call.ids.get("association_id")
    return asked is not None and call.world.school.enrolment(asked) is None


@fault("open-end-date-refused", _refuse)
def _open_end_date_refused(_call: Call, body: Body, *_: object) -> bool:
    return body.has("enrollment_final_end_date") and body.get("enrollment_final_end_date") is None


@fault("employee-500", refusing("check_metadata", "server_fault"))
def _employee_500(call: Call, body: Body, *_: object) -> bool:
    return set(body.get("affiliations") or ()).isdisjoint(
        call.world.school.people[0].values["affiliations"]
    ) and body.has("affiliations")


@fault("other-refused-on-persons", _refuse)
def _other_refused_on_persons(call: Call, body: Body, *_: object) -> bool:
    usual = call.operation.bindings[0].document_type
    return "person_id" in call.ids and body.get("document_type") == usual


@fault("broad-scope-refused-on-persons", instead("scope_suffices"))
def _broad_scope_refused_on_persons(call: Call, binding: Binding) -> bool:
    alone = len(call.caller.scopes) == 1 and of_kind(call, "upload") and "person_id" in call.ids
    return not alone and rights.scope_suffices(call, binding)


@fault("disputed-scope-500-on-persons", refusing("check_metadata", "server_fault"))
def _disputed_scope_500_on_persons(call: Call, _body: Body, *_: object) -> bool:
    cells = call.operation.bindings[0].scopes
    return "person_id" in call.ids and cells is not None and call.caller.scopes <= set(cells.disputed)


@fault("sitting-needs-student", _refuse)
def _sitting_needs_student(call: Call, body: Body, *_: object) -> bool:
    return "offering_id" in call.ids and not body.has("student_number")


@fault("exam-subtypes-from-a-list", _refuse)
def _exam_subtypes_from_a_list(call: Call, body: Body, *_: object) -> bool:
    part = call.operation.part("metadata")
    examples = call.operation.examples.values()
    known = [Body(part.schema, example).get("document_subtype") for example in examples]
    return _in_flow(call, body, "2") and body.get("document_subtype") not in known


@fault("exam-code-required", _refuse)
def _exam_code_required(call: Call, body: Body, *_: object) -> bool:
    return "association_id" in call.ids and _in_flow(call, body, "2") and not body.has("exam_code")


@fault("time-zone-offset-refused", _refuse)
def _time_zone_offset_refused(_call: Call, body: Body, *_: object) -> bool:
    return not str(body.get("exam_date_time") or "Z").endswith("Z")


@fault("moment-without-zone-500", refusing("check_metadata", "server_fault"))
def _moment_without_zone_500(_call: Call, body: Body, *_: object) -> bool:
    _day, at, time = str(body.get("exam_date_time") or "").partition("T")
    return bool(at) and not any(sign in time for sign in "Z+-")


@fault("sequence-code-required", _refuse)
def _sequence_code_required(call: Call, body: Body, *_: object) -> bool:
    return "association_id" in call.ids and _in_flow(call, body, "2") and not body.has("sequence_code")


@fault("unknown-sitting-refused", refusing("check_metadata", "unknown_sitting"))
def _unknown_sitting_refused(call: Call, _body: Body, *_: object) -> bool:
    asked = call.ids.get("offering_id")
    return asked is not None and call.world.school.sitting(asked) is None


def _is_about_a_sitting(schema: Schema) -> bool:
    return field_name(schema, "offering_id") is not None


@fault("put-still-served", instead("method_of"))
def _put_still_served(request: Request) -> str:
    return "POST" if request.method == "PUT" else routes.method_of(request)


@fault("role-and-state-required", _refuse)
def _role_and_state_required(call: Call, body: Body, *_: object) -> bool:
    return "association_id" in call.ids and not (body.has("person_role") and body.has("state"))


@fault("unknown-student-refused", refusing("check_metadata", "unknown_student"))
def _unknown_student_refused(call: Call, body: Body, *_: object) -> bool:
    number = body.get("student_number")
    return isinstance(number, str) and call.world.school.person_by_number(number) is None


@fault("filed-with-another", after("make_document"))
def _filed_with_another(document: StoredDocument, *_: object) -> StoredDocument:
    document.filed = {meaning: str(uuid.uuid4()) for meaning in document.filed}
    return document


faults(
    {
        "full-person-refused": _refuse(lambda _call, body, *_: isinstance(body.get("person"), dict)),
        "bare-person-refused": _refuse(lambda _call, body, *_: isinstance(body.get("person"), str)),
        "dual-training-refused": _refuse(lambda _call, body, *_: " " in str(body.get("mode_of_study") or "")),
        "diploma-refused": _refuse(lambda call, body, *_: _in_flow(call, body, "4")),
        "offering-hardly-checked": without_errors({"required", "enum"}, _is_about_a_sitting),
        "any-okd-scope-uploads": any_scope(lambda call: of_kind(call, "upload")),
        "unknown-association-500": refusing("check_metadata", "server_fault")(_is_of_unknown_association),
    }
)
