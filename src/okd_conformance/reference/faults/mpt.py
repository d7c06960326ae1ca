"""Faults in multipart uploads."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from typing import Any

from multipart import MultipartError, PushMultipartParser, parse_options_header

from okd_conformance.reference import dms, intake
from okd_conformance.reference.answers import Refused, Reply, json_answer
from okd_conformance.reference.faults.change import after, around, before, instead, refusing, unless
from okd_conformance.reference.faults.registry import fault, faults
from okd_conformance.reference.storage import Spool, StoredDocument
from okd_conformance.reference.world import Behaviour, Call, Message, Picked, ReceivedPart, Values
from okd_conformance.standard.fields import Body, field_name

_FIXED_ID = "00000000-0000-4000-8000-000000000001"


@fault("upload-answers-other-name", instead("upload_answer"))
def _upload_answers_other_name(call: Call, document: StoredDocument, body: Body) -> Reply:
    status, media_type, _ = dms.success_of(call)
    name = field_name(body.schema, "component_document_id") or "id"
    return json_answer(status, {name: document.id}, media_type or "")


@fault("upload-answers-202", around("success_status"))
def _upload_answers_202(inner: Callable[..., int], call: Call) -> int:
    return 202 if call.operation.kind == "upload" else inner(call)


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


@fault("application-binary-refused")
def _application_binary_refused(behaviour: Behaviour) -> None:
    _refuse_type(behaviour, lambda named: named is not None and named.endswith("/binary"))


@fault("untyped-file-refused")
def _untyped_file_refused(behaviour: Behaviour) -> None:
    _refuse_type(behaviour, lambda named: named in (None, dms.UNNAMED_TYPE))


@fault("image-500")
def _image_500(behaviour: Behaviour) -> None:
    _refuse_type(behaviour, lambda named: (named or "").startswith("image/"), "server_fault")


def _refuse_type(behaviour: Behaviour, refused: Any, situation: str = "media_type") -> None:
    def check(call: Call, part: ReceivedPart) -> None:
        if refused(part.content_type):
            raise Refused(situation, accepted=", ".join(call.operation.part("file").content_types))

    before("check_file_part")(check)(behaviour)


@fault("file-first-loses-metadata", before("store"))
def _file_first_loses_metadata(call: Call, document: StoredDocument, _spool: Spool, message: Message) -> None:
    if message.parts[0].name == call.operation.part("file").name:
        document.name = document.title = "document.bin"
        document.subtype = None


@fault("file-first-500", refusing("pick_parts", "server_fault"))
def _file_first_500(call: Call, message: Message) -> bool:
    return bool(message.parts) and message.parts[0].name == call.operation.part("file").name


@fault("missing-metadata-accepted")
def _missing_metadata_accepted(behaviour: Behaviour) -> None:
    _parts_may_lack(behaviour, "metadata")
    inner = behaviour.read_metadata
    behaviour.read_metadata = lambda call, part: {} if part is None else inner(call, part)
    unless("check_metadata")(lambda _call, body, _file: body.value == {})(behaviour)


def _parts_may_lack(behaviour: Behaviour, meaning: str) -> None:
    inner = behaviour.pick_parts

    def pick_parts(call: Call, message: Message) -> Picked:
        present = [s.part for s in call.operation.parts for p in message.parts if p.name == s.name]
        if meaning in present or len(message.parts) != 1 or not present:
            return inner(call, message)
        only = message.parts[0]
        return (None, only) if meaning == "metadata" else (only, None)

    behaviour.pick_parts = pick_parts


@fault("any-part-name", around("pick_parts"))
def _any_part_name(
    inner: Callable[..., Picked], call: Call, message: Message
) -> tuple[ReceivedPart | None, ReceivedPart | None]:
    names = {spec.name for spec in call.operation.parts}
    if len(message.parts) == 2 and not names <= {part.name for part in message.parts}:
        return message.parts[0], message.parts[1]
    return inner(call, message)


@fault("first-part-wins", around("pick_parts"))
def _first_part_wins(
    inner: Callable[..., Picked], call: Call, message: Message
) -> tuple[ReceivedPart | None, ReceivedPart | None]:
    first = {part.name: part for part in reversed(message.parts)}
    return inner(call, Message(message.boundary, list(first.values())))


@fault("extra-part-500", refusing("pick_parts", "server_fault"))
def _extra_part_500(call: Call, message: Message) -> bool:
    return len(message.parts) > len(call.operation.parts)


@fault("metadata-not-json-accepted")
def _metadata_not_json_accepted(behaviour: Behaviour) -> None:
    inner = behaviour.read_metadata

    def read_metadata(call: Call, part: ReceivedPart | None) -> Values:
        try:
            return inner(call, part)
        except Refused as refused:
            if refused.situation not in ("not_json", "not_an_object"):
                raise
            return {}

    behaviour.read_metadata = read_metadata
    unless("check_metadata")(lambda _call, body, _file: body.value == {})(behaviour)


def _refuse_metadata_part(behaviour: Behaviour, situation: str, case: Callable[[ReceivedPart], bool]) -> None:
    refusing("read_metadata", situation)(lambda _call, part: part is not None and case(part))(behaviour)


@fault("untyped-metadata-500")
def _untyped_metadata_500(behaviour: Behaviour) -> None:
    _refuse_metadata_part(behaviour, "server_fault", lambda part: part.content_type is None)


@fault("charset-refused")
def _charset_refused(behaviour: Behaviour) -> None:
    _refuse_metadata_part(behaviour, "charset", lambda part: part.charset is not None)


@fault("charset-ignored")
def _charset_ignored(behaviour: Behaviour) -> None:
    inner = behaviour.parse_object
    behaviour.parse_object = lambda raw: inner(raw.decode("utf-8", "replace").encode())

    def forget(_call: Call, part: ReceivedPart | None) -> None:
        if part is not None:
            part.charset = None

    before("read_metadata")(forget)(behaviour)


@fault("long-boundary-refused")
def _long_boundary_refused(behaviour: Behaviour) -> None:
    _refuse_boundary(behaviour, lambda boundary: len(boundary) > 60)


@fault("odd-boundary-refused")
def _odd_boundary_refused(behaviour: Behaviour) -> None:
    _refuse_boundary(behaviour, lambda boundary: re.search(rb"[^0-9A-Za-z-]", boundary) is not None)


def _refuse_boundary(behaviour: Behaviour, refused: Any) -> None:
    def check(boundary: bytes, _call: Call) -> bytes:
        if refused(boundary):
            raise Refused("no_boundary")
        return boundary

    after("boundary_of")(check)(behaviour)


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


class _Unfiltered:
    """Hands a message on as it is."""

    def __init__(self, _boundary: bytes) -> None:
        pass

    def feed(self, chunk: bytes) -> bytes:
        return chunk

    def rest(self) -> bytes:
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


@fault("named-metadata-500", refusing("read_metadata", "server_fault"))
def _named_metadata_500(_call: Call, part: ReceivedPart | None) -> bool:
    return part is not None and part.filename is not None


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
        "same-id-for-every-upload": instead("choose_document_id")(lambda _call, _body: _FIXED_ID),
        "upload-not-kept": instead("store")(lambda *_: None),
        "missing-file-accepted": lambda behaviour: _parts_may_lack(behaviour, "file"),
        "text-before-refused": instead("message_filter")(_NoPreamble),
        "padding-refused": instead("message_filter")(_Unfiltered),
        "small-header-names-refused": instead("message_filter")(_NoSmallNames),
        "unquoted-names-refused": instead("message_filter")(_OnlyQuotedNames),
    }
)
