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

    def token(self, scopes: Scopes, **options: Any) -> Token:
        """A token with these scopes. Raises Inconclusive or NotTested when there is none."""
        token: Token = self._obtained(lambda: self.tokens.bearer(frozenset(scopes), **options))
        return token

    def ordered_token(self, scopes: list[str]) -> str:
        """A token whose scopes stand in this order. Raises NotTested when nobody hands it out."""
        token: Token = self._obtained(lambda: self.tokens.bearer(" ".join(scopes)))
        return token.value

    def odd_token(self, kind: str, binding: Binding | None = None) -> str:
        """A token that must be refused; apart from its oddness it is the usual one of ``binding``.

        Raises Inconclusive or NotTested when there is none.
        """
        good = self.usual(binding) if binding is not None and binding.scopes is not None else None
        scopes, client = (good.scopes_asked, good.client_id) if good else ((), None)
        value: str = self._obtained(lambda: self.tokens.odd(kind, scopes, client_id=client))
        return value

    def _obtained(self, obtain: Callable[[], Any]) -> Any:
        try:
            token = obtain()
        except TokenUnobtainable as problem:
            raise (Inconclusive if problem.expected else NotTested)(problem.reason) from None
        self.redactor.learn(token if isinstance(token, str) else token.value)
        if isinstance(token, Token):
            self.clients[token.value] = token.client_id
        return token

    def usual_token(self, binding: Binding, component: str | None = None) -> str | None:
        """The token that a binding is normally called with: the first sufficient scope that can be had.

        It is one of a client of ``component``, if that is given. Raises Inconclusive when there is none.
        """
        return None if binding.scopes is None else self.usual(binding, component).value

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
