"""The engine that tells two editions apart: every change once, with the roles and flows that it concerns.

A call that moved, a field under another name and a field that must be there from now on are each one change.
What is all new or all gone is told as such, without everything in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from okd_conformance.standard.edition import Edition
from okd_conformance.standard.facts import NOBODY, Bound, Fact, Standing, Subject, edition_facts

WHOLE = frozenset({"call", "flow"})
_FORMS = frozenset({"request-form", "answer-form"})
"""The type of a field; told only when it changes, not when the field itself comes or goes."""
_BELOW = frozenset({"request-value", "answer-value", "part"})
"""What belongs to a field or part: it goes along when that gets another name."""
_ID = re.compile(r"\{[^}]*\}|[0-9a-f]{8}-[0-9a-f-]{27}")
_ALIKE = 0.6
"""From here on two sentences count as one that was rewritten."""


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that was added (no old), taken away (no new), or became another."""

    subject: Subject
    kind: str
    old: Fact | None
    new: Fact | None
    file: str
    line: int
    bindings: tuple[Bound, ...] = ()
    whole: bool = False
    """Whether a call that is added or gone is all that there is of the operation for these roles."""

    @property
    def how(self) -> str:
        """Whether it is added, removed, renamed or changed."""
        if self.old is None or self.new is None:
            return "added" if self.old is None else "removed"
        return "changed" if self.old.name == self.new.name else "renamed"

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The old one and the new one, as far as there are."""
        return tuple(fact for fact in (self.old, self.new) if fact is not None)

    @property
    def flows(self) -> tuple[str, ...]:
        """The flows that it concerns."""
        return tuple(dict.fromkeys(b.flow for b in self.bindings)) or self.subject.flows

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that it concerns."""
        return tuple(dict.fromkeys(b.role for b in self.bindings)) or self.subject.roles


def edition_changes(older: Edition, newer: Edition) -> list[Change]:
    """What changes from one edition of ours to another."""
    return changes(edition_facts(older), edition_facts(newer))


def changes(before: Standing, after: Standing) -> list[Change]:
    """What changes from one text to another."""
    return _merged(_Comparison(before, after).told())


def folded(method: str, path: str) -> str:
    """A call without the names of its parameters."""
    return f"{method} {_ID.sub('{}', path)}"


def _merged(single: Iterable[Change]) -> list[Change]:
    """Changes that say the same of several roles or flows, as one."""
    found: dict[object, Change] = {}
    for change in single:
        key = (change.subject, change.kind, change.old, change.new, change.whole)
        known = found.get(key)
        more = (*(known.bindings if known else ()), *change.bindings)
        found[key] = replace(known or change, bindings=tuple(dict.fromkeys(more)))
    return list(found.values())


class _Comparison:
    """Two texts, with what belongs together in them."""

    def __init__(self, before: Standing, after: Standing) -> None:
        self.before = before
        self.after = after
        self.pairs = _paired_subjects(before, after)
        """The subject of the newer text that each of the older one goes on as."""
        self.former = {new: before.subjects[old] for old, new in self.pairs.items()}
        self.common = {new: self._common(new) for new in self.former}
        self.old = {self._aligned(fact, self.pairs.get(fact.subject)): fact for fact in before.facts}
        self.new = {self._aligned(fact, fact.subject): fact for fact in after.facts}

    def told(self) -> Iterator[Change]:
        """Every change, for each role in each flow apart where that makes a difference."""
        gone = {fact: None for fact in self.old if fact not in self.new}
        come = {fact: None for fact in self.new if fact not in self.old}
        for test in _TESTS:
            for old, new in list(self._became(gone, come, test)):
                del gone[old], come[new]
                if not _all_the_same(old, new) and self._is_kept(new):
                    yield self._change(old, new)
        for fact in gone:
            if self._worth_telling(fact):
                yield self._change(fact, None)
        for fact in come:
            if self._worth_telling(fact):
                yield self._change(None, fact)

    def _common(self, subject: str) -> tuple[Bound, ...]:
        """Who has an operation before and after: the bindings of the roles that keep it."""
        kept = {b.role for b in self.former[subject].bindings}
        return tuple(b for b in self.after.subjects[subject].bindings if b.role in kept)

    def _aligned(self, fact: Fact, subject: str | None) -> Fact:
        """The fact as the newer text would say it: of its subject, without binding if one text has none."""
        if subject is None or subject not in self.common:
            return fact
        return fact._replace(subject=subject, bound=fact.bound if self._is_bound(subject) else NOBODY)

    def _is_bound(self, subject: str) -> bool:
        return all(s.bindings for s in (self.former[subject], self.after.subjects[subject]))

    def _became(
        self, gone: Iterable[Fact], come: Iterable[Fact], test: Callable[[Fact, Fact], bool]
    ) -> Iterator[tuple[Fact, Fact]]:
        taken: set[Fact] = set()
        for old in gone:
            for new in come:
                alike = (new.subject, new.kind, new.bound) == (old.subject, old.kind, old.bound)
                if alike and new not in taken and test(old, new):
                    taken.add(new)
                    yield old, new
                    break

    def _worth_telling(self, fact: Fact) -> bool:
        """Of an operation or a flow's text that is all new or all gone, that alone is told."""
        if fact.kind in WHOLE:
            return True
        if fact.subject not in self.common or fact.kind in _FORMS or not self._is_kept(fact):
            return False
        return fact.bound == NOBODY or self._lasts(fact)

    def _is_kept(self, fact: Fact) -> bool:
        """Whether some role has this subject before and after, if roles are told at all."""
        return bool(self.common[fact.subject]) or not self._is_bound(fact.subject)

    def _lasts(self, fact: Fact) -> bool:
        """Whether this role has the operation in this flow before and after."""
        both = (self.former[fact.subject], self.after.subjects[fact.subject])
        return all(fact.bound in subject.bindings for subject in both)

    def _change(self, old: Fact | None, new: Fact | None) -> Change:
        fact = new or old
        if fact is None:
            raise ValueError("a change needs an old or a new fact")
        side, found = (self.after, self.new) if new else (self.before, self.old)
        file, line = side.facts[found[fact]]
        here = self.after.subjects if fact.subject in self.after.subjects else self.before.subjects
        bindings = (fact.bound,) if fact.bound != NOBODY else self.common.get(fact.subject, ())
        old, new = (f and f._replace(bound=NOBODY) for f in (old, new))
        kept = any(b.role == fact.bound.role for b in self.common.get(fact.subject, ()))
        return Change(here[fact.subject], fact.kind, old, new, file, line, bindings, not kept)


