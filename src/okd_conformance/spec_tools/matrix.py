"""``standard matrix``: many reports in, one page out: vendors x flows x requirements."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.outcome import Status, worst
from okd_conformance.report import pages
from okd_conformance.report.model import Report
from okd_conformance.report.reading import stored_report
from okd_conformance.report.wording import status_name, whole_verdict
from okd_conformance.spec_tools.findings import LintFinding, finding

_MARKS = {
    Status.SUITE_FAULT: "‽",
    Status.FAILED: "✗",
    Status.INCONCLUSIVE: "?",
    Status.WARNING: "!",
    Status.PASSED: "✓",
    Status.NOT_TESTED: "·",
    Status.NOT_APPLICABLE: "",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement (at one role) or one flow, with the status of each vendor that has one."""

    label: str
    statement: Text
    level: str
    basis: str
    cells: Mapping[int, Status]
    freedoms: Mapping[int, tuple[str, ...]]
    """What each vendor made of a freedom: its notes, in English, sorted."""

    @property
    def failures(self) -> int:
        """How many vendors fail it."""
        return sum(status is Status.FAILED for status in self.cells.values())

    @property
    def divided(self) -> int:
        """Into how many camps an interpretation divides the field; 0 when it doesn't."""
        judged = {n: s for n, s in self.cells.items() if s.is_tried}
        camps = {(status, self.freedoms.get(number, ())) for number, status in judged.items()}
        return len(camps) if len(camps) > 1 and (self.basis == "interpretation" or _noted(self)) else 0


def _noted(row: Row) -> bool:
    return any(row.freedoms.values())


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every vendor beside every other."""

    reports: Sequence[Report]
    flows: Sequence[Row]
    requirements: Sequence[Row]

    def worst_rows(self) -> list[Row]:
        """The requirements that fail, the one that fails most first."""
        return sorted((r for r in self.requirements if r.failures), key=lambda r: -r.failures)

    def dividing_rows(self) -> list[Row]:
        """The interpretations and freedoms that divide the field, the one with most camps first."""
        return sorted((r for r in self.requirements if r.divided), key=lambda r: -r.divided)


def read_matrix(paths: Sequence[Path]) -> Matrix:
    """Read the reports. Raises ConfigurationError for a file that is no report."""
    reports = [stored_report(path) for path in paths]
    return Matrix(reports, _flows(reports), _requirements(reports))


def _requirements(reports: Sequence[Report]) -> list[Row]:
    cells: dict[tuple[str, str], dict[int, Status]] = defaultdict(dict)
    freedoms: dict[tuple[str, str], dict[int, tuple[str, ...]]] = defaultdict(dict)
    about: dict[tuple[str, str], tuple[Text, str, str]] = {}
    for number, report in enumerate(reports):
        for row in report.requirements:
            cells[row.key][number] = row.status
            notes = {note.en for case in row.cases for note in case.notes}
            freedoms[row.key][number] = tuple(sorted(notes))
            about.setdefault(row.key, (row.statement, row.level, row.basis))
    return [
        Row(f"{key[0]} ({key[1]})", *about[key], cells=cells[key], freedoms=freedoms[key])
        for key in about
        if any(status.is_tried for status in cells[key].values())
    ]


def _flows(reports: Sequence[Report]) -> list[Row]:
    """The worst status of the requirements of each flow at each role."""
    found: dict[str, dict[int, Status]] = defaultdict(dict)
    titles: dict[str, Text] = {}
    for number, report in enumerate(reports):
        for role, result in report.roles.items():
            for flow, flow_result in result.flows.items():
                statuses = [s for s, n in flow_result.counts.items() if n and s.is_tried]
                label = f"{flow} ({role})"
                titles.setdefault(label, flow_result.title)
                found[label][number] = worst(statuses) if statuses else Status.NOT_TESTED
    return [Row(label, titles[label], "", "", cells, {}) for label, cells in found.items()]


def matrix_html(matrix: Matrix, lang: Lang) -> str:
    """The page, as one file that works offline."""

    def words(key: str, **values: object) -> str:
        return say(key, **values).in_language(lang)

    return (
        pages.environment(Path(__file__).parent)
        .get_template("matrix.html.jinja")
        .render(
            matrix=matrix,
            lang=lang,
            words=words,
            mark=_MARKS,
            status_words=lambda status: status_name(status).in_language(lang),
            verdict_words=lambda report: whole_verdict(report).in_language(lang),
            camps=lambda row: Counter(status for status in row.cells.values() if status.is_tried),
        )
    )


def matrix_findings(matrix: Matrix) -> list[LintFinding]:
    """What the matrix shows, as findings for the other formats."""
    found = []
    count = len(matrix.reports)
    for row in matrix.worst_rows():
        values = {"label": row.label, "count": row.failures, "all": count, "statement": row.statement}
        found.append(finding("matrix-fails", "catalogue", 1, **values))
    for row in matrix.dividing_rows():
        values = {"label": row.label, "count": row.divided, "statement": row.statement}
        found.append(finding("matrix-divides", "catalogue", 1, **values))
    return found
