"""How many large answers are held at once: only the latest are, of the others what the evidence needs."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field, replace

from okd_conformance.wire.exchange import EVIDENCE_ENDS, Answer, Exchange, Whole

LARGE = 256 * 1024
MAX_HELD = 16 * 1024 * 1024


@dataclass
class Holding:
    """Follows every exchange; lets go of the oldest large bodies."""

    _large: deque[Exchange] = field(default_factory=deque)
    _bytes: int = 0

    def take(self, exchange: Exchange) -> None:
        """Take an exchange into account."""
        if exchange.answer is None or len(exchange.answer.body) < LARGE:
            return
        self._large.append(exchange)
        self._bytes += len(exchange.answer.body)
        while self._bytes > MAX_HELD:
            oldest = self._large.popleft()
            if oldest.answer is not None:
                self._bytes -= len(oldest.answer.body)
                oldest.answer = _let_go(oldest.answer)


def _let_go(answer: Answer) -> Answer:
    body = answer.body
    digest = hashlib.sha256(body).hexdigest()
    whole = Whole(len(body), body[:EVIDENCE_ENDS], body[-EVIDENCE_ENDS:], lambda: digest)
    return replace(answer, body=b"", whole=whole)
