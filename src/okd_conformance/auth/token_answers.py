"""What a token endpoint answers: a token, or a refusal with the issuer's own words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from okd_conformance.base.bounded import read_json
from okd_conformance.base.configuration import shortened

MAX_TOKEN = 65_536
"""Characters; no server takes a longer one in a header."""
MAX_SAID = 400
"""Characters of the issuer's own words that are shown."""
_TOKENS = ("access_token", "refresh_token", "id_token")
_OF_THE_CLIENT = {"invalid_client", "unauthorized_client"}


@dataclass(frozen=True, slots=True)
class Granted:
    """What the endpoint gave."""

    value: str = field(repr=False)
    token_type: str | None
    expires_in: float | None
    scopes: tuple[str, ...] | None
    """In the order of the answer."""


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """An answer without a token; error and description are the issuer's own words, unredacted."""

    status: int
    error: str | None = field(default=None, repr=False)
    description: str | None = field(default=None, repr=False)
    has_error: bool = False
    """There is a member ``error``, if perhaps not one that can be read."""

    @property
    def of_the_client(self) -> bool:
        """Whether it is the client that the endpoint doesn't know or want."""
        return not self.busy and (self.status == 401 or self.error in _OF_THE_CLIENT)

    @property
    def busy(self) -> bool:
        """Whether the endpoint can't answer now; what else it says doesn't count."""
        return self.status == 429 or self.status >= 500


def read_answer(status: int, content: bytes) -> Granted | TokenRefused:
    """Read an answer, without anything that has the wrong type."""
    said = fields_of(content)
    token = said.get("access_token")
    error, description = said.get("error"), said.get("error_description")
    if status >= 300 or error or not _usable(token):
        return TokenRefused(status, _words(error), _words(description), bool(error))
    token_type, scope = said.get("token_type"), said.get("scope")
    return Granted(
        value=str(token),
        token_type=token_type if isinstance(token_type, str) else None,
        expires_in=_seconds(said.get("expires_in")),
        scopes=tuple(scope.split()) if isinstance(scope, str) else None,
    )


def tokens_in(content: bytes) -> Iterator[str]:
    """What an answer hands out, whether it is a success or not."""
    said = fields_of(content)
    for token in (said.get(name) for name in _TOKENS):
        if isinstance(token, str) and len(token) <= MAX_TOKEN:
            yield token


def fields_of(content: bytes) -> dict[str, Any]:
    """The members of a JSON object; none when it isn't one."""
    try:
        said = read_json(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _usable(token: object) -> bool:
    return (
        isinstance(token, str)
        and 0 < len(token) <= MAX_TOKEN
        and all("!" <= letter <= "~" for letter in token)
    )


def _words(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def one_line(words: str) -> str:
    """Words of a stranger in a form that is safe to show."""
    return " ".join(shortened(words, MAX_SAID).split())


def _seconds(value: object) -> float | None:
    """Read a lifetime; some endpoints send it as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
