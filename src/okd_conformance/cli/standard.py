"""The commands ``standard``: they find, show, and say by their exit code whether it was anything."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from okd_conformance.base.clean import printable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Lang
from okd_conformance.spec_tools.findings import LintFinding, worst_is
from okd_conformance.spec_tools.render import rendered
from okd_conformance.standard.edition import UnknownEditionError, load_edition
from okd_conformance.standard.source import SourceError

_T = TypeVar("_T")


def lint_command(document: str, doc_folder: str | None, form: str, lang: Lang, fail_on: str) -> int:
    """``standard lint``."""
    from okd_conformance.spec_tools.lint import lint  # noqa: PLC0415

    folder = Path(doc_folder) if doc_folder else None
    return told(lambda: lint(Path(document), folder), form, lang, fail_on)


def told(find: Callable[[], Sequence[LintFinding]], form: str, lang: Lang, fail_on: str) -> int:
    """Find, show, and give the exit code.

    Raises click.UsageError for what the user gave us wrong.
    """
    found = guarded(find, lang)
    if found is None:
        return ExitCode.SUITE_FAULT
    click.echo(rendered(found, form, lang), nl=False)
    return ExitCode.FOUND if worst_is(found, fail_on) else ExitCode.OK


def guarded(make: Callable[[], _T], lang: Lang) -> _T | None:
    """What ``make`` makes; None, after telling, when it fails by our own fault. Raises click.UsageError."""
    try:
        return make()
    except (SourceError, ConfigurationError) as error:
        raise click.UsageError(error.render(lang)) from None
    except UnknownEditionError as error:
        raise click.UsageError(str(error)) from None
    except click.ClickException:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is our fault and not the standard's
        click.echo(printable(traceback.format_exc()), err=True, nl=False)
        return None


def diff_command(old: str, new: str, form: str, lang: Lang, fail_on: str) -> int:
    """``standard diff``."""
    from okd_conformance.spec_tools.diff import diff  # noqa: PLC0415

    return told(lambda: diff(old, new), form, lang, fail_on)


def drift_command(document: str, edition: str, form: str, lang: Lang, fail_on: str) -> int:
    """``standard drift``."""
    from okd_conformance.spec_tools.drift import drift  # noqa: PLC0415

    return told(lambda: drift(Path(document), load_edition(edition)), form, lang, fail_on)


def rejudge_command(report: str, edition: str, form: str, lang: Lang, fail_on: str) -> int:
    """``standard rejudge``."""
    from okd_conformance.spec_tools.rejudge import rejudge  # noqa: PLC0415

    return told(lambda: rejudge(Path(report), load_edition(edition)), form, lang, fail_on)


def matrix_command(reports: Sequence[str], form: str, lang: Lang, fail_on: str, output: str | None) -> int:
    """``standard matrix``."""
    from okd_conformance.spec_tools.matrix import matrix_findings, matrix_html, read_matrix  # noqa: PLC0415

    matrix = guarded(lambda: read_matrix([Path(report) for report in reports]), lang)
    if matrix is None:
        return ExitCode.SUITE_FAULT
    found = matrix_findings(matrix)
    words = matrix_html(matrix, lang) if form == "html" else rendered(found, form, lang)
    with click.open_file(output or "-", "w", encoding="utf-8") as file:
        file.write(words)
    return ExitCode.FOUND if worst_is(found, fail_on) else ExitCode.OK
