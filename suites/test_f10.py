"""F10: the document types of a module, flow 10."""

from __future__ import annotations

import itertools
from typing import Any

from okd_conformance.suite import (
    Binding,
    Case,
    Exchange,
    Operation,
    Request,
    allowed_values,
    cells,
    check,
    field_name,
    meanings,
    validator,
    with_header,
)

MOST_CODES = 3


def types_in(case: Case, exchange: Exchange) -> list[dict[str, Any]]:
    """The document types in an answer. Raises Inconclusive when it is no list."""
    body = case.answer_body(exchange)
    if body is None or not isinstance(body.value, list):
        raise case.inconclusive("no_types_to_judge")
    return [one for one in body.value if isinstance(one, dict)]


def field(case: Case, value: Any, meaning: str) -> Any:
    """A field of a document type or a subtype, by its meaning."""
    operation = listing(case)[0]
    name = field_name(operation.success_schema() or {}, meaning)
    return value.get(name) if isinstance(value, dict) else None


def listing(case: Case) -> tuple[Operation, Binding]:
    """The operation that lists the document types, and its binding."""
    operation = case.edition.operation(case.role, "read_document_types")
    return operation, operation.bindings[0]


def subtypes(case: Case, one: dict[str, Any]) -> list[Any]:
    """The subtypes of a document type."""
    found = field(case, one, "subtypes")
    return found if isinstance(found, list) else []


def code_of(case: Case, subtype: Any) -> Any:
    """The code of a subtype, which is a pair or (in an older edition) just text."""
    return subtype if isinstance(subtype, str) else field(case, subtype, "subtype_code")


@check("OKD-F10-001", profile="smoke")
def test_types(case: Case) -> None:
    """A list in JSON."""
    exchange = case.expect(case.sent(case.canonical()))
    answer = exchange.answer
    if answer is None or not answer.succeeded:
        return
    case.require(answer.media_type.endswith("json"), "not_json", media_type=answer.media_type or "-")
    body = case.answer_body(exchange)
    case.require(body is not None and isinstance(body.value, list), "types_not_a_list")


@check("OKD-F10-002")
def test_form_of_types(case: Case) -> None:
    """Each type has its subtypes, and each subtype a code and a description."""
    exchange = case.expect(case.sent(case.canonical()))
    body = case.answer_body(exchange)
    if body is None:
        raise case.inconclusive("no_types_to_judge")
    errors = [f"{e.json_path}: {e.validator}" for e in validator(body.schema).iter_errors(body.value)]
    case.require(not errors, "outside_schema", errors="; ".join(errors[:3]))
    wanted = [m for m in ("subtype_code", "subtype_description") if m in meanings(body.schema)]
    for one in types_in(case, exchange):
        for subtype in subtypes(case, one):
            for meaning in wanted:
                whole = isinstance(subtype, str) or isinstance(field(case, subtype, meaning), str)
                field_ = case.answer_field(meaning)
                case.require(
                    whole, "detail_missing", situation="pair_incomplete", exchange=exchange, field=field_
                )


@check("OKD-F10-003")
def test_types_are_distinct(case: Case) -> None:
    """Each type once, with a value of the standard, and each code once within a type."""
    exchange = case.expect(case.sent(case.canonical()))
    types = types_in(case, exchange)
    names = [field(case, one, "document_type") for one in types]
    known = known_types(case)
    strange = [str(name) for name in names if known and name not in known]
    case.require(not strange, "type_unknown", wanted=", ".join(known), value=", ".join(strange))
    case.require(len(names) == len(set(map(str, names))), "type_twice", names=", ".join(map(str, names)))
    for one in types:
        codes = [str(code_of(case, subtype)) for subtype in subtypes(case, one)]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        case.require(not twice, "code_twice", codes=", ".join(twice))


def known_types(case: Case) -> list[str]:
    """The document types of the standard, as a registration may name them."""
    registering = case.edition.operations(case.role, "register")
    named = (allowed_values(operation.body_schema or {}, "document_type") for operation in registering)
    return list(dict.fromkeys(itertools.chain.from_iterable(named)))


@check("OKD-F10-004", scope=cells("sufficient"))
def test_every_scope_suffices(case: Case, scope: str) -> None:
    """Each scope of the edition alone."""
    case.expect_right(case.sent(case.canonical(token=case.token(scope).value)))


@check("OKD-F10-005", token=["no_okd_scope"])
def test_token_without_scope(case: Case, token: str) -> None:
    """A valid token without any scope of the standard; either answer will do."""
    auth = case.auth
    known = set(case.edition.scopes)
    configured = [s for client in (auth.clients if auth else ()) for s in client.scopes if s not in known]
    case.expect(case.attempt(case.only_scopes(*(configured[:1] or ["profile"]))), token)


@check("OKD-F10-005", token=["no_token"])
def test_no_token(case: Case, token: str) -> None:
    """Without Authorization."""
    case.expect(case.attempt(None), token)


@check("OKD-F10-006", word=["delete_reserved", "get_reserved"])
def test_reserved_words(case: Case, word: str) -> None:
    """The fixed words in the paths are no ids; afterwards the types are still there."""
    edition = case.edition
    case.accepted()
    if word == "delete_reserved":
        named, right = case.operation, edition.operations(case.role, "delete")
    else:
        named, right = edition.operations(case.role, "register")[0], [case.operation]
    token = case.usual_token(right[0].bindings[0] if right else case.binding)
    url = case.canonical().base_url.rstrip("/") + named.full_path({})
    method = right[0].method if right else "DELETE"
    case.expect(case.send(Request(method, url, (("Accept", "*/*"),), None, token), case.operation), word)
    exchange = case.expect(case.sent(case.canonical()), "still_there")
    types_in(case, exchange)


@check("OKD-F10-007")
def test_listed_codes_are_accepted(case: Case) -> None:
    """Some codes that the module lists for its own type, each in a registration."""
    operation, binding = listing(case)
    exchange = case.sent(case.sample_of(operation, binding))
    case.expect(exchange, "types")
    own = case.binding.document_type
    mine = [one for one in types_in(case, exchange) if field(case, one, "document_type") == own]
    codes = [code_of(case, subtype) for one in mine for subtype in subtypes(case, one)]
    if not codes:
        raise case.not_applicable("no_codes_listed", document_type=own)
    for code in codes[:MOST_CODES]:
        case.expect(case.sent(case.canonical().with_field("document_subtype", code)), "register")


@check("OKD-F10-008")
def test_headers_of_a_message_with_a_body(case: Case) -> None:
    """The flow's example has these headers on a GET; there is no body."""
    case.accepted()
    request = case.canonical().request()
    for name, value in {"Content-Type": "application/json", "Content-Length": "0"}.items():
        request = with_header(request, name, value)
    case.expect(case.send(request))
