"""What a schema says together with the parts that it is made of: its fields, and which must be there."""

from __future__ import annotations

from collections.abc import Iterator

from okd_conformance.standard.document import Spec, Spot
from okd_conformance.standard.schemas import BRANCHES


def parts(spec: Spec, unread: Spot, words: tuple[str, ...] = BRANCHES) -> Iterator[Spot]:
    """The schema and everything that it is made of by these words, after their references."""
    return spec.walk([unread], lambda part: spec.inner(part, words))


def keyword(spec: Spec, schema: Spot, word: str, words: tuple[str, ...] = BRANCHES) -> list[Spot]:
    """Where a keyword stands in a schema and in the parts that it is made of."""
    return [part.at(word) for part in parts(spec, schema, words) if part.has(word)]


def property_names(spec: Spec, schema: Spot) -> dict[str, Spot]:
    """Every property that a schema or one of its branches knows; the outermost description of each."""
    found: dict[str, Spot] = {}
    for known in keyword(spec, schema, "properties"):
        for name in known.names():
            if isinstance(known.at(name).value, dict | bool):
                found.setdefault(name, known.at(name))
    return found


def required_names(spec: Spec, unread: Spot, around: frozenset[Spot] = frozenset()) -> set[str]:
    """The fields that an object must have; none when something else than an object will do too."""
    schema = spec.follow(unread)
    if schema in around:  # a schema that is a part of itself asks nothing more
        return set()
    around |= {schema}
    beside = unread.at("required").value if unread != schema and spec.version >= (3, 1) else None
    listed = [*(schema.at("required").value or []), *(beside or [])]
    names = {name for name in listed if isinstance(name, str)}
    for part in schema.at("allOf").items():
        names |= required_names(spec, part, around)
    for word in ("oneOf", "anyOf"):
        described = [b for b in schema.at(word).items() if isinstance(b.value, dict)]
        branches = [required_names(spec, branch, around) for branch in described]
        names |= set.intersection(*branches) if branches else set()
    return names
