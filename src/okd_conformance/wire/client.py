"""The HTTP client: sends requests as they are given, bounds every answer, records each exchange.

Redirects are never followed, compressed answers never asked for, and the environment's proxies never used.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from okd_conformance.wire.address import origin, parsed, way_to, with_host
from okd_conformance.wire.body import Payload, Streamed, chunks_of, length_of
from okd_conformance.wire.budget import Budget, Tally
from okd_conformance.wire.connections import Connections
from okd_conformance.wire.exchange import Answer, Exchange, Request, Whole
from okd_conformance.wire.failures import FAILURES, lacks_certificate, why, why_at
from okd_conformance.wire.no_answer import NoAnswer
from okd_conformance.wire.patience import DeadlineError, NotOpenedError, Patience
from okd_conformance.wire.throttling import MAX_THROTTLED, SUPERSEDED, UNAVAILABLE, seconds_to_wait
from okd_conformance.wire.waiting import Why, waiting

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""As much of an answer as is kept; large documents go elsewhere, piece by piece."""
MAX_WAITED = 10
"""So many times ``timeout_s`` is waited in all for a target that only says that it is too busy."""
SLOWEST = 250_000
"""Bytes per second; a large body gets that much longer than the deadline."""
_CHUNK = 1000
_RECENT = 0.2
"""The share of the latest exchange in what is usual."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the client behaves towards one target. Times are in seconds."""

    timeout_s: float = 30.0
    deadline_s: float = 120.0
    """The longest that one exchange may take in all, apart from the time that a large body needs."""
    requests_per_second: float = 50.0
    max_requests: int | None = None
    max_bytes: int | None = None
    max_duration_s: float | None = None
    verify: ssl.SSLContext | bool = True
    proxy: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that a gateway in front of the target wants; their values are secret."""


Talk = Callable[[Request, float], Answer]
Take = Callable[[Iterator[bytes]], Whole | None]


def _nothing() -> None:
    """Nobody wants to know."""


@dataclass
class Client:
    """Sends requests to the target, one at a time per thread."""

    settings: Settings
    on_exchange: Callable[[Exchange], None]
    new_id: Callable[[], str]
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    waited_s: float = 0.0
    """How long the target made us wait, since it last answered anything else than that it is too busy."""
    usual_s: float = 0.0
    """How long an exchange took lately."""
    tally: Tally = field(default_factory=Tally)
    """Where requests and bytes are counted: all processes of a run share one."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _here: threading.local = field(default_factory=threading.local)
    _next_slot: float = 0.0
    _hung_up: dict[str, NoAnswer] = field(default_factory=dict)
    """By server, what its hanging up means."""

    def __post_init__(self) -> None:
        limits = self.settings
        self._patience = Patience()
        self._transport = self.transport or Connections(self._patience, limits.verify, limits.proxy)
        self._budget = Budget(limits.max_requests, limits.max_bytes, limits.max_duration_s, self.tally)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def send(
        self,
        request: Request,
        before_again: Callable[[], None] = _nothing,
        talk: Talk | None = None,
        **labels: Any,
    ) -> Exchange:
        """Send a request, by way of ``talk`` if given; a network failure is in ``exchange.error``.

        An answer 429 is obeyed: the request is repeated after the time that the target names, a few times. So
        is an answer that the server is not available, but once.
        A connection that the server closed while it was idle is nobody's fault: the request is repeated once,
        on a new one. Nobody can tell whether the server had read the first one, so ``before_again`` is called
        before that. Raises BudgetSpentError.
        """
        throttled: list[Exchange] = []
        stale = 0
        while True:
            exchange = self.once(request, talk or self.talk, **labels)
            exchange.throttled = tuple(throttled)
            if isinstance(request.body, Streamed):
                return exchange
            idle = talk is None and self._patience.stale  # a talk of its own opens its own connection
            if exchange.error is NoAnswer.DISCONNECTED and idle and not stale:
                stale = 1
                before_again()
                continue
            unavailable = exchange.status in UNAVAILABLE
            if unavailable and any(earlier.status in UNAVAILABLE for earlier in throttled):
                return exchange
            busy = unavailable or exchange.status == httpx.codes.TOO_MANY_REQUESTS
            self.waited_s = self.waited_s if busy else 0.0
            weary = self.waited_s >= MAX_WAITED * self.settings.timeout_s
            if not busy or weary or len(throttled) == MAX_THROTTLED - 1:
                return exchange
            exchange.tags = (*exchange.tags, SUPERSEDED)
            throttled.append(exchange)
            if unavailable:
                before_again()
            wait = seconds_to_wait(exchange.answer.header("retry-after") if exchange.answer else None)
            self.waited_s += wait
            self._pause(wait, Why.BUSY)

    def once(self, request: Request, talk: Talk, **labels: Any) -> Exchange:
        """Send a request once, by way of ``talk``, and return the exchange. Raises BudgetSpentError.

        ``talk`` gets the request and when it began, and raises what httpx raises. What is tagged as clean-up
        is never refused.
        """
        self._here.pausing = False
        body = length_of(request.body) if request.body is not None else 0
        self._wait_for_slot(body, free="cleanup" in labels.get("tags", ()))
        exchange = Exchange(
            id=self.new_id(),
            request=request,
            answer=None,
            error=None,
            started=datetime.now(UTC).isoformat(),
            duration_s=0.0,
            **labels,
        )
        begun = time.monotonic()
        try:
            with waiting(Why.ANSWER, self._patience_with(request)):
                exchange.answer = talk(request, begun).opened()
        except DeadlineError:
            exchange.error = NoAnswer.DEADLINE
        except NotOpenedError:
            exchange.error = NoAnswer.NOT_OPENED
        except FAILURES as error:
            exchange.error = self._why(error, request)
        if exchange.answer is not None and lacks_certificate(request.url, exchange.answer):
            exchange.answer, exchange.error = None, NoAnswer.CLIENT_CERTIFICATE
        exchange.duration_s = time.monotonic() - begun
        self.usual_s += _RECENT * (exchange.duration_s - self.usual_s)
        if exchange.answer is not None:
            with self._lock:
                self._budget.received(exchange.answer.size)
        self.on_exchange(exchange)
        return exchange

    def talk(self, request: Request, begun: float, take: Take | None = None) -> Answer:
        """Send a request and read the answer; ``take`` is given the pieces of a success answer.

        Raises what httpx raises, and DeadlineError.
        """
        content = _sendable(request.body, request.chunked) if request.body is not None else None
        raw = self.headers_of(request)
        waits = httpx.Timeout(self.settings.timeout_s).as_dict()
        built = httpx.Request(
            request.method, parsed(request.url), headers=raw, content=content, extensions={"timeout": waits}
        )
        # Our headers and Host, and nothing that the library would add by itself.
        built.headers = httpx.Headers(with_host(way_to(request.url), raw))
        end = begun + self._patience_with(request)
        with self._patience.until(end, from_elsewhere=request.elsewhere):
            # Past the library's own client, which reads cookies and works out redirects of any answer.
            answer = self._transport.handle_request(built)
            pieces = _Pieces(answer)
            try:
                with contextlib.closing(answer):
                    if take is None or not answer.is_success:
                        return _read(answer, pieces)
                    return _answer(answer, b"", whole=take(iter(pieces)))
            except (httpx.TransportError, DeadlineError):
                self.lost(pieces.size)
                raise

    def _patience_with(self, request: Request) -> float:
        """How many seconds an exchange may take in all."""
        return self.settings.deadline_s + length_of(request.body or b"") / SLOWEST

    def _why(self, error: Exception, request: Request) -> NoAnswer:
        """The name of a failure. A server that hangs up is asked why only once: it may do so often."""
        server, settings = origin(request.url), self.settings
        if (
            why(error) is not NoAnswer.DISCONNECTED
            or settings.proxy is not None
            or self.transport is not None
        ):
            return why(error)
        if server not in self._hung_up:
            self._hung_up[server] = why_at(server, error, settings.verify, settings.timeout_s)
        return self._hung_up[server]

    def lost(self, n_bytes: int) -> None:
        """Count what came of an answer that broke off; ``once`` only counts an answer that it gets."""
        with self._lock:
            self._budget.received(n_bytes)

    def headers_of(self, request: Request) -> list[tuple[bytes, bytes]]:
        """The header lines of a request as they are sent; all but Host."""
        headers = [*request.headers, *(self.settings.headers if request.gateway else ())]
        names = {name.lower() for name, _ in headers}
        if request.token is not None:
            headers.append(("Authorization", f"Bearer {request.token}"))
        if "user-agent" not in names:
            headers.append(("User-Agent", "okd-conformance"))
        if "accept-encoding" not in names:
            headers.append(("Accept-Encoding", "identity"))
        if request.body is not None and request.chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        elif request.body is not None:
            headers.append(("Content-Length", str(length_of(request.body))))
        return [(n.encode("ascii"), v.encode("utf-8")) for n, v in headers]

    def _wait_for_slot(self, body: int, *, free: bool) -> None:
        with self._lock:
            self._budget.take(body, free=free)
            now = time.monotonic()
            slot = max(self._next_slot, now)
            self._next_slot = self.tally.next_turn(slot, self.settings.requests_per_second)
        if slot > now:
            self._pause(slot - now, Why.RATE)

    @property
    def pace_s(self) -> float:
        """About how long each further request takes."""
        return max(self.usual_s, 1.0 / self.settings.requests_per_second)

    @property
    def pausing(self) -> bool:
        """Whether this thread is between requests, or was when an interruption came."""
        return getattr(self._here, "pausing", False)

    def _pause(self, seconds: float, why: Why) -> None:
        self._here.pausing = True
        with waiting(why, seconds):
            self.sleep(seconds)
        self._here.pausing = False


@dataclass
class _Pieces:
    """The body of an answer as it comes, and how much of it came."""

    answer: httpx.Response
    size: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.answer.iter_raw():
            self.size += len(piece)
            yield piece


def _read(answer: httpx.Response, pieces: Iterable[bytes]) -> Answer:
    kept = bytearray()
    for chunk in pieces:
        kept += chunk
        if len(kept) > MAX_ANSWER_BYTES:
            break
    return _answer(answer, bytes(kept[:MAX_ANSWER_BYTES]), cut=len(kept) > MAX_ANSWER_BYTES)


def _answer(answer: httpx.Response, body: bytes, *, cut: bool = False, whole: Whole | None = None) -> Answer:
    return Answer(
        status=answer.status_code,
        reason=answer.reason_phrase,
        headers=tuple((n.decode("latin-1"), _decoded(v)) for n, v in answer.headers.raw),
        body=body,
        http_version=answer.http_version,
        cut=cut,
        whole=whole,
    )


def _sendable(body: Payload, chunked: bool) -> bytes | Iterator[bytes]:
    if isinstance(body, bytes) and chunked:
        return (body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK))
    return body if isinstance(body, bytes) else map(bytes, chunks_of(body))


def _decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
