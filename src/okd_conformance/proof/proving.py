"""Mutation testing of the suite: the checks against the reference with each fault, and with each variant.

A fault must change the status of its own requirement: to failed, or to a warning where the catalogue says so
(a requirement that can't fail must warn, or say something else than before). A variant must fail nothing and
warn of nothing but what its facts name.
"""

from __future__ import annotations

import functools
import itertools
import json
import multiprocessing
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from okd_conformance.checks.planning import Selection, every_case
from okd_conformance.checks.running import Watch, run_case
from okd_conformance.judge.events import CleaningUp
from okd_conformance.judge.outcome import Status, worst
from okd_conformance.reference import running_server
from okd_conformance.report.model import Report, RequirementResult
from okd_conformance.run.finishing import report_of
from okd_conformance.run.gathering import Gathering
from okd_conformance.run.options import Options
from okd_conformance.run.run import Run, open_run
from okd_conformance.standard.catalogue import Profile, Requirement, load_catalogue
from okd_conformance.standard.edition import load_edition
from okd_conformance.standard.faults import FaultFacts, VariantFacts, load_faults, load_variants

_SIZED = "OKD-LIM"
_SHRUNK = 250
"""What 1 GB is divided by in a proof."""
_SHORT_S = 1.0
"""How long a proof waits for a server that may hang."""
Row = tuple[str, str]
"""A requirement's id and a role."""


@dataclass(frozen=True)
class Seen:
    """What a run says of one requirement at one role: its status and its notes."""

    status: Status
    notes: tuple[str, ...] = ()
    received: str | None = None


@dataclass(frozen=True)
class Proof:
    """One fault or variant, and the rows whose outcome it changed."""

    name: str
    requirements: tuple[str, ...]
    changed: dict[str, str] = field(default_factory=dict)
    """Requirement id -> worst status over the roles, for each one that changed."""
    holds: bool = False
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form of the JSON output."""
        return {
            "name": self.name,
            "requirements": list(self.requirements),
            "changed": self.changed,
            "holds": self.holds,
            "reason": self.reason,
        }


def run_cases(run: Run, selection: Selection) -> Report:
    """Run the chosen cases in this process, without pytest, clean up, and report as any run does."""
    plans = list(every_case(run.bench.catalogue, run.claims))  # loads the suites, with their observers
    gathering = Gathering(run, watch=Watch(run.bench, run.claims))  # what else is seen is told too
    for function, plan in plans:
        if selection.takes(plan.spec) and selection.profile_takes(plan.check):
            run_case(plan.spec, run.bench, functools.partial(function, **plan.values))
    run.events.emit(CleaningUp(len(run.bench.left())))
    run.bench.clean_up()
    gathering.settle()
    gathering.findings.stop(run.bench.sending.stopped)
    return report_of(run, gathering.findings, {}, [], interrupted=False)


def rows(report: Report) -> dict[Row, Seen]:
    """What a report says of each requirement at each role that was judged."""
    return {row.key: _seen(row) for row in report.requirements if row.cases}


def _seen(row: RequirementResult) -> Seen:
    telling = next(case for case in row.cases if case.status is row.status)
    notes = sorted({note.en for case in row.cases for note in case.notes})
    return Seen(row.status, tuple(notes), telling.received.en if telling.received else None)


@contextmanager
def _against(edition: str, faults: Sequence[str], variants: Sequence[str], options: Options) -> Iterator[Run]:
    with (
        running_server(edition, faults=faults, variants=variants) as running,
        tempfile.TemporaryDirectory(prefix="okd-conformance-") as folder,
    ):
        file = Path(folder) / "target.yaml"
        file.write_text(running.target, encoding="utf-8")
        run = open_run(Options(**{**options.as_json(), "target": str(file), "edition": edition}))
        try:
            yield run
        finally:
            run.close()


@contextmanager
def _shrunk(edition: str) -> Iterator[None]:
    """Let the edition's GB be a small one meanwhile, so that a proof needn't send the real one."""
    limits: Any = load_edition(edition).limits
    real = dict(limits)
    limits.update({name: size // _SHRUNK for name, size in real.items()})
    try:
        yield
    finally:
        limits.update(real)


def judged(
    edition: str,
    *,
    faults: Sequence[str] = (),
    variants: Sequence[str] = (),
    requirements: Iterable[str] = (),
    roles: Iterable[str] = (),
    profile: Profile = "standard",
    timeout_s: float | None = None,
) -> dict[Row, Seen]:
    """Judge the reference with some faults and variants, and return what each row says."""
    options = Options(
        run_id="proof",
        requirements=tuple(requirements),
        roles=tuple(roles),
        profile=profile,
    )
    with _against(edition, faults, variants, options) as run:
        if faults:
            run.target = replace(run.target, limits=replace(run.target.limits, ready_within_s=_SHORT_S))
        if timeout_s is not None:
            run.target = replace(run.target, limits=replace(run.target.limits, timeout_s=timeout_s))
        return rows(run_cases(run, run.selection))


def _judged(
    edition: str,
    faults: tuple[str, ...],
    requirements: tuple[str, ...],
    roles: tuple[str, ...],
    profile: Profile,
    timeout_s: float | None,
) -> dict[Row, Seen]:
    return judged(
        edition,
        faults=faults,
        requirements=requirements,
        roles=roles,
        profile=profile,
        timeout_s=timeout_s,
    )


@functools.cache
def _unfaulted(edition: str, *chosen: Any) -> dict[Row, Seen]:
    """What the rows say without a fault: the same for every fault that breaks the same."""
    return _judged(edition, (), *chosen)


def _is_about_size(requirements: Iterable[str]) -> bool:
    catalogue = load_catalogue()
    return any(catalogue[requirement].section == "LIM" for requirement in requirements)


def prove_fault(name: str, edition: str) -> Proof:
    """Run those of the fault's own requirements that the edition has, with and without it."""
    fault = load_faults()[name]
    breaks, roles = fault.breaks_in(load_edition(edition)), fault.roles_in(load_edition(edition))
    sized = _is_about_size(breaks)
    profile: Profile = "full" if sized else "standard"
    timeout_s = _SHORT_S if sized else None
    chosen: tuple[tuple[str, ...], tuple[str, ...], Profile, float | None] = (
        breaks,
        roles,
        profile,
        timeout_s,
    )
    with _shrunk(edition) if sized else nullcontext():
        before = _unfaulted(edition, *chosen)
        after = _judged(edition, (name,), *chosen)
    changed = _changed(before, after)
    here = load_edition(edition)
    missing = [r for r in breaks if not _caught(load_catalogue()[r].in_edition(here), before, after)]
    reason = f"not seen by {', '.join(missing)}" if missing else ""
    return Proof(name, breaks, changed, not missing, reason)


