"""``summary.md``: the report on one page of Markdown, for a pull request or the summary of a pipeline."""

from __future__ import annotations

import re
from collections import defaultdict

from okd_conformance.base.clean import one_line, printable
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.outcome import CaseResult, Status, Verdict
from okd_conformance.report.cards import Card, cards, untested
from okd_conformance.report.model import Report, RequirementResult, RoleResult
from okd_conformance.report.upgrade import STEPS, Upgrade
from okd_conformance.report.wording import (
    counted,
    duration,
    excuse,
    excused_sentence,
    flow_name,
    headline,
    is_telling,
    moment,
    part_verdict,
    plain_sentence,
    status_name,
    tone,
)

_MARKS = {
    Verdict.CONFORMANT: "✅",
    Verdict.NOT_CONFORMANT: "❌",
    Verdict.INCOMPLETE: "❔",
    Verdict.SUITE_FAULT: "⚠️",
}
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>|~$]|^[-+=#]")
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_MOST_FINDINGS = 50
_MOST_CASES = 3


def markdown(report: Report, lang: Lang) -> str:
    """Return the summary."""
    page = _Page(lang)
    mark = _MARKS[tone(report)]
    page.block(f"# {mark} {page.text(headline(report))}")
    for cause in report.run.set_up:
        page.block(page.say("report_set_up", cause=cause))
    page.block(page.text(plain_sentence(report)))
    page.block(f"**{page.say('report_scope')}:** {page.text(report.scope)}")
    known = excused_sentence(report)
    if known:
        page.block(page.text(known))
    _roles(page, report)
    _findings(page, report)
    _untested(page, report)
    if report.upgrade:
        _upgrade(page, report.upgrade)
    _identity(page, report)
    return "\n\n".join(page.blocks) + "\n"


def escaped(text: str) -> str:
    """Text as one line of Markdown that means exactly that text: no markup, no HTML, no mentions."""
    line = one_line(text).replace("&", "&amp;")
    line = _NUMBERED.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", line))
    return line.replace("@", "&#64;").replace("://", "&#58;//").replace("www.", "www&#46;")


def code_span(text: str, *, in_table: bool = False) -> str:
    """Text as code within a line."""
    words = one_line(text).replace("`", "") or "-"
    return f"`{words.replace('|', '&#124;') if in_table else words}`"


def code_block(text: str) -> str:
    """Text as a code block that nothing in the text can end."""
    shown = printable(text)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


class _Page:
    """The blocks of the page, and the words in its language."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang
        self.blocks: list[str] = []

    def block(self, text: str) -> None:
        self.blocks.append(text)

    def text(self, text: Text) -> str:
        return escaped(text.in_language(self.lang))

    def say(self, key: str, **values: object) -> str:
        return self.text(say(key, **values))

    def table(self, head: list[str], rows: list[list[str]], words: int) -> None:
        """A table whose first columns, ``words`` in number, are words, and the others numbers."""
        rule = ["---" if column < words else "---:" for column in range(len(head))]
        self.block("\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *rows]))


def _roles(page: _Page, report: Report) -> None:
    shown = [status for status in Status if any(role.counts[status] for role in report.roles.values())]
    head = [page.say("report_role"), page.say("report_verdict"), *[page.text(status_name(s)) for s in shown]]
    rows = []
    for name, role in report.roles.items():
        title = f"{page.text(role.title)} ({code_span(name, in_table=True)})"
        rows.append([title, page.text(part_verdict(report, role)), *[str(role.counts[s]) for s in shown]])
    if rows:
        page.block(f"## {page.say('report_per_role')}")
        page.table(head, rows, words=2)
    flows = [_flow_line(page, report, role) for role in report.roles.values() if role.examined]
    if any(flows):
        page.block("\n".join(line for lines in flows for line in lines))


def _flow_line(page: _Page, report: Report, role: RoleResult) -> list[str]:
    lines = []
    for name, flow in role.flows.items():
        proposal = f" ({page.say('report_proposal')})" if flow.proposal else ""
        title = f"{page.text(flow_name(name))} {page.text(flow.title)}".strip() + proposal
        lines.append(f"- {page.text(role.title)}, {title}: **{page.text(part_verdict(report, flow))}**")
    return lines


def _upgrade(page: _Page, upgrade: Upgrade) -> None:
    page.block(f"## {page.say('upgrade_title', edition=upgrade.edition)}")
    counts = {step: len(upgrade.of(step)) for step in STEPS}
    page.block(page.say("upgrade_sum", edition=upgrade.edition, **counts))
    page.block(f"### {page.say('upgrade_what')}")
    for step in upgrade.operations:
        flows = ", ".join(page.text(flow_name(flow)) for flow in step.flows)
        lines = "\n".join(f"- {page.text(text)}" for text in step.changes)
        page.block(f"**{escaped(step.role)}, {code_span(step.operation)}** ({flows})")
        page.block(lines)
    for name in STEPS:
        rows = upgrade.of(name)
        if rows:
            page.block(f"### {page.say(f'upgrade_step_{name}')}")
            head = [page.say("report_requirement"), page.say("report_role"), page.say("upgrade_reason")]
            page.table(head, [[escaped(r.id), escaped(r.role), page.text(r.reason)] for r in rows], words=3)


def _findings(page: _Page, report: Report) -> None:
    shown = 0
    groups = cards(report)
    for status, found in groups.items():
        page.block(f"## {page.say(f'report_findings_{status}')}")
        for card in found[: max(0, _MOST_FINDINGS - shown)]:
            _finding(page, card)
        shown += len(found)
    if shown > _MOST_FINDINGS:
        page.block(page.say("report_more", n=shown - _MOST_FINDINGS))


def _finding(page: _Page, card: Card) -> None:
    row, cases = card.row, card.cases
    page.block(f"### {escaped(row.id)} ({escaped(row.role)}, {row.level})")
    if card.harmful:
        page.block(f"**{page.say('report_harmful')}**")
    page.block(page.text(row.statement))
    for place in row.sources[:1]:
        page.block(f"> {f'“{escaped(place.quote)}” — ' if place.quote else ''}{escaped(place.cite)}")
    if card.advice:
        page.block(f"**{page.say('report_remedy')}:** {page.text(card.advice)}")
    for case in cases[:_MOST_CASES]:
        _case(page, row, case)
    if cases and cases[0].curl:
        page.block(code_block(cases[0].curl))
    if len(cases) > _MOST_CASES:
        page.block(page.text(counted("report_more_cases", len(cases) - _MOST_CASES)) + ".")
    if row.reason:
        page.block(page.text(row.reason))
    if card.beneath:
        _beneath(page, card)


def _beneath(page: _Page, card: Card) -> None:
    """What follows from a finding: by status, each requirement with the roles."""
    words = page.text(counted("report_follows", len(card.beneath)))
    page.block(f"**{words}.** {page.text(card.why) if card.why else ''}".strip())
    lines = []
    for status, found in card.follows.items():
        roles: dict[str, list[str]] = defaultdict(list)
        for one in found:
            roles[one.row.id].append(one.row.role)
        names = ", ".join(f"{escaped(name)} ({escaped(', '.join(at))})" for name, at in roles.items())
        lines.append(f"- {page.say(f'report_follows_{status}')}: {names}")
    page.block("\n".join(lines))


def _untested(page: _Page, report: Report) -> None:
    lines = [
        f"- {page.text(reason)} ({', '.join(dict.fromkeys(escaped(row.id) for row in rows))})"
        for reason, rows in untested(report)
    ]
    if lines:
        page.block(f"## {page.say('report_untested')}")
        page.block("\n".join(lines))


def _case(page: _Page, row: RequirementResult, case: CaseResult) -> None:
    lines = [f"- {page.text(case.summary)} ({code_span(case.id)})"]
    for key, text in (
        ("report_expected", case.expected),
        ("report_received", case.received if is_telling(case) else None),
        ("report_remedy", case.remedy if case.remedy != row.remedy else None),
    ):
        if text:
            lines.append(f"  - {page.say(key)}: {page.text(text)}")
    known = excuse(case)
    if known:
        lines.append(f"  - {page.text(known)}")
    page.block("\n".join(lines))


def _identity(page: _Page, report: Report) -> None:
    page.block(f"## {page.say('report_identity')}")
    target, run = report.target, report.run
    facts = [
        ("report_product", escaped(" ".join(w for w in (target.name, target.version, target.vendor) if w))),
        ("report_environment", escaped(target.environment or "")),
        ("report_edition", escaped(f"{report.standard.edition} ({report.standard.commit})")),
        ("report_suite", escaped(f"okd-conformance {report.suite.version}")),
        ("report_started", page.text(moment(run.started))),
        ("report_duration", page.text(duration(run.duration_s))),
        ("report_requests", str(run.requests)),
        ("report_profile", page.text(say(f"report_profile_{run.profile}"))),
        ("report_seed", str(run.seed)),
        ("report_run", escaped(run.id)),
    ]
    page.block("\n".join(f"- {page.say(key)}: {value}" for key, value in facts if value))
