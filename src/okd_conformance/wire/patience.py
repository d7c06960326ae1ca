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
from dataclasses import dataclass
from typing import Any, cast

import httpcore

from okd_conformance.wire.address import may_lead
from okd_conformance.wire.leftovers import AnswersBegun

_AT_ONCE = 65536


class DeadlineError(Exception):
    """The exchange took too long in all."""


class NotOpenedError(Exception):
    """A target named an address in a network that it may not lead us into."""


@dataclass
class _Busy:
    """The exchange that a thread is busy with."""

    end: float | None = None
    from_elsewhere: bool = False
    reused: bool = False
    """It uses a connection that was open before."""
    heard: bool = False


class Patience(httpcore.NetworkBackend):
    """Connections that wait no longer than the deadline of the exchange that their thread is busy with."""

    def __init__(self) -> None:
        self._own: str | None = None
        self._backend = httpcore.SyncBackend()
        self._of_thread = threading.local()

    @property
    def busy(self) -> _Busy:
        """The exchange that this thread is busy with, or was."""
        if not hasattr(self._of_thread, "busy"):
            self._of_thread.busy = _Busy()
        return cast(_Busy, self._of_thread.busy)

    @contextlib.contextmanager
    def until(self, end: float, *, from_elsewhere: bool = False) -> Iterator[None]:
        """Let every wait of this thread end at ``end`` (of the monotonic clock), with a DeadlineError.

        ``from_elsewhere``: the target named the address, so look where it leads before anything is sent, and
        raise NotOpenedError if the target may not lead us there.
        """
        busy = self._of_thread.busy = _Busy(end, from_elsewhere)
        try:
            yield
        finally:
            busy.end = None

    @property
    def stale(self) -> bool:
        """Whether the last exchange of this thread used an open connection, and heard nothing on it."""
        return self.busy.reused and not self.busy.heard

    @contextlib.contextmanager
    def waiting(self, timeout: float | None) -> Iterator[float | None]:
        """Give the time that is left for one wait. Raises DeadlineError when it was, or is, the deadline."""
        end = self.busy.end
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
        with self.waiting(timeout) as left:
            stream = self._backend.connect_tcp(host, port, left, local_address, socket_options)
        self._look_where_it_leads(stream)
        return _Stream(stream, self)

    def _look_where_it_leads(self, stream: httpcore.NetworkStream) -> None:
        """Raise NotOpenedError when the target leads us where it may not; its own address was seen before."""
        peer = str(stream.get_extra_info("server_addr")[0]).partition("%")[0]
        if not self.busy.from_elsewhere:
            self._own = peer
        elif self._own is None or not may_lead(peer, self._own):
            stream.close()
            raise NotOpenedError


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, patience: Patience) -> None:
        self._stream = stream
        self._patience = patience
        self._answers = AnswersBegun()
        self._opened_for = patience.busy
        self._used_for: _Busy | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._patience.waiting(timeout) as left:
            data = self._stream.read(max_bytes, left)
        busy = self._patience.busy
        busy.heard = busy.heard or bool(data)
        self._answers.came(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        busy = self._patience.busy
        if busy is not self._used_for:
            self._used_for = busy
            busy.reused = busy is not self._opened_for
            self._answers.begin(buffer)
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
        """What is known of the connection; one with more on it than the answer is readable, so not kept."""
        if info == "is_readable" and self._answers.more:
            return True
        return self._stream.get_extra_info(info)
