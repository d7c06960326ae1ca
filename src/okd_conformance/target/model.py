"""What a target file says, as plain values. Read one with ``okd_conformance.target.reading.load_target``."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, final
from urllib.parse import quote_plus, unquote, urlsplit

import httpx

from okd_conformance.redaction.looks import secrets_of_address
from okd_conformance.target.environments import is_production

Value = TypeVar("Value")

PRODUCTION_RATE = 10.0
"""Requests per second where people are at work, unless the target file says otherwise."""
_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "k")


@final
class Secret(Generic[Value]):
    """A value that is never shown: ``str`` and ``repr`` give ``***``."""

    __slots__ = ("_value",)

    def __init__(self, value: Value) -> None:
        self._value = value

    def reveal(self) -> Value:
        """Return the value."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, _memo: object) -> Secret[Value]:
        return self

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True, slots=True)
class RoleTarget:
    """Where the target plays a role, and the flows that it claims there."""

    base_url: str
    """Without a slash at the end."""
    flows: tuple[str, ...] | None = None
    """None: all flows of the role; an empty tuple: none of them."""

    def serves(self, flow: str) -> bool:
        """Whether the target claims a flow of this role."""
        return self.flows is None or flow in self.flows


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client of the token endpoint.

    ``scopes`` is what it may ask for, ``component`` the calling system that it belongs to.
    """

    client_id: str
    client_secret: Secret[str]
    """Empty when the client shows who it is by a key."""
    scopes: tuple[str, ...]
    component: str | None = None
    place: str = "auth.clients"
    """Where it stands in the target file, for messages: the key and the line."""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Auth:
    """How to get access tokens."""

    token_url: str
    """Empty when ``issuer`` publishes it."""
    clients: tuple[OAuthClient, ...]
    client_auth: Literal["basic", "post", "private_key_jwt", "tls"] = "basic"
    issuer: str | None = None
    client_key: Secret[Mapping[str, Any]] | None = None
    """A private JWK, for private_key_jwt."""
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further fields of the form."""
    default_scope: str | None = None
    audience: str | None = None
    tokens: Mapping[str, Secret[str]] = field(default_factory=dict)
    signing_key: Secret[Mapping[str, Any]] | None = None

    @property
    def place(self) -> str:
        """Where the target file says which token endpoint it is."""
        return "auth.token_url" if self.issuer is None else "auth.issuer"


@dataclass(frozen=True, slots=True)
class Tls:
    """Which certificates are trusted and shown. Relative paths were resolved against the target file."""

    ca_file: Path | None = None
    client_cert: Path | None = None
    terminated_elsewhere: bool = False

    def context(self) -> ssl.SSLContext:
        """Return a context that trusts the public authorities and ``ca_file``.

        Raises OSError (ssl.SSLError is one).
        """
        context = httpx.create_ssl_context(trust_env=False)
        if self.ca_file is not None:
            context.load_verify_locations(cafile=self.ca_file)
        if self.client_cert is not None:
            context.load_cert_chain(self.client_cert, password="")
        return context


@dataclass(frozen=True, slots=True)
class Http:
    """What stands between the suite and the target."""

    proxy: str | None = field(default=None, repr=False)
    """May hold a password."""
    headers: Mapping[str, Secret[str]] = field(default_factory=dict)
    headers_at_token_url: bool = False

    @property
    def proxy_host(self) -> str | None:
        """Host and port of the proxy, as they were given, without who may use it."""
        return urlsplit(self.proxy).netloc.rpartition("@")[2] if self.proxy is not None else None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the suite may ask of the target. None is what suits the profile; for one message, no limit."""

    requests_per_second: float = 50
    timeout_s: float = 30
    max_requests: int | None = None
    max_bytes: int | None = None
    max_duration_s: float | None = None
    max_message_bytes: int | None = None
    ready_within_s: float = 10
    """How long a new document may take to become readable."""


@dataclass(frozen=True, slots=True)
class Target:
    """The implementation under test."""

    name: str
    vendor: str
    version: str
    edition: str
    roles: Mapping[str, RoleTarget]
    file: Path
    contact: str | None = None
    environment: str = "test"
    auth: Auth | None = None
    tls: Tls = field(default_factory=Tls)
    http: Http = field(default_factory=Http)
    fixtures: Mapping[str, Any] = field(default_factory=dict)
    """Texts by name; ``second_association`` and ``other_person`` are such mappings themselves."""
    limits: Limits = field(default_factory=Limits)
    hooks: Mapping[str, str | list[str]] = field(default_factory=dict)
    """By name: a URL, or a command as the list of its words."""
    templates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By operation: how a request is laid out, and where an answer has what the suite looks for."""
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict, repr=False)
    """Where each part of the file stands, by the keys that lead there."""
    filled_secrets: tuple[Secret[str], ...] = ()
    """What came from the environment inside the hooks and the further fields for the token endpoint."""

    @property
    def is_production(self) -> bool:
        """Whether this is or may be production, by the environment's name or the host of a role."""
        return is_production(self.environment, (role.base_url for role in self.roles.values()))

    def place(self, *keys: str) -> str:
        """Where a part of the file stands, for people: the file, the line and the keys."""
        known = next((keys[:n] for n in range(len(keys), 0, -1) if keys[:n] in self.lines), None)
        line = f":{self.lines[known]}" if known is not None else ""
        return f"{self.file.name}{line} ({'.'.join(keys)})"

    def secrets(self) -> list[str]:
        """Return every text of the file that must never be shown, longest first."""
        return sorted({text for text in self._secret_texts() if text}, key=lambda text: (-len(text), text))

    def _secret_texts(self) -> Iterator[str]:
        yield from (secret.reveal() for secret in self.filled_secrets)
        yield from (secret.reveal() for secret in self.http.headers.values())
        if self.http.proxy is not None:
            parts = urlsplit(self.http.proxy)
            password, pair = parts.password or "", parts.netloc.rpartition("@")[0]
            yield from (password, unquote(password), _basic(unquote(pair)))
        for hook in self.hooks.values():
            yield from secrets_of_address(hook) if isinstance(hook, str) else ()
        if self.auth is None:
            return
        yield from secrets_of_address(self.auth.token_url)
        for client in self.auth.clients:
            secret = client.client_secret.reveal()
            if not secret:
                continue
            yield from (secret, _basic(f"{client.client_id}:{secret}"))
            yield _basic(f"{quote_plus(client.client_id)}:{quote_plus(secret)}")
        yield from (token.reveal() for token in self.auth.tokens.values())
        for key in (self.auth.signing_key, self.auth.client_key):
            members = key.reveal() if key is not None else {}
            yield from (str(members[member]) for member in _PRIVATE_MEMBERS if member in members)

    def public(self) -> list[str]:
        """Return what may be shown, so that words in it that a secret has too are not taken out."""
        found = [self.name, self.vendor, self.version, *self.hooks]
        found += [role.base_url for role in self.roles.values()]
        for client in self.auth.clients if self.auth else ():
            found += [client.client_id, *client.scopes, client.component or ""]
        return [*found, *_texts_in(self.fixtures)]


def _basic(pair: str) -> str:
    """User and password as the header Authorization carries them."""
    return base64.b64encode(pair.encode("utf-8", "surrogatepass")).decode("ascii")


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts_in(inner)
    elif value is not None:
        yield str(value)
