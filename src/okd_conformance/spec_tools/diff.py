"""``standard diff``: what changes between two texts of the standard, whom it breaks, what it touches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from okd_conformance.base.text import Text, say
from okd_conformance.spec_tools.facts import Fact, Standing, Subject, read_standing
from okd_conformance.spec_tools.findings import Finding, finding
from okd_conformance.standard.catalogue import Requirement, load_catalogue
from okd_conformance.standard.edition import Edition

_BREAKS: dict[str, tuple[str, str]] = {
    "call": ("servers", "clients"),
    "query": ("servers", "clients"),
    "request": ("servers", "clients"),
    "request-field": ("compatible", "compatible"),
    "request-value": ("servers", "clients"),
    "part": ("servers", "clients"),
    "scope": ("servers", "clients"),
    "scope-disputed": ("compatible", "compatible"),
    "status": ("compatible", "compatible"),
    "answer": ("both", "both"),
    "answer-field": ("compatible", "clients"),
    "answer-value": ("clients", "compatible"),
    "flow": ("servers", "clients"),
    "text-call": ("servers", "clients"),
    "text-server": ("both", "both"),
    "text-scope": ("servers", "clients"),
    "text-media": ("servers", "clients"),
    "text-field": ("compatible", "compatible"),
    "text-answer-field": ("compatible", "clients"),
    "text-value": ("servers", "clients"),
    "text-rule": ("text", "text"),
}
"""Whom it breaks when a fact is added, and when it is taken away."""
_DEMANDED = {
    ("request-field", "required"): "clients",
    ("query", "required"): "clients",
    ("answer-field", "required"): "servers",
}
"""Whom it breaks when a field or a parameter must be there."""
_FIELDS = frozenset({"request-field", "answer-field", "text-field", "text-answer-field"})
_WHOLE = frozenset({"call", "flow"})
_FORMS = frozenset({"request-form", "answer-form"})
"""The type of a field; told only when it changes, not when the field itself comes or goes."""
_ORDER = ("both", "servers", "clients", "text", "compatible")
_MAX_NAMED = 6
_ALIKE = 0.6
"""From here on two sentences count as one that was rewritten."""


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that was added (no old), taken away (no new), or became another."""

    subject: Subject
    kind: str
    breaks: str
    old: Fact | None
    new: Fact | None
    file: str
    line: int


def diff(old: str, new: str) -> list[Finding]:
    """What changes from one edition, folder or document to another, the breaking changes first.

    Raises UnknownEditionError, or SourceError when one can't be read.
    """
    before, after = read_standing(old), read_standing(new)
    changes = _compared(before, after)
    changes.sort(key=lambda c: (_ORDER.index(c.breaks), _flow_key(c.subject), c.kind, c.file, c.line))
    return [*(_told(c, before, after) for c in changes), *_requirements(before, after)]


def _flow_key(subject: Subject) -> tuple[int, str]:
    flow = subject.flows[0] if subject.flows else "~"
    return (int(flow), "") if flow.isdigit() else (99, flow)


def _compared(before: Standing, after: Standing) -> list[Change]:
    paired = _paired_subjects(before, after)
    moved = {new: old for old, new in paired.items()}
    old_facts = {fact._replace(subject=paired.get(fact.subject, fact.subject)): fact for fact in before.facts}
    gone = [fact for fact in old_facts if fact not in after.facts]
    come = [fact for fact in after.facts if fact not in old_facts]
    changes = []
    for new, old in list(_paired_facts(gone, come, before, after)):
        gone.remove(old)
        come.remove(new)
        changes.append(_change(before, after, old_facts[old], new))
    whole = {f.subject for f in [*come, *gone] if f.kind in _WHOLE}
    changes += [_change(before, after, old_facts[f], None) for f in gone if _worth(f, whole)]
    changes += [_change(before, after, None, f) for f in come if _worth(f, whole)]
    return [c for c in changes if c.subject.label or moved]


def _worth(fact: Fact, whole: set[str]) -> bool:
    """Of a call or a flow that is all new or all gone, that alone is told."""
    return fact.kind in _WHOLE or (fact.subject not in whole and fact.kind not in _FORMS)


