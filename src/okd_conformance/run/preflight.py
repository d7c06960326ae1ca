"""Whether there is something to judge: a target that answers, and tokens for it."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

from okd_conformance.auth.tokens import TokenUnobtainable
from okd_conformance.base.text import say
from okd_conformance.run.refused import UnreachableError
from okd_conformance.run.run import Run

_REACH_S = 5.0
_TOKENS_S = 20.0
"""How long to try other scopes and clients when tokens don't come."""


def preflight(run: Run) -> None:
    """Make sure that there is something to judge.

    Raises UnreachableError when no role answers or no token can be had, ConfigurationError when the token
    endpoint refuses a client.
    """
    if run.target.http.proxy is None:
        addresses = {name: r.base_url for name, r in run.target.roles.items()}
        closed = [url for url in addresses.values() if not _answers(url)]
        if len(closed) == len(addresses):
            raise UnreachableError(say("target_unreachable", urls=", ".join(dict.fromkeys(closed))), run)
    problem = _without_token(run)
    if problem is not None:
        raise UnreachableError(problem.reason, run)


def _without_token(run: Run) -> TokenUnobtainable | None:
    """Ask a token for every client; what went wrong last when not one was given."""
    problem: TokenUnobtainable | None = None
    had = False
    end = time.monotonic() + _TOKENS_S
    for client in run.target.auth.clients if run.target.auth else ():
        for scope in client.scopes:
            try:
                run.bench.tokens.bearer(frozenset({scope}), client_id=client.client_id)
            except TokenUnobtainable as error:
                problem = error
            else:
                had = True
                break
            if time.monotonic() > end:
                break
    return None if had else problem


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=_REACH_S):
            return True
    except OSError:
        return False
