"""Token endpoints as they are met: busy, particular about the form, behind a gateway, or taking keys."""

from __future__ import annotations

import base64
import dataclasses
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import trustme
from joserfc import jwt
from joserfc.jwk import ECKey

from okd_conformance.auth.tokens import Tokens, TokenUnobtainable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.target.reading import Auth, Http, Limits, OAuthClient, RoleTarget, Secret, Target, Tls
from support.raw_server import hear, raw_server

Reply = tuple[int, dict[str, str], Any]
SECRET = "a+b/c=%d é:1"
GRANTED: Reply = (200, {}, {"access_token": "a-token", "token_type": "Bearer", "expires_in": 600})
KEY = ECKey.generate_key("P-256", auto_kid=True)


@dataclasses.dataclass
class Asked:
    """One request at the issuer."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


@contextmanager
def issuer(
    answer: Callable[[Asked], Reply], context: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[Asked]]]:
    """A token endpoint on loopback that answers as it is told."""
    seen: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append(Asked(self.command, self.path, headers, dict(parse_qsl(body))))
            status, more, said = answer(seen[-1])
            content = json.dumps(said).encode()
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        if context is not None:
            httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        scheme = "https" if context else "http"
        yield f"{scheme}://127.0.0.1:{httpd.server_address[1]}", seen
        httpd.shutdown()
        thread.join()


def target_of(url: str, http: Http | None = None, tls: Tls | None = None, **auth: Any) -> Target:
    client = OAuthClient("okd", Secret(SECRET), ("a", "b", "c", "d"), None, "auth.clients[0]", 7)
    given = {"token_url": f"{url}/token", "clients": (client,), **auth}
    return Target(
        name="Acme DMS",
        vendor="Acme",
        version="1",
        edition="okd-1.5",
        roles={"dms": RoleTarget("https://dms.acme.example")},
        file=Path("target.yaml"),
        auth=Auth(**given),
        http=http or Http(),
        tls=tls or Tls(),
        limits=Limits(timeout_s=5),
    )


@contextmanager
def tokens(url: str, waits: list[float] | None = None, **options: Any) -> Iterator[Tokens]:
    slept = waits if waits is not None else []
    with Tokens(target_of(url, **options), sleep=slept.append) as made:
        yield made


def refusal(made: Tokens, scope: str = "a") -> str:
    with pytest.raises(TokenUnobtainable) as caught:
        made.bearer(scope)
    return caught.value.reason.en


# --- on the way ------------------------------------------------------------------------------------------


def a_token(connection: str, value: str) -> bytes:
    said = json.dumps({**GRANTED[2], "access_token": value}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\nConnection: {connection}\r\n\r\n"
    return head.encode() + said


def proof_in(message: bytes) -> str:
    return dict(parse_qsl(message.partition(b"\r\n\r\n")[2].decode()))["client_assertion"]


@pytest.mark.parametrize("again", [True, False], ids=["another-connection", "never"])
def test_a_connection_that_was_closed_while_idle_is_nobodys_fault(again: bool) -> None:
    """The form is sent once more, with a signed JWT of its own: an issuer takes each but once."""
    proofs: list[str] = []

    def kept_open(connection: socket.socket) -> None:
        connection.sendall(a_token("keep-alive", "one"))
        proofs.append(proof_in(hear(connection)))

    options = {"client_auth": "private_key_jwt", "client_key": Secret(KEY.as_dict(private=True))}
    last = a_token("close", "two") if again else b""
    with raw_server(kept_open, last) as server, tokens(server.url, **options) as made:
        assert made.bearer("a").value == "one"
        if again:
            assert made.bearer("b").value == "two"
        else:
            assert "cannot be reached" in refusal(made, "b")
    assert len(server.heard) == 2
    proofs.append(proof_in(server.heard[1]))
    assert all(proofs)
    assert len(set(proofs)) == 2


# --- busy -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_endpoint_is_waited_for(status: int) -> None:
    replies = iter([(status, {"Retry-After": "3"}, {}), (status, {"Retry-After": "2"}, {}), GRANTED])
    waits: list[float] = []
    with issuer(lambda _: next(replies)) as (url, seen), tokens(url, waits) as made:
        assert made.bearer("a").value == "a-token"
    assert waits == [3, 2]
    assert [asked.form["scope"] for asked in seen] == ["a"] * 3


def test_an_endpoint_that_stays_busy_is_not_waited_for_without_end() -> None:
    said = {"error": "temporarily_unavailable", "error_description": "two a second"}
    waits: list[float] = []
    with issuer(lambda _: (429, {"Retry-After": "1e9"}, said)) as (url, seen), tokens(url, waits) as made:
        assert "answers 429: temporarily_unavailable: two a second" in refusal(made)
    assert (len(seen), waits) == (5, [30.0] * 4)


def test_an_endpoint_that_names_no_time_is_not_waited_for() -> None:
    with issuer(lambda _: (503, {}, {})) as (url, seen), tokens(url) as made:
        assert "answers 503" in refusal(made)
    assert len(seen) == 1


# --- the form ---------------------------------------------------------------------------------------------


def test_further_fields_of_the_form() -> None:
    def answer(asked: Asked) -> Reply:
        missing = {"error": "invalid_request", "error_description": "MSIS9605: no 'resource' parameter"}
        return GRANTED if asked.form.get("resource") == "urn:dms" else (400, {}, missing)

    with issuer(answer) as (url, _):
        with tokens(url) as made:
            assert "invalid_request (400): MSIS9605: no 'resource' parameter" in refusal(made)
        with tokens(url, extra={"resource": "urn:dms"}) as made:
            assert made.bearer("a").value == "a-token"


def test_the_form_has_no_charset() -> None:
    def answer(asked: Asked) -> Reply:
        kind = asked.headers["content-type"]
        return GRANTED if kind == "application/x-www-form-urlencoded" else (415, {}, {})

    with issuer(answer) as (url, _), tokens(url) as made:
        assert made.bearer("a").value == "a-token"


def test_scopes_that_are_refused_are_told_with_the_issuers_words() -> None:
    said = {"error": "invalid_scope", "error_description": "AADSTS1002012: not valid"}
    with issuer(lambda _: (400, {}, said)) as (url, _), tokens(url) as made:
        assert "(400: invalid_scope: AADSTS1002012: not valid)" in refusal(made)


# --- who asks ---------------------------------------------------------------------------------------------


def test_the_form_of_basic_that_worked_is_remembered() -> None:
    plain = "Basic " + base64.b64encode(f"okd:{SECRET}".encode()).decode()

    def answer(asked: Asked) -> Reply:
        return GRANTED if asked.headers["authorization"] == plain else (401, {}, {"error": "invalid_client"})

    with issuer(answer) as (url, seen), tokens(url) as made:
        for scope in "abcd":
            made.bearer(scope)
    refused = [asked for asked in seen if asked.headers["authorization"] != plain]
    assert (len(seen), len(refused)) == (5, 1)


def test_a_signed_jwt_instead_of_a_secret() -> None:
    seen_ids: list[str] = []

    def answer(asked: Asked) -> Reply:
        token = jwt.decode(asked.form["client_assertion"], KEY)
        assert token.header["kid"] == KEY.kid
        assert token.claims["iss"] == token.claims["sub"] == asked.form["client_id"] == "okd"
        assert token.claims["aud"].endswith("/token")
        assert 0 < token.claims["exp"] - token.claims["iat"] <= 300
        seen_ids.append(token.claims["jti"])
        return GRANTED

    key = Secret(KEY.as_dict(private=True))
    with (
        issuer(answer) as (url, seen),
        tokens(url, client_auth="private_key_jwt", client_key=key) as made,
    ):
        made.bearer("a")
        made.bearer("b")
    assert len(set(seen_ids)) == 2
    assert "authorization" not in seen[0].headers
    assert "client_secret" not in seen[0].form
    assert seen[0].form["client_assertion_type"].endswith("jwt-bearer")


def test_a_certificate_instead_of_a_secret(tmp_path: Path) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.verify_mode = ssl.CERT_REQUIRED
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("okd").private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    tls = Tls(ca_file=tmp_path / "ca.pem", client_cert=tmp_path / "client.pem")
    with issuer(lambda _: GRANTED, server) as (url, seen), tokens(url, tls=tls, client_auth="tls") as made:
        assert made.bearer("a").value == "a-token"
    assert seen[0].form == {"grant_type": "client_credentials", "scope": "a", "client_id": "okd"}
    assert "authorization" not in seen[0].headers


def test_a_refused_client_is_told_with_status_and_words_but_no_secret() -> None:
    def answer(asked: Asked) -> Reply:
        said = f"client is locked {SECRET} {asked.headers['authorization']}"
        return 401, {}, {"error": "invalid_client", "error_description": said}

    with issuer(answer) as (url, _), tokens(url) as made, pytest.raises(ConfigurationError) as caught:
        made.bearer("a")
    [mistake] = caught.value.mistakes
    assert "(401: invalid_client: client is locked" in mistake.message.en
    for secret in (SECRET, base64.b64encode(f"okd:{SECRET}".encode()).decode()):
        assert secret not in mistake.message.en


# --- a gateway --------------------------------------------------------------------------------------------


def test_headers_of_a_gateway_by_a_switch() -> None:
    def answer(asked: Asked) -> Reply:
        there = asked.headers.get("x-gateway-key") == "of-the-gate"
        return GRANTED if there else (401, {}, {"message": "missing subscription key"})

    headers = {"X-Gateway-Key": Secret("of-the-gate")}
    with issuer(answer) as (url, _):
        with tokens(url, http=Http(headers=headers, headers_at_token_url=True)) as made:
            assert made.bearer("a").value == "a-token"
        with tokens(url, http=Http(headers=headers)) as made, pytest.raises(ConfigurationError) as caught:
            made.bearer("a")
    assert "http.headers_at_token_url" in caught.value.mistakes[0].remedy.en


# --- discovery --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "path"),
    [
        ("/realms/okd/.well-known/openid-configuration", "/realms/okd"),
        ("/.well-known/oauth-authorization-server/realms/okd", "/realms/okd/"),
        ("/.well-known/oauth-authorization-server", ""),
    ],
)
def test_where_the_token_endpoint_is_can_be_read_from_the_issuer(published: str, path: str) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            return GRANTED if asked.path == "/found/token" else (404, {}, {})
        there = f"http://{asked.headers['host']}/found/token"
        return (200, {}, {"token_endpoint": there}) if asked.path == published else (404, {}, {})

    with issuer(answer) as (url, seen), tokens(url, token_url="", issuer=url + path) as made:
        made.bearer("a")
        made.bearer("b")
    assert [asked.path for asked in seen][-3:] == [published, "/found/token", "/found/token"]


@pytest.mark.parametrize(("way", "path"), [("tls", "/with-certificate"), ("post", "/usual")])
def test_an_issuer_may_have_an_address_of_its_own_for_certificates(way: str, path: str) -> None:
    """RFC 8705, 5."""

    def answer(asked: Asked) -> Reply:
        here = f"http://{asked.headers['host']}"
        aliases = {"token_endpoint": f"{here}/with-certificate"}
        published = {"token_endpoint": f"{here}/usual", "mtls_endpoint_aliases": aliases}
        return GRANTED if asked.method == "POST" else (200, {}, published)

    with (
        issuer(answer) as (url, seen),
        tokens(url, token_url="", issuer=url, client_auth=way) as made,
    ):
        made.bearer("a")
        assert made.address == f"{url}{path}"
    assert seen[-1].path == path


@pytest.mark.parametrize("said", [{}, {"token_endpoint": 5}, {"token_endpoint": "/token"}, ["x"]])
def test_an_issuer_that_publishes_no_token_endpoint(said: Any) -> None:
    with issuer(lambda _: (200, {}, said)) as (url, _), tokens(url, token_url="", issuer=url) as made:
        assert "publishes no usable token endpoint" in refusal(made)


# --- what stands between ------------------------------------------------------------------------------------


def test_a_proxy_that_wants_a_login_is_not_taken_for_the_issuer() -> None:
    def answer(_: Asked) -> Reply:
        return 407, {"Proxy-Authenticate": "Basic"}, {}

    with issuer(answer) as (url, _), tokens("http://login.example", http=Http(proxy=url)) as made:
        assert "the proxy (http.proxy) wants a name and password" in refusal(made)


def test_an_issuer_that_wants_a_certificate_says_so(tmp_path: Path) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.verify_mode = ssl.CERT_REQUIRED
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with issuer(lambda _: GRANTED, server) as (url, _), tokens(url, tls=Tls(tmp_path / "ca.pem")) as made:
        assert "wants to see a client certificate" in refusal(made)
