"""Faults in registering documents at a module (flows 11 to 14)."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from okd_conformance.base.text import Text
from okd_conformance.reference import module
from okd_conformance.reference.answers import Answer, Refused
from okd_conformance.reference.faults.change import (
    after,
    before,
    lacks,
    of_kind,
    refuse_if,
    unless,
    without_errors,
)
from okd_conformance.reference.faults.registry import MODULES, fault
from okd_conformance.reference.module import Filing
from okd_conformance.reference.school import Attempt, Enrolment, Exam, Person, Sitting
from okd_conformance.standard.edition import Binding
from okd_conformance.standard.fields import Body, field_name

if TYPE_CHECKING:
    from okd_conformance.reference.behaviour import Behaviour
    from okd_conformance.reference.world import Call

EXAM = ("examineren",)


def _refuse(behaviour: Behaviour, situation: str, case: Any) -> None:
    before(behaviour, "check_registration", refuse_if(situation, case))


def _is_registration(schema: Mapping[str, Any]) -> bool:
    return field_name(schema, "dms_document_id") is not None


@fault(
    "registration-answers-other-name",
    breaks=("OKD-REG-001", "OKD-GEN-010"),
    roles=MODULES,
    says=Text(
        nl="Het antwoord op een aanmelding noemt dmsDocumentId in plaats van documentId.",
        en="The answer to a registration says dmsDocumentId instead of documentId.",
    ),
)
def _registration_answers_other_name(behaviour: Behaviour) -> None:
    def rename(answer: Answer, _call: Call, body: Body, _filing: Filing) -> Answer:
        name = field_name(body.schema, "dms_document_id") or "id"
        answer.body = json.dumps({name: next(iter(json.loads(answer.body).values()))}).encode()
        return answer

    after(behaviour, "register", rename)


@fault(
    "registration-answers-201",
    breaks="OKD-REG-001",
    roles=MODULES,
    says=Text(
        nl="Een aanmelding krijgt 201 in plaats van 200.", en="A registration gets 201 instead of 200."
    ),
)
def _registration_answers_201(behaviour: Behaviour) -> None:
    inner = behaviour.success_status
    behaviour.success_status = lambda call: 201 if of_kind(call, "register") else inner(call)


@fault(
    "required-field-not-checked",
    breaks="OKD-REG-002",
    roles=MODULES,
    says=Text(
        nl="Een aanmelding waarin een verplicht veld ontbreekt, wordt aangenomen.",
        en="A registration that lacks a required field is accepted.",
    ),
)
def _required_field_not_checked(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"required"}, _is_registration)
    inner = behaviour.read_registration

    def read_registration(call: Call, body: Body) -> Body:
        """Put something in the place of what later steps can't do without."""
        read = inner(call, body)
        own = call.world.edition.roles[call.role].document_type
        for meaning, value in (("dms_document_id", str(uuid.uuid4())), ("document_type", own)):
            if not read.has(meaning):
                read = read.with_(meaning, value)
        return read

    behaviour.read_registration = read_registration


@fault(
    "optional-field-required",
    breaks="OKD-REG-003",
    roles=MODULES,
    says=Text(
        nl="Een aanmelding zonder datum van ontvangst wordt geweigerd.",
        en="A registration without the date of receipt is refused.",
    ),
)
def _optional_field_required(behaviour: Behaviour) -> None:
    _refuse(behaviour, "registration_invalid", lacks("received_date"))


@fault(
    "wrong-types-accepted",
    breaks="OKD-REG-004",
    roles=MODULES,
    says=Text(
        nl="Een aanmelding met velden van een verkeerd type wordt aangenomen.",
        en="A registration with fields of a wrong type is accepted.",
    ),
)
def _wrong_types_accepted(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"type", "format", "minimum"}, _is_registration)
    inner = behaviour.read_registration

    def read_registration(call: Call, body: Body) -> Body:
        """Read numbers as text where text belongs."""
        read = inner(call, body)
        for meaning in ("dms_document_id", "student_number", "sequence_code"):
            if read.has(meaning):
                read = read.with_(meaning, str(read.get(meaning)))
        return read

    behaviour.read_registration = read_registration


