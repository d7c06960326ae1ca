"""The addresses in a target file."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import httpx

from okd_conformance.base.yaml_input import Pointer
from okd_conformance.target.mistakes import Mistakes, at, entries


def is_loopback(url: str) -> bool:
    """Whether a URL points at this machine itself: 127/8, ::1 or localhost."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_urls(value: Any, mistakes: Mistakes) -> None:
    """Check every URL but those of the hooks."""
    for pointer, _ in entries(value, "roles"):
        _check_url(value, (*pointer, "base_url"), mistakes)
    _check_url(value, ("auth", "token_url"), mistakes, query=True)
    _check_url(value, ("auth", "issuer"), mistakes)
    _check_url(value, ("http", "proxy"), mistakes, credentials=True)


def _check_url(
    value: Any, pointer: Pointer, mistakes: Mistakes, *, query: bool = False, credentials: bool = False
) -> None:
    url = at(value, *pointer)
    if not isinstance(url, str) or mistakes.at(pointer):
        return
    wrong = wrong_with(url, query=query, credentials=credentials)
    if wrong:
        mistakes.add(pointer, f"target_url_{wrong}")


def wrong_with(url: str, *, query: bool, credentials: bool) -> str | None:
    """What is wrong with a URL, as the end of a message's key; None when nothing is."""
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        return "space"
    try:
        parts = urlsplit(url)
        has_credentials = parts.username is not None or parts.password is not None
        port = parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        return "invalid"
    problems = {
        "scheme": parts.scheme not in {"http", "https"} or "//" not in url,
        "host": not parts.hostname,
        "invalid": port == 0,
        "credentials": has_credentials and not credentials,
        "query": "#" in url or ("?" in url and not query),
    }
    return next((name for name, wrong in problems.items() if wrong), None)
