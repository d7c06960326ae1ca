"""A deadline for a whole exchange.

The HTTP library only bounds each single wait, so a server that sends a byte now and then would hold us up
forever.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from okd_conformance.wire.address import may_lead

_AT_ONCE = 65536


class DeadlineError(Exception):
    """The exchange took too long in all."""


class NotOpenedError(Exception):
    """A target named an address in a network that it may not lead us into."""


class Patience(httpcore.NetworkBackend):
    """Connections that wait no longer than the deadline of the exchange that their thread is busy with."""

    def __init__(self, pooled: bool) -> None:
        self._pooled = pooled
        self._own: str | None = None
        self._backend = httpcore.SyncBackend()
        self._of_thread = threading.local()

    @contextlib.contextmanager
    def until(self, end: float, *, from_elsewhere: bool = False) -> Iterator[None]:
        """Let every wait of this thread end at ``end`` (of the monotonic clock), with a DeadlineError.

        ``from_elsewhere``: the target named the address, so look where it leads before anything is sent, and
        raise NotOpenedError if the target may not lead us there.
        """
        self._of_thread.end = end
        self._of_thread.connected = self._of_thread.heard = False
        self._of_thread.from_elsewhere = from_elsewhere
        try:
            yield
        finally:
            self._of_thread.end = None

    @property
    def connected(self) -> bool:
        """Whether the last exchange of this thread opened a connection, rather than use an open one."""
        return not self._pooled or getattr(self._of_thread, "connected", False)

    @property
    def stale(self) -> bool:
        """Whether the last exchange of this thread used an open connection, and heard nothing on it."""
        return not self.connected and not getattr(self._of_thread, "heard", False)

    def hear(self, data: bytes) -> bytes:
        """Remember that something came."""
        self._of_thread.heard = self._of_thread.heard or bool(data)
        return data

    @contextlib.contextmanager
    def waiting(self, timeout: float | None) -> Iterator[float | None]:
        """Give the time that is left for one wait. Raises DeadlineError when it was, or is, the deadline."""
        end: float | None = getattr(self._of_thread, "end", None)
        if end is None:
            yield timeout
            return
        left = end - time.monotonic()
        if left <= 0:
            raise DeadlineError
        try:
            yield left if timeout is None else min(timeout, left)
        except httpcore.TimeoutException:
            if time.monotonic() >= end:
                raise DeadlineError from None
            raise

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection."""
        self._of_thread.connected = True
        with self.waiting(timeout) as left:
            stream = self._backend.connect_tcp(host, port, left, local_address, socket_options)
        self._look_where_it_leads(stream)
        return _Stream(stream, self)

    def _look_where_it_leads(self, stream: httpcore.NetworkStream) -> None:
        """See that the target doesn't lead us where it may not; where it is itself was seen before."""
        peer = str(stream.get_extra_info("server_addr")[0]).partition("%")[0]
        if not getattr(self._of_thread, "from_elsewhere", False):
            self._own = peer
        elif self._own is None or not may_lead(peer, self._own):
            stream.close()
            raise NotOpenedError


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, patience: Patience) -> None:
        self._stream = stream
        self._patience = patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._patience.waiting(timeout) as left:
            return self._patience.hear(self._stream.read(max_bytes, left))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _AT_ONCE):
            with self._patience.waiting(timeout) as left:
                self._stream.write(buffer[start : start + _AT_ONCE], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with self._patience.waiting(timeout) as left:
            return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._patience)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def patient(transport: httpx.BaseTransport) -> Patience:
    """Give a transport this patience; one without connections needs none.

    The library has no public place for it.
    """
    patience = Patience(isinstance(transport, httpx.HTTPTransport))
    if isinstance(transport, httpx.HTTPTransport):
        pool: Any = transport._pool
        pool._network_backend = patience
    return patience
