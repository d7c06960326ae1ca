"""The client: what it puts on the wire, how it reads what comes back, and what it keeps as evidence."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import trustme

from okd_conformance.redaction.redactor import Redactor
from okd_conformance.wire import client as client_module
from okd_conformance.wire.body import Streamed
from okd_conformance.wire.budget import BudgetSpentError
from okd_conformance.wire.client import Client, Settings
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.multipart import Multipart, Part
from okd_conformance.wire.raw import Expecting
from okd_conformance.wire.throttling import SUPERSEDED
from support.raw_server import OK, RawServer, closed_port, hear, raw_server

TOKEN = "eyJhbGciOi.the-token.of-this-test"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def busy(retry_after: str | None) -> bytes:
    line = f"Retry-After: {retry_after}\r\n" if retry_after is not None else ""
    return f"HTTP/1.1 429 Too Many\r\n{line}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


@contextmanager
def new_client(**settings: Any) -> Iterator[Client]:
    numbers = iter(range(1, 1000))
    seen: list[Exchange] = []
    made = Client(
        Settings(**{"timeout_s": 5.0, "requests_per_second": 10_000, **settings}),
        seen.append,
        lambda: f"x{next(numbers)}",
        sleep=lambda _: None,
    )
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def client() -> Iterator[Client]:
    with new_client() as made:
        yield made


def post(server: RawServer, body: Any = b"{}", **changes: Any) -> Request:
    request = Request("POST", f"{server.url}/a/b?c=d", (("Content-Type", "application/json"),), body)
    return replace(request, **changes)


# --- what is sent -----------------------------------------------------------------------------------------


def test_a_request_is_sent_with_its_own_headers_in_order_and_no_others(client: Client) -> None:
    headers = (("X-Second", "2"), ("content-type", "application/json"), ("X-First", "1"), ("X-Second", "3"))
    with raw_server(OK) as server:
        client.send(Request("POST", f"{server.url}/a/b?c=d", headers, b"{}", TOKEN))
    host = server.url.removeprefix("http://")
    assert server.lines()[0] == "POST /a/b?c=d HTTP/1.1"
    assert server.headers() == [
        ("Host", host),
        *headers,
        ("Authorization", f"Bearer {TOKEN}"),
        ("User-Agent", "okd-conformance"),
        ("Accept-Encoding", "identity"),
        ("Content-Length", "2"),
    ]
    assert server.body() == b"{}"


def test_a_request_without_a_body_announces_none(client: Client) -> None:
    with raw_server(OK) as server:
        client.send(Request("GET", f"{server.url}/"))
    assert [name for name, _ in server.headers()] == ["Host", "User-Agent", "Accept-Encoding"]


@pytest.mark.parametrize("name", ["User-Agent", "accept-encoding", "host"])
def test_a_header_of_the_request_takes_the_place_of_ours(client: Client, name: str) -> None:
    with raw_server(OK) as server:
        client.send(Request("GET", f"{server.url}/", ((name, "mine"),)))
    assert [value for found, value in server.headers() if found.lower() == name.lower()] == ["mine"]


def test_headers_of_a_gateway_go_along_unless_the_request_says_no() -> None:
    with new_client(headers=(("X-Gateway", "key-of-the-gateway"),)) as client, raw_server(OK) as server:
        client.send(Request("GET", f"{server.url}/"))
        client.send(Request("GET", f"{server.url}/", gateway=False))
    assert ("X-Gateway", "key-of-the-gateway") in server.headers(0)
    assert "X-Gateway" not in dict(server.headers(1))


def test_text_beyond_ascii_is_sent_as_utf_8(client: Client) -> None:
    with raw_server(OK) as server:
        client.send(Request("GET", f"{server.url}/", (("X-Name", "Zoë"),)))
    assert b"X-Name: Zo\xc3\xab\r\n" in server.heard[0]


def test_a_streamed_body_has_its_length_and_its_bytes(client: Client) -> None:
    content = bytes(range(256)) * 1000
    pieces = Streamed(len(content), lambda: (content[i : i + 999] for i in range(0, len(content), 999)))
    message = Multipart((Part.form("file", pieces),), "b")
    with raw_server(OK) as server:
        exchange = client.send(post(server, message.payload()))
    assert exchange.status == 200
    assert ("Content-Length", str(len(server.body()))) in server.headers()
    assert server.body() == Multipart((Part.form("file", content),), "b").payload()


@pytest.mark.parametrize("streamed", [False, True])
def test_a_chunked_body_announces_no_length(client: Client, streamed: bool) -> None:
    content = b"0123456789" * 500
    body = Streamed(len(content), lambda: iter([content[:1], content[1:]])) if streamed else content
    with raw_server(OK) as server:
        client.send(post(server, body, chunked=True))
    names = [name for name, _ in server.headers()]
    assert names.count("Transfer-Encoding") == 1
    assert "Content-Length" not in names
    assert server.body() == content
    assert server.heard[0].partition(b"\r\n\r\n")[2].count(b"\r\n") > 4, "in more than one chunk"


def test_the_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, closed_port())
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with new_client() as client, raw_server(OK) as server:
        assert client.send(Request("GET", f"{server.url}/")).status == 200


def test_the_proxy_of_the_target_file_is_used() -> None:
    with raw_server(OK) as proxy, new_client(proxy=proxy.url) as client:
        assert client.send(Request("GET", "http://dms.example/x")).status == 200
    assert proxy.lines()[0] == "GET http://dms.example/x HTTP/1.1"


# --- what comes back --------------------------------------------------------------------------------------


def test_an_answer_is_kept_as_it_came(client: Client) -> None:
    raw = (
        b"HTTP/1.1 299 Odd  reason\r\nX-Twice: 1\r\nx-twice: 2\r\nX-Utf: Zo\xc3\xab\r\n"
        b"Content-Type: text/Plain; charset=x\r\nContent-Length: 4\r\nConnection: close\r\n\r\n\x00\r\n\xff"
    )
    with raw_server(raw) as server:
        answer = client.send(Request("GET", f"{server.url}/")).answer
    assert answer is not None
    assert (answer.status, answer.reason, answer.body) == (299, "Odd  reason", b"\x00\r\n\xff")
    assert answer.headers[:3] == (("X-Twice", "1"), ("x-twice", "2"), ("X-Utf", "Zoë"))
    assert answer.header("X-TWICE") == "1"
    assert answer.media_type == "text/plain"
    assert not answer.cut


CHUNKS = b"3;e=1\r\nokd\r\n1\r\n!\r\n0\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
WRITTEN = {
    "HTTP/1.0 without a length": b"HTTP/1.0 200 OK\r\n\r\nokd!",
    "without a reason": b"HTTP/1.1 200 \r\ncontent-length: 4\r\n\r\nokd!",
    "chunk extensions and a trailer": CHUNKED + b"\r\n" + CHUNKS + b"x-sum: 1\r\n\r\n",
    "a length beside the chunks": CHUNKED + b"Content-Length: 9\r\n\r\n" + CHUNKS + b"\r\n",
    "a folded header": PLAIN + b"X-Old: a\r\n b\r\n\r\nokd!",
    "early hints first": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + PLAIN + b"\r\nokd!",
    "the length twice": PLAIN + b"Content-Length: 4\r\n\r\nokd!",
    "an offer to change the protocol": PLAIN + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\nokd!",
}


@pytest.mark.parametrize("raw", WRITTEN.values(), ids=WRITTEN)
def test_an_answer_may_be_written_as_gateways_do(client: Client, raw: bytes) -> None:
    with raw_server(raw) as server:
        answer = client.send(Request("GET", f"{server.url}/")).answer
    assert answer is not None
    assert (answer.status, answer.body) == (200, b"okd!")


def test_a_compressed_answer_is_not_unpacked(client: Client) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    with raw_server(raw) as server:
        answer = client.send(Request("GET", f"{server.url}/")).answer
    assert answer is not None
    assert answer.body == b"abc"


def test_a_redirect_is_an_answer_and_not_followed(client: Client) -> None:
    with raw_server(OK) as elsewhere:
        line = f"Location: {elsewhere.url}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        with raw_server(b"HTTP/1.1 302 Found\r\n" + line.encode()) as server:
            exchange = client.send(Request("GET", f"{server.url}/", token=TOKEN))
        assert exchange.status == 302
        assert elsewhere.heard == []


def test_a_large_answer_is_cut(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_ANSWER_BYTES", 100_000)

    def long(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x" * 10_000)

    with raw_server(long) as server:
        answer = client.send(Request("GET", f"{server.url}/")).answer
    assert answer is not None
    assert answer.cut
    assert answer.body == b"x" * 100_000


def test_an_answer_of_just_the_limit_is_whole(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_ANSWER_BYTES", 2)
    with raw_server(OK) as server:
        answer = client.send(Request("GET", f"{server.url}/")).answer
    assert answer is not None
    assert (answer.body, answer.cut) == (b"ok", False)


# --- when nothing comes back ------------------------------------------------------------------------------


def reset(connection: socket.socket) -> None:
    """Close so that the other side sees an error."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "disconnected"),
        (reset, "disconnected"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "disconnected"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "disconnected"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "not_http"),
        (b"HTTP/1.1 abc\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not_http"),
    ],
)
def test_a_broken_answer(client: Client, answer: Any, error: str) -> None:
    with raw_server(answer) as server:
        exchange = client.send(post(server))
    assert (exchange.error, exchange.answer, exchange.status) == (error, None, None)


