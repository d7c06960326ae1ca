"""Faults in reading, replacing and deleting documents, and in the size limits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from multipart import parse_options_header

from okd_conformance.reference import downloads, rights
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import after, before, of_kind, refuse_if, unless
from okd_conformance.reference.faults.registry import fault
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.tokens import bearer_token
from okd_conformance.standard.operation import Binding

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour, Call


_HEADERS = 1 << 16
"""What a message may be longer than the document in it."""


@fault("delivered-as-web-page")
def _delivered_as_web_page(behaviour: Behaviour) -> None:
    behaviour.delivered_type = lambda *_: "text/html"


@fault("specific-scope-reads-nothing")
def _specific_scope_reads_nothing(behaviour: Behaviour) -> None:
    only_the_broad_scope(behaviour, "read", "metadata")


def only_the_broad_scope(behaviour: Behaviour, *kinds: str) -> None:
    """Let operations of these kinds take only a scope that suffices for every type of document."""
    inner = behaviour.scope_counts

    def scope_counts(call: Call, binding: Binding, scope: str) -> bool:
        cells = [b.scopes for b in call.operation.bindings if b.scopes is not None]
        broad = all(scope in c.sufficient for c in cells)
        return inner(call, binding, scope) and (broad or not of_kind(call, *kinds))

    behaviour.scope_counts = scope_counts


@fault("other-type-readable")
def _other_type_readable(behaviour: Behaviour) -> None:
    any_type_will_do(behaviour, "read", "metadata")


def any_type_will_do(behaviour: Behaviour, *kinds: str) -> None:
    """Don't look at the type of a document when judging the scope."""
    unless(behaviour, "check_type_rights", lambda call, _type: of_kind(call, *kinds))


@fault("enrolment-scope-told-404")
def _enrolment_scope_told_404(behaviour: Behaviour) -> None:
    def disputed(call: Call, document_type: str | None) -> bool:
        cells = rights.binding_for(call.operation, document_type).scopes
        return cells is not None and of_kind(call, "read") and call.caller.scopes <= set(cells.disputed)

    before(behaviour, "check_type_rights", refuse_if("unknown_document", disputed))


@fault("others-documents-readable")
def _others_documents_readable(behaviour: Behaviour) -> None:
    behaviour.may_use = lambda *_: True


@fault("component-id-gives-another")
def _component_id_gives_another(behaviour: Behaviour) -> None:
    def mix_up(call: Call) -> None:
        asked = call.ids["dms_document_id"]
        held = call.world.store.documents(call.role)
        if any((document.component_document_id or "").lower() == asked for document in held):
            other = next(d for d in held if (d.component_document_id or "").lower() != asked)
            call.ids = {**call.ids, "dms_document_id": other.id.lower()}

    before(behaviour, "find_document", mix_up)


@fault("metadata-names-component-id")
def _metadata_names_component_id(behaviour: Behaviour) -> None:
    after(
        behaviour,
        "describe",
        lambda values, _call, document: {
            **values,
            "dms_document_id": document.component_document_id or values["dms_document_id"],
        },
    )


@fault("metadata-without-url")
def _metadata_without_url(behaviour: Behaviour) -> None:
    _without(behaviour, "download_url")


def _without(behaviour: Behaviour, *meanings: str) -> None:
    after(
        behaviour,
        "describe",
        lambda values, *_: {m: value for m, value in values.items() if m not in meanings},
    )


@fault("temp-url-needs-token")
def _temp_url_needs_token(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "deliver_download",
        refuse_if("no_token", lambda _world, request, _document: bearer_token(request) is None),
    )


@fault("temp-url-guessable")
def _temp_url_guessable(behaviour: Behaviour) -> None:
    def make_download_url(call: Call, document: StoredDocument) -> str:
        return downloads.make_link(call, document, document.id)

    behaviour.make_download_url = make_download_url


@fault("temp-url-outlives-document")
def _temp_url_outlives_document(behaviour: Behaviour) -> None:
    hide(behaviour, set())


