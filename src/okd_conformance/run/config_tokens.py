"""Whether the clients of a target get the tokens that they should."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from okd_conformance.auth.tokens import Token, TokenUnobtainable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.text import Text, say
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.run.config_addresses import clock_off
from okd_conformance.run.config_found import Found, mistakes
from okd_conformance.run.run import Run
from okd_conformance.standard.operation import Binding
from okd_conformance.target.model import OAuthClient

_TOKENS_S = 60.0
"""How long to go on asking for tokens."""


def tokens(run: Run) -> Iterator[Found]:
    """Ask every client for every scope that it may have, and see that each flow can be called."""
    auth = run.target.auth
    if auth is None:
        return
    end = time.monotonic() + _TOKENS_S
    refused = False
    some = False
    for client in auth.clients:
        had: list[str] = []
        lacking: list[Token] = []
        without: dict[str, tuple[Text, list[str]]] = {}
        for scope in client.scopes:
            if time.monotonic() > end:
                yield Found("unknown", say("config_tokens_slow", client=client.client_id))
                break
            try:
                token = run.bench.tokens.bearer(scope, client_id=client.client_id)
            except TokenUnobtainable as problem:
                without.setdefault(problem.reason.en, (problem.reason, []))[1].append(scope)
                continue
            except ConfigurationError as error:
                yield from mistakes(error)
                refused = True
                break
            had.append(scope)
            lacking += [token] if token.lacking else []
        yield from _lacking(run, lacking, otherwise=len(lacking) == len(had))
        if had:
            yield Found("good", say("config_tokens", client=client.client_id, scopes=", ".join(had)))
        yield from _not_given(client, without, auth.place, some=bool(had))
        some = some or bool(had)
    yield from clock_off(auth.place, run.bench.tokens.skew)
    if some and not refused:
        yield from _flows_without_token(run)
    yield from _rights_to_add(run)


def _not_given(
    client: OAuthClient, without: Mapping[str, tuple[Text, list[str]]], where: str, *, some: bool
) -> Iterator[Found]:
    """The scopes for which a client got no token, by reason.

    One reason for all of several scopes is not about the scopes but about the endpoint.
    """
    for reason, scopes in without.values():
        told = {"client": client.client_id, "scope": ", ".join(scopes), "reason": reason}
        endpoint = not some and len(without) == 1 and len(scopes) > 1
        key = "config_no_token_at_all_remedy" if endpoint else "config_no_token_remedy"
        yield Found("bad", say("config_no_token", **told), say(key, place=client.place, where=where))


def _rights_to_add(run: Run) -> Iterator[Found]:
    """What the target file leaves out, and what can't be judged for that reason."""
    auth = run.target.auth
    if auth is None or not any(run.edition.operations(role, "upload") for role in run.target.roles):
        return
    if len({client.component for client in auth.clients}) == 1:
        yield Found("unknown", say("config_one_system"))
    if auth.signing_key is None:
        yield Found("unknown", say("config_no_signing_key"))


def _lacking(run: Run, tokens: list[Token], *, otherwise: bool) -> Iterator[Found]:
    """The tokens of a client that say they have less than was asked for.

    ``otherwise``: all of them do, so the issuer may have words of its own for scopes.
    """
    remedy = say("config_other_scope_remedy")
    for token in tokens:
        given = " ".join(sorted(token.scopes_granted or ())) or "-"
        scope = " ".join(sorted(token.lacking))
        if otherwise or not token.lacking & set(run.edition.scopes):
            words = say("config_other_scope", client=token.client_id, scope=scope, given=given)
            yield Found("warning", words, remedy)
        else:
            yield Found("bad", run.bench.set_up.gave_less(token.client_id, token.lacking), remedy)


def _flows_without_token(run: Run) -> Iterator[Found]:
    """The flows that no client of the target file can call."""
    missing: dict[tuple[str, ...], list[str]] = {}
    for role in run.target.roles:
        for binding in run.edition.bindings(role):
            if binding.scopes is None or not run.bench.serves(binding) or _has_token(run, binding):
                continue
            flows = missing.setdefault(tuple(binding.scopes.sufficient), [])
            if binding.flow not in flows:
                flows.append(binding.flow)
    for scopes, flows in missing.items():
        words = say("config_flow_without_token", flows=", ".join(flows), scopes=", ".join(scopes))
        yield Found("bad", words, say("config_flow_without_token_remedy"))


def _has_token(run: Run, binding: Binding) -> bool:
    try:
        run.bench.rights.usual(binding)
    except (Inconclusive, NotTested, ConfigurationError):
        return False
    return True
