"""Access tokens: asked for once, within bounds; the odd ones; and who is to blame when there is none."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
import threading
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from okd_conformance.auth import token_endpoint
from okd_conformance.auth.tokens import ODD_KINDS, Tokens, TokenUnobtainable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.jwts import read_jwt
from okd_conformance.target.reading import Auth, Limits, OAuthClient, RoleTarget, Secret, Target

NOW = 1_800_000_000
BEGAN = NOW - 300
"""When what is minted began: the target's clock may be behind."""
ISSUER = "https://login.acme.example"
AUDIENCE = "urn:acme:dms"
SECRET = "hush: 100% søkret/+"
PLAIN_SECRET = "hush-hush"
KEY = ECKey.generate_key("P-256", auto_kid=True)
PRIVATE = KEY.as_dict(private=True)


class Issuer:
    """A token endpoint in memory, which remembers what it was asked."""

    def __init__(self, **changes: Any) -> None:
        self.asked: list[dict[str, str]] = []
        self.headers: list[httpx.Headers] = []
        self.now = NOW
        self.answer: httpx.Response | Exception | None = None
        self.claims: dict[str, Any] = {}
        self.unknown: set[str] = set()
        self.lifetime: Any = 600
        self.opaque = False
        self.refused: set[str] = set()
        self.plain_basic = False
        vars(self).update(changes)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        form = {name: value[0] for name, value in parse_qs(request.content.decode()).items()}
        self.asked.append(form)
        self.headers.append(request.headers)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        client_id, secret = self._credentials(request, form)
        if client_id in self.refused or secret not in {SECRET, PLAIN_SECRET}:
            return httpx.Response(401, json={"error": "invalid_client"})
        scope = form.get("scope", "")
        if self.unknown & set(scope.split()):
            return httpx.Response(400, json=AZURE_REFUSAL)
        fields = {"access_token": self.token(client_id, scope), "token_type": "Bearer"}
        return httpx.Response(200, json={**fields, "expires_in": self.lifetime})

    def _credentials(self, request: httpx.Request, form: dict[str, str]) -> tuple[str, str]:
        if "client_secret" in form:
            return form["client_id"], form["client_secret"]
        scheme, _, value = request.headers["authorization"].partition(" ")
        assert scheme == "Basic"
        client_id, _, secret = base64.b64decode(value).decode().partition(":")
        if self.plain_basic:
            return client_id, secret
        [(_, decoded)] = parse_qs(f"x={secret}").items()
        return client_id, decoded[0]

    def token(self, client_id: str, scope: str) -> str:
        if self.opaque:
            return f"opaque-{len(self.asked)}"
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": client_id,
            "scope": scope,
            "exp": self.now + 600,
            "component": "school-suite",
            **self.claims,
        }
        return jwt.encode({"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt"}, claims, KEY)


AZURE_REFUSAL = {
    "error": "invalid_scope",
    "error_description": "AADSTS1002012: The provided value for scope 'a' is not valid. \n  Client…",
}


def client(client_id: str, scopes: str, component: str | None = None, line: int = 7) -> OAuthClient:
    place = f"auth.clients[{line}]"
    return OAuthClient(client_id, Secret(PLAIN_SECRET), tuple(scopes.split()), component, place, line)


ONE = (client("one", "a b c"),)


def target_of(clients: tuple[OAuthClient, ...] = ONE, **auth: Any) -> Target:
    return Target(
        name="Acme DMS",
        vendor="Acme",
        version="1",
        edition="okd-1.5",
        roles={"dms": RoleTarget("https://dms.acme.example")},
        file=Path("target.yaml"),
        auth=Auth(token_url=f"{ISSUER}/token", clients=clients, **auth),
        limits=Limits(timeout_s=2),
    )


def tokens_of(issuer: Issuer, clients: tuple[OAuthClient, ...] = ONE, **auth: Any) -> Tokens:
    return Tokens(target_of(clients, **auth), issuer.transport, now=lambda: issuer.now)


def unobtainable(tokens: Tokens, *args: Any, **options: Any) -> TokenUnobtainable:
    with pytest.raises(TokenUnobtainable) as caught:
        tokens.bearer(*args, **options)
    assert_silent(caught.value)
    return caught.value


def assert_silent(error: BaseException) -> None:
    told = "".join(traceback.format_exception(error))
    for secret in (SECRET, PLAIN_SECRET, "the-token", base64.b64encode(b"one:hush-hush").decode()):
        assert secret not in told


