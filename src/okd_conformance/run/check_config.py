"""The command ``check-config``: whether a target can be judged, before the first check runs.

It only reads: it connects, asks for tokens, asks for ``GET /``, and looks people and enrolments up where the
edition has an operation for that. It ends with one sentence.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from okd_conformance.auth.tokens import Token, TokenUnobtainable
from okd_conformance.base.clean import printable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.redaction.redactor import MIN_SECRET
from okd_conformance.run.init_file import fixtures_needed
from okd_conformance.run.opening import Options, Run, open_run
from okd_conformance.standard.edition import Binding, Operation, edition_ids
from okd_conformance.standard.fields import Body, field_name
from okd_conformance.target.model import Client as TargetClient
from okd_conformance.target.reading import Target, is_loopback
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.failures import SET_UP
from okd_conformance.wire.tls import shake_hands

_MOST_SKEW_S = 60
"""Tokens are usually refused when clocks differ by more than a minute or so."""
_TOKENS_S = 60.0
"""How long to go on asking for tokens."""
_LABEL = "check-config"
_WORD = re.compile(r"[A-Z]?[a-z]+(?:[_ -][a-z]+)*")
_MARKS = {"good": "+", "bad": "x", "warning": "!", "unknown": "-"}


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was looked at."""

    how: str
    """good, bad, warning, or unknown: it can't be seen from here."""
    words: Text
    remedy: Text | None = None
    code: int = 3
    """The exit code that it leads to when it is bad."""


@dataclass
class _Progress:
    """Shows each finding as it comes, and remembers it."""

    lang: Lang
    write: Callable[[str], object]
    redact: Callable[[str], str] = str
    found: list[Found] = field(default_factory=list)

    def add(self, found: Found) -> None:
        self.found.append(found)
        self.write(f"{_MARKS[found.how]} {self._shown(found.words)}\n")
        if found.remedy:
            self.write(f"    {self._shown(found.remedy)}\n")

    def _shown(self, words: Text) -> str:
        return printable(self.redact(words.in_language(self.lang)))

    def close(self) -> int:
        """Write the last sentence and return the exit code."""
        bad = [one for one in self.found if one.how == "bad"]
        self.write("\n")
        if not bad:
            self.write(say("config_in_order").in_language(self.lang) + "\n")
            return 0
        first = say("config_first", words=bad[0].words, remedy=bad[0].remedy or "")
        key = "config_mend_one" if len(bad) == 1 else "config_mend_many"
        words = say(key, n=len(bad), first=first)
        self.write(self._shown(words) + "\n")
        return 2 if any(one.code == 2 for one in bad) else 3


def check_target(file: str, edition: str | None, lang: Lang) -> int:
    """Look at everything, show it, and return the exit code: 0 in order, 2 to mend, 3 can't be judged."""
    progress = _Progress(lang, sys.stdout.write)
    try:
        run = open_run(Options(target=str(Path(file)), edition=edition, run_id=_LABEL))
    except ConfigurationError as error:
        sys.stderr.write(printable(error.render(lang)) + "\n")
        sys.stdout.write(say("config_file_wrong", n=len(error.mistakes)).in_language(lang) + "\n")
        return 2
    with contextlib.closing(run):
        progress.redact = run.bench.redactor.text
        for found in look_at(run):
            progress.add(found)
    return progress.close()


def look_at(run: Run) -> Iterator[Found]:
    """Everything there is to see of a target, as it is seen. A ``ConfigurationError`` becomes a finding."""
    target = run.target
    roles = ", ".join(target.roles)
    yield Found("good", say("config_file", file=target.file.name, edition=run.edition.name, roles=roles))
    if target.is_production:
        yield Found("warning", say("config_production"), say("config_production_remedy"))
    yield from _plain_words(target)
    try:
        yield from _asked(run)
    except Inconclusive as stop:
        yield Found("bad", stop.reason, say("config_stopped_remedy"))


def _asked(run: Run) -> Iterator[Found]:
    """What the target itself shows. Raises Inconclusive when it may be asked no more."""
    target = run.target
    answers: dict[str, Exchange] = {}
    for role in target.roles:
        yield from _reach(run, role, answers)
    yield from _clocks(answers)
    yield from _editions(run, answers)
    if any(exchange.answer is not None for exchange in answers.values()):
        yield from _tokens(run)
        yield from _fixtures(run)


