"""What a target claims: an edition, and roles and flows that it has."""

from __future__ import annotations

from typing import Any

from okd_conformance.base.configuration import shortened
from okd_conformance.base.text import say
from okd_conformance.base.yaml_input import Pointer
from okd_conformance.standard.edition import Edition, UnknownEditionError, load_edition
from okd_conformance.target.mistakes import Mistakes, at, entries
from okd_conformance.target.shape import example, one_of


def check_edition(value: Any, mistakes: Mistakes, asked: str | None) -> Edition | None:
    """Check the edition, and the roles and flows that the target claims in it."""
    declared = at(value, "edition")
    own = _declared_edition(declared, mistakes) if isinstance(declared, str) else None
    edition = _asked_edition(asked, mistakes) if asked else own
    if edition is None:
        return None
    check_roles(value, mistakes, edition, own or edition)
    if edition.scopes and at(value, "auth") is None and not mistakes.at(("auth",)):
        mistakes.add(("auth",), "target_auth_missing", remedy=example(("auth",)), edition=edition.id)
    return edition


def _declared_edition(edition_id: str, mistakes: Mistakes) -> Edition | None:
    pointer: Pointer = ("edition",)
    if mistakes.at(pointer):
        return None
    try:
        return load_edition(edition_id)
    except UnknownEditionError as error:
        typed = shortened(mistakes.document.source(pointer) or edition_id)
        remedy = one_of(edition_id, error.known)
        mistakes.add(pointer, "target_unknown_edition", remedy=remedy, edition=typed)
        return None


def _asked_edition(edition_id: str, mistakes: Mistakes) -> Edition | None:
    try:
        return load_edition(edition_id)
    except UnknownEditionError as error:
        remedy = one_of(edition_id, error.known)
        mistakes.add_option(
            "--edition", "target_unknown_edition", remedy=remedy, edition=shortened(edition_id)
        )
        return None


def check_roles(value: Any, mistakes: Mistakes, edition: Edition, own: Edition) -> None:
    """Check that roles and flows exist in the edition, or else in the edition that the file itself names."""
    roles = entries(value, "roles") if not mistakes.at(("roles",)) else []
    for pointer, _ in roles:
        role = str(pointer[-1])
        if role in edition.roles or role in own.roles:
            _check_flows(value, mistakes, role, edition, own)
        else:
            remedy = one_of(role, list(edition.roles))
            mistakes.add(pointer, "target_unknown_role", remedy=remedy, edition=edition.id)
    if roles and not any(p[-1] in edition.roles for p, _ in roles):
        known = ", ".join(edition.roles)
        mistakes.add(("roles",), "target_no_role_of_edition", edition=edition.id, known=known)


def _check_flows(value: Any, mistakes: Mistakes, role: str, edition: Edition, own: Edition) -> None:
    served = [flow for e in (edition, own) if role in e.roles for flow in e.flows_of(role)]
    for pointer, flow in entries(value, "roles", role, "flows"):
        if not isinstance(flow, str) or flow in served or mistakes.at(pointer):
            continue
        typed = shortened(mistakes.document.source(pointer) or "")
        key = "target_flow_of_other_role" if flow in edition.flows else "target_unknown_flow"
        remedy = say("target_one_of", known=", ".join(dict.fromkeys(served)))
        mistakes.add(pointer, key, remedy=remedy, flow=typed, role=role, edition=edition.id)
