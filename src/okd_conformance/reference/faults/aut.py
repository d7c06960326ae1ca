"""Faults in who may call: tokens and scopes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from okd_conformance.reference import rights
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import after, anyone, around, instead
from okd_conformance.reference.faults.registry import fault, faults
from okd_conformance.reference.tokens import bearer_token
from okd_conformance.reference.world import Behaviour, Call, Caller, Claims, Values, World
from okd_conformance.standard.operation import Binding


@fault("token-type-missing", instead("token_answer"))
def _token_type_missing(granted: Values) -> Values:
    return {k: v for k, v in granted.items() if k != "token_type"}


@fault("any-secret-accepted")
def _any_secret(behaviour: Behaviour) -> None:
    behaviour.granting.secret_fits = lambda _client, _secret: True


@fault("any-scope-granted")
def _any_scope(behaviour: Behaviour) -> None:
    behaviour.granting.granted = lambda asked, _allowed: asked


@fault("no-auth-enforced", around("authenticate"))
def _no_auth_enforced(inner: Callable[..., Caller], call: Call) -> Caller:
    return inner(call) if "authorization" in call.request.headers else anyone(call)


@fault("challenge-missing", after("problem"))
def _challenge_missing(answer: Reply, *_: object) -> Reply:
    answer.headers.pop("WWW-Authenticate", None)
    return answer


@fault("any-token-accepted", instead("accept_token"))
def _any_token_accepted(call: Call, token: str) -> Caller:
    try:
        call.world.issuer.claims_of(token)
    except ValueError:
        return anyone(call)
    return rights.accept_token(call, token)


@fault("signature-not-checked", instead("signed_claims"))
def _signature_not_checked(_world: World, token: str) -> Claims:
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError) as error:
        raise Refused("bad_token") from error
    if not isinstance(claims, dict):
        raise Refused("bad_token")
    return claims


def _overlook(behaviour: Behaviour, claim: str, harmless: float) -> None:
    inner = behaviour.token_checks["times"]
    behaviour.token_checks["times"] = lambda world, claims: inner(world, {**claims, claim: harmless})


@fault("foreign-token-accepted")
def _foreign_token_accepted(behaviour: Behaviour) -> None:
    del behaviour.token_checks["audience"], behaviour.token_checks["issuer"]


@fault("token-in-the-address-accepted", around("authenticate"))
def _token_elsewhere(inner: Callable[..., Caller], call: Call) -> Caller:
    token = call.request.query_params.get("access_token") or _password(call)
    if token is None or bearer_token(call.request) is not None:
        return inner(call)
    return call.behaviour.accept_token(call, token)


def _password(call: Call) -> str | None:
    scheme, _, value = call.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value).decode().partition(":")[2] or None
    except ValueError:
        return None


@fault("needs-all-scopes", instead("scope_suffices"))
def _needs_all_scopes(call: Call, binding: Binding) -> bool:
    return binding.scopes is None or set(binding.scopes.sufficient) <= call.caller.scopes


@fault("scope-ignored", instead("scope_suffices"))
def _scope_ignored(call: Call, _binding: object) -> bool:
    return bool(call.caller.scopes & set(call.world.edition.scopes))


@fault("no-okd-scope-accepted", instead("scope_suffices"))
def _no_okd_scope_accepted(call: Call, binding: Binding) -> bool:
    known = [s for s in call.world.edition.scopes if any(s.lower() in t.lower() for t in call.caller.scopes)]
    return not known or rights.scope_suffices(call, binding)


@fault("only-first-scope-read", around("caller_of"))
def _only_first_scope_read(inner: Callable[..., Caller], world: World, claims: Claims) -> Caller:
    return inner(world, {**claims, "scope": str(claims.get("scope", "")).partition(" ")[0]})


@fault("scope-compared-loosely", instead("scope_suffices"))
def _scope_compared_loosely(call: Call, binding: Binding) -> bool:
    if rights.scope_suffices(call, binding):
        return True
    odd = [s.lower() for s in call.caller.scopes if s not in call.world.edition.scopes]
    wanted = binding.scopes.sufficient if binding.scopes is not None else ()
    return any(w.lower() in s for w in wanted for s in odd)


@fault("existence-shown-without-token", around("authenticate"))
def _existence_shown(inner: Callable[..., Caller], call: Call) -> Caller:
    if bearer_token(call.request) is None and not _names_something(call):
        raise Refused("unknown_document")
    return inner(call)


def _names_something(call: Call) -> bool:
    path = call.request.url.path.lower()
    store, school = call.world.store, call.world.school
    known = [d.id for d in store.documents(call.role)]
    known += [r["body_id"] for r in store.all("registration", call.role)]
    known += [p.person_id for p in school.people] + [s.offering_id for s in school.sittings]
    known += [e.association_id for p in school.people for e in p.enrolments]
    return not call.operation.path_parameters or any(name in path for name in known)


@fault("refused-deletion-done", around("authenticate"))
def _refused_deletion_done(inner: Callable[..., Caller], call: Call) -> Caller:
    try:
        return inner(call)
    except Refused:
        document = call.world.store.document(call.role, call.request.url.path.rpartition("/")[2])
        if document is not None and call.operation.kind == "delete":
            call.world.store.remove(call.role, document)
        raise


faults(
    {
        "expired-token-accepted": lambda behaviour: _overlook(behaviour, "exp", 4e10),
        "early-token-accepted": lambda behaviour: _overlook(behaviour, "nbf", 0),
    }
)
