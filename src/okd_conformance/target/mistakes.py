"""What is wrong in a target file: each mistake once, with its line and how to mend it."""

from __future__ import annotations

from typing import Any

from okd_conformance.base.configuration import Mistake, shortened
from okd_conformance.base.text import Text, say
from okd_conformance.base.yaml_input import Document, Pointer


class Mistakes:
    """Collects what is wrong with a document: at most one thing for each place."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found: dict[Pointer, Mistake] = {}
        self._elsewhere: list[Mistake] = []

    def add(self, pointer: Pointer, key: str, /, *, remedy: Text | None = None, **values: object) -> None:
        """Add the message ``key`` at a place; ``remedy`` when it isn't the message ``<key>_remedy``."""
        values = {"place": place_of(pointer), "key": shortened(str(pointer[-1])) if pointer else "", **values}
        mistake = Mistake(
            file=self.document.file,
            line=self.document.line(pointer) if self.document.value is not None else None,
            message=say(key, **values),
            remedy=remedy or say(f"{key}_remedy", **values),
        )
        self._found.setdefault(pointer, mistake)

    def add_option(self, option: str, key: str, *, remedy: Text, **values: object) -> None:
        """Add the message ``key`` about an option of the command line."""
        self._elsewhere.append(Mistake(option, None, say(key, **values), remedy))

    def at(self, pointer: Pointer) -> bool:
        """Whether something is wrong at a place or around it, so that looking further makes no sense."""
        return any(pointer[:length] in self._found for length in range(len(pointer) + 1))

    @property
    def found(self) -> list[Mistake]:
        """Everything that was added."""
        return [*self._elsewhere, *self._found.values()]


def place_of(pointer: Pointer) -> str:
    """Return a pointer as people write it: ``auth.clients[1].client_id``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{shortened(step)}" for step in pointer)
    return "".join(steps).removeprefix(".")


def at(value: Any, *pointer: str | int) -> Any:
    """What stands at a place, None when nothing does."""
    for step in pointer:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            return None
    return value


def entries(value: Any, *pointer: str | int) -> list[tuple[Pointer, Any]]:
    """The members of the mapping or list at a place, each with its pointer."""
    inner = at(value, *pointer)
    if isinstance(inner, dict):
        return [((*pointer, key), member) for key, member in inner.items()]
    if isinstance(inner, list):
        return [((*pointer, index), member) for index, member in enumerate(inner)]
    return []