def _paired_subjects(before: Standing, after: Standing) -> dict[str, str]:
    """Calls of which path or method changed: the same operation, or the same path but for a plural."""
    left = [k for k in before.subjects if k not in after.subjects]
    right = [k for k in after.subjects if k not in before.subjects]
    found: dict[str, str] = {}
    for key in left:
        for other in right:
            if other not in found.values() and _same(before.subjects[key], after.subjects[other], key, other):
                found[key] = other
                break
    return found


def _same(one: Subject, other: Subject, key: str, other_key: str) -> bool:
    if one.operation and other.operation:
        return one.operation == other.operation
    return _singular(key) == _singular(other_key) or (
        bool(set(one.flows) & set(other.flows))
        and _singular(key.partition(" ")[2]) == _singular(other_key.partition(" ")[2])
        and {key.partition(" ")[0], other_key.partition(" ")[0]} == {"PUT", "POST"}
    )


def _singular(words: str) -> str:
    return "/".join(word.removesuffix("s") for word in words.lower().split("/"))


def _paired_facts(
    gone: list[Fact], come: list[Fact], before: Standing, after: Standing
) -> Iterator[tuple[Fact, Fact]]:
    """What became something else: a call, a field under another name, a field that must be there now."""
    taken: set[Fact] = set()
    for old in gone:
        for new in come:
            if new in taken or (new.subject, new.kind) != (old.subject, old.kind):
                continue
            if _became(old, new, before, after):
                taken.add(new)
                yield new, old
                break


def _became(old: Fact, new: Fact, before: Standing, after: Standing) -> bool:
    """Whether one fact came in the place of another."""
    same_name = old.name == new.name
    tests: dict[str, Callable[[], bool]] = {
        "call": lambda: True,
        "text-call": lambda: _path(old) == _path(new),
        "request-form": lambda: same_name,
        "answer-form": lambda: same_name,
        "text-rule": lambda: _alike(old.name, new.name),
        "text-value": lambda: same_name and old.value.casefold() == new.value.casefold(),
        "query": lambda: same_name or _means_the_same(old, new, before, after),
    }
    if old.kind in _FIELDS:
        return tests["query"]()
    return old.kind in tests and tests[old.kind]()


def _path(fact: Fact) -> str:
    return _singular(fact.name.partition(" ")[2])


def _alike(one: str, other: str) -> bool:
    match = SequenceMatcher(None, one, other, autojunk=False)
    return match.quick_ratio() > _ALIKE and match.ratio() > _ALIKE


def _means_the_same(old: Fact, new: Fact, before: Standing, after: Standing) -> bool:
    meaning = before.meanings.get(old.name)
    same = meaning is not None and meaning == after.meanings.get(new.name)
    return same or old.name.casefold() == new.name.casefold()


def _change(before: Standing, after: Standing, old: Fact | None, new: Fact | None) -> Change:
    side, fact = (after, new) if new is not None else (before, old)
    if fact is None:
        raise ValueError("a change needs an old or a new fact")
    file, line = side.facts[fact]
    return Change(side.subjects[fact.subject], fact.kind, _breaking(old, new), old, new, file, line)


def _breaking(old: Fact | None, new: Fact | None) -> str:
    """Whom a change breaks."""
    fact = new or old
    if fact is None or fact.kind == "text-rule":
        return "text"
    if old is not None and new is not None:
        return _breaking_anew(old, new)
    if fact.kind == "status" and fact.name.startswith("2"):
        return "both"
    if new is not None and new.value in {"required", "optional"}:
        return _DEMANDED.get((new.kind, new.value), "compatible")
    added, removed = _BREAKS[fact.kind]
    return added if new is not None else removed


def _breaking_anew(old: Fact, new: Fact) -> str:
    """Whom it breaks that one thing became another."""
    if old.name != new.name or new.value not in {"required", "optional"}:
        return "both"
    eased = {"request-field": "servers", "query": "servers", "answer-field": "clients"}
    return _DEMANDED[new.kind, new.value] if new.value == "required" else eased[new.kind]


# --- in words --------------------------------------------------------------------------------------------


