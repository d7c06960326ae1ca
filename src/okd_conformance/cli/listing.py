"""The commands ``list`` and ``explain``: what there is, and one requirement told in full."""

from __future__ import annotations

import difflib
import io
import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from okd_conformance.base.configuration import shortened
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.case_id import requirement_of
from okd_conformance.standard.catalogue import Requirement, load_catalogue
from okd_conformance.standard.edition import (
    Edition,
    Operation,
    UnknownEditionError,
    edition_ids,
    edition_variants,
    load_edition,
)
from okd_conformance.standard.faults import load_faults, load_variants, unproven_in
from okd_conformance.standard.readings import Answers

Row = dict[str, Any]
Section = tuple[str, list[str]]

_WIDTH = 96
_GAP = "  "
_READINGS = ("conformant", "noted", "warned", "failed")
_CLASSES = {"2xx", "3xx", "4xx", "5xx"}


def listing(what: str, edition_id: str, role: str | None, lang: Lang) -> list[Row]:
    """What there is of ``what`` in an edition, for one role if given; the keys are the columns, in order.

    Raises click.UsageError when there is no such edition or role.
    """
    edition = _edition(edition_id, lang)
    editions = _all_editions() if what == "editions" else [edition]
    known = _each(name for one in editions for name in one.roles)
    if role is not None and role not in known:
        named = ", ".join(one.id for one in editions)
        raise _unknown("list_unknown_role", role, known, lang, editions=named)
    return _LISTS[what](edition, role, lang)


def holding(words: str | None, rows: list[Row]) -> list[Row]:
    """The rows in which some column holds these words, whatever their case; all of them without words."""
    wanted = (words or "").casefold()
    return [row for row in rows if any(wanted in str(value).casefold() for value in row.values())]


def _edition(edition_id: str, lang: Lang) -> Edition:
    try:
        return load_edition(edition_id)
    except UnknownEditionError as error:
        raise _unknown("list_unknown_edition", edition_id, error.known, lang) from None


def _unknown(key: str, name: str, known: Sequence[str], lang: Lang, **values: object) -> click.UsageError:
    """The usage error for a name that does not exist, with the names that look like it, else all of them."""
    near = difflib.get_close_matches(name.lower(), known, n=3)
    hint = say("list_do_you_mean" if near else "list_there_are", names=", ".join(near or known))
    return click.UsageError(say(key, name=shortened(name), hint=hint, **values).in_language(lang))


# --- the lists --------------------------------------------------------------------------------------------


def _requirements(edition: Edition, role: str | None, lang: Lang) -> list[Row]:
    catalogue = load_catalogue()
    return [
        {
            "id": requirement.id,
            "level": requirement.level,
            "basis": requirement.basis,
            "tested": _tested(requirement),
            "roles": [name for name in edition.roles if name in requirement.roles],
            "statement": requirement.statement.in_language(lang),
        }
        for requirement in catalogue.of(edition, role)
    ]


def _tested(requirement: Requirement) -> str:
    if requirement.untestable or requirement.parked:
        return "no"
    return "not yet" if requirement.id in load_catalogue().pending else "yes"


def _flows(edition: Edition, role: str | None, lang: Lang) -> list[Row]:
    bound = edition.bindings(role)
    return [
        {
            "flow": flow.id,
            "proposal": flow.proposal,
            "roles": _each(b.role for b in bound if b.flow == flow.id),
            "operations": _each(b.operation for b in bound if b.flow == flow.id),
            "title": flow.title.in_language(lang),
        }
        for flow in edition.flows.values()
        if any(b.flow == flow.id for b in bound)
    ]


def _operations(edition: Edition, role: str | None, lang: Lang) -> list[Row]:  # noqa: ARG001 - as the others
    return [
        {
            "operation": same[0].name,
            "method": same[0].method,
            "path": same[0].path,
            "kind": same[0].kind,
            "flows": _flows_of(same),
            "roles": [operation.role for operation in same],
        }
        for same in _grouped(edition.operations(role))
    ]


def _grouped(operations: Iterable[Operation]) -> list[list[Operation]]:
    """Operations that are the same call, served by several roles."""
    groups: dict[tuple[str, str, str], list[Operation]] = {}
    for operation in operations:
        groups.setdefault((operation.name, operation.method, operation.path), []).append(operation)
    return list(groups.values())


