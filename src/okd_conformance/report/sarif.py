"""SARIF 2.1.0: the findings for tools that collect those of many checkers, one result per case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from okd_conformance.base.clean import escaped_json
from okd_conformance.base.text import Lang
from okd_conformance.judge.case_id import case_id
from okd_conformance.judge.outcome import CaseResult, Status, Verdict
from okd_conformance.report.cards import Card, cards
from okd_conformance.report.junit import explanation
from okd_conformance.report.model import Report, RequirementResult
from okd_conformance.report.wording import excuse, whole_verdict

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {
    Status.FAILED: "error",
    Status.SUITE_FAULT: "error",
    Status.INCONCLUSIVE: "none",
    Status.WARNING: "warning",
}


def sarif(report: Report, lang: Lang) -> str:
    """Return the findings as SARIF, those with one cause one after another."""
    pairs = [
        (card, root) for roots in cards(report).values() for root in roots for card in (root, *root.beneath)
    ]
    rules = {card.row.id: card.row for card, _ in pairs}
    places = {name: place for place, name in enumerate(rules)}
    results = [result for card, root in pairs for result in _results(report, card, root, places, lang)]
    run = {
        "tool": {
            "driver": {
                "name": "okd-conformance",
                "version": report.suite.version,
                "rules": [_rule(row, lang) for row in rules.values()],
            }
        },
        "automationDetails": {"id": f"okd-conformance/{report.standard.edition}/{report.run.id}"},
        "invocations": [{"executionSuccessful": report.verdict is not Verdict.SUITE_FAULT}],
        "properties": {
            "verdict": whole_verdict(report).in_language(lang),
            "product": report.target.name,
            "edition": report.standard.edition,
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return escaped_json(json.dumps(log, ensure_ascii=False, indent=1)) + "\n"


def _rule(row: RequirementResult, lang: Lang) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": row.id,
        "shortDescription": {"text": row.statement.in_language(lang)},
        "defaultConfiguration": {"level": "error" if row.level == "MUST" else "warning"},
        "properties": {"level": row.level, "basis": row.basis, "source": row.source},
    }
    if row.why:
        rule["fullDescription"] = {"text": row.why.in_language(lang)}
    if row.remedy:
        rule["help"] = {"text": row.remedy.in_language(lang)}
    return rule


def _results(
    report: Report, card: Card, root: Card, places: dict[str, int], lang: Lang
) -> Iterator[dict[str, Any]]:
    cases: list[CaseResult | None] = [*card.cases] or [None]
    for case in cases:
        row, name = card.row, case.id if case else case_id(card.row.id, card.row.role)
        words = explanation(row, case, lang) if case else (row.reason or row.statement).in_language(lang)
        result: dict[str, Any] = {
            "ruleId": card.row.id,
            "ruleIndex": places[card.row.id],
            "kind": "open" if card.status is Status.INCONCLUSIVE else "fail",
            "level": _LEVELS[card.status],
            "message": {"text": words},
            "locations": [_location(report, card.row, name)],
            "partialFingerprints": {"case/v1": name},
            "properties": {"status": str(card.status), "cause": root.row.id},
        }
        known = excuse(case) if case else None
        if known is not None:
            result["suppressions"] = [{"kind": "external", "justification": known.in_language(lang)}]
        yield result


def _location(report: Report, row: RequirementResult, name: str) -> dict[str, Any]:
    """A product has no files that we see: the place is the address of the role, and the case."""
    place: dict[str, Any] = {
        "logicalLocations": [{"name": row.role, "fullyQualifiedName": name, "kind": "resource"}],
    }
    if row.role in report.target.roles:
        place["physicalLocation"] = {"artifactLocation": {"uri": report.target.roles[row.role].base_url}}
    return place
