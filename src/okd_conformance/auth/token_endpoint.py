"""Asking an OAuth 2.0 token endpoint for a token (client credentials), within bounds.

Redirects are never followed, the environment's proxies never used. Of what is received a message only repeats
the issuer's own words about a refusal, redacted.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx

from okd_conformance.auth.client_proof import ClientProof, Way, ways
from okd_conformance.auth.token_answers import (
    Granted,
    TokenRefused,
    fields_of,
    one_line,
    read_answer,
    tokens_in,
)
from okd_conformance.base.bounded import TooLargeError, content_of
from okd_conformance.base.configuration import ConfigurationError, Mistake
from okd_conformance.base.network_errors import is_tls
from okd_conformance.base.text import Text, say
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.target.model import Auth, OAuthClient, Target
from okd_conformance.wire.address import web_address
from okd_conformance.wire.clock import skew_of
from okd_conformance.wire.connections import Connections
from okd_conformance.wire.failures import why, why_at
from okd_conformance.wire.no_answer import NoAnswer
from okd_conformance.wire.patience import DeadlineError, NotOpenedError, Patience
from okd_conformance.wire.throttling import MAX_THROTTLED, seconds_to_wait
from okd_conformance.wire.waiting import Why, waiting

MAX_ANSWER_BYTES = 1_000_000
_Sent = tuple[Mapping[str, str], str | None]
"""Headers and body of a request."""
_BUSY = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})
_FORM = "application/x-www-form-urlencoded"
"""Without a charset: the type has none, and some issuers refuse one."""


class TokenUnobtainable(Exception):  # noqa: N818 - this is an outcome, not an error
    """There is no such token.

    ``expected``: the issuer ought to give it; else nobody hands it out on request.
    """

    def __init__(self, reason: Text, *, expected: bool) -> None:
        super().__init__(reason.en)
        self.reason = reason
        self.expected = expected


class InvalidScopeError(Exception):
    """The endpoint does not give this scope to this client; the message is the issuer's own, redacted."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: str | None
    date: str | None
    content: bytes = field(repr=False)