@pytest.mark.parametrize("dripping", [False, True])
def test_what_came_of_an_answer_that_broke_off_counts(dripping: bool) -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + b"x" * 5000)
        if dripping:
            server.stopped.wait(5)

    with new_client(deadline_s=0.4, max_bytes=4000) as client, raw_server(half) as server:
        exchange = client.send(Request("GET", f"{server.url}/"))
        assert exchange.error == ("deadline" if dripping else "disconnected")
        with pytest.raises(BudgetSpentError) as spent:
            client.send(Request("GET", f"{server.url}/"))
        server.stopped.set()
    assert spent.value.limit == "bytes"


KEPT_OPEN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def closes_when_used_again(connection: socket.socket) -> None:
    """Answer, keep the connection open, and drop it when the next request comes."""
    connection.sendall(KEPT_OPEN)
    hear(connection)


def test_a_connection_that_was_closed_while_idle_is_nobodys_fault(client: Client) -> None:
    again: list[int] = []
    with raw_server(closes_when_used_again, OK) as server:
        client.send(post(server), lambda: again.append(1))
        exchange = client.send(post(server, b"second"), lambda: again.append(2))
    assert exchange.status == 200
    assert again == [2], "the server may have read what it did not answer"
    assert [server.body(number) for number in range(len(server.heard))] == [b"{}", b"second"]


