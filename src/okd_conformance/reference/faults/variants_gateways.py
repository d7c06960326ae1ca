"""Variants in what a gateway or a library lets through: bodies without a length, other kinds of multipart."""

from __future__ import annotations

import dataclasses

from okd_conformance.reference.faults.change import both, refusing
from okd_conformance.reference.faults.registry import find_fault, variant
from okd_conformance.reference.world import Behaviour, Call


def _with_411(behaviour: Behaviour) -> None:
    situations = behaviour.situations
    situations["length_required"] = dataclasses.replace(situations["empty_body"], status=411)


def _has_no_length(call: Call, *_: object) -> bool:
    return "transfer-encoding" in call.request.headers


variant("length-required")(
    both(_with_411, refusing("check_operation_rights", "length_required")(_has_no_length))
)


@variant("any-multipart")
def _any_multipart(behaviour: Behaviour) -> None:
    find_fault("other-multipart-accepted")(behaviour)
