"""GEN: general rules for HTTP, errors and JSON.

The observers judge every exchange of the run; the checks send what no other check sends.
"""

from __future__ import annotations

import copy
from itertools import islice
from typing import Any

from jsonschema import ValidationError

from okd_conformance.suite import (
    SUPERSEDED,
    UNAVAILABLE,
    Case,
    Exchange,
    Operation,
    Request,
    Streamed,
    check,
    edition_ids,
    field_name,
    load_edition,
    observes,
    validator,
)
from steps import ODD_PATH

PLAIN_JSON = "application/json"


MOST_ERRORS = 20


METHODS = ("PUT", "PATCH", "POST", "DELETE")


def error_of(case: Case) -> Exchange | None:
    """The exchange, if its answer is an error of the application that may have a body.

    To an odd path, to too many requests, and for a server that is away, a gateway answers by itself.
    """
    exchange = case.telling
    if exchange is None or exchange.answer is None or exchange.request.method == "HEAD":
        return None
    if {ODD_PATH, SUPERSEDED} & set(exchange.tags) or exchange.answer.status in {429, *UNAVAILABLE}:
        return None
    return exchange if exchange.answer.status >= 400 else None


def gateway_page(exchange: Exchange) -> bool:
    """Whether this is a page, or nothing, as gateways give it; its status decides how it is read."""
    return exchange.answer is not None and "json" not in exchange.answer.media_type


@observes("OKD-GEN-003")
def error_is_a_problem(case: Case) -> bool:
    """Its media type is that of a problem document."""
    exchange = error_of(case)
    if exchange is None or exchange.answer is None:
        return False
    found, wanted = exchange.answer.media_type, case.edition.media_types["problem"]
    case.require(
        found == wanted,
        "not_a_problem",
        situation=type_situation(exchange),
        exchange=exchange,
        wanted=wanted,
        media_type=found or "-",
        status=exchange.answer.status,
    )
    return True


def type_situation(exchange: Exchange) -> str:
    """The situation of an error whose media type is not that of a problem document."""
    if exchange.answer is not None and exchange.answer.media_type == PLAIN_JSON:
        return "plain_json"
    return "gateway_page" if gateway_page(exchange) else "other_type"


@observes("OKD-GEN-004")
def error_tells_status_and_title(case: Case) -> bool:
    """A status that is that of the answer, and a title."""
    exchange = error_of(case)
    if exchange is None or exchange.answer is None:
        return False
    status = exchange.answer.status
    problem = problem_in(case, exchange)
    if problem is None:
        media_type = exchange.answer.media_type or "-"
        case.require(
            False,
            "no_problem_object",
            situation="gateway_page" if gateway_page(exchange) else "incomplete",
            exchange=exchange,
            status=status,
            media_type=media_type,
            coding=exchange.answer.coding,
        )
        return True
    given, title = problem.get("problem_status"), problem.get("problem_title")
    whole = str(given) == str(status) and not isinstance(given, bool) and bool(title)
    case.require(
        whole,
        "incomplete_problem",
        situation="gateway_page" if gateway_page(exchange) else "incomplete",
        exchange=exchange,
        status=status,
        given=given,
        title=title,
    )
    case.require(
        not isinstance(given, str),
        "status_is_text",
        situation="status_as_text",
        exchange=exchange,
        status=status,
    )
    return True


def problem_in(case: Case, exchange: Exchange) -> dict[str, Any] | None:
    """What a problem document tells, by meaning where it can be; None when the answer is no JSON object."""
    wanted = case.edition.media_types["problem"]
    answers = [a for o in case.edition.operations(case.role) for a in o.responses.values()]
    schema = next(a[wanted] for a in answers if a.get(wanted))
    try:
        value = exchange.answer.json() if exchange.answer else None
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    names = {m: field_name(schema, m) for m in ("problem_status", "problem_title", "problem_detail")}
    return {**value, **{m: value.get(name) for m, name in names.items()}}


