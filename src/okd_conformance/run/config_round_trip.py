"""Whether the roles of a target do the simplest thing: take a marked document, give it back, and delete it.

A module is told of a document instead. Everything is undone afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import say
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.judge.words import received
from okd_conformance.run.config_found import LABEL, Found
from okd_conformance.run.run import Run
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.wire.exchange import Exchange

_ABOUT_RIGHTS = (401, 403)


def round_trips(run: Run, roles: list[str], seen: set[str]) -> Iterator[Found]:
    """One for each of these roles; ``seen`` receives the test data with which a role accepted it."""
    if run.target.is_production:
        yield Found("unknown", say("config_no_round_trip"))
        return
    for role in roles:
        cause = run.bench.set_up.of_role(role)
        if cause is not None:
            yield Found("bad", cause, say("config_cause_remedy"), ExitCode.USAGE)
        else:
            yield from _stored(run, role, seen)
            yield from _registered(run, role, seen)
    left = run.bench.clean_up()
    if len(left):
        yield Found("warning", say("config_left", n=len(left)), say("config_left_remedy"))


def _stored(run: Run, role: str, seen: set[str]) -> Iterator[Found]:
    """Upload with each set of test data; read one back and delete it."""
    tried = False
    for operation in run.edition.operations(role, "upload"):
        binding = next((b for b in operation.bindings if run.bench.serves(b)), None)
        done: set[tuple[str, ...]] = set()
        for fixtures in _sets(run) if binding is not None else ():
            exchange, content = _sent(run, operation, binding, fixtures, done)
            if exchange is None:
                continue
            yield _taken(run, operation, exchange, seen)
            if exchange.succeeded and not tried:
                tried = True
                yield from _given_back(run, operation, binding, exchange, content)


def _registered(run: Run, role: str, seen: set[str]) -> Iterator[Found]:
    for operation in run.edition.operations(role, "register")[:1]:
        binding = next((b for b in operation.bindings if run.bench.serves(b)), None)
        if binding is not None:
            exchange, _ = _sent(run, operation, binding, {}, set())
            if exchange is not None:
                yield _taken(run, operation, exchange, seen)


def _sets(run: Run) -> list[Mapping[str, Any]]:
    """The test data to upload with: the main one, and what each group puts in its place."""
    return [{}, *(one for one in run.target.fixtures.values() if isinstance(one, Mapping))]


def _sent(
    run: Run,
    operation: Operation,
    binding: Binding | None,
    fixtures: Mapping[str, Any],
    done: set[tuple[str, ...]],
) -> tuple[Exchange | None, bytes]:
    """Send the usual request; no exchange where a token or test data is missing, which is told elsewhere.

    Nor is there one when a request with this test data is among ``done``.
    """
    if binding is None:
        return None, b""
    try:
        sample = run.bench.samples.sample(operation, binding, LABEL, fixtures=fixtures)
    except (Inconclusive, NotTested):
        return None, b""
    carried = tuple(run.bench.set_up.carried(sample.request()))
    if carried in done:
        return None, b""
    done.add(carried)
    return run.bench.sending.send(sample.request(), LABEL, binding.role, operation), sample.file


def _taken(run: Run, operation: Operation, exchange: Exchange, seen: set[str]) -> Found:
    """Whether the usual request was accepted, and if not, why.

    That a DMS takes a document says little of the student, where modules of the target can be asked.
    """
    carried = run.bench.set_up.carried(exchange.request)
    told = {"role": operation.role, "operation": operation.name, "names": ", ".join(carried)}
    if exchange.succeeded:
        knows = operation.kind == "register" or not any(
            _has(run, name, "register") for name in run.target.roles
        )
        seen.update(carried if knows else ())
        return Found("good", say("config_taken", **told))
    cause = run.bench.set_up.explains(operation.role, [exchange])
    if cause is not None:
        return Found("bad", cause, say("config_cause_remedy"), ExitCode.USAGE)
    return Found(
        "bad", say("config_refused", received=received(exchange), **told), say("config_refused_remedy")
    )


def _given_back(
    run: Run, operation: Operation, binding: Binding | None, upload: Exchange, content: bytes
) -> Iterator[Found]:
    """Read the document that was stored, and delete it."""
    bench, role = run.bench, operation.role
    try:
        document = bench.arrangements.stored_id(operation, upload)
        reading, read_as = bench.arrangements.binding_for(
            role, "read", binding.document_type if binding else None
        )
    except Inconclusive as stop:
        yield Found("bad", stop.reason, say("config_refused_remedy"))
        return
    values = {"dms_document_id": document}
    sample = bench.samples.sample(reading, read_as, LABEL, path_values=values)
    back = bench.arrangements.first_read(lambda: bench.sending.send(sample.request(), LABEL, role, reading))
    told = {"role": role, "operation": reading.name, "names": document}
    if back.status is not None and back.status < 400 and (not back.succeeded or _is_whole(back, content)):
        yield Found("good", say("config_given_back", **told))
    else:
        remedy = say("config_refused_remedy" if back.status in _ABOUT_RIGHTS else "config_lost_remedy")
        yield Found("bad", say("config_refused", received=received(back), **told), remedy)
    if run.edition.operations(role, "delete"):
        gone = bench.leaving.delete(role, document)
        how, key = ("good", "config_deleted") if gone else ("bad", "config_not_deleted")
        yield Found(how, say(key, role=role), None if gone else say("config_lost_remedy"))


def _has(run: Run, role: str, kind: str) -> bool:
    return bool(run.edition.operations(role, kind))


def _is_whole(exchange: Exchange, content: bytes) -> bool:
    """Whether an answer has the bytes, or is JSON that may tell where they are."""
    answer = exchange.answer
    return answer is not None and (answer.body == content or answer.media_type.endswith("json"))
