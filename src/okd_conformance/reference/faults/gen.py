"""Faults in HTTP, errors and JSON, and in the facts about the service."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from okd_conformance.reference import routes
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.compose import Several
from okd_conformance.reference.faults.change import after, before, of_kind, refuse_if
from okd_conformance.reference.faults.registry import fault
from okd_conformance.standard.fields import Body, deref, validator
from okd_conformance.standard.operation import Operation
from okd_conformance.standard.schemas import BRANCHES, inner

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour, Call, Values, World


@fault("other-method-400")
def _other_method_400(behaviour: Behaviour) -> None:
    behaviour.answer_with("method_not_allowed", 400)


@fault("allow-missing")
def _allow_missing(behaviour: Behaviour) -> None:
    def stripped(answer: Reply, *_: object) -> Reply:
        answer.headers.pop("Allow", None)
        return answer

    after(behaviour, "problem", stripped)


@fault("html-errors")
def _html_errors(behaviour: Behaviour) -> None:
    def page(answer: Reply, _world: World, refused: Refused) -> Reply:
        answer.body = f"<html><body><h1>{refused.situation}</h1></body></html>".encode()
        answer.media_type = "text/html; charset=utf-8"
        return answer

    after(behaviour, "problem", page)


@fault("plain-json-errors")
def _plain_json_errors(behaviour: Behaviour) -> None:
    def plain(answer: Reply, *_: object) -> Reply:
        answer.media_type = "application/json"
        return answer

    after(behaviour, "problem", plain)


@fault("problem-without-title")
def _problem_without_title(behaviour: Behaviour) -> None:
    def untitled(answer: Reply, world: World, refused: Refused) -> Reply:
        title = world.behaviour.situations[refused.situation].title
        body = {name: value for name, value in json.loads(answer.body).items() if value != title}
        answer.body = json.dumps(body).encode()
        return answer

    after(behaviour, "problem", untitled)


@fault("problem-status-differs")
def _problem_status_differs(behaviour: Behaviour) -> None:
    behaviour.problem_status = lambda status: status + 1


@fault("not-uuid-500")
def _not_uuid_500(behaviour: Behaviour) -> None:
    behaviour.answer_with("bad_path_id", 500)


@fault("capitals-make-another-id")
def _capitals_make_another_id(behaviour: Behaviour) -> None:
    def path_ids(operation: Operation, values: Mapping[str, str]) -> dict[str, str]:
        ids = routes.path_ids(operation, values)
        if any(value != value.lower() for value in values.values()):
            raise Refused("unknown_document")
        return ids

    behaviour.path_ids = path_ids


@fault("malformed-json-500")
def _malformed_json_500(behaviour: Behaviour) -> None:
    behaviour.answer_with("not_json", 500)
    behaviour.answer_with("not_an_object", 500)


@fault("other-media-type-500")
def _other_media_type_500(behaviour: Behaviour) -> None:
    behaviour.answer_with("media_type", 500)


@fault("unknown-field-refused")
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
    for (word, _), branch in inner(schema, BRANCHES):
        whole = {**deref(root, branch), "components": root.get("components", {})}
        if word == "allOf" or not list(validator(whole).iter_errors(value)):
            part = _merged(root, branch, value)
            merged.setdefault("properties", {}).update(part.get("properties", {}))
            merged.setdefault("items", part.get("items", {}))
    return merged


@fault("answer-outside-schema")
def _answer_outside_schema(behaviour: Behaviour) -> None:
    def change(values: Values, _call: Call) -> Values:
        return {**values, "supported_versions": ", ".join(values["supported_versions"])}

    after(behaviour, "describe_service", change)


@fault("text-mangled")
def _text_mangled(behaviour: Behaviour) -> None:
    inner = behaviour.parse_object
    behaviour.parse_object = lambda raw: inner(raw.decode("latin-1").encode())


@fault("strange-text-refused")
def _strange_text_refused(behaviour: Behaviour) -> None:
    def is_strange(_call: Call, body: Body, _file: object) -> bool:
        return not str(body.get("document_name") or "").isascii()

    before(behaviour, "check_metadata", refuse_if("metadata_invalid", is_strange))


@fault("500-on-unknown-id")
def _500_on_unknown_id(behaviour: Behaviour) -> None:
    behaviour.answer_with("unknown_document", 500)


@fault("invalid-metadata-503")
def _invalid_metadata_503(behaviour: Behaviour) -> None:
    behaviour.answer_with("metadata_invalid", 503)


@fault("chunked-refused")
def _chunked_refused(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_operation_rights",
        refuse_if("empty_body", lambda call: "transfer-encoding" in call.request.headers),
    )


@fault("expect-500")
def _expect_500(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_operation_rights",
        refuse_if("server_fault", lambda call: "expect" in call.request.headers),
    )


@fault("throttles-without-retry-after")
def _throttles(behaviour: Behaviour) -> None:
    throttle(behaviour, {})


def throttle(behaviour: Behaviour, headers: dict[str, str], status: int = 429, every: int = 40) -> None:
    """Answer one in so many requests with 429, or another status."""
    behaviour.situations["too_many"] = dataclasses.replace(
        behaviour.situations["no_rights"],
        status=status,
        title="Too many requests",
        detail="Try again in a moment.",
        headers=tuple(headers.items()),
    )
    served = 0

    def count(_call: Call) -> None:
        nonlocal served
        served += 1
        if served % every == 0:
            raise Refused("too_many")

    before(behaviour, "check_operation_rights", count)


@fault("singular-paths")
def _singular_paths(behaviour: Behaviour) -> None:
    def path_of(operation: Operation) -> str:
        first, slash, rest = operation.path[1:].partition("/")
        return "/" + first.removesuffix("s") + slash + rest

    behaviour.path_of = path_of


@fault("service-as-text")
def _service_as_text(behaviour: Behaviour) -> None:
    def as_text(call: Call, answer: Reply) -> Reply:
        if of_kind(call, "service") and answer.status == 200:
            answer.media_type = "text/plain"
        return answer

    behaviour.finish.append(as_text)


@fault("contact-not-a-mail-address")
def _contact_not_a_mail_address(behaviour: Behaviour) -> None:
    after(behaviour, "describe_service", lambda values, _call: {**values, "contact_email": "Beheer"})


@fault("consumer-not-named")
def _consumer_not_named(behaviour: Behaviour) -> None:
    after(behaviour, "describe_service", lambda values, _call: {**values, "supported_consumers": Several(())})


@fault("packs-unasked")
def _packs_unasked(behaviour: Behaviour) -> None:
    def packed(_call: Call, answer: Reply) -> Reply:
        if answer.has_json:
            answer.body = gzip.compress(answer.body)
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    behaviour.finish.append(packed)
