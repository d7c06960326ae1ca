"""What stands between the suite and a target gets words of its own, and is not held against the target."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from okd_conformance.base.text import say
from okd_conformance.judge.outcome import Status
from okd_conformance.proof.proving import rows, run_cases
from okd_conformance.reference import target_of
from okd_conformance.run.options import Options
from okd_conformance.run.run import open_run
from okd_conformance.wire.client import Client, Settings
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.no_answer import NoAnswer
from okd_conformance.wire.transfer import Transfer
from support.raw_server import raw_server

AUTHORITY = trustme.CA()
BOTH = pytest.mark.parametrize("raw", [False, True], ids=["pool", "own connection"])


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def serving() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


@contextlib.contextmanager
def secure_server(context: ssl.SSLContext) -> Iterator[str]:
    """A server that shakes hands, or tries to, with one client after another."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                link, _ = listening.accept()
                link.settimeout(10)
                with (
                    link,
                    contextlib.suppress(OSError),
                    context.wrap_socket(link, server_side=True) as secure,
                ):
                    secure.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = listening.getsockname()
        yield f"https://127.0.0.1:{address[1]}/okd"
        stopped.set()
        socket.create_connection(address, 5).close()
        thread.join(10)


def failing(url: str, raw: bool = False, **settings: Any) -> str | None:
    """Why there is no answer."""
    client = Client(
        Settings(**{"timeout_s": 5.0, "verify": trusting(), **settings}), lambda _: None, lambda: "x"
    )
    request = Request("GET", url)
    try:
        exchange: Exchange = client.send(request, talk=Transfer(client) if raw else None)
    finally:
        client.close()
    assert exchange.answer is None
    return exchange.error


@BOTH
def test_a_server_that_wants_a_client_certificate(raw: bool) -> None:
    context = serving()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(context)
    with secure_server(context) as url:
        assert failing(url, raw) == "client_certificate"


@BOTH
def test_a_client_certificate_that_the_server_does_not_take(raw: bool) -> None:
    context, ours = serving(), trusting()
    context.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(context)
    trustme.CA().issue_cert("okd").configure_cert(ours)
    with secure_server(context) as url:
        assert failing(url, raw, verify=ours) == "client_certificate"


NO_APPLICATION_PROTOCOL = bytes.fromhex("15 0303 0002 02 78")
"""The alert, fatal, of a server that speaks none of the protocols that the client offers (RFC 7301, 3.2)."""
PLAIN = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@BOTH
@pytest.mark.parametrize(("said", "error"), [(PLAIN, "plain_port"), (NO_APPLICATION_PROTOCOL, "http2_only")])
def test_a_server_that_does_not_speak_https_as_we_do(raw: bool, said: bytes, error: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            link, _ = listening.accept()
            with link:
                link.recv(65536)
                link.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert failing(f"https://127.0.0.1:{listening.getsockname()[1]}/", raw) == error
        thread.join(10)


@BOTH
def test_a_name_that_nobody_knows(raw: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert failing("http://dms.invalid/", raw) == "unknown_host"


PAGE = b"<html><h1>Corporate proxy</h1></html>"


def page(status: str, kind: str = "text/html") -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(PAGE)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + PAGE


@pytest.mark.parametrize("url", ["http://dms.example/", "https://dms.example/"])
@pytest.mark.parametrize(
    ("status", "error"),
    [("407 Proxy Authentication Required", "proxy_login"), ("403 Forbidden", "proxy_refused")],
)
def test_a_proxy_that_does_not_let_us_through(url: str, status: str, error: str) -> None:
    with raw_server(page(status)) as proxy:
        assert failing(url, proxy=proxy.url) == error


def test_a_403_of_the_product_is_its_own() -> None:
    client: Client
    for server_page, proxied in ((page("403 Forbidden"), False), (page("403 No", "application/json"), True)):
        with raw_server(server_page) as server:
            url = "http://dms.example/" if proxied else server.url
            settings = Settings(timeout_s=5.0, proxy=server.url if proxied else None)
            client = Client(settings, lambda _: None, lambda: "x")
            assert client.send(Request("GET", url)).status == 403
            client.close()


@pytest.mark.parametrize("error", [one for one in NoAnswer if one.of_the_way])
def test_each_has_words_and_a_way_to_mend_it(error: NoAnswer) -> None:
    for text in (say(f"error_{error}"), say(f"config_{error}_remedy", role="dms")):
        assert text.nl != text.en


def judged(folder: Path, base_url: str, **more: Any) -> Status:
    """What comes of the row about ``GET /``, which asks for no token."""
    target = target_of(base_url, roles=["dms"])
    target["limits"]["timeout_s"] = 5
    AUTHORITY.cert_pem.write_to_path(str(folder / "root.pem"))
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump({**target, "tls": {"ca_file": "root.pem"}, "hooks": {}, **more}), "utf-8")
    run = open_run(Options(target=str(file), run_id="reach", requirements=("OKD-SRV-001",)))
    try:
        [seen] = rows(run_cases(run, run.selection)).values()
    finally:
        run.close()
    return Status(seen.status)


def test_a_forgotten_client_certificate_is_not_held_against_the_product(tmp_path: Path) -> None:
    context = serving()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(context)
    with secure_server(context) as url:
        assert judged(tmp_path, url.removesuffix("/okd")) == Status.INCONCLUSIVE


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden"])
def test_a_proxy_that_refuses_is_not_held_against_the_product(tmp_path: Path, status: str) -> None:
    with raw_server(page(status)) as proxy:
        found = judged(tmp_path, "http://dms.example", http={"proxy": proxy.url})
    assert found == Status.INCONCLUSIVE