@observes("OKD-GEN-010")
def success_fits_the_schema(case: Case) -> bool:
    """Media type and fields are those that the edition documents."""
    exchange = case.telling
    answer = exchange.answer if exchange else None
    if exchange is None or answer is None or not answer.succeeded or answer.cut or ODD_PATH in exchange.tags:
        return False
    operation = case.operation
    status = answer.status if answer.status in operation.success else operation.success[0]
    documented = operation.responses[status]
    if exchange.request.method != operation.method or not documented or "*/*" in documented:
        return False
    case.require(
        answer.media_type in documented,
        "undocumented_type",
        wanted=", ".join(documented),
        media_type=answer.media_type or "-",
    )
    schema = documented[answer.media_type]
    if schema:
        try:
            value = answer.json()
        except ValueError:
            case.require(False, "outside_schema", errors=f"JSON ({answer.coding})")
            return True
        found = list(islice(validator(schema).iter_errors(value), MOST_ERRORS))
        left = list(islice(validator(schema).iter_errors(without_wrong_nulls(value, found)), MOST_ERRORS))
        if found and not left:
            case.note(case.words("null_in_answer"))
        errors = [said(e) for e in left]
        case.require(not errors, "outside_schema", errors="; ".join(errors[:3]))
    return True


def without_wrong_nulls(value: Any, errors: list[ValidationError]) -> Any:
    """A JSON value without the members that are null where the schema has no null: as if they were absent."""
    changed = copy.deepcopy(value)
    for error in [*errors, *(below for one in errors for below in one.context or ())]:
        if error.instance is None and error.absolute_path and isinstance(error.absolute_path[-1], str):
            *way, name = error.absolute_path
            place = changed
            for step in way:
                place = place[step]
            place.pop(name, None)
    return changed


def said(error: ValidationError) -> str:
    """What is wrong by the schema, without the values that came: they may be about people."""
    if error.validator == "required":
        return f"{error.json_path}: {error.message}"
    limit = error.validator_value if isinstance(error.validator_value, str | int | float) else ""
    return f"{error.json_path}: {error.validator} {limit}".strip()


def dropped(exchange: Exchange) -> bool:
    """Whether a request that the target had brought no answer."""
    return exchange.error is not None and not exchange.error.never_sent


@observes("OKD-GEN-012")
def server_keeps_answering(case: Case) -> bool:
    """No server error; and no missing answer that is missing again on a repeat."""
    exchange = case.telling
    if exchange is None or "repeat" in exchange.tags:
        return False
    if exchange.answer is not None:
        if exchange.answer.status >= 500 and "malformed" not in exchange.tags:
            if SUPERSEDED in exchange.tags:
                status = exchange.answer.status
                case.require(False, "away_once", exchange=exchange, status=status, reading="warned")
            elif exchange.answer.status in UNAVAILABLE:
                case.require(False, "away", exchange=exchange, status=exchange.answer.status)
            else:
                case.expect(exchange)
        return True
    if not dropped(exchange) or isinstance(exchange.request.body, Streamed):
        return False
    confirmed: list[str] = case.once(f"dropped:{case.role}:{case.operation.name}", list)
    if not confirmed:
        again = case.send(exchange.request, case.operation, "repeat")
        if not dropped(again):
            return True
        if case.is_silent(again):
            raise case.inconclusive(f"error_{exchange.error}")
        confirmed.append(exchange.id)
    case.require(False, "no_answer", exchange=exchange, error=case.words(f"error_{exchange.error}"))
    return True


@observes("OKD-GEN-015")
def throttling_says_how_long(case: Case) -> bool:
    """A 429 says when to come back."""
    exchange = case.telling
    if exchange is None or exchange.answer is None or exchange.answer.status != 429:
        return False
    case.require(
        exchange.answer.header("retry-after") is not None,
        "no_retry_after",
        situation="without_retry_after",
        exchange=exchange,
    )
    return True


