"""The command ``list``: what there is."""

from __future__ import annotations

import difflib
import io
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from okd_conformance.base.configuration import shortened
from okd_conformance.base.text import Lang, say
from okd_conformance.standard.catalogue import Requirement, load_catalogue
from okd_conformance.standard.edition import Edition, UnknownEditionError, edition_ids, load_edition
from okd_conformance.standard.faults import load_faults, load_variants
from okd_conformance.standard.operation import Operation

Row = dict[str, Any]

_GAP = "  "


def listing(what: str, edition_id: str, role: str | None, lang: Lang) -> list[Row]:
    """What there is of ``what`` in an edition, for one role if given; the keys are the columns, in order.

    Raises click.UsageError when there is no such edition or role.
    """
    edition = _edition(edition_id, lang)
    editions = all_editions() if what == "editions" else [edition]
    known = each(name for one in editions for name in one.roles)
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
            "roles": each(b.role for b in bound if b.flow == flow.id),
            "operations": each(b.operation for b in bound if b.flow == flow.id),
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
        for same in grouped(edition.operations(role))
    ]


def grouped(operations: Iterable[Operation]) -> list[list[Operation]]:
    """Operations that are the same call, served by several roles."""
    groups: dict[tuple[str, str, str], list[Operation]] = {}
    for operation in operations:
        groups.setdefault((operation.name, operation.method, operation.path), []).append(operation)
    return list(groups.values())


def _flows_of(operations: Iterable[Operation]) -> list[str]:
    return each(binding.flow for operation in operations for binding in operation.bindings)


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
        for one in all_editions()
        if role is None or role in one.roles
    ]


def all_editions() -> list[Edition]:
    """Every edition that there is, by its id."""
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


def each(names: Iterable[str]) -> list[str]:
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