def _told(change: Change, before: Standing, after: Standing) -> Finding:
    how = "changed" if change.old and change.new else "added" if change.new else "removed"
    new, old = change.new or change.old, change.old or change.new
    if new is None or old is None:
        raise ValueError("a change needs an old or a new fact")
    if how == "changed" and old.name != new.name:
        how = "renamed"
    what = say(
        f"standard_change_{how}",
        whose=_whose(change.subject),
        thing=say(f"standard_kind_{change.kind.replace('-', '_')}"),
        old=_shown(old),
        new=_shown(new),
    )
    ids = _touched(change, before, after)
    touches = Text.same("")
    if ids:
        listed = ", ".join(ids[:_MAX_NAMED]) + (
            f" … (+{len(ids) - _MAX_NAMED})" if len(ids) > _MAX_NAMED else ""
        )
        touches = say("standard_touches", ids=listed)
    details = {
        "breaks": change.breaks,
        "kind": change.kind,
        "change": how,
        "flows": list(change.subject.flows),
        "roles": list(change.subject.roles),
        "requirements": ids,
        "old": change.old and [change.old.name, change.old.value],
        "new": change.new and [change.new.name, change.new.value],
    }
    return finding(f"change-{change.breaks}", change.file, change.line, details, what=what, touches=touches)


def _shown(fact: Fact) -> str:
    if fact.kind in {"request-value", "answer-value", "text-value", "part"}:
        return f"{fact.name} = {fact.value}"
    return f"{fact.name} ({fact.value})" if fact.value else fact.name


def _whose(subject: Subject) -> Text:
    flows = ", ".join(subject.flows)
    roles = ", ".join(subject.roles)
    if subject.label.startswith("flow "):
        return say("standard_whose_text", flows=flows, roles=roles or "?")
    if not flows:
        return say("standard_whose_call", call=subject.label)
    return say("standard_whose", call=subject.label, flows=flows, roles=roles or "?")


def _touched(change: Change, before: Standing, after: Standing) -> list[str]:
    """The requirements about this call whose words name what changed; of a call, all of them."""
    facts = [fact for fact in (change.old, change.new) if fact]
    tokens = {f.name for f in facts} | {f.value for f in facts} - {"required", "optional"}
    editions = [s.edition for s in (before, after) if s.edition is not None]
    found = [r.id for e in editions for r in load_catalogue().of(e) if _about(r, change, e, tokens)]
    return list(dict.fromkeys(found))


def _about(requirement: Requirement, change: Change, edition: Edition, tokens: set[str]) -> bool:
    subject, applies = change.subject, requirement.applies
    if not any(o.name == subject.operation and applies.to(o) for o in edition.operations()):
        return False
    if applies.flows and not set(applies.flows) & set(subject.flows):
        return False
    whole = change.kind in {"call", "text-call", "flow"} and bool(applies.operations)
    return whole or _names(requirement, tokens)


def _names(requirement: Requirement, tokens: set[str]) -> bool:
    """Whether the words of a requirement name one of these; a plain word only counts as a name in quotes."""
    texts = [requirement.statement, requirement.test, requirement.reasoning]
    words = " ".join(t.en for t in texts if t) + " " + " ".join(s.quote or "" for s in requirement.sources)
    exact = {t for t in tokens if not t.islower() or not t.isalpha()} - {""}
    quoted = {f'"{t}"' for t in tokens if t} | {f"`{t}`" for t in tokens if t}
    edged = any(re.search(rf"(?<!\w){re.escape(t)}(?!\w)", words) for t in exact)
    return edged or any(t in words for t in quoted)


def _requirements(before: Standing, after: Standing) -> Iterator[Finding]:
    """Requirements that only one of the two editions has."""
    if before.edition is None or after.edition is None:
        return
    catalogue = load_catalogue()
    old = {r.id: r for r in catalogue.of(before.edition)}
    new = {r.id: r for r in catalogue.of(after.edition)}
    for ids, other, key in ((new, old, "added"), (old, new, "removed")):
        for requirement in ids.values():
            if requirement.id not in other:
                what = say(f"standard_requirement_{key}", statement=requirement.statement)
                file = f"catalogue/{requirement.section}.yaml"
                details = {"requirements": [requirement.id], "roles": list(requirement.roles)}
                values = {"requirement": requirement.id, "what": what}
                yield finding("change-requirement", file, 1, details, **values)
