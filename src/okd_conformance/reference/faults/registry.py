"""The registry of faults and variants: each changes one thing in how the reference behaves.

What each one is called, says and breaks is data, see ``okd_conformance.standard.faults``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour

Change = Callable[["Behaviour"], None]


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


def fault(name: str, **_facts: Any) -> Callable[[Change], Change]:
    """Register the decorated function as the behaviour of a fault; facts given here too are not read."""
    return _registering("faults", FAULTS, name)


def variant(name: str, **_facts: Any) -> Callable[[Change], Change]:
    """Register the decorated function as the behaviour of a variant; facts given here too are not read."""
    return _registering("variants", VARIANTS, name)


def _registering(kind: str, known: dict[str, Change], name: str) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        if name in known:
            raise ValueError(f"two {kind} are called {name}")
        known[name] = change
        return change

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
