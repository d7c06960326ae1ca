"""What is told while nothing moves on the screen, and what an interruption sets going."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from okd_conformance.base.text import Text, joined, say
from okd_conformance.wire.waiting import Wait, Why, waited_for

_EVERY_S = 1.0
_ANSWERS = {Why.ANSWER, Why.TOKEN, Why.HOOK}


class Stage(StrEnum):
    """How far a run is; message ``interrupted_<name>`` says what an interruption sets going."""

    OPENING = "opening"
    CASES = "cases"
    CLEANING = "cleaning"
    CONCLUDING = "concluding"


@contextmanager
def watching(look: Callable[[], object]) -> Iterator[None]:
    """Call ``look`` every second from a thread of its own, whatever the main thread is busy with."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY_S):
            look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def reason(wait: Wait) -> Text:
    """Why nothing moves, and how long it may take."""
    return say(f"waiting_{wait.why}", most=duration(wait.at_most_s))


def interrupted(stage: Stage, ledger: Path, left: int = 0, seconds: float = 0.0) -> Text:
    """What happens now that somebody interrupts, and how long it may take.

    ``left`` things are to be cleaned up, as far as is known; that takes some ``seconds``.
    """
    wait = waited_for()
    awaited = wait is not None and wait.why in _ANSWERS
    first = [say("interrupted_awaiting", left=duration(wait.left))] if wait and awaited else []
    much = say("interrupted_much", n=left, time=duration(seconds)) if left else Text.same("")
    return joined([say("interrupted"), *first, say(f"interrupted_{stage}", ledger=ledger, much=much)])


def duration(seconds: float) -> str:
    """A time in words that are the same in both languages."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    if minutes >= 10 or not rest:
        return f"{minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
