"""Large contents that nobody holds: generated while they are sent, and again while they are compared.

The bytes are a keystream (AES in counter mode), which is fast and repeats nowhere, so that a piece that was
lost, moved or changed shows. Head and tail look like a PDF's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from okd_conformance.wire.body import Streamed
from okd_conformance.wire.exchange import Whole

BLOCK = 256 * 1024
_ZEROS = bytes(BLOCK)
_TAIL = b"\nendstream\nendobj\nstartxref\n0\n%%EOF\n"
_KEPT = 256
"""How much of either end is kept as evidence."""


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

    def chunks(self, until: int | None = None) -> Iterator[bytes]:
        """The bytes, in blocks; ``until`` ends them early."""
        end = self.size if until is None else min(until, self.size)
        stream = self.keystream()
        head, middle = self.head, self.size - len(self.tail)
        for start in range(0, end, BLOCK):
            block = stream.update(_ZEROS if start + BLOCK <= end else _ZEROS[: end - start])
            if start < len(head) or start + len(block) > middle:
                block = _put(_put(block, start, head, 0), start, self.tail, middle)
            yield block

    def keystream(self) -> CipherContext:
        """The stream from its beginning; what passes through it is XORed with it."""
        key = hashlib.sha256(f"{self.seed} {self.marker}".encode()).digest()[:16]
        # Test content, not a secret: the mode only has to be fast and without repetition.
        return Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()

    def comparison(self) -> Comparison:
        """What compares bytes that arrive with these."""
        return Comparison(self)


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
    _stream: CipherContext = field(init=False, repr=False)
    _middle: tuple[int, int] = field(init=False)
    _other: hashlib._Hash | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._stream = self.sent.keystream()
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
        for start in range(0, len(piece), BLOCK):
            self._take(piece[start : start + BLOCK])

    def _take(self, piece: memoryview) -> None:
        if len(self.head) < _KEPT:
            self.head += bytes(piece[: _KEPT - len(self.head)])
        self.tail = (self.tail + bytes(piece[-_KEPT:]))[-_KEPT:]
        if self.first_difference is None:
            start, mixed = self.received, self._stream.update(piece)
            inside = self._middle[0] <= start and start + len(piece) <= self._middle[1]
            if not (_ZEROS.startswith(mixed) if inside else self._same_at_an_end(start, piece, mixed)):
                self._differs(start, piece, mixed)
        if self._other is not None:
            self._other.update(piece)
        self.received += len(piece)

    def _expected(self, start: int, piece: memoryview, mixed: bytes) -> bytes:
        """What should have come: the keystream, which is what came XORed with what it was mixed to."""
        width = len(piece)
        stream = (int.from_bytes(piece) ^ int.from_bytes(mixed)).to_bytes(width)
        expected = _put(_put(stream, start, self.sent.head, 0), start, self.sent.tail, self._middle[1])
        return expected[: max(0, self.sent.size - start)]

    def _same_at_an_end(self, start: int, piece: memoryview, mixed: bytes) -> bool:
        return self._expected(start, piece, mixed) == piece

    def _differs(self, start: int, piece: memoryview, mixed: bytes) -> None:
        expected = self._expected(start, piece, mixed)
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
