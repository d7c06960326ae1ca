"""What the multipart writer writes, three parsers that we did not write read back."""

from __future__ import annotations

import email.parser
import email.policy
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from multipart import MultipartSegment, PushMultipartParser
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from okd_conformance.wire.body import Payload, Streamed, chunks_of, concatenated, length_of
from okd_conformance.wire.multipart import CRLF, Header, Multipart, Part

Read = list[tuple[list[Header], bytes]]
"""The parts that a parser found: the header lines, with names in lower case, and the content."""

BCHARS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=? "
"""What a boundary may consist of (RFC 2046, 5.1.1); a space not at the end."""


def lowered(headers: list[Header]) -> list[Header]:
    return [(name.lower(), value) for name, value in headers]


def by_multipart(message: Multipart, body: bytes) -> Read:
    """The library ``multipart``, fed in small pieces."""
    found: Read = []
    with PushMultipartParser(boundary_in(message), strict=False) as parser:
        for start in range(0, len(body), 7):
            for event in parser.parse(body[start : start + 7]):
                if isinstance(event, MultipartSegment):
                    found.append((lowered(list(event.headerlist)), b""))
                elif event:
                    found[-1] = (found[-1][0], found[-1][1] + bytes(event))
    return found


def by_email(message: Multipart, body: bytes) -> Read:
    """The standard library's parser for mail."""
    head = f"MIME-Version: 1.0\r\nContent-Type: {message.content_type}\r\n\r\n".encode()
    whole = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(head + body)
    assert whole.is_multipart()
    assert not whole.defects
    found: Read = []
    for part in whole.get_payload():
        lines = [
            (name, str(value).encode("ascii", "surrogateescape").decode()) for name, value in part.raw_items()
        ]
        found.append((lowered(lines), part.get_payload(decode=True)))
    return found


def by_werkzeug(message: Multipart, body: bytes) -> Read:
    """The parser of werkzeug."""
    decoder = MultipartDecoder(boundary_in(message).encode())
    decoder.receive_data(body)
    decoder.receive_data(None)
    found: Read = []
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Field | File):
            found.append((lowered(list(event.headers)), b""))
        elif isinstance(event, Data):
            found[-1] = (found[-1][0], found[-1][1] + event.data)
        assert not isinstance(event, NeedData)
    return found


def boundary_in(message: Multipart) -> str:
    """The boundary, as another program finds it in the Content-Type."""
    kind, options = parse_options_header(message.content_type)
    assert kind == f"multipart/{message.subtype}"
    return options["boundary"]


PARSERS = [by_multipart, by_email, by_werkzeug]


def sent(payload: Payload) -> bytes:
    """The bytes of a payload; its length was told beforehand and is right."""
    whole = b"".join(chunks_of(payload))
    assert length_of(payload) == len(whole)
    return whole


def in_chunks(content: bytes, size: int) -> Streamed:
    def chunks() -> Iterator[bytes]:
        return (content[start : start + size] for start in range(0, len(content), size))

    return Streamed(len(content), chunks)


def expected(parts: tuple[Part, ...], contents: list[bytes]) -> Read:
    return [(lowered(list(p.headers)), c) for p, c in zip(parts, contents, strict=True)]


# --- any message ------------------------------------------------------------------------------------------

boundaries = st.text(BCHARS, min_size=1, max_size=70).filter(lambda b: not b.endswith(" "))
tokens = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(lambda name: f"X-{name}x")
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x24F), max_size=40).filter(
    lambda v: v.isprintable() and v == v.strip()
)
names = printable.filter(lambda v: "\\" not in v)
further = st.lists(st.tuples(tokens, printable.filter(bool)), max_size=3, unique_by=lambda header: header[0])
"""Other header lines, each once."""
near_misses = st.sampled_from([b"\r", b"\n", b"\r\n", b"--", b"-", b"\r\n--", b"\r\n-", b"\x00", b"\xff"])
contents = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(near_misses, st.binary(max_size=8)), max_size=20).map(b"".join),
)
lines = st.binary(max_size=40).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))


