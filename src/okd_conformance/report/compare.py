"""The command ``compare``: what broke and what was mended between two runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from okd_conformance.base.clean import one_line
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.case_id import case_id
from okd_conformance.judge.outcome import CaseResult, Status, worst
from okd_conformance.report.markdown import escaped
from okd_conformance.report.model import Report, RequirementResult
from okd_conformance.report.reading import stored_report
from okd_conformance.report.wording import moment, product, status_name, whole_verdict

KINDS = ("broke", "mended", "warned", "untested")
"""What broke makes the command end with 1; a new warning is told, but breaks nothing."""


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One case whose outcome differs between two runs, or a requirement that has no case."""

    id: str
    requirement: str
    role: str
    level: str
    statement: Text
    before: Status | None
    """None: it was not in that run."""
    after: Status | None
    summary: Text | None = None

    @property
    def was_asked_twice(self) -> bool:
        """Whether both runs tried it."""
        return all(status is not None and status.is_tried for status in (self.before, self.after))

    @property
    def kind(self) -> str | None:
        """broke, mended, warned or untested; None for a difference that matters to nobody."""
        old, new = (status if status and status.is_tried else None for status in (self.before, self.after))
        if new is None:
            return "untested" if old else None
        if new is old:
            return None
        if old and worst([old, new]) is old:
            return "mended"
        if new.is_break:
            return "broke"
        return "warned" if new.is_finding else None


def compare_files(old: str, new: str, form: str, lang: Lang) -> tuple[str, ExitCode]:
    """Compare two stored reports; the words, and the exit code. Raises ConfigurationError."""
    before, after = stored_report(Path(old)), stored_report(Path(new))
    changes = by_kind(before, after)
    renderers = {"text": _as_text, "markdown": _as_markdown, "json": _as_json}
    code = ExitCode.FOUND if changes["broke"] else ExitCode.OK
    return renderers[form](before, after, changes, lang), code


def by_kind(before: Report, after: Report) -> dict[str, list[CaseChange]]:
    """The changes of each kind, in the order of the reports.

    Of two products or profiles only what both were asked.
    """
    found: dict[str, list[CaseChange]] = {kind: [] for kind in KINDS}
    for change in changes_between(before, after):
        if change.kind and (change.was_asked_twice or not _asked_otherwise(before, after)):
            found[change.kind].append(change)
    return found


def _asked_otherwise(before: Report, after: Report) -> bool:
    """Whether the runs differ in what they ask, so that what only one was asked is no change."""
    asked = [(r.target.name, r.run.profile) for r in (before, after)]
    return asked[0] != asked[1]


def changes_between(before: Report, after: Report) -> Iterator[CaseChange]:
    """Every case whose status differs."""
    old, new = dict(_entries(before)), dict(_entries(after))
    for key in {**new, **old}:
        row, case, status = new.get(key) or (*old[key][:2], None)
        earlier = old[key][2] if key in old else None
        if earlier is not status:
            summary = case.summary if case and status else None
            yield CaseChange(key, row.id, row.role, row.level, row.statement, earlier, status, summary)


_Entry = tuple[RequirementResult, CaseResult | None, Status | None]


def _entries(report: Report) -> Iterator[tuple[str, _Entry]]:
    for row in report.requirements:
        for case in row.cases:
            yield case.id, (row, case, case.status)
        if not row.cases and row.status.is_tried:
            yield case_id(row.id, row.role), (row, None, row.status)


# --- shown ------------------------------------------------------------------------------------------------


def _head(before: Report, after: Report) -> list[Text]:
    """What is compared, and what makes the comparison say less."""
    lines = [
        say(
            f"compare_{which}",
            product=product(one),
            started=moment(one.run.started),
            verdict=whole_verdict(one),
        )
        for which, one in (("old", before), ("new", after))
    ]
    pairs = {
        "compare_other_product": (before.target.name, after.target.name),
        "compare_other_edition": (before.standard.edition, after.standard.edition),
        "compare_other_profile": (before.run.profile, after.run.profile),
        "compare_other_suite": (before.suite.version, after.suite.version),
        "compare_other_selection": (" ".join(before.run.selection), " ".join(after.run.selection)),
    }
    lines += [say(key, old=old or "-", new=new or "-") for key, (old, new) in pairs.items() if old != new]
    if _asked_otherwise(before, after):
        once = sum(
            1 for change in changes_between(before, after) if change.kind and not change.was_asked_twice
        )
        lines += [say("compare_asked_once", n=once)] if once else []
    return lines


def _last(changes: Mapping[str, list[CaseChange]]) -> Text:
    if not any(changes.values()):
        return say("compare_nothing")
    return say("compare_sum", **{kind: len(found) for kind, found in changes.items()})


def _arrow(change: CaseChange, lang: Lang) -> str:
    names = [
        status_name(status).in_language(lang) if status else say("compare_absent").in_language(lang)
        for status in (change.before, change.after)
    ]
    return " → ".join(names).lower()


def _as_text(before: Report, after: Report, changes: Mapping[str, list[CaseChange]], lang: Lang) -> str:
    lines = [one_line(text.in_language(lang)) for text in _head(before, after)]
    for kind, found in changes.items():
        if found:
            lines += ["", say(f"compare_{kind}", n=len(found)).in_language(lang)]
        told = None
        for change in found:
            if change.statement != told:
                told = change.statement
                lines.append("  " + one_line(told.in_language(lang)))
            lines.append("    " + one_line(f"{change.id}: {_arrow(change, lang)}"))
            if change.summary and kind in {"broke", "warned"}:
                lines.append("      " + one_line(change.summary.in_language(lang)))
    return "\n".join([*lines, "", _last(changes).in_language(lang)]) + "\n"


def _as_markdown(before: Report, after: Report, changes: Mapping[str, list[CaseChange]], lang: Lang) -> str:
    blocks = [f"# {say('compare_title').in_language(lang)}"]
    blocks.append("\n".join(f"- {escaped(text.in_language(lang))}" for text in _head(before, after)))
    for kind, found in changes.items():
        if found:
            blocks.append(f"## {say(f'compare_{kind}', n=len(found)).in_language(lang)}")
            lines = [
                f"- {escaped(change.id)}: {escaped(_arrow(change, lang))}. "
                + escaped(change.statement.in_language(lang))
                for change in found
            ]
            blocks.append("\n".join(lines))
    return "\n\n".join([*blocks, escaped(_last(changes).in_language(lang))]) + "\n"


def _as_json(before: Report, after: Report, changes: Mapping[str, list[CaseChange]], _lang: Lang) -> str:
    value = {
        "old": {"run": before.run.id, "verdict": str(before.verdict)},
        "new": {"run": after.run.id, "verdict": str(after.verdict)},
        **msgspec.to_builtins(changes),
    }
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
