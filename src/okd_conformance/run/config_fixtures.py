"""Whether the test data of a target is there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import say
from okd_conformance.judge.ledger import GONE
from okd_conformance.judge.set_up_data import is_empty_page
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.run.config_found import LABEL, Found
from okd_conformance.run.init_file import fixtures_needed
from okd_conformance.run.run import Run
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.wire.exchange import Exchange


def fixtures(run: Run, accepted: set[str]) -> Iterator[Found]:
    """Which test data is named, and whether it exists as far as can be seen.

    ``accepted``: the test data with which a role took a document.
    """
    needed = fixtures_needed(run.edition, run.target.roles)
    absent = [name for name in needed if name not in run.target.fixtures]
    if absent:
        yield Found("bad", say("config_absent", names=", ".join(absent)), say("config_absent_remedy"))
    seen: set[str] = set()
    for role in run.target.roles:
        if run.bench.set_up.known(role) is not None:
            continue
        for operation in run.edition.operations(role, "lookup"):
            yield from _looked_up(run, operation, seen)
    seen |= accepted | {name.partition(".")[0] for name in accepted}
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
    if exchange.status in GONE or is_empty_page(operation, exchange):
        return Found("bad", say("config_no_such", **told), say("config_no_such_remedy"), ExitCode.USAGE)
    if exchange.answer is not None and exchange.answer.succeeded:
        return Found("good", say("config_exists", **told))
    return Found("bad", say("config_lookup_failed", **told), say("config_refused_remedy"))


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
        sample = bench.samples.sample(operation, binding, LABEL)
    except (Inconclusive, NotTested, ConfigurationError):
        return None
    request = dataclasses.replace(sample.request(), private_answer=True)
    return bench.sending.send(request, LABEL, binding.role, operation)