@fault(
    "old-size-spelling-500",
    breaks=("OKD-REG-005", "OKD-GEN-012"),
    roles=MODULES,
    says=Text(
        nl="Een aanmelding met de oude spelling van de grootte geeft een serverfout.",
        en="A registration with the old spelling of the size gives a server error.",
    ),
)
def _old_size_spelling_500(behaviour: Behaviour) -> None:
    def old(_call: Call, body: Body) -> bool:
        name = field_name(body.schema, "document_size") or ""
        return name not in body.value and name.lower() in body.value

    _refuse(behaviour, "server_fault", old)


@fault(
    "student-number-required",
    breaks="OKD-REG-006",
    roles=MODULES,
    says=Text(
        nl="Een aanmelding zonder studentnummer wordt geweigerd, ook als het personId er is.",
        en="A registration without a student number is refused, even if the personId is there.",
    ),
)
def _student_number_required(behaviour: Behaviour) -> None:
    _refuse(
        behaviour,
        "registration_invalid",
        lambda _call, body: body.has("person_id") and not body.has("student_number"),
    )


@fault(
    "person-id-required",
    breaks="OKD-REG-007",
    roles=MODULES,
    says=Text(
        nl="Een aanmelding zonder personId wordt geweigerd, ook als het studentnummer er is.",
        en="A registration without a personId is refused, even if the student number is there.",
    ),
)
def _person_id_required(behaviour: Behaviour) -> None:
    _refuse(
        behaviour,
        "registration_invalid",
        lambda _call, body: body.has("student_number") and not body.has("person_id"),
    )


@fault(
    "both-student-ids-confuse",
    breaks="OKD-REG-008",
    roles=MODULES,
    says=Text(
        nl="Een document met personId én studentnummer wordt aangenomen, maar komt bij niemand terecht.",
        en="A document with both a personId and a student number is accepted, but ends up with nobody.",
    ),
)
def _both_student_ids_confuse(behaviour: Behaviour) -> None:
    def nowhere(filing: Filing, _call: Call, body: Body) -> Filing:
        return Filing("none") if body.has("student_number") and body.has("person_id") else filing

    after(behaviour, "file_registration", nowhere)


@fault(
    "student-number-preferred",
    breaks="OKD-REG-009",
    roles=MODULES,
    says=Text(
        nl="Noemen personId en studentnummer verschillende studenten, dan telt het studentnummer.",
        en="When personId and student number name different students, the student number counts.",
    ),
)
def _student_number_preferred(behaviour: Behaviour) -> None:
    def by_number(call: Call, body: Body, *_: object) -> Person | None:
        found = call.world.school.person_by_number(str(body.get("student_number")))
        if found is None:
            raise Refused("unknown_student")
        return found

    behaviour.students_differ = by_number
    behaviour.enrolment_of_other = lambda _call, _body, _enrolment: None


@fault(
    "unknown-person-id-500",
    breaks=("OKD-REG-010", "OKD-GEN-012"),
    roles=MODULES,
    says=Text(
        nl="Een onbekend personId naast een bekend studentnummer geeft een serverfout.",
        en="An unknown personId beside a known student number gives a server error.",
    ),
)
def _unknown_person_id_500(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "student_not_found",
        refuse_if("server_fault", lambda _call, body: body.has("person_id") and body.has("student_number")),
    )


@fault(
    "neither-accepted",
    breaks="OKD-REG-011",
    roles=MODULES,
    says=Text(
        nl="Een aanmelding waaruit niet blijkt om welke student het gaat, wordt aangenomen.",
        en="A registration that does not say which student it is about is accepted.",
    ),
)
def _neither_accepted(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"anyOf"}, _is_registration)
    behaviour.file_without_student = lambda *_: Filing("none")


@fault(
    "unknown-student-accepted",
    breaks="OKD-REG-012",
    roles=MODULES,
    says=Text(
        nl="Een aanmelding voor een student die niet bestaat, wordt aangenomen.",
        en="A registration for a student who does not exist is accepted.",
    ),
)
def _unknown_student_accepted(behaviour: Behaviour) -> None:
    behaviour.student_not_found = lambda _call, body: Person(
        str(body.get("person_id")), str(body.get("student_number")), {}, ()
    )
    behaviour.enrolment_of_other = lambda _call, _body, enrolment: enrolment
    behaviour.enrolment_not_found = lambda *_: None


