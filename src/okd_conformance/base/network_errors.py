"""What lies behind an error of the network."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator

_REASON = re.compile(r"\] ([a-z0-9 ]+) \(_ssl")


def is_tls(error: BaseException) -> bool:
    """Whether it was TLS that failed: the handshake, or the certificate."""
    return any(isinstance(each, ssl.SSLError) for each in _behind(error))


def tls_reason(error: BaseException) -> str | None:
    """What OpenSSL calls the reason, when TLS failed and there is one; Python has no name for some."""
    found = next((each for each in _behind(error) if isinstance(each, ssl.SSLError)), None)
    if found is None or found.reason:
        return found.reason if found else None
    words = _REASON.search(str(found))
    return words[1].upper().replace(" ", "_") if words else None


def is_unknown_host(error: BaseException) -> bool:
    """Whether the name of a host has no address."""
    return any(isinstance(each, socket.gaierror) for each in _behind(error))


def _behind(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
