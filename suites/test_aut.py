"""AUT: tokens and scopes, for every operation that needs them.

Every refusal is bound to its cause: the same request with a sufficient token was accepted in the same run.
"""

from __future__ import annotations

import base64
import itertools
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace

from okd_conformance.suite import Binding, Case, Operation, ScopeCells, Token, cells, check, with_header
from steps import WANTS_TOKEN, agree, with_scope


def situation_of(case: Case, existing: str = "existing_document", otherwise: str = "default") -> str:
    """A refusal for a document that exists may hide that it does."""
    known = existing in case.requirement.answers
    return (
        existing if known and case.operation.kind in {"read", "metadata", "replace", "delete"} else otherwise
    )


@check("OKD-AUT-006", profile="smoke")
def test_no_token(case: Case) -> None:
    """The valid request without Authorization."""
    case.expect(case.attempt(None))


@check("OKD-AUT-007")
def test_challenge(case: Case) -> None:
    """The refusal says that a Bearer token is asked."""
    exchange = case.attempt(None)
    case.answered(exchange)
    if exchange.status != 401:
        raise case.not_applicable("no_401_to_judge", status=exchange.status or exchange.error)
    challenge = (exchange.answer.header_list("www-authenticate") or "") if exchange.answer else ""
    case.require(
        _asks_bearer(challenge),
        "no_challenge" if challenge else "absent_challenge",
        situation="no_challenge",
        exchange=exchange,
        value=challenge,
    )


def _asks_bearer(challenges: str) -> bool:
    """Whether one of several challenges is Bearer; the words in quotes of another don't count."""
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', '""', challenges)
    return re.search(r"(?:^|,)\s*bearer(?:[\s,]|$)", unquoted, re.IGNORECASE) is not None


@check("OKD-AUT-008", token=["garbled", "expired", "not_yet_valid", "wrong_signature", "alg_none"])
def test_bad_token(case: Case, token: str) -> None:
    """A token that is damaged, out of date, or not signed by the issuer."""
    case.expect(case.attempt(case.odd_token(token)))


@check("OKD-AUT-009", token=["foreign_audience", "foreign_issuer"])
def test_foreign_token(case: Case, token: str) -> None:
    """A sound token, but for another service or by another issuer."""
    case.expect(case.attempt(case.odd_token(token)))


@check("OKD-AUT-010", place=["query", "basic"])
def test_token_elsewhere(case: Case, place: str) -> None:
    """A valid token in the address, or in a Basic header, is no authorisation."""
    case.accepted()
    sample = case.canonical()
    request = replace(sample.request(), token=None)
    if place == "query":
        mark = "&" if "?" in request.url else "?"
        request = replace(request, url=f"{request.url}{mark}access_token={sample.token}")
    else:
        pair = base64.b64encode(f"okd-conformance:{sample.token}".encode()).decode()
        case.learn_secret(pair)
        request = with_header(request, "Authorization", f"Basic {pair}")
    case.expect(case.send(request, sample.operation))


@check("OKD-AUT-011", scope=cells("sufficient"))
def test_each_scope_alone_suffices(case: Case, scope: str) -> None:
    """A token with just this scope; it also uploads what it reads, changes or deletes."""
    agree(case)
    exchange = with_scope(case, scope)
    if exchange.status in WANTS_TOKEN:
        case.note(case.words("yaml_asks_other_scopes"))
    case.expect_right(exchange)


@check("OKD-AUT-012", scope=cells("refused"))
def test_other_scopes_are_refused(case: Case, scope: str) -> None:
    """A token with just a scope of the standard that the flow doesn't list."""
    token = case.only_scopes(scope)
    case.expect(case.attempt(token), situation_of(case))


@check("OKD-AUT-012", scope=cells("disputed"))
def test_disputed_scopes_are_recorded(case: Case, scope: str) -> None:
    """The sources disagree on these; either answer will do."""
    case.expect(case.attempt(case.only_scopes(scope)), "disputed")


@check("OKD-AUT-013")
def test_unrelated_scope(case: Case) -> None:
    """A valid token without any scope of the standard."""
    auth = case.auth
    known = set(case.edition.scopes)
    configured = [s for client in (auth.clients if auth else ()) for s in client.scopes if s not in known]
    case.expect(case.attempt(case.only_scopes(*(configured[:1] or ["profile"]))), situation_of(case))


