"""GEN: headers of ordinary clients, and what an answer allows caches to do with it."""

from __future__ import annotations

from functools import reduce

from okd_conformance.suite import Case, check, observes, with_header

OF_CLIENTS = {
    "content-type": {"Content-Type": "application/json", "Content-Length": "0"},
    "java": {"Accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"},
    "axios": {"Accept": "application/json, text/plain, */*"},
    "browser": {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
}


@check("OKD-GEN-022", headers=OF_CLIENTS)
def test_headers_of_clients(case: Case, headers: dict[str, str]) -> None:
    """The valid request without a body, with the headers that a widely used client adds by itself."""
    request = reduce(lambda r, header: with_header(r, *header), headers.items(), case.canonical().request())
    case.expect(case.send(request, case.operation))


@observes("OKD-GEN-023")
def answer_is_not_for_shared_caches(case: Case) -> bool:
    """An answer that needs a token is not offered to everybody who asks a cache."""
    exchange = case.telling
    if exchange is None or exchange.answer is None or not exchange.succeeded or not exchange.request.token:
        return False
    control = exchange.answer.header_list("cache-control") or ""
    words = {word.partition("=")[0].strip().lower() for word in control.split(",")}
    case.require(
        not words & {"public", "s-maxage"}, "for_shared_caches", situation="public", exchange=exchange
    )
    return True


@check("OKD-GEN-023")
def test_shared_caches(case: Case) -> None:
    """The answer to the valid request."""
    case.accepted()
    case.answered(case.sent(case.canonical()))
    if not answer_is_not_for_shared_caches(case):
        raise case.not_applicable("no_schema_to_judge")
