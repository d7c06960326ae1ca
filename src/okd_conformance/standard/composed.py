"""What a schema says together with the parts that it is made of: its fields, and which must be there."""

from __future__ import annotations

from collections.abc import Iterator

from okd_conformance.standard.document import Spec, Spot

_MAX_DEPTH = 12


def parts(
    spec: Spec, unread: Spot, words: tuple[str, ...] = ("allOf", "oneOf", "anyOf"), depth: int = 0
) -> Iterator[Spot]:
    """The schema and everything that it is made of by these words, after their references."""
    schema = spec.follow(unread)
    if depth > _MAX_DEPTH or not isinstance(schema.value, dict):
        return
    yield schema
    for word in words:
        for part in schema.at(word).items():
            yield from parts(spec, part, words, depth + 1)


def property_names(spec: Spec, unread: Spot) -> dict[str, Spot]:
    """Every property that a schema or one of its branches knows; the outermost description of each."""
    found: dict[str, Spot] = {}
    for part in parts(spec, unread):
        for name in part.at("properties").names():
            if isinstance(part.at("properties", name).value, dict | bool):
                found.setdefault(name, part.at("properties", name))
    return found


def required_names(spec: Spec, unread: Spot) -> set[str]:
    """The fields that an object must have; none when something else than an object will do too."""
    schema = spec.follow(unread)
    beside = unread.at("required").value if unread != schema and spec.version >= (3, 1) else None
    listed = [*(schema.at("required").value or []), *(beside or [])]
    names = {name for name in listed if isinstance(name, str)}
    for part in schema.at("allOf").items():
        names |= required_names(spec, part)
    for word in ("oneOf", "anyOf"):
        branches = [required_names(spec, b) for b in schema.at(word).items() if isinstance(b.value, dict)]
        names |= set.intersection(*branches) if branches else set()
    return names
