"""Faults in what each flow asks of the DMS and of Inschrijven (flows 1 to 7), and in flow 10."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from okd_conformance.reference import module, rights, routes
from okd_conformance.reference.answers import Answer, Refused
from okd_conformance.reference.compose import Several
from okd_conformance.reference.faults.change import after, before, of_kind, refuse_if, without_errors
from okd_conformance.reference.faults.documents import other_status
from okd_conformance.reference.faults.registry import MODULES, fault
from okd_conformance.reference.school import Enrolment, Person
from okd_conformance.standard.edition import Binding, Operation
from okd_conformance.standard.fields import Body, field_name

if TYPE_CHECKING:
    from starlette.requests import Request

    from okd_conformance.reference.world import Behaviour, Call, Values

ENROLMENT = ("inschrijven",)
NOTICE = "notify_destroyed"
TYPES = "read_document_types"


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
    _any_scope(behaviour, lambda call: of_kind(call, "upload"))


def _any_scope(behaviour: Behaviour, where: Callable[[Call], bool]) -> None:
    def scope_suffices(call: Call, binding: Binding) -> bool:
        known = call.caller.scopes & set(call.world.edition.scopes)
        return (where(call) and bool(known)) or rights.scope_suffices(call, binding)

    behaviour.scope_suffices = scope_suffices


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


@fault("names-required-on-persons")
def _names_required_on_persons(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda call, body: "person_id" in call.ids and not body.has("surname"))


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


@fault("any-state-accepted")
def _any_state_accepted(behaviour: Behaviour) -> None:
    def is_change(schema: Any) -> bool:
        return field_name(schema, "state") is not None and field_name(schema, "document_name") is None

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
    _any_scope(behaviour, lambda call: of_kind(call, "change"))


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
    _any_scope(behaviour, lambda call: call.operation.name == NOTICE)


@fault("unknown-notice-succeeds")
def _unknown_notice_succeeds(behaviour: Behaviour) -> None:
    behaviour.refuse_unknown_notice = lambda *_: None


@fault("reference-kept")
def _reference_kept(behaviour: Behaviour) -> None:
    behaviour.forget_registration = lambda call: (
        call.world.store.get(module.KIND, call.role, call.ids["dms_document_id"]) is not None
    )


def _person_without(behaviour: Behaviour, *meanings: str) -> None:
    after(behaviour, "describe_person", lambda values, *_: _less(values, *meanings))


def _less(values: Values, *meanings: str) -> Values:
    return {meaning: value for meaning, value in values.items() if meaning not in meanings}


@fault("person-without-mail")
def _person_without_mail(behaviour: Behaviour) -> None:
    _person_without(behaviour, "mail")


@fault("person-without-birth-date")
def _person_without_birth_date(behaviour: Behaviour) -> None:
    _person_without(behaviour, "date_of_birth")


@fault("unknown-person-400")
def _unknown_person_400(behaviour: Behaviour) -> None:
    behaviour.answer_with("unknown_person", 400)
    behaviour.answer_with("unknown_association", 400)


@fault("search-ignores-number")
def _search_ignores_number(behaviour: Behaviour) -> None:
    behaviour.search_persons = lambda call, _number: list(call.world.school.people)


@fault("no-match-404")
def _no_match_404(behaviour: Behaviour) -> None:
    def refuse(found: list[Person], *_: object) -> list[Person]:
        if not found:
            raise Refused("unknown_person")
        return found

    after(behaviour, "search_persons", refuse)


@fault("search-by-prefix")
def _search_by_prefix(behaviour: Behaviour) -> None:
    behaviour.search_persons = lambda call, number: [
        p for p in call.world.school.people if number and p.student_number.startswith(number)
    ]


@fault("search-by-value")
def _search_by_value(behaviour: Behaviour) -> None:
    behaviour.search_persons = lambda call, number: [
        p for p in call.world.school.people if p.student_number.lstrip("0") == str(number).strip().lstrip("0")
    ]


@fault("all-students-listed")
def _all_students_listed(behaviour: Behaviour) -> None:
    behaviour.query_missing = lambda _call, _name: None
    inner = behaviour.search_persons
    behaviour.search_persons = lambda call, number: (
        list(call.world.school.people) if number is None else inner(call, number)
    )


@fault("pages-inconsistent")
def _pages_inconsistent(behaviour: Behaviour) -> None:
    after(behaviour, "page", lambda values, *_: {**values, "has_next_page": True})


@fault("enrolment-without-dates")
def _enrolment_without_dates(behaviour: Behaviour) -> None:
    def less(values: Values, *_: object) -> Values:
        return _less(values, *(m for m in values if m.startswith("enrollment_")))

    after(behaviour, "describe_enrolment", less)


@fault("enrolment-not-expanded")
def _enrolment_not_expanded(behaviour: Behaviour) -> None:
    after(
        behaviour,
        "describe_enrolment",
        lambda values, *_: {
            **values,
            "person": values["person_id"],
            "offering": values["program_offering_id"],
        },
    )


@fault("enrolment-without-sequence-code")
def _enrolment_without_sequence_code(behaviour: Behaviour) -> None:
    after(behaviour, "describe_enrolment", lambda values, *_: _less(values, "sequence_code"))


@fault("only-current-enrolment-listed")
def _only_current_enrolment_listed(behaviour: Behaviour) -> None:
    after(behaviour, "list_enrolments", lambda found, *_: found[:1])


@fault("list-expanded")
def _list_expanded(behaviour: Behaviour) -> None:
    def expand(values: Values, _call: Call, enrolment: Enrolment) -> Values:
        return {**values, "person": {"mail": enrolment.values["mail"]}}

    after(behaviour, "describe_listed_enrolment", expand)


@fault("beyond-last-page-404")
def _beyond_last_page_404(behaviour: Behaviour) -> None:
    def refuse(values: Values, *_: object) -> Values:
        if values["page_number"] > values["total_pages"]:
            raise Refused("unknown_association")
        return values

    after(behaviour, "page", refuse)


@fault("any-okd-scope-looks-up")
def _any_okd_scope_looks_up(behaviour: Behaviour) -> None:
    _any_scope(behaviour, lambda call: of_kind(call, "lookup"))


@fault("types-as-object")
def _types_as_object(behaviour: Behaviour) -> None:
    def wrap(call: Call, answer: Answer) -> Answer:
        if call.operation.name == TYPES and answer.status < 300:
            answer.body = b'{"items": ' + answer.body + b"}"
        return answer

    behaviour.finish.append(wrap)


@fault("subtypes-without-description")
def _subtypes_without_description(behaviour: Behaviour) -> None:
    def less(types: list[Values], _call: Call) -> list[Values]:
        return [
            {**t, "subtypes": Several([_less(dict(s), "subtype_description") for s in t["subtypes"].items])}
            for t in types
        ]

    after(behaviour, "list_types", less)


@fault("type-listed-twice")
def _type_listed_twice(behaviour: Behaviour) -> None:
    after(behaviour, "list_types", lambda types, _call: types + types)


@fault("types-need-own-scope")
def _types_need_own_scope(behaviour: Behaviour) -> None:
    def scope_suffices(call: Call, binding: Binding) -> bool:
        last = call.world.edition.scopes[-1]
        types = call.operation.name == TYPES
        return rights.scope_suffices(call, binding) and not (types and call.caller.scopes == {last})

    behaviour.scope_suffices = scope_suffices


@fault("types-without-scope-401")
def _types_without_scope_401(behaviour: Behaviour) -> None:
    def without(call: Call) -> bool:
        known = call.caller.scopes & set(call.world.edition.scopes)
        return call.operation.name == TYPES and not known

    before(behaviour, "check_operation_rights", refuse_if("bad_token", without))


@fault("reserved-name-500")
def _reserved_name_500(behaviour: Behaviour) -> None:
    def method_of(request: Request) -> str:
        edition = request.scope["app"].state.world.edition
        fixed = {o.path.rpartition("/")[2] for role in MODULES for o in edition.operations(role)}
        if request.url.path.rpartition("/")[2] in fixed - {""} and request.method == "DELETE":
            raise Refused("server_fault")
        return routes.method_of(request)

    behaviour.method_of = method_of


@fault("listed-codes-refused")
def _listed_codes_refused(behaviour: Behaviour) -> None:
    def listed(call: Call, body: Body) -> bool:
        subtypes = call.world.school.subtypes.get(call.role, [])
        return body.get("document_subtype") in [s["subtype_code"] for s in subtypes]

    before(behaviour, "check_registration", refuse_if("registration_invalid", listed))
