"""The command ``report``: stored results, rendered again without a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from okd_conformance.base.text import Lang
from okd_conformance.report.badge import badge
from okd_conformance.report.html import html
from okd_conformance.report.junit import junit
from okd_conformance.report.manager import manager
from okd_conformance.report.markdown import markdown
from okd_conformance.report.model import Report
from okd_conformance.report.reading import stored_exchanges, stored_report
from okd_conformance.report.sarif import sarif

_Renderer = Callable[[Report, Mapping[str, Any] | None, Lang], str]

RENDERERS: dict[str, _Renderer] = {
    "html": html,
    "junit": lambda report, _, lang: junit(report, lang),
    "markdown": lambda report, _, lang: markdown(report, lang),
    "manager": lambda report, _, lang: manager(report, lang),
    "sarif": lambda report, _, lang: sarif(report, lang),
    "badge": lambda report, _, lang: badge(report, lang),
}
"""What a stored report can be rendered as, by the name of the option."""


def rendered_again(report_json: str, form: str, lang: Lang) -> str:
    """Render a stored report; the exchanges are read from beside it, if they are there.

    Raises ConfigurationError for a file that is no report.
    """
    path = Path(report_json)
    report = stored_report(path)
    return RENDERERS[form](report, stored_exchanges(path), lang)