@fault(
    "sequence-code-ignored",
    breaks="OKD-REG-013",
    roles=MODULES,
    says=Text(
        nl="Het opleidingsblad telt niet mee: zo'n document komt bij de student zelf.",
        en="The sequence code does not count: such a document goes to the student alone.",
    ),
)
def _sequence_code_ignored(behaviour: Behaviour) -> None:
    inner = behaviour.find_enrolment

    def find_enrolment(call: Call, body: Body, student: Person) -> Enrolment | None:
        return inner(call, body, student) if body.has("association_id") else None

    behaviour.find_enrolment = find_enrolment


@fault(
    "sequence-code-preferred",
    breaks="OKD-REG-014",
    roles=MODULES,
    says=Text(
        nl="Spreken associationId en opleidingsblad elkaar tegen, dan telt het opleidingsblad.",
        en="When associationId and sequence code contradict each other, the sequence code counts.",
    ),
)
def _sequence_code_preferred(behaviour: Behaviour) -> None:
    def by_code(call: Call, body: Body, by_id: Enrolment) -> Enrolment | None:
        student = call.world.school.person(by_id.person_id)
        found = (
            [e for e in student.enrolments if e.sequence_code == body.get("sequence_code")] if student else []
        )
        return found[0] if found else by_id

    behaviour.enrolments_differ = by_code


@fault(
    "person-level-refused",
    breaks=("OKD-REG-015", "OKD-F11-001", "OKD-F13-001", "OKD-F14-001"),
    roles=MODULES,
    says=Text(
        nl="Een document dat bij geen inschrijving hoort, wordt geweigerd.",
        en="A document that belongs to no enrolment is refused.",
    ),
)
def _person_level_refused(behaviour: Behaviour) -> None:
    before(behaviour, "file_with_person", refuse_if("registration_invalid", lambda *_: True))


@fault(
    "person-level-goes-to-enrolment",
    breaks="OKD-REG-015",
    roles=MODULES,
    says=Text(
        nl="Een document dat bij geen inschrijving hoort, komt bij de eerste inschrijving van de student.",
        en="A document that belongs to no enrolment goes to the student's first enrolment.",
    ),
)
def _person_level_goes_to_enrolment(behaviour: Behaviour) -> None:
    behaviour.file_with_person = lambda _call, student: Filing(
        "enrolment", student.person_id, student.enrolments[0].association_id
    )


@fault(
    "others-association-accepted",
    breaks="OKD-REG-016",
    roles=MODULES,
    says=Text(
        nl="Een document komt bij de inschrijving van een andere student dan de genoemde.",
        en="A document goes to the enrolment of another student than the one named.",
    ),
)
def _others_association_accepted(behaviour: Behaviour) -> None:
    behaviour.enrolment_of_other = lambda _call, _body, enrolment: enrolment


@fault(
    "sequence-code-as-number",
    breaks="OKD-REG-017",
    roles=MODULES,
    says=Text(
        nl="Het opleidingsblad wordt als getal vergeleken: 1.10 is 1.1.",
        en="The sequence code is compared as a number: 1.10 is 1.1.",
    ),
)
def _sequence_code_as_number(behaviour: Behaviour) -> None:
    inner = behaviour.enrolment_not_found

    def enrolment_not_found(call: Call, body: Body, student: Person) -> Enrolment | None:
        try:
            wanted = float(str(body.get("sequence_code")))
        except ValueError:
            return inner(call, body, student)
        near = [e for e in student.enrolments if float(e.sequence_code) == wanted]
        return near[0] if near and not body.has("association_id") else inner(call, body, student)

    behaviour.enrolment_not_found = enrolment_not_found


@fault(
    "unknown-association-at-person-level",
    breaks="OKD-REG-018",
    roles=MODULES,
    says=Text(
        nl="Bestaat de inschrijving niet, dan komt het document zonder melding bij de student zelf.",
        en="When the enrolment does not exist, the document goes to the student alone without a word.",
    ),
)
def _unknown_association_at_person_level(behaviour: Behaviour) -> None:
    behaviour.enrolment_not_found = lambda *_: None


@fault(
    "repeat-makes-new-id",
    breaks="OKD-REG-019",
    roles=MODULES,
    says=Text(
        nl="Wie hetzelfde document nog eens aanmeldt, krijgt een nieuw id.",
        en="Who registers the same document again gets a new id.",
    ),
)
def _repeat_makes_new_id(behaviour: Behaviour) -> None:
    def register(call: Call, body: Body, filing: Filing) -> Answer:
        call.world.store.delete(module.KIND, call.role, body.get("dms_document_id").lower())
        return module.register_document(call, body, filing)

    behaviour.register = register


