"""Refusals with another status than the reference's: who asks, and what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour


def _answered(behaviour: Behaviour, status: int, *situations: str) -> None:
    for situation in situations:
        behaviour.answer_with(situation, status)


@variant("scope-401")
def _scope_401(behaviour: Behaviour) -> None:
    _answered(behaviour, 401, "no_rights", "no_known_scope", "no_rights_for_type")


@variant("no-token-403")
def _no_token_403(behaviour: Behaviour) -> None:
    _answered(behaviour, 403, "no_token", "bad_token", "foreign_token")


@variant("unknown-403")
def _unknown_403(behaviour: Behaviour) -> None:
    _answered(behaviour, 403, "unknown_document", "not_yours")


@variant("bearer-in-small-letters")
def _bearer_in_small_letters(behaviour: Behaviour) -> None:
    behaviour.token_answer = lambda granted: {**granted, "token_type": "bearer"}
