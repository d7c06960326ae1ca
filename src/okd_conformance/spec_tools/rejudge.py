"""``standard rejudge``: stored exchanges judged by another edition, without the target.

A check is a program that sends and judges; without the target it can't be run. So a stored case stands only
when the other edition asks the same of the same exchange: the same check in the same place, the same call, a
request that is (in)valid by both, an answer whose fields have the same names. The observers, which judge a
single exchange, are run again. All else needs a new run, and is said to.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from okd_conformance.base.text import Text, say
from okd_conformance.checks.marking import load_suites, observers
from okd_conformance.checks.planning import Claims, every_case
from okd_conformance.checks.running import observe
from okd_conformance.judge.case import Case, CaseSpec
from okd_conformance.judge.outcome import CaseResult, Status, worst
from okd_conformance.report.model import Report
from okd_conformance.report.wording import status_name
from okd_conformance.spec_tools.findings import LintFinding, finding
from okd_conformance.spec_tools.stored import Entry, read_run
from okd_conformance.standard.catalogue import Catalogue, Requirement, load_catalogue
from okd_conformance.standard.edition import Edition, load_edition
from okd_conformance.standard.fields import described, field_name, meanings, validator
from okd_conformance.standard.operation import Operation, Schema
from okd_conformance.wire.exchange import Exchange

_HARMLESS = frozenset({"x-okd-meaning", "x-okd-fixture", "x-okd-fresh", "x-okd-part", "x-okd-usual"})
"""Annotations that say how we fill a field, not how its value is to be read."""


@dataclass(frozen=True, slots=True)
class RejudgedCase:
    """What the other edition says of a stored case; without a status it needs a new run."""

    case: str
    requirement: str
    role: str
    before: Status
    status: Status | None
    reason: Text
    message: str | None = None


@dataclass
class Rejudged:
    """A stored run, judged by another edition."""

    report: Report
    edition: Edition
    outcomes: list[RejudgedCase] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    """Requirements (with the role) that the other edition doesn't have."""
    new: list[tuple[str, str]] = field(default_factory=list)
    """Requirements that only the other edition has."""


def rejudged(path: Path, edition: Edition) -> Rejudged:
    """Judge a stored run. Raises ConfigurationError or UnknownEditionError."""
    report, entries = read_run(path)
    return _Judge(report, entries, load_edition(report.standard.edition), edition).judged()


def rejudge(path: Path, edition: Edition) -> list[LintFinding]:
    """What the other edition would change for the vendor of a stored run, and what needs a new run."""
    return list(_told(rejudged(path, edition), str(path)))


