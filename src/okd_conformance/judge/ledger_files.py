"""The files of a ledger: the journal that is written during a run, and ``ledger.json`` at its end.

A journal is JSON Lines. The first line names run, edition, version of the suite and the target's address per
role. A note of a request has a
number ``n`` and its kind as ``intent``; ``outcome`` tells later what came of it: created, done or nothing. A
deletion is noted as ``undone``. The last line may be cut off: that is how a killed process leaves it.
Another line that makes no sense costs that line only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from okd_conformance import __version__
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.input_file import read_raw
from okd_conformance.base.text import Text, say
from okd_conformance.judge.ledger import Changed, Created, Intent, JournalLine, Ledger, Left
from okd_conformance.redaction.redactor import Redactor

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
class StoredLedger:
    """A ledger from a file."""

    run: str
    edition: str
    left: Left
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Of the target, per role; a ledger of an older form has none."""
    damaged: int = 0
    """How many lines could not be read."""


class Journal:
    """An append-only file of notes, made at the first one."""

    def __init__(
        self, path: Path, run: str, edition: str, addresses: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        self._first = {"run": run, "edition": edition, "suite": __version__, "addresses": addresses or {}}
        self._file: IO[bytes] | None = None

    def write(self, event: JournalLine) -> None:
        """Write a note; it is with the operating system when this returns.

        Raises OSError, with the name of the file, when it can't be written as a whole: then none of it is.
        """
        if self._file is None:
            self._file = self.path.open("xb", buffering=0)
        start = self._file.tell()
        try:
            _write_all(self._file, _line(event) if start else _line(self._first) + _line(event))
        except OSError as error:
            with suppress(OSError):
                self._file.seek(start)
                self._file.truncate()
            raise OSError(error.errno, error.strerror, str(self.path)) from None

    def close(self) -> None:
        """Close the file; it stays."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _write_all(file: IO[bytes], content: bytes) -> None:
    """Write until everything is written: one call may take less, such as on a disk that gets full."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"


def journal_name(worker: str = "") -> str:
    """The name of the journal of a run, or of one worker of it."""
    return f"ledger-{worker}.jsonl" if worker else "ledger.jsonl"


def journals_in(folder: Path) -> list[Path]:
    """The journals in a folder: there are some while a run goes on, and after one that was killed."""
    return sorted([*folder.glob("ledger.jsonl"), *folder.glob("ledger-gw*.jsonl")])


def write_ledger(
    path: Path,
    run: str,
    edition: str,
    left: Left,
    redactor: Redactor,
    addresses: Mapping[str, str] | None = None,
) -> None:
    """Say what is still at the target; nothing left, no file. An older file is replaced as a whole.

    A secret that the target gave as an id is not written down. Raises OSError; an older file then stays.
    """
    if not len(left):
        path.unlink(missing_ok=True)
        return
    new = path.with_name(path.name + ".new")
    known = {role: address for role, address in (addresses or {}).items() if role in left.roles}
    ledger = redactor.deep({"run": run, "edition": edition, "addresses": known, **left.as_json()})
    try:
        new.write_text(json.dumps(ledger, indent=1) + "\n", "utf-8")
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def in_words(left: Left, file: Path, run: str) -> list[Text]:
    """What is still at the target, for people; nothing left, no words."""
    found = [say("left_behind", n=len(left.created), file=file)] if left.created else []
    for intent in left.uncertain[:_MAX_NAMED]:
        name = intent.document_name or f"okd-conformance-{run}…"
        if intent.hook is None:
            found.append(say("perhaps_left", name=name, role=intent.role, file=file))
        else:
            found.append(
                say("perhaps_left_by_hook", hook=intent.hook, name=name, role=intent.role, file=file)
            )
    if len(left.uncertain) > _MAX_NAMED:
        found.append(say("more_perhaps_left", n=len(left.uncertain) - _MAX_NAMED, file=file))
    found += [say("state_left", role=changed.role, file=file) for changed in left.changed]
    return found


def without_a_file(left: Left, redactor: Redactor) -> list[Text]:
    """The documents themselves, for when no file can say which they are."""
    named = left.created[:_MAX_NAMED]
    found = [say("left_named", role=c.role, document_id=redactor.text(c.document_id)) for c in named]
    if len(left.created) > _MAX_NAMED:
        found.append(say("more_left_named", n=len(left.created) - _MAX_NAMED))
    return found


# --- reading ------------------------------------------------------------------------------------------------


def read(path: Path) -> StoredLedger | None:
    """Read a ledger or a journal; None for a journal in which nothing was noted yet. Raises LedgerError."""
    try:
        content = read_raw(path, MAX_BYTES)
    except ConfigurationError as error:
        reason = error.mistakes[0].message
        raise LedgerError(say("ledger_unreadable", file=path, error=reason)) from None
    return _read_journal(path, content) if path.suffix == ".jsonl" else _read_ledger(path, content)


def _read_ledger(path: Path, content: bytes) -> StoredLedger:
    try:
        value = json.loads(content.decode("utf-8-sig"))
        left = Left(
            [Created(**_checked(entry)) for entry in value["created"]],
            [Intent(**_checked(entry)) for entry in value.get("uncertain", ())],
            [Changed(**{"state": None, **_checked(entry)}) for entry in value.get("changed", ())],
        )
        stored = StoredLedger(_text(value["run"]), _text(value["edition"]), left, _addresses(value))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LedgerError(say("no_ledger", file=path)) from None
    if len(left) > MAX_NOTES:
        raise LedgerError(say("ledger_too_large", file=path, limit=MAX_NOTES))
    return stored


def _read_journal(path: Path, content: bytes) -> StoredLedger | None:
    if content.count(b"\n") > MAX_NOTES:
        raise LedgerError(say("ledger_too_large", file=path, limit=MAX_NOTES))
    lines = BytesIO(content).readlines()
    ledger, damaged = Ledger(), 0
    for line in lines[1:]:
        try:
            ledger.apply(_checked(_value(line)))
        except (ValueError, KeyError, TypeError, RecursionError):
            damaged += not _is_cut_off(line)
    try:
        first = _checked_first(_value(lines[0])) if lines else None
    except (ValueError, KeyError, TypeError, RecursionError):
        if len(lines) == 1 and _is_cut_off(lines[0]):
            return None
        raise LedgerError(say("no_journal", file=path, line=1)) from None
    return (
        StoredLedger(first["run"], first["edition"], ledger.left(), _addresses(first), damaged)
        if first
        else None
    )


def _value(line: bytes) -> Any:
    """What a line says. Raises ValueError or RecursionError."""
    if len(line) > MAX_LINE:
        raise ValueError("too long")
    return json.loads(line)


def _is_cut_off(line: bytes) -> bool:
    """Whether this is how a killed process leaves the last line."""
    return not line.endswith(b"\n") and len(line) <= MAX_LINE


def _checked_first(value: Any) -> dict[str, Any]:
    """The first line of a journal. Raises KeyError or TypeError."""
    if not isinstance(value, dict):
        raise TypeError("not an object")
    for name in ("run", "edition"):
        _text(value[name])
    _addresses(value)
    return value


def _addresses(value: Mapping[str, Any]) -> dict[str, str]:
    """The address of each role; none in an older form. Raises TypeError."""
    found = value.get("addresses", {})
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return {role: _text(address) for role, address in found.items()}


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
