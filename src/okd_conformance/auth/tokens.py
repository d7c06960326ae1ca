"""Access tokens: with the scopes that a check wants, and the odd ones that a target must refuse."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from okd_conformance.auth.token_answers import Granted
from okd_conformance.auth.token_claims import (
    CHANGES,
    EDITS,
    SCOPE_CLAIMS,
    as_before,
    same_layout,
    scopes_in,
    time_in,
    times,
)
from okd_conformance.auth.token_endpoint import InvalidScopeError, TokenEndpoint, TokenUnobtainable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.jwts import read_jwt, sign
from okd_conformance.base.text import Text, say
from okd_conformance.target.model import Auth, OAuthClient, Secret, Target

__all__ = ["ODD_KINDS", "Token", "TokenUnobtainable", "Tokens"]

ODD_KINDS = (
    "garbled",
    "expired",
    "not_yet_valid",
    "wrong_signature",
    "alg_none",
    "foreign_audience",
    "foreign_issuer",
)

Scopes = Iterable[str] | str
_Ordered = tuple[str, ...]
_Key = tuple[str, _Ordered, bool]
"""The client, the scopes, and whether the suite signed the token itself."""

_UNKNOWN_LIFETIME_S = 300
_LEEWAY_S = 60
_REMEMBER_FAILURE_S = 60


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and what is known about it."""

    value: str = field(repr=False)
    scopes_asked: frozenset[str]
    scopes_granted: frozenset[str] | None
    """What the token or the endpoint says; None when neither says anything."""
    client_id: str
    expires_at: float | None
    token_type: str | None = None
    """As the endpoint called it; None when it did not, or when the suite minted the token."""
    order: tuple[str, ...] | None = None
    """The granted scopes as they stand in the token or the answer."""

    @property
    def lacking(self) -> frozenset[str]:
        """What was asked and, by what the issuer itself says, not granted."""
        return frozenset() if self.scopes_granted is None else self.scopes_asked - self.scopes_granted


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: Text
    expected: bool
    until: float


