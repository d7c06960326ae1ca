"""The tokens of a run: which there are, whose they are, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from okd_conformance.auth.tokens import Token, Tokens, TokenUnobtainable
from okd_conformance.base.text import say
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.standard.operation import Binding
from okd_conformance.target.model import Auth

Scopes = tuple[str, ...]


@dataclass(repr=False)
class Rights:
    """Hands out tokens; each is a secret from then on."""

    tokens: Tokens
    redactor: Redactor
    auth: Auth | None
    clients: dict[str, str] = field(default_factory=dict)
    """Per token, the client that it was given to."""
    names_none: bool = False
    """The edition names no rights at all: the target's token goes along all the same."""
    _lacking: dict[str, frozenset[str]] = field(default_factory=dict)

    def token(self, scopes: Scopes, **options: Any) -> Token:
        """A token with these scopes. Raises Inconclusive or NotTested when there is none."""
        token: Token = self._obtained(lambda: self.tokens.bearer(frozenset(scopes), **options))
        return token

    def ordered_token(self, scopes: list[str]) -> Token:
        """A token for scopes in this order. Raises Inconclusive, or NotTested when nobody hands it out."""
        token: Token = self._obtained(lambda: self.tokens.bearer(" ".join(scopes)))
        return token

    def signed_for(self, value: str | None) -> str | None:
        """The client that a token was made for which the suite signed itself; None for any other token."""
        return self.tokens.signed_for(value or "")

    def control(self, binding: Binding, client_id: str) -> Token:
        """A token that the suite signs and that is good in all: it shows whether such tokens are taken."""
        scopes = self.usual(binding).scopes_asked
        token: Token = self._obtained(lambda: self.tokens.minted(scopes, client_id))
        return token

    def lacking(self, value: str | None) -> frozenset[str]:
        """The scopes that were asked for a token and that it lacks, by what the issuer itself says."""
        return self._lacking.get(value or "", frozenset())

    def odd_token(self, kind: str, binding: Binding | None = None) -> str:
        """A token that must be refused; apart from its oddness it is the usual one of ``binding``.

        Raises Inconclusive or NotTested when there is none.
        """
        good = self.usual(binding) if binding is not None and binding.scopes is not None else None
        scopes, client = (good.scopes_asked, good.client_id) if good else ((), None)
        value: str = self._obtained(lambda: self.tokens.odd(kind, scopes, client_id=client))
        return value

    def for_wrong_secret(self, client_id: str, secret: str) -> bool:
        """Whether the issuer gives a token for a secret that isn't the client's; tried once per client.

        Raises Inconclusive when the right secret brings none, NotTested where there is no secret.
        """
        client = next(c for c in (self.auth.clients if self.auth else ()) if c.client_id == client_id)
        self.token(client.scopes[:1], client_id=client_id)
        given: bool = self._tried(lambda: self.tokens.for_wrong_secret(client_id, secret))
        return given

    def beyond(self, client_id: str, scope: str) -> Token | None:
        """What the issuer gives a client for a scope that it doesn't list; None when it refuses.

        Raises Inconclusive.
        """
        given: Token | None = self._tried(lambda: self.tokens.beyond(client_id, scope))
        return given

    def _tried(self, obtain: Callable[[], Any]) -> Any:
        try:
            return obtain()
        except TokenUnobtainable as problem:
            raise (Inconclusive if problem.expected else NotTested)(problem.reason) from None

    def _obtained(self, obtain: Callable[[], Any]) -> Any:
        token = self._tried(obtain)
        self.redactor.learn(token if isinstance(token, str) else token.value)
        if isinstance(token, Token):
            self.clients[token.value] = token.client_id
            self._lacking[token.value] = token.lacking
        return token

    def usual_token(self, binding: Binding, component: str | None = None) -> str | None:
        """The token that a binding is normally called with: the first sufficient scope that can be had.

        It is one of a client of ``component``, if that is given. An edition that names no rights gets all
        scopes of the first client. Raises Inconclusive when there is none.
        """
        if binding.scopes is not None:
            return self.usual(binding, component).value
        first = self.auth.clients[0] if self.names_none and self.auth and self.auth.clients else None
        return self.token(first.scopes, client_id=first.client_id).value if first else None

    def usual(self, binding: Binding, component: str | None = None) -> Token:
        """The token that a binding is normally called with, and what is known of it.

        Raises LookupError when the binding needs no token, Inconclusive when there is none.
        """
        if binding.scopes is None:
            raise LookupError("no token is needed here")
        problem: Exception | None = None
        for scope in binding.scopes.sufficient:
            try:
                return self.token((scope,), component=component)
            except (Inconclusive, NotTested) as error:
                problem = problem or error
        raise Inconclusive(say("no_usual_token", scopes=", ".join(binding.scopes.sufficient))) from problem

    def component_of(self, token: Token) -> str | None:
        """The calling system that a token belongs to, by the target file; None when that names none."""
        clients = self.auth.clients if self.auth else ()
        return next((c.component for c in clients if c.client_id == token.client_id), None)
