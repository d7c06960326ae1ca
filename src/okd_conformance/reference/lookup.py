"""Looking up: the service itself, document types, students and their enrolments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.compose import Several
from okd_conformance.reference.dms import json_success
from okd_conformance.reference.intake import check_query
from okd_conformance.reference.school import Enrolment, Person
from okd_conformance.reference.world import Call

_PAGE_SIZE = 10


async def service(call: Call) -> Reply:
    """Tell about the service itself."""
    return json_success(call, call.behaviour.describe_service(call))


def describe_service(call: Call) -> dict[str, Any]:
    """Return the facts about the service, by meaning."""
    facts = dict(call.world.school.service)
    key = call.world.consumer_key()
    return {
        "contact_email": facts["contact_email"],
        "specification": facts["specification"],
        "documentation": facts["documentation"],
        "supported_versions": [facts["ooapi_version"]],
        "supported_consumers": Several(
            [{"consumer_key": key, "consumer_version": call.world.edition.version}] if key else []
        ),
    }


async def document_types(call: Call) -> Reply:
    """Tell the types of document that the module keeps, with their subtypes."""
    return json_success(call, {"document_types": Several(call.behaviour.list_types(call))})


def list_types(call: Call) -> list[dict[str, Any]]:
    """Return each type with its subtypes, by meaning."""
    own = call.world.edition.roles[call.role].document_type
    subtypes = call.world.school.subtypes.get(call.role, [])
    return [{"document_type": own, "subtypes": Several(subtypes)}]


async def person(call: Call) -> Reply:
    """Tell about one student."""
    check_query(call)
    return json_success(call, call.behaviour.describe_person(call, _person(call)))


def _person(call: Call) -> Person:
    found = call.world.school.person(call.ids["person_id"])
    if found is None:
        raise Refused("unknown_person")
    return found


def describe_person(_call: Call, found: Person) -> dict[str, Any]:
    """Return what is known of a student, by meaning."""
    return dict(found.values)


async def persons(call: Call) -> Reply:
    """Tell the students with this student number: one or none."""
    query = check_query(call)
    found = call.behaviour.search_persons(call, query.get("primary_code_query"))
    return json_success(
        call, call.behaviour.page(query, [call.behaviour.describe_person(call, p) for p in found])
    )


def search_persons(call: Call, number: str | None) -> list[Person]:
    """Find students by number, compared as text; without a number nobody is found."""
    found = call.world.school.person_by_number(number) if number is not None else None
    return [found] if found is not None else []


async def person_associations(call: Call) -> Reply:
    """Tell the enrolments of a student, each by itself: no person, no programme."""
    query = check_query(call)
    found = _person(call)
    enrolments = call.behaviour.list_enrolments(call, found)
    items = [call.behaviour.describe_listed_enrolment(call, e) for e in enrolments]
    return json_success(call, call.behaviour.page(query, items))


def list_enrolments(_call: Call, found: Person) -> list[Enrolment]:
    """Return the enrolments of a student."""
    return list(found.enrolments)


def describe_listed_enrolment(_call: Call, enrolment: Enrolment) -> dict[str, Any]:
    """Return what a list tells of an enrolment, by meaning."""
    own = ("association_id", "state", "sequence_code")
    dates = (name for name in enrolment.values if name.startswith("enrollment_"))
    return {**{name: enrolment.values[name] for name in (*own, *dates)}, "person_role": "student"}


async def association(call: Call) -> Reply:
    """Tell about one enrolment, with its student and its programme."""
    check_query(call)
    enrolment = call.world.school.enrolment(call.ids["association_id"])
    if enrolment is None:
        raise Refused("unknown_association")
    return json_success(call, call.behaviour.describe_enrolment(call, enrolment))


def describe_enrolment(_call: Call, enrolment: Enrolment) -> dict[str, Any]:
    """Return what is known of an enrolment, its student and its programme, by meaning."""
    return {**enrolment.values, "person_role": "student"}


def page(query: dict[str, Any], items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Cut one page out of a list, with the fields that describe it, by meaning."""
    size = query.get("page_size") or _PAGE_SIZE
    number = query.get("page_number") or 1
    pages = max(1, -(-len(items) // size))
    return {
        "page_size": size,
        "page_number": number,
        "has_previous_page": number > 1,
        "has_next_page": number < pages,
        "total_pages": pages,
        "items": Several(items[(number - 1) * size : number * size]),
    }
