"""Deferring signals: Ctrl-C, SIGTERM and a closed terminal mean one thing, and sometimes they have to wait.

In the middle of an upload the answer names what must be deleted, so it is awaited.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_OTHERS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_SIGNALS = (signal.SIGINT, *_OTHERS)


@contextmanager
def as_from_the_keyboard(tell: Callable[[int], object]) -> Iterator[None]:
    """Obey a request to end, and a closed terminal, like Ctrl-C; one that is ignored stays ignored.

    ``tell`` is called at once with how many came, by a thread of its own.
    """
    obeyed = [number for number in _OTHERS if signal.getsignal(number) is signal.SIG_DFL]
    for number in obeyed:
        signal.signal(number, _interrupted)
    try:
        with _told_at_once(tell), missed_ones_kept():
            yield
    finally:
        for number in obeyed:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _told_at_once(tell: Callable[[int], object]) -> Iterator[None]:
    """Let Python itself hand on the number of each signal, beside all handlers and whatever goes on."""
    heard, said = socket.socketpair()
    said.setblocking(False)
    before = signal.set_wakeup_fd(said.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=_listen, args=(heard, tell), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        said.close()
        thread.join()
        heard.close()


def _listen(heard: socket.socket, tell: Callable[[int], object]) -> None:
    count = 0
    while numbers := heard.recv(16):
        for number in numbers:
            if number in _SIGNALS:
                count += 1
                with suppress(OSError):  # the terminal may be closed
                    tell(count)


_MISSED = threading.Event()


@contextmanager
def missed_ones_kept() -> Iterator[None]:
    """Remember an interruption that comes where Python can only ignore it, as while it collects garbage."""
    usual = sys.unraisablehook

    def remember(ignored: sys.UnraisableHookArgs) -> None:
        if issubclass(ignored.exc_type, KeyboardInterrupt):
            _MISSED.set()
        else:
            usual(ignored)

    sys.unraisablehook = remember
    try:
        yield
    finally:
        sys.unraisablehook = usual


def obey_missed() -> None:
    """Raise KeyboardInterrupt when one was missed; called where that does no harm."""
    if _MISSED.is_set() and threading.current_thread() is threading.main_thread():
        _MISSED.clear()
        raise KeyboardInterrupt


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def held_back(may_pass: Callable[[], bool]) -> Iterator[None]:
    """Let an interruption wait until the block is done, unless ``may_pass`` lets it through at that moment.

    A second one always passes. Only signals that Python handles are held back, and only in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    handled = {number: handler for number, handler in before.items() if callable(handler)}
    waiting: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        if waiting or may_pass():
            handled[signal.Signals(number)](number, frame)
        waiting.append(number)

    for number in handled:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
    if waiting:
        handled[signal.Signals(waiting[0])](waiting[0], None)