class _Judge:
    def __init__(self, report: Report, entries: Mapping[str, Entry], old: Edition, new: Edition) -> None:
        self.report, self.entries, self.old, self.new = report, entries, old, new
        self.catalogue: Catalogue = load_catalogue()
        load_suites()
        self.plans = {e.name: _plan(e, report, self.catalogue) for e in (old, new)}
        self._called: dict[tuple[str | None, str | None], list[Entry]] = {}
        for entry in entries.values():
            self._called.setdefault((entry.role, entry.operation), []).append(entry)

    def judged(self) -> Rejudged:
        found = Rejudged(self.report, self.new)
        wanted = {(r.id, role) for role in self.report.roles for r in self._asked(self.new, role)}
        stored = {(r.id, role) for role in self.report.roles for r in self._asked(self.old, role)}
        found.new = sorted(wanted - stored)
        found.dropped = sorted(stored - wanted)
        for row in self.report.requirements:
            for case in row.cases if row.key in wanted else []:
                found.outcomes.append(self._case(case))
        return found

    def _asked(self, edition: Edition, role: str) -> list[Requirement]:
        if role not in edition.roles:
            return []
        return [r for r in self.catalogue.of(edition, role) if not r.untestable]

    # --- one case ---

    def _case(self, case: CaseResult) -> RejudgedCase:
        if not case.status.is_judged:
            return self._needs(case, say("standard_not_judged"))
        if case.is_observed and case.requirement in observers():
            return self._observed(case)
        places = [plan.get(case.id) for plan in self.plans.values()]
        if len(places) > 1 and (None in places or places[0] != places[1]):
            return self._needs(case, say("standard_other_check"))
        for name in case.exchanges:
            reason = self._differs(self.entries.get(name))
            if reason is not None:
                return self._needs(case, reason, self.entries.get(name))
        if not case.exchanges:
            return self._needs(case, say("standard_no_exchange"))
        return self._outcome(case, case.status, say("standard_stands"), self.entries[case.exchanges[0]])

    def _differs(self, entry: Entry | None) -> Text | None:
        """Why this exchange says nothing by the other edition; None when it says the same."""
        if entry is None:
            return say("standard_no_exchange")
        if entry.operation is None or entry.role is None:
            return None
        old, new = _operation(self.old, entry), self._counterpart(entry)
        if old is None or new is None:
            return say("standard_no_such_call", call=entry.operation)
        if (old.method, old.path) != (new.method, new.path):
            words = {"old": f"{old.method} {old.path}", "new": f"{new.method} {new.path}"}
            return say("standard_other_call", **words)
        if [p.name for p in old.parts] != [p.name for p in new.parts] or set(old.request) != set(new.request):
            return say("standard_other_form", call=entry.operation)
        return _request_differs(old, new, entry) or _answer_differs(old, new, entry)

    def _counterpart(self, entry: Entry) -> Operation | None:
        """The operation of that name in the other edition; None when it has none."""
        old = _operation(self.old, entry)
        every = self.new.operations(entry.role) if entry.role in self.new.roles else []
        same = [o for o in every if old is not None and o.name == old.name]
        return next((o for o in same if old and o.method == old.method), same[0] if same else None)

    # --- observers ---

    def _observed(self, case: CaseResult) -> RejudgedCase:
        """Run the observer again on every stored exchange of the operation, by both editions."""
        called = next((e.operation for n in case.exchanges if (e := self.entries.get(n))), case.operation)
        mine = self._called.get((case.role, called), [])
        operation = next((o for e in mine if (o := _operation(self.old, e))), None)
        other = self._counterpart(mine[0]) if mine else None
        if operation is None or other is None:
            return self._needs(case, say("standard_no_such_call", call=case.operation))
        before, _ = self._observe(case, operation, self.old, mine)
        if before is not case.status:
            return self._needs(case, say("standard_evidence_cut"))
        after, telling = self._observe(case, other, self.new, mine)
        if after is None:
            return self._needs(case, say("standard_evidence_cut"))
        if (operation.method, operation.path) != (other.method, other.path):
            words = {"old": f"{operation.method} {operation.path}", "new": f"{other.method} {other.path}"}
            return self._needs(case, say("standard_other_call", **words))
        came = telling.received or telling.summary if telling else say("standard_stands")
        entry = self.entries.get(telling.exchanges[0]) if telling and telling.exchanges else None
        return self._outcome(case, after, came, entry)

    def _observe(
        self, case: CaseResult, operation: Operation, edition: Edition, entries: list[Entry]
    ) -> tuple[Status | None, CaseResult | None]:
        """The status by an edition, and the result that shows it; None when no exchange says anything."""
        requirement = self.catalogue[case.requirement].in_edition(edition)
        spec = CaseSpec(case.id, requirement, case.role, operation, None)
        bench = cast(
            "Any",
            SimpleNamespace(
                edition=edition, catalogue=self.catalogue, sending=SimpleNamespace(curl=_no_curl)
            ),
        )
        results: list[CaseResult] = []
        for entry in entries:
            exchange = entry.exchange(operation.id)
            holding = Case(spec, bench, exchanges=[exchange], telling=exchange)
            seen = observe(holding, observers()[case.requirement], exchange.duration_s)
            if seen is not None:
                results.append(seen)
        if not results:
            return None, None
        status = worst([r.status for r in results])
        return status, next(r for r in results if r.status is status)

    # --- outcomes ---

    def _needs(self, case: CaseResult, reason: Text, entry: Entry | None = None) -> RejudgedCase:
        message = entry.message if entry else None
        return RejudgedCase(case.id, case.requirement, case.role, case.status, None, reason, message)

    def _outcome(self, case: CaseResult, status: Status, reason: Text, entry: Entry | None) -> RejudgedCase:
        message = entry.message if entry else None
        return RejudgedCase(case.id, case.requirement, case.role, case.status, status, reason, message)


def _no_curl(_exchange: Exchange) -> None:
    """A stored exchange can't be repeated from here; its report has the command."""


def _operation(edition: Edition, entry: Entry) -> Operation | None:
    if entry.role not in edition.roles:
        return None
    return next((o for o in edition.operations(entry.role) if entry.operation in (o.id, o.name)), None)


