"""What one worker of a run learns to be secret, the others know before it can come back to them.

The main process keeps the list. A worker tells of a secret before it uses it, and asks for those of others
before it hands over what it found; so none is ever in a file, a test report or a command line on its way.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from okd_conformance.redaction.redactor import Learnt

_MAX_BYTES = 50_000_000
"""The longest message: far more than all secrets of a run together."""


class SharedSecrets:
    """The list, in the main process. To be closed at the end."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._listener = _listening(self._key)
        self._lock = threading.Lock()
        self._known: list[Learnt] = []
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def line(self) -> tuple[Any, str]:
        """What a worker needs to take part, for its memory only: an address and a key."""
        return self._listener.address, self._key.hex()

    def __call__(self, new: list[Learnt], after: int) -> list[Learnt]:
        """Add ``new``, and give all that came in after the first so many."""
        with self._lock:
            self._known += new
            return self._known[after:]

    def close(self) -> None:
        """Let no more workers in."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            Client(self._listener.address).close()  # wakes the thread that lets them in
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            with contextlib.suppress(OSError, EOFError, AuthenticationError):
                connection = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, contextlib.suppress(OSError, EOFError):
            while True:
                new, after = json.loads(connection.recv_bytes(_MAX_BYTES))
                found = self([(kind, secret) for kind, secret in new], after)
                connection.send_bytes(json.dumps(found).encode())


def _listening(key: bytes) -> Listener:
    """A place that only this machine reaches; the usual one may not fit in a long temporary folder."""
    try:
        return Listener(authkey=key)
    except OSError:
        return Listener(("127.0.0.1", 0), authkey=key)


class SharingLine:
    """A worker's way to the list, made at first use, and again after an interruption."""

    def __init__(self, address: Any, key: str) -> None:
        self._address = address
        self._key = bytes.fromhex(key)
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def __call__(self, new: list[Learnt], after: int) -> list[Learnt]:
        """Add ``new`` to the main process's list, and get all that came in after the first so many.

        Raises OSError or EOFError when the main process is gone.
        """
        with self._lock, self._connected() as connection:
            connection.send_bytes(json.dumps([new, after]).encode())
            return [(kind, secret) for kind, secret in json.loads(connection.recv_bytes(_MAX_BYTES))]

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        """The connection; one that was left in the middle of an answer is not used again."""
        connection: Any = self._connection or Client(self._address, authkey=self._key)
        self._connection = None
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._connection = connection
