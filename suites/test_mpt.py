"""MPT: multipart uploads, flows 1 to 4: the message, its parts and the file.

Each check takes the canonical upload of an operation and changes it in one point. Whatever the target then
accepts must come back byte for byte.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from okd_conformance.suite import (
    Case,
    Part,
    check,
    every_byte,
    is_uuid,
    journey,
    line_breaks,
    look_alikes,
    noise,
    pdf,
    require_equal,
    upload_of,
    whole_boundary,
    with_header,
)
from steps import accepted, name_survived, read_back, unusual

OTHER_FILE_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "text": "text/plain",
}


BOUNDARIES = {
    "1": "a",
    "70": "b" * 70,
    "70-dashes": "-" * 60 + "0123456789",
    "quoted-punctuation": "gc0p4Jq0M:2Yt08jU534c0p=/?",
    "all-punctuation": "'()+_-./:=?",
    "leading-dashes": "----WebKitFormBoundary7MA4YWxkTrZu0gW",
    "inner-space": "two words",
    "comma": "okd,conformance",
}


UNUSUAL = {"1", "comma"}
"""Boundaries that the rules allow, but that no client was seen to choose."""


HOSTILE_NAMES = {
    "none": None,
    "empty": "",
    "quotes": 'a"b.pdf',
    "up": "../../okd-conformance.pdf",
    "windows": "C:\\okd-conformance.pdf",
    "long": "x" * 1000 + ".pdf",
}


@check("OKD-MPT-001", profile="smoke")
def test_canonical_upload(case: Case) -> None:
    """Metadata, then the file; the answer is JSON with the DMS's id."""
    exchange = case.expect(case.sent(case.canonical()))
    answer = exchange.answer
    if answer is not None and answer.succeeded:
        case.require(answer.media_type.endswith("json"), "not_json", media_type=answer.media_type or "-")
        case.require_id(exchange)


@check("OKD-MPT-002")
def test_id_is_a_uuid(case: Case) -> None:
    """The id has the text form of RFC 9562."""
    exchange = case.expect(case.sent(case.sample()))
    document = case.require_id(exchange)
    case.require(is_uuid(document), "not_a_uuid", value=document)


@check("OKD-MPT-003")
def test_id_is_new_for_every_upload(case: Case) -> None:
    """Two uploads that differ in bytes and in the component's id get two ids that the DMS chose."""
    ids = []
    for sample in (case.sample(), case.canonical(file=pdf(f"{case.run_id} {case.id} other"))):
        exchange = case.expect(case.sent(sample))
        ids.append(case.require_id(exchange).lower())
        component_id = sample.body.get("component_document_id") if sample.body else None
        case.require(
            ids[-1] != component_id, "id_copied", situation="same_as_component_id", exchange=exchange
        )
    case.require(len(set(ids)) == len(ids), "id_not_new", ids=", ".join(ids))


@check("OKD-MPT-004")
def test_id_works_at_once(case: Case) -> None:
    """Read directly after the upload; a DMS that needs a moment is warned."""
    sample = case.sample()
    exchange = case.expect(case.sent(sample))
    document = case.require_id(exchange)
    answer = case.read(document, document_type=sample.binding.document_type)
    early = answer.status
    if case.is_not_ready(answer):
        answer = case.first_read(document, sample.binding.document_type)
        case.require(answer.status != 200, "id_works_late", situation="slow", exchange=exchange, status=early)
    case.answered(answer)
    case.require(answer.status == 200, "id_does_not_work", status=answer.status or answer.error)


@check("OKD-MPT-005")
def test_application_binary(case: Case) -> None:
    """The flow's own example sends the file as application/binary."""
    accepted(case, case.sample(file_type="application/binary"))


@check("OKD-MPT-006", type=["application/octet-stream", "none"])
def test_unspecific_file_type(case: Case, type: str) -> None:
    """application/octet-stream, and no Content-Type at all."""
    sample = case.sample(file_type="application/octet-stream")
    message = None
    if type == "none":
        message = sample.message(sample.metadata_part, sample.file_part.with_header("Content-Type", None))
    exchange = case.expect(case.sent(sample, message))
    if exchange.succeeded:
        read_back(case, sample, exchange)


@check("OKD-MPT-007", type=OTHER_FILE_TYPES)
def test_other_file_types(case: Case, type: str) -> None:
    """Word, pictures and plain text: taken, or refused cleanly."""
    case.expect(case.sent(case.sample(file_type=type)))


