"""A module: registering documents that the DMS holds, and hearing that one was destroyed."""

from __future__ import annotations

import uuid
from typing import Any

from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.dms import check_schema, empty_success, json_success
from okd_conformance.reference.intake import receive_object
from okd_conformance.reference.school import Attempt, Enrolment, Exam, Person, Sitting
from okd_conformance.reference.world import Call, Filing
from okd_conformance.standard.fields import Body, deref

KIND = "registration"
EXAM_ROLE = "examineren"


async def register(call: Call) -> Reply:
    """Register a document of the DMS with a student, an enrolment, a result or a sitting."""
    value = await receive_object(call)
    schema = next(iter(call.operation.request.values()))
    body = call.behaviour.read_registration(call, Body(schema, value))
    call.behaviour.check_registration(call, body)
    filing = call.behaviour.file_registration(call, body)
    return call.behaviour.register(call, body, filing)


def read_registration(_call: Call, body: Body) -> Body:
    """Take null for an optional field as its absence."""
    schema = deref(body.schema, body.schema)
    required = schema.get("required", ())
    value = {
        name: item
        for name, item in body.value.items()
        if item is not None or name in required or name not in schema.get("properties", {})
    }
    return Body(body.schema, value)


def check_registration(call: Call, body: Body) -> None:
    """Refuse what the schema does not allow, and a type of document that is another module's."""
    check_schema(call, body, "registration_invalid")
    own = call.world.edition.roles[call.role].document_type
    given = body.get("document_type")
    if own is not None and given != own:
        call.behaviour.refuse_other_type(call, body)
    call.behaviour.check_type_rights(call, given)


def file_registration(call: Call, body: Body) -> Filing:
    """Find the place of a document: sitting or exam if one is named, else the enrolment, else the student."""
    behaviour = call.behaviour
    student = behaviour.find_student(call, body)
    if call.role == EXAM_ROLE:
        filing = behaviour.file_with_exam(call, body, student)
        if filing is not None:
            return filing
    if student is None:
        return behaviour.file_without_student(call, body)
    enrolment = behaviour.find_enrolment(call, body, student)
    if enrolment is None:
        return behaviour.file_with_person(call, student)
    return Filing("enrolment", student.person_id, enrolment.association_id)


def find_student(call: Call, body: Body) -> Person | None:
    """Find the student by id, else by number; None when neither is given."""
    person_id, number = body.get("person_id"), body.get("student_number")
    if isinstance(person_id, str):
        person = call.world.school.person(person_id)
        if person is None:
            return call.behaviour.student_not_found(call, body)
        if isinstance(number, str) and person.student_number != number:
            return call.behaviour.students_differ(call, body, person)
        return person
    if isinstance(number, str):
        return call.world.school.person_by_number(number) or call.behaviour.student_not_found(call, body)
    return None


def file_with_person(_call: Call, student: Person) -> Filing:
    """File a document that names no enrolment with the person."""
    return Filing("person", student.person_id)


def find_enrolment(call: Call, body: Body, student: Person) -> Enrolment | None:
    """Find the enrolment by id, else by sequence code within the student; None when neither is given."""
    association_id, code = body.get("association_id"), body.get("sequence_code")
    if isinstance(association_id, str):
        enrolment = call.world.school.enrolment(association_id)
        if enrolment is None:
            return call.behaviour.enrolment_not_found(call, body, student)
        if enrolment.person_id != student.person_id:
            return call.behaviour.enrolment_of_other(call, body, enrolment)
        if isinstance(code, str) and enrolment.sequence_code != code:
            return call.behaviour.enrolments_differ(call, body, enrolment)
        return enrolment
    if isinstance(code, str):
        by_code = [e for e in student.enrolments if e.sequence_code == code]
        return by_code[0] if by_code else call.behaviour.enrolment_not_found(call, body, student)
    return None


