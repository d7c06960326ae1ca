"""What the suite needs in order to be known at the token endpoint, and what of that a target file lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from okd_conformance.base.jwts import private_key
from okd_conformance.base.text import say
from okd_conformance.base.yaml_input import Pointer
from okd_conformance.target.checks import beside
from okd_conformance.target.mistakes import Mistakes

_WITH_SECRET = frozenset({"basic", "post"})
_OWN_FIELDS = frozenset(
    {
        "audience",
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "grant_type",
        "scope",
    }
)
"""The fields of the form that the suite fills in."""


def key_in(auth: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    """The private key that ``auth.key_file`` names. Raises OSError, and ValueError when it can't sign."""
    content = beside(file, auth["key_file"]).read_text("utf-8")
    return private_key(content, auth.get("algorithm"))


def check_client_auth(value: Any, mistakes: Mistakes) -> None:
    """Check that there is one token endpoint, and what the way to be known there needs."""
    auth = value.get("auth") if isinstance(value, dict) else None
    if not isinstance(auth, dict) or mistakes.at(("auth",)):
        return
    if auth.get("issuer") is not None and auth.get("token_url") is not None:
        mistakes.add(("auth", "issuer"), "target_token_url_and_issuer")
    elif auth.get("issuer") is None and auth.get("token_url") is None:
        _missing(("auth", "token_url"), "https://login.acme.example/oauth2/token", mistakes)
    if not mistakes.at(("auth", "client_auth")):
        _check_proof(auth.get("client_auth") or "basic", value, auth, mistakes)
    extra = auth.get("extra")
    for name in extra if isinstance(extra, dict) else ():
        if name in _OWN_FIELDS:
            mistakes.add(("auth", "extra", name), "target_extra_reserved")


def _check_proof(client_auth: str, value: Any, auth: Mapping[str, Any], mistakes: Mistakes) -> None:
    if client_auth in _WITH_SECRET:
        clients = auth.get("clients")
        for index, client in enumerate(clients if isinstance(clients, list) else ()):
            if isinstance(client, dict) and "client_secret" not in client:
                _missing(("auth", "clients", index, "client_secret"), "${OKD_SECRET}", mistakes)
    elif client_auth == "tls" and not (value.get("tls") or {}).get("client_cert"):
        _missing(("tls", "client_cert"), "okd-client.pem", mistakes, client_auth)
    elif client_auth == "private_key_jwt" and auth.get("key_file") is None:
        _missing(("auth", "key_file"), "okd-key.pem", mistakes, client_auth)
    if isinstance(auth.get("key_file"), str):
        _check_key(auth, mistakes)


def _missing(pointer: Pointer, example: str, mistakes: Mistakes, client_auth: str | None = None) -> None:
    if mistakes.at(pointer):
        return
    remedy = say("target_write_example", example=f'{pointer[-1]}: "{example}"')
    key = "target_client_auth_needs" if client_auth else "target_missing"
    mistakes.add(pointer, key, remedy=remedy, client_auth=client_auth)


def _check_key(auth: Mapping[str, Any], mistakes: Mistakes) -> None:
    pointer: Pointer = ("auth", "key_file")
    if mistakes.at(pointer):
        return
    if not beside(mistakes.document.file, auth["key_file"]).is_file():
        mistakes.add(pointer, "target_no_such_file")
        return
    try:
        key_in(auth, mistakes.document.file)
    except (OSError, ValueError):
        mistakes.add(pointer, "target_unusable_key_file")
