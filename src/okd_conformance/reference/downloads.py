"""Temporary links: an address that needs no token, can't be guessed, and dies soon."""

from __future__ import annotations

import math
import secrets
import time
from typing import TYPE_CHECKING

from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.storage import StoredDocument

if TYPE_CHECKING:
    from starlette.requests import Request

    from okd_conformance.reference.world import Call, World

PATH = "/download/"
LIFETIME_S = 600
_KIND = "download"


def make_download_url(call: Call, document: StoredDocument) -> str:
    """Make a new link to a document, that nobody can guess."""
    return make_link(call, document, secrets.token_urlsafe(32))


def make_link(call: Call, document: StoredDocument, secret: str) -> str:
    """Make a link to a document; who knows ``secret`` can read it."""
    until = time.time() + call.behaviour.link_lifetime_s
    return _link(call.world, call.role, document, secret, until)


def lasting_link(world: World, role: str, document: StoredDocument) -> str:
    """Make a link that nobody can guess and that lives as long as the document."""
    return _link(world, role, document, secrets.token_urlsafe(32), math.inf)


def _link(world: World, role: str, document: StoredDocument, secret: str, until: float) -> str:
    world.store.put(_KIND, "", secret, {"role": role, "document_id": document.id, "until": until})
    return f"{world.base_url}{PATH}{secret}"


def download(world: World, request: Request, secret: str) -> Reply:
    """Answer the bytes behind a link."""
    if request.method not in ("GET", "HEAD"):
        raise Refused("method_not_allowed", method=request.method).with_header("Allow", "GET, HEAD")
    link = world.store.get(_KIND, "", secret)
    if link is None or time.time() >= link["until"]:
        raise Refused("download_gone")
    document = world.store.document(link["role"], link["document_id"])
    if document is None:
        raise Refused("download_gone")
    answer = world.behaviour.deliver_download(world, request, document)
    answer.headers.update({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
    return answer


def deliver_download(world: World, _request: Request, document: StoredDocument) -> Reply:
    """Put the bytes of the document in an answer that a browser can show."""
    file = world.store.open(document.file)
    return Reply(200, file=file, size=document.size, media_type=document.format)
