"""Asking leave before the body is sent: what the small client does with each way to answer that."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme

from okd_conformance.wire.body import Streamed
from okd_conformance.wire.client import Client, Settings
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.raw import Expecting
from support.raw_server import closed_port

LEAVE = b"HTTP/1.1 100 Continue\r\n\r\n"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
REFUSED = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
BODY = b"the document" * 10_000


@dataclass
class Heard:
    """What a server heard: the head of the request, and its body."""

    url: str
    head: bytes = b""
    body: bytes = b""
    done: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def server(
    talk: Callable[[socket.socket, Heard], None], context: ssl.SSLContext | None = None
) -> Iterator[Heard]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        scheme = "https" if context else "http"
        heard = Heard(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/okd?a=b")

        def serve() -> None:
            link, _ = listening.accept()
            link.settimeout(10)
            with contextlib.suppress(OSError):
                link = context.wrap_socket(link, server_side=True) if context else link
                while not heard.head.endswith(b"\r\n\r\n"):
                    heard.head += link.recv(1)
                talk(link, heard)
            link.close()
            heard.done.set()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield heard
        assert heard.done.wait(10)


def take_body(link: socket.socket, heard: Heard) -> None:
    while len(heard.body) < len(BODY):
        piece = link.recv(65536)
        if not piece:
            return
        heard.body += piece


def sent(url: str, body: Any = BODY, leave_s: float = 5.0, **settings: Any) -> tuple[Exchange, Expecting]:
    kept: list[Exchange] = []
    client = Client(Settings(**{"timeout_s": 5.0, **settings}), kept.append, lambda: "x1")
    asking = Expecting(client, leave_s)
    request = Request("POST", url, (("Content-Type", "application/pdf"),), body, token="a-token")
    try:
        exchange = client.once(request, asking, case="case", tags=("raw",))
    finally:
        client.close()
    assert kept == [exchange]
    return exchange, asking


def gives_leave(link: socket.socket, heard: Heard) -> None:
    link.sendall(EARLY_HINTS + LEAVE)
    take_body(link, heard)
    link.sendall(OK)


def test_the_body_follows_once_leave_is_given() -> None:
    with server(gives_leave) as heard:
        exchange, asking = sent(heard.url)
    assert (asking.given, asking.early) == (True, False)
    assert exchange.status == 200
    assert exchange.answer is not None
    assert exchange.answer.json() == {}
    assert heard.body == BODY
    assert heard.head.startswith(b"POST /okd?a=b HTTP/1.1\r\n")
    for line in (b"Expect: 100-continue", b"Authorization: Bearer a-token", b"Content-Length: 120000"):
        assert line in heard.head


def test_a_streamed_body_is_sent_too() -> None:
    with server(gives_leave) as heard:
        exchange, _ = sent(heard.url, Streamed(len(BODY), lambda: iter([BODY[:7], BODY[7:]])))
    assert exchange.status == 200
    assert heard.body == BODY


def test_a_final_answer_comes_early() -> None:
    with server(lambda link, _: link.sendall(REFUSED)) as heard:
        exchange, asking = sent(heard.url)
    assert (asking.given, asking.early) == (False, True)
    assert exchange.status == 417
    assert heard.body == b""


def test_without_leave_the_body_is_sent_all_the_same() -> None:
    def silent(link: socket.socket, heard: Heard) -> None:
        take_body(link, heard)
        link.sendall(OK)

    with server(silent) as heard:
        exchange, asking = sent(heard.url, leave_s=0.05)
    assert (asking.given, asking.early) == (False, False)
    assert exchange.status == 200
    assert heard.body == BODY


def test_an_answer_to_half_a_body_counts() -> None:
    def hasty(link: socket.socket, heard: Heard) -> None:
        link.sendall(LEAVE)
        heard.body = link.recv(10)
        link.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        take_body(link, heard)

    with server(hasty) as heard:
        exchange, asking = sent(heard.url)
    assert exchange.status == 413
    assert not asking.early


@pytest.mark.parametrize(
    ("answer", "error"),
    [(b"", "disconnected"), (LEAVE + b"nonsense\r\n\r\n", "not_http")],
    ids=["silence", "no http"],
)
def test_what_is_no_answer(answer: bytes, error: str) -> None:
    with server(lambda link, _: link.sendall(answer)) as heard:
        exchange, _ = sent(heard.url, body=b"{}")
    assert exchange.answer is None
    assert exchange.error == error


def test_a_server_that_keeps_silent_times_out() -> None:
    released = threading.Event()
    with server(lambda *_: released.wait(10) and None) as heard:
        exchange, _ = sent(heard.url, leave_s=0.05, timeout_s=0.2)
        released.set()
    assert exchange.error == "timeout"


def test_nobody_there() -> None:
    exchange, _ = sent(f"{closed_port()}/okd")
    assert exchange.error == "unreachable"


def test_over_tls() -> None:
    authority = trustme.CA()
    inside, outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(inside)
    authority.configure_trust(outside)
    with server(gives_leave, inside) as heard:
        exchange, asking = sent(heard.url, verify=outside)
    assert exchange.status == 200
    assert asking.given


def test_a_certificate_that_is_not_trusted() -> None:
    authority = trustme.CA()
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(inside)
    with server(gives_leave, inside) as heard:
        exchange, _ = sent(heard.url)
    assert exchange.error == "tls"
