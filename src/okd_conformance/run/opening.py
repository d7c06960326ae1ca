"""Opening a run: from its options to a target that can be judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from okd_conformance.base.text import say
from okd_conformance.judge.ledger_files import LEDGER, journals_in
from okd_conformance.run.baseline import load_baseline
from okd_conformance.run.choosing import know_what_is_chosen, know_what_is_compared
from okd_conformance.run.embedded import embedded_reference
from okd_conformance.run.options import Options
from okd_conformance.run.preflight import preflight
from okd_conformance.run.refused import RefusedError
from okd_conformance.run.run import Run, open_run


@contextmanager
def opened(options: Options) -> Iterator[Run]:
    """Open the target, or without one the embedded reference, and see that there is something to judge.

    Raises RefusedError, or ConfigurationError for a mistake in the target file.
    """
    if options.baseline is not None:
        load_baseline(options.baseline)
    with reached(options) as run:
        make_folder(run.options.folder)
        yield run


@contextmanager
def reached(options: Options) -> Iterator[Run]:
    """Open the target and see that there is something to judge, without a folder for the files of a run.

    Raises RefusedError when there is nothing to judge, and ConfigurationError as ``open_run`` does.
    """
    with ExitStack() as closing:
        if options.target is None:
            file = closing.enter_context(embedded_reference(options.edition))
            options = replace(options, target=str(file))
        run = open_run(options)
        closing.callback(run.close)
        if run.target.is_production and not options.allow_production:
            raise RefusedError(say("production_refused"))
        know_what_is_chosen(run)
        know_what_is_compared(run)
        preflight(run)
        yield run


def make_folder(folder: Path) -> None:
    """Raise RefusedError when there can't be one, or when a killed run left its journal there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedError(say("no_folder", folder=folder, error=error.strerror)) from None
    if journals_in(folder):
        raise RefusedError(say("journal_in_the_way", folder=folder, file=folder / LEDGER))
