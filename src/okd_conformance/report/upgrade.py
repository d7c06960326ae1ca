"""The step to another edition: what a target that was judged by one edition must change to conform to it.

Everything comes from the data of the two editions and from the results of the run: which operations differ,
in method, path, media type, scopes and fields; and per requirement of the other edition whether it is new,
belongs to an operation that changes, is met already, or can't be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from okd_conformance.base.text import Text, say
from okd_conformance.judge.outcome import Status
from okd_conformance.standard.catalogue import Requirement
from okd_conformance.standard.changes import Change, edition_changes
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.facts import Fact

Step = Literal["new", "change", "unknown", "met"]
STEPS: tuple[Step, ...] = ("new", "change", "unknown", "met")
_LISTED = {
    "scope": "upgrade_scopes",
    "scope-disputed": "upgrade_disputed",
    "request": "upgrade_media",
    "part": "upgrade_media",
    "answer": "upgrade_answer_media",
}
"""What one sentence tells several of."""
_VALUES = frozenset({"request-value", "answer-value"})


@dataclass(frozen=True, slots=True)
class OperationStep:
    """What changes in one operation of one role."""

    role: Annotated[str, Meta(description="The role that serves it.")]
    operation: Annotated[str, Meta(description="The name of the operation.")]
    flows: Annotated[tuple[str, ...], Meta(description="The flows that use it.")]
    changes: Annotated[tuple[Text, ...], Meta(description="What is new, other or gone, a sentence each.")]


@dataclass(frozen=True, slots=True)
class RequirementStep:
    """What one requirement of the other edition asks of the target."""

    id: Annotated[str, Meta(description="Id in the catalogue.")]
    role: Annotated[str, Meta(description="The role that it is about.")]
    step: Annotated[
        Step,
        Meta(
            description="The requirement is new; its operation changes, or it fails now; "
            "can't be told; met already."
        ),
    ]
    statement: Annotated[Text, Meta(description="What it asks.")]
    reason: Annotated[Text, Meta(description="Why it is counted so.")]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What the step to another edition asks, when the run was started with --compare."""

    edition: Annotated[str, Meta(description="The other edition.")]
    operations: Annotated[
        tuple[OperationStep, ...],
        Meta(description="The operations that are new, changed or gone, with what changes."),
    ]
    requirements: Annotated[
        tuple[RequirementStep, ...],
        Meta(description="The requirements of the other edition, per role."),
    ]

    def of(self, step: Step) -> list[RequirementStep]:
        """The requirements with this outcome."""
        return [r for r in self.requirements if r.step == step]


def upgrade(
    older: Edition,
    newer: Edition,
    roles: Iterable[str],
    statuses: Mapping[tuple[str, str], Status],
    requirements: Iterable[Requirement],
) -> Upgrade:
    """Say what changes from ``older`` to ``newer`` for these roles.

    ``statuses`` are those of the run, by requirement and role; ``requirements`` are those of ``newer``.
    """
    common = [role for role in roles if role in newer.roles]
    found = edition_changes(older, newer)
    operations = [step for role in common for step in _operations(found, role)]
    changed = {(r, c.subject.operation) for c in found if c.kind != "scope-disputed" for r in c.roles}
    rows = [
        _requirement(r, role, older, newer, statuses.get((r.id, role)), changed)
        for r in requirements
        for role in common
        if role in r.roles and (r.untestable or r.bindings_in(newer, role))
    ]
    return Upgrade(newer.name, tuple(operations), tuple(rows))


# Requirements


def _requirement(
    requirement: Requirement,
    role: str,
    older: Edition,
    newer: Edition,
    status: Status | None,
    changed: set[tuple[str, str | None]],
) -> RequirementStep:
    step, reason = _judged(requirement, role, older, newer, status, changed)
    return RequirementStep(requirement.id, role, step, requirement.statement, reason)


def _judged(
    requirement: Requirement,
    role: str,
    older: Edition,
    newer: Edition,
    status: Status | None,
    changed: set[tuple[str, str | None]],
) -> tuple[Step, Text]:
    if requirement.untestable:
        return "unknown", say("upgrade_untestable")
    if not requirement.holds_in(older) or not requirement.bindings_in(older, role):
        return "new", say("upgrade_new_requirement", edition=older.name)
    names = dict.fromkeys(o.name for o, _ in requirement.bindings_in(newer, role))
    about_all = not (requirement.applies.kinds or requirement.applies.operations)
    touched = [name for name in names if (role, name) in changed and not about_all]
    if touched:
        return "change", say("upgrade_operation_changes", operations=", ".join(touched))
    if status is Status.FAILED:
        return "change", say("upgrade_fails_now")
    if status is Status.PASSED:
        return "met", say("upgrade_passed", edition=older.name)
    return "unknown", say("upgrade_not_judged")


