"""``standard diff``: what changes between two texts of the standard, whom it breaks, what it touches."""

from __future__ import annotations

import re
from collections.abc import Iterator

from okd_conformance.base.text import Text, say
from okd_conformance.spec_tools.findings import LintFinding, finding
from okd_conformance.spec_tools.published import read_standing
from okd_conformance.standard.catalogue import Requirement, load_catalogue
from okd_conformance.standard.changes import Change, changes
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.facts import Fact, Standing

_BREAKS: dict[str, tuple[str, str]] = {
    "call": ("servers", "clients"),
    "query": ("servers", "clients"),
    "request": ("servers", "clients"),
    "request-field": ("compatible", "compatible"),
    "request-value": ("servers", "clients"),
    "part": ("servers", "clients"),
    "part-name": ("servers", "clients"),
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
_ORDER = ("both", "servers", "clients", "text", "compatible")
_MAX_NAMED = 6


def diff(old: str, new: str) -> list[LintFinding]:
    """What changes from one edition, folder or document to another, the breaking changes first.

    Raises UnknownEditionError, or SourceError when one can't be read.
    """
    before, after = read_standing(old), read_standing(new)
    told = sorted(changes(before, after), key=_rank)
    return [*(_told(c, before, after) for c in told), *_requirements(before, after)]


def _rank(change: Change) -> tuple[object, ...]:
    """The breaking changes first, then by flow."""
    return (_ORDER.index(_breaking(change)), _flow_key(change), change.kind, change.file, change.line)


def _flow_key(change: Change) -> tuple[int, str]:
    flow = change.flows[0] if change.flows else "~"
    return (int(flow), "") if flow.isdigit() else (99, flow)


def _breaking(change: Change) -> str:
    """Whom a change breaks."""
    old, new = change.old, change.new
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


def _told(change: Change, before: Standing, after: Standing) -> LintFinding:
    old, new = change.facts[0], change.facts[-1]
    what = say(
        f"standard_change_{change.how}",
        whose=_whose(change),
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
    breaks = _breaking(change)
    details = {
        "breaks": breaks,
        "kind": change.kind,
        "change": change.how,
        "flows": list(change.flows),
        "roles": list(change.roles),
        "requirements": ids,
        "old": change.old and [change.old.name, change.old.value],
        "new": change.new and [change.new.name, change.new.value],
    }
    return finding(f"change-{breaks}", change.file, change.line, details, what=what, touches=touches)


def _shown(fact: Fact) -> str:
    if fact.kind in {"request-value", "answer-value", "text-value", "part"}:
        return f"{fact.name} = {fact.value}"
    return f"{fact.name} ({fact.value})" if fact.value else fact.name


def _whose(change: Change) -> Text:
    subject, flows, roles = change.subject, ", ".join(change.flows), ", ".join(change.roles)
    if subject.label.startswith("flow "):
        return say("standard_whose_text", flows=flows, roles=roles or "?")
    if not flows:
        return say("standard_whose_call", call=subject.label)
    return say("standard_whose", call=subject.label, flows=flows, roles=roles or "?")


def _touched(change: Change, before: Standing, after: Standing) -> list[str]:
    """The requirements about this call whose words name what changed; of a call, all of them."""
    tokens = {f.name for f in change.facts} | {f.value for f in change.facts} - {"required", "optional"}
    editions = [s.edition for s in (before, after) if s.edition is not None]
    found = [r.id for e in editions for r in load_catalogue().of(e) if _about(r, change, e, tokens)]
    return list(dict.fromkeys(found))


def _about(requirement: Requirement, change: Change, edition: Edition, tokens: set[str]) -> bool:
    subject, applies = change.subject, requirement.applies
    if not any(o.name == subject.operation and applies.to(o) for o in edition.operations()):
        return False
    if applies.flows and not set(applies.flows) & set(change.flows):
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


def _requirements(before: Standing, after: Standing) -> Iterator[LintFinding]:
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
