"""The registry of faults and variants: each changes one thing in how the reference behaves.

What each one is called, says and breaks is data, see ``okd_conformance.standard.faults``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from okd_conformance.reference.world import Behaviour

Change = Callable[["Behaviour"], None]
Shape = Callable[[Callable[..., Any]], Change]
"""What makes a change of a function, such as ``refusing`` of a condition."""
Function = TypeVar("Function", bound=Callable[..., Any])


class UnknownFaultError(LookupError):
    """There is no fault or variant of this name."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"; do you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"no {kind} {name!r}{hint}")
        self.known = list(known)


FAULTS: dict[str, Change] = {}
VARIANTS: dict[str, Change] = {}
MODULES = ("inschrijven", "examineren", "bpv", "diplomeren")


def fault(name: str, shape: Shape | None = None) -> Callable[[Function], Function]:
    """Register the decorated function as the behaviour of a fault; ``shape`` says which part of it."""
    return _registering("faults", FAULTS, name, shape)


def variant(name: str, shape: Shape | None = None) -> Callable[[Function], Function]:
    """Register the decorated function as the behaviour of a variant; ``shape`` says which part of it."""
    return _registering("variants", VARIANTS, name, shape)


def faults(rows: Mapping[str, Change]) -> None:
    """Register the behaviour of faults that one line tells, by their names."""
    for name, change in rows.items():
        fault(name)(change)


def variants(rows: Mapping[str, Change]) -> None:
    """Register the behaviour of variants that one line tells, by their names."""
    for name, change in rows.items():
        variant(name)(change)


def _registering(
    kind: str, known: dict[str, Change], name: str, shape: Shape | None
) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        if name in known:
            raise ValueError(f"two {kind} are called {name}")
        known[name] = shape(function) if shape else function
        return function

    return register


def _find(kind: str, known: Mapping[str, Change], name: str) -> Change:
    if name not in known:
        raise UnknownFaultError(kind, name, sorted(known))
    return known[name]


def find_fault(name: str) -> Change:
    """Return what the fault changes; UnknownFaultError when there is none."""
    return _find("fault", FAULTS, name)


def find_variant(name: str) -> Change:
    """Return what the variant changes; UnknownFaultError when there is none."""
    return _find("variant", VARIANTS, name)
