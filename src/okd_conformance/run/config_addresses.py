"""Whether the roles of a target are where its file says, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from okd_conformance.base.text import say
from okd_conformance.run.config_found import LABEL, Found
from okd_conformance.run.run import Run
from okd_conformance.standard.edition import edition_ids
from okd_conformance.standard.fields import Body, field_name
from okd_conformance.standard.operation import Operation
from okd_conformance.target.reading import is_loopback
from okd_conformance.wire.clock import clock_skew, is_off
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.no_answer import NoAnswer
from okd_conformance.wire.tls import shake_hands


def reach(run: Run, role: str, answers: dict[str, Exchange]) -> Iterator[Found]:
    """Ask a role for the facts about itself; any answer shows that it is there."""
    url = run.target.roles[role].base_url
    operation = next(iter(run.edition.operations(role, "service")), None)
    path = operation.path if operation else "/"
    request = Request("GET", url + path, (("Accept", "application/json"),))
    exchange = answers[role] = run.bench.sending.send(request, LABEL, role, None)
    if exchange.answer is None:
        words = say(f"error_{exchange.error}")
        detail = _tls_detail(run, url) if exchange.error is NoAnswer.TLS else None
        words = say("config_with_detail", words=words, detail=detail) if detail else words
        proxy, remedy = run.target.http.proxy_host, say("config_unreachable_remedy", role=role)
        if proxy is not None:
            words = say("config_through_proxy", words=words, proxy=proxy)
            remedy = say("config_proxy_remedy", role=role)
        if exchange.error is not None and (exchange.error is NoAnswer.TLS or exchange.error.of_the_way):
            remedy = say(f"config_{exchange.error}_remedy", role=role)
        yield Found("bad", say("config_unreachable", role=role, url=url, words=words), remedy)
        return
    milliseconds = round(exchange.duration_s * 1000)
    yield Found("good", say("config_reachable", role=role, url=url, status=exchange.status, ms=milliseconds))
    if exchange.status in {404, 405} and operation is not None:
        yield Found("warning", say("config_no_service", role=role), say("config_no_service_remedy"))
    if url.startswith("http:") and not is_loopback(url) and not run.target.tls.terminated_elsewhere:
        yield Found("warning", say("config_plain_http", role=role), say("config_plain_http_remedy"))


def _tls_detail(run: Run, url: str) -> str | None:
    if run.target.http.proxy is not None:
        return None
    return shake_hands(url, run.target.tls.context(), run.target.limits.timeout_s).detail or None


def clocks(answers: Mapping[str, Exchange]) -> Iterator[Found]:
    """Compare the clocks, by the header Date of the answers."""
    skews = {role: skew for role, e in answers.items() for skew in [clock_skew(e)] if skew is not None}
    found = [one for role, skew in skews.items() for one in clock_off(role, skew)]
    yield from found
    if skews and not found:
        yield Found("good", say("config_clock"))


def clock_off(who: str, skew: float | None) -> Iterator[Found]:
    """A clock that differs from ours."""
    if skew is not None and is_off(skew):
        key = "config_clock_ahead" if skew > 0 else "config_clock_behind"
        yield Found("warning", say(key, role=who, seconds=round(abs(skew))), say("config_clock_remedy"))


def editions(run: Run, answers: Mapping[str, Exchange]) -> Iterator[Found]:
    """What ``GET /`` says of the edition. Only a contradiction is a warning: saying nothing is not."""
    for role, exchange in answers.items():
        operation = next(iter(run.edition.operations(role, "service")), None)
        named = edition_named(operation, exchange) if operation else None
        if named is None:
            continue
        if named == run.edition.id:
            yield Found("good", say("config_edition", role=role, edition=named))
        else:
            words = say("config_edition_other", role=role, named=named, edition=run.edition.id)
            yield Found("warning", words, say("config_edition_remedy", named=named))


def edition_named(operation: Operation, exchange: Exchange) -> str | None:
    """The edition that an answer names, if it names one that we know."""
    schema = operation.success_schema()
    try:
        value = exchange.answer.json() if exchange.answer and exchange.answer.succeeded else None
    except ValueError:
        return None
    if schema is None or not isinstance(value, dict):
        return None
    consumers = Body(schema, value).get("supported_consumers")
    key, version = field_name(schema, "consumer_key"), field_name(schema, "consumer_version")
    own = next((Body(schema, one).get("consumer_key") for one in operation.answer_examples), None)
    for consumer in consumers if isinstance(consumers, list) else ():
        if isinstance(consumer, dict) and consumer.get(key or "") == own:
            return _edition_of(str(consumer.get(version or "", "")))
    return None


def _edition_of(version: str) -> str | None:
    given = version.strip().lstrip("vV")
    for one in edition_ids():
        number = one.rpartition("-")[2]
        if given == number or given.startswith(f"{number}."):
            return one
    return None