def file_with_exam(call: Call, body: Body, student: Person | None) -> Filing | None:
    """Find the place by sitting, else by exam code and path; None when the body names neither."""
    behaviour = call.behaviour
    sitting_id, code, path = (
        body.get("exam_component_offering_id"),
        body.get("exam_code"),
        body.get("exam_code_path"),
    )
    if isinstance(sitting_id, str):
        sitting = call.world.school.sitting(sitting_id)
        if sitting is not None and not _is_vain_hint(body, sitting, student):
            return behaviour.file_with_sitting(call, body, sitting, student)
        if not body.is_hint("exam_component_offering_id"):
            return behaviour.sitting_not_found(call, body, student)
    path_is_hint = body.is_hint("exam_code_path")
    if isinstance(code, str) or (isinstance(path, str) and path_is_hint):
        exams = call.world.school.exams_with(code, path)
        if len(exams) == 1:
            return behaviour.file_with_attempt(call, body, exams[0], student)
        return None if path_is_hint else behaviour.exam_not_found(call, body, student)
    if isinstance(path, str):
        raise Refused("exam_path_alone")
    return None


def _is_vain_hint(body: Body, sitting: Sitting, student: Person | None) -> bool:
    """Whether the sitting is only a hint, and the student took no part in it."""
    if not body.is_hint("exam_component_offering_id"):
        return False
    return student is not None and student.person_id not in sitting.people


def file_with_sitting(call: Call, body: Body, sitting: Sitting, student: Person | None) -> Filing | None:
    """File with the sitting, or with the result of the student who took part in it."""
    if student is None:
        if body.has("association_id") or body.has("sequence_code"):
            raise Refused("student_missing")
        return Filing("sitting", offering_id=sitting.offering_id)
    if student.person_id not in sitting.people:
        return call.behaviour.student_not_in_sitting(call, sitting, student)
    enrolment = call.behaviour.find_enrolment(call, body, student)
    association = enrolment.association_id if enrolment else None
    return Filing("result", student.person_id, association, sitting.offering_id)


def file_with_attempt(call: Call, body: Body, exam: Exam, student: Person | None) -> Filing | None:
    """File with the student's result of the attempt that the document was received in."""
    if student is None:
        return call.behaviour.file_without_student(call, body)
    enrolment = call.behaviour.find_enrolment(call, body, student)
    association = enrolment.association_id if enrolment else None
    attempt = call.behaviour.choose_attempt(exam, body.get("received_date"))
    return Filing("result", student.person_id, association, attempt.offering_id, attempt.number)


def choose_attempt(exam: Exam, received: Any) -> Attempt:
    """Choose the attempt during which the document was received; the last when that can't be said."""
    if isinstance(received, str):
        begun = [attempt for attempt in exam.attempts if attempt.since <= received]
        if begun:
            return begun[-1]
    return exam.attempts[-1]


def register_document(call: Call, body: Body, filing: Filing) -> Reply:
    """Keep the registration; the same again gives the same answer, another for the document is refused."""
    record = call.world.store.add(
        KIND, call.role, body.get("dms_document_id").lower(), new_record(call, body, filing)
    )
    if record["body"] != body.value:
        raise Refused("registered_differently")
    return json_success(call, {"component_document_id": record["id"]})


def new_record(call: Call, body: Body, filing: Filing) -> dict[str, Any]:
    """Make the record of a registration, under an id of the module's own."""
    return {
        "id": call.behaviour.choose_registration_id(call, body),
        "body": body.value,
        "body_id": body.get("dms_document_id").lower(),
        "level": filing.level,
        "person_id": filing.person_id,
        "association_id": filing.association_id,
        "offering_id": filing.offering_id,
        "attempt": filing.attempt,
    }


def choose_registration_id(_call: Call, _body: Body) -> str:
    """Choose a new id of the module's own."""
    return str(uuid.uuid4())


async def notify_destroyed(call: Call) -> Reply:
    """Drop the reference to a document that the DMS has destroyed."""
    if not call.behaviour.forget_registration(call):
        call.behaviour.refuse_unknown_notice(call)
    return empty_success(call)


def forget_registration(call: Call) -> bool:
    """Remove the registration; False when there is none."""
    return call.world.store.delete(KIND, call.role, call.ids["dms_document_id"])
