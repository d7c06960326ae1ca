"""The token issuer of the reference: an OAuth2 token endpoint for client credentials."""

from __future__ import annotations

import base64
import binascii
import functools
import hmac
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from okd_conformance.reference.answers import Reply, json_answer
from okd_conformance.reference.school import KnownClient, School

if TYPE_CHECKING:
    from joserfc.jwk import ECKey
    from starlette.requests import Request

ALGORITHM = "ES256"
AUDIENCE = "urn:okd-conformance:reference"
_LIFETIME_S = 3600
_MAX_FORM = 20_000
_JSON = "application/json"  # RFC 6749, 5.1


@functools.cache
def process_key() -> ECKey:
    """Return the signing key, made once per process."""
    from joserfc.jwk import ECKey  # noqa: PLC0415 - slow; `explain` needs none

    return ECKey.generate_key("P-256", auto_kid=True)


def secret_fits(client: KnownClient, secret: str) -> bool:
    """Whether it is the client's own secret."""
    return hmac.compare_digest(client.client_secret.encode(), secret.encode())


def all_or_nothing(asked: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...] | None:
    """What to grant of what was asked; None refuses."""
    return asked if set(asked) <= set(allowed) else None


@dataclass
class Granting:
    """What the token endpoint goes by."""

    secret_fits: Callable[[KnownClient, str], bool] = secret_fits
    refuse_client_with: int = 401
    granted: Callable[[tuple[str, ...], tuple[str, ...]], tuple[str, ...] | None] = all_or_nothing


class Issuer:
    """An OAuth2 token endpoint for client credentials (RFC 6749, 4.4)."""

    def __init__(
        self,
        base_url: str,
        scopes: tuple[str, ...],
        school: School,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = base_url
        self.audience = AUDIENCE
        self.key = process_key()
        self._edition_scopes = scopes
        self._school = school
        self.clock = clock
        self._seen: dict[str, Mapping[str, Any]] = {}

    def scopes_of(self, client: KnownClient) -> tuple[str, ...]:
        """Return every scope that this client may ask for."""
        return self._edition_scopes if client.scopes is None else client.scopes

    def issue(self, client: KnownClient, scopes: tuple[str, ...]) -> str:
        """Sign a token with these scopes."""
        from joserfc import jwt  # noqa: PLC0415 - slow; `explain` needs none

        now = int(self.clock())
        claims = {
            "iss": self.name,
            "aud": self.audience,
            "sub": client.client_id,
            "client_id": client.client_id,
            "component": client.component,
            "scope": " ".join(scopes),
            "iat": now,
            "nbf": now,
            "exp": now + _LIFETIME_S,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self.key.kid}, claims, self.key)

    def claims_of(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token that this key signed; ValueError if it did not."""
        from joserfc import jwt  # noqa: PLC0415 - slow; `explain` needs none
        from joserfc.errors import JoseError  # noqa: PLC0415

        if token not in self._seen:
            try:
                claims = jwt.decode(token, self.key, algorithms=[ALGORITHM]).claims
            except JoseError as error:
                raise ValueError(str(error)) from error
            if len(self._seen) > 10_000:
                self._seen.clear()
            self._seen[token] = claims
        return self._seen[token]

    async def answer(
        self,
        request: Request,
        token_answer: Callable[[dict[str, Any]], dict[str, Any]],
        granting: Granting,
    ) -> Reply:
        """Answer a request at the token endpoint."""
        if request.method != "POST":
            return _refusal(405, "invalid_request", {"Allow": "POST"})
        form = await _form(request)
        if form is None:
            return _refusal(400, "invalid_request")
        client = self._client(request, form, granting)
        if client is None:
            return _refusal(
                granting.refuse_client_with, "invalid_client", {"WWW-Authenticate": 'Basic realm="okd"'}
            )
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type" if form.get("grant_type") else "invalid_request")
        allowed = self.scopes_of(client)
        scopes = granting.granted(tuple(dict.fromkeys(form.get("scope", "").split())) or allowed, allowed)
        if scopes is None:
            return _refusal(400, "invalid_scope")
        granted = {
            "access_token": self.issue(client, scopes),
            "token_type": "Bearer",
            "expires_in": _LIFETIME_S,
            "scope": " ".join(scopes),
        }
        answer = json_answer(200, token_answer(granted), _JSON)
        answer.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
        return answer

    def _client(self, request: Request, form: Mapping[str, str], granting: Granting) -> KnownClient | None:
        name, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        client = self._school.client(name)
        return client if client is not None and granting.secret_fits(client, secret) else None


def _refusal(status: int, error: str, headers: Mapping[str, str] | None = None) -> Reply:
    answer = json_answer(status, {"error": error}, _JSON)
    answer.headers.update({"Cache-Control": "no-store", **(headers or {})})
    return answer


async def _form(request: Request) -> dict[str, str] | None:
    """Read the form; None when it isn't one, is too large or has a field twice."""
    if (
        request.headers.get("content-type", "").partition(";")[0].strip()
        != "application/x-www-form-urlencoded"
    ):
        return None
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MAX_FORM:
            return None
    pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
    form = dict(pairs)
    return form if len(form) == len(pairs) else None


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return (unquote_plus(name), unquote_plus(secret)) if colon else ("", "")
