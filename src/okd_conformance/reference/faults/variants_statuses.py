"""Legitimate statuses for a success, or for a method that does not exist."""

from __future__ import annotations

from okd_conformance.reference.faults.change import of_kind
from okd_conformance.reference.faults.registry import variants
from okd_conformance.reference.world import Behaviour


def _stored(behaviour: Behaviour, status: int) -> None:
    known = behaviour.success_status
    behaviour.success_status = lambda call: status if of_kind(call, "upload", "register") else known(call)


variants(
    {
        "stored-201": lambda behaviour: _stored(behaviour, 201),
        "stored-202": lambda behaviour: _stored(behaviour, 202),
        "method-403": lambda behaviour: behaviour.answer_with("method_not_allowed", 403),
    }
)
