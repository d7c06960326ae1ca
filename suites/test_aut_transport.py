"""AUT: the connection itself, and where tokens come from.

On plain http to this machine the rows about TLS don't apply; on plain http elsewhere they fail, unless the
target file says that TLS ends at a gateway.
"""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from okd_conformance.suite import (
    Case,
    Exchange,
    Handshake,
    Inconclusive,
    OAuthClient,
    Reading,
    Request,
    Token,
    check,
    is_loopback,
    offering,
    same_origin,
    shake_hands,
    web_address,
)
from steps import first_about

OLD_VERSIONS = {
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.0": ssl.TLSVersion.TLSv1,
}


def secure_url(case: Case) -> str:
    """The https address of the role. Raises NotApplicable, NotTested, or Failed for plain http elsewhere."""
    url = case.base_url
    if urlsplit(url).scheme == "https":
        if case.has_proxy:
            raise case.not_tested("behind_a_proxy")
        return url
    if is_loopback(url):
        raise case.not_applicable("plain_http_on_loopback")
    if case.tls.terminated_elsewhere:
        raise case.not_tested("tls_terminated_elsewhere")
    case.require(False, "plain_http", url=url)
    raise case.not_tested("tls_terminated_elsewhere")


def handshake(case: Case, context: ssl.SSLContext, url: str | None = None) -> Handshake:
    """One handshake with the role's server, or another. Raises Inconclusive when there was none to judge."""
    done = shake_hands(url or secure_url(case), context, case.timeout_s)
    if done.outcome == "unreachable":
        raise case.inconclusive("error_unreachable")
    if done.outcome == "unable":
        raise case.inconclusive("own_tls_unable", reason=done.detail)
    return done


@check("OKD-AUT-001")
def test_tls_1_3(case: Case) -> None:
    """A handshake that only offers TLS 1.3."""
    done = handshake(case, offering(ssl.TLSVersion.TLSv1_3))
    case.require(done.outcome == "done", "no_tls_1_3", reason=done.detail)


@check("OKD-AUT-002", version=OLD_VERSIONS)
def test_older_tls_is_refused(case: Case, version: ssl.TLSVersion) -> None:
    """A handshake that only offers an older version."""
    secure_url(case)
    done = handshake(case, offering(version))
    case.require(done.outcome != "done", "old_tls_accepted", version=done.detail)


@check("OKD-AUT-003", call=["service", "operation"])
def test_no_data_over_plain_http(case: Case, call: str) -> None:
    """Over http the address gives nothing, or the way to https; no token is sent there."""
    parts = urlsplit(secure_url(case))
    operations = case.edition.operations(case.role)
    chosen = next((o for o in operations if (o.kind == "service") == (call == "service")), operations[0])
    path = parts.path.rstrip("/") + chosen.full_path(
        {p.meaning or p.name: case.fresh_uuid() for p in chosen.path_parameters}
    )
    ports = [parts.hostname or ""] + ([f"{parts.hostname}:{parts.port}"] if parts.port else [])
    for host in ports:
        request = Request(chosen.method, urlunsplit(("http", host, path, "", "")), (("Accept", "*/*"),))
        try:
            exchange = case.send(replace(request, token=None), None, "raw")
            case.answered(exchange)
        except Inconclusive:
            continue  # nothing listens there, which is right
        if exchange.answer is None:
            continue
        location = exchange.answer.header("location") or ""
        redirected = 300 <= exchange.answer.status < 400
        if redirected and not location.startswith("https://"):
            case.require(
                False,
                "redirect_not_https",
                situation="redirect_not_https",
                exchange=exchange,
                value=location or "-",
            )
        case.expect(exchange, "default" if exchange.answer.has_json else "page")


@check("OKD-AUT-004")
def test_certificate(case: Case) -> None:
    """The ordinary verification that every client does."""
    tls = case.tls
    done = handshake(case, tls.context())
    if done.outcome == "refused":
        raise case.inconclusive("handshake_refused", reason=done.detail)
    case.require(done.outcome == "done", "certificate_does_not_hold", reason=done.detail)
    if tls.ca_file is not None:
        case.note(case.words("own_root"))


@check("OKD-AUT-005")
def test_client_credentials(case: Case) -> None:
    """A client id and a secret are exchanged for a Bearer token, which the role then takes."""
    operation, binding = _first_secured(case)
    kind = _issued(case, binding).token_type
    case.require((kind or "").lower() == "bearer", "token_type", value=kind or "-")
    case.expect(case.accepted(operation, binding), "use")