# Operations


def _operations(changes: Iterable[Change], role: str) -> Iterator[OperationStep]:
    """What the changes that concern a role ask of each of its operations."""
    by_operation: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda c: c.kind != "call"):  # the address first
        if change.subject.operation and role in change.roles:
            by_operation.setdefault(change.subject.operation, []).append(change)
    for operation, found in by_operation.items():
        flows = [b.flow for b in found[0].subject.bindings if b.role == role]
        texts = dict.fromkeys(text for group in _grouped(found) for text in _told(group, role))
        yield OperationStep(role, operation, tuple(dict.fromkeys(flows)), tuple(texts))


def _grouped(changes: Iterable[Change]) -> Iterable[list[Change]]:
    """Changes that one sentence tells: scopes of the same flows, media types, values of one field."""
    found: dict[object, list[Change]] = {}
    for number, change in enumerate(changes):
        listed: object = number
        if change.kind in _LISTED and change.how in {"added", "removed"}:
            listed = change.how
        elif change.kind in _VALUES:
            listed = change.facts[0].name
        found.setdefault((change.kind, change.bindings, listed), []).append(change)
    return found.values()


def _told(group: list[Change], role: str) -> Iterator[Text]:
    first = group[0]
    flows = dict.fromkeys(b.flow for b in first.bindings if b.role == role)
    old = _listed([_value(c.old) for c in group if c.old])
    new = _listed([_value(c.new) for c in group if c.new])
    if first.kind == "call":
        yield from (_call(first, flow) for flow in flows)
    elif first.kind.startswith("scope"):
        key = f"{_LISTED[first.kind]}_{'more' if first.new else 'less'}"
        yield from (say(key, flow=flow, scopes=new or old) for flow in flows)
    elif first.kind in _LISTED and first.how in {"added", "removed"}:
        yield say(f"{_LISTED[first.kind]}_{'more' if first.new else 'less'}", types=new or old)
    elif first.kind in _VALUES:
        key = "upgrade_values" if old and new else f"upgrade_values_{'more' if new else 'less'}"
        yield from _in_place(first, say(key, name=first.facts[-1].name, old=old, new=new))
    else:
        for text in _one(first):
            yield from _in_place(first, text)


def _value(fact: Fact) -> str:
    return fact.value if fact.kind in {*_VALUES, "part"} else fact.name


def _call(change: Change, flow: str) -> Text:
    old, new = change.old, change.new
    if old and new:
        return say("upgrade_address", flow=flow, old=old.name, new=new.name)
    if new:
        return say("upgrade_operation_new", address=new.name) if change.whole else _flow("new", flow, new)
    if old is None:
        raise ValueError("a change needs an old or a new fact")
    return say("upgrade_operation_gone", address=old.name) if change.whole else _flow("gone", flow, old)


def _flow(what: str, flow: str, fact: Fact) -> Text:
    return say(f"upgrade_flow_{what}", flow=flow, address=fact.name)


def _one(change: Change) -> Iterator[Text]:
    """The sentences about one field, parameter, part or status."""
    old, new = change.old, change.new
    if old is None or new is None:
        yield _come_or_gone(change)
    elif change.kind.endswith("-form"):
        then, now = _formats(old.value, new.value)
        yield say("upgrade_form", name=new.name, old=then, new=now)
    elif change.kind == "part-name":
        yield say("upgrade_part", old=old.name, new=new.name)
    elif change.kind == "status":
        yield say("upgrade_success", old=old.name, new=new.name)
    else:
        thing = "query" if change.kind == "query" else "field"
        if old.name != new.name:
            yield say(f"upgrade_{thing}_renamed", old=old.name, new=new.name)
        if old.value != new.value:
            yield say(f"upgrade_{thing}_{new.value}", name=new.name)


def _formats(old: str, new: str) -> tuple[str, str]:
    """Two forms of a field; of texts that both have a format, the format alone."""
    then, now = old.removeprefix("string "), new.removeprefix("string ")
    return (old, new) if old == then or new == now else (then, now)


def _come_or_gone(change: Change) -> Text:
    fact = change.facts[0]
    thing = "field" if change.kind.endswith("-field") else change.kind.replace("-", "_")
    how = "new" if change.new else "gone"
    must = "_required" if change.new and fact.value == "required" else ""
    return say(f"upgrade_{thing}_{how}{must}", name=fact.name)


def _in_place(change: Change, text: Text) -> Iterator[Text]:
    """The sentence, with that it is about the answer if it is."""
    yield say("upgrade_in_answer", change=text) if change.kind.startswith("answer-") else text


def _listed(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
