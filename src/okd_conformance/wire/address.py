"""Web addresses: how to go to one, whether one that a target names is complete, and whose it is."""

from __future__ import annotations

import functools
import ipaddress
from dataclasses import dataclass

import httpx

_LAST_PORT = 65535
_KEYS_OF_CLOUDS = frozenset({"fd00:ec2::254", "100.100.100.200", "168.63.129.16"})
"""Metadata services that have no link-local address."""


@dataclass(frozen=True, slots=True)
class Way:
    """How an address is gone to: where to connect, and what the request line and the header Host say.

    Names beyond ASCII go as IDNA, paths percent-encoded; user name and password stay with us, and so does a
    port that goes without saying.
    """

    secure: bool
    host: str
    port: int
    target: bytes
    host_line: tuple[bytes, bytes]


@functools.lru_cache(maxsize=16)
def parsed(address: str) -> httpx.URL:
    """An address in its parts, of which one request asks several times. Raises httpx.InvalidURL."""
    return httpx.URL(address)


def way_to(address: str) -> Way:
    """How to go to an address. Raises httpx.InvalidURL."""
    url = parsed(address)
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    return Way(secure, url.raw_host.decode("ascii"), port, url.raw_path, (b"Host", url.netloc))


def with_host(way: Way, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Header lines with Host in front, unless they have their own."""
    return headers if any(name.lower() == b"host" for name, _ in headers) else [way.host_line, *headers]


def web_address(value: object) -> str | None:
    """Return ``value`` if it is a complete web address that can be asked for, else None."""
    url = _parsed(value)
    if url is None or url.scheme not in {"http", "https"} or not url.host or (url.port or 0) > _LAST_PORT:
        return None
    return str(value)


def joined(base: str, reference: str) -> str | None:
    """Return where ``reference`` leads from the address ``base``; None when that is no web address."""
    url = _parsed(base)
    try:
        return web_address(str(url.join(reference))) if url is not None else None
    except (httpx.InvalidURL, ValueError):
        return None


def without_access(address: str) -> str:
    """An address without user name, password, query and fragment, in a form that can be compared."""
    url = _parsed(address)
    if url is None:
        return origin(address).rpartition("@")[2]
    return str(url.copy_with(userinfo=b"", query=None, fragment=None)).rstrip("/")


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common."""
    return origin(one) == origin(other)


def origin(value: str) -> str:
    """Scheme, host and port of an address."""
    url = _parsed(value)
    if url is None:  # too long, because of an id in it
        return "/".join(value.split("/", 3)[:3])
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def may_lead(address: str, own: str) -> bool:
    """Whether a target at the IP address ``own`` may lead us to ``address``.

    Never to addresses that only mean something on the machine or link itself, such as those where clouds
    keep the keys of a machine; into a private network, or to this machine, only when the target is there.
    """
    there, here = ipaddress.ip_address(address), ipaddress.ip_address(own)
    there = getattr(there, "ipv4_mapped", None) or there
    here = getattr(here, "ipv4_mapped", None) or here
    if there == here:
        return True
    if there.is_link_local or there.is_multicast or there.is_unspecified or str(there) in _KEYS_OF_CLOUDS:
        return False
    if there.is_loopback:
        return here.is_loopback
    return there.is_global or here.is_loopback or not here.is_global


def _parsed(value: object) -> httpx.URL | None:
    try:
        return parsed(value) if isinstance(value, str) else None
    except (httpx.InvalidURL, ValueError):
        return None
