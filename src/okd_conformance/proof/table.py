"""The table fault x requirement of the documentation: made of the facts of faults, and of what proofs saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from okd_conformance.proof.proving import Proof, names_of, prove, prove_fault
from okd_conformance.standard.edition import load_edition
from okd_conformance.standard.faults import load_faults

_HEAD = """\
# Faults that prove the checks of {edition}

Generated; don't edit. Each fault is one deviation of the reference implementation. The last column says
how the requirement that it breaks ended.

| Fault | What it does | Requirement | Outcome |
|---|---|---|---|
"""
_NOT_SEEN = "not seen"


def as_markdown(proofs: Sequence[Proof], edition: str) -> str:
    """The table of these proofs."""
    return _page(map(_row, proofs), edition)


def is_current(page: str, edition: str) -> bool:
    """Whether a page has a row for each fault of the edition, as its facts are now, and no other."""
    kept = _kept(page, edition)
    return page == _page(kept.values(), edition) and not _missing(kept, edition)


def renewed(page: str, edition: str, prove_one: Callable[[str, str], Proof] = prove_fault) -> str:
    """The page as it should be: only the faults whose facts it has not are proved anew."""
    kept = _kept(page, edition)
    proofs = prove(_missing(kept, edition), prove_one, edition, workers=1)
    rows = kept | {proof.name: _row(proof) for proof in proofs}
    return _page((rows[name] for name in names_of("faults", edition)), edition)


def _page(rows: Iterable[str], edition: str) -> str:
    return _HEAD.format(edition=edition) + "".join(f"{row}\n" for row in rows)


def _kept(page: str, edition: str) -> dict[str, str]:
    """The rows of a page that agree with the facts, by fault, in the order of the faults."""
    rows = [row for row in page.splitlines() if _NOT_SEEN not in row]
    beginnings = {name: _facts(name, edition) for name in names_of("faults", edition)}
    return {name: row for name, beginning in beginnings.items() for row in rows if row.startswith(beginning)}


def _missing(kept: Iterable[str], edition: str) -> list[str]:
    return [name for name in names_of("faults", edition) if name not in kept]


def _row(proof: Proof) -> str:
    outcomes = ", ".join(f"{name}: {_shown(proof.changed.get(name))}" for name in proof.requirements)
    return f"{_beginning(proof.name, proof.requirements)} {outcomes if proof.holds else proof.reason} |"


def _facts(name: str, edition: str) -> str:
    return _beginning(name, load_faults()[name].breaks_in(load_edition(edition)))


def _beginning(name: str, requirements: Sequence[str]) -> str:
    return f"| `{name}` | {load_faults()[name].says.en} | {', '.join(requirements)} |"


def _shown(status: str | None) -> str:
    return {None: _NOT_SEEN, "passed": "passed, with another note"}.get(status, str(status))
