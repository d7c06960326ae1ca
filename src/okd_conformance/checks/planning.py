"""From a check to its cases: where the catalogue says that its requirement applies, at this target."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

from okd_conformance.checks.marking import CheckSpec, checks_of, load_suites
from okd_conformance.judge.case import CaseSpec
from okd_conformance.judge.case_id import case_id
from okd_conformance.standard.catalogue import Catalogue, Profile, Requirement
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.operation import Binding, Operation

_PROFILES = get_args(Profile)


@dataclass(frozen=True)
class Claims:
    """What the target claims: its roles, each with the flows that it serves (all of the role by default)."""

    edition: Edition
    roles: dict[str, frozenset[str]]

    def serves(self, role: str, flow: str) -> bool:
        """Whether the target claims this role and flow."""
        return flow in self.roles.get(role, frozenset())


@dataclass(frozen=True)
class Selection:
    """What the options choose; an empty set chooses everything."""

    roles: frozenset[str] = frozenset()
    flows: frozenset[str] = frozenset()
    requirements: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()
    profile: str = "standard"

    def takes(self, spec: CaseSpec) -> bool:
        """Whether the options choose this case."""
        return (
            (not self.roles or spec.role in self.roles)
            and (not self.flows or any(is_flow(w, f) for w in self.flows for f in _flows_of(spec)))
            and (not self.requirements or any(is_named(r, spec.requirement.id) for r in self.requirements))
            and (not self.cases or spec.id in self.cases)
        )

    def profile_takes(self, check: CheckSpec) -> bool:
        """Whether the profile holds this check; a case that is asked for by its id always runs."""
        return bool(self.cases) or _PROFILES.index(check.profile) <= _PROFILES.index(self.profile)

    @property
    def everything(self) -> bool:
        """Whether no option narrows the run."""
        return not (self.roles or self.flows or self.requirements or self.cases)


def is_named(wanted: str, requirement_id: str) -> bool:
    """Whether an option's value is this requirement, or its section."""
    return requirement_id == wanted or requirement_id.startswith(wanted + "-")


def is_flow(wanted: str, flow: str) -> bool:
    """Whether an option's value is this flow, or the flow that this one is a part of: 2 for 2.1."""
    return flow == wanted or flow.startswith(f"{wanted}.")


def _flows_of(spec: CaseSpec) -> set[str]:
    if spec.binding:
        return {spec.binding.flow}
    if spec.operation:
        return {b.flow for b in spec.operation.bindings}
    return set()


@dataclass(frozen=True)
class Planned:
    """A case, the check that it runs, and the values of the parameters that the function takes."""

    spec: CaseSpec
    check: CheckSpec
    values: dict[str, Any] = field(default_factory=dict)


def planned(function: Callable[..., None], catalogue: Catalogue, claims: Claims) -> list[Planned]:
    """Every case of a check function. UnknownRequirementError when a check names no known requirement."""
    found, taken = [], inspect.signature(function).parameters.keys()
    for check in checks_of(function):
        requirement = catalogue[check.requirement].in_edition(claims.edition)
        if not requirement.holds_in(claims.edition) or requirement.parked:
            continue
        for role in claims.roles:
            if role in requirement.roles:
                found += list(_cases(check, requirement, role, claims, taken))
    return found


def every_case(catalogue: Catalogue, claims: Claims) -> Iterator[tuple[Callable[..., None], Planned]]:
    """Every case of every suite with the function that runs it, in the order of a run."""
    for module in load_suites():
        for function in vars(module).values():
            if checks_of(function) and function.__module__ == module.__name__:
                for plan in planned(function, catalogue, claims):
                    yield function, plan


def _cases(
    check: CheckSpec, requirement: Requirement, role: str, claims: Claims, taken: Collection[str]
) -> Iterator[Planned]:
    for operation, binding in places(requirement, role, claims):
        where = _where(operation, binding)
        named = {name: check.values_at(name, (operation, binding)) for name in check.parameters}
        for combination in itertools.product(*named.values()):
            labels = dict(zip(named, combination, strict=True))
            parts = [*where, *(f"{name}={label}" for name, label in labels.items())]
            spec = CaseSpec(case_id(requirement.id, role, *parts), requirement, role, operation, binding)
            values = {name: named[name][label] for name, label in labels.items() if name in taken}
            yield Planned(spec, check, values)


def places(
    requirement: Requirement, role: str, claims: Claims
) -> Iterator[tuple[Operation | None, Binding | None]]:
    """Where a requirement is judged for a role: each binding, each operation, or the role as a whole."""
    bound = [(o, b) for o, b in requirement.bindings_in(claims.edition, role) if claims.serves(role, b.flow)]
    if requirement.applies.per == "binding":
        yield from bound
    elif requirement.applies.per == "operation":
        seen: set[str] = set()
        for operation, binding in bound:
            if operation.id not in seen:
                seen.add(operation.id)
                yield operation, binding if requirement.applies.flows else None
    elif bound:
        yield None, None


def _where(operation: Operation | None, binding: Binding | None) -> list[str]:
    parts = [operation.id] if operation else []
    if binding:
        parts.append(f"flow={binding.flow}")
        same = [b for b in operation.bindings if b.flow == binding.flow] if operation else []
        if len(same) > 1 and binding.document_type:
            parts.append(f"type={binding.document_type}")
    return parts
