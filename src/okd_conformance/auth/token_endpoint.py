"""Asking an OAuth 2.0 token endpoint for a token (client credentials), within bounds.

Redirects are never followed, the environment's proxies never used, and nothing that was sent or received
is repeated in a message.
"""

from __future__ import annotations

import base64
import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client

from okd_conformance.base.bounded import TooLargeError, content_of, read_json
from okd_conformance.base.configuration import ConfigurationError, Mistake
from okd_conformance.base.network_errors import is_tls
from okd_conformance.base.text import Text, say
from okd_conformance.target.model import Auth, Client, Target
from okd_conformance.wire.connections import Connections
from okd_conformance.wire.patience import DeadlineError, Patience

MAX_ANSWER_BYTES = 1_000_000
MAX_TOKEN = 65_536
"""Characters; no server takes a longer one in a header."""

_KNOWN_ERRORS = {
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
}
"""The only words of an endpoint that are repeated in a message."""
_TOKENS = ("access_token", "refresh_token", "id_token")
_CLIENT_ERRORS = {"invalid_client", "unauthorized_client"}


class TokenUnobtainable(Exception):  # noqa: N818 - this is an outcome, not an error
    """There is no such token.

    ``expected``: the issuer ought to give it; else nobody hands it out on request.
    """

    def __init__(self, reason: Text, *, expected: bool) -> None:
        super().__init__(reason.en)
        self.reason = reason
        self.expected = expected


class InvalidScopeError(Exception):
    """The endpoint does not give this scope to this client."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What the endpoint gave."""

    value: str = field(repr=False)
    token_type: str | None
    expires_in: float | None
    scopes: frozenset[str] | None


