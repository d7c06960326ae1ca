"""Faults with large messages: limits that somebody forgot, and bytes that get lost.

They are in proportion to the edition's own limits, so that a proof can shrink those.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.faults.change import after, before, both, of_kind
from okd_conformance.reference.faults.registry import Change, fault, faults
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.world import Behaviour, Call, Message

_FORGOTTEN = {
    "1-mb": 10**6,
    "10-mb": 10**7,
    "100-mb": 10**8,
    "512-mib": 1 << 29,
    "one-byte-short": 10**9 - 1,
}
_LOOK_S = 0.1


def _share(call: Call, size: int) -> int:
    """A size as a share of the edition's GB, which a proof may have shrunk."""
    return size * call.world.edition.limits["message_bytes"] // 10**9


def _announced(call: Call) -> int:
    """How long the message is, as its header says; 0 when it doesn't say."""
    length = call.request.headers.get("content-length", "")
    return int(length) if length.isdigit() else 0


def _limit_messages(size: int) -> Change:
    def check(call: Call) -> None:
        limit = min(_share(call, size), call.world.edition.limits["message_bytes"] - 1)
        if _announced(call) > limit:
            raise Refused("too_large", limit=limit)

    return both(before("boundary_of")(check), before("check_binary_type")(check))


def _is_large(call: Call, document: StoredDocument) -> bool:
    return document.size > call.world.edition.limits["message_bytes"] // 2


def _damage(step: str, length: Callable[[int], int] | None) -> Change:
    """After a step, cut a large document to the length that ``length`` gives, or change a byte of it."""

    def damaged(_result: None, call: Call, document: StoredDocument, *_: object) -> None:
        if not _is_large(call, document):
            return
        with (call.world.store.folder / document.file).open("r+b") as file:
            if length is not None:
                document.size = file.truncate(length(document.size))
            else:
                file.seek(document.size - 1000)
                changed = bytes([file.read(1)[0] ^ 1])
                file.seek(document.size - 1000)
                file.write(changed)
        call.world.store.save(call.role, document)

    return after(step)(damaged)


@fault("too-large-kept-in-part")
def _too_large_kept_in_part(behaviour: Behaviour) -> None:
    behaviour.document_limit = lambda call: 4 * call.world.edition.limits["document_bytes"]
    inner = behaviour.store

    def store(call: Call, document: StoredDocument, spool: Spool, message: Message) -> None:
        inner(call, document, spool, message)
        fits = call.world.edition.limits["document_bytes"]
        if document.size > fits:
            with (call.world.store.folder / document.file).open("r+b") as file:
                document.size = file.truncate(fits)
            call.world.store.save(call.role, document)

    behaviour.store = store


@fault("too-large-hangs")
def _too_large_hangs(behaviour: Behaviour) -> None:
    inner = behaviour.receive_message

    async def receive_message(call: Call) -> Message:
        if _announced(call) > call.world.edition.limits["document_bytes"] + 65536:
            while not await call.request.is_disconnected():
                await asyncio.sleep(_LOOK_S)
        return await inner(call)

    behaviour.receive_message = receive_message


@fault("refused-replacement-loses-content", before("check_binary_type"))
def _refused_replacement_loses_content(call: Call) -> None:
    if of_kind(call, "replace") and _announced(call) > call.behaviour.document_limit(call):
        document = call.behaviour.find_document(call)
        (call.world.store.folder / document.file).write_bytes(b"")
        document.size = 0
        call.world.store.save(call.role, document)


@fault("broken-after-too-large")
def _broken_after_too_large(behaviour: Behaviour) -> None:
    inner = behaviour.receive_message
    broken: list[bool] = []

    async def receive_message(call: Call) -> Message:
        if broken:
            raise Refused("server_fault")
        try:
            return await inner(call)
        except Refused as refused:
            if refused.situation == "too_large" and not _announced(call):
                broken.append(True)
            raise

    behaviour.receive_message = receive_message


faults(
    {
        "replacement-truncated": _damage("replace_content", lambda size: size - 4096),
        **{f"limit-{name}": _limit_messages(size) for name, size in _FORGOTTEN.items()},
        "truncated-silently": _damage("store", lambda size: size - 4096),
        "byte-changed-near-the-end": _damage("store", None),
    }
)