def hide(behaviour: Behaviour, removed: set[str]) -> None:
    """Hide deleted documents instead of removing them."""
    behaviour.remove = lambda _call, document: removed.add(document.id.lower())
    before(
        behaviour,
        "find_document",
        refuse_if("unknown_document", lambda call: call.ids["dms_document_id"] in removed),
    )


@fault("metadata-size-wrong")
def _metadata_size_wrong(behaviour: Behaviour) -> None:
    after(behaviour, "describe", lambda values, *_: {**values, "document_size": 0})


@fault("creation-date-without-time")
def _creation_date_without_time(behaviour: Behaviour) -> None:
    after(
        behaviour,
        "describe",
        lambda values, *_: {**values, "creation_date": values["creation_date"][:10]},
    )


@fault("registered-not-readable")
def _registered_not_readable(behaviour: Behaviour) -> None:
    behaviour.may_use = lambda call, document: call.caller.component == document.component


@fault("range-500")
def _range_500(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "deliver",
        refuse_if("server_fault", lambda call, _document: "range" in call.request.headers),
    )


@fault("replace-answers-202")
def _replace_answers_202(behaviour: Behaviour) -> None:
    other_status(behaviour, "replace_content", 202)


def other_status(behaviour: Behaviour, operation: str, status: int) -> None:
    """Let an operation answer success with another status."""
    inner = behaviour.success_status
    behaviour.success_status = lambda call: status if call.operation.name == operation else inner(call)


@fault("replace-one-type-only")
def _replace_one_type_only(behaviour: Behaviour) -> None:
    def check(call: Call) -> None:
        media_type, _ = parse_options_header(call.request.headers.get("content-type", ""))
        accepted = next(iter(call.operation.request))
        if media_type != accepted:
            raise Refused("media_type", accepted=accepted)

    before(behaviour, "check_binary_type", check)


@fault("patch-keeps-old-content")
def _patch_keeps_old_content(behaviour: Behaviour) -> None:
    behaviour.replace_content = lambda *_: None


@fault("patch-changes-metadata")
def _patch_changes_metadata(behaviour: Behaviour) -> None:
    def rename(call: Call, document: StoredDocument, _spool: Spool) -> None:
        _, options = parse_options_header(call.request.headers.get("content-disposition", ""))
        document.name = document.title = str(options.get("filename") or "document.bin")

    before(behaviour, "replace_content", rename)


@fault("stale-size")
def _stale_size(behaviour: Behaviour) -> None:
    first: dict[str, int] = {}
    before(
        behaviour,
        "replace_content",
        lambda _call, document, _spool: first.setdefault(document.id, document.size),
    )
    after(
        behaviour,
        "describe",
        lambda values, _call, document: {
            **values,
            "document_size": first.get(document.id, values["document_size"]),
        },
    )


@fault("lock-ignored")
def _lock_ignored(behaviour: Behaviour) -> None:
    behaviour.refuse_locked = lambda *_: None


@fault("other-type-replaceable")
def _other_type_replaceable(behaviour: Behaviour) -> None:
    any_type_will_do(behaviour, "replace")


@fault("empty-replacement-accepted")
def _empty_replacement_accepted(behaviour: Behaviour) -> None:
    behaviour.refuse_empty = lambda *_: None


@fault("replace-of-unknown-accepted")
def _replace_of_unknown_accepted(behaviour: Behaviour) -> None:
    inner = behaviour.find_document

    def find_document(call: Call) -> StoredDocument:
        known = call.world.store.document(call.role, call.ids["dms_document_id"])
        if known is not None or not of_kind(call, "replace"):
            return inner(call)
        file, _ = call.world.store.keep(call.world.store.spool())
        return StoredDocument(
            call.ids["dms_document_id"], call.caller.component, None, None, "", "", file=file
        )

    behaviour.find_document = find_document


