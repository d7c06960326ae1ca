"""Why a request has no answer: which name an error gets that the network, TLS, HTTP or a proxy gave."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from types import MappingProxyType

import httpx

from okd_conformance.base.network_errors import is_tls, is_unknown_host, tls_reason
from okd_conformance.wire.exchange import Answer
from okd_conformance.wire.no_answer import NoAnswer
from okd_conformance.wire.tls import said_at_once

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

_NAMES_BY_REASON: Mapping[str, NoAnswer] = MappingProxyType(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED": NoAnswer.CLIENT_CERTIFICATE,
        "TLSV1_ALERT_CERTIFICATE_REQUIRED": NoAnswer.CLIENT_CERTIFICATE,
        "TLSV1_ALERT_UNKNOWN_CA": NoAnswer.CLIENT_CERTIFICATE,
        "SSLV3_ALERT_BAD_CERTIFICATE": NoAnswer.CLIENT_CERTIFICATE,
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": NoAnswer.CLIENT_CERTIFICATE,
        "SSLV3_ALERT_CERTIFICATE_REVOKED": NoAnswer.CLIENT_CERTIFICATE,
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": NoAnswer.CLIENT_CERTIFICATE,
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": NoAnswer.CLIENT_CERTIFICATE,
        "WRONG_VERSION_NUMBER": NoAnswer.PLAIN_PORT,
        "PACKET_LENGTH_TOO_LONG": NoAnswer.PLAIN_PORT,
        "RECORD_LAYER_FAILURE": NoAnswer.PLAIN_PORT,
        "UNKNOWN_PROTOCOL": NoAnswer.PLAIN_PORT,
        "HTTP_REQUEST": NoAnswer.PLAIN_PORT,
        "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": NoAnswer.HTTP2_ONLY,
        "SSLV3_ALERT_NO_APPLICATION_PROTOCOL": NoAnswer.HTTP2_ONLY,
    }
)
"""By what OpenSSL calls it, which depends on its version. With TLS 1.3 an alert only comes when we read."""
_LOGIN = "407"
_OF_CERTIFICATES = frozenset({400, 403, 495, 496})
_CERTIFICATE = re.compile(rb"(?:ssl|client) certificate", re.IGNORECASE)
_PAGE = 4096


def why(error: Exception) -> NoAnswer:
    """The name of a failure, or of what the HTTP library makes of it."""
    by_reason = _NAMES_BY_REASON.get(tls_reason(error) or "")
    if by_reason is not None:
        return by_reason
    if isinstance(error, httpx.ConnectError):
        return _unconnected(error)
    if isinstance(error, httpx.ProxyError):
        return NoAnswer.PROXY_LOGIN if str(error).startswith(_LOGIN) else NoAnswer.PROXY_REFUSED
    if isinstance(error, httpx.RemoteProtocolError):
        return NoAnswer.DISCONNECTED if _gone(error) else NoAnswer.NOT_HTTP
    if isinstance(error, httpx.NetworkError):
        return NoAnswer.DISCONNECTED
    return NoAnswer.TIMEOUT if isinstance(error, httpx.TimeoutException) else NoAnswer.UNREACHABLE


def _unconnected(error: httpx.ConnectError) -> NoAnswer:
    if is_unknown_host(error):
        return NoAnswer.UNKNOWN_HOST
    return NoAnswer.TLS if is_tls(error) else NoAnswer.UNREACHABLE


def why_at(url: str, error: Exception, verify: ssl.SSLContext | bool, timeout_s: float) -> NoAnswer:
    """The name of a failure at an address; who just hangs up over TLS is asked once more why."""
    name = why(error)
    if name is not NoAnswer.DISCONNECTED or not url.startswith("https:"):
        return name
    return _NAMES_BY_REASON.get(said_at_once(url, verify, timeout_s) or "", name)


def lacks_certificate(url: str, answer: Answer) -> bool:
    """Whether an answer is a web server's own page for who shows no client certificate, or not a good one.

    nginx and IIS finish the handshake all the same, and say it in HTTP; nothing behind them saw the request.
    """
    page = answer.media_type == "text/html" and answer.status in _OF_CERTIFICATES
    return url.startswith("https:") and page and bool(_CERTIFICATE.search(answer.body[:_PAGE]))


def _gone(error: httpx.RemoteProtocolError) -> bool:
    return "disconnected" in str(error) or "closed connection" in str(error)
