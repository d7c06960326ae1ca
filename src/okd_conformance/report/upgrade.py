"""The step to another edition: what a target that was judged by one edition must change to conform to it.

Everything comes from the data of the two editions and from the results of the run: which operations differ,
in method, path, media type, scopes and fields; and per requirement of the other edition whether it is new,
belongs to an operation that changes, is met already, or can't be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from okd_conformance.base.text import Text, say
from okd_conformance.judge.outcome import Status
from okd_conformance.standard.catalogue import Requirement
from okd_conformance.standard.edition import Binding, Edition, Operation
from okd_conformance.standard.fields import deref, field_names, meanings

Step = Literal["new", "change", "unknown", "met"]
STEPS: tuple[Step, ...] = ("new", "change", "unknown", "met")
_PARAMETER = re.compile(r"\{[^}]*\}")
_MAX_DEPTH = 30


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
    operations = [step for role in common for step in _operations(older, newer, role)]
    changed = {(step.role, step.operation) for step in operations}
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
    changed: set[tuple[str, str]],
) -> RequirementStep:
    step, reason = _judged(requirement, role, older, newer, status, changed)
    return RequirementStep(requirement.id, role, step, requirement.statement, reason)


def _judged(
    requirement: Requirement,
    role: str,
    older: Edition,
    newer: Edition,
    status: Status | None,
    changed: set[tuple[str, str]],
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


def _operations(older: Edition, newer: Edition, role: str) -> Iterator[OperationStep]:
    old = _by_name(older, role)
    new = _by_name(newer, role)
    for name, operations in new.items():
        flows = tuple(dict.fromkeys(b.flow for o in operations for b in o.bindings))
        changes = tuple(dict.fromkeys(_changes(old.get(name, []), operations)))
        if changes:
            yield OperationStep(role, name, flows, changes)
    for name, operations in old.items():
        if name not in new:
            flows = tuple(dict.fromkeys(b.flow for o in operations for b in o.bindings))
            gone = say("upgrade_operation_gone", address=_address(operations[0]))
            yield OperationStep(role, name, flows, (gone,))


def _by_name(edition: Edition, role: str) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for operation in edition.operations(role) if role in edition.roles else ():
        found.setdefault(operation.name, []).append(operation)
    return found


def _address(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def _changes(old: list[Operation], new: list[Operation]) -> Iterator[Text]:
    if not old:
        yield from (say("upgrade_operation_new", address=_address(o)) for o in new)
        return
    for operation in new:
        for binding in operation.bindings:
            yield from _of_flow(old, operation, binding)
    before, after = old[0], new[0]
    yield from _of_media(before, after)
    yield from _of_fields(before.body_schema or {}, after.body_schema or {})
    for text in _of_fields(before.success_schema() or {}, after.success_schema() or {}):
        yield say("upgrade_in_answer", change=text)
    if before.success != after.success:
        statuses = {"old": _listed(before.success), "new": _listed(after.success)}
        yield say("upgrade_success", **statuses)


def _of_flow(old: list[Operation], new: Operation, binding: Binding) -> Iterator[Text]:
    """What one flow does otherwise: address and scopes."""
    known = [(o, b) for o in old for b in o.bindings if b.flow == binding.flow]
    if not known:
        yield say("upgrade_flow_new", flow=binding.flow, address=_address(new))
        return
    before = known[0][0]
    if before.method != new.method or _shape(before.path) != _shape(new.path):
        yield say("upgrade_address", flow=binding.flow, old=_address(before), new=_address(new))
    then = {s for _, b in known for s in (b.scopes.sufficient if b.scopes else ())}
    now = {
        s for b in new.bindings if b.flow == binding.flow for s in (b.scopes.sufficient if b.scopes else ())
    }
    if now - then:
        yield say("upgrade_scopes_more", flow=binding.flow, scopes=_listed(now - then))
    if then - now:
        yield say("upgrade_scopes_less", flow=binding.flow, scopes=_listed(then - now))


def _shape(path: str) -> str:
    return _PARAMETER.sub("{}", path)


def _of_media(old: Operation, new: Operation) -> Iterator[Text]:
    more, less = (_media(new) - _media(old)), (_media(old) - _media(new))
    if more:
        yield say("upgrade_media_more", types=_listed(more))
    if less:
        yield say("upgrade_media_less", types=_listed(less))
    then, now = ({spec.part: spec.name for spec in o.parts} for o in (old, new))
    for part in then.keys() & now.keys():
        if then[part] != now[part]:
            yield say("upgrade_part", old=then[part], new=now[part])


def _media(operation: Operation) -> set[str]:
    return {*operation.request, *(t for part in operation.parts for t in part.content_types)}


def _of_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Text]:
    """Which fields are new, gone, called otherwise, required or of another form."""
    known, wanted = meanings(old), meanings(new)
    for meaning in wanted:
        names = field_names(new, meaning)
        if meaning not in known:
            key = "upgrade_field_new_required" if meaning in _required(new) else "upgrade_field_new"
            yield say(key, name=names[0])
            continue
        former = field_names(old, meaning)
        if not set(names) & set(former):
            yield say("upgrade_field_renamed", old=former[0], new=names[0])
        if meaning in _required(new) and meaning not in _required(old):
            yield say("upgrade_field_required", name=names[0])
        if meaning in _required(old) and meaning not in _required(new):
            yield say("upgrade_field_optional", name=names[0])
        yield from _of_form(names[0], _form(old, meaning), _form(new, meaning))
    for meaning in known:
        if meaning not in wanted:
            yield say("upgrade_field_gone", name=field_names(old, meaning)[0])


def _of_form(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Text]:
    then, now = _values(old), _values(new)
    if set(then) != set(now):
        yield say("upgrade_values", name=name, old=_listed(then) or "…", new=_listed(now) or "…")
    kinds = [f"{s.get('format') or s.get('type') or ''}" for s in (old, new)]
    if all(kinds) and kinds[0] != kinds[1]:
        yield say("upgrade_form", name=name, old=kinds[0], new=kinds[1])


def _values(schema: Mapping[str, Any]) -> list[str]:
    return [str(value) for value in ([schema["const"]] if "const" in schema else schema.get("enum", ()))]


def _listed(values: Iterable[object]) -> str:
    ordered = values if isinstance(values, list) else sorted(map(str, values))
    return ", ".join(map(str, ordered))


def _form(schema: Mapping[str, Any], meaning: str) -> Mapping[str, Any]:
    return next((s for _, s, _ in _walk(schema, schema, 0) if s.get("x-okd-meaning") == meaning), {})


def _required(schema: Mapping[str, Any]) -> set[str]:
    return {str(s.get("x-okd-meaning")) for _, s, required in _walk(schema, schema, 0) if required}


def _walk(
    root: Mapping[str, Any], schema: Mapping[str, Any], depth: int
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Every property, with its schema, and whether the object that holds it requires it."""
    if depth > _MAX_DEPTH:
        return
    schema = deref(root, schema)
    required = set(schema.get("required", ()))
    for name, sub in schema.get("properties", {}).items():
        yield name, deref(root, sub), name in required
    below = [*schema.get("properties", {}).values(), schema.get("items")]
    for word in ("allOf", "anyOf", "oneOf"):
        below += schema.get(word, ())
    for sub in below:
        if isinstance(sub, Mapping):
            yield from _walk(root, sub, depth + 1)
