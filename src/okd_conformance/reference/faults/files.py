"""Faults in the file of an upload: its name and its bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from okd_conformance.reference.faults.change import after, before, refuse_if
from okd_conformance.reference.faults.registry import fault

if TYPE_CHECKING:
    from okd_conformance.reference.storage import Spool, StoredDocument
    from okd_conformance.reference.world import Behaviour, Call, ReceivedPart
    from okd_conformance.standard.fields import Body


@fault("file-name-wins")
def _file_name_wins(behaviour: Behaviour) -> None:
    def rename(
        document: StoredDocument, _call: Call, _body: Body, file: ReceivedPart | None
    ) -> StoredDocument:
        if file is not None and file.filename:
            document.name = document.title = file.filename.replace("\\", "/").rpartition("/")[2]
        return document

    after(behaviour, "make_document", rename)


@fault("accented-filename-refused")
def _accented_filename_refused(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_file_part",
        refuse_if("message_unreadable", lambda _call, part: not (part.filename or "").isascii()),
    )


@fault("filename-path-kept")
def _filename_path_kept(behaviour: Behaviour) -> None:
    def rename(
        document: StoredDocument, _call: Call, _body: Body, file: ReceivedPart | None
    ) -> StoredDocument:
        if file is not None and re.search(r"[\\/]", file.filename or ""):
            document.name = document.title = file.filename
        return document

    after(behaviour, "make_document", rename)


@fault("filename-with-path-500")
def _filename_with_path_500(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_file_part",
        refuse_if("server_fault", lambda _call, part: bool(re.search(r"[\\/]", part.filename or ""))),
    )


@fault("empty-file-500")
def _empty_file_500(behaviour: Behaviour) -> None:
    before(behaviour, "check_file_part", refuse_if("server_fault", lambda _call, part: part.spool.size == 0))


def _change_content(behaviour: Behaviour, change: Callable[[bytes], bytes]) -> None:
    """Keep other bytes than came."""
    before(behaviour, "store", lambda _call, _document, spool, _: spool.replace(change(spool.content())))


@fault("one-bit-changed")
def _one_bit_changed(behaviour: Behaviour) -> None:
    def changed(content: bytes) -> bytes:
        half = len(content) // 2
        return content[:half] + bytes(b ^ 1 for b in content[half : half + 1]) + content[half + 1 :]

    _change_content(behaviour, changed)


@fault("truncated-at-64k")
def _truncated_at_64k(behaviour: Behaviour) -> None:
    _change_content(behaviour, lambda content: content[:65536])


@fault("damaged-beyond-4-mb")
def _damaged_beyond_4_mb(behaviour: Behaviour) -> None:
    def damaged(content: bytes) -> bytes:
        return content if len(content) < 4_000_000 else content[:-1] + bytes([content[-1] ^ 1])

    _change_content(behaviour, damaged)


@fault("replacement-keeps-tail")
def _replacement_keeps_tail(behaviour: Behaviour) -> None:
    inner = behaviour.replace_content

    def replace_content(call: Call, document: StoredDocument, spool: Spool) -> None:
        with call.world.store.open(document.file) as old:
            tail = old.read()[spool.size :]
        spool.write(tail)
        inner(call, document, spool)

    behaviour.replace_content = replace_content


@fault("text-newlines-normalised")
def _text_newlines_normalised(behaviour: Behaviour) -> None:
    _change_content(behaviour, lambda content: content.replace(b"\r\n", b"\n"))
