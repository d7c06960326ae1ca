"""How a client shows the token endpoint who it is (RFC 6749, 2.3; RFC 7523; RFC 8705)."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from okd_conformance.base.jwts import sign
from okd_conformance.target.model import Auth, OAuthClient

_ASSERTION_LIVES_S = 120
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class ClientProof:
    """What a request says about who asks."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str | None = field(default=None, repr=False)
    """What of it was made just now, and must not be shown."""


Way = Callable[[Auth, OAuthClient, str], ClientProof]
"""Makes the proof for a token endpoint at an address."""


def ways(auth: Auth, client: OAuthClient) -> list[Way]:
    """How to show who the client is, in the order in which to try."""
    if auth.client_auth == "private_key_jwt" and auth.issuer is not None:
        return [_signed, _signed_for_the_issuer]
    if auth.client_auth != "basic":
        return [_WAYS[auth.client_auth]]
    plain = client.client_id + client.client_secret.reveal()
    return [_encoded_basic] if quote_plus(plain) == plain else [_encoded_basic, _plain_basic]


def _encoded_basic(_auth: Auth, client: OAuthClient, _url: str) -> ClientProof:
    """RFC 6749, 2.3.1: id and secret are form-encoded before they are joined."""
    return _basic(quote_plus(client.client_id), quote_plus(client.client_secret.reveal()))


def _plain_basic(_auth: Auth, client: OAuthClient, _url: str) -> ClientProof:
    """What many servers expect instead: id and secret as they are."""
    return _basic(client.client_id, client.client_secret.reveal())


def _basic(name: str, secret: str) -> ClientProof:
    value = base64.b64encode(f"{name}:{secret}".encode()).decode("ascii")
    return ClientProof(headers={"Authorization": f"Basic {value}"})


def _in_the_form(_auth: Auth, client: OAuthClient, _url: str) -> ClientProof:
    return ClientProof(form={"client_id": client.client_id, "client_secret": client.client_secret.reveal()})


def _by_certificate(_auth: Auth, client: OAuthClient, _url: str) -> ClientProof:
    """The connection shows the certificate; the form only says whose it is."""
    return ClientProof(form={"client_id": client.client_id})


def _signed(auth: Auth, client: OAuthClient, url: str) -> ClientProof:
    key = auth.client_key.reveal() if auth.client_key is not None else {}
    now = int(time.time())
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": url,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + _ASSERTION_LIVES_S,
    }
    certificate = {name: key[name] for name in ("x5t", "x5t#S256") if name in key}
    assertion = sign(key, claims, certificate)
    form = {
        "client_id": client.client_id,
        "client_assertion_type": _ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return ClientProof(form=form, secret=assertion)


def _signed_for_the_issuer(auth: Auth, client: OAuthClient, url: str) -> ClientProof:
    """What newer profiles want (FAPI 2.0): the issuer as the audience, not its endpoint."""
    return _signed(auth, client, auth.issuer or url)


_WAYS: Mapping[str, Way] = {"post": _in_the_form, "private_key_jwt": _signed, "tls": _by_certificate}