@st.composite
def parts(draw: st.DrawFn) -> tuple[Part, bytes]:
    content = draw(contents)
    body: Payload = in_chunks(content, draw(st.integers(1, 50))) if draw(st.booleans()) else content
    kind = draw(st.sampled_from([None, "application/pdf", "application/json", "application/octet-stream"]))
    part = Part.form(draw(names), body, content_type=kind, filename=draw(st.none() | names))
    for name, value in draw(further):
        part = part.with_header(name, value)
    return part, content


@st.composite
def messages(draw: st.DrawFn) -> tuple[Multipart, list[bytes]]:
    chosen = draw(st.lists(parts(), min_size=1, max_size=4))
    boundary = draw(boundaries)
    preamble, epilogue = draw(lines), draw(lines)
    message = Multipart(
        tuple(part for part, _ in chosen),
        boundary,
        quoted=draw(st.sampled_from([None, True])),
        preamble=preamble,
        epilogue=CRLF + epilogue,
        padding=draw(st.sampled_from([b"", b" ", b"\t ", b"   "])),
        parameters=tuple(draw(st.lists(st.just(("charset", "utf-8")), max_size=1))),
    )
    texts = [content for _, content in chosen]
    assume(not any(b"--" + boundary.encode() in text for text in (*texts, preamble, epilogue)))
    return message, texts


@pytest.mark.parametrize("parse", PARSERS)
@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(message=messages())
def test_any_message_is_read_back(
    parse: Callable[[Multipart, bytes], Read], message: tuple[Multipart, list[bytes]]
) -> None:
    multipart, texts = message
    if parse is by_multipart:
        multipart = replace(multipart, padding=b"")  # this library takes padding for an error
    assert parse(multipart, sent(multipart.payload())) == expected(multipart.parts, texts)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(message=messages(), size=st.integers(1, 64))
def test_streamed_and_whole_are_the_same_bytes(message: tuple[Multipart, list[bytes]], size: int) -> None:
    multipart, texts = message
    whole = replace(
        multipart, parts=tuple(replace(p, body=t) for p, t in zip(multipart.parts, texts, strict=True))
    )
    streamed = replace(
        multipart,
        parts=tuple(replace(p, body=in_chunks(t, size)) for p, t in zip(multipart.parts, texts, strict=True)),
    )
    assert isinstance(whole.payload(), bytes)
    assert isinstance(streamed.payload(), Streamed)
    assert sent(streamed.payload()) == whole.payload()


@pytest.mark.parametrize("parse", PARSERS)
def test_large_and_empty_parts_are_read_back(parse: Callable[[Multipart, bytes], Read]) -> None:
    almost = b"\r\n--boundary-of-this" * 5000
    contents = [b"", bytes(range(256)) * 800, almost, b""]
    parts = (
        Part.form("", contents[0]),
        Part.form("part 1", in_chunks(contents[1], 4096), filename='naam é "1".pdf'),
        Part.form("part 2", contents[2]),
        Part.form("part 3", in_chunks(contents[3], 1), filename=""),
    )
    message = Multipart(parts, "boundary-of-this-message", preamble=b"before", epilogue=CRLF + b"after")
    assert parse(message, sent(message.payload())) == expected(parts, contents)


# --- examples ---------------------------------------------------------------------------------------------

TWO_PARTS = (
    Part.form("metadata", b'{"a": 1}', content_type="application/json"),
    Part.form("file", b"%PDF\r\n\x00\xff", content_type="application/pdf", filename="zoë.pdf"),
)


def test_every_byte_of_a_message() -> None:
    assert Multipart(TWO_PARTS, "b0undary").payload() == (
        b"--b0undary\r\n"
        b'Content-Disposition: form-data; name="metadata"\r\n'
        b"Content-Type: application/json\r\n"
        b"\r\n"
        b'{"a": 1}\r\n'
        b"--b0undary\r\n"
        b'Content-Disposition: form-data; name="file"; filename="zo\xc3\xab.pdf"\r\n'
        b"Content-Type: application/pdf\r\n"
        b"\r\n"
        b"%PDF\r\n\x00\xff\r\n"
        b"--b0undary--\r\n"
    )