def _first_secured(case: Case) -> Any:
    for operation in case.edition.operations(case.role):
        for binding in operation.bindings:
            if binding.scopes and binding.scopes.sufficient and case.serves(binding):
                return operation, binding
    raise case.not_tested("no_scopes_here")


def _issued(case: Case, binding: Any) -> Token:
    """A token that the endpoint gave for the binding; one that the suite minted shows nothing of it."""
    auth = case.auth
    listed = {scope for client in (auth.clients if auth else ()) for scope in client.scopes}
    for scope in binding.scopes.sufficient:
        if scope in listed:
            return case.token(scope)
    raise case.not_tested("no_issued_token")


UNHEARD_OF = "okd:okd-conformance"
"""A scope that no school can have given to anybody."""


def clients(case: Case) -> tuple[OAuthClient, ...]:
    """The clients of the target file, for the one role at which their issuer is judged.

    Raises NotApplicable for every other role, so that nothing is asked twice.
    """
    if case.role != case.first_role:
        raise case.not_applicable("issuer_judged_once", role=case.first_role)
    return case.auth.clients if case.auth else ()


def reading_of_the_issuer(case: Case) -> Reading:
    """A token endpoint on a server of the target is the target's own; another's is a warning at most."""
    url = case.auth.token_url or case.auth.issuer or "" if case.auth else ""
    return "failed" if any(same_origin(url, base) for base in case.base_urls.values()) else "warned"


@check("OKD-AUT-018")
def test_wrong_secret(case: Case) -> None:
    """One wrong secret for each client, after the right one brought a token."""
    reading = reading_of_the_issuer(case)
    for client in clients(case):
        taken = case.for_wrong_secret(client.client_id)
        case.require(not taken, "wrong_secret_taken", reading=reading, client=client.client_id)


@check("OKD-AUT-019")
def test_scope_beyond(case: Case) -> None:
    """A scope that the target file doesn't list for the client, or else one that nobody can have."""
    for client in clients(case):
        scope = next((s for s in case.edition.scopes if s not in client.scopes), UNHEARD_OF)
        token = case.beyond(client.client_id, scope)
        given = token is not None and scope in (token.scopes_granted or ())
        case.require(not given, "scope_beyond_given", client=client.client_id, scope=scope)
        if token is not None and token.scopes_granted is None:
            case.note(case.words("scopes_not_told", client=client.client_id, scope=scope))


@check("OKD-AUT-020", address=["download"])
def test_download_is_secure(case: Case) -> None:
    """The temporary address of a document; opened first, so that no host is visited that may not be."""
    exchange = case.expect(first_about(case, case.store()), "metadata")
    url = web_address(case.value_in(exchange, "download_url"))
    if url is None:
        raise case.inconclusive("no_address_to_open")
    case.learn_address(url)
    own = same_origin(url, case.base_url)
    request = Request("GET", url, (("Accept", "*/*"),), sensitive_url=True, gateway=own, elsewhere=not own)
    told = case.send(request, None, "raw")
    case.answered(told)
    require_secure(case, url, "not_secure", told)


@check("OKD-AUT-020", address=["token"])
def test_token_endpoint_is_secure(case: Case) -> None:
    """The token endpoint of the target file, which may be another party's."""
    told = case.accepted()
    if case.token_address is None:
        raise case.not_tested("no_issued_token")
    require_secure(case, case.token_address, "token_not_secure", told)


def require_secure(case: Case, url: str, situation: str, told: Exchange) -> None:
    """Judge that an address is https on a server that takes TLS 1.3."""
    parts, base = urlsplit(url), urlsplit(case.base_url)
    if parts.scheme != "https" and base.scheme != "https":
        secure_url(case)  # on this machine, or where TLS ends elsewhere, there is nothing to judge
    if parts.scheme != "https":
        case.require(False, "plain_http", situation=situation, exchange=told, url=f"http://{parts.hostname}")
        return
    if case.has_proxy:
        raise case.not_tested("behind_a_proxy")
    done = handshake(case, offering(ssl.TLSVersion.TLSv1_3), url)
    case.require(done.outcome == "done", "no_tls_1_3", situation=situation, exchange=told, reason=done.detail)
