"""Findings of the tools for the standards group, and the rules that they belong to (``rules.yaml``)."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from okd_conformance.base.text import Text
from okd_conformance.standard.bundle import read_data

SEVERITIES = ("error", "warning", "note")
"""From worst to least."""


@dataclass(frozen=True, slots=True)
class LintRule:
    """What is looked for: a message with gaps, why it matters, and what to do about it."""

    id: str
    severity: str
    message: Text
    why: Text
    remedy: Text


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One thing that was found, and where."""

    rule: str
    severity: str
    file: str
    line: int
    message: Text
    explanation: Text
    remedy: Text
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The form that ``--format json`` writes."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "message": self.message.as_json(),
            "explanation": self.explanation.as_json(),
            "remedy": self.remedy.as_json(),
            **dict(self.details),
        }


@functools.cache
def rules() -> dict[str, LintRule]:
    """Every rule, by its id."""
    data = read_data(Path(__file__).with_name("rules.yaml"))
    texts = ("message", "why", "remedy")
    return {
        name: LintRule(name, row["severity"], *(Text.from_json(row[part]) for part in texts))
        for name, row in data.items()
    }


def finding(
    rule_id: str,
    file: str,
    line: int,
    details: Mapping[str, Any] | None = None,
    severity: str | None = None,
    /,
    **values: object,
) -> LintFinding:
    """A finding of a rule, with the gaps of its message filled. KeyError for an unknown rule or a gap."""
    rule = rules()[rule_id]
    filled = {
        lang: rule.message.in_language(lang).format(
            **{k: v.in_language(lang) if isinstance(v, Text) else v for k, v in values.items()}
        )
        for lang in ("nl", "en")
    }
    told = Text.from_json(filled)
    return LintFinding(
        rule_id, severity or rule.severity, file, line, told, rule.why, rule.remedy, details or {}
    )


def in_order(found: Iterable[LintFinding]) -> list[LintFinding]:
    """The findings by file and line, each once."""
    once = {(f.file, f.line, f.rule, f.message): f for f in found}
    return sorted(once.values(), key=lambda f: (f.file, f.line, SEVERITIES.index(f.severity), f.rule))


def worst_is(found: Iterable[LintFinding], fail_on: str) -> bool:
    """Whether anything is at least as bad as ``fail_on``; ``never`` is never reached."""
    if fail_on == "never":
        return False
    limit = SEVERITIES.index(fail_on)
    return any(SEVERITIES.index(f.severity) <= limit for f in found)
