"""Faults in HTTP, errors and JSON, and in the facts about the service."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

from okd_conformance.reference import routes
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.compose import Several
from okd_conformance.reference.faults.change import (
    after,
    answering,
    around,
    before,
    finishing,
    instead,
    of_kind,
    refusing,
    telling,
)
from okd_conformance.reference.faults.registry import fault, faults
from okd_conformance.reference.world import Behaviour, Call, Values, World
from okd_conformance.standard.fields import Body, deref, validator
from okd_conformance.standard.operation import Operation
from okd_conformance.standard.schemas import BRANCHES, inner


@fault("allow-missing", after("problem"))
def _allow_missing(answer: Reply, *_: object) -> Reply:
    answer.headers.pop("Allow", None)
    return answer


@fault("html-errors", after("problem"))
def _html_errors(answer: Reply, _world: World, refused: Refused) -> Reply:
    answer.body = f"<html><body><h1>{refused.situation}</h1></body></html>".encode()
    answer.media_type = "text/html; charset=utf-8"
    return answer


@fault("plain-json-errors", after("problem"))
def _plain_json_errors(answer: Reply, *_: object) -> Reply:
    answer.media_type = "application/json"
    return answer


@fault("problem-without-title", after("problem"))
def _problem_without_title(answer: Reply, world: World, refused: Refused) -> Reply:
    title = world.behaviour.situations[refused.situation].title
    body = {name: value for name, value in json.loads(answer.body).items() if value != title}
    answer.body = json.dumps(body).encode()
    return answer


@fault("capitals-make-another-id", instead("path_ids"))
def _capitals_make_another_id(operation: Operation, values: Mapping[str, str]) -> dict[str, str]:
    ids = routes.path_ids(operation, values)
    if any(value != value.lower() for value in values.values()):
        raise Refused("unknown_document")
    return ids


@fault("unknown-field-refused", around("errors"))
def _unknown_field_refused(
    inner: Callable[..., list[str]], schema: Mapping[str, Any], value: Any
) -> list[str]:
    return inner(schema, value) or _unknown(schema, schema, value)


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


@fault("answer-outside-schema", after("describe_service"))
def _answer_outside_schema(values: Values, _call: Call) -> Values:
    return {**values, "supported_versions": ", ".join(values["supported_versions"])}


@fault("strange-text-refused", refusing("check_metadata", "metadata_invalid"))
def _strange_text_refused(_call: Call, body: Body, _file: object) -> bool:
    return not str(body.get("document_name") or "").isascii()


@fault("chunked-refused", refusing("check_operation_rights", "empty_body"))
def _chunked_refused(call: Call) -> bool:
    return "transfer-encoding" in call.request.headers


@fault("expect-500", refusing("check_operation_rights", "server_fault"))
def _expect_500(call: Call) -> bool:
    return "expect" in call.request.headers


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

    before("check_operation_rights")(count)(behaviour)


@fault("singular-paths", instead("path_of"))
def _singular_paths(operation: Operation) -> str:
    first, slash, rest = operation.path[1:].partition("/")
    return "/" + first.removesuffix("s") + slash + rest


@fault("service-as-text", finishing)
def _service_as_text(call: Call, answer: Reply) -> Reply:
    if of_kind(call, "service") and answer.status == 200:
        answer.media_type = "text/plain"
    return answer


@fault("errors-without-detail", after("problem"))
def without_detail(answer: Reply, world: World, refused: Refused) -> Reply:
    """Leave only the status and the title of an error message."""
    title = world.behaviour.situations[refused.situation].title
    kept = {name: v for name, v in json.loads(answer.body).items() if not isinstance(v, str) or v == title}
    answer.body = json.dumps(kept).encode()
    return answer


@fault("packs-unasked", finishing)
def _packs_unasked(_call: Call, answer: Reply) -> Reply:
    return packed(answer) if answer.has_json else answer


def packed(answer: Reply) -> Reply:
    """Pack an answer with gzip."""
    answer.body = gzip.compress(answer.body)
    answer.headers["Content-Encoding"] = "gzip"
    return answer


faults(
    {
        "malformed-json-500": answering(500, "not_json", "not_an_object"),
        "contact-not-a-mail-address": telling("describe_service", contact_email="Beheer"),
        "consumer-not-named": telling("describe_service", supported_consumers=Several(())),
        "other-method-400": answering(400, "method_not_allowed"),
        "problem-status-differs": instead("problem_status")(lambda status: status + 1),
        "not-uuid-500": answering(500, "bad_path_id"),
        "other-media-type-500": answering(500, "media_type"),
        "text-mangled": around("parse_object")(lambda inner, raw: inner(raw.decode("latin-1").encode())),
        "500-on-unknown-id": answering(500, "unknown_document"),
        "invalid-metadata-503": answering(503, "metadata_invalid"),
        "throttles-without-retry-after": lambda behaviour: throttle(behaviour, {}),
    }
)
