"""Hostile behaviours as data: what a server on loopback can do to whoever calls it.

Each behaviour acts on one connection, at one moment of the request, and ends by itself: when the caller has
gone, when the server stops, or after ``PATIENCE_S``.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from support.raw_server import closed_port

PATIENCE_S = 40.0
DRIP_S = 0.2
FLOOD = 10 * 10**9
"""Bytes that a flood sends, if nobody stops it."""
METADATA = "http://169.254.169.254/latest/meta-data/"

Moment = Literal["connected", "head", "half", "request"]
"""When to act: before anything was read; after the head; in the middle of the body; after the request."""
Hits = Callable[[str, str], bool]
"""Whether a request, by its method and path, gets the behaviour; the others are served by the reference."""


@dataclass
class Caller:
    """A connection on which a request came in; ``head`` is as much of it as was read, byte for byte."""

    connection: socket.socket
    server: HostileServer
    raw: bytes = b""
    body: bytes = b""

    def send(self, data: bytes) -> None:
        """Send bytes. OSError when the caller has gone."""
        self.connection.sendall(data)

    def flood(self, piece: bytes, most: int = FLOOD) -> None:
        """Send a piece again and again, as fast as it is taken."""
        block = piece * max(1, 65536 // len(piece))
        end, sent = time.monotonic() + PATIENCE_S, 0
        while sent < most and time.monotonic() < end and not self.server.stopped.is_set():
            self.send(block)
            sent += len(block)

    def drip(self, data: bytes, every_s: float = DRIP_S) -> None:
        """Send the bytes one at a time, over and over."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for byte in data:
                self.send(bytes([byte]))
                if self.server.stopped.wait(every_s):
                    return

    def hold(self) -> None:
        """Keep silent until the caller hangs up."""
        self.connection.settimeout(0.1)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not self.server.stopped.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(65536):
                    return

    def reset(self) -> None:
        """Let the connection end with RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def upstream(self) -> tuple[bytes, bytes]:
        """Head and body of the answer that the reference gives to this request."""
        answer = self.server.relay(self.raw)
        head, _, body = answer.partition(b"\r\n\r\n")
        return head, dechunked(body) if b"transfer-encoding: chunked" in head.lower() else body


def dechunked(body: bytes) -> bytes:
    """The content of a chunked body."""
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        content, body = content + body[:length], body[length + 2 :]
        if length == 0:
            break
    return content


@dataclass(frozen=True)
class Behaviour:
    """What a server does, and when; ``ends`` are the outcomes that the client may make of it."""

    name: str
    act: Callable[[Caller], None]
    ends: tuple[str, ...] = ("answer",)
    moment: Moment = "request"

    @property
    def group(self) -> str:
        """The first word of the name."""
        return self.name.partition(":")[0]


# --- the server ---------------------------------------------------------------------------------------------


@dataclass
class HostileServer:
    """Where it listens, and the head of each request that got the behaviour."""

    url: str
    behaviour: Behaviour
    hits: Hits
    reference: str | None
    heads: list[bytes] = field(default_factory=list)
    on_hit: Callable[[], None] = lambda: None
    stopped: threading.Event = field(default_factory=threading.Event)

    def serve(self, connection: socket.socket) -> None:
        """Serve one connection, for one request."""
        caller = Caller(connection, self)
        with connection, contextlib.suppress(OSError):
            connection.settimeout(PATIENCE_S)
            if self.behaviour.moment == "connected" and self.reference is None:
                self._hit(caller)
                return
            head, body = _until(connection, b"\r\n\r\n")
            caller.raw = head + body
            method, path, *_ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
            hit = self.hits(method, path)
            if not hit or self.behaviour.moment != "head":
                wanted = _length(head) if not hit or self.behaviour.moment != "half" else _length(head) // 2
                caller.raw = head + _body(connection, head, body, wanted)
            if hit:
                self._hit(caller)
            else:
                connection.sendall(self.relay(caller.raw))

    def _hit(self, caller: Caller) -> None:
        self.heads.append(caller.raw.partition(b"\r\n\r\n")[0])
        self.on_hit()
        self.behaviour.act(caller)

    def relay(self, raw: bytes) -> bytes:
        """What the reference answers to a request."""
        url = urlsplit(self.reference or closed_port())
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = [
            line for line in head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"expect:"))
        ]
        with socket.create_connection((url.hostname or "", url.port or 80), PATIENCE_S) as upward:
            upward.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            return b"".join(iter(lambda: upward.recv(65536), b""))


def _until(connection: socket.socket, mark: bytes) -> tuple[bytes, bytes]:
    raw = b""
    while mark not in raw:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("the caller has gone")
        raw += piece
    head, _, rest = raw.partition(mark)
    return head + mark, rest


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return int(found[1]) if found else 0


def _body(connection: socket.socket, head: bytes, body: bytes, wanted: int) -> bytes:
    if b"expect: 100-continue" in head.lower() and not body:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    chunked = b"transfer-encoding: chunked" in head.lower()
    while not body.endswith(b"0\r\n\r\n") if chunked else len(body) < wanted:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("the caller has gone")
        body += piece
    return body


@contextlib.contextmanager
def hostile_server(
    behaviour: Behaviour,
    *,
    hits: Hits = lambda *_: True,
    reference: str | None = None,
    on_hit: Callable[[], None] = lambda: None,
) -> Iterator[HostileServer]:
    """Serve a behaviour on loopback; requests that it doesn't hit are passed on to ``reference``."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = HostileServer(url, behaviour, hits, reference, on_hit=on_hit)
        accepting = threading.Thread(target=_accept, args=(listening, server), daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            server.stopped.set()
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            accepting.join(PATIENCE_S)


def _accept(listening: socket.socket, server: HostileServer) -> None:
    while not server.stopped.is_set():
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=server.serve, args=(connection,), daemon=True).start()


