"""Variants in what a server takes in: gateways, storage that needs a moment, and readers of multipart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from okd_conformance.base.text import Text
from okd_conformance.reference.answers import Answer, Refused
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.behaviour import Behaviour
    from okd_conformance.reference.intake import Message, Part
    from okd_conformance.reference.storage import Document, Spool
    from okd_conformance.reference.world import Call
    from okd_conformance.standard.fields import Body

_GATEWAY_STATUSES = {401, 403, 405, 429}
_PAGE = b"<html><body><h1>Request rejected</h1></body></html>"
_LONGEST_PATH = 260
_MOMENT_S = 0.05


def _page(status: int) -> Answer:
    return Answer(status, _PAGE, "text/html; charset=utf-8")


def _is_odd(path: str) -> bool:
    return "\0" in path or ".." in path or any(len(part) > _LONGEST_PATH for part in path.split("/"))


@variant(
    "gateway-pages",
    says=Text(
        nl="Een gateway geeft een eigen pagina bij een vreemd adres, en bij 401, 403, 405 en 429.",
        en="A gateway gives a page of its own to an odd address, and at 401, 403, 405 and 429.",
    ),
    may_warn=["OKD-GEN-003", "OKD-GEN-004"],
)
def _gateway_pages(behaviour: Behaviour) -> None:
    def finish(call: Call, answer: Answer) -> Answer:
        if _is_odd(call.request.url.path):
            return _page(400)
        if answer.status in _GATEWAY_STATUSES:
            answer.body, answer.media_type = _PAGE, "text/html; charset=utf-8"
        return answer

    behaviour.finish.append(finish)


def _ready_later(behaviour: Behaviour, situation: str) -> None:
    ready: dict[str, float] = {}
    store, find = behaviour.store, behaviour.find_document

    def note(call: Call, document: Document, spool: Spool, message: Message) -> None:
        store(call, document, spool, message)
        ready[document.id] = time.monotonic() + _MOMENT_S

    def find_ready(call: Call) -> Document:
        if time.monotonic() < ready.get(call.ids["dms_document_id"], 0):
            raise Refused(situation)
        return find(call)

    behaviour.store, behaviour.find_document = note, find_ready


@variant(
    "readable-later",
    says=Text(
        nl="Een nieuw document is pas na een ogenblik te lezen; tot dan 404.",
        en="A new document can only be read after a moment; 404 until then.",
    ),
    may_warn=["OKD-MPT-004"],
)
def _readable_later(behaviour: Behaviour) -> None:
    _ready_later(behaviour, "unknown_document")


@variant(
    "scanned-first",
    says=Text(
        nl="Een nieuw document wordt eerst gescand; zolang dat duurt 423.",
        en="A new document is scanned first; 423 as long as that takes.",
    ),
    may_warn=["OKD-MPT-004"],
)
def _scanned_first(behaviour: Behaviour) -> None:
    _ready_later(behaviour, "being_scanned")


@variant(
    "strict-multipart-reader",
    says=Text(
        nl="Multipart zoals geen programma het stuurt, zoals met een komma in de boundary, wordt geweigerd.",
        en="Multipart as no program sends it, such as with a comma in its boundary, is refused.",
    ),
    may_warn=["OKD-MPT-017", "OKD-MPT-019"],
)
def _strict_multipart_reader(behaviour: Behaviour) -> None:
    inner = behaviour.boundary_of

    def boundary_of(call: Call) -> bytes:
        boundary = inner(call)
        if len(boundary) == 1 or b"," in boundary:
            raise Refused("no_boundary")
        return boundary

    behaviour.boundary_of = boundary_of
    behaviour.message_filter = _NoPadding


class _NoPadding:
    """Passes a message on as it is: padding behind a delimiter is no delimiter then."""

    def __init__(self, _boundary: bytes) -> None:
        pass

    def feed(self, data: bytes) -> bytes:
        """Return the bytes as they came."""
        return data

    def rest(self) -> bytes:
        """Nothing is held back."""
        return b""


@variant(
    "upload-is-repeatable",
    says=Text(
        nl="Een document met een documentId dat er al is, krijgt hetzelfde id.",
        en="A document with a documentId that is there already gets the same id.",
    ),
)
def _upload_is_repeatable(behaviour: Behaviour) -> None:
    inner = behaviour.choose_document_id
    known: dict[str, str] = {}

    def choose(call: Call, body: Body) -> str:
        own = str(body.get("component_document_id"))
        return known.setdefault(f"{call.caller.component} {own}", inner(call, body))

    behaviour.choose_document_id = choose


@variant(
    "part-names-in-any-case",
    says=Text(
        nl="De namen van de delen mogen met hoofdletters geschreven zijn.",
        en="The names of the parts may be written with capitals.",
    ),
)
def _part_names_in_any_case(behaviour: Behaviour) -> None:
    inner = behaviour.pick_parts

    def pick_parts(call: Call, message: Message) -> tuple[Part | None, Part | None]:
        for part in message.parts:
            part.name = part.name.lower()
        return inner(call, message)

    behaviour.pick_parts = pick_parts
