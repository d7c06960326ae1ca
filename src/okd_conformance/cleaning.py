"""The command ``cleanup``: undoes what an earlier run left at the target, from its ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from okd_conformance.configuration import ConfigurationError
from okd_conformance.judge.ledger import Created
from okd_conformance.run import Options, RefusedError, Run, opened
from okd_conformance.text import Lang, say

MAX_LEDGER_BYTES = 50_000_000


def clean(ledger: str, target: str, lang: Lang) -> int:
    """Delete what the ledger names; 0 when nothing is left, 3 when something is, 2 for a wrong file.

    The ledger is written again with what is left, or removed when nothing is.
    """
    path = Path(ledger)
    stored = _read(path)
    options = Options(target=target, edition=stored["edition"], run_id=str(stored["run"]), lang=lang)
    try:
        with opened(options) as run:
            left = _undone(run, [Created(**entry) for entry in stored["created"]])
    except ConfigurationError as error:
        raise click.UsageError(error.render(lang)) from None
    except RefusedError as error:
        click.echo(error.reason.in_language(lang), err=True)
        return error.exit_code
    done = len(stored["created"]) - len(left)
    click.echo(say("cleanup_done", done=done, left=len(left)).in_language(lang))
    if not left:
        path.unlink()
        return 0
    remaining = {**stored, "created": [created.as_json() for created in left]}
    path.write_text(json.dumps(remaining, indent=1) + "\n", encoding="utf-8")
    return 3


def _undone(run: Run, created: list[Created]) -> list[Created]:
    for entry in created:
        if entry.role in run.target.roles:
            run.bench.ledger.remember(entry)
    unknown = [entry for entry in created if entry.role not in run.target.roles]
    return unknown + run.bench.clean_up()


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_LEDGER_BYTES:
        raise click.UsageError(f"{path} is larger than {MAX_LEDGER_BYTES} bytes")
    try:
        stored = json.loads(path.read_text("utf-8"))
        for entry in stored["created"]:
            Created(**entry)
        _ = stored["edition"], stored["run"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise click.UsageError(f"{path} is not a ledger of okd-conformance") from None
    return dict(stored)
