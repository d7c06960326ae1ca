"""Legitimate statuses for a success, or for a method that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okd_conformance.reference.faults.change import of_kind
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour


@variant("stored-201")
def _stored_201(behaviour: Behaviour) -> None:
    _stored(behaviour, 201)


@variant("stored-202")
def _stored_202(behaviour: Behaviour) -> None:
    _stored(behaviour, 202)


def _stored(behaviour: Behaviour, status: int) -> None:
    known = behaviour.success_status
    behaviour.success_status = lambda call: status if of_kind(call, "upload", "register") else known(call)


@variant("method-403")
def _method_403(behaviour: Behaviour) -> None:
    behaviour.answer_with("method_not_allowed", 403)
