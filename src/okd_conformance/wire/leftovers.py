"""Bytes that a server sent beyond its answer, on a connection that is kept.

Read as the beginning of the next answer, they would blame the next request for what this one did.
"""

from __future__ import annotations

import h11

MAX_HEAD_BYTES = 100 * 1024
"""As much of a head as the HTTP library reads."""


class AnswersBegun:
    """Reads along with the answers of one connection; ``more`` is whether something came after the last."""

    def __init__(self) -> None:
        self.more = False
        self._talk: h11.Connection | None = None

    def begin(self, request: bytes) -> None:
        """A request is sent that begins with these bytes."""
        method = request.partition(b" ")[0]
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._talk.send(h11.Request(method=method, target="/", headers=[("Host", "")]))
        self._talk.send(h11.EndOfMessage())

    def came(self, data: bytes) -> None:
        """Take what came. Of an answer that isn't HTTP nothing is told: its connection isn't kept."""
        if self._talk is None:
            return
        try:
            self._talk.receive_data(data)
            while isinstance(self._talk.next_event(), h11.InformationalResponse | h11.Response | h11.Data):
                pass
        except h11.RemoteProtocolError:
            self._talk = None
            return
        if self._talk.their_state is h11.DONE:
            self.more = bool(self._talk.trailing_data[0])
