"""The sentences that several renderings share."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from okd_conformance.base.text import Text, joined, say
from okd_conformance.judge.outcome import CaseResult, Status, Verdict
from okd_conformance.report.cards import Card, cards
from okd_conformance.report.model import FlowResult, Report, RequirementResult, RoleResult

_WORD = 3
"""Flows are numbered or lettered; a longer id is a word of our own."""


def status_name(status: Status) -> Text:
    """The name of a status, for people."""
    return say(f"report_status_{status}")


def verdict_name(verdict: Verdict) -> Text:
    """The name of a verdict, for people."""
    return say(f"verdict_{verdict}")


def whole_verdict(report: Report) -> Text:
    """The verdict of the run, and that it was partial if options left rows out."""
    words = verdict_name(report.verdict)
    return say("report_verdict_partial", verdict=words) if report.run.partial else words


def tone(report: Report, part: RoleResult | FlowResult | None = None) -> Verdict:
    """The verdict whose colour and mark fit: a part that is conformant does not make the whole so."""
    verdict = (part or report).verdict
    return Verdict.INCOMPLETE if verdict is Verdict.CONFORMANT and report.run.partial else verdict


def part_verdict(report: Report, part: RoleResult | FlowResult) -> Text:
    """The verdict of a role or a flow, with that the run was partial, or that it was not tested at all."""
    if not part.examined:
        return status_name(Status.NOT_TESTED)
    words = verdict_name(part.verdict)
    return say("report_verdict_partial", verdict=words) if report.run.partial else words


def token_command(report: Report) -> str:
    """The commands that put a token where our curl commands read it: ``$TOKEN``."""
    address = shlex.quote(report.target.token_url) if report.target.token_url else "TOKEN_URL"
    return (
        "TOKEN=$(curl -s -u CLIENT_ID:CLIENT_SECRET -d grant_type=client_credentials -d scope=SCOPE "
        f"{address} | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"access_token\"])')"
    )


def counted(key: str, number: int, **values: object) -> Text:
    """The message ``key`` in the form for one or for another number of things."""
    return say(f"{key}_one" if number == 1 else f"{key}_many", n=number, **values)


def listed(names: Sequence[str]) -> Text:
    """Names as a phrase: ``a, b and c``."""
    if len(names) < 2:
        return Text.same("".join(names))
    return say("report_list", first=", ".join(names[:-1]), last=names[-1])


def scope_sentence(
    *,
    verdict: Verdict,
    edition: str,
    roles: Sequence[str],
    profile: str,
    partial: Sequence[str],
    large_left_out: bool,
    not_tested: int,
    interrupted: bool,
    stopped: Text | None = None,
) -> Text:
    """What the verdict is about, and what it leaves out."""
    first = say(
        f"report_scope_{verdict}",
        edition=edition,
        roles=listed(roles),
        profile=say(f"report_profile_{profile}"),
    )
    rest = [
        say("report_scope_selection", selection=" ".join(partial)) if partial else None,
        say("report_scope_interrupted") if interrupted else None,
        say("report_scope_stopped", reason=stopped) if stopped else None,
        say("report_scope_large") if large_left_out else None,
        counted("report_scope_rows", not_tested) if not_tested else None,
    ]
    if partial:
        first = say("report_scope_partial", scope=first)
    return joined([first, *(part for part in rest if part)], "; ")


def flow_name(flow: str) -> Text:
    """What people call a flow; an exchange without a number or letter only has its title."""
    return say("report_flow_name", flow=flow) if len(flow) < _WORD else Text.same("")


def is_telling(case: CaseResult) -> bool:
    """Whether a case's summary says more than what was received."""
    return case.received is None or case.received.en not in case.summary.en


def excuse(case: CaseResult) -> Text | None:
    """Say that the baseline excuses a failure, until when and why; None for any other case."""
    if not case.excused:
        return None
    return say("report_excused", until=day(case.excused.until), reason=Text.same(case.excused.reason))


def excused_sentence(report: Report) -> Text | None:
    """How many failures the baseline excuses; None when it excuses none."""
    known = sum(bool(case.excused) for case in report.cases())
    return counted("report_excused_cases", known) if known else None


def product(report: Report) -> str:
    """The product as people call it: its name and version."""
    return " ".join(word for word in (report.target.name, report.target.version) if word)


def headline(report: Report) -> Text:
    """The verdict about the product in a few words."""
    standard = report.standard.title or Text.same(report.standard.edition)
    words = say(f"report_headline_{report.verdict}", product=product(report), standard=standard)
    return say("report_headline_partial", headline=words) if report.run.partial else words


def plain_sentence(report: Report) -> Text:
    """What the verdict means, and what to do next, for somebody who buys software and doesn't write it."""
    must = [row for row in report.requirements if row.level == "MUST"]
    untested = _number(Status.NOT_TESTED, must)
    if report.verdict is Verdict.CONFORMANT and report.run.partial:
        after = say("report_next_partial")
    elif report.verdict is Verdict.CONFORMANT and untested:
        after = counted("report_next_untested", untested)
    else:
        after = say(f"report_next_{report.verdict}")
    return joined([_meaning(report, must), after])


def _number(status: Status, rows: list[RequirementResult]) -> int:
    return sum(row.status is status for row in rows)


def _meaning(report: Report, must: list[RequirementResult]) -> Text:
    if report.verdict is Verdict.NOT_CONFORMANT:
        number = _number(Status.FAILED, must)
        causes = sum(_fails_a_must(card) for found in cards(report).values() for card in found)
        words = counted("report_plain_not_conformant", number)
        return joined([words, counted("report_plain_causes", causes)]) if 0 < causes < number else words
    if report.verdict is Verdict.SUITE_FAULT:
        return counted("report_plain_suite_fault", _number(Status.SUITE_FAULT, report.requirements))
    if report.verdict is Verdict.INCOMPLETE:
        unsettled = _number(Status.INCONCLUSIVE, must)
        if unsettled:
            return counted("report_plain_incomplete", unsettled)
        nothing_of = report.unexamined()
        if len(nothing_of) < len(report.roles):
            return say("report_plain_roles", roles=listed(nothing_of))
        return say("report_plain_nothing")
    others = len(report.findings())
    return counted("report_plain_conformant_but", others) if others else say("report_plain_conformant")


def _fails_a_must(card: Card) -> bool:
    return any(one.row.level == "MUST" and one.status is Status.FAILED for one in (card, *card.beneath))


def moment(value: str) -> Text:
    """A moment (RFC 3339) as people write it, in UTC; anything else as it is."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return Text.same(value)
    at = at.astimezone(UTC) if at.tzinfo else at
    months = say("report_months")
    month = Text(months.nl.split()[at.month - 1], months.en.split()[at.month - 1])
    return say("report_moment", day=at.day, month=month, year=at.year, time=f"{at:%H:%M}")


def day(value: str) -> Text:
    """The day of a moment."""
    words = moment(value)
    return Text(words.nl.partition(",")[0], words.en.partition(",")[0])


def duration(seconds: float) -> Text:
    """A duration as people say it."""
    whole = round(seconds)
    if whole < 60:
        return counted("report_seconds", whole)
    minutes, rest = divmod(whole, 60)
    parts = [counted("report_minutes", minutes)]
    if rest:
        parts.append(counted("report_seconds", rest))
    return joined(parts)
