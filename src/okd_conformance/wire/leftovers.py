"""Bytes that a server sent beyond its answer, on a connection that is kept.

The HTTP library would read them as the beginning of the next answer, and so blame the next request for what
this one did.
"""

from __future__ import annotations

from typing import Any

import httpx


def drop_polluted(transport: httpx.BaseTransport) -> None:
    """Close every idle connection of a transport on which there is more than the answer.

    The library has no public place for it.
    """
    if not isinstance(transport, httpx.HTTPTransport):
        return
    pool: Any = transport._pool
    for connection in pool.connections:
        inner = connection
        while inner is not None and not hasattr(inner, "_h11_state"):
            inner = getattr(inner, "_connection", None)
        if inner is not None and inner.is_idle() and inner._h11_state.trailing_data[0]:
            connection.close()
