"""Faults in reading, replacing and deleting documents, and in the size limits."""

from __future__ import annotations

import sys
from collections.abc import Callable

from multipart import parse_options_header
from starlette.requests import Request

from okd_conformance.reference import downloads, rights
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import (
    after,
    answering,
    around,
    before,
    concealing,
    instead,
    of_kind,
    refusing,
    succeeding,
    telling,
    unless,
)
from okd_conformance.reference.faults.registry import Change, fault, faults
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.tokens import bearer_token
from okd_conformance.reference.world import Behaviour, Call, Values
from okd_conformance.standard.operation import Binding

_HEADERS = 1 << 16
"""What a message may be longer than the document in it."""


@fault("specific-scope-reads-nothing", around("scope_counts"))
def _only_the_broad_scope(inner: Callable[..., bool], call: Call, binding: Binding, scope: str) -> bool:
    cells = [b.scopes for b in call.operation.bindings if b.scopes is not None]
    broad = all(scope in c.sufficient for c in cells)
    return inner(call, binding, scope) and (broad or not of_kind(call, "read", "metadata"))


def _any_type_will_do(*kinds: str) -> Change:
    """Don't look at the type of a document when judging the scope."""
    return unless("check_type_rights")(lambda call, _type: of_kind(call, *kinds))


@fault("enrolment-scope-told-404", refusing("check_type_rights", "unknown_document"))
def _enrolment_scope_told_404(call: Call, document_type: str | None) -> bool:
    cells = rights.binding_for(call.operation, document_type).scopes
    return cells is not None and of_kind(call, "read") and call.caller.scopes <= set(cells.disputed)


@fault("component-id-gives-another", before("find_document"))
def _component_id_gives_another(call: Call) -> None:
    asked = call.ids["dms_document_id"]
    held = call.world.store.documents(call.role)
    if any((document.component_document_id or "").lower() == asked for document in held):
        other = next(d for d in held if (d.component_document_id or "").lower() != asked)
        call.ids = {**call.ids, "dms_document_id": other.id.lower()}


@fault("metadata-names-component-id", after("describe"))
def _metadata_names_component_id(values: Values, _call: Call, document: StoredDocument) -> Values:
    return {
        **values,
        "dms_document_id": document.component_document_id or values["dms_document_id"],
    }


@fault("temp-url-needs-token", refusing("deliver_download", "no_token"))
def _temp_url_needs_token(_world: object, request: Request, _document: object) -> bool:
    return bearer_token(request) is None


@fault("temp-url-guessable", instead("make_download_url"))
def _temp_url_guessable(call: Call, document: StoredDocument) -> str:
    return downloads.make_link(call, document, document.id)


@fault("temp-url-outlives-document")
def _temp_url_outlives_document(behaviour: Behaviour) -> None:
    removed: set[str] = set()
    behaviour.remove = lambda _call, document: removed.add(document.id.lower())
    refusing("find_document", "unknown_document")(lambda call: call.ids["dms_document_id"] in removed)(
        behaviour
    )


@fault("creation-date-without-time", after("describe"))
def _creation_date_without_time(values: Values, *_: object) -> Values:
    return {**values, "creation_date": values["creation_date"][:10]}


@fault("registered-not-readable", instead("may_use"))
def _registered_not_readable(call: Call, document: StoredDocument) -> bool:
    return call.caller.component == document.component


@fault("range-500", refusing("deliver", "server_fault"))
def _range_500(call: Call, _document: object) -> bool:
    return "range" in call.request.headers


@fault("replace-one-type-only", before("check_binary_type"))
def _replace_one_type_only(call: Call) -> None:
    media_type, _ = parse_options_header(call.request.headers.get("content-type", ""))
    accepted = next(iter(call.operation.request))
    if media_type != accepted:
        raise Refused("media_type", accepted=accepted)


@fault("patch-changes-metadata", before("replace_content"))
def _patch_changes_metadata(call: Call, document: StoredDocument, _spool: Spool) -> None:
    _, options = parse_options_header(call.request.headers.get("content-disposition", ""))
    document.name = document.title = str(options.get("filename") or "document.bin")


@fault("stale-size")
def _stale_size(behaviour: Behaviour) -> None:
    first: dict[str, int] = {}
    before("replace_content")(lambda _call, document, _spool: first.setdefault(document.id, document.size))(
        behaviour
    )
    after("describe")(
        lambda values, _call, document: {
            **values,
            "document_size": first.get(document.id, values["document_size"]),
        }
    )(behaviour)