@fault("multipart-stored-raw")
def _multipart_stored_raw(behaviour: Behaviour) -> None:
    unless(
        behaviour,
        "check_binary_type",
        lambda call: call.request.headers.get("content-type", "").lower().startswith("multipart/"),
    )


@fault("delete-answers-202")
def _delete_answers_202(behaviour: Behaviour) -> None:
    other_status(behaviour, "delete_document", 202)


@fault("delete-does-nothing")
def _delete_does_nothing(behaviour: Behaviour) -> None:
    behaviour.remove = lambda *_: None


@fault("second-delete-succeeds")
def _second_delete_succeeds(behaviour: Behaviour) -> None:
    removed: set[str] = set()
    behaviour.remove = lambda _call, document: removed.add(document.id.lower())
    before(
        behaviour,
        "find_document",
        refuse_if(
            "unknown_document",
            lambda call: call.ids["dms_document_id"] in removed and not of_kind(call, "delete"),
        ),
    )


@fault("other-type-deletable")
def _other_type_deletable(behaviour: Behaviour) -> None:
    any_type_will_do(behaviour, "delete")


@fault("notice-scope-told-404")
def _notice_scope_told_404(behaviour: Behaviour) -> None:
    def only_disputed(call: Call) -> bool:
        cells = [b.scopes for b in call.operation.bindings if b.scopes is not None]
        known = call.caller.scopes & set(call.world.edition.scopes)
        return (
            of_kind(call, "delete")
            and bool(known)
            and all(any(s in c.disputed for c in cells) for s in known)
            and not any(s in c.sufficient for c in cells for s in known)
        )

    before(behaviour, "check_operation_rights", refuse_if("unknown_document", only_disputed))


@fault("delete-removes-siblings")
def _delete_removes_siblings(behaviour: Behaviour) -> None:
    def siblings(call: Call, document: StoredDocument) -> None:
        for other in call.world.store.documents(call.role):
            if other.id != document.id and other.filed == document.filed:
                call.world.store.remove(call.role, other)

    before(behaviour, "remove", siblings)


@fault("destroyed-still-given")
def _destroyed_still_given(behaviour: Behaviour) -> None:
    behaviour.destroy = lambda *_: None


@fault("small-limit")
def _small_limit(behaviour: Behaviour) -> None:
    behaviour.document_limit = lambda call: call.world.edition.limits["message_bytes"] // 10


def _announced(call: Call) -> int:
    """How long the message is, as its header says; 0 when it doesn't say."""
    length = call.request.headers.get("content-length", "")
    return int(length) if length.isdigit() else 0


@fault("between-the-readings-500")
def _between_the_readings_500(behaviour: Behaviour) -> None:
    def between(call: Call) -> bool:
        limits = call.world.edition.limits
        most = limits["document_bytes"] + _HEADERS
        return limits["message_bytes"] < _announced(call) <= most

    before(behaviour, "boundary_of", refuse_if("server_fault", between))


@fault("leave-asked-500")
def _leave_asked_500(behaviour: Behaviour) -> None:
    def asked(call: Call) -> bool:
        return "expect" in call.request.headers and _announced(call) > call.behaviour.document_limit(call)

    before(behaviour, "boundary_of", refuse_if("server_fault", asked))


@fault("oversize-500")
def _oversize_500(behaviour: Behaviour) -> None:
    behaviour.answer_with("too_large", 500)


@fault("replace-without-limit")
def _replace_without_limit(behaviour: Behaviour) -> None:
    inner = behaviour.document_limit
    behaviour.document_limit = lambda call: sys.maxsize if of_kind(call, "replace") else inner(call)


@fault("large-document-cut")
def _large_document_cut(behaviour: Behaviour) -> None:
    def cut(answer: Reply, call: Call, _document: StoredDocument) -> Reply:
        if answer.size > call.world.edition.limits["message_bytes"] // 2:
            answer.size //= 2
        return answer

    after(behaviour, "deliver", cut)