class Tokens:
    """The tokens of one run. Each is asked for once and kept until shortly before it expires.

    Scopes given as a text keep their order in the request. ``learn`` is told of each token, before anybody
    else has it.
    """

    def __init__(
        self,
        target: Target,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], float] = time.time,
        learn: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._auth = target.auth or Auth(token_url="", clients=())
        self._endpoint = TokenEndpoint(target, self._auth, transport, learn, sleep)
        self._learn = learn
        self._now = now
        self._kept: dict[_Key, tuple[Token, float]] = {}
        self._failed: dict[_Key, _Failure] = {}
        self._refused: dict[str, ConfigurationError] = {}
        self._used: list[str] = []
        self._signed: dict[str, str] = {}
        self._wrong: dict[str, bool] = {}
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the token endpoint."""
        self._endpoint.close()

    @property
    def skew(self) -> float | None:
        """By how many seconds the clock of the token endpoint is ahead of ours, as far as it says."""
        return self._endpoint.skew

    @property
    def address(self) -> str | None:
        """Where they come from: the token endpoint; None while its issuer was not asked."""
        return self._endpoint.known_address

    def bearer(self, scopes: Scopes, *, component: str | None = None, client_id: str | None = None) -> Token:
        """Return a token for these scopes, of a client of ``component`` or of one client if given.

        A set of scopes that no client of the target file lists is minted, when there is a signing key.
        Raises TokenUnobtainable, or ConfigurationError when the endpoint refuses the client.
        """
        asked = tuple(scopes.split()) if isinstance(scopes, str) else tuple(sorted(scopes))
        with self._lock:
            fitting = self._fitting(component, client_id)
            candidates = sorted(fitting, key=lambda client: client.client_id not in self._used)
            listing = [c for c in candidates if asked and set(asked) <= set(c.scopes)]
            if listing:
                return self._asked(listing[0], asked)
            return self._minted(candidates, asked)

    def odd(
        self, kind: str, scopes: Scopes = (), *, component: str | None = None, client_id: str | None = None
    ) -> str:
        """Return a token that must be refused; apart from its oddness it is good for ``scopes``.

        Without scopes it is made of the first token that the first client can have. Raises ValueError for
        a kind that is not in ODD_KINDS, and what ``bearer`` raises.
        """
        if kind not in ODD_KINDS:
            raise ValueError(f"no such kind of token; there are: {', '.join(ODD_KINDS)}")
        with self._lock:
            given = self._given(kind)
            if given is not None:
                return given
            if not scopes:
                first = next(iter(self._fitting(component, client_id)), None)
                scopes, client_id = (first.scopes[:1], first.client_id) if first else ((), client_id)
            good = self.bearer(scopes, component=component, client_id=client_id)
            if kind in EDITS:
                return self._known(_edited(kind, good.value))
            return self._sign(good, CHANGES[kind](int(self._now())))

    def signed_for(self, value: str) -> str | None:
        """The client that a token was made for which the suite signed itself; None for any other token."""
        return self._signed.get(value)

    def minted(self, scopes: Scopes, client_id: str) -> Token:
        """Sign a token with these scopes, good in all, though the issuer may give one as well.

        Raises TokenUnobtainable, or ConfigurationError when the endpoint refuses the client.
        """
        with self._lock:
            return self._minted(self._fitting(None, client_id), tuple(sorted(scopes)))

    # --- what the endpoint must refuse -----------------------------------------------------------------

    def for_wrong_secret(self, client_id: str, secret: str) -> bool:
        """Whether the endpoint gives a token for a secret that isn't the client's; asked once per client.

        Raises TokenUnobtainable when the endpoint doesn't answer, or asks for no secret.
        """
        with self._lock:
            if self._auth.client_auth not in {"basic", "post"}:
                raise TokenUnobtainable(say("auth_without_secret"), expected=False)
            if client_id in self._wrong:
                return self._wrong[client_id]
            self._wrong[client_id] = False  # however it ends: accounts get locked
            client = replace(self._fitting(None, client_id)[0], client_secret=Secret(secret))
            answer = self._endpoint.answer_to(client, " ".join(client.scopes[:1]))
            self._wrong[client_id] = isinstance(answer, Granted)
            return self._wrong[client_id]

    def beyond(self, client_id: str, scope: str) -> Token | None:
        """What the endpoint gives a client for a scope that it doesn't list; None when it refuses.

        Raises TokenUnobtainable when the endpoint doesn't answer.
        """
        with self._lock:
            client = self._fitting(None, client_id)[0]
            answer = self._endpoint.answer_to(client, scope)
            return self._read(answer, client, (scope,)) if isinstance(answer, Granted) else None

    # --- asking ----------------------------------------------------------------------------------------

    def _fitting(self, component: str | None, client_id: str | None) -> list[OAuthClient]:
        return [
            client
            for client in self._auth.clients
            if client_id in (None, client.client_id) and component in (None, client.component)
        ]

    def _asked(self, client: OAuthClient, asked: _Ordered) -> Token:
        key = (client.client_id, asked, False)
        kept = self._fresh(key)
        if kept is not None:
            return kept
        if client.client_id in self._refused:
            raise self._refused[client.client_id]
        failure = self._failed.get(key)
        if failure is not None and self._now() < failure.until:
            raise TokenUnobtainable(failure.reason, expected=failure.expected)
        try:
            return self._keep(key, self._fetch(client, asked))
        except TokenUnobtainable as problem:
            until = self._now() + _REMEMBER_FAILURE_S
            self._failed[key] = _Failure(problem.reason, problem.expected, until)
            raise
        except ConfigurationError as error:
            self._refused[client.client_id] = error
            raise

    def _fetch(self, client: OAuthClient, asked: _Ordered) -> Token:
        try:
            granted = self._endpoint.ask(client, " ".join(asked))
        except InvalidScopeError as refusal:
            return self._by_default_scope(client, asked, str(refusal))
        return self._read(granted, client, asked)

    def _read(self, granted: Granted, client: OAuthClient, asked: _Ordered) -> Token:
        jwt = read_jwt(granted.value)
        lifetime = granted.expires_in
        said = scopes_in(jwt.claims) if jwt else None
        order = granted.scopes if said is None else said
        expires = time_in(jwt.claims.get("exp")) if jwt else None
        return Token(
            value=granted.value,
            scopes_asked=frozenset(asked),
            scopes_granted=None if order is None else frozenset(order),
            client_id=client.client_id,
            expires_at=expires if lifetime is None else self._now() + lifetime,
            token_type=granted.token_type,
            order=order,
        )

    def _by_default_scope(self, client: OAuthClient, asked: _Ordered, said: str) -> Token:
        default = self._auth.default_scope
        if default is None or asked == (default,):
            raise TokenUnobtainable(
                say("auth_invalid_scope", place=client.place, scopes=" ".join(asked), said=said),
                expected=True,
            )
        return replace(self._asked(client, (default,)), scopes_asked=frozenset(asked))

    def _fresh(self, key: _Key) -> Token | None:
        token, until = self._kept.get(key, (None, 0.0))
        return token if self._now() < until else None

    def _keep(self, key: _Key, token: Token) -> Token:
        now = self._now()
        expires = now + _UNKNOWN_LIFETIME_S if token.expires_at is None else token.expires_at
        self._kept[key] = (token, expires - min(_LEEWAY_S, (expires - now) / 2))
        if key[0] not in self._used:
            self._used.append(key[0])
        return token

    # --- making ----------------------------------------------------------------------------------------

    def _minted(self, candidates: list[OAuthClient], asked: _Ordered) -> Token:
        if self._auth.signing_key is None or not candidates:
            reason = say("auth_not_listed", scopes=" ".join(asked)) if asked else say("auth_no_empty_token")
            raise TokenUnobtainable(reason, expected=False)
        client = candidates[0]
        key = (client.client_id, asked, True)
        kept = self._fresh(key)
        if kept is not None:
            return kept
        blank = Token("", frozenset(asked), frozenset(asked), client.client_id, None, order=asked)
        lasting = times(int(self._now()))
        model = replace(self._model(client) or blank, client_id=client.client_id)
        value = self._sign(model, lasting, asked)
        return self._keep(key, replace(blank, value=value, expires_at=float(lasting["exp"])))

    def _model(self, client: OAuthClient) -> Token | None:
        """A real token of this client, to copy; None when there is none to be had."""
        try:
            return self._asked(client, client.scopes[:1])
        except TokenUnobtainable:
            return None

    def _sign(self, good: Token, changes: Mapping[str, Any], scopes: _Ordered | None = None) -> str:
        """Sign a token like ``good``, with some claims changed."""
        key = self._auth.signing_key
        if key is None:
            raise TokenUnobtainable(say("auth_no_signing_key"), expected=False)
        model = read_jwt(good.value)
        claims = dict(model.claims) if model else self._own_claims(good)
        if model is None or scopes is not None:
            names = [name for name in SCOPE_CLAIMS if name in claims] or ["scope"]
            wanted = sorted(good.scopes_asked) if scopes is None else scopes
            claims.update({n: as_before(claims.get(n), wanted) for n in names})
        claims.update({"jti": str(uuid.uuid4()), **same_layout(changes, claims)})
        header = {k: v for k, v in model.header.items() if k in {"typ", "kid"}} if model else None
        value = self._known(sign(key.reveal(), claims, header))
        self._signed[value] = good.client_id
        return value

    def _known(self, value: str) -> str:
        """A token that was made here, now that it is known to be secret."""
        self._learn(value)
        return value

    def _own_claims(self, good: Token) -> dict[str, Any]:
        """The claims of a token when the issuer gave no example to copy."""
        url = urlsplit(self._auth.token_url)
        issuer = self._auth.issuer or f"{url.scheme}://{url.netloc}"
        claims = {"iss": issuer, "sub": good.client_id, "client_id": good.client_id}
        now = int(self._now())
        audience = {"aud": self._auth.audience} if self._auth.audience else {}
        return {**claims, **audience, **times(now)}

    def _given(self, kind: str) -> str | None:
        """The ready-made token of the target file for a kind, if it has one that fits."""
        if not kind.startswith("foreign"):
            found = self._auth.tokens.get(kind)
            return found.reveal() if found else None
        if self._auth.signing_key is not None or "foreign" not in self._auth.tokens:
            return None
        return self._foreign(kind, self._auth.tokens["foreign"])

    def _foreign(self, kind: str, given: Secret[str]) -> str:
        """The foreign token, unless it can be read and is not foreign in the way that ``kind`` says."""
        foreign = read_jwt(given.reveal())
        model = self._model(self._auth.clients[0]) if self._auth.clients else None
        real = read_jwt(model.value) if model else None
        claim = {"foreign_audience": "aud", "foreign_issuer": "iss"}[kind]
        if foreign and real and foreign.claims.get(claim) == real.claims.get(claim):
            raise TokenUnobtainable(say("auth_foreign_is_not", claim=claim), expected=False)
        return given.reveal()


def _edited(kind: str, value: str) -> str:
    try:
        return EDITS[kind](value)
    except ValueError:
        raise TokenUnobtainable(say("auth_opaque"), expected=False) from None
