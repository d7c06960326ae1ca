"""Faults in the metadata of an upload: what is read of them, and what is checked."""

from __future__ import annotations

from typing import Any

from okd_conformance.reference.faults.change import after, before, refusing, without_errors
from okd_conformance.reference.faults.registry import fault, faults
from okd_conformance.reference.storage import StoredDocument
from okd_conformance.reference.world import Behaviour, Call, ReceivedPart
from okd_conformance.standard.fields import Body, allowed_values, field_name


@fault("body-id-wins", before("check_metadata"))
def _body_id_wins(call: Call, body: Body, _file: object) -> None:
    given = {m: body.get(m) for m in call.ids if isinstance(body.get(m), str)}
    call.ids = {**call.ids, **{m: v.lower() for m, v in given.items()}}


@fault("only-first-consumer-read", refusing("check_metadata", "metadata_invalid"))
def _only_first_consumer_read(_call: Call, body: Body, _file: object) -> bool:
    consumers, name = body.get("consumers"), field_name(body.schema, "consumer_key")
    own = allowed_values(body.schema, "consumer_key")
    first = consumers[0] if isinstance(consumers, list) and consumers else None
    return isinstance(first, dict) and first.get(name) not in own


@fault("required-metadata-not-checked")
def _required_metadata_not_checked(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"required", "contains", "minItems"}, _is_metadata)


@fault("subtype-from-a-list", refusing("check_metadata", "metadata_invalid"))
def _subtype_from_a_list(call: Call, body: Body, _file: object) -> bool:
    examples = call.operation.examples.values()
    part = call.operation.part("metadata")
    known = {Body(part.schema, example).get("document_subtype") for example in examples}
    return body.get("document_subtype") not in (None, *known)


@fault("retention-in-years-only", refusing("check_metadata", "metadata_invalid"))
def _retention_in_years_only(_call: Call, body: Body, _file: object) -> bool:
    period = body.get("retention_period")
    return isinstance(period, str) and not period.endswith("Y")


@fault("received-date-required", refusing("check_metadata", "metadata_invalid"))
def _received_date_required(_call: Call, body: Body, _file: object) -> bool:
    return not body.has("received_date")


@fault("retention-suggestion-required", refusing("check_metadata", "metadata_invalid"))
def _retention_suggestion_required(_call: Call, body: Body, _file: object) -> bool:
    return not body.has("retention_period")


@fault("size-required", refusing("check_metadata", "metadata_invalid"))
def _size_required(_call: Call, body: Body, _file: object) -> bool:
    return not body.has("document_size")


@fault("metadata-types-not-checked")
def _metadata_types_not_checked(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"type", "format", "minimum"}, _is_metadata)
    _overlook_size(behaviour, lambda given: not isinstance(given, int) or given < 0)


def _is_metadata(schema: Any) -> bool:
    return field_name(schema, "consumers") is not None


@fault("given-size-believed")
def _given_size_believed(behaviour: Behaviour) -> None:
    given: dict[str, Any] = {}
    _overlook_size(behaviour, lambda _given: True)

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


def _overlook_size(behaviour: Behaviour, case: Any) -> None:
    """Don't compare the given size with the real one, in the cases where ``case`` is true of it."""
    inner = behaviour.check_metadata

    def check_metadata(call: Call, body: Body, file: ReceivedPart | None) -> None:
        given = body.get("document_size")
        inner(call, body, None if given is not None and case(given) else file)

    behaviour.check_metadata = check_metadata


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
        "any-document-type": lambda behaviour: without_errors(behaviour, {"enum"}, _is_metadata),
    }
)