@check("OKD-GEN-003")
@check("OKD-GEN-004")
def test_an_error(case: Case) -> None:
    """The application's own error, for a broken message or an unknown id; or that for a missing token."""
    exchange = own_error(case)
    if exchange.succeeded and case.operation.secured:
        exchange = case.attempt(None)
    case.answered(exchange)
    judge = error_is_a_problem if case.requirement.id == "OKD-GEN-003" else error_tells_status_and_title
    if not judge(case):
        raise case.not_applicable("no_error_to_judge")


@check("OKD-GEN-025")
def test_error_tells_what_is_wrong(case: Case) -> None:
    """A message without the metadata; a detail, or a list of errors under any name, tells that."""
    sample = case.canonical()
    exchange = case.sent(sample, message=sample.message(sample.file_part))
    problem = None if exchange.succeeded else problem_in(case, exchange)
    if problem is None:
        raise case.not_applicable("no_error_to_judge")
    lists = [value for value in problem.values() if isinstance(value, list | dict)]
    told = any([problem.get("problem_detail"), *lists])
    case.require(told, "no_detail", situation="no_detail", exchange=exchange)


def own_error(case: Case) -> Exchange:
    """Send what the application itself refuses, at a well-formed address: no gateway answers for it."""
    operation = case.operation
    if operation.parts:
        sample = case.canonical()
        return case.sent(sample, message=sample.message(sample.metadata_part))
    nowhere = {p.meaning or p.name: case.fresh_uuid() for p in operation.path_parameters}
    if nowhere and operation.kind != "change":
        return case.sent(case.canonical(path_values=nowhere))
    if operation.body_schema is not None:
        return case.send(case.canonical().request(body=b'{"okd": '), operation)
    return other_method(case)


@check("OKD-GEN-010")
def test_a_success(case: Case) -> None:
    """The answer to the valid request."""
    case.answered(case.sent(case.canonical()))
    if not success_fits_the_schema(case):
        raise case.not_applicable("no_schema_to_judge")


@check("OKD-GEN-015")
def test_throttling(case: Case) -> None:
    """The valid request; when that was throttled, the answer 429 has been judged."""
    exchange = case.sent(case.canonical())
    if not exchange.throttled and exchange.status != 429:
        raise case.not_applicable("never_throttled")


def other_method(case: Case) -> Exchange:
    """Send a method that no edition has for the operation's path, about something that exists nowhere."""
    known = {
        o.method for e in edition_ids() for o in load_edition(e).operations() if same_path(o, case.operation)
    }
    method = next((m for m in METHODS if m not in known), None)
    if method is None:
        raise case.not_applicable("every_method_known")
    nowhere = {p.meaning or p.name: case.fresh_uuid() for p in case.operation.path_parameters}
    sample = case.canonical(path_values=nowhere)
    return case.send(Request(method, sample.url, (("Accept", "*/*"),), b"", sample.token), case.operation)


def same_path(one: Operation, other: Operation) -> bool:
    """Whether two operations have the same path, whatever its parameters are called."""
    return shape(one) == shape(other)


def shape(operation: Operation) -> list[str]:
    """The segments of a path, with its parameters left blank."""
    return ["{}" if segment.startswith("{") else segment for segment in operation.path.split("/")]


@check("OKD-GEN-001")
def test_other_method(case: Case) -> None:
    """A method that the path doesn't have."""
    case.expect(other_method(case))


@check("OKD-GEN-002")
def test_allow(case: Case) -> None:
    """A 405 names the methods that the path has."""
    exchange = other_method(case)
    if exchange.answer is None or exchange.status != 405:
        raise case.not_applicable("no_405_to_judge", status=exchange.status or exchange.error)
    own = {o.method for o in case.edition.operations(case.role) if same_path(o, case.operation)}
    given = exchange.answer.header_list("allow") or ""
    if own <= {method.strip().upper() for method in given.split(",")}:
        case.expect(exchange, "with_allow")
    else:
        case.require(
            False,
            "no_allow",
            situation="without_allow",
            exchange=exchange,
            wanted=", ".join(sorted(own)),
            value=given or "-",
        )
