"""Everything that can be wrong in a target file: its shape, and what a schema can't say."""

from __future__ import annotations

import json
import math
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from okd_conformance.base.jwts import UnusableKeyError, sign
from okd_conformance.base.yaml_input import Pointer
from okd_conformance.standard.edition import Edition
from okd_conformance.target.claims import check_edition
from okd_conformance.target.environments import check_environment
from okd_conformance.target.mistakes import Mistakes, at, entries
from okd_conformance.target.model import Tls
from okd_conformance.target.shape import check_shape, example
from okd_conformance.target.templates import check_templates
from okd_conformance.target.urls import check_urls, is_loopback, wrong_with

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[!-~\x80-\U0010ffff](?:[\t -~\x80-\U0010ffff]*[!-~\x80-\U0010ffff])?")
_OWN_HEADERS = {"authorization", "connection", "content-length", "content-type", "host", "transfer-encoding"}
"""What the suite itself says in a request: this is what is under test."""


def check_all(value: Any, mistakes: Mistakes, edition_id: str | None) -> Edition | None:
    """Look for every mistake. ``edition_id`` is what the user asked for instead of the file's own edition.

    Returns the edition to test against, None when it doesn't exist.
    """
    check_shape(value, mistakes)
    edition = check_edition(value, mistakes, edition_id)
    check_environment(value, mistakes)
    check_urls(value, mistakes)
    check_secrets(value, mistakes)
    check_clients(value, mistakes)
    check_signing_key(value, mistakes)
    check_tls(value, mistakes)
    check_headers(value, mistakes)
    check_hooks(value, mistakes)
    check_templates(value, mistakes, edition)
    check_limits(value, mistakes)
    return edition


def check_secrets(value: Any, mistakes: Mistakes) -> None:
    """Check that no secret begins or ends with a space or a line break, as happens with variables."""
    places = [(*pointer, "client_secret") for pointer, _ in entries(value, "auth", "clients")]
    places += [pointer for pointer, _ in entries(value, "auth", "tokens")]
    for pointer in places:
        secret = at(value, *pointer)
        if isinstance(secret, str) and secret != secret.strip() and not mistakes.at(pointer):
            mistakes.add(pointer, "target_secret_space")


def check_clients(value: Any, mistakes: Mistakes) -> None:
    """Check that no two clients have the same id."""
    seen: dict[str, Pointer] = {}
    for pointer, client in entries(value, "auth", "clients"):
        place = (*pointer, "client_id")
        client_id = at(client, "client_id")
        if not isinstance(client_id, str) or mistakes.at(place):
            continue
        if client_id in seen:
            first = mistakes.document.line(seen[client_id])
            mistakes.add(place, "target_duplicate_client", first=first)
        seen.setdefault(client_id, place)


def signing_key_of(value: Any) -> Any:
    """Return the signing key as a mapping, also when the file holds it as JSON text; ValueError."""
    return json.loads(value) if isinstance(value, str) else value


def check_signing_key(value: Any, mistakes: Mistakes) -> None:
    """Check that the signing key is a private one, and can sign."""
    pointer: Pointer = ("auth", "signing_key")
    raw = at(value, *pointer)
    if not isinstance(raw, str | dict) or mistakes.at(pointer):
        return
    try:
        key = signing_key_of(raw)
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, dict) or "kty" not in key:
        mistakes.add(pointer, "target_not_a_jwk")
    elif "d" not in key and "k" not in key:
        mistakes.add(pointer, "target_public_jwk")
    else:
        try:
            sign(key, {})
        except UnusableKeyError:
            mistakes.add(pointer, "target_unusable_jwk")


def check_tls(value: Any, mistakes: Mistakes) -> None:
    """Check that the certificate files are there and can be used."""
    for name in ("ca_file", "client_cert"):
        pointer: Pointer = ("tls", name)
        typed = at(value, *pointer)
        if not isinstance(typed, str) or mistakes.at(pointer):
            continue
        path = beside(mistakes.document.file, typed)
        if not path.is_file():
            mistakes.add(pointer, "target_no_such_file")
            continue
        try:
            (Tls(ca_file=path) if name == "ca_file" else Tls(client_cert=path)).context()
        except OSError:
            mistakes.add(pointer, f"target_unusable_{name}")


def beside(file: str, typed: str) -> Path:
    """Return the path of a file that a target file names; a relative one starts beside the target file."""
    return Path(file).parent / Path(typed).expanduser()


def check_headers(value: Any, mistakes: Mistakes) -> None:
    """Check that the gateway's headers can be sent, and don't take the place of what is under test."""
    for pointer, content in entries(value, "http", "headers"):
        name = str(pointer[-1])
        if mistakes.at(pointer):
            continue
        if not _HEADER_NAME.fullmatch(name):
            mistakes.add(pointer, "target_header_name")
        elif name.lower() in _OWN_HEADERS:
            mistakes.add(pointer, "target_header_reserved")
        elif isinstance(content, str) and not _HEADER_VALUE.fullmatch(content):
            mistakes.add(pointer, "target_header_value")


def hook_of(value: str | list[str]) -> str | list[str]:
    """Return a hook as a URL, or as a command in words; ValueError when its quotes don't match."""
    if isinstance(value, list) or re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", value):
        return value
    return shlex.split(value)


def check_hooks(value: Any, mistakes: Mistakes) -> None:
    """Check that each hook is an https URL or a command."""
    for pointer, raw in entries(value, "hooks"):
        if not isinstance(raw, str | list) or mistakes.at(pointer):
            continue
        try:
            hook = hook_of(raw)
        except ValueError:
            mistakes.add(pointer, "target_hook_quotes")
            continue
        if not hook:
            mistakes.add(pointer, "target_empty", remedy=example(pointer))
        elif isinstance(hook, str):
            wrong = wrong_with(hook, query=True, credentials=False)
            if wrong:
                mistakes.add(pointer, f"target_url_{wrong}")
            elif urlsplit(hook).scheme != "https" and not is_loopback(hook):
                mistakes.add(pointer, "target_hook_http")


def check_limits(value: Any, mistakes: Mistakes) -> None:
    """Check that no limit is infinite or not a number, which YAML can write."""
    for pointer, limit in entries(value, "limits"):
        if isinstance(limit, float) and not math.isfinite(limit) and not mistakes.at(pointer):
            mistakes.add(pointer, "target_not_positive", remedy=example(pointer))
