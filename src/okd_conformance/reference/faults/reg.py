"""Faults in registering documents at a module (flows 11 to 14)."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from okd_conformance.reference import module
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import (
    after,
    answering,
    around,
    both,
    instead,
    lacks,
    of_kind,
    refusing,
    succeeding,
    unless,
    without_errors,
)
from okd_conformance.reference.faults.registry import fault, faults
from okd_conformance.reference.school import Attempt, Enrolment, Exam, Person, Sitting
from okd_conformance.reference.world import Behaviour, Call, Filing
from okd_conformance.standard.fields import Body, field_name
from okd_conformance.standard.operation import Binding

_refuse = refusing("check_registration", "registration_invalid")


def _is_registration(schema: Mapping[str, Any]) -> bool:
    return field_name(schema, "dms_document_id") is not None


@fault("registration-answers-other-name", after("register"))
def _registration_answers_other_name(answer: Reply, _call: Call, body: Body, _filing: Filing) -> Reply:
    name = field_name(body.schema, "dms_document_id") or "id"
    answer.body = json.dumps({name: next(iter(json.loads(answer.body).values()))}).encode()
    return answer


@fault("required-field-not-checked")
def _required_field_not_checked(behaviour: Behaviour) -> None:
    without_errors({"required"}, _is_registration)(behaviour)
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


@fault("wrong-types-accepted")
def _wrong_types_accepted(behaviour: Behaviour) -> None:
    without_errors({"type", "format", "minimum"}, _is_registration)(behaviour)
    inner = behaviour.read_registration

    def read_registration(call: Call, body: Body) -> Body:
        """Read numbers as text where text belongs."""
        read = inner(call, body)
        for meaning in ("dms_document_id", "student_number", "sequence_code"):
            if read.has(meaning):
                read = read.with_(meaning, str(read.get(meaning)))
        return read

    behaviour.read_registration = read_registration


@fault("old-size-spelling-500", refusing("check_registration", "server_fault"))
def _old_size_spelling_500(_call: Call, body: Body) -> bool:
    name = field_name(body.schema, "document_size") or ""
    return name not in body.value and name.lower() in body.value


@fault("student-number-required", _refuse)
def _student_number_required(_call: Call, body: Body) -> bool:
    return body.has("person_id") and not body.has("student_number")


@fault("person-id-required", _refuse)
def _person_id_required(_call: Call, body: Body) -> bool:
    return body.has("student_number") and not body.has("person_id")


@fault("both-student-ids-confuse", after("file_registration"))
def _both_student_ids_confuse(filing: Filing, _call: Call, body: Body) -> Filing:
    return Filing("none") if body.has("student_number") and body.has("person_id") else filing


@fault("student-number-preferred")
def _student_number_preferred(behaviour: Behaviour) -> None:
    def by_number(call: Call, body: Body, *_: object) -> Person | None:
        found = call.world.school.person_by_number(str(body.get("student_number")))
        if found is None:
            raise Refused("unknown_student")
        return found

    behaviour.students_differ = by_number
    behaviour.enrolment_of_other = lambda _call, _body, _enrolment: None


@fault("unknown-person-id-500", refusing("student_not_found", "server_fault"))
def _unknown_person_id_500(_call: Call, body: Body) -> bool:
    return body.has("person_id") and body.has("student_number")


@fault("unknown-student-accepted")
def _unknown_student_accepted(behaviour: Behaviour) -> None:
    behaviour.student_not_found = lambda _call, body: Person(
        str(body.get("person_id")), str(body.get("student_number")), {}, ()
    )
    behaviour.enrolment_of_other = lambda _call, _body, enrolment: enrolment
    behaviour.enrolment_not_found = lambda *_: None


@fault("sequence-code-ignored", around("find_enrolment"))
def _sequence_code_ignored(
    inner: Callable[..., Enrolment | None], call: Call, body: Body, student: Person
) -> Enrolment | None:
    return inner(call, body, student) if body.has("association_id") else None


@fault("sequence-code-preferred", instead("enrolments_differ"))
def _sequence_code_preferred(call: Call, body: Body, by_id: Enrolment) -> Enrolment | None:
    student = call.world.school.person(by_id.person_id)
    found = [e for e in student.enrolments if e.sequence_code == body.get("sequence_code")] if student else []
    return found[0] if found else by_id


@fault("person-level-goes-to-enrolment", instead("file_with_person"))
def _person_level_goes_to_enrolment(_call: Call, student: Person) -> Filing:
    return Filing("enrolment", student.person_id, student.enrolments[0].association_id)


@fault("sequence-code-as-number", around("enrolment_not_found"))
def _sequence_code_as_number(
    inner: Callable[..., Enrolment | None], call: Call, body: Body, student: Person
) -> Enrolment | None:
    try:
        wanted = float(str(body.get("sequence_code")))
    except ValueError:
        return inner(call, body, student)
    near = [e for e in student.enrolments if float(e.sequence_code) == wanted]
    return near[0] if near and not body.has("association_id") else inner(call, body, student)


@fault("repeat-makes-new-id", instead("register"))
def _repeat_makes_new_id(call: Call, body: Body, filing: Filing) -> Reply:
    call.world.store.delete(module.KIND, call.role, body.get("dms_document_id").lower())
    return module.register_document(call, body, filing)


@fault("multipart-registration-taken")
def _multipart_registration_taken(behaviour: Behaviour) -> None:
    def multipart(call: Call) -> bool:
        return call.request.headers.get("content-type", "").lower().startswith("multipart/")

    unless("check_json_type")(multipart)(behaviour)
    inner = behaviour.parse_object

    def parse_object(raw: bytes) -> dict[str, Any]:
        if not raw.startswith(b"--"):
            return inner(raw)
        limit = raw.partition(b"\r\n")[0]
        return inner(raw.partition(b"\r\n\r\n")[2].partition(b"\r\n" + limit)[0])

    behaviour.parse_object = parse_object


@fault("own-scope-refused", around("scope_counts"))
def _own_scope_refused(inner: Callable[..., bool], call: Call, binding: Binding, scope: str) -> bool:
    same = [b for b in call.world.edition.bindings() if b.operation == call.operation.name]
    broad = all(b.scopes is not None and scope in b.scopes.sufficient for b in same)
    return inner(call, binding, scope) and (broad or not of_kind(call, "register"))


@fault("exam-reference-required", _refuse)
def _exam_reference_required(call: Call, body: Body) -> bool:
    named = body.has("exam_component_offering_id") or body.has("exam_code")
    return call.role == module.EXAM_ROLE and not named


@fault("exam-document-filed-with-person", after("file_registration"))
def _exam_document_filed_with_person(filing: Filing, call: Call, _body: Body) -> Filing:
    if call.role != module.EXAM_ROLE or filing.association_id is None or filing.offering_id:
        return filing
    return dataclasses.replace(filing, level="person", association_id=None)


@fault("sitting-filed-with-person", after("file_with_sitting"))
def _sitting_filed_with_person(filing: Filing | None, *_: object) -> Filing | None:
    if filing is None or filing.person_id is None:
        return filing
    return dataclasses.replace(filing, level="person", offering_id=None)


@fault("student-number-refused-with-sitting", _refuse)
def _student_number_refused_with_sitting(_call: Call, body: Body) -> bool:
    return body.has("exam_component_offering_id") and body.has("student_number") and not body.has("person_id")


@fault("anyone-in-the-sitting", instead("student_not_in_sitting"))
def _anyone_in_the_sitting(_call: Call, sitting: Sitting, student: Person) -> Filing | None:
    return Filing("result", student.person_id, None, sitting.offering_id)


@fault("unknown-sitting-accepted", instead("sitting_not_found"))
def _unknown_sitting_accepted(_call: Call, _body: Body, student: Person | None) -> Filing | None:
    return Filing("person", student.person_id) if student else Filing("none")


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


@fault("attempt-by-date-required", instead("choose_attempt"))
def _attempt_by_date_required(exam: Exam, received: Any) -> Attempt:
    if not isinstance(received, str) or received < exam.attempts[0].since:
        raise Refused("unknown_exam")
    return module.choose_attempt(exam, received)


faults(
    {
        "registration-answers-202": succeeding(202, "register"),
        "optional-field-required": _refuse(lacks("received_date")),
        "neither-accepted": both(
            without_errors({"anyOf"}, _is_registration),
            instead("file_without_student")(lambda *_: Filing("none")),
        ),
        "other-types-registered": both(
            without_errors({"enum"}, _is_registration),
            instead("refuse_other_type")(lambda *_: None),
            unless("check_type_rights")(lambda call, _type: of_kind(call, "register")),
        ),
        "others-association-accepted": instead("enrolment_of_other")(
            lambda _call, _body, enrolment: enrolment
        ),
        "sitting-document-needs-student": refusing("file_with_sitting", "student_missing")(
            lambda _call, _body, _sitting, student: student is None
        ),
        "exam-code-beside-sitting-refused": refusing("file_with_sitting", "registered_differently")(
            lambda _call, body, *_: body.has("exam_code")
        ),
        "person-level-refused": refusing("file_with_person", "registration_invalid")(lambda *_: True),
        "unknown-association-at-person-level": instead("enrolment_not_found")(lambda *_: None),
        "other-registration-500": answering(500, "registered_differently"),
        "null-refused": instead("read_registration")(lambda _call, body: body),
        "exam-code-not-read": instead("file_with_attempt")(lambda *_: None),
        "always-first-attempt": instead("choose_attempt")(lambda exam, _received: exam.attempts[0]),
    }
)
