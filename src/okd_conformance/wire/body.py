"""Request bodies, whole or streamed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Streamed:
    """A body that is generated while it is sent: its length in bytes, and how to make its chunks anew."""

    length: int
    chunks: Callable[[], Iterator[bytes | memoryview]]


Payload = bytes | Streamed


def length_of(payload: Payload) -> int:
    """The length in bytes."""
    return payload.length if isinstance(payload, Streamed) else len(payload)


def chunks_of(payload: Payload) -> Iterator[bytes | memoryview]:
    """The bytes, piece by piece."""
    if isinstance(payload, Streamed):
        yield from payload.chunks()
    else:
        yield payload


def concatenated(payloads: Sequence[Payload]) -> Payload:
    """One payload after another; streamed as soon as one of them is."""
    if all(isinstance(p, bytes) for p in payloads):
        return b"".join(p for p in payloads if isinstance(p, bytes))
    parts = tuple(payloads)
    return Streamed(sum(map(length_of, parts)), lambda: (c for p in parts for c in chunks_of(p)))


def beginning_of(payload: Payload, size: int) -> bytes:
    """The first bytes."""
    kept = b""
    for chunk in chunks_of(payload):
        kept += chunk[: size - len(kept)]
        if len(kept) >= size:
            break
    return kept


@dataclass(frozen=True, slots=True)
class Survey:
    """Both ends of a body, and its SHA-256 in hex."""

    head: bytes
    tail: bytes
    digest: str


def survey(payload: Payload, kept: int) -> Survey:
    """Go through a body once; ``kept`` bytes of either end are shown."""
    head, tail, digest = b"", b"", hashlib.sha256()
    for chunk in chunks_of(payload):
        digest.update(chunk)
        head += chunk[: kept - len(head)]
        tail = (tail + bytes(chunk[-kept:]))[-kept:]
    return Survey(head, tail, digest.hexdigest())