@fault(
    "other-registration-500",
    breaks=("OKD-REG-020", "OKD-GEN-012"),
    roles=MODULES,
    says=Text(
        nl="Hetzelfde document aanmelden met andere gegevens geeft een serverfout.",
        en="Registering the same document with other data gives a server error.",
    ),
)
def _other_registration_500(behaviour: Behaviour) -> None:
    behaviour.answer_with("registered_differently", 500)


@fault(
    "multipart-registration-taken",
    breaks="OKD-REG-021",
    roles=MODULES,
    says=Text(
        nl="Een aanmelding mag ook multipart zijn, met het document erbij.",
        en="A registration may be multipart too, with the document in it.",
    ),
)
def _multipart_registration_taken(behaviour: Behaviour) -> None:
    def multipart(call: Call) -> bool:
        return call.request.headers.get("content-type", "").lower().startswith("multipart/")

    unless(behaviour, "check_json_type", multipart)
    inner = behaviour.parse_object

    def parse_object(raw: bytes) -> dict[str, Any]:
        if not raw.startswith(b"--"):
            return inner(raw)
        limit = raw.partition(b"\r\n")[0]
        return inner(raw.partition(b"\r\n\r\n")[2].partition(b"\r\n" + limit)[0])

    behaviour.parse_object = parse_object


@fault(
    "own-scope-refused",
    breaks=("OKD-REG-022", "OKD-AUT-011", "OKD-F11-001", "OKD-F12-002", "OKD-F13-001", "OKD-F14-001"),
    roles=MODULES,
    says=Text(
        nl="Aanmelden kan alleen met de ruimste scope, niet met die van de module zelf.",
        en="Registering works only with the broadest scope, not with that of the module itself.",
    ),
)
def _own_scope_refused(behaviour: Behaviour) -> None:
    inner = behaviour.scope_counts

    def scope_counts(call: Call, binding: Binding, scope: str) -> bool:
        same = [b for b in call.world.edition.bindings() if b.operation == call.operation.name]
        broad = all(b.scopes is not None and scope in b.scopes.sufficient for b in same)
        return inner(call, binding, scope) and (broad or not of_kind(call, "register"))

    behaviour.scope_counts = scope_counts


@fault(
    "other-types-registered",
    breaks="OKD-REG-023",
    roles=MODULES,
    says=Text(
        nl="Een module neemt ook documenten aan van een soort die niet de hare is.",
        en="A module takes documents of a type that is not its own too.",
    ),
)
def _other_types_registered(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"enum"}, _is_registration)
    behaviour.refuse_other_type = lambda *_: None
    unless(behaviour, "check_type_rights", lambda call, _type: of_kind(call, "register"))


@fault(
    "null-refused",
    breaks="OKD-REG-024",
    roles=MODULES,
    says=Text(
        nl="Een veld dat mag ontbreken, mag niet null zijn.", en="A field that may be absent may not be null."
    ),
)
def _null_refused(behaviour: Behaviour) -> None:
    behaviour.read_registration = lambda _call, body: body


@fault(
    "exam-reference-required",
    breaks="OKD-F12-001",
    roles=EXAM,
    says=Text(
        nl="Een examendocument zonder toetsmoment of examencode wordt geweigerd.",
        en="An exam document without a sitting or an exam code is refused.",
    ),
)
def _exam_reference_required(behaviour: Behaviour) -> None:
    def neither(call: Call, body: Body) -> bool:
        named = body.has("exam_component_offering_id") or body.has("exam_code")
        return call.role == module.EXAM_ROLE and not named

    _refuse(behaviour, "registration_invalid", neither)


@fault(
    "sitting-filed-with-person",
    breaks=("OKD-F12-003", "OKD-F12-011"),
    roles=EXAM,
    says=Text(
        nl="Een resultaatbijlage met een toetsmoment komt bij de student zelf terecht.",
        en="An attachment to a result with a sitting ends up with the student alone.",
    ),
)
def _sitting_filed_with_person(behaviour: Behaviour) -> None:
    def with_person(filing: Filing | None, *_: object) -> Filing | None:
        if filing is None or filing.person_id is None:
            return filing
        return dataclasses.replace(filing, level="person", offering_id=None)

    after(behaviour, "file_with_sitting", with_person)


