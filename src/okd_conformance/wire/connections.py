"""The connections beneath httpx: a pool of the library below it, on a network of our own.

Both give a documented place for that: httpx a transport, httpcore a network backend. The proxies of the
environment are never used.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

import httpcore
import httpx

from okd_conformance.wire.tls import verification

_ERRORS: Mapping[type[Exception], type[httpx.TransportError]] = MappingProxyType(
    {
        httpcore.ConnectTimeout: httpx.ConnectTimeout,
        httpcore.ReadTimeout: httpx.ReadTimeout,
        httpcore.WriteTimeout: httpx.WriteTimeout,
        httpcore.PoolTimeout: httpx.PoolTimeout,
        httpcore.ConnectError: httpx.ConnectError,
        httpcore.ReadError: httpx.ReadError,
        httpcore.WriteError: httpx.WriteError,
        httpcore.ProxyError: httpx.ProxyError,
        httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
        httpcore.LocalProtocolError: httpx.LocalProtocolError,
        httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    }
)
_KEPT_S = 1.5
_MOST = 16


class Connections(httpx.BaseTransport):
    """Sends requests over connections of ``network``, by way of a proxy if there is one."""

    def __init__(
        self, network: httpcore.NetworkBackend, verify: ssl.SSLContext | bool = True, proxy: str | None = None
    ) -> None:
        usual: dict[str, Any] = {
            "ssl_context": verification(verify),
            "max_connections": _MOST,
            "keepalive_expiry": _KEPT_S,
            "network_backend": network,
        }
        self._proxy = proxy
        self._connections = _by_proxy(proxy, usual) if proxy else httpcore.ConnectionPool(**usual)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is read from it later."""
        asked = httpcore.Request(
            request.method,
            _url(request.url),
            headers=request.headers.raw,
            content=cast(httpx.SyncByteStream, request.stream),
            extensions=request.extensions,
        )
        with _errors_of_httpx():
            answer = self._connections.handle_request(asked)
        found = httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )
        if self._proxy and request.url.scheme == "http" and _of_the_proxy(found):
            found.close()
            raise httpx.ProxyError(f"{found.status_code} {found.reason_phrase}")
        return found

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _errors_of_httpx():
            yield from cast(Iterable[bytes], self._answer.stream)

    def close(self) -> None:
        self._answer.close()


def _of_the_proxy(answer: httpx.Response) -> bool:
    """Whether an answer is the proxy's own: it wants a login, or shows a page that forbids."""
    page = answer.headers.get("content-type", "").lower().startswith("text/html")
    return answer.status_code == 407 or (answer.status_code == 403 and page)


def _by_proxy(address: str, usual: dict[str, Any]) -> httpcore.ConnectionPool:
    proxy = httpx.Proxy(address)
    return httpcore.HTTPProxy(_url(proxy.url), proxy_auth=proxy.raw_auth, **usual)


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.scheme, host=url.raw_host, port=url.port, target=url.raw_path)


@contextlib.contextmanager
def _errors_of_httpx() -> Iterator[None]:
    try:
        yield
    except tuple(_ERRORS) as error:
        raise _ERRORS[type(error)](str(error)) from error
