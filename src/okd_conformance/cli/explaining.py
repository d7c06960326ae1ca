"""The command ``explain``: one requirement told in full."""

from __future__ import annotations

import difflib
import shutil
import textwrap
from collections.abc import Iterable, Iterator

import click

from okd_conformance.base.configuration import shortened
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.cli.listing import all_editions, each, grouped
from okd_conformance.judge.case_id import requirement_of
from okd_conformance.standard.catalogue import Requirement, load_catalogue
from okd_conformance.standard.edition import Edition, edition_ids, edition_variants, load_edition
from okd_conformance.standard.faults import load_faults, unproven_in
from okd_conformance.standard.operation import Operation
from okd_conformance.standard.readings import Answers

Section = tuple[str, list[str]]

_WIDTH = 96
_READINGS = ("conformant", "noted", "warned", "failed")
_CLASSES = {"2xx", "3xx", "4xx", "5xx"}


def explained(identifier: str, lang: Lang) -> str:
    """One requirement told in full, by its id or a case's. Raises click.UsageError when there is none."""
    requirement = _requirement(requirement_of(identifier), lang)
    title = f"{requirement.id}  {requirement.section_title.in_language(lang)}"
    statement = requirement.statement.in_language(lang)
    paragraphs = [_wrapped(words) for words in (title, statement, _weight(requirement, lang))]
    for heading, lines in _sections(requirement, lang):
        if lines:
            paragraphs.append("\n".join([heading, *(_wrapped(line, "  ") for line in lines)]))
    return "\n\n".join(paragraphs) + "\n"


def _requirement(identifier: str, lang: Lang) -> Requirement:
    catalogue = load_catalogue()
    name = identifier.strip().upper()
    if name in catalogue:
        return catalogue[name]
    ids = [requirement.id for requirement in catalogue]
    near = [known for known in ids if name and (known.startswith(name) or known.endswith(f"-{name}"))][:5]
    if not near:
        short = {known.removeprefix("OKD-"): known for known in ids}
        near = [short[n] for n in difflib.get_close_matches(name.removeprefix("OKD-"), list(short), n=3)]
    hint = say("list_do_you_mean", names=", ".join(near)) if near else say("list_see_requirements")
    words = say("list_unknown_requirement", name=shortened(identifier), hint=hint)
    raise click.UsageError(words.in_language(lang))


def _wrapped(words: str, indent: str = "") -> str:
    """Words in lines; what already has an indent of its own keeps it in every line."""
    own = indent + words[: len(words) - len(words.lstrip())]
    width = min(shutil.get_terminal_size((_WIDTH, 0)).columns, _WIDTH)
    return textwrap.fill(
        words.strip(), width, initial_indent=own, subsequent_indent=own, break_on_hyphens=False
    )


def _weight(requirement: Requirement, lang: Lang) -> str:
    """Level and basis in words, and what they mean for whoever does not meet the requirement."""
    named = any(answers.failed for answers in requirement.answers.values())
    outcome = "can_fail" if requirement.can_fail else "can_fail_where_named" if named else "cannot_fail"
    texts = [say(f"explain_level_{requirement.level}"), say(f"explain_basis_{requirement.basis}")]
    if requirement.answers:
        texts.append(say(f"explain_{outcome}"))
    return " ".join(text.in_language(lang) for text in texts)


def _sections(requirement: Requirement, lang: Lang) -> Iterator[Section]:
    def told(key: str, *texts: Text | None) -> Section:
        return say(f"explain_{key}").in_language(lang), [t.in_language(lang) for t in texts if t]

    yield told("why", requirement.why)
    yield told("sources")[0], _quoted(requirement)
    yield told("reasoning", requirement.reasoning)
    yield told("where")[0], _where(requirement, lang)
    pending = load_catalogue().pending.get(requirement.id)
    yield told("test", requirement.test, requirement.untestable, requirement.parked, pending)
    yield told("answers")[0], _answers(requirement, lang)
    yield told("needs", *_needs(requirement))
    if requirement.answers:
        yield told("proof")[0], _proof(requirement, lang)
    yield told("remedy", requirement.remedy)


