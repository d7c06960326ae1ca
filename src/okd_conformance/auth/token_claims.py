"""What stands in an access token, and the changes by which it becomes one that must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from okd_conformance.base.jwts import with_broken_signature, without_signature

SCOPE_CLAIMS = ("scope", "scp", "roles")
"""Where issuers put the scopes of a token (RFC 8693, and two common habits)."""
_LIFETIME_S = 3600
_SET_BACK_S = 300
"""How long ago a token that is made here began: the target's clock may be behind ours."""
_ELSEWHERE = "https://elsewhere.invalid"


def _garbled(value: str) -> str:
    turned = value[::-1]
    return turned if turned != value else f"{turned}x"


EDITS: Mapping[str, Callable[[str], str]] = {
    "garbled": _garbled,
    "wrong_signature": with_broken_signature,
    "alg_none": without_signature,
}


def times(now: int, begins: int = -_SET_BACK_S, ends: int = _LIFETIME_S) -> dict[str, Any]:
    """When a token was issued, begins and ends; by default it is good now."""
    return {"iat": now + min(-_SET_BACK_S, begins), "nbf": now + begins, "exp": now + ends}


CHANGES: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "expired": lambda now: times(now, -2 * _LIFETIME_S, -_LIFETIME_S),
    "not_yet_valid": lambda now: times(now, _LIFETIME_S, 2 * _LIFETIME_S),
    "foreign_audience": lambda now: {**times(now), "aud": _ELSEWHERE},
    "foreign_issuer": lambda now: {**times(now), "iss": _ELSEWHERE},
}


def same_layout(changes: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the layout: an audience stays a list."""
    listed = isinstance(claims.get("aud"), list) and "aud" in changes
    return {**changes, "aud": [changes["aud"]]} if listed else dict(changes)


def as_before(before: object, scopes: Iterable[str]) -> str | list[str]:
    """Scopes written as the issuer writes them: a list, or a text."""
    return list(scopes) if isinstance(before, list) else " ".join(scopes)


def scopes_in(claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The scopes of a token in its own order; None when it says nothing of scopes."""
    present = [claims[name] for name in SCOPE_CLAIMS if name in claims]
    found: list[str] = []
    for value in present:
        if isinstance(value, str):
            found += value.split()
        elif isinstance(value, list):
            found += [scope for scope in value if isinstance(scope, str)]
    return tuple(dict.fromkeys(found)) if present else None


def time_in(value: object) -> float | None:
    """A time as a claim gives it; None for what is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