class TokenEndpoint:
    """The token endpoint of a target."""

    def __init__(
        self,
        target: Target,
        auth: Auth,
        transport: httpx.BaseTransport | None = None,
        learn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._target = target
        self._auth = auth
        self._transport = transport
        self._learn = learn
        self._open: tuple[httpx.BaseTransport, Patience] | None = None

    def close(self) -> None:
        """Close all connections."""
        if self._open is not None:
            self._open[0].close()
            self._open = None

    def ask(self, client: Client, scope: str) -> Granted:
        """Ask for a token with this scope.

        Raises InvalidScopeError, TokenUnobtainable, or ConfigurationError when the client is refused.
        """
        for method in _methods(self._auth.client_auth, client):
            oauth = OAuth2Client(self, client.client_id, client.client_secret.reveal())
            for name, function in _BASIC.items():
                oauth.register_client_auth_method((name, function))
            try:
                answer = oauth.fetch_token(
                    self._auth.token_url,
                    grant_type="client_credentials",
                    scope=scope,
                    audience=self._auth.audience,
                    auth=oauth.client_auth(method),
                )
            except OAuth2Error as error:
                if error.error not in _CLIENT_ERRORS:
                    raise _refusal(str(error.error)) from None
                continue
            return _granted(answer)
        raise self._client_refused(client)

    def post(
        self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: ClientAuth
    ) -> _Answer:
        """Send a form for the OAuth library, whose session this is."""
        own = {**headers, "Accept-Encoding": "identity", "User-Agent": "okd-conformance"}
        url, own, body = auth.prepare("POST", url, own, urlencode(data))
        try:
            status, content = self._exchange(url, own, body)
        except (httpx.TimeoutException, DeadlineError):
            raise _unobtainable("auth_timeout") from None
        except TooLargeError:
            raise _unobtainable("auth_answer_too_large", limit=MAX_ANSWER_BYTES) from None
        except ValueError:
            raise _unobtainable("auth_unreadable") from None
        except httpx.TransportError as error:
            raise self._unreachable(error) from None
        for token in _tokens_in(content):
            self._learn(token)
        return _Answer(status, _fields(status, content))

    def _exchange(self, url: str, headers: Mapping[str, str], body: str) -> tuple[int, bytes]:
        transport, patience = self._connections()
        waits = httpx.Timeout(self._target.limits.timeout_s).as_dict()
        asked = httpx.Request("POST", url, headers=headers, content=body, extensions={"timeout": waits})
        with patience.until(time.monotonic() + 2 * self._target.limits.timeout_s):
            answer = transport.handle_request(asked)
            with contextlib.closing(answer):
                return answer.status_code, content_of(answer, MAX_ANSWER_BYTES)

    def _unreachable(self, error: httpx.TransportError) -> TokenUnobtainable:
        if is_tls(error):
            return _unobtainable("auth_tls")
        proxy = self._target.http.proxy_host
        if proxy is not None:
            return _unobtainable("auth_unreachable_by_proxy", proxy=proxy)
        return _unobtainable("auth_unreachable")

    def _connections(self) -> tuple[httpx.BaseTransport, Patience]:
        if self._open is None:
            patience = Patience()
            target = self._target
            made = self._transport or Connections(patience, target.tls.context(), target.http.proxy)
            self._open = made, patience
        return self._open

    def _client_refused(self, client: Client) -> ConfigurationError:
        message = say("auth_client_refused", place=client.place)
        remedy = say("auth_client_refused_remedy")
        return ConfigurationError([Mistake(str(self._target.file), client.line, message, remedy)])


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer in the form that the OAuth library reads, with nothing in it but what is well-formed."""

    status_code: int
    fields: dict[str, Any] = field(repr=False)

    def json(self) -> dict[str, Any]:
        return self.fields


def _basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode("ascii")


def _encoded_basic(
    client: ClientAuth, _method: str, url: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    """RFC 6749, 2.3.1: id and secret are form-encoded before they are joined."""
    value = _basic(quote_plus(client.client_id), quote_plus(client.client_secret))
    return url, {**headers, "Authorization": value}, body


def _plain_basic(
    client: ClientAuth, _method: str, url: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    """What many servers expect instead: id and secret as they are."""
    value = _basic(client.client_id, client.client_secret)
    return url, {**headers, "Authorization": value}, body


_BASIC = {"encoded_basic": _encoded_basic, "plain_basic": _plain_basic}


def _methods(client_auth: str, client: Client) -> list[str]:
    """How to authenticate, in the order in which to try."""
    if client_auth == "post":
        return ["client_secret_post"]
    plain = client.client_id + client.client_secret.reveal()
    return ["encoded_basic"] if quote_plus(plain) == plain else ["encoded_basic", "plain_basic"]


def _tokens_in(content: bytes) -> Iterator[str]:
    """What an answer hands out, whether it is a success or not."""
    try:
        answer = read_json(content)
    except ValueError:
        return
    for name in _TOKENS if isinstance(answer, dict) else ():
        token = answer.get(name)
        if isinstance(token, str) and len(token) <= MAX_TOKEN:
            yield token


def _fields(status: int, content: bytes) -> dict[str, Any]:
    """Return what an answer says, without anything that has the wrong type."""
    if 300 <= status < 400:
        raise _unobtainable("auth_redirected", status=status)
    if status == 429 or status >= 500:
        raise _unobtainable("auth_status", status=status)
    try:
        answer = read_json(content)
    except ValueError:
        answer = None
    said = answer if isinstance(answer, dict) else {}
    if status == 401:
        return {"error": "invalid_client"}
    if said.get("error"):
        return {"error": said["error"] if said["error"] in list(_KNOWN_ERRORS) else "another_error"}
    token = said.get("access_token")
    if status >= 400 or not isinstance(token, str):
        raise _unobtainable("auth_status" if status >= 400 else "auth_no_token", status=status)
    if not token or len(token) > MAX_TOKEN or not all("!" <= letter <= "~" for letter in token):
        raise _unobtainable("auth_no_token", status=status)
    return {
        "access_token": token,
        "token_type": said.get("token_type"),
        "lifetime": said.get("expires_in"),
        "scope": said.get("scope"),
    }


def _granted(answer: Mapping[str, Any]) -> Granted:
    token_type, scope = answer["token_type"], answer["scope"]
    return Granted(
        value=answer["access_token"],
        token_type=token_type if isinstance(token_type, str) else None,
        expires_in=_seconds(answer["lifetime"]),
        scopes=frozenset(scope.split()) if isinstance(scope, str) else None,
    )


def _seconds(value: object) -> float | None:
    """Read a lifetime; some endpoints send it as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _refusal(error: str) -> Exception:
    if error == "invalid_scope":
        return InvalidScopeError()
    return _unobtainable("auth_error", error=error if error in _KNOWN_ERRORS else say("auth_another_error"))


def _unobtainable(key: str, **values: object) -> TokenUnobtainable:
    return TokenUnobtainable(say(key, **values), expected=True)
