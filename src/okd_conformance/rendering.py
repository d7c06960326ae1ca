"""The command ``report``: stored results, rendered again without a target."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from okd_conformance.report.badge import badge
from okd_conformance.report.html import html
from okd_conformance.report.junit import junit
from okd_conformance.report.markdown import markdown
from okd_conformance.report.model import EXCHANGES, Report
from okd_conformance.text import Lang

MAX_STORED_BYTES = 200_000_000
_Renderer = Callable[[Report, Mapping[str, Any] | None, Lang], str]

_RENDERERS: dict[str, _Renderer] = {
    "html": html,
    "junit": lambda report, _, lang: junit(report, lang),
    "markdown": lambda report, _, lang: markdown(report, lang),
    "badge": lambda report, _, lang: badge(report, lang),
}


def rendered_again(report_json: str, form: str, lang: Lang) -> str:
    """Render a stored report; the exchanges are read from beside it, if they are there.

    Raises click.UsageError for a file that is no report.
    """
    path = Path(report_json)
    report = stored_report(path)
    beside = path.with_name(EXCHANGES)
    exchanges = _read(beside) if beside.is_file() else None
    return _RENDERERS[form](report, exchanges, lang)


def stored_report(path: Path) -> Report:
    """Read ``report.json``. Raises click.UsageError for a file that is no report."""
    try:
        return Report.from_json(_read(path))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise click.UsageError(f"{path} is not a report of okd-conformance: {error}") from None


def _read(path: Path) -> Any:
    if path.stat().st_size > MAX_STORED_BYTES:
        raise click.UsageError(f"{path} is larger than {MAX_STORED_BYTES} bytes")
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{path} can't be read: {error}") from None
