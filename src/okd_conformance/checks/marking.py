"""Marking functions as checks and as observers, and loading the suites that hold them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, TypeVar

from okd_conformance.base.paths import data_folder
from okd_conformance.judge.case import Case
from okd_conformance.judge.large import Bulk
from okd_conformance.standard.catalogue import Profile
from okd_conformance.standard.operation import Binding, Operation

Place = tuple[Operation | None, Binding | None]
Values = Mapping[str, Any] | Callable[[Operation | None, Binding | None], Iterable[Any]]
Weight = Callable[[Bulk], int]
Function = TypeVar("Function", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A check's requirement, its profile, and its parameters: each name with its values by label."""

    requirement: str
    profile: Profile = "standard"
    parameters: Mapping[str, Values] = field(default_factory=dict)
    bulk: Weight | None = None
    """For an estimate: how many bytes a case of it moves."""

    def values_at(self, name: str, place: Place) -> Mapping[str, Any]:
        """The values of a parameter by their labels, where the case is judged."""
        values = self.parameters[name]
        return values if isinstance(values, Mapping) else labelled(values(*place))


def check(
    requirement: str,
    *,
    profile: Profile = "standard",
    bulk: Weight | None = None,
    **parameters: Iterable[Any] | Values,
) -> Callable[[Function], Function]:
    """Mark a test function as the check of ``requirement``.

    It runs wherever the catalogue says that the requirement applies, and once for each combination of
    ``parameters``: name=values, where values is a sequence, a mapping from a label to a value, or a function
    that gives one of these for an operation and a binding. A parameter that the function doesn't take only
    stands in the case ids.
    A function may check several requirements. ``bulk`` says how many bytes a case moves, if that is many.
    """
    named = {name: v if callable(v) else labelled(v) for name, v in parameters.items()}
    spec = CheckSpec(requirement, profile, named, bulk)

    def mark(function: Function) -> Function:
        marked: list[CheckSpec] = getattr(function, "okd_checks", [])
        function.okd_checks = [spec, *marked]  # type: ignore[attr-defined]
        return function

    return mark


def labelled(values: Iterable[Any]) -> Mapping[str, Any]:
    """Values by the labels that case ids show."""
    return values if isinstance(values, Mapping) else {str(value): value for value in values}


def checks_of(function: object) -> Sequence[CheckSpec]:
    """The checks that a function was marked with."""
    found: Sequence[CheckSpec] = getattr(function, "okd_checks", ())
    return found


def cells(*kinds: Literal["sufficient", "disputed", "refused"]) -> Values:
    """The scopes of these kinds in the row of the scope matrix that a binding has."""

    def scopes(operation: Operation | None, binding: Binding | None) -> Iterable[str]:
        bound = binding or (operation.bindings[0] if operation else None)
        row = bound.scopes if bound else None
        return [scope for kind in kinds for scope in getattr(row, kind, ())]

    return scopes


_OBSERVERS: dict[str, Callable[[Case], bool]] = {}


def observes(requirement: str) -> Callable[[Callable[[Case], bool]], Callable[[Case], bool]]:
    """Mark a function that judges ``requirement`` on every exchange of the run.

    It receives a case that holds the one exchange, and returns whether the exchange says anything about it.
    """

    def mark(function: Callable[[Case], bool]) -> Callable[[Case], bool]:
        _OBSERVERS[requirement] = function
        return function

    return mark


def observers() -> Mapping[str, Callable[[Case], bool]]:
    """The observers that the loaded suites define."""
    return _OBSERVERS


def load_suites() -> list[ModuleType]:
    """Import the suites, in the order of their names."""
    folder = data_folder("suites")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return [importlib.import_module(file.stem) for file in sorted(folder.glob("test_*.py"))]