def breaks_off_when_used_again(connection: socket.socket) -> None:
    """Answer, keep the connection open, and answer the next request in part."""
    connection.sendall(KEPT_OPEN)
    hear(connection)
    connection.sendall(KEPT_OPEN[:-1])


def test_a_request_that_was_answered_in_part_is_not_repeated(client: Client) -> None:
    with raw_server(breaks_off_when_used_again, OK) as server:
        client.send(post(server))
        exchange = client.send(post(server, b"second"))
    assert exchange.error == "disconnected"
    assert len(server.heard) == 1, "the second came on the first connection"


def interrupt(_seconds: float) -> None:
    raise KeyboardInterrupt


def test_between_two_requests_an_interruption_may_pass(client: Client) -> None:
    client.sleep = interrupt
    with raw_server(busy("30")) as server, pytest.raises(KeyboardInterrupt):
        client.send(post(server))
    assert client.pausing
    client.sleep = lambda _: None
    with raw_server(OK) as server:
        client.send(post(server))
    assert not client.pausing


def test_a_new_connection_that_is_dropped_is_the_targets_doing(client: Client) -> None:
    with raw_server(closes_when_used_again, b"") as server:
        client.send(post(server))
        exchange = client.send(post(server, b"second"))
    assert exchange.error == "disconnected"
    assert len(server.heard) == 2, "tried again once, not for ever"


