"""Running the reference on one loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from okd_conformance import DEFAULT_EDITION
from okd_conformance.reference.app import create_app
from okd_conformance.reference.target import print_target

HOST = "127.0.0.1"
_GRACE_S = 2
_AT_ONCE = 1 << 20
"""Bytes. So much of a large message is handed on at a time, rather than some 64 KB."""


@dataclass(frozen=True, slots=True)
class Running:
    """A reference that runs: where, and the target file for it (YAML)."""

    base_url: str
    target: str
    app: Starlette


def listen(port: int = 0) -> socket.socket:
    """Take a loopback port; 0 takes a free one. OSError when the port is taken."""
    # The protocol is named, so that asyncio turns off Nagle's algorithm on each connection.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows it would let two servers share the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except OSError:
        listening.close()
        raise
    return listening


def serve(app: Starlette, port: int | socket.socket = 0) -> None:
    """Serve ``app`` until SIGTERM or SIGINT; ``port`` may be a socket from ``listen``."""
    listening = listen(port) if isinstance(port, int) else port
    server = _server(app)
    with _stopped_by_signals(server):
        server.run(sockets=[listening])


def run_server(
    edition_id: str = DEFAULT_EDITION,
    *,
    port: int = 0,
    roles: Sequence[str] | None = None,
    faults: Iterable[str] = (),
    variants: Iterable[str] = (),
    on_ready: Callable[[Running], None] | None = None,
) -> None:
    """Serve an edition until SIGTERM or SIGINT.

    ``on_ready`` is called once, when the port is open: a request made from then on will be answered.
    """
    listening = listen(port)
    listening.listen()
    running = _instance(listening, edition_id, roles, faults, variants)
    server = _server(running.app)
    with _stopped_by_signals(server):
        if on_ready is not None:
            on_ready(running)
        server.run(sockets=[listening])


@contextlib.contextmanager
def running_server(
    edition_id: str = DEFAULT_EDITION,
    *,
    port: int = 0,
    roles: Sequence[str] | None = None,
    faults: Iterable[str] = (),
    variants: Iterable[str] = (),
) -> Iterator[Running]:
    """Serve an edition in a thread of this process while the context lasts."""
    listening = listen(port)
    listening.listen()
    running = _instance(listening, edition_id, roles, faults, variants)
    server = _server(running.app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.should_exit = True
        thread.join(timeout=10 * _GRACE_S)


@contextlib.contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGTERM and SIGINT stop the server, also before it runs, and nothing else; main thread only."""

    def stop(*_: object) -> None:
        server.should_exit = True

    before = {sign: signal.signal(sign, stop) for sign in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _instance(
    listening: socket.socket,
    edition_id: str,
    roles: Sequence[str] | None,
    faults: Iterable[str],
    variants: Iterable[str],
) -> Running:
    base_url = f"http://{HOST}:{listening.getsockname()[1]}"
    app = create_app(edition_id, roles=roles, faults=faults, variants=variants, base_url=base_url)
    return Running(base_url, print_target(base_url, edition_id=edition_id, roles=roles), app)


class _Buffer(threading.local):
    """What all connections of a thread receive into."""

    def __init__(self) -> None:
        self.room = memoryview(mmap.mmap(-1, _AT_ONCE))  # whole pages: quicker to copy to


class _InLargePieces(HttpToolsProtocol, asyncio.BufferedProtocol):
    """HTTP as uvicorn speaks it, received into one buffer."""

    _buffer = _Buffer()

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Where to put what comes."""
        return self._buffer.room

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what came; the parser copies what it keeps."""
        self.data_received(self._buffer.room[:nbytes])  # type: ignore[arg-type]


def _server(app: Starlette) -> uvicorn.Server:
    bytes(_AT_ONCE * 30)  # glibc then keeps freed blocks of up to that size for the next large piece
    config = uvicorn.Config(
        app,
        http=_InLargePieces,
        ws="none",
        lifespan="on",
        log_level="critical",  # a fault may well end in a 500; that is for the suite to find
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return uvicorn.Server(config)
