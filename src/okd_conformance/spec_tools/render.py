"""Findings in the forms that people and programs read: text, JSON, SARIF, Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from okd_conformance import __version__
from okd_conformance.base.clean import escaped_json, one_line, printable
from okd_conformance.base.text import Lang, say
from okd_conformance.spec_tools.findings import SEVERITIES, LintFinding

_SARIF_LEVEL = {"error": "error", "warning": "warning", "note": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def rendered(found: Sequence[LintFinding], form: str, lang: Lang) -> str:
    """The findings in a form; ends with a line end."""
    return _FORMS[form](found, lang)


def _summary(found: Sequence[LintFinding], lang: Lang) -> str:
    counts = {s: sum(f.severity == s for f in found) for s in SEVERITIES}
    return say("standard_summary", total=len(found), **counts).in_language(lang)


def _text(found: Sequence[LintFinding], lang: Lang) -> str:
    lines = []
    for one in found:
        lines.append(f"{one.file}:{one.line}: {_severity(one, lang)} [{one.rule}]")
        lines.append(f"  {one.message.in_language(lang)}")
        lines.append(f"  {one.explanation.in_language(lang)} {one.remedy.in_language(lang)}")
    return "\n".join(printable(line) for line in [*lines, _summary(found, lang)]) + "\n"


def _severity(one: LintFinding, lang: Lang) -> str:
    return say(f"standard_{one.severity}").in_language(lang)


def _json(found: Sequence[LintFinding], _lang: Lang) -> str:
    value = {"findings": [one.as_json() for one in found]}
    return escaped_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def _sarif(found: Sequence[LintFinding], lang: Lang) -> str:
    used = {one.rule: one for one in found}
    driver = {
        "name": "okd-conformance standard",
        "version": __version__,
        "rules": [_sarif_rule(name, one, lang) for name, one in sorted(used.items())],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(one, lang) for one in found],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return escaped_json(json.dumps(log, indent=2, ensure_ascii=False)) + "\n"


def _sarif_rule(name: str, one: LintFinding, lang: Lang) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": one.explanation.in_language(lang)},
        "help": {"text": one.remedy.in_language(lang)},
        "defaultConfiguration": {"level": _SARIF_LEVEL[one.severity]},
    }


def _sarif_result(one: LintFinding, lang: Lang) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": one.file}, "region": {"startLine": max(1, one.line)}}
    return {
        "ruleId": one.rule,
        "level": _SARIF_LEVEL[one.severity],
        "message": {"text": one.message.in_language(lang)},
        "locations": [{"physicalLocation": place}],
    }


def _markdown(found: Sequence[LintFinding], lang: Lang) -> str:
    words = [say(f"standard_{c}").in_language(lang) for c in ("column_what", "column_where", "column_do")]
    lines = [_summary(found, lang), ""]
    for severity in SEVERITIES:
        chosen = [one for one in found if one.severity == severity]
        if chosen:
            title = say(f"standard_{severity}").in_language(lang)
            lines += [f"### {title} ({len(chosen)})", "", f"| {' | '.join(words)} |", "|---|---|---|"]
            lines += [_row(one, lang) for one in chosen]
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(one: LintFinding, lang: Lang) -> str:
    cells = [one.message.in_language(lang), f"`{one.file}:{one.line}`", one.remedy.in_language(lang)]
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(words: str) -> str:
    """One cell of a table; the messages' own backticks are markup, links and HTML from outside are not."""
    plain = one_line(words).replace("](", "] (")
    return plain.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


_FORMS: dict[str, Callable[[Sequence[LintFinding], Lang], str]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "markdown": _markdown,
}
