"""What lies behind an error of the network."""

from __future__ import annotations

import ssl


def is_tls(error: BaseException) -> bool:
    """Whether it was TLS that failed: the handshake, or the certificate."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
