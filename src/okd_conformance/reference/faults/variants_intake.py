"""Variants in what a server takes in: gateways, storage that needs a moment, and readers of multipart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from okd_conformance.base.text import Text
from okd_conformance.reference.answers import Answer, Refused
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.behaviour import Behaviour
    from okd_conformance.reference.intake import Message
    from okd_conformance.reference.storage import Document, Spool
    from okd_conformance.reference.world import Call

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