class TokenEndpoint:
    """The token endpoint of a target."""

    def __init__(
        self,
        target: Target,
        auth: Auth,
        transport: httpx.BaseTransport | None = None,
        learn: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._target = target
        self._auth = auth
        self._transport = transport
        self._learn_elsewhere = learn
        self._sleep = sleep
        self._redactor = Redactor(target.secrets(), public=target.public())
        self._open: tuple[httpx.BaseTransport, Patience] | None = None
        self._found: str | None = None
        self.skew: float | None = None
        """By how many seconds the clock of the endpoint is ahead of ours, as far as it says."""
        self._worked: dict[str, Way] = {}
        """By client, so that nobody is refused at each token, or locked out after a few."""

    def close(self) -> None:
        """Close all connections."""
        if self._open is not None:
            self._open[0].close()
            self._open = None

    def ask(self, client: OAuthClient, scope: str) -> Granted:
        """Ask for a token with this scope.

        Raises InvalidScopeError, TokenUnobtainable, or ConfigurationError when the client is refused.
        """
        url, form = self._address(), self._form(scope)
        worked = self._worked.get(client.client_id)
        refused = TokenRefused(401)
        for way in [worked] if worked else ways(self._auth, client):
            answer = self._patiently(url, form, partial(way, self._auth, client, url))
            if isinstance(answer, Granted) or answer.error == "invalid_scope":
                self._worked[client.client_id] = way
            if isinstance(answer, Granted):
                return answer
            refused = answer
            if not refused.of_the_client:
                break
        raise self._refusal(client, refused)

    def answer_to(self, client: OAuthClient, scope: str) -> Granted | TokenRefused:
        """What the endpoint answers to one single request, in the way that worked for this client.

        Raises TokenUnobtainable when it doesn't answer, or is busy.
        """
        url = self._address()
        way = self._worked.get(client.client_id) or ways(self._auth, client)[0]
        sent = self._post(url, self._form(scope), partial(way, self._auth, client, url))
        answer = read_answer(sent.status, sent.content)
        if isinstance(answer, TokenRefused) and answer.busy:
            raise self._refusal(client, answer)
        return answer

    def _form(self, scope: str) -> dict[str, str]:
        audience = {"audience": self._auth.audience} if self._auth.audience else {}
        return {"grant_type": "client_credentials", "scope": scope, **audience, **self._auth.extra}

    def _patiently(
        self, url: str, form: Mapping[str, str], prove: Callable[[], ClientProof]
    ) -> Granted | TokenRefused:
        """Send a form, and again after the time that a busy endpoint names, a few times."""
        for _ in range(MAX_THROTTLED - 1):
            answer = self._post(url, form, prove)
            if answer.status not in _BUSY or answer.retry_after is None:
                break
            wait = seconds_to_wait(answer.retry_after)
            with waiting(Why.BUSY, wait):
                self._sleep(wait)
        else:
            answer = self._post(url, form, prove)
        return read_answer(answer.status, answer.content)

    def _post(self, url: str, form: Mapping[str, str], prove: Callable[[], ClientProof]) -> _Answer:
        def made() -> _Sent:
            proof = prove()
            if proof.secret is not None:
                self._learn(proof.secret)
            return {"Content-Type": _FORM, **proof.headers}, urlencode({**form, **proof.form})

        answer = self._send("POST", url, made)
        self.skew = skew_of(answer.date, datetime.now(UTC))
        for token in tokens_in(answer.content):
            self._learn(token)
        return answer

    def _learn(self, secret: str) -> None:
        self._redactor.learn(secret)
        self._learn_elsewhere(secret)

    # --- where it is -----------------------------------------------------------------------------------

    def _address(self) -> str:
        """Where the endpoint is; what an issuer publishes is read once."""
        issuer = self._auth.issuer
        if issuer is not None and self._found is None:
            self._found = self._published(issuer)
        return self._found or self._auth.token_url

    @property
    def known_address(self) -> str | None:
        """Where the endpoint is, as far as it was said or read by now."""
        return self._found or self._auth.token_url or None

    def _published(self, issuer: str) -> str:
        statuses = []
        for place in _places(issuer):
            answer = self._send("GET", place, lambda: ({"Accept": "application/json"}, None))
            found = web_address(self._endpoint_in(fields_of(answer.content)))
            if answer.status == httpx.codes.OK and found and found.startswith(issuer.partition("//")[0]):
                return found
            statuses.append(str(answer.status))
        raise self._unobtainable("auth_not_published", issuer=issuer, statuses=", ".join(statuses))

    def _endpoint_in(self, published: Mapping[str, Any]) -> object:
        """The token endpoint; the one where certificates are asked for, if there is one (RFC 8705, 5)."""
        aliases = published.get("mtls_endpoint_aliases") if self._auth.client_auth == "tls" else None
        own = aliases.get("token_endpoint") if isinstance(aliases, Mapping) else None
        return own or published.get("token_endpoint")

    # --- sending ---------------------------------------------------------------------------------------

    def _send(self, method: str, url: str, made: Callable[[], _Sent], *, again: bool = True) -> _Answer:
        """Send what ``made`` gives; once more, made anew, over a connection closed while it was idle."""
        http = self._target.http
        gateway = {k: v.reveal() for k, v in http.headers.items()} if http.headers_at_token_url else {}
        usual = {"Accept-Encoding": "identity", "User-Agent": "okd-conformance", "Accept": "application/json"}
        headers, body = made()
        try:
            return self._exchange(method, url, {**usual, **gateway, **headers}, body)
        except (httpx.TimeoutException, DeadlineError):
            raise self._unobtainable("auth_timeout") from None
        except TooLargeError:
            raise self._unobtainable("auth_answer_too_large", limit=MAX_ANSWER_BYTES) from None
        except ValueError:
            raise self._unobtainable("auth_unreadable") from None
        except (httpx.TransportError, httpx.InvalidURL, NotOpenedError) as error:
            if again and why(error) is NoAnswer.DISCONNECTED and self._connections()[1].stale:
                return self._send(method, url, made, again=False)
            raise self._unreachable(url, error) from None

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> _Answer:
        transport, patience = self._connections()
        timeout_s = self._target.limits.timeout_s
        waits = httpx.Timeout(timeout_s).as_dict()
        named = {name.encode("ascii"): value.encode("utf-8") for name, value in headers.items()}
        asked = httpx.Request(method, url, headers=named, content=body, extensions={"timeout": waits})
        end = time.monotonic() + 2 * timeout_s
        with waiting(Why.TOKEN, 2 * timeout_s), patience.until(end, from_elsewhere=url == self._found):
            answer = transport.handle_request(asked)
            with contextlib.closing(answer):
                content = content_of(answer, MAX_ANSWER_BYTES)
                return _Answer(
                    answer.status_code, answer.headers.get("retry-after"), answer.headers.get("date"), content
                )

    def _connections(self) -> tuple[httpx.BaseTransport, Patience]:
        if self._open is None:
            patience = Patience()
            target = self._target
            made = self._transport or Connections(patience, target.tls.context(), target.http.proxy)
            self._open = made, patience
        return self._open

    def _unreachable(self, url: str, error: Exception) -> TokenUnobtainable:
        here = self._transport is None and self._target.http.proxy is None
        target = self._target
        name = why_at(url, error, target.tls.context(), target.limits.timeout_s) if here else why(error)
        if name.of_the_way:
            return self._unobtainable("auth_unreachable_because", words=say(f"error_{name}"))
        if is_tls(error):
            return self._unobtainable("auth_tls")
        proxy = self._target.http.proxy_host
        if proxy is not None:
            return self._unobtainable("auth_unreachable_by_proxy", proxy=proxy)
        return self._unobtainable("auth_unreachable")

    # --- refusals --------------------------------------------------------------------------------------

    def _refusal(self, client: OAuthClient, refused: TokenRefused) -> Exception:
        """What a refusal means, with the status and the issuer's own words."""
        error, description = (self._shown(words) for words in (refused.error, refused.description))
        said = ": ".join(words for words in (str(refused.status), error, description) if words)
        if refused.of_the_client:
            return self._client_refused(client, said, by_the_issuer=refused.has_error)
        kind = _kind(refused)
        if kind == "auth_invalid_scope":
            return InvalidScopeError(said)
        named = ": ".join(words for words in (f"{error} ({refused.status})", description) if words)
        unnamed = say("auth_another_error")
        return self._unobtainable(kind, status=refused.status, said=said, error=named if error else unnamed)

    def _unobtainable(self, key: str, **values: object) -> TokenUnobtainable:
        return TokenUnobtainable(say(key, place=self._auth.place, **values), expected=True)

    def _shown(self, words: str | None) -> str:
        return one_line(self._redactor.text(words)) if words else ""

    def _client_refused(self, client: OAuthClient, said: str, *, by_the_issuer: bool) -> ConfigurationError:
        by_secret = self._auth.client_auth in {"basic", "post"}
        key = "auth_client_refused" if by_secret else "auth_client_refused_key"
        http = self._target.http
        gateway = bool(http.headers) and not http.headers_at_token_url and not by_the_issuer
        remedy = say("auth_gateway_refused_remedy" if gateway else f"{key}_remedy")
        message = say(key, place=client.place, said=said)
        return ConfigurationError([Mistake(str(self._target.file), client.line, message, remedy)])


def _places(issuer: str) -> Iterator[str]:
    """Where an issuer publishes what it is (OpenID Connect Discovery, 4; RFC 8414, 3)."""
    url = httpx.URL(issuer)
    path = url.path.rstrip("/")
    yield str(url.copy_with(path=f"{path}/.well-known/openid-configuration"))
    yield str(url.copy_with(path=f"/.well-known/oauth-authorization-server{path}"))


def _kind(refused: TokenRefused) -> str:
    """The message about a refusal that isn't the client's."""
    if 300 <= refused.status < 400:
        return "auth_redirected"
    if refused.busy:
        return "auth_status"
    if refused.has_error:
        return "auth_invalid_scope" if refused.error == "invalid_scope" else "auth_error"
    return "auth_status" if refused.status >= 400 else "auth_no_token"
