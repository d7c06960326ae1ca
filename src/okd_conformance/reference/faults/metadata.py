"""Faults in the metadata of an upload: what is read of them, and what is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from okd_conformance.reference.faults.change import (
    after,
    around,
    before,
    both,
    lacks,
    refusing,
    without_errors,
)
from okd_conformance.reference.faults.registry import Change, fault, faults
from okd_conformance.reference.storage import StoredDocument
from okd_conformance.reference.world import Behaviour, Call
from okd_conformance.standard.fields import Body, allowed_values, field_name

_refuse = refusing("check_metadata", "metadata_invalid")


@fault("body-id-wins", before("check_metadata"))
def _body_id_wins(call: Call, body: Body, _file: object) -> None:
    given = {m: body.get(m) for m in call.ids if isinstance(body.get(m), str)}
    call.ids = {**call.ids, **{m: v.lower() for m, v in given.items()}}


@fault("only-first-consumer-read", _refuse)
def _only_first_consumer_read(_call: Call, body: Body, _file: object) -> bool:
    consumers, name = body.get("consumers"), field_name(body.schema, "consumer_key")
    own = allowed_values(body.schema, "consumer_key")
    first = consumers[0] if isinstance(consumers, list) and consumers else None
    return isinstance(first, dict) and first.get(name) not in own


@fault("subtype-from-a-list", _refuse)
def _subtype_from_a_list(call: Call, body: Body, _file: object) -> bool:
    examples = call.operation.examples.values()
    part = call.operation.part("metadata")
    known = {Body(part.schema, example).get("document_subtype") for example in examples}
    return body.get("document_subtype") not in (None, *known)


@fault("retention-in-years-only", _refuse)
def _retention_in_years_only(_call: Call, body: Body, _file: object) -> bool:
    period = body.get("retention_period")
    return isinstance(period, str) and not period.endswith("Y")


def _is_metadata(schema: Any) -> bool:
    return field_name(schema, "consumers") is not None


@fault("given-size-believed")
def _given_size_believed(behaviour: Behaviour) -> None:
    given: dict[str, Any] = {}
    _overlook_size(lambda _given: True)(behaviour)

    def note(document: StoredDocument, _call: Call, body: Body, _file: object) -> StoredDocument:
        if body.has("document_size"):
            given[document.id] = body.get("document_size")
        return document

    after("make_document")(note)(behaviour)
    after("describe")(
        lambda values, _call, document: {
            **values,
            "document_size": given.get(document.id, values["document_size"]),
        }
    )(behaviour)


def _overlook_size(case: Callable[[Any], bool]) -> Change:
    """Don't compare the given size with the real one, in the cases where ``case`` is true of it."""

    def check_metadata(inner: Callable[..., None], call: Call, body: Body, file: object) -> None:
        given = body.get("document_size")
        inner(call, body, None if given is not None and case(given) else file)

    return around("check_metadata")(check_metadata)


@fault("second-upload-500")
def _second_upload_500(behaviour: Behaviour) -> None:
    seen: set[str] = set()

    def again(_call: Call, body: Body, _file: object) -> bool:
        own = body.get("component_document_id")
        known = own in seen
        seen.add(str(own))
        return own is not None and known

    refusing("make_document", "server_fault")(again)(behaviour)


faults(
    {
        "received-date-required": _refuse(lacks("received_date")),
        "retention-suggestion-required": _refuse(lacks("retention_period")),
        "size-required": _refuse(lacks("document_size")),
        "required-metadata-not-checked": without_errors({"required", "contains", "minItems"}, _is_metadata),
        "metadata-types-not-checked": both(
            without_errors({"type", "format", "minimum"}, _is_metadata),
            _overlook_size(lambda given: not isinstance(given, int) or given < 0),
        ),
        "any-document-type": without_errors({"enum"}, _is_metadata),
    }
)
