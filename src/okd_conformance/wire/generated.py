"""Large contents that nobody holds: generated while they are sent, and again while they are compared.

The bytes come from a pool of AES keystream: each block begins at a place of its own in the pool, so that a
piece that was lost, moved or changed shows, and making them or comparing with them costs next to nothing.
(With a keystream of the full length, reading back was slower than curl's.) Head and tail look like a PDF's.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from okd_conformance.wire.body import Streamed
from okd_conformance.wire.exchange import EVIDENCE_ENDS, Whole

BLOCK = 1 << 20
_POOL = 1 << 22
_TAIL = b"\nendstream\nendobj\nstartxref\n0\n%%EOF\n"


@dataclass(frozen=True, slots=True)
class Generated:
    """Content of ``size`` bytes that is the same for the same seed and marker."""

    size: int
    seed: str
    marker: str = ""

    @property
    def head(self) -> bytes:
        """What it begins with."""
        text = f"%PDF-1.4\n%{self.marker}\n1 0 obj\n<< /Length {self.size} >>\nstream\n"
        return text.encode("ascii", "replace")[: self.size]

    @property
    def tail(self) -> bytes:
        """What it ends with."""
        return _TAIL[: max(0, self.size - len(self.head))]

    def payload(self) -> Streamed:
        """The body to send."""
        return Streamed(self.size, self.chunks)

    def chunks(self, until: int | None = None) -> Iterator[bytes | memoryview]:
        """The bytes, in blocks; ``until`` ends them early."""
        end = self.size if until is None else min(until, self.size)
        pool = memoryview(_pool(self.seed))
        head, tail = self.head, self.tail
        for start in range(0, end, BLOCK):
            place, width = self.place(start // BLOCK), min(BLOCK, end - start)
            block: bytes | memoryview = pool[place : place + width]
            if start < len(head) or start + width > self.size - len(tail):
                block = _put(_put(bytes(block), start, head, 0), start, tail, self.size - len(tail))
            yield block

    def place(self, block: int) -> int:
        """Where in the pool a block begins."""
        name = f"{self.seed} {self.marker} {block}".encode()
        return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) % (_POOL - BLOCK)

    def comparison(self) -> Comparison:
        """What compares bytes that arrive with these."""
        return Comparison(self)


@functools.lru_cache(maxsize=1)
def _pool(seed: str) -> bytes:
    key = hashlib.sha256(seed.encode()).digest()[:16]
    # Test content, not a secret: the mode only has to be quick and without repetition.
    return Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(_POOL))


def _put(block: bytes, start: int, text: bytes, at: int) -> bytes:
    """The block that begins at ``start``, with ``text`` in its place at ``at``, as far as that is in it."""
    low, high = max(at, start), min(at + len(text), start + len(block))
    if low >= high:
        return block
    return block[: low - start] + text[low - at : high - at] + block[high - start :]


@dataclass
class Comparison:
    """Compares what arrives, piece by piece, with what was sent."""

    sent: Generated
    received: int = 0
    first_difference: int | None = None
    """The offset of the first byte that is another one, or one too many."""
    head: bytes = b""
    tail: bytes = b""
    _pool: bytes = field(init=False, repr=False)
    _middle: tuple[int, int] = field(init=False)
    _other: hashlib._Hash | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._pool = _pool(self.sent.seed)
        self._middle = (len(self.sent.head), self.sent.size - len(self.sent.tail))

    @property
    def equal(self) -> bool:
        """Whether everything came, and nothing else."""
        return self.first_difference is None and self.received == self.sent.size

    @property
    def offset(self) -> int:
        """The first difference; where it ended, when all that came was right."""
        return self.received if self.first_difference is None else self.first_difference

    def take(self, piece: memoryview) -> None:
        """Compare the next piece."""
        if len(self.head) < EVIDENCE_ENDS:
            self.head += bytes(piece[: EVIDENCE_ENDS - len(self.head)])
        last = bytes(piece[-EVIDENCE_ENDS:])
        self.tail = last if len(last) == EVIDENCE_ENDS else (self.tail + last)[-EVIDENCE_ENDS:]
        while piece:
            width = BLOCK - self.received % BLOCK
            self._take(piece[:width])
            piece = piece[width:]

    def _take(self, piece: memoryview) -> None:
        """Compare a piece that lies within one block."""
        start, width = self.received, len(piece)
        if self.first_difference is None:
            place = self.sent.place(start // BLOCK) + start % BLOCK
            inside = self._middle[0] <= start and start + width <= self._middle[1]
            if not (inside and self._pool.startswith(piece, place)):
                self._look_closely(start, piece, self._pool[place : place + width])
        if self._other is not None:
            self._other.update(piece)
        self.received += width

    def _look_closely(self, start: int, piece: memoryview, expected: bytes) -> None:
        expected = _put(_put(expected, start, self.sent.head, 0), start, self.sent.tail, self._middle[1])
        expected = expected[: max(0, self.sent.size - start)]
        if expected == piece:
            return
        pairs = zip(expected, piece, strict=False)
        within = next((i for i, (a, b) in enumerate(pairs) if a != b), len(expected))
        self.first_difference = start + within
        self._other = self._digest_of_first(start)

    def _digest_of_first(self, n: int) -> hashlib._Hash:
        found = hashlib.sha256()
        for chunk in self.sent.chunks(n):
            found.update(chunk)
        return found

    def whole(self) -> Whole:
        """What to keep of it as evidence."""
        return Whole(self.received, self.head, self.tail, self.digest)

    def digest(self) -> str:
        """The SHA-256 of what came, in hex.

        It is worked out afterwards, from what was sent, as long as nothing differs: a digest is slower than
        the wire.
        """
        found = self._other or self._digest_of_first(self.received)
        return found.hexdigest()