@fault("replace-of-unknown-accepted", around("find_document"))
def _replace_of_unknown_accepted(inner: Callable[..., StoredDocument], call: Call) -> StoredDocument:
    known = call.world.store.document(call.role, call.ids["dms_document_id"])
    if known is not None or not of_kind(call, "replace"):
        return inner(call)
    file, _ = call.world.store.keep(call.world.store.spool())
    return StoredDocument(call.ids["dms_document_id"], call.caller.component, None, None, "", "", file=file)


@fault("multipart-stored-raw", unless("check_binary_type"))
def _multipart_stored_raw(call: Call) -> bool:
    return call.request.headers.get("content-type", "").lower().startswith("multipart/")


@fault("second-delete-succeeds")
def _second_delete_succeeds(behaviour: Behaviour) -> None:
    removed: set[str] = set()
    behaviour.remove = lambda _call, document: removed.add(document.id.lower())
    refusing("find_document", "unknown_document")(
        lambda call: call.ids["dms_document_id"] in removed and not of_kind(call, "delete")
    )(behaviour)


@fault("notice-scope-told-404", refusing("check_operation_rights", "unknown_document"))
def _notice_scope_told_404(call: Call) -> bool:
    cells = [b.scopes for b in call.operation.bindings if b.scopes is not None]
    known = call.caller.scopes & set(call.world.edition.scopes)
    return (
        of_kind(call, "delete")
        and bool(known)
        and all(any(s in c.disputed for c in cells) for s in known)
        and not any(s in c.sufficient for c in cells for s in known)
    )


@fault("delete-removes-siblings", before("remove"))
def _delete_removes_siblings(call: Call, document: StoredDocument) -> None:
    for other in call.world.store.documents(call.role):
        if other.id != document.id and other.filed == document.filed:
            call.world.store.remove(call.role, other)


@fault("small-limit", instead("document_limit"))
def _small_limit(call: Call) -> int:
    return call.world.edition.limits["message_bytes"] // 10


def _announced(call: Call) -> int:
    """How long the message is, as its header says; 0 when it doesn't say."""
    length = call.request.headers.get("content-length", "")
    return int(length) if length.isdigit() else 0


@fault("between-the-readings-500", refusing("boundary_of", "server_fault"))
def _between_the_readings_500(call: Call) -> bool:
    limits = call.world.edition.limits
    most = limits["document_bytes"] + _HEADERS
    return limits["message_bytes"] < _announced(call) <= most


@fault("leave-asked-500", refusing("boundary_of", "server_fault"))
def _leave_asked_500(call: Call) -> bool:
    return "expect" in call.request.headers and _announced(call) > call.behaviour.document_limit(call)


@fault("replace-without-limit", around("document_limit"))
def _replace_without_limit(inner: Callable[..., int], call: Call) -> int:
    return sys.maxsize if of_kind(call, "replace") else inner(call)


@fault("large-document-cut", after("deliver"))
def _large_document_cut(answer: Reply, call: Call, _document: StoredDocument) -> Reply:
    if answer.size > call.world.edition.limits["message_bytes"] // 2:
        answer.size //= 2
    return answer


faults(
    {
        "delivered-as-web-page": instead("delivered_type")(lambda *_: "text/html"),
        "other-type-readable": _any_type_will_do("read", "metadata"),
        "others-documents-readable": instead("may_use")(lambda *_: True),
        "metadata-without-url": concealing("describe", "download_url"),
        "metadata-size-wrong": telling("describe", document_size=0),
        "replace-answers-202": succeeding(202, "replace_content"),
        "patch-keeps-old-content": instead("replace_content")(lambda *_: None),
        "lock-ignored": instead("refuse_locked")(lambda *_: None),
        "other-type-replaceable": _any_type_will_do("replace"),
        "empty-replacement-accepted": instead("refuse_empty")(lambda *_: None),
        "delete-answers-202": succeeding(202, "delete_document"),
        "delete-does-nothing": instead("remove")(lambda *_: None),
        "other-type-deletable": _any_type_will_do("delete"),
        "destroyed-still-given": instead("destroy")(lambda *_: None),
        "oversize-500": answering(500, "too_large"),
    }
)
