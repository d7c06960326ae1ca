"""What the shell offers when somebody presses Tab behind an option or a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

    from okd_conformance.standard.edition import Edition

Complete = Callable[["click.Context", "click.Parameter", str], list[str]]


def names_of(what: str) -> Complete:
    """A completion with the names of ``editions``, ``roles``, ``flows``, ``requirements``, ``faults`` or
    ``variants``, of the edition that the command line names.
    """

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        found = _NAMES[what](ctx.params.get("edition"))
        return [name for name in found if name.startswith(incomplete)]

    return complete


def _edition(name: str | None) -> Edition | None:
    from okd_conformance.standard.edition import (  # noqa: PLC0415
        UnknownEditionError,
        edition_or_default,
        load_edition,
    )

    try:
        return load_edition(edition_or_default(name))
    except UnknownEditionError:
        return None


def _editions(_: str | None) -> Iterable[str]:
    from okd_conformance.standard.edition import edition_ids  # noqa: PLC0415

    return edition_ids()


def _roles(name: str | None) -> Iterable[str]:
    edition = _edition(name)
    return edition.roles if edition else ()


def _flows(name: str | None) -> Iterable[str]:
    edition = _edition(name)
    return edition.flows if edition else ()


def _requirements(name: str | None) -> Iterable[str]:
    from okd_conformance.standard.catalogue import load_catalogue  # noqa: PLC0415

    edition = _edition(name)
    return [requirement.id for requirement in load_catalogue().of(edition)] if edition else ()


def _every_requirement(_: str | None) -> Iterable[str]:
    from okd_conformance.standard.catalogue import load_catalogue  # noqa: PLC0415

    return [requirement.id for requirement in load_catalogue()]


def _faults(_: str | None) -> Iterable[str]:
    from okd_conformance.standard.faults import load_faults  # noqa: PLC0415

    return load_faults()


def _variants(_: str | None) -> Iterable[str]:
    from okd_conformance.standard.faults import load_variants  # noqa: PLC0415

    return load_variants()


_NAMES: dict[str, Callable[[str | None], Iterable[str]]] = {
    "editions": _editions,
    "roles": _roles,
    "flows": _flows,
    "requirements": _requirements,
    "every requirement": _every_requirement,
    "faults": _faults,
    "variants": _variants,
}
