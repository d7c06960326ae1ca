"""Web addresses that a target names: whether they are complete, and whose they are."""

from __future__ import annotations

import httpx


def web_address(value: object) -> str | None:
    """Return ``value`` if it is a complete web address that can be asked for, else None."""
    url = _parsed(value)
    return str(value) if url is not None and url.scheme in {"http", "https"} and url.host else None


def joined(base: str, reference: str) -> str | None:
    """Return where ``reference`` leads from the address ``base``; None when that is no web address."""
    url = _parsed(base)
    try:
        return web_address(str(url.join(reference))) if url is not None else None
    except httpx.InvalidURL:
        return None


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common."""
    return _origin(one) == _origin(other)


def _origin(value: str) -> tuple[str, str, int | None]:
    url = httpx.URL(value)
    return url.scheme, url.host, url.port


def _parsed(value: object) -> httpx.URL | None:
    try:
        return httpx.URL(value) if isinstance(value, str) else None
    except httpx.InvalidURL:
        return None