@check("OKD-MPT-008")
def test_file_before_metadata(case: Case) -> None:
    """The other order is taken in full, or refused."""
    sample = case.sample()
    exchange = case.expect(case.sent(sample, message=sample.message().reordered()))
    if exchange.succeeded:
        read_back(case, sample, exchange)
        sent = str(sample.body.get("document_name")) if sample.body else ""
        name_survived(case, sample, exchange, sent, key="metadata_lost", lost="metadata_lost")


@check("OKD-MPT-009", profile="smoke")
def test_missing_metadata_part(case: Case) -> None:
    """Only the file."""
    sample = case.sample()
    case.expect(case.sent(sample, message=sample.message(sample.file_part)))


@check("OKD-MPT-010")
def test_missing_file_part(case: Case) -> None:
    """Only the metadata."""
    sample = case.sample()
    case.expect(case.sent(sample, message=sample.message(sample.metadata_part)))


@check("OKD-MPT-011", part=["metadata", "file"], name=["other", "capital", "plural"])
def test_wrong_part_name(case: Case, part: str, name: str) -> None:
    """A part under another name is a missing part."""
    sample = case.sample()
    right = sample.operation.part(part).name
    wrong = {"other": "okd-other", "capital": right.capitalize(), "plural": right + "s"}[name]
    parts = {"metadata": sample.metadata_part, "file": sample.file_part}
    disposition = dict(parts[part].headers)["Content-Disposition"].replace(f'"{right}"', f'"{wrong}"')
    parts[part] = parts[part].with_header("Content-Disposition", disposition)
    case.expect(case.sent(sample, message=sample.message(*parts.values())))


@check("OKD-MPT-012", part=["metadata", "file"])
def test_duplicate_part(case: Case, part: str) -> None:
    """Two parts of the same name and other content: neither may be dropped in silence."""
    sample = case.sample()
    other = case.canonical(file=noise(case.id, 2000))
    twice = other.metadata_part if part == "metadata" else other.file_part
    exchange = case.expect(
        case.sent(sample, message=sample.message(sample.metadata_part, sample.file_part, twice))
    )
    if exchange.succeeded and part == "file":
        answer = case.read(case.require_id(exchange), document_type=sample.binding.document_type)
        body = answer.answer.body if answer.answer else b""
        which = "first" if body == sample.file else "last" if body == other.file else "other"
        case.note(case.words(f"duplicate_{which}_won"))


@check("OKD-MPT-013")
def test_extra_part(case: Case) -> None:
    """A part that nobody asked for."""
    sample = case.sample()
    extra = Part.form("okd-conformance-extra", b"x")
    case.expect(case.sent(sample, message=sample.message(sample.metadata_part, sample.file_part, extra)))


@check("OKD-MPT-017", boundary=BOUNDARIES)
def test_any_legal_boundary(case: Case, boundary: str) -> None:
    """1 to 70 characters, quoted where that is needed."""
    sample = case.sample(boundary=boundary)
    judge = unusual if boundary in {BOUNDARIES[name] for name in UNUSUAL} else accepted
    judge(case, sample)


@check("OKD-MPT-018", content=["pieces", "whole"])
def test_boundary_look_alikes(case: Case, content: str) -> None:
    """Bytes in the file that nearly are a delimiter line; whole, only a file about its own message has it."""
    sample = case.sample()
    if content == "pieces":
        accepted(case, sample.with_file(pdf(case.run_id, content=look_alikes(sample.boundary)) + b"\r\n--"))
    else:
        unusual(case, sample.with_file(pdf(case.run_id, content=whole_boundary(sample.boundary))))


@check("OKD-MPT-019", detail=["preamble", "epilogue", "padding", "lower-case", "upper-case"])
def test_framing_details(case: Case, detail: str) -> None:
    """What a parser must skip or may not care about."""
    sample = case.sample()
    message = sample.message()
    if detail == "preamble":
        message = replace(message, preamble=b"This is a message with multiple parts.")
    elif detail == "epilogue":
        message = replace(message, epilogue=b"\r\nThis is the epilogue.\r\n")
    elif detail == "padding":
        message = replace(message, padding=b" \t ")
    else:
        change = str.lower if detail == "lower-case" else str.upper
        parts = [replace(p, headers=tuple((change(n), v) for n, v in p.headers)) for p in message.parts]
        message = replace(message, parts=tuple(parts))
    judge = accepted if detail.endswith("-case") else unusual
    judge(case, sample, message)


