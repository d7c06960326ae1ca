"""Tiny servers on loopback that answer with the bytes they are told to, and keep what they heard."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PATIENCE_S = 10.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

Talk = Callable[[socket.socket], object]
"""What to do on a connection, once the request was heard."""


@dataclass
class RawServer:
    """Where it listens, and each request that it heard, byte for byte."""

    url: str
    heard: list[bytes] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def lines(self, number: int = 0) -> list[str]:
        """The head of a request, line by line."""
        return self.heard[number].partition(b"\r\n\r\n")[0].decode().split("\r\n")

    def headers(self, number: int = 0) -> list[tuple[str, str]]:
        """The header lines of a request, in order."""
        pairs = (line.partition(":") for line in self.lines(number)[1:])
        return [(name, value.removeprefix(" ")) for name, _, value in pairs]

    def body(self, number: int = 0) -> bytes:
        """The body of a request; of a chunked one, the chunks put together."""
        head, _, body = self.heard[number].partition(b"\r\n\r\n")
        return dechunked(body) if b"transfer-encoding: chunked" in head.lower() else body


@contextlib.contextmanager
def raw_server(*answers: bytes | Talk) -> Iterator[RawServer]:
    """Serve one connection for each answer, one after another; the last answer serves all further ones."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = RawServer(f"http://127.0.0.1:{listening.getsockname()[1]}")
        listening.settimeout(PATIENCE_S)
        thread = threading.Thread(target=_serve, args=(listening, server, answers), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def closed_port() -> str:
    """An address on loopback where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def _serve(listening: socket.socket, server: RawServer, answers: tuple[bytes | Talk, ...]) -> None:
    number = 0
    while not server.stopped.is_set():
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        answer = answers[min(number, len(answers) - 1)]
        number += 1
        with connection, contextlib.suppress(OSError):
            connection.settimeout(PATIENCE_S)
            server.heard.append(hear(connection))
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)


def hear(connection: socket.socket) -> bytes:
    """Read one request: its head, and its body as the head announces it."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += _some(connection)
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = dict(line.lower().partition(b": ")[::2] for line in head.split(b"\r\n")[1:])
    if lines.get(b"transfer-encoding") == b"chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += _some(connection)
    else:
        while len(body) < int(lines.get(b"content-length", 0)):
            body += _some(connection)
    return head + b"\r\n\r\n" + body


def _some(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionError("the client has gone")
    return piece


def dechunked(body: bytes) -> bytes:
    """The content of a chunked body."""
    content = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return content
        content, body = content + body[:length], body[length + 2 :]