def header_of(token: str) -> dict[str, Any]:
    parsed = read_jwt(token)
    assert parsed is not None
    return dict(parsed.header)


def claims_of(token: str) -> dict[str, Any]:
    parsed = read_jwt(token)
    assert parsed is not None
    return dict(parsed.claims)


# --- asking -----------------------------------------------------------------------------------------------


def test_a_token():
    issuer = Issuer()
    token = tokens_of(issuer).bearer("a")
    assert issuer.asked == [{"grant_type": "client_credentials", "scope": "a"}]
    assert issuer.headers[0]["accept-encoding"] == "identity"
    assert issuer.headers[0]["content-type"] == "application/x-www-form-urlencoded"
    assert token.scopes_asked == token.scopes_granted == {"a"}
    assert (token.client_id, token.expires_at, token.token_type) == ("one", NOW + 600, "Bearer")
    assert claims_of(token.value)["scope"] == "a"
    assert token.value not in f"{token} {token!r}"


def test_client_in_the_form():
    issuer = Issuer()
    tokens_of(issuer, client_auth="post", audience=AUDIENCE).bearer("a")
    assert issuer.asked[0]["client_secret"] == PLAIN_SECRET
    assert issuer.asked[0]["audience"] == AUDIENCE
    assert "authorization" not in issuer.headers[0]


@pytest.mark.parametrize(("plain_basic", "requests"), [(False, 1), (True, 2)])
def test_secret_with_special_characters(plain_basic, requests):
    special = dataclasses.replace(ONE[0], client_secret=Secret(SECRET))
    issuer = Issuer(plain_basic=plain_basic)
    assert tokens_of(issuer, (special,)).bearer("a").value
    assert len(issuer.asked) == requests


def test_special_characters_in_the_form():
    special = dataclasses.replace(ONE[0], client_secret=Secret(SECRET))
    issuer = Issuer()
    tokens_of(issuer, (special,), client_auth="post").bearer("a")
    assert issuer.asked[0]["client_secret"] == SECRET


def test_asked_for_once_for_each_set_of_scopes():
    issuer = Issuer()
    tokens = tokens_of(issuer)
    first = tokens.bearer({"a", "b"})
    assert tokens.bearer(frozenset({"b", "a"})) is first
    assert tokens.bearer("a b") is first
    tokens.bearer("a")
    tokens.bearer("b a")
    assert [form["scope"] for form in issuer.asked] == ["a b", "a", "b a"]


def test_renewed_before_it_expires():
    issuer = Issuer()
    tokens = tokens_of(issuer)
    first = tokens.bearer("a")
    issuer.now = NOW + 539
    assert tokens.bearer("a") is first
    issuer.now = NOW + 540
    assert tokens.bearer("a").expires_at == NOW + 1140


def test_a_short_life_is_used_for_half():
    issuer = Issuer(lifetime="10")
    tokens = tokens_of(issuer)
    tokens.bearer("a")
    issuer.now = NOW + 4
    tokens.bearer("a")
    assert len(issuer.asked) == 1
    issuer.now = NOW + 5
    tokens.bearer("a")
    assert len(issuer.asked) == 2


@pytest.mark.parametrize(
    ("lifetime", "opaque", "expires_at"),
    [
        (None, False, NOW + 600),
        ("soon", False, NOW + 600),
        (True, True, None),
        ([], True, None),
        (-5, True, None),
        ("1e999", True, None),
        (90.5, True, NOW + 90.5),
    ],
)
def test_lifetime(lifetime, opaque, expires_at):
    issuer = Issuer(lifetime=lifetime, opaque=opaque)
    tokens = tokens_of(issuer)
    assert tokens.bearer("a").expires_at == expires_at
    assert tokens.bearer("a").expires_at == expires_at
    assert len(issuer.asked) == 1


@pytest.mark.parametrize(
    ("claims", "granted"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": ["a", "b", 5]}, {"a", "b"}),
        ({"scope": "", "scp": "a b"}, {"a", "b"}),
        ({"scope": "", "roles": ["a"]}, {"a"}),
        ({"scope": ""}, set()),
    ],
)
def test_scopes_that_the_token_says(claims, granted):
    assert tokens_of(Issuer(claims=claims)).bearer("a").scopes_granted == granted


def test_scopes_in_the_order_of_the_token():
    token = tokens_of(Issuer(claims={"scope": "c a"})).bearer("a b")
    assert token.order == ("c", "a")
    assert token.lacking == {"b"}
    assert tokens_of(Issuer(opaque=True)).bearer("a b").lacking == frozenset()


