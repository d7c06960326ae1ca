"""Refusals with another status than the reference's: who asks, and what there is."""

from __future__ import annotations

import time

from okd_conformance.reference.faults.change import answering, instead, telling
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.world import Behaviour

_BEHIND_S = 45


@variant("client-refused-400")
def _client_refused_400(behaviour: Behaviour) -> None:
    behaviour.granting.refuse_client_with = 400


@variant("scope-left-out")
def _scope_left_out(behaviour: Behaviour) -> None:
    behaviour.granting.granted = lambda asked, allowed: tuple(s for s in asked if s in allowed)


variants(
    {
        "scope-401": answering(401, "no_rights", "no_known_scope", "no_rights_for_type"),
        "unknown-403": answering(
            403, "unknown_document", "not_yours", "unknown_person", "unknown_association"
        ),
        "bearer-in-small-letters": telling("token_answer", **{"token_type": "bearer"}),
        "no-token-403": answering(403, "no_token", "bad_token", "foreign_token"),
        "clock-behind": instead("clock")(lambda: time.time() - _BEHIND_S),
    }
)