def _quoted(requirement: Requirement) -> list[str]:
    """The quoted words, each followed by the places where they stand."""
    places: dict[str | None, list[str]] = {}
    for source in requirement.sources:
        places.setdefault(source.quote, []).append(source.cite())
    lines = []
    for quote, cited in places.items():
        lines += [f'"{quote}"'] if quote else []
        lines += [f"  {place}" if quote else place for place in cited]
    return lines


def _where(requirement: Requirement, lang: Lang) -> list[str]:
    following = [one.id for one in all_editions() if requirement.holds_in(one)]
    editions = each([*requirement.editions, *following])
    known = [name for name in editions if name in following]
    lines = [
        say("explain_roles", names=", ".join(requirement.roles)).in_language(lang),
        say("explain_editions", names=", ".join(editions) or "-").in_language(lang),
    ]
    if not known or not requirement.answers:
        return lines
    edition, bound = _bound(requirement, load_edition(known[-1]))
    lines.append(say(f"explain_per_{requirement.applies.per}", edition=edition.name).in_language(lang))
    for same in [] if requirement.applies.per == "role" else grouped(bound):
        flows = say("explain_flows", names=", ".join(_touched(requirement, same))).in_language(lang)
        lines.append(f"  {same[0].method} {same[0].path}  {same[0].name} ({flows})")
    return lines


def _bound(requirement: Requirement, edition: Edition) -> tuple[Edition, list[Operation]]:
    """The first variant of the edition that serves what the requirement is about, and those operations."""
    for variant in edition_variants(edition):
        roles = [role for role in requirement.roles if role in variant.roles]
        bound = [o for role in roles for o, _ in requirement.bindings_in(variant, role)]
        if bound:
            return variant, bound
    return edition, []


def _touched(requirement: Requirement, operations: Iterable[Operation]) -> list[str]:
    return each(b.flow for o in operations for b in o.bindings if requirement.applies.to_binding(o, b))


def _answers(requirement: Requirement, lang: Lang) -> list[str]:
    only_default = list(requirement.answers) == ["default"]
    lines = [_answered(requirement, s, lang, "" if only_default else f"{s}: ") for s in requirement.answers]
    for edition in requirement.otherwise:
        here = requirement.in_edition(load_edition(edition))
        changed = [s for s in here.answers if here.answers[s] != requirement.answers[s]]
        lines += [_answered(here, s, lang, f"{edition}, {s}: ") for s in changed]
    return lines


def _answered(requirement: Requirement, situation: str, lang: Lang, label: str) -> str:
    texts = _readings(requirement, requirement.answers[situation])
    return label + "; ".join(text.in_language(lang) for text in texts)


def _readings(requirement: Requirement, answers: Answers) -> Iterator[Text]:
    for reading in _READINGS:
        statuses = getattr(answers, reading)
        if statuses:
            yield say(f"explain_{reading}", statuses=", ".join(map(str, statuses)))
    if not {*answers.conformant, *answers.noted, *answers.warned, *answers.failed} >= _CLASSES:
        yield say("explain_others_fail" if requirement.can_fail else "explain_others_warn")


def _needs(requirement: Requirement) -> Iterator[Text]:
    if requirement.fixtures:
        yield say("explain_fixtures", names=", ".join(requirement.fixtures))
    if requirement.hooks:
        yield say("explain_hooks", names=", ".join(requirement.hooks))


def _proof(requirement: Requirement, lang: Lang) -> list[str]:
    proving = [fault for fault in load_faults().values() if requirement.id in fault.breaks]
    if not proving:
        editions = [load_edition(name) for name in edition_ids() if name in requirement.editions]
        reasons = (unproven_in(edition).get(requirement.id) for edition in editions)
        return [next(filter(None, reasons), say("explain_no_fault")).in_language(lang)]
    return [f"{fault.name}: {fault.says.in_language(lang)}" for fault in proving]