@check("OKD-MPT-020", detail=["no-boundary", "multipart/mixed", "multipart/related"])
def test_wrong_multipart_type(case: Case, detail: str) -> None:
    """Without its boundary, or as another kind of multipart, the message can't be read."""
    sample = case.sample()
    request = sample.request()
    kind = "multipart/form-data"
    if detail != "no-boundary":
        kind = f"{detail}; boundary={sample.boundary}"
    situation = "default" if detail == "no-boundary" else "other_kind"
    request = with_header(request, "Content-Type", kind)
    case.expect(case.send(request, sample.operation, "malformed"), situation)


@check("OKD-MPT-021", cut=["no-closing-delimiter", "inside-the-file"])
def test_message_cut_short(case: Case, cut: str) -> None:
    """The message ends too early, though its Content-Length agrees."""
    sample = case.sample()
    message = replace(sample.message(), closed=False)
    request = sample.request(message)
    body = request.body if isinstance(request.body, bytes) else b""
    if cut == "inside-the-file":
        body = body[: -len(sample.file) // 2]
    case.expect(case.send(replace(request, body=body), sample.operation, "malformed"))


@check("OKD-MPT-023", form=["utf-8", "percent", "extended", "both"])
def test_filename_in_utf8(case: Case, form: str) -> None:
    """A file name with letters beyond ASCII, in the forms that clients use."""
    sample = case.sample()
    plain, percent = 'filename="Zoë č 学.pdf"', 'filename="Zo%C3%AB.pdf"'
    extended = "filename*=UTF-8''Zo%C3%AB.pdf"
    shown = {"utf-8": plain, "percent": percent, "extended": extended, "both": f"{plain}; {extended}"}[form]
    name = sample.operation.part("file").name
    part = sample.file_part.with_header("Content-Disposition", f'form-data; name="{name}"; {shown}')
    message = sample.message(sample.metadata_part, part)
    situation = "extended_name" if "extended" in form or form == "both" else "default"
    exchange = case.expect(case.sent(sample, message=message), situation)
    name_survived(case, sample, exchange, str(sample.body.get("document_name")) if sample.body else "")


@check("OKD-MPT-024", filename=HOSTILE_NAMES)
def test_hostile_filename(case: Case, filename: str | None) -> None:
    """File names that aim at the file system, or are absent."""
    sample = case.sample(file_name=filename)
    tags = ("malformed",) if filename == HOSTILE_NAMES["long"] else ()
    exchange = case.expect(case.send(sample.request(), sample.operation, *tags))
    if exchange.succeeded:
        shown = case.metadata_value(case.require_id(exchange), "document_name", sample) or ""
        case.require("../" not in shown and ":\\" not in shown, "name_has_path", value=shown)


@check("OKD-MPT-025")
def test_empty_file(case: Case) -> None:
    """A file of no bytes."""
    sample = case.sample().with_file(b"")
    exchange = case.expect(case.sent(sample))
    if exchange.succeeded:
        read_back(case, sample, exchange)


@check(
    "OKD-MPT-026",
    content={
        "every-byte": pdf("okd", content=every_byte()),
        "line-breaks": pdf("okd", content=line_breaks()),
        "zeros": pdf("okd", content=b"\0" * 4096),
        "ff": pdf("okd", content=b"\xff" * 4096),
        "noise-300k": pdf("okd", content=noise("okd", 300_000)),
        "ends-in-line-break": pdf("okd") + b"\r\n",
    },
)
def test_bytes_are_stored_exactly(case: Case, content: bytes) -> None:
    """Content that text handling, buffering or trimming would change."""
    accepted(case, case.sample().with_file(content))


@check("OKD-MPT-026", megabytes=[1, 2, 5, 10])
def test_larger_files_are_stored_exactly(case: Case, megabytes: int) -> None:
    """Sizes around the limits of buffers, gateways and temporary files; one of the uploads is enough."""
    operation = case.operation
    if operation != case.edition.operations(case.role, "upload")[0]:
        raise case.not_applicable("one_upload_is_enough")
    case.accepted()
    travel = journey(case, upload_of(case, operation, case.binding, document=megabytes * 1_000_000 + 1))
    if travel.offered.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise case.not_tested("judged_by_size", requirement="OKD-LIM-001")
    case.expect(travel.offered)
    if travel.offered.succeeded:
        require_equal(case, travel)
