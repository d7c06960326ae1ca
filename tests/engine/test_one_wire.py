"""Both ways to send a request, the pool's and our own, say the same to the server."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from okd_conformance.wire.client import Client, Settings
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.transfer import Transfer
from support.raw_server import OK, hear

ADDRESSES = {
    "http://bücher.example/okd": ("/okd", "xn--bcher-kva.example"),
    "https://dms.example:443/okd": ("/okd", "dms.example"),
    "https://dms.example:8443/okd": ("/okd", "dms.example:8443"),
    "http://user:pass@dms.example/okd": ("/okd", "dms.example"),
    "http://dms.example/cijfers/é 1?naam=Zoë&a=b": ("/cijfers/%C3%A9%201?naam=Zo%C3%AB&a=b", "dms.example"),
    "http://dms.example/a%2Fb/%C3%A9?q=%20": ("/a%2Fb/%C3%A9?q=%20", "dms.example"),
    "http://dms.example": ("/", "dms.example"),
    "http://[::1]:8080/okd": ("/okd", "[::1]:8080"),
}


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@contextlib.contextmanager
def recording(
    secure: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[str, str]]]:
    """A server to which every name leads; it keeps request line and Host."""
    heard: list[tuple[str, str]] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        there = (socket.AF_INET, socket.SOCK_STREAM, 6, "", listening.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [there])

        def serve() -> None:
            for _ in range(2):
                link, _ = listening.accept()
                link.settimeout(10)
                with secure.wrap_socket(link, server_side=True) if secure else link as talking:
                    lines = hear(talking).decode().split("\r\n")
                    hosts = [line for line in lines if line.lower().startswith("host:")]
                    heard.append((lines[0], "|".join(hosts)))
                    talking.sendall(OK)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield heard
        thread.join(10)


@pytest.mark.parametrize(("address", "said"), ADDRESSES.items())
def test_both_stacks_say_the_same(
    address: str, said: tuple[str, str], authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("dms.example").configure_cert(server)
    authority.configure_trust(ours)
    secure = server if address.startswith("https:") else None
    request = Request("POST", address, (("Content-Type", "text/plain"),), b"{}")
    with recording(secure, monkeypatch) as heard:
        client = Client(Settings(timeout_s=5.0, verify=ours), lambda _: None, lambda: "x1")
        exchanges: list[Exchange] = [client.send(request), client.send(request, talk=Transfer(client))]
        client.close()
    assert [exchange.error or exchange.status for exchange in exchanges] == [200, 200]
    target, host = said
    assert heard == [(f"POST {target} HTTP/1.1", f"Host: {host}")] * 2


def test_a_host_of_its_own_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    request: Any = Request("GET", "http://dms.example/", (("Host", "other.example"),))
    with recording(None, monkeypatch) as heard:
        client = Client(Settings(timeout_s=5.0), lambda _: None, lambda: "x1")
        client.send(request)
        client.send(request, talk=Transfer(client))
        client.close()
    assert heard == [("GET / HTTP/1.1", "Host: other.example")] * 2
