"""Variants in what a gateway or a library lets through: bodies without a length, other kinds of multipart."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from okd_conformance.reference.faults.change import before, refuse_if
from okd_conformance.reference.faults.registry import find_fault, variant

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour


@variant("length-required")
def _length_required(behaviour: Behaviour) -> None:
    situations = behaviour.situations
    situations["length_required"] = dataclasses.replace(situations["empty_body"], status=411)
    no_length = refuse_if("length_required", lambda call: "transfer-encoding" in call.request.headers)
    before(behaviour, "check_operation_rights", no_length)


@variant("any-multipart")
def _any_multipart(behaviour: Behaviour) -> None:
    find_fault("other-multipart-accepted")(behaviour)