# --- ways to say it -----------------------------------------------------------------------------------------

Headers = Mapping[str, str | bytes]
LINE = b"HTTP/1.1 200 OK\r\n"
GOOD = json.dumps({"documentId": "0b8e3a86-9d2b-4a1f-8d6c-1f4a6c9e2d10"}).encode()


def message(
    body: bytes = GOOD, status: str = "200 OK", length: object = None, **headers: str | bytes
) -> bytes:
    """An answer; ``length`` False leaves Content-Length out, a text or number replaces it."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    lines: dict[str, str | bytes] = {"Content-Type": "application/json", "Connection": "close", **given}
    if length is not False:
        lines["Content-Length"] = str(len(body) if length is None else length)
    raw = [n.encode() + b": " + (v if isinstance(v, bytes) else v.encode()) for n, v in lines.items()]
    return b"\r\n".join([f"HTTP/1.1 {status}".encode(), *raw, b"", body])


def chunked(*lines: bytes) -> bytes:
    """An answer whose body is written in chunks, or in what goes for them."""
    head = message(b"", length=False, Transfer_Encoding="chunked")
    return head + b"".join(lines)


def says(data: bytes) -> Callable[[Caller], None]:
    """Send this, and hang up."""
    return lambda caller: caller.send(data)


def says_and_holds(data: bytes) -> Callable[[Caller], None]:
    """Send this, and keep silent."""

    def act(caller: Caller) -> None:
        caller.send(data)
        caller.hold()

    return act


def says_and_resets(data: bytes) -> Callable[[Caller], None]:
    """Send this, and end the connection with RST."""

    def act(caller: Caller) -> None:
        caller.send(data)
        caller.reset()

    return act


def floods(begin: bytes, piece: bytes, most: int = FLOOD) -> Callable[[Caller], None]:
    """Send the beginning, and then a piece over and over."""

    def act(caller: Caller) -> None:
        caller.send(begin)
        caller.flood(piece, most)

    return act


def drips(begin: bytes, data: bytes) -> Callable[[Caller], None]:
    """Send the beginning, and then a byte now and then."""

    def act(caller: Caller) -> None:
        caller.send(begin)
        caller.drip(data)

    return act


def says_packed(times: int, encoding: str) -> Callable[[Caller], None]:
    """Send 30 MB of zeros, compressed so many times."""
    return says(message(_packed(times), Content_Encoding=encoding))


def _packed(times: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(30)) + packer.flush()
    for _ in range(times - 1):
        packed = gzip.compress(packed)
    return packed


def nested(depth: int) -> bytes:
    """A list in a list, so many times."""
    return b"[" * depth + b"]" * depth


def redirects(to: str) -> Callable[[Caller], None]:
    """Answer with a redirect; ``{here}`` stands for the server itself."""
    return lambda caller: caller.send(
        message(
            b"", "302 Found", Location=to.format(here=caller.server.url).encode("utf-8", "surrogateescape")
        )
    )


def rewritten(name: str, value: Any) -> Callable[[Caller], None]:
    """What the reference answers, with another value for a field; ``{here}`` stands for the server itself."""

    def act(caller: Caller) -> None:
        head, body = caller.upstream()
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if isinstance(answer, dict):
            own = value.format(here=caller.server.url) if isinstance(value, str) else value
            body = json.dumps({**answer, name: own}).encode()
        status = head.split(b"\r\n")[0].split(b" ", 1)[1].decode()
        caller.send(message(body, status))

    return act


# --- the behaviours -----------------------------------------------------------------------------------------

LOST = ("disconnected", "not_http")
LATE = ("timeout", "deadline")
GONE = ("unreachable",)
"""A reset may come before the caller knows that it was connected."""

SILENT = [
    Behaviour(
        "silent: accepts and never reads",
        lambda c: c.server.stopped.wait(PATIENCE_S) and None,
        LATE,
        "connected",
    ),
    Behaviour("silent: never answers", lambda c: c.hold(), LATE),
    Behaviour("silent: half a head", says_and_holds(LINE + b"Content-Type: app"), LATE),
    Behaviour("silent: half a body", says_and_holds(message(b'{"a":', length=100)), LATE),
    Behaviour("silent: no end of chunks", says_and_holds(chunked(b"2\r\n{}\r\n")), LATE),
    Behaviour("silent: leave, and then nothing", says_and_holds(b"HTTP/1.1 100 Continue\r\n\r\n"), LATE),
]
SLOW = [
    Behaviour("slow: drips the head", drips(LINE, b"X-A: b\r\n"), LATE),
    Behaviour("slow: drips the body", drips(message(b"", length=10**6), b" "), LATE),
    Behaviour("slow: drips chunks", drips(chunked(), b"1\r\n \r\n"), LATE),
    Behaviour("slow: drips interim answers", drips(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), LATE),
]
ENDLESS = [
    Behaviour("endless: body of 10 GB", floods(message(b"", length=FLOOD), b" " * 1024), ("answer", *LATE)),
    Behaviour("endless: body without a length", floods(message(b"", length=False), b" " * 1024)),
    Behaviour("endless: chunks", floods(chunked(), b"400\r\n" + b" " * 1024 + b"\r\n")),
    Behaviour("endless: chunks of a byte", floods(chunked(), b"1\r\n \r\n"), ("answer", *LATE)),
    Behaviour("endless: extension of a chunk", floods(chunked(b"1;"), b"a" * 1024), LOST),
    Behaviour("endless: trailers", floods(chunked(b"0\r\n"), b"X-A: b\r\n"), (*LOST, "answer")),
    Behaviour("endless: header line", floods(LINE + b"X-A: ", b"a" * 1024), LOST),
    Behaviour("endless: headers", floods(LINE, b"X-A: b\r\n"), LOST),
    Behaviour("endless: interim answers", floods(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), (*LATE, *LOST)),
    Behaviour("endless: empty lines", floods(b"", b"\r\n"), (*LATE, *LOST)),
]
BOMBS = [
    Behaviour("bomb: gzip, 30 MB", says_packed(1, "gzip")),
    Behaviour("bomb: gzip in gzip", says_packed(2, "gzip, gzip")),
    Behaviour(
        "bomb: JSON of 100 MB", floods(message(b"[", length=10**8), b'{"a":[]},', 10**8), ("answer", *LOST)
    ),
    Behaviour("bomb: a million empty lists", says(message(b"[" + b"[]," * 10**6 + b"0]"))),
    Behaviour("bomb: 300,000 wrong items", says(message(b'{"items":[' + b'{"a":1},' * 3 * 10**5 + b"0]}"))),
    Behaviour("bomb: JSON nested 100,000 deep", says(message(nested(100_000)))),
    Behaviour("bomb: JSON nested 900 deep", says(message(nested(900)))),
    Behaviour("bomb: objects nested 900 deep", says(message(b'{"documentId":' * 900 + b"1" + b"}" * 900))),
]
HEAVY = Behaviour(
    "heavy: as many values as are read", says(message(b'{"items":[' + b'{"a":1},' * 24_000 + b"0]}"))
)
STRANGE_JSON = {
    "1e999": b'{"documentId": 1e999, "status": 1e999, "pageNumber": 1e999, "documentSize": -1e999}',
    "10^5 digits": b'{"documentId": ' + b"9" * 10**5 + b', "status": ' + b"9" * 10**5 + b"}",
    "4000 digits": b'{"documentId": ' + b"9" * 4000 + b', "status": ' + b"9" * 4000 + b"}",
    "NaN": b'{"documentId": NaN, "status": -Infinity}',
    "duplicate keys": b'{"documentId": 1, "documentId": "x", "documentId": null}',
    "lone surrogate": b'{"documentId": "\\ud800", "title": "\\udfff", "documentTempDownloadUrl": "http://\\ud800/"}',
    "an id of 500 kB": b'{"documentId": "' + b"9" * 500_000 + b'"}',
    "an id with line breaks": b'{"documentId": "a\\r\\nX-A: b\\u0000/../.."}',
    "an id that is a path": b'{"documentId": "../../../etc/passwd?a=b#c"}',
    "an empty id": b'{"documentId": ""}',
    "lists for texts": b'{"documentId": ["a"], "status": {}, "title": [], "documentTempDownloadUrl": [1]}',
    "a list": b"[1, 2]",
    "a number": b"7",
    "null": b"null",
    "nothing": b"",
    "invalid UTF-8": b'{"documentId": "\xff\xfe\x80"}',
    "UTF-16": '{"documentId": "x"}'.encode("utf-16"),
    "a mark before it": b'\xef\xbb\xbf{"documentId": "x"}',
}
BODIES = [Behaviour(f"json: {name}", says(message(body))) for name, body in STRANGE_JSON.items()]
BODIES += [
    Behaviour(f"json: {name}, from the DMS", says(message(body.replace(b"documentId", b"dmsDocumentId"))))
    for name, body in STRANGE_JSON.items()
    if b'"documentId"' in body
]
ENCODED = [
    Behaviour("encoding: unknown charset", says(message(Content_Type='application/json; charset="no-such"'))),
    Behaviour("encoding: a codec that unpacks", says(message(Content_Type="application/json; charset=zip"))),
    Behaviour("encoding: type of 60 kB", says(message(Content_Type="application/" + "a" * 60_000))),
    Behaviour("encoding: type in bytes", says(message(Content_Type=b"application/\xff\x00json"[:13]))),
    Behaviour(
        "encoding: multipart without an end",
        says(message(b"--x\r\n", Content_Type="multipart/mixed; boundary=x")),
    ),
    Behaviour(
        "encoding: headers",
        says(message(X_A=b"\xff\xfe \xc3\xa9 \xe2\x80\xae", Set_Cookie=b"a=\xff; Path=/")),
    ),
    Behaviour("encoding: reason", says(message(status="200 ?").replace(b"?", b"\xff\xfe\xe2\x80\xae"))),
    Behaviour("encoding: reason of 60 kB", says(message(status="200 " + "a" * 60_000))),
    Behaviour("encoding: br that isn't", says(message(b"\x1b\x00", Content_Encoding="br, zstd, x"))),
]
LENGTHS = {
    "too long": (100, LOST),
    "too short": (2, ("answer",)),
    "negative": (-5, LOST),
    "not a number": ("many", LOST),
    "two different": ("2, 3", LOST),
    "10^30": (10**30, LOST),
    "10^5 digits": ("1" * 10**5, LOST),
    "hexadecimal": ("0x10", LOST),
    "with a sign": ("+2", LOST),
    "empty": ("", LOST),
}
LENGTH = [
    *(Behaviour(f"length: {name}", says(message(length=n)), ends) for name, (n, ends) in LENGTHS.items()),
    Behaviour("length: two lines", says(message(length="2\r\nContent-Length: 3")), LOST),
    Behaviour(
        "length: and chunks",
        says(message(b"2\r\n{}\r\n0\r\n\r\n", Transfer_Encoding="chunked")),
        (*LOST, "answer"),
    ),
]
HEADERS = [
    Behaviour("headers: one of 10 MB", floods(LINE + b"X-A: ", b"a" * 1024, 10**7), LOST),
    Behaviour("headers: 100,000", floods(LINE, b"X-A: b\r\n", 8 * 10**5), LOST),
    Behaviour("headers: 5,000", says(LINE + b"X-A: b\r\n" * 5000 + b"Content-Length: 0\r\n\r\n")),
    Behaviour("headers: no colon", says(LINE + b"What is this\r\n\r\n"), LOST),
    Behaviour("headers: space before the colon", says(LINE + b"X-A : b\r\nContent-Length: 0\r\n\r\n"), LOST),
    Behaviour("headers: NUL", says(LINE + b"X-A: \0\r\nContent-Length: 0\r\n\r\n"), LOST),
    Behaviour("headers: folded", says(LINE + b"X-A: a\r\n b\r\n\tc\r\nContent-Length: 0\r\n\r\n")),
    Behaviour("headers: bare line feeds", says(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}")),
    Behaviour(
        "headers: types thrice", says(LINE + b"Content-Type: a/b\r\n" * 3 + b"Content-Length: 0\r\n\r\n")
    ),
    Behaviour(
        "headers: 2,000 cookies",
        says(message(X_A="b\r\n" + "Set-Cookie: a=b; Expires=Thu, 01 Jan 9999\r\n" * 1000 + "X-B: c")),
    ),
]
CHUNKS = [
    Behaviour("chunks: no number", says(chunked(b"zz\r\n{}\r\n0\r\n\r\n")), LOST),
    Behaviour("chunks: negative", says(chunked(b"-2\r\n{}\r\n0\r\n\r\n")), LOST),
    Behaviour("chunks: 2^200", says(chunked(b"f" * 50 + b"\r\n{}\r\n0\r\n\r\n")), LOST),
    Behaviour("chunks: longer than said", says(chunked(b"1\r\n{}\r\n0\r\n\r\n")), LOST),
    Behaviour("chunks: none is the last", says(chunked(b"2\r\n{}\r\n")), LOST),
    Behaviour(
        "chunks: trailers of 60 kB",
        says(chunked(b"2\r\n{}\r\n0\r\nX-A: " + b"a" * 60_000 + b"\r\n\r\n")),
        ("answer", *LOST),
    ),
]
CLOSING = [
    Behaviour(f"{word}: {when}", act(data), (*LOST, *(GONE if moment == "connected" else ())), moment)
    for word, act in {"closes": says, "resets": says_and_resets}.items()
    for when, data, moment in [
        ("before it reads", b"", "connected"),
        ("after the head of the request", b"", "head"),
        ("in the middle of the request", b"", "half"),
        ("after the request", b"", "request"),
        ("in the status line", b"HTTP/1.1 20", "request"),
        ("after the status line", LINE, "request"),
        ("in the headers", LINE + b"Content-Type: appl", "request"),
        ("after the headers", message(b"", length=10), "request"),
        ("in the body", message(b'{"docu', length=50), "request"),
    ]
]
GARBAGE = {
    "bytes": bytes(range(255, 0, -1)) * 8,
    "a TLS alert": bytes.fromhex("15030300020228"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/0.9": b"<html><body>hello</body></html>",
    "ICY": b"ICY 200 OK\r\n\r\n",
    "a version that isn't": b"HTTP/9.9 200 OK\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 42 Odd\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 Odd\r\n\r\n",
    "a status that is no number": b"HTTP/1.1 abc Odd\r\n\r\n",
    "our own request": b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
}
NOT_HTTP = [Behaviour(f"garbage: {name}", says(data), (*LOST, "answer")) for name, data in GARBAGE.items()]
NOT_HTTP += [
    Behaviour(
        "garbage: before the request", says_and_holds(b"SSH-2.0-OpenSSH_9.2\r\n"), (*LOST, *LATE), "connected"
    ),
    Behaviour(
        "early: the answer before the request", says_and_holds(message()), ("answer", *LOST), "connected"
    ),
    Behaviour("early: the answer after the head", says_and_holds(message()), ("answer",), "head"),
    Behaviour(
        "early: two answers", says_and_holds(message().replace(b"close", b"keep-alive") * 2), ("answer",)
    ),
    Behaviour(
        "early: an answer in the middle, and a flood",
        floods(message(b"", length=FLOOD), b" " * 1024),
        ("answer", *LATE),
        "half",
    ),
]
STATUSES = {
    "999": "999 Odd",
    "600": "600",
    "000": "000 None",
    "099": "099 Less",
    "101": "101 Switching Protocols",
    "204 with a body": "204 No Content",
    "304 with a body": "304 Not Modified",
    "205": "205 Reset",
}
STATUS = [
    Behaviour(f"status: {name}", says(message(status=line)), ("answer", *LOST))
    for name, line in STATUSES.items()
]
ADDRESSES = {
    "itself": "{here}/again",
    "another host": "http://127.0.0.2:9/x",
    "a file": "file:///etc/passwd",
    "the cloud's metadata": METADATA,
    "no scheme": "//[::1",
    "a port too high": "http://a:99999999/",
    "a name that is none": "http://" + "a" * 300 + ".nl/",
    "bytes": "http://\udcff\udcfe/",
    "nowhere": "",
    "60 kB": "http://127.0.0.1/" + "a" * 60_000,
    "a script": "javascript:alert(1)",
}
REDIRECTS = [Behaviour(f"redirect: to {name}", redirects(to)) for name, to in ADDRESSES.items()]
BUSY = [
    Behaviour(f"busy: {value[:30]}", says(message(status="429 Too Many Requests", Retry_After=value)))
    for value in (
        "1e9",
        "-1",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "9" * 10_000,
        "soon",
        "nan",
        "Mon, 99 Foo 0 ::",
    )
]
BEHAVIOURS = [
    behaviour
    for group in (SILENT, SLOW, ENDLESS, BOMBS, BODIES, ENCODED, LENGTH, HEADERS, CHUNKS, CLOSING)
    for behaviour in group
]
BEHAVIOURS += [*NOT_HTTP, *STATUS, *REDIRECTS, *BUSY]
"""What a target can do on any operation."""

PAGES = {
    "pageSize": 10,
    "pageNumber": 1,
    "hasPreviousPage": False,
    "hasNextPage": True,
    "totalPages": 10**9,
    "items": [],
}
NAMED = [
    Behaviour("paging: there is always a next page", says(message(json.dumps(PAGES).encode()))),
    *(
        Behaviour(f"download: from {name}", rewritten("documentTempDownloadUrl", to))
        for name, to in ADDRESSES.items()
    ),
]
"""What a target can do on the operations that have pages, or that name an address."""


def token(**fields: Any) -> Callable[[Caller], None]:
    """An answer of a token endpoint."""
    good = {"access_token": "a.good.token", "token_type": "Bearer", "expires_in": 3600}
    return says(message(json.dumps({**good, **fields}).encode()))


TOKENS = [
    Behaviour("token: of 1 MB", token(access_token="a" * 10**6)),
    Behaviour("token: of 900 kB", token(access_token="a" * 900_000)),
    Behaviour("token: with line breaks", token(access_token="a\r\nX-A: b")),
    Behaviour("token: beyond ASCII", token(access_token="tökén\u202e")),
    Behaviour("token: half a character", token(access_token="\ud800")),
    Behaviour("token: a list", token(access_token=["a"])),
    Behaviour("token: lasts less than nothing", token(expires_in=-5)),
    Behaviour("token: lasts for ever", token(expires_in=10**300)),
    Behaviour("token: lasts 4000 digits", token(expires_in=10**4000)),
    Behaviour("token: lasts a text", token(expires_in="soon")),
    Behaviour("token: lasts 1e999", says(message(b'{"access_token": "a", "expires_in": 1e999}'))),
    Behaviour("token: a scope of 900 kB", token(scope="a " * 450_000)),
    Behaviour("token: type and scope are objects", token(token_type={}, scope={"a": 1})),
    Behaviour("token: a JWT of nested claims", token(access_token="e30.W1" + "tb" * 5000 + ".e30")),
    Behaviour("token: an error that is a list", says(message(b'{"error": [[]]}', "400 Bad Request"))),
    Behaviour(
        "token: an error of 900 kB", says(message(b'{"error": "' + b"a" * 900_000 + b'"}', "400 Bad Request"))
    ),
]
"""What a token endpoint can do besides."""
