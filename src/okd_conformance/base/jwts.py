"""JSON Web Tokens: read them without judging them, sign them, and spoil them on purpose."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt
from joserfc.errors import JoseError

from okd_conformance.base.bounded import read_json

_ALGORITHMS = {
    "P-256": "ES256",
    "P-384": "ES384",
    "P-521": "ES512",
    "secp256k1": "ES256K",
    "Ed25519": "Ed25519",
    "Ed448": "Ed448",
    "RSA": "RS256",
    "oct": "HS256",
}
"""What a key signs with when it doesn't say so itself, by curve or else by key type."""


class UnusableKeyError(ValueError):
    """The key can't sign. The message never holds the key."""


@dataclass(frozen=True, slots=True)
class Jwt:
    """A token taken apart. Nothing in it was verified."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signature: bytes


def read_jwt(value: str) -> Jwt | None:
    """Take a token apart; None when it isn't a signed JWT with readable claims."""
    segments = value.split(".")
    if len(segments) != 3:
        return None
    try:
        header, claims = (read_json(_decoded(segment)) for segment in segments[:2])
        signature = _decoded(segments[2])
    except ValueError:
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return Jwt(header, claims, signature)


def sign(key: Mapping[str, Any], claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """Sign claims with a private JWK; ``header`` may add to or replace what the key says of itself.

    Raises UnusableKeyError.
    """
    algorithm = key.get("alg") or _ALGORITHMS.get(str(key.get("crv") or key.get("kty")))
    if not isinstance(algorithm, str):
        raise UnusableKeyError("no algorithm fits this key")
    own = {"kid": key["kid"]} if "kid" in key else {}
    try:
        imported = jose_jwk.import_key(dict(key))
        return jose_jwt.encode(
            {**(header or {}), **own, "alg": algorithm}, dict(claims), imported, algorithms=[algorithm]
        )
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise UnusableKeyError(f"this key can't sign with {algorithm}") from None


def with_broken_signature(value: str) -> str:
    """Return the same token with one bit of its signature turned over; ValueError when it isn't a JWT."""
    jwt = read_jwt(value)
    if jwt is None or not jwt.signature:
        raise ValueError("not a signed JWT")
    broken = bytes([jwt.signature[0] ^ 1]) + jwt.signature[1:]
    return f"{value.rpartition('.')[0]}.{_encoded(broken)}"


def without_signature(value: str) -> str:
    """Return the same token as ``alg: none``, without a signature; ValueError when it isn't a JWT."""
    jwt = read_jwt(value)
    if jwt is None:
        raise ValueError("not a JWT")
    header = json.dumps({**jwt.header, "alg": "none"}, separators=(",", ":")).encode()
    return f"{_encoded(header)}.{value.split('.')[1]}."


def _decoded(segment: str) -> bytes:
    padding = "=" * (-len(segment) % 4)
    return base64.b64decode(segment + padding, altchars=b"-_", validate=True)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def private_key(content: str, algorithm: str | None = None) -> Mapping[str, Any]:
    """The private JWK in a file: as JSON, or PEM without a password. Raises UnusableKeyError."""
    own = {"alg": algorithm} if algorithm else {}
    if content.lstrip().startswith("{"):
        try:
            key = {**read_json(content.encode()), **own}
        except ValueError:
            raise UnusableKeyError("not a JWK") from None
        if "d" not in key and "k" not in key:
            raise UnusableKeyError("not a private key")
    else:
        key = {**_from_pem(content), **own}
    sign(key, {})
    return key


def _from_pem(content: str) -> Mapping[str, Any]:
    kinds: tuple[Literal["RSA", "EC", "OKP"], ...] = ("RSA", "EC", "OKP")
    for kind in kinds:
        try:
            return jose_jwk.import_key(content, kind).as_dict(private=True)
        except (JoseError, ValueError, TypeError, AttributeError):
            continue
    raise UnusableKeyError("not a private key in PEM")
