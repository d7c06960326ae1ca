"""Large bodies over a connection of their own, as fast as the wire.

What is sent is generated meanwhile, what comes is handed on piece by piece; nothing is held. A server that
answers while we still send is heard, and then we stop, as curl does.
"""

from __future__ import annotations

import contextlib
import mmap
import select
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import h11
import httpx

from okd_conformance.wire.body import Payload, Streamed, chunks_of, length_of
from okd_conformance.wire.client import SLOWEST, Client
from okd_conformance.wire.exchange import Answer, Request, Whole
from okd_conformance.wire.generated import BLOCK
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.patience import DeadlineError
from okd_conformance.wire.raw import NOT_NOW, Line, head_of, line_to


class Sink(Protocol):
    """Where the body of an answer goes, piece by piece."""

    def take(self, piece: memoryview) -> None:
        """Take the next piece; it is only valid during the call."""

    def whole(self) -> Whole:
        """What is to be kept of everything that came."""


@dataclass
class Transfer:
    """How to talk for ``Client.once`` when a body is large.

    A success answer goes into ``sink``, if there is one. Behind a proxy the ordinary client does it.
    """

    client: Client
    sink: Sink | None = None
    meter: Meter = field(default_factory=Meter)

    def __call__(self, request: Request, begun: float) -> Answer:
        """Send the request and return the answer. Raises what httpx raises."""
        settings = self.client.settings
        if settings.proxy is not None:
            return self._by_the_client(request, begun)
        patience = settings.deadline_s + (self.meter.upward + self.meter.downward) / SLOWEST
        with line_to(self.client, request, begun + patience) as line:
            line.send(head_of(request, self.client.headers_of(request)))
            sender = _Sender(line, self.meter)
            with contextlib.suppress(httpx.WriteError):  # who stops listening may have answered
                sender.send(request.body)
            line.timeout_s = settings.deadline_s  # storing a large document takes its time
            head = sender.answered or line.final(line.end)
            if head is None:
                raise httpx.ReadTimeout("no answer")
            if self.sink is None or head.status_code >= 300:
                return line.read(head)
            line.timeout_s = settings.timeout_s
            return self._receive(line, head, self.sink)

    def _receive(self, line: Line, head: h11.Response, sink: Sink) -> Answer:
        self.meter.begin(sending=False)
        length = _length_of(head)
        pieces = line.pieces() if length is None else _counted(line, length)
        for piece in pieces:
            sink.take(piece)
            self.meter.came(len(piece))
            if self.meter.received > self.meter.downward + BLOCK:  # what is too much is known by now
                break
        cut = length is not None and self.meter.received < length
        return line.answer(head, b"", cut=cut, whole=sink.whole())

    def _by_the_client(self, request: Request, begun: float) -> Answer:
        metered = replace(request, body=_metered(request.body, self.meter))
        return self.client.talk(metered, begun, self._taking if self.sink is not None else None)

    def _taking(self, pieces: Iterator[bytes]) -> Whole | None:
        self.meter.begin(sending=False)
        for piece in pieces if self.sink else ():
            self.sink.take(memoryview(piece))  # type: ignore[union-attr]
            self.meter.came(len(piece))
            if self.meter.received > self.meter.downward + BLOCK:
                break
        return self.sink.whole() if self.sink else None


def _metered(body: Payload | None, meter: Meter) -> Payload | None:
    if body is None:
        return None

    def chunks() -> Iterator[bytes]:
        meter.begin(sending=True)
        for chunk in chunks_of(body):
            yield bytes(chunk)
            meter.gone(len(chunk))

    return Streamed(length_of(body), chunks)


@dataclass
class _Sender:
    """Sends a body, and listens meanwhile."""

    line: Line
    meter: Meter
    answered: h11.Response | None = None
    """The final answer, if it came early."""

    def send(self, body: Payload | None) -> None:
        """Send the body, until the server refuses it."""
        self.meter.begin(sending=body is not None)
        self.line.link.settimeout(0)
        for chunk in chunks_of(body) if body is not None else ():
            # Uncopied: our chunk, or the framing of a chunk around it.
            for data in self.line.talk.send_with_data_passthrough(h11.Data(data=chunk)) or ():  # type: ignore[arg-type]
                if not self._push(data):
                    return
            self.meter.gone(len(chunk))
        self._push(self.line.talk.send(h11.EndOfMessage()) or b"")

    def _push(self, data: bytes | memoryview) -> bool:
        """Send bytes; False when the server refused meanwhile."""
        rest = memoryview(data)
        while True:
            if time.monotonic() > self.line.end:
                raise DeadlineError
            rest = rest[self._write(rest) :]
            if self._ready(wait=bool(rest)) and self._refused():
                return False
            if not rest:
                return True

    def _ready(self, *, wait: bool) -> bool:
        """Whether something came from the server; ``wait`` for that, or until it takes more.

        Once it has answered, the rest of what it says is left for later.
        """
        link = self.line.link
        left = min(self.line.timeout_s, self.line.end - time.monotonic()) if wait else 0
        hears = [] if self.answered else [link]
        readable, writable, _ = select.select(hears, [link] if wait else [], [], max(0, left))
        if wait and not (readable or writable):
            raise httpx.WriteTimeout("the server does not take the body")
        return bool(readable)

    def _write(self, rest: memoryview) -> int:
        try:
            return self.line.link.send(rest)
        except NOT_NOW:
            return 0
        except OSError as error:
            raise httpx.WriteError(str(error)) from error

    def _refused(self) -> bool:
        """Read what came; whether it is an answer that makes the rest of the body useless."""
        try:
            data = self.line.link.recv(BLOCK)
        except NOT_NOW:
            return False
        except OSError as error:
            raise httpx.ReadError(str(error)) from error
        self.line.received += len(data)
        self.line.talk.receive_data(data)
        self.answered = self.line.pending()
        return self.answered is not None and self.answered.status_code >= 300


def _length_of(head: h11.Response) -> int | None:
    """The length that an answer names; None when it is in chunks, or goes on until the end."""
    headers = dict(head.headers)
    value = headers.get(b"content-length")
    return int(value) if value is not None and b"transfer-encoding" not in headers else None


def _counted(line: Line, length: int) -> Iterator[memoryview]:
    """The body of a given length, read past the HTTP library into one buffer."""
    first = line.talk.trailing_data[0][:length]
    if first:
        yield memoryview(first)
    left = length - len(first)
    buffer = memoryview(mmap.mmap(-1, BLOCK))  # whole pages: copying to an odd address takes longer
    while left > 0:
        n = line.receive(buffer[: min(left, BLOCK)])
        if n == 0:
            return
        left -= n
        yield buffer[:n]
