"""Faults in multipart uploads."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable

from multipart import MultipartError, PushMultipartParser, parse_options_header

from okd_conformance.reference import dms, intake
from okd_conformance.reference.answers import Refused, Reply, json_answer
from okd_conformance.reference.faults.change import (
    after,
    around,
    before,
    both,
    instead,
    refusing,
    succeeding,
    unless,
)
from okd_conformance.reference.faults.registry import Change, fault, faults
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.world import Behaviour, Call, Message, Picked, ReceivedPart, Values
from okd_conformance.standard.fields import Body, field_name

_FIXED_ID = "00000000-0000-4000-8000-000000000001"


@fault("upload-answers-other-name", instead("upload_answer"))
def _upload_answers_other_name(call: Call, document: StoredDocument, body: Body) -> Reply:
    status, media_type, _ = dms.success_of(call)
    name = field_name(body.schema, "component_document_id") or "id"
    return json_answer(status, {name: document.id}, media_type or "")


@fault("id-not-uuid")
def _id_not_uuid(behaviour: Behaviour) -> None:
    numbers = itertools.count(1)
    behaviour.choose_document_id = lambda _call, _body: f"document-{next(numbers)}"


@fault("component-id-copied", around("choose_document_id"))
def _component_id_copied(inner: Callable[..., str], call: Call, body: Body) -> str:
    return body.get("component_document_id") or inner(call, body)


@fault("upload-there-later")
def _upload_there_later(behaviour: Behaviour) -> None:
    there: dict[str, float] = {}

    def note(_result: None, _call: Call, document: StoredDocument, *_: object) -> None:
        there[document.id] = time.monotonic() + 0.7

    after("store")(note)(behaviour)
    refusing("find_document", "unknown_document")(
        lambda call: time.monotonic() < there.get(call.ids["dms_document_id"], 0)
    )(behaviour)


def _refuse_type(refused: Callable[[str | None], bool], situation: str = "media_type") -> Change:
    def check(call: Call, part: ReceivedPart) -> None:
        if refused(part.content_type):
            raise Refused(situation, accepted=", ".join(call.operation.part("file").content_types))

    return before("check_file_part")(check)


@fault("file-first-loses-metadata", before("store"))
def _file_first_loses_metadata(call: Call, document: StoredDocument, _spool: Spool, message: Message) -> None:
    if message.parts[0].name == call.operation.part("file").name:
        document.name = document.title = "document.bin"
        document.subtype = None


@fault("file-first-500", refusing("pick_parts", "server_fault"))
def _file_first_500(call: Call, message: Message) -> bool:
    return bool(message.parts) and message.parts[0].name == call.operation.part("file").name


def _parts_may_lack(meaning: str) -> Change:
    def pick_parts(inner: Callable[..., Picked], call: Call, message: Message) -> Picked:
        present = [s.part for s in call.operation.parts for p in message.parts if p.name == s.name]
        if meaning in present or len(message.parts) != 1 or not present:
            return inner(call, message)
        only = message.parts[0]
        return (None, only) if meaning == "metadata" else (only, None)

    return around("pick_parts")(pick_parts)


_UNCHECKED = unless("check_metadata")(lambda _call, body, _file: body.value == {})


@fault("any-part-name", around("pick_parts"))
def _any_part_name(inner: Callable[..., Picked], call: Call, message: Message) -> Picked:
    names = {spec.name for spec in call.operation.parts}
    if len(message.parts) == 2 and not names <= {part.name for part in message.parts}:
        return message.parts[0], message.parts[1]
    return inner(call, message)


@fault("first-part-wins", around("pick_parts"))
def _first_part_wins(inner: Callable[..., Picked], call: Call, message: Message) -> Picked:
    first = {part.name: part for part in reversed(message.parts)}
    return inner(call, Message(message.boundary, list(first.values())))


@fault("extra-part-500", refusing("pick_parts", "server_fault"))
def _extra_part_500(call: Call, message: Message) -> bool:
    return len(message.parts) > len(call.operation.parts)


def _empty_where_no_json(inner: Callable[..., Values], call: Call, part: ReceivedPart | None) -> Values:
    try:
        return inner(call, part)
    except Refused as refused:
        if refused.situation not in ("not_json", "not_an_object"):
            raise
        return {}


def _refuse_metadata_part(situation: str, case: Callable[[ReceivedPart], bool]) -> Change:
    return refusing("read_metadata", situation)(lambda _call, part: part is not None and case(part))


def _forget_charset(_call: Call, part: ReceivedPart | None) -> None:
    if part is not None:
        part.charset = None


def refuse_boundary(refused: Callable[[bytes], bool]) -> Change:
    """Refuse a message whose boundary is of this kind."""

    def check(boundary: bytes, _call: Call) -> bytes:
        if refused(boundary):
            raise Refused("no_boundary")
        return boundary

    return after("boundary_of")(check)


@fault("boundary-look-alike-cut", before("store"))
def _boundary_look_alike_cut(_call: Call, _document: StoredDocument, spool: Spool, message: Message) -> None:
    before_it, found, _ = spool.content().partition(b"--" + message.boundary[:-1])
    if found:
        spool.replace(before_it)


class _NoPreamble(intake.DelimiterPadding):
    """Refuses a message that does not begin with its delimiter."""

    def __init__(self, boundary: bytes) -> None:
        super().__init__(boundary)
        self._wanted = b"--" + boundary

    def feed(self, chunk: bytes) -> bytes:
        head, self._wanted = self._wanted[: len(chunk)], self._wanted[len(chunk) :]
        if not chunk.startswith(head):
            raise Refused("message_unreadable", why="it does not begin with its delimiter")
        return super().feed(chunk)


class Unfiltered:
    """Hands a message on as it is."""

    def __init__(self, _boundary: bytes) -> None:
        pass

    def feed(self, chunk: bytes) -> bytes:
        """Return the bytes as they came."""
        return chunk

    def rest(self) -> bytes:
        """Return nothing: nothing is held back."""
        return b""


class _NoSmallNames(intake.DelimiterPadding):
    """Refuses a message with a header name in small letters."""

    def feed(self, chunk: bytes) -> bytes:
        if b"content-disposition:" in chunk:
            raise Refused("message_unreadable", why="a part has no Content-Disposition")
        return super().feed(chunk)


class _OnlyQuotedNames(intake.DelimiterPadding):
    """Refuses a message with a part whose name is not in quotes."""

    def feed(self, chunk: bytes) -> bytes:
        if re.search(rb"form-data; name=[^\"]", chunk):
            raise Refused("message_unreadable", why="a part has no name")
        return super().feed(chunk)


@fault("part-length-cuts", before("store"))
def _part_length_cuts(_call: Call, _document: StoredDocument, spool: Spool, message: Message) -> None:
    if any(part.length is not None for part in message.parts):
        spool.replace(spool.content()[:-2])


@fault("other-multipart-accepted", around("boundary_of"))
def _other_multipart_accepted(inner: Callable[..., bytes], call: Call) -> bytes:
    media_type, options = parse_options_header(call.request.headers.get("content-type", ""))
    if media_type.startswith("multipart/") and options.get("boundary"):
        return str(options["boundary"]).encode()
    return inner(call)


@fault("truncated-message-kept", instead("end_message"))
def _truncated_message_kept(parser: PushMultipartParser) -> None:
    try:
        parser.close()
    except MultipartError:
        return


faults(
    {
        "missing-metadata-accepted": both(
            _parts_may_lack("metadata"),
            around("read_metadata")(lambda inner, call, part: {} if part is None else inner(call, part)),
            _UNCHECKED,
        ),
        "metadata-not-json-accepted": both(around("read_metadata")(_empty_where_no_json), _UNCHECKED),
        "upload-answers-202": succeeding(202, "upload"),
        "application-binary-refused": _refuse_type(
            lambda named: named is not None and named.endswith("/binary")
        ),
        "untyped-file-refused": _refuse_type(lambda named: named in (None, dms.UNNAMED_TYPE)),
        "image-500": _refuse_type(lambda named: (named or "").startswith("image/"), "server_fault"),
        "untyped-metadata-500": _refuse_metadata_part("server_fault", lambda part: part.content_type is None),
        "named-metadata-500": _refuse_metadata_part("server_fault", lambda part: part.filename is not None),
        "charset-ignored": both(
            around("parse_object")(lambda inner, raw: inner(raw.decode("utf-8", "replace").encode())),
            before("read_metadata")(_forget_charset),
        ),
        "charset-refused": _refuse_metadata_part("charset", lambda part: part.charset is not None),
        "long-boundary-refused": refuse_boundary(lambda boundary: len(boundary) > 60),
        "odd-boundary-refused": refuse_boundary(
            lambda boundary: bool(re.search(rb"[^0-9A-Za-z-]", boundary))
        ),
        "same-id-for-every-upload": instead("choose_document_id")(lambda _call, _body: _FIXED_ID),
        "upload-not-kept": instead("store")(lambda *_: None),
        "missing-file-accepted": _parts_may_lack("file"),
        "text-before-refused": instead("message_filter")(_NoPreamble),
        "padding-refused": instead("message_filter")(Unfiltered),
        "small-header-names-refused": instead("message_filter")(_NoSmallNames),
        "unquoted-names-refused": instead("message_filter")(_OnlyQuotedNames),
    }
)