def _plain_words(target: Target) -> Iterator[Found]:
    """The headers of a gateway whose value is so plain that a report can't do without it."""
    for name, secret in target.http.headers.items():
        value = secret.reveal()
        if len(value) < MIN_SECRET:
            words = say("config_header_short", name=name, n=MIN_SECRET)
        elif _WORD.fullmatch(value):
            words = say("config_header_word", name=name)
        else:
            continue
        yield Found("warning", words, say("config_header_remedy"))


# --- addresses --------------------------------------------------------------------------------------------


def _reach(run: Run, role: str, answers: dict[str, Exchange]) -> Iterator[Found]:
    """Ask a role for the facts about itself; any answer shows that it is there."""
    url = run.target.roles[role].base_url
    operation = next(iter(run.edition.operations(role, "service")), None)
    path = operation.path if operation else "/"
    request = Request("GET", url + path, (("Accept", "application/json"),))
    exchange = answers[role] = run.bench.sending.send(request, _LABEL, role, None)
    if exchange.answer is None:
        words = say(f"error_{exchange.error}")
        detail = _tls_detail(run, url) if exchange.error == "tls" else None
        words = say("config_with_detail", words=words, detail=detail) if detail else words
        proxy, remedy = run.target.http.proxy_host, say("config_unreachable_remedy", role=role)
        if proxy is not None:
            words = say("config_through_proxy", words=words, proxy=proxy)
            remedy = say("config_proxy_remedy", role=role)
        if exchange.error == "tls" or exchange.error in SET_UP:
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


# --- what the answers say ---------------------------------------------------------------------------------


def _clocks(answers: Mapping[str, Exchange]) -> Iterator[Found]:
    """Compare the clocks, by the header Date of the answers."""
    skews = {role: skew for role, e in answers.items() for skew in [clock_skew(e)] if skew is not None}
    off = {role: skew for role, skew in skews.items() if abs(skew) > _MOST_SKEW_S}
    for role, skew in off.items():
        key = "config_clock_ahead" if skew > 0 else "config_clock_behind"
        yield Found("warning", say(key, role=role, seconds=round(abs(skew))), say("config_clock_remedy"))
    if skews and not off:
        yield Found("good", say("config_clock"))


def clock_skew(exchange: Exchange) -> float | None:
    """By how many seconds the server's clock is ahead of ours; None when its answer doesn't say."""
    value = exchange.answer.header("date") if exchange.answer else None
    if value is None:
        return None
    try:
        theirs = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter for numbers that no clock has
        return None
    ours = datetime.fromisoformat(exchange.started) + timedelta(seconds=exchange.duration_s / 2)
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    return (theirs - ours).total_seconds()


def _editions(run: Run, answers: Mapping[str, Exchange]) -> Iterator[Found]:
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


# --- tokens -----------------------------------------------------------------------------------------------


def _tokens(run: Run) -> Iterator[Found]:
    """Ask every client for every scope that it may have, and see that each flow can be called."""
    auth = run.target.auth
    if auth is None:
        return
    end = time.monotonic() + _TOKENS_S
    refused = False
    some = False
    for client in auth.clients:
        had: list[str] = []
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
                yield from (Found("bad", m.message, m.remedy, 2) for m in error.mistakes)
                refused = True
                break
            had.append(scope)
            yield from _granted(token, scope, client.client_id)
        if had:
            yield Found("good", say("config_tokens", client=client.client_id, scopes=", ".join(had)))
        yield from _not_given(client, without, bool(had))
        some = some or bool(had)
    if some and not refused:
        yield from _flows_without_token(run)
    yield from _rights_to_add(run)


def _not_given(
    client: TargetClient, without: Mapping[str, tuple[Text, list[str]]], some: bool
) -> Iterator[Found]:
    """The scopes for which a client got no token, by reason.

    One reason for all of several scopes is not about the scopes but about the endpoint.
    """
    for reason, scopes in without.values():
        told = {"client": client.client_id, "scope": ", ".join(scopes), "reason": reason}
        endpoint = not some and len(without) == 1 and len(scopes) > 1
        key = "config_no_token_at_all_remedy" if endpoint else "config_no_token_remedy"
        yield Found("bad", say("config_no_token", **told), say(key, place=client.place))


