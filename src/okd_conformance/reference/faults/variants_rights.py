"""Refusals with another status than the reference's: who asks, and what there is."""

from __future__ import annotations

import time

from okd_conformance.reference.faults.change import instead
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.world import Behaviour, Values

_BEHIND_S = 45


def _answered(behaviour: Behaviour, status: int, *situations: str) -> None:
    for situation in situations:
        behaviour.answer_with(situation, status)


@variant("scope-401")
def _scope_401(behaviour: Behaviour) -> None:
    _answered(behaviour, 401, "no_rights", "no_known_scope", "no_rights_for_type")


@variant("unknown-403")
def _unknown_403(behaviour: Behaviour) -> None:
    _answered(behaviour, 403, "unknown_document", "not_yours", "unknown_person", "unknown_association")


@variant("bearer-in-small-letters", instead("token_answer"))
def _bearer_in_small_letters(granted: Values) -> Values:
    return {**granted, "token_type": "bearer"}


@variant("client-refused-400")
def _client_refused_400(behaviour: Behaviour) -> None:
    behaviour.granting.refuse_client_with = 400


@variant("scope-left-out")
def _scope_left_out(behaviour: Behaviour) -> None:
    behaviour.granting.granted = lambda asked, allowed: tuple(s for s in asked if s in allowed)


variants(
    {
        "no-token-403": lambda behaviour: _answered(behaviour, 403, "no_token", "bad_token", "foreign_token"),
        "clock-behind": instead("clock")(lambda: time.time() - _BEHIND_S),
    }
)
