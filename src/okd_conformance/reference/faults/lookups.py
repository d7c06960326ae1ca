"""Faults in looking up students, enrolments and types of document (flows 7 and 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okd_conformance.reference import rights, routes
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.compose import Several
from okd_conformance.reference.faults.change import (
    after,
    any_scope,
    before,
    of_kind,
    refuse_if,
)
from okd_conformance.reference.faults.registry import MODULES, fault
from okd_conformance.reference.school import Enrolment, Person
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding

if TYPE_CHECKING:
    from starlette.requests import Request

    from okd_conformance.reference.world import Behaviour, Call, Values

TYPES = "read_document_types"


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
    any_scope(behaviour, lambda call: of_kind(call, "lookup"))


@fault("types-as-object")
def _types_as_object(behaviour: Behaviour) -> None:
    def wrap(call: Call, answer: Reply) -> Reply:
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
