"""Whether the roles of a target do the simplest thing: take a marked document, give it back, and delete it.

A module is told of a document instead, once for each test data that it can be asked for. Everything is undone
afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import say
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.stops import Inconclusive
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
            yield from _told(run, role, seen)
    left = run.bench.clean_up()
    if len(left):
        yield Found("warning", say("config_left", n=len(left)), say("config_left_remedy"))


def _stored(run: Run, role: str, seen: set[str]) -> Iterator[Found]:
    """Upload with each set of test data; read one back and delete it."""
    tried = False
    for operation, binding in _served(run, role, "upload"):
        for sample in run.bench.set_up.questions(operation, binding):
            exchange = _sent(run, sample)
            yield from _taken(run, operation, exchange, seen)
            if exchange.succeeded and not tried:
                tried = True
                yield from _given_back(run, operation, binding, exchange, sample.file)


def _told(run: Run, role: str, seen: set[str]) -> Iterator[Found]:
    """Tell a role that stores nothing what it is told: each test data that it can be asked for."""
    if _has(run, role, "upload"):
        return
    for kind in ("register", "change"):
        for operation, binding in _served(run, role, kind):
            for sample in run.bench.set_up.questions(operation, binding):
                yield from _taken(run, operation, _sent(run, sample), seen)


def _served(run: Run, role: str, kind: str) -> Iterator[tuple[Operation, Binding]]:
    """The operations of a kind, each with its first use that the target serves."""
    for operation in run.edition.operations(role, kind):
        for binding in [one for one in operation.bindings if run.bench.serves(one)][:1]:
            yield operation, binding


def _sent(run: Run, sample: Sample) -> Exchange:
    return run.bench.sending.send(sample.request(), LABEL, sample.binding.role, sample.operation)


def _taken(run: Run, operation: Operation, exchange: Exchange, seen: set[str]) -> Iterator[Found]:
    """Whether a message was accepted, and if not, why; a cause in the target file is told once.

    That a DMS takes a document says little of the student, where modules of the target can be asked.
    """
    carried = run.bench.set_up.carried(exchange.request)
    told = {"role": operation.role, "operation": operation.name, "names": ", ".join(carried)}
    if exchange.succeeded:
        knows = operation.kind != "upload" or not any(
            _has(run, name, "register") for name in run.target.roles
        )
        seen.update(carried if knows else ())
        yield Found("good", say("config_taken", **told))
        return
    known = set(run.bench.set_up.found)
    cause = run.bench.set_up.explains(operation.role, [exchange])
    if cause is None:
        words = say("config_refused", received=received(exchange), **told)
        yield Found("bad", words, say("config_refused_remedy"))
    elif known != set(run.bench.set_up.found):
        yield Found("bad", cause, say("config_cause_remedy"), ExitCode.USAGE)


def _given_back(
    run: Run, operation: Operation, binding: Binding, upload: Exchange, content: bytes
) -> Iterator[Found]:
    """Read the document that was stored, and delete it."""
    bench, role = run.bench, operation.role
    try:
        document = bench.arrangements.stored_id(operation, upload)
        reading, read_as = bench.arrangements.binding_for(role, "read", binding.document_type)
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
