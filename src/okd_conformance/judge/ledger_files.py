"""The files of a ledger: the journal that is written during a run, and ``ledger.json`` at its end.

A journal is JSON Lines. The first line names run, edition and version of the suite. A note of a request has a
number ``n`` and its kind as ``intent``; ``outcome`` tells later what came of it: created, done or nothing. A
deletion is noted as ``undone``. The last line may be cut off: that is how a killed process leaves it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from okd_conformance import __version__
from okd_conformance.judge.ledger import Changed, Created, Event, Intent, Ledger, Left
from okd_conformance.text import Text, say
from okd_conformance.wire.record import Redactor

LEDGER = "ledger.json"
MAX_BYTES = 50_000_000
MAX_LINE = 65536
MAX_NOTES = 200_000
_MAX_NAMED = 10
_OPTIONAL = frozenset({"document_type", "state", "client_id"})


class LedgerError(Exception):
    """A file that is no ledger; the reason is for people."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True)
class Stored:
    """A ledger from a file."""

    run: str
    edition: str
    left: Left


class Journal:
    """An append-only file of notes, made at the first one."""

    def __init__(self, path: Path, run: str, edition: str) -> None:
        self.path = path
        self._first = {"run": run, "edition": edition, "suite": __version__}
        self._file: IO[bytes] | None = None

    def write(self, event: Event) -> None:
        """Write a note; it is with the operating system when this returns. Raises OSError."""
        if self._file is None:
            self._file = self.path.open("xb", buffering=0)
            self._file.write(_line(self._first))
        self._file.write(_line(event))

    def close(self) -> None:
        """Close the file; it stays."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"


def journal_name(worker: str = "") -> str:
    """The name of the journal of a run, or of one worker of it."""
    return f"ledger-{worker}.jsonl" if worker else "ledger.jsonl"


def journals_in(folder: Path) -> list[Path]:
    """The journals in a folder: there are some while a run goes on, and after one that was killed."""
    return sorted([*folder.glob("ledger.jsonl"), *folder.glob("ledger-gw*.jsonl")])


def write_ledger(path: Path, run: str, edition: str, left: Left, redactor: Redactor) -> None:
    """Say what is still at the target; nothing left, no file. An older file is replaced as a whole.

    A secret that the target gave as an id is not written down.
    """
    if not len(left):
        path.unlink(missing_ok=True)
        return
    new = path.with_name(path.name + ".new")
    ledger = redactor.deep({"run": run, "edition": edition, **left.as_json()})
    new.write_text(json.dumps(ledger, indent=1) + "\n", "utf-8")
    new.replace(path)


def in_words(left: Left, file: Path, run: str) -> list[Text]:
    """What is still at the target, for people; nothing left, no words."""
    found = [say("left_behind", n=len(left.created), file=file)] if left.created else []
    for intent in left.uncertain[:_MAX_NAMED]:
        name = intent.document_name or f"okd-conformance-{run}…"
        found.append(say("perhaps_left", name=name, role=intent.role, file=file))
    if len(left.uncertain) > _MAX_NAMED:
        found.append(say("more_perhaps_left", n=len(left.uncertain) - _MAX_NAMED, file=file))
    found += [say("state_left", role=changed.role, file=file) for changed in left.changed]
    return found


# --- reading ------------------------------------------------------------------------------------------------


def read(path: Path) -> Stored | None:
    """Read a ledger or a journal; None for a journal in which nothing was noted yet. Raises LedgerError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LedgerError(say("ledger_too_large", file=path, limit=MAX_BYTES))
        return _read_journal(path) if path.suffix == ".jsonl" else _read_ledger(path)
    except OSError as error:
        raise LedgerError(say("ledger_unreadable", file=path, error=error.strerror)) from None


def _read_ledger(path: Path) -> Stored:
    try:
        value = json.loads(path.read_text("utf-8"))
        left = Left(
            [Created(**_checked(entry)) for entry in value["created"]],
            [Intent(**_checked(entry)) for entry in value.get("uncertain", ())],
            [Changed(**{"state": None, **_checked(entry)}) for entry in value.get("changed", ())],
        )
        stored = Stored(_text(value["run"]), _text(value["edition"]), left)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LedgerError(say("no_ledger", file=path)) from None
    if len(left) > MAX_NOTES:
        raise LedgerError(say("ledger_too_large", file=path, limit=MAX_NOTES))
    return stored


def _read_journal(path: Path) -> Stored | None:
    ledger = Ledger()
    first: Mapping[str, Any] | None = None
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file), 1):
            if number > MAX_NOTES:
                raise LedgerError(say("ledger_too_large", file=path, limit=MAX_NOTES))
            try:
                event = json.loads(line)
                if first is None:
                    first = {name: _text(event[name]) for name in ("run", "edition")}
                else:
                    ledger.apply(_checked(event))
            except (ValueError, KeyError, TypeError, RecursionError):
                if not line.endswith(b"\n") and len(line) <= MAX_LINE:
                    break
                raise LedgerError(say("no_journal", file=path, line=number)) from None
    return Stored(first["run"], first["edition"], ledger.left()) if first else None


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE + 1):
        yield line


def _checked(event: Any) -> dict[str, Any]:
    """An entry, in which everything is a text but the number. Raises TypeError or ValueError."""
    if not isinstance(event, dict):
        raise TypeError("not an object")
    for name, value in event.items():
        if not (name == "n" and type(value) is int) and not (name in _OPTIONAL and value is None):
            _text(value)
    return event


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