def test_every_byte_with_preamble_epilogue_and_padding() -> None:
    message = Multipart(
        (Part.form("a", b""),), "b", preamble=b"before", epilogue=b"\r\nafter", padding=b" \t"
    )
    assert message.payload() == (
        b'before\r\n--b \t\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n--b-- \t\r\nafter'
    )


def test_without_the_closing_delimiter() -> None:
    message = Multipart(TWO_PARTS[:1], "b", closed=False)
    whole = message.payload()
    assert isinstance(whole, bytes)
    assert whole.endswith(b'{"a": 1}\r\n')
    assert b"--b--" not in whole


@pytest.mark.parametrize("parse", PARSERS)
def test_content_that_nearly_is_a_delimiter(parse: Callable[[Multipart, bytes], Read]) -> None:
    content = b"\r\n--b0undar\r\n --b0undary\r\n-b0undary\r\n--\r\n--b0undarz--\r\n--B0UNDARY\r\n"
    message = Multipart((Part.form("file", content),), "b0undary")
    assert parse(message, sent(message.payload())) == expected(message.parts, [content])


@pytest.mark.parametrize(
    ("boundary", "quoted", "content_type"),
    [
        ("plain-1", None, "multipart/form-data; boundary=plain-1"),
        ("plain-1", True, 'multipart/form-data; boundary="plain-1"'),
        ("gc0p4Jq0M:2Yt08jU534c0p=/?,", None, 'multipart/form-data; boundary="gc0p4Jq0M:2Yt08jU534c0p=/?,"'),
        ("two words", None, 'multipart/form-data; boundary="two words"'),
        ("a:b", False, "multipart/form-data; boundary=a:b"),
    ],
)
def test_the_boundary_is_quoted_where_it_must_be(
    boundary: str, quoted: bool | None, content_type: str
) -> None:
    assert Multipart((), boundary, quoted=quoted).content_type == content_type


def test_further_parameters_and_another_subtype() -> None:
    message = Multipart((), "b", subtype="mixed", parameters=(("charset", "utf-8"), ("type", '"x/y"')))
    assert message.content_type == 'multipart/mixed; boundary=b; charset=utf-8; type="x/y"'


def test_a_quote_or_a_line_break_in_a_name_does_not_end_it() -> None:
    part = Part.form('a"b', b"", filename='c\r\nX-Evil: "yes".pdf')
    assert part.headers == (
        (
            "Content-Disposition",
            'form-data; name="a%22b"; filename="c%0D%0AX-Evil: %22yes%22.pdf"',
        ),
    )


def test_a_header_is_replaced_in_its_place_added_at_the_end_and_removed() -> None:
    part = TWO_PARTS[1]
    replaced = part.with_header("content-disposition", "form-data")
    assert [name for name, _ in replaced.headers] == ["Content-Disposition", "Content-Type"]
    assert replaced.headers[0][1] == "form-data"
    assert part.with_header("X-New", "1").headers == (*part.headers, ("X-New", "1"))
    assert part.with_header("CONTENT-TYPE", None).headers == part.headers[:1]
    assert part.headers == TWO_PARTS[1].headers


def test_reordered_turns_the_parts_around() -> None:
    message = Multipart(TWO_PARTS, "b")
    assert message.reordered().parts == (TWO_PARTS[1], TWO_PARTS[0])
    assert message.reordered().reordered() == message


def test_a_streamed_payload_can_be_sent_again() -> None:
    message = Multipart((Part.form("file", in_chunks(b"x" * 1000, 64)),), "b")
    payload = message.payload()
    assert sent(payload) == sent(payload)


def test_a_payload_is_streamed_as_soon_as_one_piece_is() -> None:
    assert concatenated([b"a", b"b"]) == b"ab"
    mixed = concatenated([b"a", in_chunks(b"bcd", 2), b"e"])
    assert isinstance(mixed, Streamed)
    assert list(mixed.chunks()) == [b"a", b"bc", b"d", b"e"]
