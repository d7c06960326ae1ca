"""A request that asks leave before it sends its body: the HTTP client can't do that, so here is a small one.

It sends one request over one connection of its own, bounded in time and size like the client.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass

import h11
import httpx

from okd_conformance.wire.address import Way, way_to, with_host
from okd_conformance.wire.body import chunks_of
from okd_conformance.wire.client import MAX_ANSWER_BYTES, Client
from okd_conformance.wire.exchange import Answer, Request, Whole
from okd_conformance.wire.leftovers import MAX_HEAD_BYTES
from okd_conformance.wire.patience import DeadlineError
from okd_conformance.wire.tls import verification

LEAVE_S = 5.0
_BLOCK = 65536
_CONTINUE = 100
_ASKED_AGAIN = 30
"""So often: some 30 microseconds."""
NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""What a socket says that doesn't wait, when there is nothing to receive, or no room to send."""


@dataclass
class Expecting:
    """How to talk for ``Client.once``: with ``Expect: 100-continue`` (RFC 9110, 10.1.1).

    It waits for leave for a few seconds, sends the body then all the same, and reads the answer. Afterwards
    it tells what happened. It doesn't know proxies.
    """

    client: Client
    leave_s: float = LEAVE_S
    only_ask: bool = False
    """Don't send the body; leave itself is the answer then, and no leave in time a time-out."""
    given: bool = False
    """The server gave leave."""
    early: bool = False
    """The server answered for good before the body was sent."""

    def __call__(self, request: Request, begun: float) -> Answer:
        """Send the request and return the answer. Raises what httpx raises."""
        settings = self.client.settings
        end = begun + settings.deadline_s
        with line_to(self.client, request, end) as line:
            headers = [*self.client.headers_of(request), (b"Expect", b"100-continue")]
            line.send(head_of(request, headers))
            answer = line.final(min(time.monotonic() + self.leave_s, end), until_leave=True)
            self.given, self.early = line.given, answer is not None
            if answer is None and self.only_ask:
                if not self.given:
                    raise httpx.ReadTimeout("neither leave nor an answer")
                return Answer(_CONTINUE, "Continue", (), b"")
            if answer is None:
                line.send_body(request)
                answer = line.final(end)
            if answer is None:
                raise httpx.ReadTimeout("no answer")
            return line.read(answer)


def head_of(request: Request, headers: list[tuple[bytes, bytes]]) -> h11.Request:
    """The request line and the header lines."""
    way = way_to(request.url)
    return h11.Request(method=request.method, target=way.target, headers=with_host(way, headers))


def conversation() -> h11.Connection:
    """A conversation of which nothing was said yet."""
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)


@contextlib.contextmanager
def line_to(client: Client, request: Request, end: float) -> Iterator[Line]:
    """A connection to where a request goes; what came is counted when it breaks off."""
    settings = client.settings
    with connected(way_to(request.url), settings.verify, settings.timeout_s) as link:
        line = Line(link, conversation(), settings.timeout_s, end)
        try:
            yield line
        except (httpx.TransportError, DeadlineError):
            client.lost(line.received)
            raise


@contextlib.contextmanager
def connected(way: Way, verify: ssl.SSLContext | bool, timeout_s: float) -> Iterator[socket.socket]:
    """A connection of our own; ConnectError when there is none."""
    with contextlib.ExitStack() as closing:
        try:
            link = socket.create_connection((way.host, way.port), timeout_s)
            closing.enter_context(link)
            if way.secure:
                context = verification(verify)
                link = closing.enter_context(context.wrap_socket(link, server_hostname=way.host))
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error)) from error
        yield link