def test_scopes_of_an_opaque_token():
    assert tokens_of(Issuer(opaque=True)).bearer("a").scopes_granted is None
    answer = httpx.Response(200, json={"access_token": "the-token", "scope": "a x"})
    token = tokens_of(Issuer(answer=answer)).bearer("a")
    assert token.scopes_granted == {"a", "x"}
    assert token.token_type is None


CLIENTS = (
    client("for-a", "a", "exams", 10),
    client("for-b", "b", "exams", 11),
    client("for-ab", "a b", "enrolment", 12),
    client("outsider", "x", None, 13),
)


@pytest.mark.parametrize(
    ("scopes", "options", "client_id"),
    [
        ("a", {}, "for-a"),
        ("b", {}, "for-b"),
        ("a b", {}, "for-ab"),
        ("x", {}, "outsider"),
        ("a", {"component": "enrolment"}, "for-ab"),
        ("b", {"client_id": "for-ab"}, "for-ab"),
    ],
)
def test_choice_of_client(scopes, options, client_id):
    assert tokens_of(Issuer(), CLIENTS).bearer(scopes, **options).client_id == client_id


def test_a_client_that_was_used_is_preferred():
    tokens = tokens_of(Issuer(), CLIENTS)
    tokens.bearer("a b")
    assert tokens.bearer("a").client_id == "for-ab"


@pytest.mark.parametrize(
    ("scopes", "options"),
    [
        ("nobody", {}),
        ("a x", {}),
        ("b", {"client_id": "for-a"}),
        ("a", {"component": "unknown"}),
        ("", {}),
        ((), {}),
    ],
)
def test_nobody_may_ask_for_it(scopes, options):
    issuer = Issuer()
    assert unobtainable(tokens_of(issuer, CLIENTS), scopes, **options).expected is False
    assert issuer.asked == []


def test_no_auth_at_all():
    target = dataclasses.replace(target_of(), auth=None)
    assert unobtainable(Tokens(target), "a").expected is False


# --- what the endpoint must refuse ------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "taken"), [(None, False), ({"access_token": "the-token"}, True)])
def test_a_wrong_secret_is_tried_once(answer, taken):
    issuer = Issuer(answer=None if answer is None else httpx.Response(200, json=answer))
    tokens = tokens_of(issuer)
    assert [tokens.for_wrong_secret("one", f"wrong-{n}") for n in range(3)] == [taken] * 3
    assert len(issuer.asked) == 1
    if answer is None:
        assert tokens.bearer("a").value, "the client itself is not held to be refused"


def test_a_wrong_secret_is_not_tried_again_after_a_busy_answer():
    issuer = Issuer(answer=httpx.Response(503))
    tokens = tokens_of(issuer)
    with pytest.raises(TokenUnobtainable):
        tokens.for_wrong_secret("one", "wrong")
    tokens.for_wrong_secret("one", "wrong")
    assert len(issuer.asked) == 1


def test_without_a_secret_there_is_no_wrong_one():
    issuer = Issuer()
    with pytest.raises(TokenUnobtainable) as caught:
        tokens_of(issuer, client_auth="tls").for_wrong_secret("one", "wrong")
    assert caught.value.expected is False
    assert issuer.asked == []


def test_a_scope_beyond_what_a_client_lists():
    tokens = tokens_of(Issuer(unknown={"z"}), default_scope="api://app/.default")
    assert tokens.beyond("one", "z") is None
    given = tokens.beyond("one", "y")
    assert given is not None
    assert given.scopes_granted == {"y"}


# --- the default scope ------------------------------------------------------------------------------------


def test_default_scope():
    issuer = Issuer(unknown={"a", "b"}, claims={"roles": ["a", "b", "c"]})
    tokens = tokens_of(issuer, default_scope="api://app/.default")
    token = tokens.bearer("a")
    assert [form["scope"] for form in issuer.asked] == ["a", "api://app/.default"]
    assert token.scopes_asked == {"a"}
    assert token.scopes_granted is not None
    assert token.scopes_granted > {"a", "b", "c"}
    assert tokens.bearer("a") is token
    assert tokens.bearer("b").value == token.value
    assert [form["scope"] for form in issuer.asked] == ["a", "api://app/.default", "b"]


def test_no_default_scope():
    issuer = Issuer(unknown={"a"})
    problem = unobtainable(tokens_of(issuer), "a")
    assert problem.expected is True
    assert "auth.clients[7]" in problem.reason.en
    assert "auth.default_scope" in problem.reason.nl


