"""What stands within a schema, and the walk over all that it leads to: each schema once, in circles too."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

Node = TypeVar("Node")
Steps = tuple[str | int, ...]

BRANCHES = ("allOf", "anyOf", "oneOf")
MESSAGE = ("properties", *BRANCHES, "items")
"""The words by which a schema describes what a message holds."""

_SINGLE = ("items", "additionalProperties", "not", "contains", "if", "then", "else")
_LISTS = (*BRANCHES, "prefixItems")
_BY_NAME = ("properties", "patternProperties", "$defs")
EVERY = (*_SINGLE, *_LISTS, *_BY_NAME)


def inner(schema: Any, words: Iterable[str] = EVERY) -> Iterator[tuple[Steps, Any]]:
    """What stands where schemas stand within a schema, each with the steps to it."""
    for word in words:
        value = schema.get(word) if isinstance(schema, Mapping) else None
        if word in _LISTS and isinstance(value, list):
            yield from (((word, index), item) for index, item in enumerate(value))
        elif word in _BY_NAME and isinstance(value, Mapping):
            yield from (((word, name), item) for name, item in value.items())
        elif word in _SINGLE and isinstance(value, Mapping):
            yield (word,), value


def steps_of(pointer: str) -> list[str]:
    """The steps of a JSON pointer, such as the part of a reference behind the ``#``."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.strip("/").split("/") if step]


def at(document: Any, pointer: str) -> Any:
    """What stands in nested mappings at a JSON pointer. Raises KeyError when nothing does."""
    for step in steps_of(pointer):
        document = document[step]
    return document


def walk(
    start: Iterable[Node], below: Callable[[Node], Iterable[Node]], key: Callable[[Node], Hashable]
) -> Iterator[Node]:
    """Each node that can be reached, once; a node comes before what is below it."""
    seen: set[Hashable] = set()
    waiting = [iter(start)]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
        elif key(node) not in seen:
            seen.add(key(node))
            yield node
            waiting.append(iter(below(node)))
