"""Why a request has no answer: which name an error gets that the network, TLS, HTTP or a proxy gave."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from types import MappingProxyType

import httpx

from okd_conformance.base.network_errors import is_tls, is_unknown_host, tls_reason
from okd_conformance.wire.tls import said_at_once

SET_UP = frozenset(
    {"client_certificate", "plain_port", "http2_only", "proxy_login", "proxy_refused", "unknown_host"}
)
"""What is wrong with how the target is reached: nothing of the request came to it."""

FAILURES = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    UnicodeError,
)
"""What a request may fail with that isn't our own doing; the last three for what a target made up."""

_NAMES_BY_REASON: Mapping[str, str] = MappingProxyType(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED": "client_certificate",
        "TLSV1_ALERT_CERTIFICATE_REQUIRED": "client_certificate",
        "TLSV1_ALERT_UNKNOWN_CA": "client_certificate",
        "SSLV3_ALERT_BAD_CERTIFICATE": "client_certificate",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": "client_certificate",
        "SSLV3_ALERT_CERTIFICATE_REVOKED": "client_certificate",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "client_certificate",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "client_certificate",
        "WRONG_VERSION_NUMBER": "plain_port",
        "PACKET_LENGTH_TOO_LONG": "plain_port",
        "RECORD_LAYER_FAILURE": "plain_port",
        "UNKNOWN_PROTOCOL": "plain_port",
        "HTTP_REQUEST": "plain_port",
        "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": "http2_only",
        "SSLV3_ALERT_NO_APPLICATION_PROTOCOL": "http2_only",
    }
)
"""By what OpenSSL calls it, which depends on its version. With TLS 1.3 an alert only comes when we read."""
_LOGIN = "407"


def why(error: Exception) -> str:
    """The name of a failure, or of what the HTTP library makes of it."""
    by_reason = _NAMES_BY_REASON.get(tls_reason(error) or "")
    if by_reason is not None:
        return by_reason
    if isinstance(error, httpx.ConnectError):
        return "unknown_host" if is_unknown_host(error) else "tls" if is_tls(error) else "unreachable"
    if isinstance(error, httpx.ProxyError):
        return "proxy_login" if str(error).startswith(_LOGIN) else "proxy_refused"
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    if isinstance(error, httpx.RemoteProtocolError) and not _gone(error):
        return "not_http"
    return (
        "disconnected" if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError) else "unreachable"
    )


def why_at(url: str, error: Exception, verify: ssl.SSLContext | bool, timeout_s: float) -> str:
    """The name of a failure at an address; who just hangs up over TLS is asked once more why."""
    name = why(error)
    if name != "disconnected" or not url.startswith("https:"):
        return name
    return _NAMES_BY_REASON.get(said_at_once(url, verify, timeout_s) or "", name)


def _gone(error: httpx.RemoteProtocolError) -> bool:
    return "disconnected" in str(error) or "closed connection" in str(error)