def _rights_to_add(run: Run) -> Iterator[Found]:
    """What the target file leaves out, and what can't be judged for that reason."""
    auth = run.target.auth
    if auth is None or not any(run.edition.operations(role, "upload") for role in run.target.roles):
        return
    if len({client.component for client in auth.clients}) == 1:
        yield Found("unknown", say("config_one_system"))
    if auth.signing_key is None:
        yield Found("unknown", say("config_no_signing_key"))


def _granted(token: Token, scope: str, client: str) -> Iterator[Found]:
    """A token that says that it has less than was asked for."""
    if token.scopes_granted is not None and scope not in token.scopes_granted:
        given = " ".join(sorted(token.scopes_granted)) or "-"
        words = say("config_other_scope", client=client, scope=scope, given=given)
        yield Found("warning", words, say("config_other_scope_remedy"))


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


# --- test data --------------------------------------------------------------------------------------------


def _fixtures(run: Run) -> Iterator[Found]:
    """Which test data is named, and whether it exists as far as operations that read can tell."""
    needed = fixtures_needed(run.edition, run.target.roles)
    absent = [name for name in needed if name not in run.target.fixtures]
    if absent:
        yield Found("bad", say("config_absent", names=", ".join(absent)), say("config_absent_remedy"))
    seen: set[str] = set()
    for role in run.target.roles:
        for operation in run.edition.operations(role, "lookup"):
            yield from _looked_up(run, operation, seen)
    unseen = [name for name in needed if name in run.target.fixtures and name not in seen]
    if unseen:
        yield Found("unknown", say("config_unseen", names=", ".join(unseen)))


def _looked_up(run: Run, operation: Operation, seen: set[str]) -> Iterator[Found]:
    """Look the test data up that one operation can show."""
    binding = next((b for b in operation.bindings if run.bench.serves(b)), None)
    wanted = [p.fixture for p in (*operation.path_parameters, *operation.query_parameters) if p.fixture]
    if binding is None or operation.method != "GET" or not wanted:
        return
    for group, fixtures in _groups(run, wanted).items():
        names = [f"{group}.{name}" if group else name for name in wanted]
        if seen.issuperset(names):
            continue
        exchange = _lookup(run, operation, binding, fixtures)
        if exchange is None:
            continue
        seen.update([*names, group])
        values = zip(names, wanted, strict=True)
        shown = ", ".join(f"{name} ({fixtures[key]})" for name, key in values)
        yield _exists(operation, exchange, shown)


def _exists(operation: Operation, exchange: Exchange, names: str) -> Found:
    """Whether a lookup found what it was asked for."""
    told = {"names": names, "operation": operation.name, "status": exchange.status or "-"}
    if exchange.status in {404, 410} or _is_empty(operation, exchange):
        return Found("bad", say("config_no_such", **told), say("config_no_such_remedy"), 2)
    if exchange.answer is not None and exchange.answer.succeeded:
        return Found("good", say("config_exists", **told))
    return Found("unknown", say("config_lookup_failed", **told))


def _is_empty(operation: Operation, exchange: Exchange) -> bool:
    """Whether the answer is a page without anything on it."""
    schema = operation.success_schema()
    try:
        value = exchange.answer.json() if exchange.answer and exchange.answer.succeeded else None
    except ValueError:
        return False
    return schema is not None and isinstance(value, dict) and Body(schema, value).get("items") == []


def _groups(run: Run, wanted: list[str]) -> dict[str, Mapping[str, Any]]:
    """The sets of test data that name everything wanted; the empty name is the main one."""
    fixtures = run.target.fixtures
    sets = {"": fixtures, **{name: inner for name, inner in fixtures.items() if isinstance(inner, Mapping)}}
    return {name: one for name, one in sets.items() if all(key in one for key in wanted)}


def _lookup(run: Run, operation: Operation, binding: Binding, fixtures: Mapping[str, Any]) -> Exchange | None:
    """Ask; None when it could not be asked."""
    own = {name: value for name, value in fixtures.items() if isinstance(value, str)}
    bench = dataclasses.replace(run.bench, target=dataclasses.replace(run.target, fixtures=own))
    try:
        sample = bench.samples.sample(operation, binding, _LABEL)
    except (Inconclusive, NotTested, ConfigurationError):
        return None
    request = dataclasses.replace(sample.request(), private_answer=True)
    return bench.sending.send(request, _LABEL, binding.role, operation)
