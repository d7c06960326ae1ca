"""The command ``cleanup``: undoes what an earlier run left at the target, from its ledger."""

from __future__ import annotations

from pathlib import Path

import click

from okd_conformance.configuration import ConfigurationError
from okd_conformance.judge.interruption import as_from_the_keyboard
from okd_conformance.judge.ledger import Left
from okd_conformance.judge.ledger_files import (
    LEDGER,
    LedgerError,
    Stored,
    in_words,
    journals_in,
    read,
    write_ledger,
)
from okd_conformance.report.clean import printable
from okd_conformance.run import Options, RefusedError, Run, reached
from okd_conformance.text import Lang, say


def clean(
    ledger: str, target: str, lang: Lang, *, allow_production: bool = False, allow_hooks: bool = False
) -> int:
    """Undo what the ledger names; 0 when nothing is left, 3 when something is, 2 for a wrong file.

    ``ledger`` is a ``ledger.json``, with the journals of a killed run beside it, or one journal. What is left
    is in ``ledger.json`` afterwards; an interruption keeps the rest.
    """
    path = Path(ledger)
    files = [path] if path.suffix == ".jsonl" else journals_in(path.parent)
    if path not in files and (path.exists() or not files):
        files.insert(0, path)
    try:
        found = [(file, stored) for file in files if (stored := read(file)) is not None]
        _of_one_run(found)
    except LedgerError as error:
        raise click.UsageError(printable(error.reason.in_language(lang))) from None
    if not found:
        return _done(files, 0, lang)
    stored = found[0][1]
    options = Options(
        target=target,
        edition=stored.edition,
        run_id=stored.run,
        lang=lang,
        allow_production=allow_production,
        allow_hooks=allow_hooks,
    )
    try:
        with as_from_the_keyboard(), reached(options) as run:
            redactor = run.bench.redactor
            before, left = _undone(run, [stored.left for _, stored in found])
    except KeyboardInterrupt:
        return 3
    except ConfigurationError as error:
        raise click.UsageError(error.render(lang)) from None
    except RefusedError as error:
        click.echo(error.reason.in_language(lang), err=True)
        return error.exit_code
    if not len(left):
        return _done(files, before, lang)
    kept = path.with_name(LEDGER) if path.suffix == ".jsonl" else path
    write_ledger(kept, stored.run, stored.edition, left, redactor)
    for file in files:
        if file != kept:
            file.unlink(missing_ok=True)
    click.echo(say("cleanup_done", done=max(0, before - len(left)), left=len(left)).in_language(lang))
    for text in in_words(left, kept, stored.run):
        click.echo(printable(text.in_language(lang)), err=True)
    return 3


def _of_one_run(found: list[tuple[Path, Stored]]) -> None:
    """Raise LedgerError when the files are of several runs."""
    for file, stored in found[1:]:
        first, other = found[0][1], found[0][0]
        if (stored.run, stored.edition) != (first.run, first.edition):
            raise LedgerError(say("ledgers_differ", file=file, other=other))


def _undone(run: Run, ledgers: list[Left]) -> tuple[int, Left]:
    """How much there was, and what is left of it."""
    for left in ledgers:
        run.bench.ledger.adopt(left)
    before = len(run.bench.left())
    try:
        left = run.bench.clean_up()
    except KeyboardInterrupt:
        click.echo(say("cleanup_interrupted").in_language(run.options.lang), err=True)
        left = run.bench.left()
    return before, left


def _done(files: list[Path], before: int, lang: Lang) -> int:
    for file in files:
        file.unlink(missing_ok=True)
    click.echo(say("cleanup_done", done=before, left=0).in_language(lang))
    return 0
