"""Writing a baseline from a run: an entry for each failure that none excuses yet."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from okd_conformance.base.configuration import ConfigurationError, Mistake
from okd_conformance.base.text import Lang, say
from okd_conformance.base.yaml_input import read_yaml
from okd_conformance.judge.case_id import requirement_of
from okd_conformance.judge.outcome import Status
from okd_conformance.report.model import Report

_HOLDS_FOR = timedelta(days=30)


def write_baseline(path: Path, report: Report, lang: Lang, today: date | None = None) -> int:
    """Add the failures of a run that are not excused to a baseline, and return how many entries that took.

    A file that exists is extended and keeps its comments. Several failed cases of a requirement make one
    entry. The reasons are left empty: the file excuses nothing until somebody fills them in. Raises
    ConfigurationError when the file is no baseline that can be extended, and OSError.
    """
    until = (today or datetime.now(UTC).date()) + _HOLDS_FOR
    old = path.read_text("utf-8") if path.exists() else ""
    known = _known_in(path) if old.strip() else set()
    new = [name for name in _failures(report) if name not in known and requirement_of(name) not in known]
    if not new:
        return 0
    begin = old if old.strip() else f"# {say('baseline_fill_in').in_language(lang)}\nexcused:\n"
    begin += "" if begin.endswith("\n") else "\n"
    path.write_text(begin + "".join(_entry(name, until) for name in new), "utf-8")
    return len(new)


def _failures(report: Report) -> list[str]:
    """What failed and is not excused: the id of a case, or of a requirement of which several cases failed."""
    failed: dict[str, list[str]] = defaultdict(list)
    for case in report.cases():
        if case.status is Status.FAILED and not case.excused:
            failed[requirement_of(case.id)].append(case.id)
    return [cases[0] if len(cases) == 1 else requirement for requirement, cases in failed.items()]


def _entry(name: str, until: date) -> str:
    key = "requirement" if name == requirement_of(name) else "case"
    return f'- {key}: {json.dumps(name)}\n  reason: ""\n  until: {until.isoformat()}\n'


def _known_in(path: Path) -> set[str]:
    """What a baseline names already, whether its reasons are filled in or not."""
    document = read_yaml(path)
    value = document.value
    entries = value.get("excused") if isinstance(value, dict) and set(value) == {"excused"} else None
    if not isinstance(entries, list) or not entries or not all(isinstance(e, dict) for e in entries):
        mistake = Mistake(document.file, 1, say("baseline_no_list"), say("baseline_form"))
        raise ConfigurationError([mistake])
    return {str(entry.get("case") or entry.get("requirement")) for entry in entries}
