"""FX: the temporary address of a document, which needs no token; and how safely it travels (AUT)."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from okd_conformance.suite import (
    Case,
    Exchange,
    Request,
    Stored,
    check,
    is_loopback,
    joined,
    offering,
    same_origin,
    shake_hands,
    web_address,
)
from steps import about

REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 5


@check("OKD-FX-009")
def test_temporary_address(case: Case) -> None:
    """The address in the metadata gives the same bytes to a browser, without a token."""
    stored = case.store()
    url = temporary_address(case, stored, "metadata")
    exchange = case.expect(opened(case, url), "download")
    if exchange.succeeded:
        case.bytes_equal(exchange.answer.body, stored.content)


def temporary_address(case: Case, stored: Stored, situation: str) -> str:
    """The temporary address of a document. Raises Failed, or Inconclusive where that can't be a failure."""
    exchange = case.expect(about(case, stored.id), situation)
    found = case.value_in(exchange, "download_url")
    url = web_address(found)
    shown = "-" if found is None else repr(found)[:80]
    case.require(url is not None, "no_address", field=case.answer_field("download_url"), value=shown)
    if url is None:
        raise case.inconclusive("no_address_to_open")
    return url


def opened(case: Case, url: str) -> Exchange:
    """Get an address as a browser does: without a token, following where it leads."""
    base = case.base_url
    for _ in range(MOST_REDIRECTS):
        own = same_origin(url, base)
        case.learn_address(url)
        request = Request(
            "GET", url, (("Accept", "*/*"),), sensitive_url=True, gateway=own, elsewhere=not own
        )
        exchange = case.send(request, None, "raw")
        location = exchange.answer.header("location") if exchange.answer else None
        onward = joined(url, location) if location and exchange.status in REDIRECTS else None
        if onward is None:
            return exchange
        url = onward
    return exchange


@check("OKD-FX-010", address=["guessable"])
def test_address_can_not_be_guessed(case: Case, address: str) -> None:
    """Apart from the ids, the addresses of two documents differ."""
    assert address
    documents = [case.store(), case.store()]
    addresses = [temporary_address(case, stored, "live") for stored in documents]
    bare = {without_id(url, stored.id) for url, stored in zip(addresses, documents, strict=True)}
    case.require(len(bare) == len(documents), "address_guessable")


def without_id(url: str, document_id: str) -> str:
    """An address with the id taken out, with dashes or without."""
    lowered = url.lower()
    for form in (document_id.lower(), document_id.lower().replace("-", "")):
        lowered = lowered.replace(form, "{id}")
    return lowered


@check("OKD-FX-010", address=["of_deleted"])
def test_address_of_a_deleted_document(case: Case, address: str) -> None:
    """The address dies with its document."""
    assert address
    stored = case.store()
    url = temporary_address(case, stored, "live")
    if case.expect(opened(case, url), "live").status != 200:
        raise case.inconclusive("address_never_worked")
    case.arranged(case.call("delete", stored.id, None, stored.sample.binding.document_type))
    case.expect(opened(case, url), "deleted")


@check("OKD-AUT-018", address=["download"])
def test_download_is_secure(case: Case, address: str) -> None:
    """The temporary address of a document; opened first, so that no host is visited that may not be."""
    assert address
    url = temporary_address(case, case.store(), "metadata")
    told = opened(case, url)
    case.answered(told)
    require_secure(case, url, "not_secure", told)


@check("OKD-AUT-018", address=["token"])
def test_token_endpoint_is_secure(case: Case, address: str) -> None:
    """The token endpoint of the target file, which may be another party's."""
    assert address
    told = case.accepted()
    if case.auth is None or not case.auth.token_url:
        raise case.not_tested("no_issued_token")
    require_secure(case, case.auth.token_url, "token_not_secure", told)


def require_secure(case: Case, url: str, situation: str, told: Exchange) -> None:
    """Judge that an address is https on a server that takes TLS 1.3."""
    if urlsplit(url).scheme != "https":
        if is_loopback(case.base_url) and urlsplit(case.base_url).scheme != "https":
            raise case.not_applicable("plain_http_on_loopback")
        if case.tls.terminated_elsewhere:
            raise case.not_tested("tls_terminated_elsewhere")
        plain = "{0.scheme}://{0.hostname}".format(urlsplit(url))
        case.require(False, "plain_http", situation=situation, exchange=told, url=plain)
        return
    if case.has_proxy:
        raise case.not_tested("behind_a_proxy")
    done = shake_hands(url, offering(ssl.TLSVersion.TLSv1_3), case.timeout_s)
    if done.outcome == "unreachable":
        raise case.inconclusive("error_unreachable")
    if done.outcome == "unable":
        raise case.inconclusive("own_tls_unable", reason=done.detail)
    refused = done.outcome != "done"
    case.require(not refused, "no_tls_1_3", situation=situation, exchange=told, reason=done.detail)
