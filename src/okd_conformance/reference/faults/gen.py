"""Faults in HTTP, errors and JSON, and in the facts about the service."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from okd_conformance.base.text import Text
from okd_conformance.reference import routes
from okd_conformance.reference.answers import Answer, Refused
from okd_conformance.reference.compose import Several
from okd_conformance.reference.faults.change import after, before, refuse_if
from okd_conformance.reference.faults.registry import EVERY_ROLE, fault
from okd_conformance.standard.edition import Operation
from okd_conformance.standard.fields import deref, validator

if TYPE_CHECKING:
    from okd_conformance.reference.behaviour import Behaviour, Values
    from okd_conformance.reference.world import Call, World


@fault(
    "other-method-400",
    breaks="OKD-GEN-001",
    roles=EVERY_ROLE,
    says=Text(
        nl="Een methode die het pad niet kent, krijgt 400 in plaats van 405.",
        en="A method that the path does not have gets 400 instead of 405.",
    ),
)
def _other_method_400(behaviour: Behaviour) -> None:
    behaviour.answer_with("method_not_allowed", 400)


@fault(
    "allow-missing",
    breaks="OKD-GEN-002",
    roles=EVERY_ROLE,
    says=Text(nl="Bij een 405 ontbreekt de header Allow.", en="A 405 lacks the header Allow."),
)
def _allow_missing(behaviour: Behaviour) -> None:
    def stripped(answer: Answer, *_: object) -> Answer:
        answer.headers.pop("Allow", None)
        return answer

    after(behaviour, "problem", stripped)


@fault(
    "html-errors",
    breaks="OKD-GEN-003",
    roles=EVERY_ROLE,
    says=Text(nl="Fouten zijn een webpagina.", en="Errors are a web page."),
)
def _html_errors(behaviour: Behaviour) -> None:
    def page(answer: Answer, _world: World, refused: Refused) -> Answer:
        answer.body = f"<html><body><h1>{refused.situation}</h1></body></html>".encode()
        answer.media_type = "text/html; charset=utf-8"
        return answer

    after(behaviour, "problem", page)


@fault(
    "plain-json-errors",
    breaks="OKD-GEN-003",
    roles=EVERY_ROLE,
    says=Text(nl="Fouten hebben het type application/json.", en="Errors have the type application/json."),
)
def _plain_json_errors(behaviour: Behaviour) -> None:
    def plain(answer: Answer, *_: object) -> Answer:
        answer.media_type = "application/json"
        return answer

    after(behaviour, "problem", plain)


@fault(
    "problem-without-title",
    breaks="OKD-GEN-004",
    roles=EVERY_ROLE,
    says=Text(nl="Een foutmelding heeft geen titel.", en="A problem document has no title."),
)
def _problem_without_title(behaviour: Behaviour) -> None:
    def untitled(answer: Answer, world: World, refused: Refused) -> Answer:
        title = world.behaviour.situations[refused.situation].title
        body = {name: value for name, value in json.loads(answer.body).items() if value != title}
        answer.body = json.dumps(body).encode()
        return answer

    after(behaviour, "problem", untitled)


@fault(
    "problem-status-differs",
    breaks="OKD-GEN-004",
    roles=EVERY_ROLE,
    says=Text(
        nl="De status in de foutmelding is een andere dan die van het antwoord.",
        en="The status in the problem document differs from that of the answer.",
    ),
)
def _problem_status_differs(behaviour: Behaviour) -> None:
    behaviour.problem_status = lambda status: status + 1


@fault(
    "not-uuid-500",
    breaks=("OKD-GEN-005", "OKD-GEN-012"),
    roles=EVERY_ROLE,
    says=Text(
        nl="Een id in het pad dat geen UUID is, geeft een serverfout.",
        en="An id in the path that is not a UUID gives a server error.",
    ),
)
def _not_uuid_500(behaviour: Behaviour) -> None:
    behaviour.answer_with("bad_path_id", 500)


@fault(
    "capitals-make-another-id",
    breaks="OKD-GEN-006",
    roles=EVERY_ROLE,
    says=Text(nl="Een UUID in hoofdletters is een ander id.", en="A UUID in capitals is another id."),
)
def _capitals_make_another_id(behaviour: Behaviour) -> None:
    def path_ids(operation: Operation, values: Mapping[str, str]) -> dict[str, str]:
        ids = routes.path_ids(operation, values)
        if any(value != value.lower() for value in values.values()):
            raise Refused("unknown_document")
        return ids

    behaviour.path_ids = path_ids


@fault(
    "malformed-json-500",
    breaks=("OKD-GEN-007", "OKD-GEN-012"),
    roles=EVERY_ROLE,
    says=Text(
        nl="Een body die geen JSON is, geeft een serverfout.",
        en="A body that is not JSON gives a server error.",
    ),
)
def _malformed_json_500(behaviour: Behaviour) -> None:
    behaviour.answer_with("not_json", 500)
    behaviour.answer_with("not_an_object", 500)


@fault(
    "other-media-type-400",
    breaks="OKD-GEN-008",
    roles=EVERY_ROLE,
    says=Text(
        nl="Een verkeerd mediatype krijgt 400 in plaats van 415.",
        en="A wrong media type gets 400 instead of 415.",
    ),
)
def _other_media_type_400(behaviour: Behaviour) -> None:
    behaviour.answer_with("media_type", 400)


@fault(
    "unknown-field-refused",
    breaks="OKD-GEN-009",
    roles=EVERY_ROLE,
    says=Text(
        nl="Een bericht met een onbekend veld wordt geweigerd.",
        en="A message with an unknown field is refused.",
    ),
)
def _unknown_field_refused(behaviour: Behaviour) -> None:
    inner = behaviour.errors

    def errors(schema: Mapping[str, Any], value: Any) -> list[str]:
        return inner(schema, value) or _unknown(schema, schema, value)

    behaviour.errors = errors


def _unknown(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> list[str]:
    """The properties that no branch of the schema that fits knows, at any level."""
    if isinstance(value, list):
        item = _merged(root, schema, value).get("items", {})
        return [name for element in value for name in _unknown(root, item, element)]
    if not isinstance(value, dict):
        return []
    known = _merged(root, schema, value).get("properties", {})
    found = [name for name in value if known and name not in known]
    for name, sub in known.items():
        if name in value:
            found += _unknown(root, sub, value[name])
    return found


def _merged(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """The schema with the properties and items of its branches that fit."""
    schema = deref(root, schema)
    merged = {key: dict(part) if key == "properties" else part for key, part in schema.items()}
    for word in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(word, ()):
            whole = {**deref(root, branch), "components": root.get("components", {})}
            if word == "allOf" or not list(validator(whole).iter_errors(value)):
                part = _merged(root, branch, value)
                merged.setdefault("properties", {}).update(part.get("properties", {}))
                merged.setdefault("items", part.get("items", {}))
    return merged


@fault(
    "answer-outside-schema",
    breaks="OKD-GEN-010",
    roles=EVERY_ROLE,
    says=Text(
        nl="De ondersteunde versies staan als één tekst in het antwoord in plaats van als lijst.",
        en="The supported versions are one text in the answer instead of a list.",
    ),
)
def _answer_outside_schema(behaviour: Behaviour) -> None:
    def change(values: Values, _call: Call) -> Values:
        return {**values, "supported_versions": ", ".join(values["supported_versions"])}

    after(behaviour, "describe_service", change)


@fault(
    "text-mangled",
    breaks="OKD-GEN-011",
    says=Text(
        nl="Letters met accenten raken verminkt, doordat UTF-8 als latin-1 wordt gelezen.",
        en="Letters with accents are mangled, because UTF-8 is read as latin-1.",
    ),
)
def _text_mangled(behaviour: Behaviour) -> None:
    inner = behaviour.parse_object
    behaviour.parse_object = lambda raw: inner(raw.decode("latin-1").encode())


@fault(
    "500-on-unknown-id",
    breaks=("OKD-GEN-012", "OKD-FX-007"),
    roles=EVERY_ROLE,
    says=Text(
        nl="Een onbekend document geeft een serverfout.", en="An unknown document gives a server error."
    ),
)
def _500_on_unknown_id(behaviour: Behaviour) -> None:
    behaviour.answer_with("unknown_document", 500)


@fault(
    "chunked-refused",
    breaks="OKD-GEN-013",
    roles=EVERY_ROLE,
    says=Text(
        nl="Een bericht zonder Content-Length wordt geweigerd.",
        en="A message without Content-Length is refused.",
    ),
)
def _chunked_refused(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_operation_rights",
        refuse_if("empty_body", lambda call: "transfer-encoding" in call.request.headers),
    )


@fault(
    "expect-500",
    breaks="OKD-GEN-014",
    says=Text(
        nl="Een upload met Expect: 100-continue geeft een serverfout.",
        en="An upload with Expect: 100-continue gives a server error.",
    ),
)
def _expect_500(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_operation_rights",
        refuse_if("server_fault", lambda call: "expect" in call.request.headers),
    )


@fault(
    "throttles-without-retry-after",
    breaks="OKD-GEN-015",
    roles=EVERY_ROLE,
    says=Text(
        nl="Nu en dan een 429 zonder te zeggen wanneer het weer mag.",
        en="Now and then a 429 that does not say when to try again.",
    ),
)
def _throttles(behaviour: Behaviour) -> None:
    throttle(behaviour, {})


def throttle(behaviour: Behaviour, headers: dict[str, str]) -> None:
    """Answer every fortieth request with 429."""
    behaviour.situations["too_many"] = dataclasses.replace(
        behaviour.situations["no_rights"],
        status=429,
        title="Too many requests",
        detail="Try again in a moment.",
        headers=tuple(headers.items()),
    )
    served = 0

    def count(_call: Call) -> None:
        nonlocal served
        served += 1
        if served % 40 == 0:
            raise Refused("too_many")

    before(behaviour, "check_operation_rights", count)


@fault(
    "singular-paths",
    breaks="OKD-GEN-016",
    roles=EVERY_ROLE,
    says=Text(
        nl="De paden staan in het enkelvoud, zoals in een oudere editie.",
        en="The paths are in the singular, as in an older edition.",
    ),
)
def _singular_paths(behaviour: Behaviour) -> None:
    def path_of(operation: Operation) -> str:
        first, slash, rest = operation.path[1:].partition("/")
        return "/" + first.removesuffix("s") + slash + rest

    behaviour.path_of = path_of


@fault(
    "service-needs-token",
    breaks="OKD-SRV-001",
    roles=EVERY_ROLE,
    says=Text(
        nl="De gegevens over de dienst zelf vragen om een token.",
        en="The facts about the service itself need a token.",
    ),
)
def _service_needs_token(behaviour: Behaviour) -> None:
    behaviour.needs_token = lambda _call: True


@fault(
    "contact-not-a-mail-address",
    breaks="OKD-SRV-002",
    roles=EVERY_ROLE,
    says=Text(nl="Het contactadres is geen mailadres.", en="The contact address is not a mail address."),
)
def _contact_not_a_mail_address(behaviour: Behaviour) -> None:
    after(behaviour, "describe_service", lambda values, _call: {**values, "contact_email": "Beheer"})


@fault(
    "consumer-not-named",
    breaks="OKD-SRV-003",
    roles=EVERY_ROLE,
    says=Text(
        nl="De dienst vertelt niet dat hij OKD ondersteunt.",
        en="The service does not tell that it supports OKD.",
    ),
)
def _consumer_not_named(behaviour: Behaviour) -> None:
    after(behaviour, "describe_service", lambda values, _call: {**values, "supported_consumers": Several(())})