@dataclass
class Line:
    """One connection, on which one request is sent and one answer read.

    Its methods raise what httpx raises.
    """

    link: socket.socket
    talk: h11.Connection
    timeout_s: float
    end: float
    given: bool = False
    received: int = 0
    """Bytes that came so far."""

    def send(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        """Send an event."""
        self.link.settimeout(self.timeout_s)
        try:
            self.link.sendall(self.talk.send(event) or b"")
        except TimeoutError as error:
            raise httpx.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpx.WriteError(str(error)) from error

    def send_body(self, request: Request) -> None:
        """Send the body; a server that stops listening may have answered, so that is no error yet."""
        with contextlib.suppress(httpx.WriteError):
            for chunk in chunks_of(request.body or b""):
                self.send(h11.Data(data=bytes(chunk)))
            self.send(h11.EndOfMessage())

    def final(self, until: float, until_leave: bool = False) -> h11.Response | None:
        """The head of the final answer; None when the time is up, or when leave was given."""
        while True:
            event = self._event(until)
            if isinstance(event, h11.InformationalResponse):
                self.given = self.given or event.status_code == _CONTINUE
                if self.given and until_leave:
                    return None
            elif event is None or isinstance(event, h11.Response):
                return event
            else:
                raise httpx.RemoteProtocolError("disconnected before the answer")

    def pending(self) -> h11.Response | None:
        """The head of a final answer, if that was received already."""
        try:
            event = self.talk.next_event()
            while isinstance(event, h11.InformationalResponse):
                event = self.talk.next_event()
        except h11.RemoteProtocolError as error:
            gone = self.talk.trailing_data[1]
            raise httpx.RemoteProtocolError("disconnected" if gone else str(error)) from error
        if event is h11.NEED_DATA or isinstance(event, h11.Response):
            return event if isinstance(event, h11.Response) else None
        raise httpx.RemoteProtocolError("disconnected before the answer")

    def read(self, head: h11.Response) -> Answer:
        """The whole answer, or as much as the client would keep of it."""
        body = bytearray()
        for piece in self.pieces():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                break
        return self.answer(head, bytes(body[:MAX_ANSWER_BYTES]), cut=len(body) > MAX_ANSWER_BYTES)

    def pieces(self) -> Iterator[memoryview]:
        """The body of the answer, as it comes."""
        while isinstance(event := self._event(self.end), h11.Data):
            yield memoryview(event.data)
        if event is None:
            raise httpx.ReadTimeout("the answer does not end")

    def answer(
        self, head: h11.Response, body: bytes, *, cut: bool = False, whole: Whole | None = None
    ) -> Answer:
        """An answer with this body; ``whole`` tells of one that was not kept."""
        return Answer(
            status=head.status_code,
            reason=head.reason.decode("latin-1"),
            headers=tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in head.headers.raw_items()),
            body=body,
            cut=cut,
            whole=whole,
        )

    def receive(self, buffer: memoryview) -> int:
        """Receive into a buffer, past the HTTP library; the time-out and the deadline hold. Return the count.

        More is often there in a moment: to be woken for it takes longer than to ask again. Raises
        DeadlineError, httpx.ReadTimeout or httpx.ReadError.
        """
        try:
            n = self._received_into(buffer)
        except TimeoutError as error:
            if time.monotonic() >= self.end:
                raise DeadlineError from error
            raise httpx.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error
        self.received += n
        return n

    def _received_into(self, buffer: memoryview) -> int:
        if time.monotonic() > self.end:
            raise DeadlineError
        self.link.settimeout(0)
        for _ in range(_ASKED_AGAIN):
            try:
                return self.link.recv_into(buffer)
            except NOT_NOW:
                continue
        self.link.settimeout(max(0.001, min(self.timeout_s, self.end - time.monotonic())))
        return self.link.recv_into(buffer)

    def _event(self, until: float) -> h11.Event | type[h11.PAUSED] | type[h11.NEED_DATA] | None:
        """What comes next; None when nothing came in time."""
        data = b"?"
        try:
            while True:
                event = self.talk.next_event()
                if event is not h11.NEED_DATA:
                    return event
                left = min(until - time.monotonic(), self.timeout_s)
                if left <= 0:
                    return None
                self.link.settimeout(left)
                data = self.link.recv(_BLOCK)
                self.received += len(data)
                self.talk.receive_data(data)
        except TimeoutError:
            return None
        except OSError as error:
            raise httpx.ReadError(str(error)) from error
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error) if data else "disconnected") from error