def test_default_scope_is_refused_too():
    issuer = Issuer(unknown={"a", "d"})
    assert unobtainable(tokens_of(issuer, default_scope="d"), "a").expected is True
    assert len(issuer.asked) == 2


# --- refusals and failures --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        None,
        httpx.Response(401, text="no"),
        httpx.Response(401, json={"error": "access_denied", "error_description": PLAIN_SECRET}),
        httpx.Response(400, json={"error": "invalid_client"}),
        httpx.Response(400, json={"error": "unauthorized_client", "error_description": "AADSTS700016:\n'x'"}),
    ],
)
def test_a_refused_client_is_a_mistake_in_the_target_file(answer):
    issuer = Issuer(refused={"one"}, answer=answer)
    tokens = tokens_of(issuer)
    for _ in range(2):
        with pytest.raises(ConfigurationError) as caught:
            tokens.bearer("a")
        [mistake] = caught.value.mistakes
        assert (mistake.file, mistake.line) == ("target.yaml", 7)
        assert "auth.clients[7]" in mistake.message.en
        assert "client_auth" in mistake.remedy.en
        assert_silent(caught.value)
    assert len(issuer.asked) == 1, "a refused client is not tried again"


GZIP = {"content-encoding": "gzip"}
FAILURES: dict[str, tuple[Any, str]] = {
    "time-out": (httpx.ReadTimeout("the-token"), "does not answer in time"),
    "unreachable": (httpx.ConnectError("hush-hush"), "cannot be reached"),
    "broken off": (httpx.RemoteProtocolError("x"), "cannot be reached"),
    "proxy": (httpx.ProxyError("x"), "cannot be reached"),
    "redirect": (httpx.Response(302, headers={"location": "https://other.example"}), "redirects (302)"),
    "server error": (httpx.Response(500, json={"access_token": "the-token"}), "answers 500"),
    "throttled": (httpx.Response(429), "answers 429"),
    "not found": (httpx.Response(404, text="<html>"), "answers 404"),
    "forbidden": (httpx.Response(403, json={"message": "the-token"}), "answers 403"),
    "known error": (httpx.Response(400, json={"error": "invalid_request"}), "request: invalid_request"),
    "own error": (httpx.Response(400, json={"error": "MSIS9605"}), "request: MSIS9605 (400)"),
    "described": (
        httpx.Response(
            400, json={"error": "invalid_request", "error_description": f"no\n{PLAIN_SECRET}\x1b[2J"}
        ),
        "request: invalid_request (400): no ",
    ),
    "token in a refusal": (
        httpx.Response(
            400, json={"error": "invalid_request", "error_description": "the-token", "id_token": "the-token"}
        ),
        "request: invalid_request (400): ",
    ),
    "odd error": (httpx.Response(400, json={"error": {"code": "the-token"}}), "does not know"),
    "error in a success": (httpx.Response(200, json={"error": "server_error"}), "server_error"),
    "html": (httpx.Response(200, text="<html>the-token"), "without a usable access_token"),
    "list": (httpx.Response(200, json=["the-token"]), "without a usable access_token"),
    "nested": (httpx.Response(200, text="[" * 100_000), "without a usable access_token"),
    "no token": (httpx.Response(200, json={"token": "the-token"}), "without a usable access_token"),
    "empty token": (httpx.Response(200, json={"access_token": ""}), "without a usable access_token"),
    "token with line break": (httpx.Response(200, json={"access_token": "a\r\nb"}), "without a usable"),
    "token as a number": (httpx.Response(200, json={"access_token": 5}), "without a usable access_token"),
    "not UTF-8": (httpx.Response(200, content=b'{"access_token": "\xff"}'), "without a usable access_token"),
    "not gzip": (httpx.Response(200, headers=GZIP, stream=httpx.ByteStream(b"the-token")), "cannot be read"),
    "too large": (httpx.Response(200, content=b" " * 1_000_001), "larger than 1000000 bytes"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_the_issuer_ought_to_give_it(case):
    answer, words = FAILURES[case]
    issuer = Issuer(answer=answer)
    problem = unobtainable(tokens_of(issuer), "a")
    assert problem.expected is True
    assert words in problem.reason.en
    assert problem.reason.nl != problem.reason.en
    assert len(issuer.asked) == 1, "no redirect is followed"


def test_largest_answer_that_is_read():
    body = json.dumps({"access_token": "the-token"}).ljust(token_endpoint.MAX_ANSWER_BYTES)
    assert tokens_of(Issuer(answer=httpx.Response(200, text=body))).bearer("a").value == "the-token"


def test_a_failure_is_remembered_for_a_while():
    issuer = Issuer(answer=httpx.Response(503))
    tokens = tokens_of(issuer)
    unobtainable(tokens, "a")
    unobtainable(tokens, "a")
    assert len(issuer.asked) == 1
    issuer.now, issuer.answer = NOW + 60, None
    assert tokens.bearer("a").value


def test_an_answer_that_never_ends():
    issuer = Issuer(answer=httpx.Response(200, content=itertools.repeat(b" " * 1000)))
    assert "larger than" in unobtainable(tokens_of(issuer), "a").reason.en


@pytest.fixture
def server():
    """A real server that answers every request with a redirect to itself."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(307)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield httpd.server_address[1], seen
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_over_a_real_connection(server, monkeypatch):
    port, seen = server
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    target = target_of()
    assert target.auth is not None
    auth = dataclasses.replace(target.auth, token_url=f"http://127.0.0.1:{port}/token")
    with Tokens(dataclasses.replace(target, auth=auth)) as tokens:
        assert "redirects (307)" in unobtainable(tokens, "a").reason.en
    assert seen == ["/token"]


# --- minted and odd tokens --------------------------------------------------------------------------------

WITH_KEY = {"signing_key": Secret(PRIVATE)}


def test_what_nobody_lists_is_minted():
    issuer = Issuer()
    tokens = tokens_of(issuer, **WITH_KEY)
    token = tokens.bearer("zz a")
    jwt.decode(token.value, KEY)
    claims = claims_of(token.value)
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "one",
        "component": "school-suite",
        "scope": "zz a",
        "iat": BEGAN,
        "nbf": BEGAN,
        "exp": NOW + 3600,
    }
    assert header_of(token.value) == {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt"}
    assert token.scopes_granted == token.scopes_asked == {"zz", "a"}
    assert tokens.bearer("zz a") is token
    assert [form["scope"] for form in issuer.asked] == ["a"], "one real token, to copy"


def test_a_token_without_scopes_is_minted():
    token = tokens_of(Issuer(), **WITH_KEY).bearer(())
    assert claims_of(token.value)["scope"] == ""
    assert token.scopes_granted == frozenset()


@pytest.mark.parametrize(
    ("claims", "name", "scopes"),
    [
        ({"scope": ["a"]}, "scope", ["zz"]),
        ({"roles": ["a"], "aud": ["x", "y"]}, "roles", ["zz"]),
        ({"scp": "a"}, "scp", "zz"),
    ],
)
def test_minted_in_the_layout_of_the_issuer(claims, name, scopes):
    issuer = Issuer(claims=claims)
    tokens = tokens_of(issuer, **WITH_KEY)
    minted = claims_of(tokens.bearer("zz").value)
    assert minted[name] == scopes
    assert minted["aud"] == claims.get("aud", AUDIENCE)
    foreign = claims_of(tokens.odd("foreign_audience"))
    assert isinstance(foreign["aud"], list) is isinstance(minted["aud"], list)


@pytest.mark.parametrize("changes", [{"opaque": True}, {"answer": httpx.Response(503)}])
def test_minted_without_an_example(changes):
    tokens = tokens_of(Issuer(**changes), **WITH_KEY, audience=AUDIENCE)
    claims = claims_of(tokens.bearer("zz").value)
    assert (claims["iss"], claims["aud"]) == (ISSUER, AUDIENCE)
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("one", "one", "zz")
    assert claims["exp"] == NOW + 3600


def test_minted_tokens_are_renewed():
    issuer = Issuer()
    tokens = tokens_of(issuer, **WITH_KEY)
    first = tokens.bearer("zz")
    issuer.now = NOW + 3540
    assert claims_of(tokens.bearer("zz").value)["exp"] == issuer.now + 3600
    assert tokens.bearer("zz").value != first.value


def test_a_refused_client_is_refused_when_minting_too():
    with pytest.raises(ConfigurationError):
        tokens_of(Issuer(refused={"one"}), **WITH_KEY).bearer("zz")


def test_odd_tokens_that_are_edited():
    tokens = tokens_of(Issuer())
    good = tokens.bearer("a").value
    garbled, broken, none = (tokens.odd(k, "a") for k in ("garbled", "wrong_signature", "alg_none"))
    assert read_jwt(garbled) is None
    assert garbled != good
    assert broken.rpartition(".")[0] == good.rpartition(".")[0]
    with pytest.raises(JoseError):
        jwt.decode(broken, KEY)
    assert none.split(".")[1:] == [good.split(".")[1], ""]
    assert header_of(none) == {"alg": "none", "kid": KEY.kid, "typ": "at+jwt"}


def test_odd_tokens_of_opaque_ones():
    tokens = tokens_of(Issuer(opaque=True))
    assert tokens.odd("garbled") == tokens.bearer("a").value[::-1]
    for kind in set(ODD_KINDS) - {"garbled"}:
        with pytest.raises(TokenUnobtainable) as caught:
            tokens.odd(kind)
        assert caught.value.expected is False


def test_garbled_differs_even_for_a_palindrome():
    answer = httpx.Response(200, json={"access_token": "abcba"})
    assert tokens_of(Issuer(answer=answer)).odd("garbled") != "abcba"


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("expired", {"iat": NOW - 7200, "nbf": NOW - 7200, "exp": NOW - 3600}),
        ("not_yet_valid", {"iat": BEGAN, "nbf": NOW + 3600, "exp": NOW + 7200}),
        ("foreign_audience", {"aud": "https://elsewhere.invalid"}),
        ("foreign_issuer", {"iss": "https://elsewhere.invalid"}),
    ],
)
def test_odd_tokens_that_are_minted(kind, changed):
    tokens = tokens_of(Issuer(), **WITH_KEY, tokens={"foreign": Secret("given")})
    odd = tokens.odd(kind, "b")
    jwt.decode(odd, KEY)
    claims = claims_of(odd)
    times = {"iat": BEGAN, "nbf": BEGAN, "exp": NOW + 3600}
    expected = {**claims_of(tokens.bearer("b").value), **times, **changed}
    assert {**claims, "jti": ""} == {**expected, "jti": ""}


def test_what_the_suite_signed_is_known_as_such():
    tokens = tokens_of(Issuer(), **WITH_KEY)
    given, minted = tokens.bearer("a"), tokens.minted(["a"], "one")
    assert claims_of(minted.value)["scope"] == "a"
    assert tokens.bearer("a") is given
    assert tokens.signed_for(given.value) is None
    assert tokens.signed_for(minted.value) == tokens.signed_for(tokens.odd("expired")) == "one"


def test_odd_tokens_of_what_only_the_suite_mints():
    tokens = tokens_of(Issuer(), **WITH_KEY)
    assert claims_of(tokens.odd("expired", "zz"))["scope"] == "zz"
    assert claims_of(tokens.odd("alg_none", "zz"))["scope"] == "zz"


@pytest.mark.parametrize("kind", ["expired", "not_yet_valid", "foreign_audience", "foreign_issuer"])
def test_without_a_key_nobody_hands_them_out(kind):
    with pytest.raises(TokenUnobtainable) as caught:
        tokens_of(Issuer()).odd(kind)
    assert caught.value.expected is False
    assert "auth.signing_key" in caught.value.reason.en


def test_ready_made_tokens():
    given = {"expired": Secret("old"), "foreign": Secret("far")}
    tokens = tokens_of(Issuer(), tokens=given)
    assert tokens.odd("expired") == "old"
    assert tokens.odd("foreign_audience") == tokens.odd("foreign_issuer") == "far"
    assert tokens_of(Issuer(), **WITH_KEY, tokens=given).odd("expired") == "old"


def test_a_foreign_token_counts_for_what_is_foreign_in_it():
    far = jwt.encode({"alg": "ES256"}, {"iss": ISSUER, "aud": "urn:other"}, KEY)
    tokens = tokens_of(Issuer(), tokens={"foreign": Secret(far)})
    assert tokens.odd("foreign_audience") == far
    with pytest.raises(TokenUnobtainable) as caught:
        tokens.odd("foreign_issuer")
    assert caught.value.expected is False


def test_the_issuer_ought_to_give_what_an_odd_token_is_made_of():
    with pytest.raises(TokenUnobtainable) as caught:
        tokens_of(Issuer(answer=httpx.Response(503))).odd("garbled")
    assert caught.value.expected is True


def test_an_odd_token_is_made_of_the_first_clients_first_scope():
    tokens = tokens_of(Issuer(), CLIENTS)
    tokens.bearer("a b")
    assert claims_of(tokens.odd("alg_none"))["sub"] == "for-a"
    assert claims_of(tokens.odd("alg_none", component="enrolment"))["sub"] == "for-ab"


def test_unknown_kind():
    with pytest.raises(ValueError, match="garbled"):
        tokens_of(Issuer()).odd("strange")
