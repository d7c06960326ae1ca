"""Reading untrusted input, within bounds of size and depth."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any, NoReturn

import httpx

MAX_JSON_BYTES = 4 * 1024 * 1024
MAX_JSON_VALUES = 50_000
"""Python needs up to 25 times as much memory for JSON as it has bytes, and every value is looked at."""
MAX_JSON_DEPTH = 60
_GZIP = 31


class TooLargeError(ValueError):
    """There is more of it than is read."""


def read_json(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises ValueError when it is none, also for numbers that JSON doesn't know (``NaN``) or that are absurdly
    long, and when it is nested deeper than ``MAX_JSON_DEPTH``; TooLargeError, which is one, when it is larger
    or holds more than is read.
    """
    if len(raw) > MAX_JSON_BYTES or sum(map(raw.count, (b",", b"[", b"{"))) > MAX_JSON_VALUES:
        raise TooLargeError("JSON too large")
    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_number)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None
    if raw.count(b"[") + raw.count(b"{") > MAX_JSON_DEPTH and _is_deep(value):
        raise ValueError("JSON nested too deep")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_JSON_DEPTH):
        holders = [v for v in level if isinstance(v, dict | list)]
        if not holders:
            return False
        level = [inner for h in holders for inner in (h.values() if isinstance(h, dict) else h)]
    return any(isinstance(v, dict | list) for v in level)


def content_of(answer: httpx.Response, limit: int) -> bytes:
    """The content of an answer that was not read yet, unpacked if need be.

    Raises TooLargeError for more than ``limit`` bytes, ValueError for what can't be unpacked.
    """
    if answer.is_stream_consumed:  # it came from no connection
        return collected([answer.content], limit)
    raw = collected(answer.iter_raw(), limit)
    return unpacked(raw, answer.headers.get("content-encoding"), limit)


def collected(pieces: Iterable[bytes], limit: int) -> bytes:
    """The pieces in one; TooLargeError when they are more than ``limit`` bytes."""
    kept = bytearray()
    for piece in pieces:
        kept += piece
        if len(kept) > limit:
            raise TooLargeError("too many bytes")
    return bytes(kept)


def unpacked(raw: bytes, encoding: str | None, limit: int) -> bytes:
    """The content of an answer that is sent as it is, or compressed once with gzip.

    Raises TooLargeError for more than ``limit`` bytes, ValueError for anything else that is packed.
    """
    if is_plain(encoding):
        return raw
    if str(encoding).strip().lower() not in {"gzip", "x-gzip"}:
        raise ValueError("an encoding that was not asked for")
    unpacker = zlib.decompressobj(wbits=_GZIP)
    try:
        content = unpacker.decompress(raw, limit + 1)
    except zlib.error as error:
        raise ValueError("not what it says it is") from error
    if len(content) > limit:
        raise TooLargeError("too many bytes")
    return content


def is_plain(encoding: str | None) -> bool:
    """Whether a Content-Encoding says that nothing was packed."""
    return (encoding or "identity").strip().lower() in {"", "identity"}
