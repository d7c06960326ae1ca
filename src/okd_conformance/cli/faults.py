"""The command ``faults run``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.proof.changed import NoHistoryError, touched_since
from okd_conformance.proof.proving import (
    Proof,
    as_json,
    names_of,
    never_failed,
    prove,
    prove_fault,
    prove_variant,
)
from okd_conformance.proof.table import as_markdown


def run_faults(
    edition: str,
    only: Sequence[str],
    only_changed: str | None,
    variants: bool,
    workers: int,
    form: str,
    output: str | None,
) -> int:
    """Prove faults (or variants), print or write the table; and return the exit code."""
    kind = "variants" if variants else "faults"
    names = _chosen(names_of(kind, edition), only)
    if only_changed is not None:
        names = _changed(names, only_changed, variants)
    found: list[Proof] = []
    try:
        for proof in prove(names, prove_variant if variants else prove_fault, edition, workers):
            found.append(proof)
            if form == "text":
                click.echo(_line(proof))
    except KeyboardInterrupt:
        failed = sum(not proof.holds for proof in found)
        click.echo(f"interrupted: {len(found)} of {len(names)} proved, {failed} of those failed", err=True)
        return ExitCode.INCOMPLETE
    if form == "markdown" or (output and output.endswith(".md")):
        _write(as_markdown(found, edition), output)
    elif form == "json" or output:
        _write(as_json(found, edition), output)
    unproved = [] if variants or only or only_changed is not None else never_failed(found, edition)
    for requirement in unproved:
        click.echo(f"FAIL {requirement}: no fault makes it fail", err=form != "text")
    held = sum(proof.holds for proof in found)
    click.echo(f"{held} passed, {len(found) - held + len(unproved)} failed", err=form != "text")
    return ExitCode.OK if held == len(found) and not unproved else ExitCode.FOUND


def _chosen(names: list[str], only: Sequence[str]) -> list[str]:
    try:
        patterns = [re.compile(one) for one in only or [""]]
    except re.error as error:
        raise click.UsageError(f"--only: {error}") from None
    chosen = [name for name in names if any(pattern.search(name) for pattern in patterns)]
    if not chosen:
        raise click.UsageError("--only matches nothing")
    return chosen


def _changed(names: list[str], base: str, variants: bool) -> list[str]:
    """Those that changed files touch; says which file touches all of them."""
    try:
        touched = touched_since(base)
    except NoHistoryError as error:
        raise click.UsageError(f"--only-changed: {error}") from None
    if touched.everywhere:
        click.echo(f"{touched.everywhere[0]} may change any outcome, so all are proved", err=True)
    return [name for name in names if touched.has(name, variants)]


def _line(proof: Proof) -> str:
    mark = "ok  " if proof.holds else "FAIL"
    changed = ", ".join(f"{r} {status}" for r, status in proof.changed.items())
    return f"{mark} {proof.name}: {proof.reason or changed or 'nothing changed'}"


def _write(text: str, output: str | None) -> None:
    if output:
        Path(output).write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)
