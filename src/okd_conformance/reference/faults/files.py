"""Faults in the file of an upload: its name and its bytes."""

from __future__ import annotations

import re
from collections.abc import Callable

from okd_conformance.reference.faults.change import after, around, before, refusing
from okd_conformance.reference.faults.registry import Change, fault, faults
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.world import Call, ReceivedPart
from okd_conformance.standard.fields import Body


@fault("file-name-wins", after("make_document"))
def _file_name_wins(
    document: StoredDocument, _call: Call, _body: Body, file: ReceivedPart | None
) -> StoredDocument:
    if file is not None and file.filename:
        document.name = document.title = file.filename.replace("\\", "/").rpartition("/")[2]
    return document


@fault("accented-filename-refused", refusing("check_file_part", "message_unreadable"))
def _accented_filename_refused(_call: Call, part: ReceivedPart) -> bool:
    return not (part.filename or "").isascii()


@fault("filename-path-kept", after("make_document"))
def _filename_path_kept(
    document: StoredDocument, _call: Call, _body: Body, file: ReceivedPart | None
) -> StoredDocument:
    if file is not None and re.search(r"[\\/]", file.filename or ""):
        document.name = document.title = file.filename
    return document


@fault("filename-with-path-500", refusing("check_file_part", "server_fault"))
def _filename_with_path_500(_call: Call, part: ReceivedPart) -> bool:
    return bool(re.search(r"[\\/]", part.filename or ""))


@fault("empty-file-500", refusing("check_file_part", "server_fault"))
def _empty_file_500(_call: Call, part: ReceivedPart) -> bool:
    return part.spool.size == 0


def _keeping(change: Callable[[bytes], bytes]) -> Change:
    """Keep other bytes than came."""
    return before("store")(lambda _call, _document, spool, _: spool.replace(change(spool.content())))


@fault("one-bit-changed", _keeping)
def _one_bit_changed(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes(b ^ 1 for b in content[half : half + 1]) + content[half + 1 :]


@fault("damaged-beyond-4-mb", _keeping)
def _damaged_beyond_4_mb(content: bytes) -> bytes:
    return content if len(content) < 4_000_000 else content[:-1] + bytes([content[-1] ^ 1])


@fault("replacement-keeps-tail", around("replace_content"))
def _replacement_keeps_tail(
    inner: Callable[..., None], call: Call, document: StoredDocument, spool: Spool
) -> None:
    with call.world.store.open(document.file) as old:
        tail = old.read()[spool.size :]
    spool.write(tail)
    inner(call, document, spool)


faults(
    {
        "text-newlines-normalised": _keeping(lambda content: content.replace(b"\r\n", b"\n")),
        "truncated-at-64k": _keeping(lambda content: content[:65536]),
    }
)