@fault(
    "student-number-refused-with-sitting",
    breaks="OKD-F12-003",
    roles=EXAM,
    says=Text(
        nl="Bij een toetsmoment werkt alleen het personId, niet het studentnummer.",
        en="With a sitting only the personId works, not the student number.",
    ),
)
def _student_number_refused_with_sitting(behaviour: Behaviour) -> None:
    _refuse(
        behaviour,
        "registration_invalid",
        lambda _call, body: (
            body.has("exam_component_offering_id")
            and body.has("student_number")
            and not body.has("person_id")
        ),
    )


@fault(
    "anyone-in-the-sitting",
    breaks="OKD-F12-004",
    roles=EXAM,
    says=Text(
        nl="Een student die niet bij het toetsmoment was, wordt er toch bij gezet.",
        en="A student who was not in the sitting is added to it all the same.",
    ),
)
def _anyone_in_the_sitting(behaviour: Behaviour) -> None:
    behaviour.student_not_in_sitting = lambda _call, sitting, student: Filing(
        "result", student.person_id, None, sitting.offering_id
    )


@fault(
    "unknown-sitting-accepted",
    breaks=("OKD-F12-004", "OKD-F12-009"),
    roles=EXAM,
    says=Text(
        nl="Een toetsmoment dat niet bestaat, geeft geen fout.",
        en="A sitting that does not exist gives no error.",
    ),
)
def _unknown_sitting_accepted(behaviour: Behaviour) -> None:
    behaviour.sitting_not_found = lambda _call, _body, student: (
        Filing("person", student.person_id) if student else Filing("none")
    )


@fault(
    "exam-code-not-read",
    breaks="OKD-F12-005",
    roles=EXAM,
    says=Text(
        nl="De examencode telt niet mee: zo'n document komt bij de inschrijving of de student.",
        en="The exam code does not count: such a document goes to the enrolment or the student.",
    ),
)
def _exam_code_not_read(behaviour: Behaviour) -> None:
    behaviour.file_with_attempt = lambda *_: None


@fault(
    "exam-code-falls-back",
    breaks="OKD-F12-006",
    roles=EXAM,
    says=Text(
        nl="Is de examencode niet te vinden, dan komt het document bij de inschrijving of de student.",
        en="When the exam code can't be found, the document goes to the enrolment or the student.",
    ),
)
def _exam_code_falls_back(behaviour: Behaviour) -> None:
    behaviour.exam_not_found = lambda *_: None


@fault(
    "attempt-by-date-required",
    breaks="OKD-F12-007",
    roles=EXAM,
    says=Text(
        nl="Past de datum van ontvangst bij geen poging, dan wordt het document geweigerd.",
        en="When the date of receipt fits no attempt, the document is refused.",
    ),
)
def _attempt_by_date_required(behaviour: Behaviour) -> None:
    def choose_attempt(exam: Exam, received: Any) -> Attempt:
        if not isinstance(received, str) or received < exam.attempts[0].since:
            raise Refused("unknown_exam")
        return module.choose_attempt(exam, received)

    behaviour.choose_attempt = choose_attempt


@fault(
    "always-first-attempt",
    breaks="OKD-F12-007",
    roles=EXAM,
    says=Text(
        nl="Een document komt altijd bij de eerste poging.", en="A document always goes to the first attempt."
    ),
)
def _always_first_attempt(behaviour: Behaviour) -> None:
    behaviour.choose_attempt = lambda exam, _received: exam.attempts[0]


@fault(
    "sitting-document-needs-student",
    breaks="OKD-F12-008",
    roles=EXAM,
    says=Text(
        nl="Een proces-verbaal zonder student wordt geweigerd.",
        en="The official record of a sitting is refused without a student.",
    ),
)
def _sitting_document_needs_student(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "file_with_sitting",
        refuse_if("student_missing", lambda _call, _body, _sitting, student: student is None),
    )


@fault(
    "exam-code-beside-sitting-refused",
    breaks="OKD-F12-010",
    roles=EXAM,
    says=Text(
        nl="Een examencode naast een toetsmoment geeft een conflict.",
        en="An exam code beside a sitting gives a conflict.",
    ),
)
def _exam_code_beside_sitting_refused(behaviour: Behaviour) -> None:
    def both(_call: Call, body: Body, _sitting: Sitting, _student: Person | None) -> bool:
        return body.has("exam_code")

    before(behaviour, "file_with_sitting", refuse_if("registered_differently", both))
