"""``summary.html``: the verdict on one sheet of paper, for somebody who decides and doesn't build."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from okd_conformance.base.clean import one_line
from okd_conformance.base.text import Lang, say
from okd_conformance.report import pages, wording
from okd_conformance.report.cards import cards, untested
from okd_conformance.report.model import Report

_TEMPLATES = Path(__file__).with_name("templates")
_MOST_CAUSES = 5
_MOST_ROLES = 6
_MOST_REASONS = 4
"""So much fits on one A4."""


def manager(report: Report, lang: Lang) -> str:
    """Return the page, in one language."""
    style = (_TEMPLATES / "manager.css").read_text("utf-8")
    found = [card for some in cards(report).values() for card in some]
    roles = list(report.roles.items())
    return (
        _environment(lang)
        .get_template("manager.html.j2")
        .render(
            report=report,
            lang=lang,
            style=Markup(style),  # noqa: S704 - our own file
            policy=pages.policy(style, ""),
            product=one_line(wording.product(report), 80),
            headline=wording.headline(report),
            sentence=wording.plain_sentence(report),
            tone=wording.tone(report),
            day=wording.day(report.run.started),
            roles=roles[:_MOST_ROLES],
            more_roles=max(0, len(roles) - _MOST_ROLES),
            found=found[:_MOST_CAUSES],
            more=max(0, len(found) - _MOST_CAUSES),
            untested=untested(report)[:_MOST_REASONS],
        )
    )


def _environment(lang: Lang) -> Environment:
    environment = pages.environment(_TEMPLATES)
    environment.globals.update(
        say=lambda key, **values: say(key, **values).in_language(lang),
        words=lambda text: one_line(text.in_language(lang), 600),
        cut=one_line,
        status_name=wording.status_name,
        part_verdict=wording.part_verdict,
        counted=wording.counted,
    )
    return environment
