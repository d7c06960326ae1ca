"""TLS: how a server is verified, which versions it takes, and whether its certificate holds."""

from __future__ import annotations

import contextlib
import socket
import ssl
import warnings
from dataclasses import dataclass
from typing import Literal

import httpx

from okd_conformance.base.network_errors import tls_reason
from okd_conformance.wire.address import way_to

Outcome = Literal["done", "refused", "unverified", "unable", "unreachable"]
_LOCAL = frozenset(
    {
        "NO_PROTOCOLS_AVAILABLE",
        "NO_CIPHERS_AVAILABLE",
        "INTERNAL_ERROR",
        "NO_SHARED_SIGNATURE_ALGORITHMS",
        "NO_SUITABLE_DIGEST_ALGORITHM",
        "EE_KEY_TOO_SMALL",
        "CA_MD_TOO_WEAK",
    }
)
"""Reasons for which our own OpenSSL, not the server, ends a handshake."""

_AT_ONCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Handshake:
    """How a handshake ended. ``detail`` is the version that came about, or OpenSSL's reason."""

    outcome: Outcome
    detail: str


def verification(verify: ssl.SSLContext | bool) -> ssl.SSLContext:
    """The context for requests: HTTP/1.1, and not what the environment says about certificates."""
    context = httpx.create_ssl_context(verify, trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


def offering(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A context that offers just this version and doesn't look at the certificate.

    The security level is lowered for the old versions, since OpenSSL would not even offer them otherwise.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version is not ssl.TLSVersion.TLSv1_3:
        context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # offering an old version is the point
        context.minimum_version = version
        context.maximum_version = version
    return context


def shake_hands(url: str, context: ssl.SSLContext, timeout_s: float) -> Handshake:
    """Connect to the server of ``url`` and do the handshake, nothing else."""
    try:
        way = way_to(url)
        plain = socket.create_connection((way.host, way.port), timeout=timeout_s)
    except (OSError, httpx.InvalidURL) as error:
        return Handshake("unreachable", type(error).__name__)
    with contextlib.closing(plain):
        try:
            with context.wrap_socket(plain, server_hostname=way.host) as secure:
                return Handshake("done", secure.version() or "")
        except ssl.SSLCertVerificationError as error:
            return Handshake("unverified", error.verify_message)
        except ssl.SSLError as error:
            reason = error.reason or "EOF"
            return Handshake("unable" if reason in _LOCAL else "refused", reason)
        except TimeoutError:
            return Handshake("unreachable", "timeout")
        except OSError as error:
            return Handshake("refused", type(error).__name__)


def said_at_once(url: str, verify: ssl.SSLContext | bool, timeout_s: float) -> str | None:
    """OpenSSL's reason when a server ends a connection on which nothing was sent yet; None when it doesn't.

    With TLS 1.3 the handshake is over for us before the server has judged our certificate. When a request
    is under way by then, what the server says about it may get lost.
    """
    try:
        way = way_to(url)
        with (
            socket.create_connection((way.host, way.port), timeout_s) as plain,
            verification(verify).wrap_socket(plain, server_hostname=way.host) as secure,
        ):
            secure.settimeout(min(timeout_s, _AT_ONCE_S))
            secure.recv(1)
    except (OSError, httpx.InvalidURL) as error:
        return tls_reason(error)
    return None
