"""Faults in looking up students, enrolments and types of document (flows 7 and 10)."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from okd_conformance.reference import rights, routes
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.compose import Several
from okd_conformance.reference.faults.change import (
    after,
    answering,
    any_scope,
    around,
    both,
    concealing,
    finishing,
    instead,
    of_kind,
    refusing,
    telling,
)
from okd_conformance.reference.faults.registry import MODULES, fault, faults
from okd_conformance.reference.school import Enrolment, Person
from okd_conformance.reference.world import Call, Values
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding

TYPES = "read_document_types"


def _less(values: Values, *meanings: str) -> Values:
    return {meaning: value for meaning, value in values.items() if meaning not in meanings}


@fault("search-ignores-number", instead("search_persons"))
def _search_ignores_number(call: Call, _number: object) -> list[Person]:
    return list(call.world.school.people)


@fault("no-match-404", after("search_persons"))
def _no_match_404(found: list[Person], *_: object) -> list[Person]:
    if not found:
        raise Refused("unknown_person")
    return found


@fault("search-by-prefix", instead("search_persons"))
def _search_by_prefix(call: Call, number: str | None) -> list[Person]:
    return [p for p in call.world.school.people if number and p.student_number.startswith(number)]


def _all_without_number(inner: Callable[..., list[Person]], call: Call, number: str | None) -> list[Person]:
    return list(call.world.school.people) if number is None else inner(call, number)


@fault("enrolment-without-dates", after("describe_enrolment"))
def _enrolment_without_dates(values: Values, *_: object) -> Values:
    return _less(values, *(m for m in values if m.startswith("enrollment_")))


@fault("enrolment-not-expanded", after("describe_enrolment"))
def _enrolment_not_expanded(values: Values, *_: object) -> Values:
    return {
        **values,
        "person": values["person_id"],
        "offering": values["program_offering_id"],
    }


@fault("list-expanded", after("describe_listed_enrolment"))
def _list_expanded(values: Values, _call: Call, enrolment: Enrolment) -> Values:
    return {**values, "person": {"mail": enrolment.values["mail"]}}


@fault("beyond-last-page-404", after("page"))
def _beyond_last_page_404(values: Values, *_: object) -> Values:
    if values["page_number"] > values["total_pages"]:
        raise Refused("unknown_association")
    return values


@fault("types-as-object", finishing)
def _types_as_object(call: Call, answer: Reply) -> Reply:
    if call.operation.name == TYPES and answer.status < 300:
        answer.body = b'{"items": ' + answer.body + b"}"
    return answer


@fault("subtypes-without-description", after("list_types"))
def _subtypes_without_description(types: list[Values], _call: Call) -> list[Values]:
    return [
        {**t, "subtypes": Several([_less(dict(s), "subtype_description") for s in t["subtypes"].items])}
        for t in types
    ]


@fault("types-need-own-scope", instead("scope_suffices"))
def _types_need_own_scope(call: Call, binding: Binding) -> bool:
    last = call.world.edition.scopes[-1]
    types = call.operation.name == TYPES
    return rights.scope_suffices(call, binding) and not (types and call.caller.scopes == {last})


@fault("types-without-scope-401", refusing("check_operation_rights", "bad_token"))
def _types_without_scope_401(call: Call) -> bool:
    known = call.caller.scopes & set(call.world.edition.scopes)
    return call.operation.name == TYPES and not known


@fault("reserved-name-500", instead("method_of"))
def _reserved_name_500(request: Request) -> str:
    edition = request.scope["app"].state.world.edition
    fixed = {o.path.rpartition("/")[2] for role in MODULES for o in edition.operations(role)}
    if request.url.path.rpartition("/")[2] in fixed - {""} and request.method == "DELETE":
        raise Refused("server_fault")
    return routes.method_of(request)


@fault("listed-codes-refused", refusing("check_registration", "registration_invalid"))
def _listed_codes_refused(call: Call, body: Body) -> bool:
    subtypes = call.world.school.subtypes.get(call.role, [])
    return body.get("document_subtype") in [s["subtype_code"] for s in subtypes]


faults(
    {
        "unknown-person-400": answering(400, "unknown_person", "unknown_association"),
        "enrolment-without-sequence-code": concealing("describe_enrolment", "sequence_code"),
        "any-okd-scope-looks-up": any_scope(lambda call: of_kind(call, "lookup")),
        "all-students-listed": both(
            instead("query_missing")(lambda _call, _name: None), around("search_persons")(_all_without_number)
        ),
        "person-without-mail": concealing("describe_person", "mail"),
        "person-without-birth-date": concealing("describe_person", "date_of_birth"),
        "pages-inconsistent": telling("page", has_next_page=True),
        "only-current-enrolment-listed": after("list_enrolments")(lambda found, *_: found[:1]),
        "type-listed-twice": after("list_types")(lambda types, _call: types + types),
    }
)
