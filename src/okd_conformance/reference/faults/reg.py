"""Faults in registering documents at a module (flows 11 to 14)."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from okd_conformance.reference import module
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import (
    after,
    before,
    lacks,
    of_kind,
    refuse_if,
    unless,
    without_errors,
)
from okd_conformance.reference.faults.registry import fault
from okd_conformance.reference.school import Attempt, Enrolment, Exam, Person, Sitting
from okd_conformance.reference.world import Filing
from okd_conformance.standard.fields import Body, field_name
from okd_conformance.standard.operation import Binding

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour, Call


def _refuse(behaviour: Behaviour, situation: str, case: Any) -> None:
    before(behaviour, "check_registration", refuse_if(situation, case))


def _is_registration(schema: Mapping[str, Any]) -> bool:
    return field_name(schema, "dms_document_id") is not None


@fault("registration-answers-other-name")
def _registration_answers_other_name(behaviour: Behaviour) -> None:
    def rename(answer: Reply, _call: Call, body: Body, _filing: Filing) -> Reply:
        name = field_name(body.schema, "dms_document_id") or "id"
        answer.body = json.dumps({name: next(iter(json.loads(answer.body).values()))}).encode()
        return answer

    after(behaviour, "register", rename)


@fault("registration-answers-202")
def _registration_answers_202(behaviour: Behaviour) -> None:
    inner = behaviour.success_status
    behaviour.success_status = lambda call: 202 if of_kind(call, "register") else inner(call)


@fault("required-field-not-checked")
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


@fault("optional-field-required")
def _optional_field_required(behaviour: Behaviour) -> None:
    _refuse(behaviour, "registration_invalid", lacks("received_date"))


@fault("wrong-types-accepted")
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


@fault("old-size-spelling-500")
def _old_size_spelling_500(behaviour: Behaviour) -> None:
    def old(_call: Call, body: Body) -> bool:
        name = field_name(body.schema, "document_size") or ""
        return name not in body.value and name.lower() in body.value

    _refuse(behaviour, "server_fault", old)


@fault("student-number-required")
def _student_number_required(behaviour: Behaviour) -> None:
    _refuse(
        behaviour,
        "registration_invalid",
        lambda _call, body: body.has("person_id") and not body.has("student_number"),
    )


@fault("person-id-required")
def _person_id_required(behaviour: Behaviour) -> None:
    _refuse(
        behaviour,
        "registration_invalid",
        lambda _call, body: body.has("student_number") and not body.has("person_id"),
    )


@fault("both-student-ids-confuse")
def _both_student_ids_confuse(behaviour: Behaviour) -> None:
    def nowhere(filing: Filing, _call: Call, body: Body) -> Filing:
        return Filing("none") if body.has("student_number") and body.has("person_id") else filing

    after(behaviour, "file_registration", nowhere)


@fault("student-number-preferred")
def _student_number_preferred(behaviour: Behaviour) -> None:
    def by_number(call: Call, body: Body, *_: object) -> Person | None:
        found = call.world.school.person_by_number(str(body.get("student_number")))
        if found is None:
            raise Refused("unknown_student")
        return found

    behaviour.students_differ = by_number
    behaviour.enrolment_of_other = lambda _call, _body, _enrolment: None


@fault("unknown-person-id-500")
def _unknown_person_id_500(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "student_not_found",
        refuse_if("server_fault", lambda _call, body: body.has("person_id") and body.has("student_number")),
    )


@fault("neither-accepted")
def _neither_accepted(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"anyOf"}, _is_registration)
    behaviour.file_without_student = lambda *_: Filing("none")


@fault("unknown-student-accepted")
def _unknown_student_accepted(behaviour: Behaviour) -> None:
    behaviour.student_not_found = lambda _call, body: Person(
        str(body.get("person_id")), str(body.get("student_number")), {}, ()
    )
    behaviour.enrolment_of_other = lambda _call, _body, enrolment: enrolment
    behaviour.enrolment_not_found = lambda *_: None


@fault("sequence-code-ignored")
def _sequence_code_ignored(behaviour: Behaviour) -> None:
    inner = behaviour.find_enrolment

    def find_enrolment(call: Call, body: Body, student: Person) -> Enrolment | None:
        return inner(call, body, student) if body.has("association_id") else None

    behaviour.find_enrolment = find_enrolment


@fault("sequence-code-preferred")
def _sequence_code_preferred(behaviour: Behaviour) -> None:
    def by_code(call: Call, body: Body, by_id: Enrolment) -> Enrolment | None:
        student = call.world.school.person(by_id.person_id)
        found = (
            [e for e in student.enrolments if e.sequence_code == body.get("sequence_code")] if student else []
        )
        return found[0] if found else by_id

    behaviour.enrolments_differ = by_code


@fault("person-level-refused")
def _person_level_refused(behaviour: Behaviour) -> None:
    before(behaviour, "file_with_person", refuse_if("registration_invalid", lambda *_: True))


@fault("person-level-goes-to-enrolment")
def _person_level_goes_to_enrolment(behaviour: Behaviour) -> None:
    behaviour.file_with_person = lambda _call, student: Filing(
        "enrolment", student.person_id, student.enrolments[0].association_id
    )


@fault("others-association-accepted")
def _others_association_accepted(behaviour: Behaviour) -> None:
    behaviour.enrolment_of_other = lambda _call, _body, enrolment: enrolment


@fault("sequence-code-as-number")
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


@fault("unknown-association-at-person-level")
def _unknown_association_at_person_level(behaviour: Behaviour) -> None:
    behaviour.enrolment_not_found = lambda *_: None


@fault("repeat-makes-new-id")
def _repeat_makes_new_id(behaviour: Behaviour) -> None:
    def register(call: Call, body: Body, filing: Filing) -> Reply:
        call.world.store.delete(module.KIND, call.role, body.get("dms_document_id").lower())
        return module.register_document(call, body, filing)

    behaviour.register = register


@fault("other-registration-500")
def _other_registration_500(behaviour: Behaviour) -> None:
    behaviour.answer_with("registered_differently", 500)


@fault("multipart-registration-taken")
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


@fault("own-scope-refused")
def _own_scope_refused(behaviour: Behaviour) -> None:
    inner = behaviour.scope_counts

    def scope_counts(call: Call, binding: Binding, scope: str) -> bool:
        same = [b for b in call.world.edition.bindings() if b.operation == call.operation.name]
        broad = all(b.scopes is not None and scope in b.scopes.sufficient for b in same)
        return inner(call, binding, scope) and (broad or not of_kind(call, "register"))

    behaviour.scope_counts = scope_counts


@fault("other-types-registered")
def _other_types_registered(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"enum"}, _is_registration)
    behaviour.refuse_other_type = lambda *_: None
    unless(behaviour, "check_type_rights", lambda call, _type: of_kind(call, "register"))


@fault("null-refused")
def _null_refused(behaviour: Behaviour) -> None:
    behaviour.read_registration = lambda _call, body: body


@fault("exam-reference-required")
def _exam_reference_required(behaviour: Behaviour) -> None:
    def neither(call: Call, body: Body) -> bool:
        named = body.has("exam_component_offering_id") or body.has("exam_code")
        return call.role == module.EXAM_ROLE and not named

    _refuse(behaviour, "registration_invalid", neither)


@fault("exam-document-filed-with-person")
def _exam_document_filed_with_person(behaviour: Behaviour) -> None:
    def with_person(filing: Filing, call: Call, _body: Body) -> Filing:
        if call.role != module.EXAM_ROLE or filing.association_id is None or filing.offering_id:
            return filing
        return dataclasses.replace(filing, level="person", association_id=None)

    after(behaviour, "file_registration", with_person)


@fault("sitting-filed-with-person")
def _sitting_filed_with_person(behaviour: Behaviour) -> None:
    def with_person(filing: Filing | None, *_: object) -> Filing | None:
        if filing is None or filing.person_id is None:
            return filing
        return dataclasses.replace(filing, level="person", offering_id=None)

    after(behaviour, "file_with_sitting", with_person)


@fault("student-number-refused-with-sitting")
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


@fault("anyone-in-the-sitting")
def _anyone_in_the_sitting(behaviour: Behaviour) -> None:
    behaviour.student_not_in_sitting = lambda _call, sitting, student: Filing(
        "result", student.person_id, None, sitting.offering_id
    )


@fault("unknown-sitting-accepted")
def _unknown_sitting_accepted(behaviour: Behaviour) -> None:
    behaviour.sitting_not_found = lambda _call, _body, student: (
        Filing("person", student.person_id) if student else Filing("none")
    )


@fault("exam-code-not-read")
def _exam_code_not_read(behaviour: Behaviour) -> None:
    behaviour.file_with_attempt = lambda *_: None


@fault("refused-exam-document-kept")
def _refused_exam_document_kept(behaviour: Behaviour) -> None:
    inner = behaviour.file_registration

    def file_registration(call: Call, body: Body) -> Filing:
        try:
            return inner(call, body)
        except Refused as refused:
            if refused.situation in {"unknown_exam", "unknown_sitting"}:
                behaviour.register(call, body, Filing("person"))
            raise

    behaviour.file_registration = file_registration


@fault("attempt-by-date-required")
def _attempt_by_date_required(behaviour: Behaviour) -> None:
    def choose_attempt(exam: Exam, received: Any) -> Attempt:
        if not isinstance(received, str) or received < exam.attempts[0].since:
            raise Refused("unknown_exam")
        return module.choose_attempt(exam, received)

    behaviour.choose_attempt = choose_attempt


@fault("always-first-attempt")
def _always_first_attempt(behaviour: Behaviour) -> None:
    behaviour.choose_attempt = lambda exam, _received: exam.attempts[0]


@fault("sitting-document-needs-student")
def _sitting_document_needs_student(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "file_with_sitting",
        refuse_if("student_missing", lambda _call, _body, _sitting, student: student is None),
    )


@fault("exam-code-beside-sitting-refused")
def _exam_code_beside_sitting_refused(behaviour: Behaviour) -> None:
    def both(_call: Call, body: Body, _sitting: Sitting, _student: Person | None) -> bool:
        return body.has("exam_code")

    before(behaviour, "file_with_sitting", refuse_if("registered_differently", both))
