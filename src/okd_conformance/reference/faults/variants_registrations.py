"""Legitimate ways to take in a registration: readers that convert, other refusals, and where it is filed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.faults.change import after, answering, around, both, instead, without_errors
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.module import EXAM_ROLE
from okd_conformance.reference.school import Enrolment, Person
from okd_conformance.reference.world import Behaviour, Call, Filing
from okd_conformance.standard.fields import Body, deref

_UNRESOLVED = ("unknown_student", "unknown_enrolment", "unknown_sitting", "not_in_sitting", "unknown_exam")
_CONFLICTS = ("students_differ", "enrolments_differ", "enrolment_of_other", "registered_differently")


@variant("jackson-coercion", around("read_registration"))
def _jackson_coercion(inner: Callable[..., Body], call: Call, body: Body) -> Body:
    properties = deref(body.schema, body.schema)["properties"]
    value = {name: _as(properties.get(name, {}).get("type"), item) for name, item in body.value.items()}
    return inner(call, type(body)(body.schema, value))


def _as(kind: Any, value: Any) -> Any:
    """A value as a field of this kind takes it: a scalar as text; a fraction or digits as a whole number."""
    if kind == "string" and isinstance(value, (int, float)):
        return str(value).lower()
    if kind == "integer" and isinstance(value, float):
        return int(value)
    if kind == "integer" and isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    return value


@variant("inbox-unknown-student", around("file_registration"))
def _inbox_unknown_student(inner: Callable[..., Filing], call: Call, body: Body) -> Filing:
    try:
        return inner(call, body)
    except Refused as refused:
        if call.role == EXAM_ROLE or refused.situation not in {"unknown_student", "unknown_enrolment"}:
            raise
        return Filing("inbox")


def _file_with_enrolment_alone(inner: Callable[..., Filing], call: Call, body: Body) -> Filing:
    enrolment = call.world.school.enrolment(str(body.get("association_id")))
    if enrolment is None:
        return inner(call, body)
    return Filing("enrolment", enrolment.person_id, enrolment.association_id)


@variant("association-decides", around("file_registration"))
def _association_decides(inner: Callable[..., Filing], call: Call, body: Body) -> Filing:
    return inner(call, body) if call.role == EXAM_ROLE else _file_with_enrolment_alone(inner, call, body)


@variant("exam-reference-needed", after("file_with_exam"))
def _exam_reference_needed(filing: Filing | None, *_: object) -> Filing | None:
    if filing is None:
        raise Refused("registration_invalid", why="name the exam")
    return filing


@variant("falls-back-on-the-other-id")
def _falls_back_on_the_other_id(behaviour: Behaviour) -> None:
    not_found = behaviour.student_not_found

    def student_not_found(call: Call, body: Body) -> Person | None:
        return call.world.school.person_by_number(str(body.get("student_number"))) or not_found(call, body)

    behaviour.student_not_found = student_not_found
    behaviour.students_differ = lambda _call, _body, by_id: by_id
    enrolment_not_found = behaviour.enrolment_not_found

    def by_code(call: Call, body: Body, student: Person) -> Enrolment | None:
        code = body.get("sequence_code")
        found = next((e for e in student.enrolments if e.sequence_code == code), None)
        return found or enrolment_not_found(call, body, student)

    behaviour.enrolment_not_found = by_code
    behaviour.enrolments_differ = lambda _call, _body, by_id: by_id


variants(
    {
        "assoc-only-registration": both(
            without_errors({"anyOf"}, lambda schema: bool(schema.get("anyOf"))),
            around("file_without_student")(_file_with_enrolment_alone),
        ),
        "403-for-unresolved": answering(403, *_UNRESOLVED, *_CONFLICTS),
        "404-for-conflicts": answering(404, *_CONFLICTS),
        "409-for-unresolved": answering(409, *_UNRESOLVED),
        "exam-fallback": instead("exam_not_found")(lambda *_: None),
    }
)
