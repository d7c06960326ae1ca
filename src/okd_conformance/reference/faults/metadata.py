"""Faults in the metadata of an upload: what is read of them, and what is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okd_conformance.reference.faults.change import after, before, refuse_if, without_errors
from okd_conformance.reference.faults.registry import fault
from okd_conformance.reference.storage import StoredDocument
from okd_conformance.reference.world import ReceivedPart
from okd_conformance.standard.fields import Body, allowed_values, field_name

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour, Call


@fault("body-id-wins")
def _body_id_wins(behaviour: Behaviour) -> None:
    def follow(call: Call, body: Body, _file: object) -> None:
        given = {m: body.get(m) for m in call.ids if isinstance(body.get(m), str)}
        call.ids = {**call.ids, **{m: v.lower() for m, v in given.items()}}

    before(behaviour, "check_metadata", follow)


@fault("only-first-consumer-read")
def _only_first_consumer_read(behaviour: Behaviour) -> None:
    def others_first(_call: Call, body: Body, _file: object) -> bool:
        consumers, name = body.get("consumers"), field_name(body.schema, "consumer_key")
        own = allowed_values(body.schema, "consumer_key")
        first = consumers[0] if isinstance(consumers, list) and consumers else None
        return isinstance(first, dict) and first.get(name) not in own

    before(behaviour, "check_metadata", refuse_if("metadata_invalid", others_first))


@fault("required-metadata-not-checked")
def _required_metadata_not_checked(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"required", "contains", "minItems"}, _is_metadata)


@fault("any-document-type")
def _any_document_type(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"enum"}, _is_metadata)


@fault("subtype-from-a-list")
def _subtype_from_a_list(behaviour: Behaviour) -> None:
    def unknown(call: Call, body: Body, _file: object) -> bool:
        examples = call.operation.examples.values()
        part = call.operation.part("metadata")
        known = {Body(part.schema, example).get("document_subtype") for example in examples}
        return body.get("document_subtype") not in (None, *known)

    before(behaviour, "check_metadata", refuse_if("metadata_invalid", unknown))


@fault("retention-in-years-only")
def _retention_in_years_only(behaviour: Behaviour) -> None:
    def other(_call: Call, body: Body, _file: object) -> bool:
        period = body.get("retention_period")
        return isinstance(period, str) and not period.endswith("Y")

    before(behaviour, "check_metadata", refuse_if("metadata_invalid", other))


@fault("received-date-required")
def _received_date_required(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_metadata",
        refuse_if("metadata_invalid", lambda _call, body, _file: not body.has("received_date")),
    )


@fault("retention-suggestion-required")
def _retention_suggestion_required(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_metadata",
        refuse_if("metadata_invalid", lambda _call, body, _file: not body.has("retention_period")),
    )


@fault("size-required")
def _size_required(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_metadata",
        refuse_if("metadata_invalid", lambda _call, body, _file: not body.has("document_size")),
    )


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

    after(behaviour, "make_document", note)
    after(
        behaviour,
        "describe",
        lambda values, _call, document: {
            **values,
            "document_size": given.get(document.id, values["document_size"]),
        },
    )


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

    before(behaviour, "make_document", refuse_if("server_fault", again))
