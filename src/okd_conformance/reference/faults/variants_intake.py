"""Variants in what a server takes in: gateways, storage that needs a moment, and readers of multipart."""

from __future__ import annotations

import time
from collections.abc import Callable

from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import after, around, both, finishing, instead
from okd_conformance.reference.faults.mpt import Unfiltered, refuse_boundary
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.intake import DelimiterPadding, in_latin1
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.world import Behaviour, Call, Message, Picked
from okd_conformance.standard.fields import Body

_GATEWAY_STATUSES = {401, 403, 405, 429}
_PAGE = b"<html><body><h1>Request rejected</h1></body></html>"
_LONGEST_PATH = 260
_MOMENT_S = 0.05


def _page(status: int) -> Reply:
    return Reply(status, _PAGE, "text/html; charset=utf-8")


def _is_odd(path: str) -> bool:
    return "\0" in path or ".." in path or any(len(part) > _LONGEST_PATH for part in path.split("/"))


@variant("gateway-pages", finishing)
def _gateway_pages(call: Call, answer: Reply) -> Reply:
    if _is_odd(call.request.url.path):
        return _page(400)
    if answer.status in _GATEWAY_STATUSES:
        answer.body, answer.media_type = _PAGE, "text/html; charset=utf-8"
    return answer


@variant("gateway-answers-200")
def _gateway_answers_200(behaviour: Behaviour) -> None:
    behaviour.finish.append(lambda call, answer: _page(200) if _is_odd(call.request.url.path) else answer)


def _ready_later(behaviour: Behaviour, situation: str) -> None:
    ready: dict[str, float] = {}
    store, find = behaviour.store, behaviour.find_document

    def note(call: Call, document: StoredDocument, spool: Spool, message: Message) -> None:
        store(call, document, spool, message)
        ready[document.id] = time.monotonic() + _MOMENT_S

    def find_ready(call: Call) -> StoredDocument:
        if time.monotonic() < ready.get(call.ids["dms_document_id"], 0):
            raise Refused(situation)
        return find(call)

    behaviour.store, behaviour.find_document = note, find_ready


@variant("upload-is-repeatable")
def _upload_is_repeatable(behaviour: Behaviour) -> None:
    inner = behaviour.choose_document_id
    known: dict[str, str] = {}

    def choose(call: Call, body: Body) -> str:
        own = str(body.get("component_document_id"))
        return known.setdefault(f"{call.caller.component} {own}", inner(call, body))

    behaviour.choose_document_id = choose


@variant("part-names-in-any-case", around("pick_parts"))
def _part_names_in_any_case(inner: Callable[..., Picked], call: Call, message: Message) -> Picked:
    for part in message.parts:
        part.name = part.name.lower()
    return inner(call, message)


def _refuse_free_forms(picked: Picked, *_: object) -> Picked:
    metadata, file = picked
    if metadata is not None and (metadata.filename is not None or metadata.content_type is None):
        raise Refused("part_type", name=metadata.name)
    if file is not None and file.content_type in (None, "application/octet-stream"):
        raise Refused("part_type", name=file.name)
    if metadata is not None and in_latin1(metadata):
        raise Refused("charset")
    return picked


class _NoExtendedNames(DelimiterPadding):
    """Refuses a message with a file name in the extended form."""

    def feed(self, chunk: bytes) -> bytes:
        """Return the bytes that may go on."""
        if b"filename*=" in chunk:
            raise Refused("message_unreadable", why="a part has filename*")
        return super().feed(chunk)


variants(
    {
        "strict-multipart-reader": both(
            refuse_boundary(lambda boundary: len(boundary) == 1 or b"," in boundary),
            instead("message_filter")(Unfiltered),
        ),
        "refuses-free-forms": both(
            after("pick_parts")(_refuse_free_forms), instead("message_filter")(_NoExtendedNames)
        ),
        "readable-later": lambda behaviour: _ready_later(behaviour, "unknown_document"),
        "scanned-first": lambda behaviour: _ready_later(behaviour, "being_scanned"),
    }
)