def _paired_subjects(before: Standing, after: Standing) -> dict[str, str]:
    """For each operation or text before, that after; also where its path, method or document changed."""
    found = {key: key for key in before.subjects if key in after.subjects}
    for key, one in before.subjects.items():
        if key in found:
            continue
        for other_key, other in after.subjects.items():
            if other_key not in found.values() and _same_subject(one, other, key, other_key):
                found[key] = other_key
                break
    return found


def _same_subject(one: Subject, other: Subject, key: str, other_key: str) -> bool:
    if one.operation and other.operation:
        apart = one.bindings and other.bindings and not set(one.roles) & set(other.roles)
        return one.operation == other.operation and not apart
    return _singular(key) == _singular(other_key) or (
        bool(set(one.flows) & set(other.flows))
        and _singular(key.partition(" ")[2]) == _singular(other_key.partition(" ")[2])
        and {key.partition(" ")[0], other_key.partition(" ")[0]} == {"PUT", "POST"}
    )


def _singular(words: str) -> str:
    return "/".join(word.removesuffix("s") for word in words.lower().split("/"))


def _same_thing(old: Fact, new: Fact) -> bool:
    """Whether a field, a parameter or a part is still the same, and something else of it changed."""
    return (old.name, old.meaning) == (new.name, new.meaning) and _goes_along(old, new)


def _same_meaning(old: Fact, new: Fact) -> bool:
    return old.meaning == new.meaning != "" and _goes_along(old, new)


def _same_name(old: Fact, new: Fact) -> bool:
    """Whether the names are the same, also in other capitals, and no meaning contradicts it."""
    unknown = not (old.meaning and new.meaning)
    return unknown and old.name.casefold() == new.name.casefold() and _goes_along(old, new)


def _in_its_place(old: Fact, new: Fact) -> bool:
    return old.kind in _IN_PLACE and _IN_PLACE[old.kind](old, new)


_TESTS = (_same_thing, _same_meaning, _same_name, _in_its_place)
"""When one fact became another, the surest first."""


def _goes_along(old: Fact, new: Fact) -> bool:
    """What is told by the name of a field; a value or a media type only when it is the same itself."""
    if old.kind == "text-value":
        return old.name == new.name and old.value.casefold() == new.value.casefold()
    if old.kind in _BELOW:
        return old.value == new.value
    return old.kind.endswith(("-field", "-form", "-name")) or old.kind in {"query", "answer"}


def _all_the_same(old: Fact, new: Fact) -> bool:
    """Whether nothing is left to tell: only a path parameter's name or what surrounds it differs."""
    if old.kind == "call":
        return _folded_call(old.name) == _folded_call(new.name)
    if old.kind == "answer":
        return True  # the status itself is told
    if old.kind in _FORMS:
        return old.value == new.value
    return old.kind in _BELOW or (old.name, old.value) == (new.name, new.value)


def _folded_call(name: str) -> str:
    method, _, path = name.partition(" ")
    return folded(method, path)


def _path(fact: Fact) -> str:
    return _singular(fact.name.partition(" ")[2])


def _alike(one: str, other: str) -> bool:
    match = SequenceMatcher(None, one, other, autojunk=False)
    return match.quick_ratio() > _ALIKE and match.ratio() > _ALIKE


_IN_PLACE: dict[str, Callable[[Fact, Fact], bool]] = {
    "call": lambda _old, _new: True,
    "text-call": lambda old, new: _path(old) == _path(new),
    "text-rule": lambda old, new: _alike(old.name, new.name),
    "status": lambda old, new: old.name[:1] == new.name[:1] == "2",
}
"""When one fact came in the place of another, for what is told by no name of a field."""