@check("OKD-AUT-014", order=["first", "last"])
def test_several_scopes(case: Case, order: str) -> None:
    """A token with the right scope among others; the order says nothing."""
    scopes = case.binding.scopes
    if scopes is None:
        raise case.not_tested("no_scopes_here")
    token = several_scopes(case, scopes, order)
    case.accepted()
    case.expect(case.sent(case.canonical(token=token.value)))


MOST_PAIRS = 6
"""How many tokens to ask for, until the issuer puts two scopes in the order that is wanted."""


def several_scopes(case: Case, scopes: ScopeCells, order: str) -> Token:
    """A token with a right scope first or last among others, by the token's own order.

    Without a signing key the others are what a client of the target file may have too. Raises NotTested when
    no client has any, or the issuer always orders them otherwise.
    """
    if case.auth is not None and case.auth.signing_key is not None:
        others = [*scopes.refused, *scopes.sufficient[1:]][:2]
        listed = [scopes.sufficient[0], *others, "okd-conformance"]
        return case.ordered_token(listed if order == "first" else listed[::-1])
    for pair in itertools.islice(pairs_of_a_client(case, scopes), MOST_PAIRS):
        wanted = list(pair if order == "first" else pair[::-1])
        token = case.ordered_token(wanted)
        if token.order is None or [scope for scope in token.order if scope in pair] == wanted:
            return token
    raise case.not_tested("no_several_scopes")


def pairs_of_a_client(case: Case, scopes: ScopeCells) -> Iterator[tuple[str, str]]:
    """A scope that suffices and one that doesn't, both of which one client may have."""
    for client in case.auth.clients if case.auth else ():
        for right in scopes.sufficient:
            for other in scopes.refused:
                if {right, other} <= set(client.scopes):
                    yield right, other


@check("OKD-AUT-015", form=["longer", "upper-case", "shorter", "prefixed"])
def test_scope_is_compared_whole(case: Case, form: str) -> None:
    """Something that looks like a listed scope is not that scope."""
    scopes = case.binding.scopes
    if scopes is None:
        raise case.not_tested("no_scopes_here")
    right = scopes.sufficient[0]
    changed = {
        "longer": right + "X",
        "upper-case": right.upper(),
        "shorter": right[:-3],
        "prefixed": "x" + right,
    }[form]
    situation = "upper_case" if form == "upper-case" else situation_of(case)
    case.expect(case.attempt(case.ordered_token([changed]).value), situation)


@check("OKD-AUT-016")
def test_refusal_reveals_nothing(case: Case) -> None:
    """Without a token, an id that exists and one that doesn't get the same answer."""
    known = case.expect(case.attempt(None))
    sample = case.canonical()
    unknown = {meaning: str(uuid.UUID(case.fresh_uuid())) for meaning in sample.path_values}
    exchange = case.expect(case.sent(sample.but(path_values=unknown, token=None)))
    case.require(
        known.status == exchange.status,
        "reveals_existence",
        known=known.status or known.error,
        unknown=exchange.status or exchange.error,
    )


def other_ways_in(operation: Operation | None, _: Binding | None) -> list[str]:
    """How a request that changes a stored document can be refused; nothing where there is none."""
    if operation is None or operation.bindings[0].document_type is None:
        return []
    return ["no-token", "other-scope"] if operation.kind in {"replace", "delete"} else []


@check("OKD-AUT-016", refused_by=other_ways_in)
def test_refusal_has_no_effect(case: Case, refused_by: str) -> None:
    """After a refusal the document is still there, with its own bytes."""
    case.accepted()
    scopes = case.binding.scopes
    refused = scopes.refused[0] if scopes and scopes.refused else ""
    token = case.only_scopes(refused) if refused_by == "other-scope" else None
    stored = case.store()
    path = {"dms_document_id": stored.id}
    attempt = case.sent(case.canonical(path_values=path, file=stored.content + b"%").but(token=token))
    case.answered(attempt)
    if attempt.answer is not None and attempt.succeeded:
        raise case.inconclusive("was_not_refused", status=attempt.answer.status)
    after = case.read(stored.id, document_type=case.binding.document_type)
    case.answered(after)
    kept = after.answer is not None and after.answer.succeeded and after.answer.body == stored.content
    case.require(kept, "refusal_took_effect", situation="took_effect", exchange=after)
    case.expect(after, "afterwards")
