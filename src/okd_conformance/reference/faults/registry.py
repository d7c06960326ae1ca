"""The registry of faults and variants: each changes one thing in how the reference behaves."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from okd_conformance.base.text import Text

if TYPE_CHECKING:
    from okd_conformance.reference.behaviour import Behaviour

Change = Callable[["Behaviour"], None]
_T = TypeVar("_T")


class UnknownFaultError(LookupError):
    """There is no fault or variant of this name."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"; do you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"no {kind} {name!r}{hint}")
        self.known = list(known)


@dataclass(frozen=True, slots=True)
class Fault:
    """One deliberate deviation; ``breaks`` are the requirements that no longer hold with it."""

    name: str
    breaks: tuple[str, ...]
    roles: tuple[str, ...]
    editions: tuple[str, ...]
    says: Text
    apply: Change


@dataclass(frozen=True, slots=True)
class Variant:
    """One deliberate but legitimate difference; in the editions of ``not_in`` it is none.

    At the requirements of ``may_warn`` it may end in a warning, at all others in a note at most.
    """

    name: str
    says: Text
    apply: Change
    not_in: tuple[str, ...] = ()
    may_warn: tuple[str, ...] = ()


FAULTS: dict[str, Fault] = {}
VARIANTS: dict[str, Variant] = {}
DMS = ("dms",)
MODULES = ("inschrijven", "examineren", "bpv", "diplomeren")
EVERY_ROLE = (*DMS, *MODULES)


def fault(
    name: str,
    *,
    breaks: str | Sequence[str],
    says: Text,
    roles: Sequence[str] = DMS,
    editions: Sequence[str] = ("okd-1.5",),
) -> Callable[[Change], Change]:
    """Register the decorated function as a fault; ``roles`` are those that deviate."""

    def register(change: Change) -> Change:
        if name in FAULTS:
            raise ValueError(f"two faults are called {name}")
        broken = (breaks,) if isinstance(breaks, str) else tuple(breaks)
        FAULTS[name] = Fault(name, broken, tuple(roles), tuple(editions), says, change)
        return change

    return register


def also_in(edition: str, *names: str) -> None:
    """Let faults count in another edition too, where they are proven as well."""
    for name in names:
        known = find_fault(name)
        FAULTS[name] = replace(known, editions=(*known.editions, edition))


def variant(
    name: str, *, says: Text, not_in: Sequence[str] = (), may_warn: Sequence[str] = ()
) -> Callable[[Change], Change]:
    """Register the decorated function as a variant."""

    def register(change: Change) -> Change:
        if name in VARIANTS:
            raise ValueError(f"two variants are called {name}")
        VARIANTS[name] = Variant(name, says, change, tuple(not_in), tuple(may_warn))
        return change

    return register


def _find(kind: str, known: Mapping[str, _T], name: str) -> _T:
    if name not in known:
        raise UnknownFaultError(kind, name, sorted(known))
    return known[name]


def find_fault(name: str) -> Fault:
    """Return the fault; UnknownFaultError when there is none."""
    return _find("fault", FAULTS, name)


def find_variant(name: str) -> Variant:
    """Return the variant; UnknownFaultError when there is none."""
    return _find("variant", VARIANTS, name)
