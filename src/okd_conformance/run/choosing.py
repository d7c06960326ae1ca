"""Whether what the options name is there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from okd_conformance.base.text import Text, joined, say
from okd_conformance.checks.planning import is_flow, is_named
from okd_conformance.judge.case_id import requirement_of
from okd_conformance.run.refused import RefusedError
from okd_conformance.run.run import Run
from okd_conformance.standard.edition import UnknownEditionError, load_edition

_FEW = 20
"""So many names are few enough to be named all."""


def know_what_is_chosen(run: Run) -> None:
    """Raise RefusedError for an option that names what the edition hasn't."""
    options, edition = run.options, run.edition
    ids = [requirement.id for requirement in run.bench.catalogue.of(edition)]
    unknown: dict[str, tuple[list[str], Iterable[str]]] = {
        "--role": ([role for role in options.roles if role not in edition.roles], edition.roles),
        "--flow": (
            [w for w in options.flows if not any(is_flow(w, flow) for flow in edition.flows)],
            edition.flows,
        ),
        "--requirement": (
            [name for name in options.requirements if not any(is_named(name, i) for i in ids)],
            [*dict.fromkeys(i.rpartition("-")[0] for i in ids), *ids],
        ),
        "--case": ([case for case in options.cases if requirement_of(case) not in ids], ids),
    }
    for option, (values, known) in unknown.items():
        if values:
            words = say("unknown_choice", option=option, value=values[0], edition=edition.id)
            raise RefusedError(joined([words, _hint(requirement_of(values[0]), list(known))]))


def _hint(name: str, known: list[str]) -> Text:
    """The names that look like one that is not there, else all of them when they are few."""
    near = difflib.get_close_matches(name, known, n=3)
    if near or len(known) <= _FEW:
        return say("list_do_you_mean" if near else "list_there_are", names=", ".join(near or known))
    return say("list_see_requirements")


def know_what_is_compared(run: Run) -> None:
    """Raise RefusedError for an edition that isn't there, or has none of the target's roles."""
    if run.options.compare is None:
        return
    try:
        other = load_edition(run.options.compare)
    except UnknownEditionError as error:
        raise RefusedError(Text.same(f"--compare: {error}")) from None
    if not set(run.target.roles) & set(other.roles):
        raise RefusedError(say("upgrade_no_role", edition=other.name))
