"""Whatever comes over the wire: an answer or a known error; never anything else, at either side."""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Iterator
from typing import Any

import h11
import httpx
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from okd_conformance.auth.token_endpoint import Granted, InvalidScopeError, TokenEndpoint
from okd_conformance.auth.tokens import TokenUnobtainable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.jwts import read_jwt
from okd_conformance.judge.ids import answered_id, answered_link
from okd_conformance.reference import target_of
from okd_conformance.standard.edition import load_edition
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Operation
from okd_conformance.target.layout import located
from okd_conformance.target.model import Auth, OAuthClient, Secret
from okd_conformance.target.reading import load_target
from okd_conformance.wire.exchange import Answer, Exchange, Request
from okd_conformance.wire.patience import DeadlineError
from okd_conformance.wire.raw import Line
from okd_conformance.wire.throttling import MAX_WAIT_FOR_THROTTLING_S, seconds_to_wait
from support.fuzzing import PATIENCE, mutations, values
from support.reference_bench import Bench, bench

# --- answers ----------------------------------------------------------------------------------------------

HTTP_BITS = st.one_of(
    st.sampled_from(
        [b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/9.9 ", b"200"]
    ),
    st.sampled_from(
        [b"HTTP/9.9 ", b"\r\n", b"\n", b"Content-Length: ", b"5", b"-1", b"99999999999999999999"]
    ),
    st.sampled_from([b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffffff\r\n"]),
    st.sampled_from(
        [b"Connection: close\r\n", b"Content-Type: text/html\r\n", b": ", b"\x00", b"\xff", b" "]
    ),
    st.binary(max_size=3),
)


@settings(PATIENCE, max_examples=200)
@given(content=st.lists(HTTP_BITS, max_size=14).map(b"".join))
def test_any_bytes_as_an_answer(content: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(content)
        theirs.close()
        line = Line(ours, h11.Connection(h11.CLIENT), 5.0, float("inf"))
        try:
            line.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
            line.send(h11.EndOfMessage())
            head = line.final(float("inf"))
            if head is not None:
                assert isinstance(line.read(head), Answer)
        except (httpx.TransportError, DeadlineError):
            pass


header_texts = st.text(max_size=30) | st.sampled_from(
    [
        "application/json",
        "APPLICATION/JSON ; x",
        ";",
        "",
        'a/b;c="',
        "Bearer",
        "0",
        "-5",
        "1e400",
        "nan",
        "inf",
    ]
)


def exchange_with(status: int, headers: dict[str, str], body: bytes) -> Exchange:
    answer = Answer(status, "", tuple(headers.items()), body)
    return Exchange("x1", Request("GET", "http://127.0.0.1/"), answer, None, "2026-01-01T00:00:00Z", 0.1)


@settings(PATIENCE, max_examples=200)
@given(text=header_texts, body=st.binary(max_size=40) | values.map(lambda v: json.dumps(v).encode()))
def test_any_headers_of_an_answer(text: str, body: bytes) -> None:
    names = ("content-type", "retry-after", "location", "www-authenticate", "content-disposition")
    found = exchange_with(200, dict.fromkeys(names, text), body)
    assert found.answer is not None
    assert found.answer.media_type == found.answer.media_type.strip().lower()
    seconds = seconds_to_wait(found.answer.header("retry-after"))
    assert math.isfinite(seconds)
    assert 0 <= seconds <= MAX_WAIT_FOR_THROTTLING_S
    for place in ("header:Location", "/", "/a/0", "/0", "", "/dmsDocumentId"):
        located(found, place)
    json.dumps(found.as_har()).encode()
    found.curl()


@pytest.mark.parametrize(
    "value", ["Mon, 99 Foo 2026", "Fri, 31 Dec 9999 23:59:59 -2359", "9" * 400, "\uff11"]
)
def test_a_time_that_makes_no_sense(value: str) -> None:
    assert 0 <= seconds_to_wait(value) <= 30


# --- bodies and the edition's schemas ---------------------------------------------------------------------

OPERATIONS: list[Operation] = list(load_edition("okd-1.5").operations())
SCHEMAS = [s for o in OPERATIONS for s in (o.body_schema, o.success_schema()) if s]


@settings(PATIENCE, max_examples=150)
@given(schema=st.sampled_from(SCHEMAS), value=values)
def test_any_value_as_a_body(schema: Any, value: Any) -> None:
    walked(Body(schema, value))


def walked(body: Body) -> None:
    """Everything that is asked of a body."""
    for place in body.places():
        if place.meaning:
            body.get(place.meaning)
            body.all(place.meaning)
            body.with_(place.meaning, None).without(place.meaning)
    body.filled(lambda _, current: current)
    body.errors()
    body.json().decode()


@settings(PATIENCE, max_examples=150)
@given(data=st.data())
def test_a_changed_body(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from([o for o in OPERATIONS if o.examples and o.body_schema]))
    example = data.draw(st.sampled_from(list(operation.examples.values())))
    value = data.draw(mutations(example))
    walked(Body(operation.body_schema or {}, value))
    found = exchange_with(200, {}, json.dumps(value).encode())
    answered_id(operation, found)
    answered_link(operation, found)


# --- tokens -----------------------------------------------------------------------------------------------

GRANT = {"access_token": "abc", "token_type": "Bearer", "expires_in": 3600, "scope": "a b"}
CLIENT = OAuthClient("me", Secret("secret"), ("a",))


@settings(PATIENCE, max_examples=150)
@given(
    status=st.sampled_from([200, 201, 302, 400, 401, 429, 500, 599]),
    value=mutations(GRANT) | values,
    raw=st.none() | st.binary(max_size=20),
)
def test_any_answer_of_a_token_endpoint(target: Any, status: int, value: Any, raw: bytes | None) -> None:
    content = raw if raw is not None else json.dumps(value).encode()
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=content))
    endpoint = TokenEndpoint(target, Auth("http://127.0.0.1:1/token", (CLIENT,)), transport)
    try:
        granted = endpoint.ask(CLIENT, "a")
        assert isinstance(granted, Granted)
        assert granted.value.isascii()
    except (TokenUnobtainable, InvalidScopeError, ConfigurationError):
        pass
    finally:
        endpoint.close()


TOKEN_BITS = st.sampled_from(["e30", "W10", ".", "=", "eyJhIjoxfQ", "_"])


@settings(PATIENCE, max_examples=150)
@given(token=st.text(max_size=30) | st.lists(TOKEN_BITS, max_size=7).map("".join))
def test_any_text_as_a_token(token: str) -> None:
    read_jwt(token)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("target") / "target.yaml"
    file.write_text(yaml.safe_dump(json.loads(json.dumps(target_of("http://127.0.0.1:1")))), encoding="utf-8")
    return load_target(file)


# --- the reference's own intake ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> Iterator[Bench]:
    with bench() as found:
        yield found


METADATA = b'Content-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
FILE = (
    b'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
)
BODY_BITS = st.one_of(
    st.sampled_from(
        [b"--b", b"--b--", b"--b\r\n" + METADATA, b"\r\n--b\r\n" + FILE, b"--b\r\nContent-Type: a\r\n"]
    ),
    st.sampled_from([b"\r\n", b"\n", b"{", b"}", b'"', b"[", b"null", b"NaN", b"1e999", b"[" * 2000]),
    st.sampled_from([b"\x00", b"\xff", b"--", b":", b";"]),
    st.binary(max_size=4),
)
MULTIPART = "multipart/form-data; boundary=b"
MEDIA = [
    MULTIPART,
    "multipart/form-data",
    'multipart/form-data; boundary=""',
    "application/json",
    "x",
    "text/plain; charset=nope",
]


@st.composite
def requests(draw: st.DrawFn, operation: Operation) -> tuple[str, bytes]:
    """A media type and a body: a changed example in a sound frame, or hardly anything sound at all."""
    if operation.examples and draw(st.booleans()):
        example = draw(st.sampled_from(list(operation.examples.values())))
        inner = json.dumps(draw(mutations(example))).encode()
        if not operation.parts:
            return "application/json", inner
        return MULTIPART, b"--b\r\n" + METADATA + inner + b"\r\n--b\r\n" + FILE + b"%PDF\r\n--b--\r\n"
    return draw(st.sampled_from(MEDIA)), draw(st.lists(BODY_BITS, max_size=12).map(b"".join))


@settings(PATIENCE, max_examples=200)
@given(data=st.data())
def test_any_request_to_the_reference(reference: Bench, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(list(reference.edition.operations())))
    media, content = data.draw(requests(operation))
    tail = data.draw(st.sampled_from(["", "", "/x", "/%00", "/%ff", "/..%2f", "?a=%ff", "/" + "a" * 3000]))
    headers = {**reference.auth(), "Content-Type": media}
    url = reference.url(operation) + tail
    answer = reference.http.request(operation.method, url, headers=headers, content=content)
    assert answer.status_code < 500, answer.text


visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)


@settings(PATIENCE, max_examples=60)
@given(value=visible, content=st.binary(max_size=40))
def test_any_rights_and_any_form_at_the_reference(reference: Bench, value: str, content: bytes) -> None:
    url = reference.url(reference.operation("read_document"))
    for words in (value, f"Bearer {value}", f"Basic {value}"):
        assert reference.http.get(url, headers={"Authorization": words}).status_code == 401
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {value}"}
    assert reference.http.post("/oauth2/token", headers=form, content=content).status_code < 500
    assert reference.http.post("/hooks/show_filing", content=content).status_code < 500
