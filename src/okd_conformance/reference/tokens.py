"""How a resource reads an access token: the signature, the times, for whom and by whom, and who bears it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.world import Caller, World

if TYPE_CHECKING:
    from starlette.requests import Request


def bearer_token(request: Request) -> str | None:
    """Return the token of the Authorization header, the only place that counts; None if there is none."""
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return None
    scheme, _, token = values[0].strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def signed_claims(world: World, token: str) -> Mapping[str, Any]:
    """Return the claims of a token with a good signature."""
    try:
        return world.issuer.claims_of(token)
    except ValueError as error:
        raise Refused("bad_token") from error


def check_times(world: World, claims: Mapping[str, Any]) -> None:
    """Refuse a token that has expired or is not valid yet."""
    now = world.behaviour.clock()
    if not _number(claims.get("nbf", 0), math.inf) <= now < _number(claims.get("exp"), -math.inf):
        raise Refused("bad_token")


def check_audience(world: World, claims: Mapping[str, Any]) -> None:
    """Refuse a token that is meant for another resource."""
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    if world.issuer.audience not in meant:
        raise Refused("foreign_token")


def check_issuer(world: World, claims: Mapping[str, Any]) -> None:
    """Refuse a token of another issuer."""
    if claims.get("iss") != world.issuer.name:
        raise Refused("foreign_token")


def caller_of(world: World, claims: Mapping[str, Any]) -> Caller:
    """Say who calls: the component is in the token, else it follows from the client."""
    client_id = str(claims.get("client_id") or claims.get("sub") or "")
    known = world.school.client(client_id)
    component = claims.get("component") or (known.component if known else client_id)
    scope = claims.get("scope")
    scopes = frozenset(scope.split(" ")) - {""} if isinstance(scope, str) else frozenset[str]()
    return Caller(client_id, str(component), scopes, claims)


def _number(value: object, otherwise: float) -> float:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else otherwise
