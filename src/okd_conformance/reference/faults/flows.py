"""Faults in what each flow asks of the DMS and of Inschrijven (flows 1 to 7), and in flow 10."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from okd_conformance.base.text import Text
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

    from okd_conformance.reference.behaviour import Behaviour, Values
    from okd_conformance.reference.world import Call

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


@fault(
    "full-person-refused",
    breaks=("OKD-F01-001", "OKD-F01-005"),
    says=Text(
        nl="Een student met al zijn gegevens wordt geweigerd; alleen een id mag.",
        en="A student with all their details is refused; only an id will do.",
    ),
)
def _full_person_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda _call, body: isinstance(body.get("person"), dict))


@fault(
    "bare-person-refused",
    breaks=("OKD-F01-005", "OKD-F02-002"),
    says=Text(
        nl="Een student als los id wordt geweigerd; alle gegevens moeten erbij.",
        en="A student as a bare id is refused; all their details are needed.",
    ),
)
def _bare_person_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda _call, body: isinstance(body.get("person"), str))


@fault(
    "specific-scope-uploads-nothing",
    breaks=("OKD-F01-002", "OKD-F02-003", "OKD-F03-002", "OKD-F04-002", "OKD-AUT-011"),
    says=Text(
        nl="Een document aanbieden kan alleen met de ruimste scope.",
        en="A document can only be offered with the broadest scope.",
    ),
)
def _specific_scope_uploads_nothing(behaviour: Behaviour) -> None:
    def named_by_other_operation(call: Call, scope: str) -> bool:
        uploads = call.world.edition.operations(call.role, "upload")
        return all(b.scopes and scope in b.scopes.sufficient for o in uploads for b in o.bindings)

    inner = behaviour.scope_counts
    behaviour.scope_counts = lambda call, binding, scope: (
        inner(call, binding, scope) and (not of_kind(call, "upload") or named_by_other_operation(call, scope))
    )


@fault(
    "any-okd-scope-uploads",
    breaks=("OKD-F01-002", "OKD-F02-003", "OKD-F03-002", "OKD-F04-002", "OKD-AUT-012"),
    says=Text(
        nl="Een document aanbieden kan met elke okd-scope.",
        en="A document can be offered with any okd scope.",
    ),
)
def _any_okd_scope_uploads(behaviour: Behaviour) -> None:
    _any_scope(behaviour, lambda call: of_kind(call, "upload"))


def _any_scope(behaviour: Behaviour, where: Callable[[Call], bool]) -> None:
    def scope_suffices(call: Call, binding: Binding) -> bool:
        known = call.caller.scopes & set(call.world.edition.scopes)
        return (where(call) and bool(known)) or rights.scope_suffices(call, binding)

    behaviour.scope_suffices = scope_suffices


@fault(
    "unknown-association-refused",
    breaks=("OKD-F01-003", "OKD-F02-008", "OKD-F03-003"),
    says=Text(
        nl="Een document bij een inschrijving die het DMS nog niet kent, wordt geweigerd.",
        en="A document with an enrolment that the DMS does not know yet is refused.",
    ),
)
def _unknown_association_refused(behaviour: Behaviour) -> None:
    def unknown(call: Call, _body: Body) -> bool:
        asked = call.ids.get("association_id")
        return asked is not None and call.world.school.enrolment(asked) is None

    _refuse_upload(behaviour, unknown)


@fault(
    "open-end-date-refused",
    breaks="OKD-F01-004",
    says=Text(
        nl="Een inschrijving zonder einddatum (null) wordt geweigerd.",
        en="An enrolment without a final end date (null) is refused.",
    ),
)
def _open_end_date_refused(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda _call, body: (
            body.has("enrollment_final_end_date") and body.get("enrollment_final_end_date") is None
        ),
    )


@fault(
    "dual-training-refused",
    breaks="OKD-F01-006",
    says=Text(nl="Een BBL-opleiding wordt geweigerd.", en="A work-based programme is refused."),
)
def _dual_training_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda _call, body: " " in str(body.get("mode_of_study") or ""))


@fault(
    "employee-500",
    breaks=("OKD-F01-007", "OKD-GEN-012"),
    says=Text(
        nl="Een persoon die alleen medewerker is, geeft een serverfout.",
        en="A person who is only an employee gives a server error.",
    ),
)
def _employee_500(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda call, body: (
            set(body.get("affiliations") or ()).isdisjoint(call.world.school.people[0].values["affiliations"])
            and body.has("affiliations")
        ),
        "server_fault",
    )


@fault(
    "names-required-on-persons",
    breaks="OKD-F01-008",
    says=Text(
        nl="Een document bij een student wordt geweigerd als de naam van de student ontbreekt.",
        en="A document with a student is refused when the student's name is missing.",
    ),
)
def _names_required_on_persons(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda call, body: "person_id" in call.ids and not body.has("surname"))


@fault(
    "broad-scope-refused-on-persons",
    breaks=("OKD-F01-009", "OKD-AUT-011"),
    says=Text(
        nl="Een document bij een student aanbieden kan niet met de ruimste scope alleen.",
        en="The broadest scope alone is not enough to offer a document with a student.",
    ),
)
def _broad_scope_refused_on_persons(behaviour: Behaviour) -> None:
    def scope_suffices(call: Call, binding: Binding) -> bool:
        alone = len(call.caller.scopes) == 1 and of_kind(call, "upload") and "person_id" in call.ids
        return not alone and rights.scope_suffices(call, binding)

    behaviour.scope_suffices = scope_suffices


@fault(
    "disputed-scope-500-on-persons",
    breaks=("OKD-F01-010", "OKD-GEN-012"),
    says=Text(
        nl="Met de scope voor in- en uitschrijven een document bij een student zetten geeft een serverfout.",
        en="Storing a document with a student, with the scope for enrolment, gives a server error.",
    ),
)
def _disputed_scope_500_on_persons(behaviour: Behaviour) -> None:
    def disputed(call: Call, _body: Body) -> bool:
        cells = call.operation.bindings[0].scopes
        return "person_id" in call.ids and cells is not None and call.caller.scopes <= set(cells.disputed)

    _refuse_upload(behaviour, disputed, "server_fault")


@fault(
    "sitting-needs-student",
    breaks="OKD-F02-001",
    says=Text(
        nl="Een document bij een toetsmoment wordt geweigerd omdat er geen student bij staat.",
        en="A document with a sitting is refused because it names no student.",
    ),
)
def _sitting_needs_student(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda call, body: "offering_id" in call.ids and not body.has("student_number"))


@fault(
    "exam-subtypes-from-a-list",
    breaks="OKD-F02-004",
    says=Text(
        nl="Alleen de subtypes uit de voorbeelden van de standaard mogen bij examendocumenten.",
        en="Only the subtypes of the standard's examples may be used for exam documents.",
    ),
)
def _exam_subtypes_from_a_list(behaviour: Behaviour) -> None:
    def unknown(call: Call, body: Body) -> bool:
        part = call.operation.part("metadata")
        examples = call.operation.examples.values()
        known = [Body(part.schema, example).get("document_subtype") for example in examples]
        return _in_flow(call, body, "2") and body.get("document_subtype") not in known

    _refuse_upload(behaviour, unknown)


@fault(
    "exam-code-required",
    breaks="OKD-F02-005",
    says=Text(
        nl="Een examendocument bij een inschrijving moet een examencode hebben.",
        en="An exam document with an enrolment must have an exam code.",
    ),
)
def _exam_code_required(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda call, body: (
            "association_id" in call.ids and _in_flow(call, body, "2") and not body.has("exam_code")
        ),
    )


@fault(
    "time-zone-offset-refused",
    breaks="OKD-F02-006",
    says=Text(
        nl="Een moment van een examen moet op Z eindigen; +02:00 mag niet.",
        en="The moment of an exam must end in Z; +02:00 will not do.",
    ),
)
def _time_zone_offset_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda _call, body: not str(body.get("exam_date_time") or "Z").endswith("Z"))


@fault(
    "sequence-code-required",
    breaks="OKD-F02-007",
    says=Text(
        nl="Een examendocument zonder opleidingsblad wordt geweigerd.",
        en="An exam document without a sequence code is refused.",
    ),
)
def _sequence_code_required(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda call, body: (
            "association_id" in call.ids and _in_flow(call, body, "2") and not body.has("sequence_code")
        ),
    )


@fault(
    "unknown-sitting-refused",
    breaks="OKD-F02-008",
    says=Text(
        nl="Een document bij een toetsmoment dat het DMS nog niet kent, wordt geweigerd.",
        en="A document with a sitting that the DMS does not know yet is refused.",
    ),
)
def _unknown_sitting_refused(behaviour: Behaviour) -> None:
    def unknown(call: Call, _body: Body) -> bool:
        asked = call.ids.get("offering_id")
        return asked is not None and call.world.school.sitting(asked) is None

    _refuse_upload(behaviour, unknown, "unknown_sitting")


@fault(
    "offering-hardly-checked",
    breaks="OKD-F02-009",
    says=Text(
        nl="Een toetsmoment van een verkeerde soort, of zonder de verplichte velden, wordt aangenomen.",
        en="A sitting of a wrong kind, or without the required fields, is accepted.",
    ),
)
def _offering_hardly_checked(behaviour: Behaviour) -> None:
    without_errors(
        behaviour,
        {"required", "enum"},
        lambda schema: field_name(schema, "offering_id") is not None,
    )


@fault(
    "put-still-served",
    breaks=("OKD-F02-010", "OKD-GEN-001"),
    says=Text(
        nl="PUT uit een oudere editie werkt nog als POST.", en="PUT of an older edition still works as POST."
    ),
)
def _put_still_served(behaviour: Behaviour) -> None:
    def method_of(request: Request) -> str:
        return "POST" if request.method == "PUT" else routes.method_of(request)

    behaviour.method_of = method_of


@fault(
    "role-and-state-required",
    breaks=("OKD-F03-001", "OKD-F04-001"),
    says=Text(
        nl="Een inschrijving zonder role en state wordt geweigerd.",
        en="An enrolment without role and state is refused.",
    ),
)
def _role_and_state_required(behaviour: Behaviour) -> None:
    _refuse_upload(
        behaviour,
        lambda call, body: (
            "association_id" in call.ids and not (body.has("person_role") and body.has("state"))
        ),
    )


@fault(
    "unknown-student-refused",
    breaks=("OKD-F03-003", "OKD-F02-008"),
    says=Text(
        nl="Een document van een student die het DMS nog niet kent, wordt geweigerd.",
        en="A document of a student whom the DMS does not know yet is refused.",
    ),
)
def _unknown_student_refused(behaviour: Behaviour) -> None:
    def unknown(call: Call, body: Body) -> bool:
        number = body.get("student_number")
        return isinstance(number, str) and call.world.school.person_by_number(number) is None

    _refuse_upload(behaviour, unknown, "unknown_student")


@fault(
    "diploma-refused",
    breaks="OKD-F04-001",
    says=Text(nl="Het DMS kent geen diplomadocumenten.", en="The DMS knows no diploma documents."),
)
def _diploma_refused(behaviour: Behaviour) -> None:
    _refuse_upload(behaviour, lambda call, body: _in_flow(call, body, "4"))


@fault(
    "change-answers-202",
    breaks="OKD-F05-001",
    says=Text(
        nl="Een uitschrijving krijgt 202 in plaats van 204.", en="The end of an enrolment gets 202, not 204."
    ),
)
def _change_answers_202(behaviour: Behaviour) -> None:
    other_status(behaviour, "change_association", 202)


@fault(
    "change-one-type-only",
    breaks="OKD-F05-002",
    says=Text(
        nl="Een uitschrijving mag maar in één van de twee mediatypes.",
        en="The end of an enrolment may come in one of the two media types only.",
    ),
)
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


@fault(
    "finished-refused",
    breaks=("OKD-F05-003", "OKD-F05-001"),
    says=Text(nl="De status finished wordt geweigerd.", en="The state finished is refused."),
)
def _finished_refused(behaviour: Behaviour) -> None:
    _refuse_change(behaviour, _ends)


@fault(
    "any-state-accepted",
    breaks="OKD-F05-004",
    says=Text(nl="Elk woord mag als status.", en="Any word will do as a state."),
)
def _any_state_accepted(behaviour: Behaviour) -> None:
    def is_change(schema: Any) -> bool:
        return field_name(schema, "state") is not None and field_name(schema, "document_name") is None

    without_errors(behaviour, {"enum", "type"}, is_change)


@fault(
    "reopening-refused",
    breaks="OKD-F05-005",
    says=Text(
        nl="Een beëindigde inschrijving is niet weer te openen.",
        en="An enrolment that has ended can't be opened again.",
    ),
)
def _reopening_refused(behaviour: Behaviour) -> None:
    ended: set[str] = set()

    def reopened(call: Call, body: Body) -> bool:
        association = call.ids["association_id"]
        if _ends(call, body):
            ended.add(association)
        return association in ended and not _ends(call, body)

    _refuse_change(behaviour, reopened)


@fault(
    "state-alone-refused",
    breaks="OKD-F05-006",
    says=Text(
        nl="Een bericht met alleen de status wordt geweigerd.",
        en="A message with the state alone is refused.",
    ),
)
def _state_alone_refused(behaviour: Behaviour) -> None:
    _refuse_change(behaviour, lambda _call, body: len(body.value) == 1)


@fault(
    "unknown-association-changed",
    breaks="OKD-F05-007",
    says=Text(
        nl="Een inschrijving die het DMS niet kent, lijkt gewijzigd te worden.",
        en="An enrolment that the DMS does not know seems to be changed.",
    ),
)
def _unknown_association_changed(behaviour: Behaviour) -> None:
    behaviour.refuse_unknown_association = lambda *_: None


@fault(
    "any-scope-ends-enrolments",
    breaks=("OKD-F05-008", "OKD-AUT-012"),
    says=Text(
        nl="Een inschrijving beëindigen kan met elke okd-scope.",
        en="An enrolment can be ended with any okd scope.",
    ),
)
def _any_scope_ends_enrolments(behaviour: Behaviour) -> None:
    _any_scope(behaviour, lambda call: of_kind(call, "change"))


@fault(
    "disputed-scope-500-on-change",
    breaks=("OKD-F05-009", "OKD-GEN-012"),
    says=Text(
        nl="Uitschrijven met de ruimste scope geeft een serverfout.",
        en="Ending an enrolment with the broadest scope gives a server error.",
    ),
)
def _disputed_scope_500_on_change(behaviour: Behaviour) -> None:
    def disputed(call: Call, _body: Body) -> bool:
        cells = call.operation.bindings[0].scopes
        return cells is not None and call.caller.scopes <= set(cells.disputed)

    before(behaviour, "check_change", refuse_if("server_fault", disputed))


@fault(
    "change-ids-may-differ",
    breaks="OKD-F05-010",
    says=Text(
        nl="Het id in een uitschrijving mag anders zijn dan dat in het pad.",
        en="The id in the end of an enrolment may differ from that in the path.",
    ),
)
def _change_ids_may_differ(behaviour: Behaviour) -> None:
    behaviour.check_change_ids = lambda *_: None


@fault(
    "documents-gone-with-enrolment",
    breaks="OKD-F05-011",
    says=Text(
        nl="Zodra een inschrijving eindigt, zijn haar documenten weg.",
        en="As soon as an enrolment ends, its documents are gone.",
    ),
)
def _documents_gone_with_enrolment(behaviour: Behaviour) -> None:
    def remove(call: Call, body: Body) -> None:
        if not _ends(call, body):
            return
        for document in call.world.store.documents(call.role):
            if document.filed.get("association_id") == call.ids["association_id"]:
                call.world.store.remove(call.role, document)

    before(behaviour, "check_change", remove)


@fault(
    "notice-answers-202",
    breaks="OKD-F06-001",
    roles=MODULES,
    says=Text(
        nl="Een melding van vernietiging krijgt 202 in plaats van 204.",
        en="A notice of destruction gets 202 instead of 204.",
    ),
)
def _notice_answers_202(behaviour: Behaviour) -> None:
    other_status(behaviour, NOTICE, 202)


@fault(
    "notice-by-own-id",
    breaks=("OKD-F06-002", "OKD-F06-001"),
    roles=MODULES,
    says=Text(
        nl="Een melding van vernietiging werkt met het id van de module, niet met dat van het DMS.",
        en="A notice of destruction works with the module's id, not with that of the DMS.",
    ),
)
def _notice_by_own_id(behaviour: Behaviour) -> None:
    def forget(call: Call) -> bool:
        for record in call.world.store.all(module.KIND, call.role):
            if record["id"] == call.ids["dms_document_id"]:
                return call.world.store.delete(module.KIND, call.role, record["body_id"])
        return False

    behaviour.forget_registration = forget


@fault(
    "notice-scope-refused",
    breaks=("OKD-F06-003", "OKD-AUT-011"),
    roles=MODULES,
    says=Text(
        nl="De scope voor meldingen van vernietiging is daar niet genoeg voor.",
        en="The scope for notices of destruction is not enough for one.",
    ),
)
def _notice_scope_refused(behaviour: Behaviour) -> None:
    def scope_suffices(call: Call, binding: Binding) -> bool:
        notice = call.operation.name == NOTICE
        return rights.scope_suffices(call, binding) and not (notice and len(call.caller.scopes) == 1)

    behaviour.scope_suffices = scope_suffices


@fault(
    "any-scope-notifies",
    breaks=("OKD-F06-004", "OKD-AUT-012"),
    roles=MODULES,
    says=Text(
        nl="Een melding van vernietiging werkt met elke okd-scope.",
        en="A notice of destruction works with any okd scope.",
    ),
)
def _any_scope_notifies(behaviour: Behaviour) -> None:
    _any_scope(behaviour, lambda call: call.operation.name == NOTICE)


@fault(
    "unknown-notice-succeeds",
    breaks="OKD-F06-005",
    roles=MODULES,
    says=Text(
        nl="Een melding over een document dat de module niet kent, lijkt te lukken.",
        en="A notice about a document that the module does not know seems to succeed.",
    ),
)
def _unknown_notice_succeeds(behaviour: Behaviour) -> None:
    behaviour.refuse_unknown_notice = lambda *_: None


@fault(
    "reference-kept",
    breaks="OKD-F06-006",
    roles=MODULES,
    says=Text(
        nl="Na een melding van vernietiging blijft de verwijzing staan.",
        en="After a notice of destruction the reference stays.",
    ),
)
def _reference_kept(behaviour: Behaviour) -> None:
    behaviour.forget_registration = lambda call: (
        call.world.store.get(module.KIND, call.role, call.ids["dms_document_id"]) is not None
    )


def _person_without(behaviour: Behaviour, *meanings: str) -> None:
    after(behaviour, "describe_person", lambda values, *_: _less(values, *meanings))


def _less(values: Values, *meanings: str) -> Values:
    return {meaning: value for meaning, value in values.items() if meaning not in meanings}


@fault(
    "person-without-mail",
    breaks=("OKD-F07-001", "OKD-GEN-010"),
    roles=ENROLMENT,
    says=Text(nl="Een student heeft geen mailadres.", en="A student has no mail address."),
)
def _person_without_mail(behaviour: Behaviour) -> None:
    _person_without(behaviour, "mail")


@fault(
    "person-without-birth-date",
    breaks="OKD-F07-002",
    roles=ENROLMENT,
    says=Text(nl="Een student heeft geen geboortedatum.", en="A student has no date of birth."),
)
def _person_without_birth_date(behaviour: Behaviour) -> None:
    _person_without(behaviour, "date_of_birth")


@fault(
    "unknown-person-400",
    breaks="OKD-F07-003",
    roles=ENROLMENT,
    says=Text(
        nl="Een onbekende student of inschrijving krijgt 400.", en="An unknown student or enrolment gets 400."
    ),
)
def _unknown_person_400(behaviour: Behaviour) -> None:
    behaviour.answer_with("unknown_person", 400)
    behaviour.answer_with("unknown_association", 400)


@fault(
    "search-ignores-number",
    breaks=("OKD-F07-004", "OKD-F07-005", "OKD-F07-006"),
    roles=ENROLMENT,
    says=Text(
        nl="Zoeken op een studentnummer geeft alle studenten.",
        en="Searching by student number gives all students.",
    ),
)
def _search_ignores_number(behaviour: Behaviour) -> None:
    behaviour.search_persons = lambda call, _number: list(call.world.school.people)


@fault(
    "no-match-404",
    breaks="OKD-F07-005",
    roles=ENROLMENT,
    says=Text(
        nl="Zoeken zonder resultaat geeft 404 in plaats van een lege lijst.",
        en="A search without a result gives 404 instead of an empty list.",
    ),
)
def _no_match_404(behaviour: Behaviour) -> None:
    def refuse(found: list[Person], *_: object) -> list[Person]:
        if not found:
            raise Refused("unknown_person")
        return found

    after(behaviour, "search_persons", refuse)


@fault(
    "search-by-prefix",
    breaks="OKD-F07-006",
    roles=ENROLMENT,
    says=Text(
        nl="Zoeken op een deel van een studentnummer geeft ook studenten.",
        en="Searching by a part of a student number gives students too.",
    ),
)
def _search_by_prefix(behaviour: Behaviour) -> None:
    behaviour.search_persons = lambda call, number: [
        p for p in call.world.school.people if number and p.student_number.startswith(number)
    ]


@fault(
    "search-by-value",
    breaks="OKD-F07-006",
    roles=ENROLMENT,
    says=Text(
        nl="Een studentnummer wordt als getal vergeleken: nullen ervoor doen er niet toe.",
        en="A student number is compared as a number: zeros before it don't matter.",
    ),
)
def _search_by_value(behaviour: Behaviour) -> None:
    behaviour.search_persons = lambda call, number: [
        p for p in call.world.school.people if p.student_number.lstrip("0") == str(number).strip().lstrip("0")
    ]


@fault(
    "all-students-listed",
    breaks="OKD-F07-007",
    roles=ENROLMENT,
    says=Text(
        nl="Zonder studentnummer komen alle studenten in de lijst.",
        en="Without a student number all students are in the list.",
    ),
)
def _all_students_listed(behaviour: Behaviour) -> None:
    behaviour.query_missing = lambda _call, _name: None
    inner = behaviour.search_persons
    behaviour.search_persons = lambda call, number: (
        list(call.world.school.people) if number is None else inner(call, number)
    )


@fault(
    "pages-inconsistent",
    breaks="OKD-F07-008",
    roles=ENROLMENT,
    says=Text(
        nl="Een lijst zegt altijd dat er nog een bladzijde volgt.",
        en="A list always says that there is another page.",
    ),
)
def _pages_inconsistent(behaviour: Behaviour) -> None:
    after(behaviour, "page", lambda values, *_: {**values, "has_next_page": True})


@fault(
    "enrolment-without-dates",
    breaks=("OKD-F07-009", "OKD-GEN-010"),
    roles=ENROLMENT,
    says=Text(nl="Een inschrijving heeft geen data.", en="An enrolment has no dates."),
)
def _enrolment_without_dates(behaviour: Behaviour) -> None:
    def less(values: Values, *_: object) -> Values:
        return _less(values, *(m for m in values if m.startswith("enrollment_")))

    after(behaviour, "describe_enrolment", less)


@fault(
    "enrolment-not-expanded",
    breaks="OKD-F07-010",
    roles=ENROLMENT,
    says=Text(
        nl="Een inschrijving noemt alleen de ids van student en opleiding.",
        en="An enrolment gives only the ids of its student and programme.",
    ),
)
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


@fault(
    "enrolment-without-sequence-code",
    breaks="OKD-F07-011",
    roles=ENROLMENT,
    says=Text(nl="Een inschrijving noemt geen opleidingsblad.", en="An enrolment gives no sequence code."),
)
def _enrolment_without_sequence_code(behaviour: Behaviour) -> None:
    after(behaviour, "describe_enrolment", lambda values, *_: _less(values, "sequence_code"))


@fault(
    "only-current-enrolment-listed",
    breaks="OKD-F07-012",
    roles=ENROLMENT,
    says=Text(
        nl="In de lijst van een student staat alleen de lopende inschrijving.",
        en="The list of a student has only the current enrolment.",
    ),
)
def _only_current_enrolment_listed(behaviour: Behaviour) -> None:
    after(behaviour, "list_enrolments", lambda found, *_: found[:1])


@fault(
    "list-expanded",
    breaks="OKD-F07-013",
    roles=ENROLMENT,
    says=Text(
        nl="In een lijst van inschrijvingen staan ook alle gegevens van de student.",
        en="A list of enrolments has all details of the student too.",
    ),
)
def _list_expanded(behaviour: Behaviour) -> None:
    def expand(values: Values, _call: Call, enrolment: Enrolment) -> Values:
        return {**values, "person": {"mail": enrolment.values["mail"]}}

    after(behaviour, "describe_listed_enrolment", expand)


@fault(
    "beyond-last-page-404",
    breaks="OKD-F07-014",
    roles=ENROLMENT,
    says=Text(nl="Een bladzijde na de laatste geeft 404.", en="A page beyond the last one gives 404."),
)
def _beyond_last_page_404(behaviour: Behaviour) -> None:
    def refuse(values: Values, *_: object) -> Values:
        if values["page_number"] > values["total_pages"]:
            raise Refused("unknown_association")
        return values

    after(behaviour, "page", refuse)


@fault(
    "any-okd-scope-looks-up",
    breaks=("OKD-F07-015", "OKD-AUT-012"),
    roles=ENROLMENT,
    says=Text(
        nl="Gegevens van studenten opvragen kan met elke okd-scope.",
        en="Students can be looked up with any okd scope.",
    ),
)
def _any_okd_scope_looks_up(behaviour: Behaviour) -> None:
    _any_scope(behaviour, lambda call: of_kind(call, "lookup"))


@fault(
    "types-as-object",
    breaks=("OKD-F10-001", "OKD-F10-002", "OKD-GEN-010"),
    roles=MODULES,
    says=Text(
        nl="De documentsoorten zijn een object in plaats van een lijst.",
        en="The document types are an object instead of a list.",
    ),
)
def _types_as_object(behaviour: Behaviour) -> None:
    def wrap(call: Call, answer: Answer) -> Answer:
        if call.operation.name == TYPES and answer.status < 300:
            answer.body = b'{"items": ' + answer.body + b"}"
        return answer

    behaviour.finish.append(wrap)


@fault(
    "subtypes-without-description",
    breaks="OKD-F10-002",
    roles=MODULES,
    says=Text(nl="Bij de subtypes ontbreekt de omschrijving.", en="The subtypes lack their description."),
)
def _subtypes_without_description(behaviour: Behaviour) -> None:
    def less(types: list[Values], _call: Call) -> list[Values]:
        return [
            {**t, "subtypes": Several([_less(dict(s), "subtype_description") for s in t["subtypes"].items])}
            for t in types
        ]

    after(behaviour, "list_types", less)


@fault(
    "type-listed-twice",
    breaks="OKD-F10-003",
    roles=MODULES,
    says=Text(
        nl="Een documentsoort staat twee keer in de lijst.", en="A document type is in the list twice."
    ),
)
def _type_listed_twice(behaviour: Behaviour) -> None:
    after(behaviour, "list_types", lambda types, _call: types + types)


@fault(
    "types-need-own-scope",
    breaks=("OKD-F10-004", "OKD-AUT-011"),
    roles=MODULES,
    says=Text(
        nl="De documentsoorten opvragen kan niet met elke okd-scope.",
        en="The document types can't be looked up with every okd scope.",
    ),
)
def _types_need_own_scope(behaviour: Behaviour) -> None:
    def scope_suffices(call: Call, binding: Binding) -> bool:
        last = call.world.edition.scopes[-1]
        types = call.operation.name == TYPES
        return rights.scope_suffices(call, binding) and not (types and call.caller.scopes == {last})

    behaviour.scope_suffices = scope_suffices


@fault(
    "types-without-scope-401",
    breaks="OKD-F10-005",
    roles=MODULES,
    says=Text(
        nl="Een token zonder okd-scope heet bij de documentsoorten ongeldig.",
        en="A token without an okd scope is called invalid at the document types.",
    ),
)
def _types_without_scope_401(behaviour: Behaviour) -> None:
    def without(call: Call) -> bool:
        known = call.caller.scopes & set(call.world.edition.scopes)
        return call.operation.name == TYPES and not known

    before(behaviour, "check_operation_rights", refuse_if("bad_token", without))


@fault(
    "reserved-name-500",
    breaks=("OKD-F10-006", "OKD-GEN-012"),
    roles=MODULES,
    says=Text(
        nl="De vaste namen in het pad worden voor het id van een document aangezien.",
        en="The fixed names in the path are taken for the id of a document.",
    ),
)
def _reserved_name_500(behaviour: Behaviour) -> None:
    def method_of(request: Request) -> str:
        edition = request.scope["app"].state.world.edition
        fixed = {o.path.rpartition("/")[2] for role in MODULES for o in edition.operations(role)}
        if request.url.path.rpartition("/")[2] in fixed - {""} and request.method == "DELETE":
            raise Refused("server_fault")
        return routes.method_of(request)

    behaviour.method_of = method_of


@fault(
    "listed-codes-refused",
    breaks="OKD-F10-007",
    roles=MODULES,
    says=Text(
        nl="De codes die de module zelf noemt, worden bij het aanmelden geweigerd.",
        en="The codes that the module itself lists are refused when registering.",
    ),
)
def _listed_codes_refused(behaviour: Behaviour) -> None:
    def listed(call: Call, body: Body) -> bool:
        subtypes = call.world.school.subtypes.get(call.role, [])
        return body.get("document_subtype") in [s["subtype_code"] for s in subtypes]

    before(behaviour, "check_registration", refuse_if("registration_invalid", listed))