def _changed(before: dict[Row, Seen], after: dict[Row, Seen]) -> dict[str, str]:
    found: dict[str, list[Status]] = {}
    for row, seen in after.items():
        if before.get(row) != seen:
            found.setdefault(row[0], []).append(seen.status)
    return {requirement: str(worst(statuses)) for requirement, statuses in found.items()}


def _caught(requirement: Requirement, before: dict[Row, Seen], after: dict[Row, Seen]) -> bool:
    """Whether the requirement fails, warns as its answers say, or (if it can't fail) says anything new."""
    touched = [(before.get(row), seen) for row, seen in after.items() if row[0] == requirement.id]
    if any(seen.status == Status.FAILED for _, seen in touched):
        return True
    if requirement.can_fail:
        may_warn = any(answers.warned for answers in requirement.answers.values())
        return may_warn and any(seen.status == Status.WARNING for _, seen in touched)
    return any(
        seen.status == Status.WARNING or (old is not None and seen.notes != old.notes)
        for old, seen in touched
        if not seen.status.is_undecided
    )


def never_failed(proofs: Iterable[Proof], edition: str) -> list[str]:
    """The requirements that can fail, but that no fault made fail: a warning alone proves too little."""
    outcomes: dict[str, set[str]] = {}
    for proof in proofs:
        for requirement in proof.requirements:
            outcomes.setdefault(requirement, set()).add(proof.changed.get(requirement, ""))
    catalogue, here = load_catalogue(), load_edition(edition)
    return [
        r
        for r, seen in outcomes.items()
        if catalogue[r].in_edition(here).can_fail and Status.FAILED not in seen
    ]


def prove_variant(name: str, edition: str) -> Proof:
    """Run everything with the variant: nothing may fail, be left unjudged, or warn unasked because of it.

    Large documents are sent where the variant is near the rows about them.
    """
    variant = load_variants()[name]
    runs = [judged(edition, variants=[name])]
    if _SIZED in "".join(variant.near) and load_edition(edition).limits:
        with _shrunk(edition):
            runs.append(judged(edition, variants=[name], requirements=[_SIZED], profile="full"))
    bad = {row: seen for run in runs for row, seen in run.items() if _is_bad(row, seen, variant.warns)}
    reason = "; ".join(f"{r} at {role}: {seen.status} ({seen.received})" for (r, role), seen in bad.items())
    return Proof(name, (), {r: seen.status for (r, _), seen in bad.items()}, not bad, reason)


def _is_bad(row: Row, seen: Seen, may_warn: Iterable[str]) -> bool:
    return seen.status.is_finding and not (seen.status == Status.WARNING and row[0] in may_warn)


def prove(
    names: Sequence[str], prove_one: Callable[[str, str], Proof], edition: str, workers: int = 2
) -> Iterator[Proof]:
    """Prove several, some at a time, in the order of ``names``."""
    if workers == 1:
        yield from (prove_one(name, edition) for name in names)
        return
    with ProcessPoolExecutor(workers, initializer=_obey) as pool:
        try:
            yield from pool.map(_unless_ended, itertools.repeat(prove_one), names, itertools.repeat(edition))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise


_ended = threading.Event()


def _obey() -> None:
    """Let the process that asked for proofs decide when to end: Ctrl-C in a terminal goes to all of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)


def _end(*_: object) -> None:
    """Leave what is being proved by the way that closes servers and removes their data."""
    _ended.set()
    sys.exit()


def _unless_ended(prove_one: Callable[[str, str], Proof], name: str, edition: str) -> Proof:
    """Prove one; but a proof that waited already when the end came is not begun."""
    if _ended.is_set():
        sys.exit()
    return prove_one(name, edition)


def names_of(kind: str, edition: str) -> list[str]:
    """The names of the faults or the variants that an edition has."""
    known: Iterable[FaultFacts | VariantFacts] = (
        load_faults().values() if kind == "faults" else load_variants().values()
    )
    return [facts.name for facts in known if facts.is_in(load_edition(edition))]


def as_json(proofs: Sequence[Proof], edition: str) -> str:
    """The proofs as JSON."""
    return json.dumps({"edition": edition, "faults": [p.as_json() for p in proofs]}, indent=1) + "\n"