def _request_differs(old: Operation, new: Operation, entry: Entry) -> Text | None:
    known, sent = entry.sent_json()
    if not known:
        return say("standard_evidence_cut")
    if sent is None or old.body_schema is None or new.body_schema is None:
        return None
    valid = validator(old.body_schema).is_valid(sent)
    if valid != validator(new.body_schema).is_valid(sent):
        return say("standard_request_now_invalid" if valid else "standard_request_now_valid")
    field = _read_otherwise(old.body_schema, new.body_schema, set(_keys(sent)))
    return say("standard_other_reading", field=field) if field else None


def _read_otherwise(one: Schema, other: Schema, sent: set[str]) -> str | None:
    """The first field of a request of which the editions say different things, beyond its form."""
    before, after = _annotations(one), _annotations(other)
    return next((n for n in sorted(sent) if n in before and n in after and before[n] != after[n]), None)


def _annotations(schema: Schema) -> dict[str, set[str]]:
    """What our annotations say of each property, by its name."""
    found: dict[str, set[str]] = {}
    for name, inner in described(schema):
        if name is not None:
            said = {f"{k}={v}" for k, v in inner.items() if k.startswith("x-okd-") and k not in _HARMLESS}
            found.setdefault(name, set()).update(said)
    return found


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _keys(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)


def _answer_differs(old: Operation, new: Operation, entry: Entry) -> Text | None:
    if not 200 <= entry.status < 300:
        return None
    if (entry.status in old.success) != (entry.status in new.success):
        return say("standard_other_answer", call=entry.operation)
    one, other = old.success_schema(), new.success_schema()
    if one is None or other is None:
        return None
    value = entry.answered_json()
    if value is None:
        return say("standard_evidence_cut") if not entry.answer_is_whole else None
    if validator(one).is_valid(value) != validator(other).is_valid(value):
        return say("standard_other_answer", call=entry.operation)
    return (
        None if _same_names(_Known(one), _Known(other)) else say("standard_other_names", call=entry.operation)
    )


class _Known:
    """A schema as a cache key: the same object is the same schema, since edition data is never changed."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other.schema is self.schema


@functools.lru_cache(maxsize=512)
def _same_names(one: _Known, other: _Known) -> bool:
    """Whether every field that both schemas mean has the same name in both."""
    before, after = _first_names(one.schema), _first_names(other.schema)
    return all(before[meaning] == after[meaning] for meaning in before if meaning in after)


def _first_names(schema: Schema) -> dict[str, str | None]:
    return {meaning: field_name(schema, meaning) for meaning in meanings(schema)}


def _plan(edition: Edition, report: Report, catalogue: Catalogue) -> dict[str, str]:
    """Which check judges each case of an edition, at a target that serves what the stored one claims."""
    roles = {name: frozenset(edition.flows_of(name)) for name in report.roles if name in edition.roles}
    claims = Claims(edition, roles)
    found: dict[str, str] = {}
    for function, plan in every_case(catalogue, claims):
        found.setdefault(plan.spec.id, f"{function.__module__}.{function.__name__}")
    return found


# --- in words ---


def _told(result: Rejudged, file: str) -> Iterator[LintFinding]:
    target = result.report.target
    who = f"{target.vendor or target.name} ({target.name} {target.version or ''})".replace(" )", ")")
    edition = result.edition.name
    stands = [o for o in result.outcomes if o.status is o.before]
    for o in result.outcomes:
        details: dict[str, Any] = {"case": o.case, "requirement": o.requirement}
        details |= {"before": o.before, "after": o.status}
        values: dict[str, object] = {"who": who, "case": o.case, "reason": o.reason, "edition": edition}
        if o.status is None:
            yield finding("rejudge-needs-run", file, 1, details, **values)
        elif o.status is not o.before:
            worse = worst([o.status, o.before]) is o.status
            rule = "rejudge-breaks" if worse else "rejudge-mends"
            message = o.message or "-"
            words = {"before": status_name(o.before), "after": status_name(o.status)}
            yield finding(rule, file, 1, details, message=message, **words, **values)
    for rule, rows in (("rejudge-new", result.new), ("rejudge-dropped", result.dropped)):
        for requirement, role in rows:
            details = {"requirement": requirement, "role": role}
            values = {"requirement": requirement, "role": role, "edition": edition, "who": who}
            yield finding(rule, file, 1, details, **values)
    if stands:
        details = {"cases": {o.case: str(o.status) for o in stands}}
        yield finding("rejudge-stands", file, 1, details, who=who, count=len(stands), edition=edition)