def _flows_of(operations: Iterable[Operation]) -> list[str]:
    return _each(binding.flow for operation in operations for binding in operation.bindings)


def _editions(edition: Edition, role: str | None, lang: Lang) -> list[Row]:  # noqa: ARG001 - as the others
    return [
        {
            "edition": one.id,
            "version": one.version,
            "date": one.date,
            "commit": one.commit,
            "variants": list(one.variants),
            "roles": list(one.roles),
            "title": one.title.in_language(lang),
        }
        for one in _all_editions()
        if role is None or role in one.roles
    ]


def _all_editions() -> list[Edition]:
    return [load_edition(name) for name in edition_ids()]


def _roles(edition: Edition, role: str | None, lang: Lang) -> list[Row]:
    return [
        {
            "role": one.name,
            "document_type": one.document_type,
            "flows": edition.flows_of(one.name),
            "title": one.title.in_language(lang),
        }
        for one in edition.roles.values()
        if role in {None, one.name}
    ]


def _faults(edition: Edition, role: str | None, lang: Lang) -> list[Row]:
    return [
        {
            "name": fault.name,
            "breaks": list(fault.breaks_in(edition)),
            "roles": list(fault.roles_in(edition)),
            "says": fault.says.in_language(lang),
        }
        for fault in load_faults().values()
        if fault.is_in(edition) and (role is None or role in fault.roles)
    ]


def _variants(edition: Edition, role: str | None, lang: Lang) -> list[Row]:  # noqa: ARG001 - as the others
    return [
        {"name": one.name, "says": one.says.in_language(lang)}
        for one in load_variants().values()
        if one.is_in(edition)
    ]


def _each(names: Iterable[str]) -> list[str]:
    """Every name once, in the order in which they come."""
    return list(dict.fromkeys(names))


_LISTS: Mapping[str, Callable[[Edition, str | None, Lang], list[Row]]] = {
    "requirements": _requirements,
    "flows": _flows,
    "operations": _operations,
    "editions": _editions,
    "roles": _roles,
    "faults": _faults,
    "variants": _variants,
}


# --- how a list is shown ------------------------------------------------------------------------------------


def shown(rows: list[Row], form: str, *, width: int | None = None) -> str:
    """Rows as ``table`` or ``json``. A table fits in ``width`` columns, by default those of the terminal.

    Where no terminal is, each row is one line, so that other programs can read it.
    """
    if form == "json":
        return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    if not rows:
        return ""
    cells = [[_cell(value) for value in row.values()] for row in rows]
    columns = list(rows[0])
    if width is None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    return _lines(columns, cells) if width is None else _fitted(columns, cells, width)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _lines(columns: list[str], cells: list[list[str]]) -> str:
    table = [columns, *cells]
    widths = [max(len(row[i]) for row in table) for i in range(len(columns))]
    lines = (_GAP.join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table)
    return "\n".join(lines) + "\n"


def _fitted(columns: list[str], cells: list[list[str]], width: int) -> str:
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as Plain  # noqa: PLC0415 - no markup in what is shown

    table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="")
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name == columns[0])
    for row in cells:
        table.add_row(*(Plain(cell) for cell in row))
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as written:
        console.print(table)
    return "".join(line.rstrip() + "\n" for line in written.get().splitlines())


# --- one requirement ----------------------------------------------------------------------------------------


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
    following = [one.id for one in _all_editions() if requirement.holds_in(one)]
    editions = _each([*requirement.editions, *following])
    known = [name for name in editions if name in following]
    lines = [
        say("explain_roles", names=", ".join(requirement.roles)).in_language(lang),
        say("explain_editions", names=", ".join(editions) or "-").in_language(lang),
    ]
    if not known or not requirement.answers:
        return lines
    edition, bound = _bound(requirement, load_edition(known[-1]))
    lines.append(say(f"explain_per_{requirement.applies.per}", edition=edition.name).in_language(lang))
    for same in [] if requirement.applies.per == "role" else _grouped(bound):
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
    return _each(b.flow for o in operations for b in o.bindings if requirement.applies.to_binding(o, b))


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
