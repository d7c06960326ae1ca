"""The command ``cleanup``: undoes what an earlier run left at the target, from its ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from okd_conformance.base.clean import printable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.interruption import as_from_the_keyboard
from okd_conformance.judge.ledger import Left
from okd_conformance.judge.ledger_files import (
    LEDGER,
    LedgerError,
    StoredLedger,
    in_words,
    journals_in,
    read,
    without_a_file,
    write_ledger,
)
from okd_conformance.report.at_work import Stage, interrupted
from okd_conformance.run.opening import reached
from okd_conformance.run.options import Options
from okd_conformance.run.refused import RefusedError
from okd_conformance.run.run import Run, open_run


@dataclass(frozen=True)
class _Ledgers:
    """The files of one run, and what they say."""

    named: Path
    """The file that the user named."""
    files: list[Path]
    found: list[tuple[Path, StoredLedger]]

    @property
    def kept(self) -> Path:
        """Where what is left is written."""
        return self.named.with_name(LEDGER) if self.named.suffix == ".jsonl" else self.named

    @property
    def damaged(self) -> dict[Path, int]:
        """How many lines of a file could not be read."""
        return {file: stored.damaged for file, stored in self.found if stored.damaged}

    @property
    def addresses(self) -> dict[str, str]:
        """Where the target was."""
        return {role: address for _, stored in self.found for role, address in stored.addresses.items()}


def clean(
    ledger: str,
    target: str,
    lang: Lang,
    *,
    allow_production: bool = False,
    allow_hooks: bool = False,
    allow_other_target: bool = False,
) -> int:
    """Undo what the ledger names, and return the exit code.

    ``ledger`` is a ``ledger.json``, with the journals of a killed run beside it, or one journal. What is left
    is in ``ledger.json`` afterwards; an interruption keeps the rest. A target at another address than the
    ledger has is refused, unless ``allow_other_target`` says that it moved.
    """
    try:
        ledgers = _read(Path(ledger))
    except LedgerError as error:
        raise click.UsageError(printable(error.reason.in_language(lang))) from None
    if not ledgers.files:
        _tell([say("nothing_to_clean", folder=Path(ledger).parent)], lang, err=False)
        return ExitCode.OK
    if not ledgers.found:
        return _ended(ledgers, 0, Left(), lang)
    stored = ledgers.found[0][1]
    options = Options(
        target=target,
        edition=stored.edition,
        run_id=stored.run,
        lang=lang,
        allow_production=allow_production,
        allow_hooks=allow_hooks,
    )
    try:
        words = partial(interrupted, Stage.CLEANING, ledgers.kept)
        with as_from_the_keyboard(lambda _: _tell([words()], lang)):
            if not allow_other_target:
                _refuse_another(options, ledgers)
            with reached(options) as run:
                before, left = _undone(run, [stored.left for _, stored in ledgers.found])
    except KeyboardInterrupt:
        return ExitCode.INCOMPLETE
    except ConfigurationError as error:
        raise click.UsageError(error.render(lang)) from None
    except RefusedError as error:
        _tell([error.reason], lang)
        return error.exit_code
    return _ended(ledgers, before, left, lang, run)


def _read(path: Path) -> _Ledgers:
    """Read the file, and the journals beside a ledger. Raises LedgerError."""
    files = _files(path)
    found = [(file, stored) for file in files if (stored := read(file)) is not None]
    for file, stored in found[1:]:
        first, other = found[0][1], found[0][0]
        if (stored.run, stored.edition) != (first.run, first.edition):
            raise LedgerError(say("ledgers_differ", file=file, other=other))
    return _Ledgers(path, files, found)


def _files(path: Path) -> list[Path]:
    """The files to read; none when a run left none in its folder. What can't be looked at is among them."""
    journals = journals_in(path.parent)
    try:
        there, folder = path.exists(), path.parent.is_dir()
        ledger = path.with_name(LEDGER).exists()
    except OSError:
        return [path]
    if path.suffix == ".jsonl":
        ours = path.name.startswith("ledger")
        return [path] if there or journals or ledger or not (ours and folder) else []
    if there:
        return [path, *journals]
    return journals if journals or (path.name == LEDGER and folder) else [path]


def _refuse_another(options: Options, ledgers: _Ledgers) -> None:
    """Raise RefusedError when the target is elsewhere: there, nothing would be found, and so seem gone."""
    run = open_run(options)
    try:
        addresses = run.addresses
    finally:
        run.close()
    for file, stored in ledgers.found:
        for role in sorted(stored.left.roles & stored.addresses.keys() & addresses.keys()):
            was, now = stored.addresses[role], addresses[role]
            if was != now:
                raise RefusedError(say("other_target", file=file, role=role, was=was, now=now))


def _undone(run: Run, ledgers: list[Left]) -> tuple[int, Left]:
    """How much there was, and what is left of it."""
    for left in ledgers:
        run.bench.ledger.adopt(left)
    before = len(run.bench.left())
    try:
        left = run.bench.clean_up()
    except KeyboardInterrupt:
        left = run.bench.left()
    return before, left


def _ended(ledgers: _Ledgers, before: int, left: Left, lang: Lang, run: Run | None = None) -> int:
    """Write down what is left, remove what is done with, and tell both."""
    _tell([say("cleanup_done", done=max(0, before - len(left)), left=len(left))], lang, err=False)
    kept = {*ledgers.damaged, *([ledgers.kept] if len(left) else [])}
    if run is not None and len(left):
        _tell(_what_is_left(ledgers, left, run), lang)
        try:
            addresses = {**ledgers.addresses, **run.addresses}
            name, redactor = run.edition.name, run.bench.redactor
            write_ledger(ledgers.kept, run.options.run_id, name, left, redactor, addresses)
        except OSError as error:
            words = say("not_written", file=ledgers.kept, error=error.strerror)
            _tell([words, say("ledger_unwritten"), *without_a_file(left, redactor)], lang)
            return ExitCode.INCOMPLETE
    for file in ledgers.files:
        if file not in kept:
            _remove(file, lang)
    for file, n in ledgers.damaged.items():
        _tell([say("lines_damaged", n=n, file=file, run=ledgers.found[0][1].run)], lang)
    return ExitCode.INCOMPLETE if kept else ExitCode.OK


def _what_is_left(ledgers: _Ledgers, left: Left, run: Run) -> list[Text]:
    reach = run.target.roles.keys() & set(run.edition.roles)
    away = [say("left_out_of_reach", role=role, file=ledgers.kept) for role in sorted(left.roles - reach)]
    return [*in_words(left, ledgers.kept, run.options.run_id), *away]


def _remove(file: Path, lang: Lang) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        _tell([say("not_removed", file=file, error=error.strerror)], lang)


def _tell(words: Iterable[Text], lang: Lang, *, err: bool = True) -> None:
    for text in words:
        click.echo(printable(text.in_language(lang)), err=err)
