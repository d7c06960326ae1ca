"""JUnit XML, for pipelines: one test case per case, and one for each row that has no case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from okd_conformance.base.clean import one_line, printable
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.case_id import case_id
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.report.model import Report, RequirementResult
from okd_conformance.report.wording import excuse

_OUTCOME = {
    Status.FAILED: "failure",
    Status.SUITE_FAULT: "error",
    Status.INCONCLUSIVE: "error",
    Status.NOT_TESTED: "skipped",
    Status.NOT_APPLICABLE: "skipped",
}
_MESSAGE_LENGTH = 300


def junit(report: Report, lang: Lang) -> str:
    """Return the report as JUnit XML: one suite per claimed role, one class per section.

    Its attributes are those of the schema that Jenkins publishes, junit-10.xsd.
    """
    by_role: dict[str, list[RequirementResult]] = defaultdict(list)
    for row in report.requirements:
        if row.role in report.target.roles or row.status is not Status.NOT_APPLICABLE:
            by_role[row.role].append(row)
    root = ET.Element("testsuites", {"name": "okd-conformance"})
    suites = [_suite(report, role, rows, lang) for role, rows in by_role.items()]
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", f"{report.run.duration_s:.3f}")
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report, role: str, rows: list[RequirementResult], lang: Lang) -> ET.Element:
    suite = ET.Element("testsuite", {"name": one_line(f"{report.standard.edition}.{role}")})
    properties = ET.SubElement(suite, "properties")
    for name, value in _facts(report, role).items():
        ET.SubElement(properties, "property", {"name": name, "value": one_line(value)})
    cases = [element for row in rows for element in _row(row, lang)]
    suite.extend(cases)
    outcomes = [child.tag for case in cases for child in case]
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(outcomes.count("failure")))
    suite.set("errors", str(outcomes.count("error")))
    suite.set("skipped", str(outcomes.count("skipped")))
    suite.set("time", f"{sum(case.duration_s for row in rows for case in row.cases):.3f}")
    suite.set("timestamp", one_line(report.run.started))
    return suite


def _facts(report: Report, role: str) -> dict[str, str]:
    result = report.roles.get(role)
    facts = {
        "verdict": str(report.verdict),
        "partial": " ".join(report.run.partial),
        "role_verdict": str(result.verdict) if result else "",
        "edition": report.standard.edition,
        "target": report.target.name,
        "target_version": report.target.version or "",
        "base_url": report.target.roles[role].base_url if role in report.target.roles else "",
        "suite_version": report.suite.version,
        "run": report.run.id,
        "profile": report.run.profile,
        "seed": str(report.run.seed),
    }
    return {name: value for name, value in facts.items() if value}


def _row(row: RequirementResult, lang: Lang) -> Iterator[ET.Element]:
    for case in row.cases:
        yield _case(row, case, lang)
    if not row.cases:
        element = _element(row, case_id(row.id, row.role), 0.0)
        reason = (row.reason or row.statement).in_language(lang)
        _outcome(element, row.status, reason, "")
        yield element


def _case(row: RequirementResult, case: CaseResult, lang: Lang) -> ET.Element:
    element = _element(row, case.id, case.duration_s)
    notes = [f"{say('report_note').in_language(lang)}: {note.in_language(lang)}" for note in case.notes]
    known = excuse(case)
    if known is not None:
        _outcome(element, Status.NOT_TESTED, known.in_language(lang), "")
        notes.insert(0, explanation(row, case, lang))
    elif case.status in _OUTCOME:
        text = "" if _OUTCOME[case.status] == "skipped" else explanation(row, case, lang)
        _outcome(element, case.status, case.summary.in_language(lang), text)
    elif case.status is Status.WARNING:
        heading = say("report_status_warning").in_language(lang)
        notes.insert(0, f"{heading}: {explanation(row, case, lang)}")
    if notes:
        ET.SubElement(element, "system-out").text = printable("\n".join(notes))
    return element


def _element(row: RequirementResult, name: str, seconds: float) -> ET.Element:
    values = {
        "classname": one_line(f"{row.role}.{row.section}"),
        "name": one_line(name),
        "time": f"{seconds:.3f}",
    }
    return ET.Element("testcase", values)


def _outcome(element: ET.Element, status: Status, message: str, text: str) -> None:
    tag = _OUTCOME.get(status)
    if tag:
        values = {"message": one_line(message, _MESSAGE_LENGTH)}
        if tag != "skipped":
            values["type"] = str(status)
        ET.SubElement(element, tag, values).text = printable(text) or None


def explanation(row: RequirementResult, case: CaseResult, lang: Lang) -> str:
    """What went wrong in a case, in plain lines, with what was expected and how to repeat it."""

    def line(key: str, text: Text | str | None) -> str | None:
        value = text.in_language(lang) if isinstance(text, Text) else text
        return f"{say(key).in_language(lang)}: {value}" if value else None

    quotes = "; ".join(f'{s.cite}: "{s.quote}"' if s.quote else s.cite for s in row.sources)
    lines = [
        case.summary.in_language(lang),
        f"{row.id} ({row.level}): {row.statement.in_language(lang)}",
        line("report_source", quotes),
        line("report_expected", case.expected),
        line("report_received", case.received),
        line("report_remedy", case.remedy or row.advice),
        line("report_exchanges", ", ".join(case.exchanges)),
        line("report_repeat", case.curl),
    ]
    return "\n".join(text for text in lines if text)
