"""The reference as a DMS: uploads, reading, replacing, deleting, the end of enrolments."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from okd_conformance.reference.intake import DelimiterPadding
from okd_conformance.standard.fields import Body, validator
from support.reference_bench import BOUNDARY, Bench, bench, message, part

UPLOADS = ["upload_to_association", "upload_to_offering", "upload_to_person"]
EVERY_BYTE = bytes(range(256)) * 3 + b"\r\n\r\n--\r\n-- \x00\xff"


@pytest.fixture(scope="module")
def dms() -> Iterator[Bench]:
    with bench() as instance:
        yield instance


@pytest.mark.parametrize("name", UPLOADS)
def test_a_document_lives_from_upload_to_deletion(dms: Bench, name: str) -> None:
    body = dms.metadata(name, size=len(EVERY_BYTE))
    document = dms.stored(name=name, body=body, content=EVERY_BYTE)
    assert uuid.UUID(document)

    read = dms.read(document)
    assert (read.status_code, read.content) == (200, EVERY_BYTE)
    assert read.headers["content-length"] == str(len(EVERY_BYTE))
    facts = dms.facts(document)
    assert facts.errors() == []
    assert facts.get("dms_document_id") == document
    assert facts.get("document_name") == body.get("document_name")
    assert facts.get("document_size") == len(EVERY_BYTE)
    assert facts.get("format") == "application/pdf"

    deleted = dms.send("delete_document", ids={"dms_document_id": document})
    assert (deleted.status_code, deleted.content) == (204, b"")
    for operation in ("read_document", "read_metadata", "delete_document"):
        assert dms.send(operation, ids={"dms_document_id": document}).status_code == 404


@pytest.mark.parametrize("example", range(4))
def test_every_flow_of_the_association_is_accepted(dms: Bench, example: int) -> None:
    document = dms.stored(body=dms.metadata(example=example))
    filing = dms.filing("dms", document)
    assert filing["level"] == "enrolment"
    assert filing["association_id"] == dms.fixtures["association_id"]
    assert filing["person_id"] == dms.fixtures["person_id"]


def test_ids_are_new_each_time_and_not_the_components(dms: Bench) -> None:
    body = dms.metadata()
    first, second = dms.stored(body=body), dms.stored(body=body)
    assert len({first, second, body.get("component_document_id")}) == 3


def test_an_unknown_enrolment_person_or_sitting_is_no_error(dms: Bench) -> None:
    for name, meaning in zip(UPLOADS, ("association_id", "offering_id", "person_id"), strict=True):
        fresh = str(uuid.uuid4())
        body = dms.metadata(name).with_(meaning, fresh)
        assert dms.upload(body, name=name, ids={meaning: fresh}).status_code == 200


BOUNDARIES = [
    "a",
    "b" * 70,
    "-" * 60 + "0123456789",
    "'()+_,-./:=?",
    "gc0p4Jq0M:2Yt08jU534c0p=/?,",
    "two words",
]


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_legal_boundary_works(dms: Bench, boundary: str) -> None:
    content = f"x--{boundary}\r\n--{boundary[:-1]}".encode() if len(boundary) > 1 else b"x--a"
    document = dms.stored(boundary=boundary, content=content)
    assert dms.read(document).content == content


def test_text_around_padding_and_odd_header_cases_are_accepted(dms: Bench) -> None:
    parts = [dms.metadata_part(), part("file", b"\r\n--", "application/pdf")]
    lower = [(head.lower().replace("a.pdf", "A.pdf"), content) for head, content in parts]
    upper = [(head.replace("Content-", "CONTENT-"), content) for head, content in parts]
    for raw in (
        b"some text\r\nbefore\r\n" + message(parts) + b"and after",
        message(parts, padding=" \t  "),
        message(lower),
        message(upper),
        message(list(reversed(parts))),
    ):
        assert dms.read(dms.stored(raw=raw)).content == b"\r\n--"


@pytest.mark.parametrize(
    "media", [None, "text/plain", "application/json; charset=utf-8", 'application/json;charset="UTF-8"']
)
def test_metadata_types_that_are_read(dms: Bench, media: str | None) -> None:
    body = dms.metadata().with_("document_name", "Zoë č 學.pdf")
    document = dms.stored(parts=[dms.metadata_part(body, media), part("file", b"1", "application/pdf")])
    assert dms.facts(document).get("document_name") == "Zoë č 學.pdf"


@pytest.mark.parametrize("media", [None, "application/binary", "application/octet-stream", "image/png"])
def test_file_types_that_are_kept(dms: Bench, media: str | None) -> None:
    document = dms.stored(parts=[dms.metadata_part(), part("file", b"1", media)])
    assert dms.facts(document).get("format") == (media or "application/octet-stream")


@pytest.mark.parametrize(
    "extra", ['; filename="Zoë.pdf"', '; filename="../../x"', "; filename*=UTF-8''Zo%C3%AB.pdf"]
)
def test_filenames_do_no_harm_and_do_not_count(dms: Bench, extra: str) -> None:
    head = f'Content-Disposition: form-data; name="file"{extra}\r\nContent-Type: application/pdf\r\n'
    body = dms.metadata()
    document = dms.stored(parts=[dms.metadata_part(body), (head, b"1")])
    assert dms.facts(document).get("document_name") == body.get("document_name")


def test_an_empty_file_is_kept(dms: Bench) -> None:
    document = dms.stored(content=b"")
    assert dms.read(document).content == b""


def broken_messages(dms: Bench) -> dict[str, tuple[int, dict[str, Any]]]:
    meta, file = dms.metadata_part(), part("file", b"1", "application/pdf")
    multipart = f"multipart/form-data; boundary={BOUNDARY}"
    other_id, named = dms.metadata().with_("association_id", str(uuid.uuid4())), dms.metadata()
    latin = part(
        "metadata", named.json().decode().encode("latin-1", "replace"), "application/json; charset=latin-1"
    )
    return {
        "no metadata": (400, {"parts": [file]}),
        "no file": (400, {"parts": [meta]}),
        "metadata twice": (400, {"parts": [meta, meta, file]}),
        "file twice": (400, {"parts": [meta, file, file]}),
        "extra part": (400, {"parts": [meta, file, part("x", b"1")]}),
        "other name": (400, {"parts": [part("Metadata", meta[1], "application/json"), file]}),
        "metadata cut": (400, {"parts": [part("metadata", b"{", "application/json"), file]}),
        "metadata a list": (400, {"parts": [part("metadata", b"[]", "application/json"), file]}),
        "metadata null": (400, {"parts": [part("metadata", b"null", "application/json"), file]}),
        "metadata NaN": (400, {"parts": [part("metadata", b'{"a": NaN}', "application/json"), file]}),
        "metadata a lone surrogate": (400, {"parts": [part("metadata", rb'{"a": "\ud800"}', None), file]}),
        "metadata deep": (400, {"parts": [part("metadata", b'{"a":' * 30000, None), file]}),
        "metadata not UTF-8": (400, {"parts": [part("metadata", b'{"a": "\xff"}', None), file]}),
        "metadata latin-1": (400, {"parts": [latin, file]}),
        "metadata XML": (400, {"parts": [part("metadata", b"<a/>", "text/xml"), file]}),
        "metadata too large": (413, {"parts": [part("metadata", b" " * 1_000_001, None), file]}),
        "without the last delimiter": (400, {"raw": message([meta, file])[: -len(BOUNDARY) - 8]}),
        "nothing": (400, {"raw": b""}),
        "no boundary": (400, {"content_type": "multipart/form-data"}),
        "other multipart": (415, {"content_type": multipart.replace("form-data", "mixed")}),
        "XML": (415, {"content_type": "text/xml"}),
        "too many parts": (400, {"parts": [meta, *[file] * 40]}),
        "ids differ": (422, {"body": other_id}),
        "size differs": (422, {"body": dms.metadata(size=7)}),
        "no consumer": (422, {"body": named.without("consumers")}),
        "no type": (422, {"body": named.without("document_type")}),
        "no name": (422, {"body": named.without("document_name")}),
        "unknown type": (422, {"body": named.with_("document_type", "banana")}),
        "size as text": (422, {"body": named.with_("document_size", "13")}),
        "impossible date": (422, {"body": named.with_("received_date", "2023-13-40")}),
    }


def test_what_is_wrong_is_refused_and_nothing_is_stored(dms: Bench) -> None:
    before, files = dms.count(), set(dms.world.store.folder.iterdir())
    schema = next(s for s in dms.operation("read_document").responses[404].values() if s)
    for case, (status, given) in broken_messages(dms).items():
        answer = dms.upload(**given)
        assert answer.status_code == status, (case, answer.text)
        assert answer.headers["content-type"] == dms.edition.media_types["problem"], case
        assert list(validator(schema).iter_errors(answer.json())) == [], case
        assert answer.json()["status"] == status
    assert dms.count() == before
    assert set(dms.world.store.folder.iterdir()) == files


def test_a_large_upload_goes_through_a_file(dms: Bench) -> None:
    content = bytes(i % 251 for i in range(3_000_000))
    assert dms.read(dms.stored(content=content)).content == content


def test_the_limit_holds_for_the_announced_and_for_the_real_size() -> None:
    with bench() as dms:
        dms.world.behaviour.document_limit = lambda _call: 2_000_000
        document = dms.stored(content=b"small")
        parts = [dms.metadata_part(), part("file", bytes(2_000_001), "application/pdf")]
        ids, headers = {"dms_document_id": document}, {**dms.auth(), "Content-Type": "application/pdf"}
        assert dms.upload(parts=parts).status_code == 413
        for content in (bytes(2_000_001), iter([bytes(2_000_001)])):
            assert dms.send("replace_content", ids=ids, headers=headers, content=content).status_code == 413
        assert dms.read(document).content == b"small"
        assert dms.count() == 1


@pytest.mark.parametrize("media", ["application/octet-stream", "application/pdf", "image/png", ""])
def test_replacing_changes_the_bytes_and_the_size_only(dms: Bench, media: str) -> None:
    document = dms.stored(content=b"old")
    before = dms.facts(document).without("download_url", "document_size").value
    headers = {
        **dms.auth(),
        **({"Content-Type": media} if media else {}),
        "Content-Disposition": 'form-data; name="file"; filename="other.pdf"',
    }
    answer = dms.send("replace_content", ids={"dms_document_id": document}, headers=headers, content=b"newer")
    assert (answer.status_code, answer.content) == (204, b"")
    facts = dms.facts(document)
    assert dms.read(document).content == b"newer"
    assert facts.get("document_size") == 5
    assert facts.without("download_url", "document_size").value == before


def test_replacing_is_refused_where_it_should(dms: Bench) -> None:
    document = dms.stored(content=b"old")

    def replaced(media: str, content: bytes, asked: str = document) -> int:
        headers = {**dms.auth(), "Content-Type": media}
        answer = dms.send("replace_content", ids={"dms_document_id": asked}, headers=headers, content=content)
        return answer.status_code

    assert replaced("multipart/form-data; boundary=x", b"x") == 415
    assert replaced("text/xml", b"<x/>") == 415
    assert replaced("application/pdf", b"") == 400
    assert replaced("application/pdf", b"x", str(uuid.uuid4())) == 404
    dms.hook("lock", role="dms", document_id=document, locked=True)
    assert replaced("application/pdf", b"x") == 423
    assert dms.read(document).content == b"old"
    dms.hook("lock", role="dms", document_id=document, locked=False)
    assert replaced("application/pdf", b"x") == 204


def test_the_temporary_link_needs_no_token_and_dies(dms: Bench) -> None:
    document = dms.stored(content=b"shown")
    link, second = (dms.facts(document).get("download_url") for _ in range(2))
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/download/[\w-]{43}", link)
    assert link != second
    assert dms.http.get(link).content == b"shown"
    assert dms.http.post(link).status_code == 405
    dms.world.behaviour.link_lifetime_s = -1
    assert dms.http.get(dms.facts(document).get("download_url")).status_code == 404
    dms.world.behaviour.link_lifetime_s = 600
    dms.hook("destroy", role="dms", document_id=document)
    assert dms.http.get(link).status_code == 404


def test_ids_in_the_path(dms: Bench) -> None:
    document = dms.stored()
    assert dms.read(document.upper()).status_code == 200
    for odd in ("abc", document[:-1], "0" * 32, "x" * 10_000, "%00", "{" + document[1:]):
        assert dms.read(odd).status_code == 400, odd
    assert dms.read("a/b").status_code == 404
    assert dms.read(str(uuid.uuid4())).status_code == 404


def test_the_end_of_an_enrolment(dms: Bench) -> None:
    association = dms.fixtures["association_id"]
    operation = dms.operation("change_association")
    example = Body(operation.body_schema or {}, next(iter(operation.examples.values())))
    body = example.with_("association_id", association)
    document = dms.stored()

    def changed(value: Body, media: str, asked: str = association) -> int:
        headers = {**dms.auth(), "Content-Type": media}
        ids = {"association_id": asked}
        return dms.send("change_association", ids=ids, headers=headers, content=value.json()).status_code

    for media in operation.request:
        for state in ("canceled", "denied", "associated", "finished", "pending"):
            assert changed(body.with_("state", state), media) == 204
    media = next(iter(operation.request))
    for wrong in ("cancelled", "x", 5, None):
        assert changed(body.with_("state", wrong), media) == 422
    assert changed(body.with_("association_id", str(uuid.uuid4())), media) == 422
    fresh = str(uuid.uuid4())
    assert changed(body.with_("association_id", fresh), media, fresh) == 404
    dms.stored(body=dms.metadata().with_("association_id", fresh), ids={"association_id": fresh})
    assert changed(body.with_("association_id", fresh), media, fresh) == 204
    assert changed(body, "text/xml") == 415
    assert dms.read(document).status_code == 200


def test_a_document_of_the_dms_is_readable_where_it_was_registered(dms: Bench) -> None:
    component = dms.world.school.clients[1].component
    made = dms.hook("register", role="dms", component=component, content_base64="aGVsbG8=")
    assert dms.read(made["document_id"]).status_code == 404
    found = dms.read(made["document_id"], headers=dms.auth(client=1))
    assert (found.status_code, found.content) == (200, b"hello")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_padding_goes_away_however_the_message_is_cut(size: int) -> None:
    padded = b"--b \t\r\nA: 1\r\n\r\n\r\n--b!\r\n --b \r\n\r--b \t\r\n--b\t\r\n\r\n--b-- \r\n\r\n--"
    wanted = b"\r\n--b\r\nA: 1\r\n\r\n\r\n--b!\r\n --b \r\n\r--b \t\r\n--b\r\n\r\n--b-- \r\n\r\n--"
    padding = DelimiterPadding(b"b")
    pieces = [padding.feed(padded[i : i + size]) for i in range(0, len(padded), size)]
    assert b"".join(pieces) + padding.rest() == wanted
