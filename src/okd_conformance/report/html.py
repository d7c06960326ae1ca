"""``report.html``: the report as one page that needs nothing else, for vendors and for schools.

The page holds both languages; a few lines of script switch between them. It makes no request at all, and
its Content-Security-Policy forbids any.
"""

from __future__ import annotations

import functools
import re
import shlex
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from okd_conformance.base.clean import printable
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.outcome import FINDINGS, CaseResult, Status, worst
from okd_conformance.report import har as har_view
from okd_conformance.report import pages, wording
from okd_conformance.report.cards import cards, untested
from okd_conformance.report.model import EXCHANGES, Report, RequirementResult
from okd_conformance.report.tables import fault_proof, figures, scope_matrix
from okd_conformance.report.telling import marked

_TEMPLATES = Path(__file__).with_name("templates")
FIRST_CASES = 3
"""How many cases of one finding are shown at once."""
MOST_CASES = 25
"""How many cases of one finding are shown in full."""
MOST_EXCHANGES = 3
"""How many exchanges of one case are shown."""
_MOST_OPEN = 10
_LONG = re.compile(r"(\S{16,})")
_MARK = re.compile(r"(?<=[/._:,;?&=@(-])(?=\w)|(?<=[a-z]{4})(?=[A-Z][a-z]{3})")


def html(report: Report, har: Mapping[str, Any] | None, lang: Lang) -> str:
    """Return the page, in ``lang`` until the reader switches; without ``har`` it shows no exchanges."""
    style, script = _file("page.css"), _file("page.js")
    groups = cards(report)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            lang=lang,
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=pages.policy(style, script),
            title=Text.same(f"{wording.product(report)} - OKD"),
            tone=wording.tone(report),
            headline=wording.headline(report),
            sentence=wording.plain_sentence(report),
            excused_sentence=wording.excused_sentence(report),
            bar=_bar(report.counts()),
            groups=groups,
            findings=FINDINGS,
            opened={card.anchor for card in groups.get(Status.FAILED, [])[:_MOST_OPEN]},
            untested=untested(report),
            token_command=wording.token_command(report),
            sections=_sections(report.requirements),
            total=len({row.id for row in report.requirements}),
            filters=_filters(report),
            exchanges=_Exchanges(har),
            har_name=EXCHANGES,
            matrix=scope_matrix(report),
            proof=fault_proof(report),
            figures=figures(report),
            first_cases=FIRST_CASES,
            most_cases=MOST_CASES,
            most_exchanges=MOST_EXCHANGES,
        )
    )


def both(text: Text) -> Markup:
    """A text in both languages, of which the page shows one."""
    nl, en = breakable(printable(text.nl)), breakable(printable(text.en))
    if nl == en:
        return nl
    return Markup('<span lang="nl">{}</span><span lang="en">{}</span>').format(nl, en)


def breakable(text: str) -> Markup:
    """Text that a narrow screen breaks after a mark in a long name or address, and not within a word."""
    pieces = _LONG.split(text)
    return Markup("").join(
        Markup("<wbr>").join(_MARK.split(piece)) if place % 2 else escape(piece)
        for place, piece in enumerate(pieces)
    )


class _Exchanges:
    """The exchanges of a run, by id."""

    def __init__(self, har: Mapping[str, Any] | None) -> None:
        self._entries = har_view.by_id(har)
        self._order = {entry_id: place for place, entry_id in enumerate(self._entries)}
        self._makers = har_view.makers(self._entries)

    def of(self, case: CaseResult) -> list[har_view.ShownExchange]:
        """The exchange that was judged, the one that made its document, and others, as they went."""
        found = [self._entries[i] for i in case.exchanges if i in self._entries]
        maker = self._makers.get(har_view.last_in_path(found[0])) if found else None
        if (
            maker is not None
            and maker not in case.exchanges
            and self._order[maker] < self._order[case.exchanges[0]]
        ):
            found.insert(1, self._entries[maker])
        chosen = [har_view.shown(entry, judged=entry is found[0]) for entry in found[:MOST_EXCHANGES]]
        return sorted(marked(chosen, case), key=lambda shown: self._order[shown.id])


@functools.cache
def _environment() -> Environment:
    environment = pages.environment(_TEMPLATES)
    environment.globals.update(
        t=lambda key, **values: both(say(key, **values)),
        many=lambda key, number: both(wording.counted(key, number)),
        status_name=lambda status: both(wording.status_name(status)),
        part_tone=wording.tone,
        part_words=lambda report, part: both(wording.part_verdict(report, part)),
        day=lambda value: both(wording.day(value)),
        moment=lambda value: both(wording.moment(value)),
        duration=lambda seconds: both(wording.duration(seconds)),
        again=_again,
        statuses=list(Status),
        telling=wording.is_telling,
        excuse=wording.excuse,
        worst_of=lambda rows: worst([row.status for row in rows]),
        flow_name=lambda flow: both(wording.flow_name(flow)),
    )
    environment.filters["both"] = both
    environment.filters["breakable"] = lambda text: breakable(printable(text))
    return environment


def _again(case: CaseResult) -> str:
    """The command that runs a case again, with the one during which it was seen."""
    if case.is_observed and not case.during:  # at the end, while cleaning up
        return f"okd-conformance run TARGET.yaml --requirement {shlex.quote(case.requirement)}"
    ids = [case.during, case.id] if case.during else [case.id]
    return " ".join(["okd-conformance run TARGET.yaml", *(f"--case {shlex.quote(one)}" for one in ids)])


@functools.cache
def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _bar(counts: Mapping[Status, int]) -> list[tuple[Status, int, float, float]]:
    """The pieces of the bar, what is not applicable left out: status, number, left edge, width in percent."""
    order = [s for s in _BAR if counts[s]]
    total = sum(counts[s] for s in order)
    pieces, left = [], 0.0
    for status in order:
        width = 100 * counts[status] / total
        pieces.append((status, counts[status], round(left, 3), round(width, 3)))
        left += width
    return pieces


_BAR = (
    Status.PASSED,
    Status.WARNING,
    Status.FAILED,
    Status.INCONCLUSIVE,
    Status.SUITE_FAULT,
    Status.NOT_TESTED,
)


def _sections(rows: list[RequirementResult]) -> list[tuple[str, Text, list[list[RequirementResult]]]]:
    """The rows by section, and within a section by requirement: one list with all its roles."""
    sections: dict[str, dict[str, list[RequirementResult]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        sections[row.section][row.id].append(row)
    return [
        (name, next(iter(found.values()))[0].title, list(found.values())) for name, found in sections.items()
    ]


def _flow_order(flow: str) -> tuple[bool, int, str]:
    """Numbers as numbers, then letters."""
    return (not flow.isdecimal(), int(flow) if flow.isdecimal() else 0, flow)


def _filters(report: Report) -> dict[str, list[tuple[str, Text]]]:
    """What the reader can choose from, per kind: the value and its name."""
    rows = report.requirements
    judged = [s for s in Status if s is not Status.NOT_APPLICABLE and any(row.status is s for row in rows)]
    flows = sorted({flow for row in rows for flow in row.flows}, key=_flow_order)
    found = {
        "status": [(str(s), wording.status_name(s)) for s in judged],
        "level": [(lv, say(f"report_level_{lv}")) for lv in ("MUST", "SHOULD", "MAY")],
        "role": [(name, role.title) for name, role in report.roles.items()],
        "flow": [(flow, Text.same(flow)) for flow in flows],
    }
    return {kind: choices for kind, choices in found.items() if len(choices) > 1}
