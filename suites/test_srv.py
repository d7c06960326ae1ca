"""SRV: facts about the service itself."""

from __future__ import annotations

import re
from typing import Any

from okd_conformance.suite import Body, Case, Exchange, check, edition_ids, field_name, web_address
from steps import asked, described

MAIL = re.compile(r"[^@\s]+@[^@\s]+")


def facts(case: Case, exchange: Exchange) -> Body:
    """The facts in an answer. Raises Inconclusive when it holds no JSON object."""
    body = case.answer_body(exchange)
    if body is None or not isinstance(body.value, dict):
        raise case.inconclusive("no_facts_to_judge")
    return body


@check("OKD-SRV-001", profile="smoke")
def test_service_without_token(case: Case) -> None:
    """The service answers in JSON, and needs no token."""
    exchange = case.expect(asked(case, case.operation))
    answer = exchange.answer
    if answer is not None and answer.succeeded:
        case.require(answer.media_type.endswith("json"), "not_json", media_type=answer.media_type or "-")


@check("OKD-SRV-002", field=["contact_email", "specification", "documentation"])
def test_contact(case: Case, field: str) -> None:
    """A mail address and two web addresses."""
    exchange = case.expect(described(case, case.operation))
    value = facts(case, exchange).get(field)
    is_mail = isinstance(value, str) and MAIL.fullmatch(value.strip()) is not None
    right = is_mail if field == "contact_email" else web_address(value) is not None
    key = "no_mail_address" if field == "contact_email" else "no_web_address"
    case.require(right, key, field=case.answer_field(field), value="-" if value is None else repr(value)[:80])


@check("OKD-SRV-003")
def test_versions(case: Case) -> None:
    """The version of OKD, and the version of OOAPI beneath it, as in the edition's example."""
    exchange = described(case, case.operation)
    body = facts(case, exchange)
    example = Body(body.schema, case.operation.answer_examples[0])
    key = example.get("consumer_key")
    supported = [c for c in listed(body, "supported_consumers") if named(case, c, "consumer_key") == key]
    missing = [
        v for v in listed(example, "supported_versions") if v not in listed(body, "supported_versions")
    ]
    if not supported or missing:
        absent = [*missing, *([] if supported else [key])]
        case.require(
            False,
            "version_not_named",
            situation="not_named",
            exchange=exchange,
            names=", ".join(map(str, absent)),
        )
        return
    given = [str(named(case, consumer, "consumer_version")) for consumer in supported]
    if any(map(is_of_an_edition, given)):
        case.expect(exchange, "named")
    else:
        case.require(
            False,
            "version_of_no_edition",
            situation="unknown_version",
            exchange=exchange,
            value=", ".join(given),
        )


def listed(body: Body, meaning: str) -> list[Any]:
    """A field that is a list; empty when it isn't."""
    value = body.get(meaning)
    return value if isinstance(value, list) else []


def named(case: Case, value: Any, meaning: str) -> Any:
    """A field of an object inside the answer."""
    name = field_name(case.operation.success_schema() or {}, meaning)
    return value.get(name) if isinstance(value, dict) else None


def is_of_an_edition(version: str) -> bool:
    """Whether a version is that of an edition, or of a patch of it."""
    given = version.strip().lstrip("vV")
    known = [edition.rpartition("-")[2] for edition in edition_ids()]
    return any(given == one or given.startswith(f"{one}.") for one in known)
