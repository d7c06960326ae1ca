"""When going on makes no sense: rules that follow the exchanges of a run and say why it should stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from okd_conformance.base.text import Text, say
from okd_conformance.wire.exchange import Exchange

_REQUESTS = 25
_OPERATIONS = 3
_SERVER_ERROR = 500


class Rule(Protocol):
    """Sees each exchange of a run, in order."""

    def saw(self, exchange: Exchange) -> Text | None:
        """Why the run should stop after this exchange; None to go on."""


@dataclass
class ServerErrors:
    """From the very first, everything is answered with a server error, whatever the operation.

    One other answer shows that the target works, and then this never stops the run. A few operations that
    fail don't either: several different ones must have. What was sent without a token or past the HTTP
    client says nothing here, because it may well be wrong on purpose; as each refusal is judged beside its
    valid twin, valid requests are among the others.
    """

    _n: int = 0
    _operations: set[tuple[str | None, str]] = field(default_factory=set)
    _works: bool = False

    def saw(self, exchange: Exchange) -> Text | None:
        """Why the run should stop."""
        status = exchange.status
        if status is None or self._works:
            return None
        if status < _SERVER_ERROR:
            self._works = True
        elif exchange.operation and exchange.request.token is not None and "raw" not in exchange.tags:
            self._n += 1
            self._operations.add((exchange.role, exchange.operation))
            if self._n >= _REQUESTS and len(self._operations) >= _OPERATIONS:
                return say("giving_up_server_errors", status=_named(status))
        return None


def _named(status: int) -> str:
    known = status in set(HTTPStatus)
    return f"{status} {HTTPStatus(status).phrase}" if known else str(status)