def test_nobody_listens(client: Client) -> None:
    assert client.send(Request("GET", f"{closed_port()}/")).error == "unreachable"


def test_a_proxy_that_is_not_there() -> None:
    with new_client(proxy=closed_port()) as client:
        assert client.send(Request("GET", "http://dms.example/")).error == "unreachable"


def test_a_certificate_that_nobody_trusts(client: Client) -> None:
    certificate = trustme.CA().issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(5)
                with pytest.raises(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        exchange = client.send(Request("GET", f"https://127.0.0.1:{listening.getsockname()[1]}/"))
        thread.join(5)
    assert exchange.error == "tls"


def silent(server_stopped: threading.Event) -> None:
    server_stopped.wait(5)


def test_no_answer_in_time() -> None:
    with new_client(timeout_s=0.2) as client, raw_server(lambda _: silent(server.stopped)) as server:
        exchange = client.send(post(server))
    assert exchange.error == "timeout"
    assert exchange.duration_s < 3


@pytest.mark.parametrize(
    "begin",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        b"",
    ],
    ids=["body", "header", "status"],
)
def test_a_dripping_server_does_not_hold_us_up(begin: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(begin)
        for _ in range(200):
            if server.stopped.wait(0.02):
                return
            connection.sendall(b"H")

    with new_client(deadline_s=0.4) as client, raw_server(drip) as server:
        exchange = client.send(Request("GET", f"{server.url}/"))
    assert exchange.error == "deadline"
    assert exchange.duration_s < 3


def test_a_server_that_does_not_read_does_not_hold_us_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "SLOWEST", 1e12)
    content = Streamed(10**9, lambda: (b"x" * 65536 for _ in range(10**9 // 65536)))
    with socket.create_server(("127.0.0.1", 0)) as listening, new_client(deadline_s=0.3) as client:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        exchange = client.send(Request("POST", url, (), content))
    assert exchange.error == "deadline"
    assert exchange.duration_s < 3


def test_a_large_body_gets_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "SLOWEST", 1)
    with new_client(deadline_s=0.0) as client, raw_server(OK) as server:
        assert client.send(post(server, b"x" * 60)).status == 200


# --- how often --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [("2", 2.0), ("0", 0.0), ("86400", 30.0), ("-5", 0.0), (None, 1.0), ("soon", 1.0), ("NaN", 1.0)],
)
def test_busy_is_obeyed(client: Client, retry_after: str | None, wait: float) -> None:
    slept: list[float] = []
    client.sleep = slept.append
    with raw_server(busy(retry_after), OK) as server:
        exchange = client.send(post(server))
    assert exchange.status == 200
    assert slept == [wait]
    assert [e.status for e in exchange.throttled] == [429]
    assert server.body(0) == server.body(1) == b"{}"


AWAY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def test_a_server_that_is_away_for_a_moment_is_asked_again(client: Client) -> None:
    with raw_server(AWAY, OK) as server:
        exchange = client.send(post(server))
    assert exchange.status == 200
    assert [(e.status, e.tags) for e in exchange.throttled] == [(503, (SUPERSEDED,))]


def test_a_server_that_stays_away_is_asked_twice(client: Client) -> None:
    with raw_server(AWAY, AWAY, OK) as server:
        exchange = client.send(post(server))
    assert exchange.status == 503
    assert len(exchange.throttled) == 1


def test_busy_is_obeyed_when_leave_is_asked_for_a_body_too(client: Client) -> None:
    asking = Expecting(client, leave_s=0.05)
    with raw_server(busy("0"), OK) as server:
        exchange = client.send(post(server), talk=asking)
    assert exchange.status == 200
    assert [e.status for e in exchange.throttled] == [429]
    assert not asking.early
    assert server.body(1) == b"{}"


def test_busy_until_a_moment(client: Client) -> None:
    slept: list[float] = []
    client.sleep = slept.append
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    with raw_server(busy(moment), OK) as server:
        client.send(post(server))
    assert len(slept) == 1
    assert 10 < slept[0] <= 20


def test_busy_for_ever_ends(client: Client) -> None:
    slept: list[float] = []
    client.sleep = slept.append
    with raw_server(busy("1")) as server:
        exchange = client.send(post(server))
    assert exchange.status == 429
    assert len(server.heard) == client_module.MAX_THROTTLED
    assert len(slept) == client_module.MAX_THROTTLED - 1


def test_a_target_that_is_busy_now_and_then_is_obeyed_all_along(client: Client) -> None:
    client.sleep = lambda _: None
    rounds = 2 * client_module.MAX_WAITED
    with raw_server(*[busy("30"), OK] * rounds) as server:
        exchanges = [client.send(post(server)) for _ in range(rounds)]
    assert [e.status for e in exchanges] == [200] * rounds


def test_a_streamed_body_is_sent_once(client: Client) -> None:
    with raw_server(busy("1")) as server:
        exchange = client.send(post(server, Streamed(1, lambda: iter([b"x"]))))
    assert exchange.status == 429
    assert len(server.heard) == 1


def test_the_budget_of_requests_counts_repetitions() -> None:
    with new_client(max_requests=2) as client, raw_server(busy("0")) as server:
        with pytest.raises(BudgetSpentError):
            client.send(post(server))
        assert len(server.heard) == 2


def test_requests_keep_their_distance() -> None:
    slept: list[float] = []
    with new_client(requests_per_second=0.5) as client, raw_server(OK) as server:
        client.sleep = slept.append
        for _ in range(3):
            client.send(Request("GET", f"{server.url}/"))
    assert len(slept) == 2
    assert 1 < slept[0] <= 2
    assert 3 < slept[1] <= 4


# --- what is kept -----------------------------------------------------------------------------------------


def test_every_exchange_is_handed_over_with_its_labels() -> None:
    seen: list[Exchange] = []
    client = Client(Settings(), seen.append, iter(["x1", "x2"]).__next__, sleep=lambda _: None)
    with raw_server(busy("0"), OK) as server:
        client.send(post(server), case="C", role="dms", operation="read", tags=("raw",))
    client.close()
    assert [(e.id, e.case, e.role, e.operation, e.tags) for e in seen] == [
        ("x1", "C", "dms", "read", ("raw", SUPERSEDED)),
        ("x2", "C", "dms", "read", ("raw",)),
    ]


def test_neither_har_nor_curl_hold_the_token(client: Client) -> None:
    echo = (
        f"HTTP/1.1 200 {TOKEN}\r\nX-Echo: {TOKEN}\r\nSet-Cookie: s=1\r\nContent-Length: {len(TOKEN)}\r\n\r\n"
    )
    with raw_server(f"{echo}{TOKEN}".encode()) as server:
        request = post(server, f'{{"t": "{TOKEN}"}}'.encode(), token=TOKEN)
        headers = (*request.headers, ("Cookie", "session-4711"), ("X-Copy", TOKEN))
        exchange = client.send(replace(request, url=f"{request.url}&access_token={TOKEN}", headers=headers))
    redactor = Redactor([TOKEN])
    kept = json.dumps(redactor.deep(exchange.as_har())) + redactor.text(exchange.curl())
    assert exchange.status == 200
    assert TOKEN not in kept
    assert "session-4711" not in kept
    assert "s=1" not in kept
    assert "Authorization: Bearer $TOKEN" in exchange.curl()
    assert TOKEN.encode() in server.heard[0]


def test_an_address_that_gives_access_is_not_kept(client: Client) -> None:
    with raw_server(OK) as server:
        exchange = client.send(Request("GET", f"{server.url}/download/4711?key=0815", sensitive_url=True))
    kept = json.dumps(exchange.as_har()) + exchange.curl()
    assert server.url in kept
    assert "4711" not in kept
    assert "0815" not in kept


def test_the_har_shows_what_was_sent_and_what_came(client: Client) -> None:
    with raw_server(OK) as server:
        exchange = client.send(post(server, b'{"a": "\x00"}', token=TOKEN))
    entry = exchange.as_har()
    assert entry["request"]["method"] == "POST"
    assert entry["request"]["url"] == f"{server.url}/a/b?c=d"
    assert entry["request"]["postData"]["text"] == '{"a": "\x00"}'
    assert entry["request"]["bodySize"] == len(server.body())
    assert entry["response"]["status"] == 200
    assert entry["response"]["content"]["text"] == "ok"
    assert entry["_error"] is None


def test_the_har_of_a_large_body_says_that_it_is_cut(client: Client) -> None:
    with raw_server(OK) as server:
        entry = client.send(post(server, b"x" * 100_000)).as_har()
    data = entry["request"]["postData"]
    assert data["_truncated"]
    assert data["_size"] == 100_000
    assert 0 < len(data["text"]) < 100_000


# --- curl repeats it --------------------------------------------------------------------------------------

AWKWARD = {
    "json": b'{"a": "b"}',
    "quotes": b"""{"a": "it's \\"quoted\\" $HOME `id` \\\\"}""",
    "at-sign": b"@/etc/passwd",
    "empty": b"",
    "nul": b"\x00\x001\x0012\x00",
    "percent": b"100%s %d %%\n",
    "dashes": b"--boundary\r\nx\r\n--boundary--\r\n",
    "escapes": b"\\n \\x41 \\0101 \\\\\n",
    "every-byte": bytes(range(256)),
    "utf-8": "Zoë €".encode(),
    "trailing-line-breaks": b"x\r\n\n\n",
}


def repeated(exchange: Exchange, server: RawServer) -> None:
    """Run the command, and compare what the server hears with what it heard before."""
    bash, curl = shutil.which("bash"), shutil.which("curl")
    if bash is None or curl is None:
        pytest.skip("bash or curl is not installed")
    done = subprocess.run(
        [bash, "-c", exchange.curl()],
        env={"PATH": f"{curl.rpartition('/')[0]}:/usr/bin:/bin", "TOKEN": TOKEN, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    first, second = (
        (
            server.lines(number)[0],
            sorted((n.lower(), v) for n, v in server.headers(number) if n.lower() not in OURS),
            server.body(number),
        )
        for number in (0, 1)
    )
    assert second == first


OURS = {"user-agent", "accept-encoding"}


@pytest.mark.parametrize("body", AWKWARD.values(), ids=AWKWARD)
def test_curl_repeats_a_body(client: Client, body: bytes) -> None:
    with raw_server(NO_CONTENT) as server:
        exchange = client.send(post(server, body, token=TOKEN))
        repeated(exchange, server)


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/a%20b?c=d&e='f'"),
        Request("DELETE", "/documents/[x]"),
        Request("PATCH", "/", (("X-Quote", """it's "so" $HOME"""), ("X-Empty", "")), b"x"),
        Request("POST", "/", (), b"no type"),
        Request("POST", "/", (("Content-Type", "text/plain"),), b"y" * 3000, chunked=True),
        Request("PUT", "/", (("Content-Type", "text/plain"), ("Accept", "application/json")), None, TOKEN),
    ],
    ids=lambda r: r.method,
)
def test_curl_repeats_a_request(client: Client, request_: Request) -> None:
    with raw_server(NO_CONTENT) as server:
        exchange = client.send(replace(request_, url=server.url + request_.url))
        repeated(exchange, server)


def test_curl_repeats_an_upload(client: Client) -> None:
    parts = (
        Part.form("metadata", b'{"name": "it\'s"}', content_type="application/json"),
        Part.form("file", bytes(range(256)), content_type="application/pdf", filename="zoë's.pdf"),
    )
    message = Multipart(parts, "two words")
    with raw_server(NO_CONTENT) as server:
        request = Request(
            "POST", f"{server.url}/", (("Content-Type", message.content_type),), message.payload()
        )
        repeated(client.send(request), server)
