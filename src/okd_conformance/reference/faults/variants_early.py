"""Variants that only the early edition leaves open, since its text is unfinished there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.faults.change import before, is_change, refuse_if, without_errors
from okd_conformance.reference.faults.registry import variant
from okd_conformance.reference.rights import binding_for

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour, Call, ReceivedPart
    from okd_conformance.standard.fields import Body

_YEARS_OR_MONTHS = re.compile(r"\d+[YM]")


@variant("no-bpv")
def _no_bpv(behaviour: Behaviour) -> None:
    def open_type(call: Call, body: Body, _file: ReceivedPart | None) -> bool:
        return binding_for(call.operation, body.get("document_type")).type_is_open

    before(behaviour, "check_metadata", refuse_if("metadata_invalid", open_type))


@variant("retention-in-years")
def _retention(behaviour: Behaviour) -> None:
    def check(_call: Call, body: Body, _file: ReceivedPart | None) -> None:
        period = body.get("retention_period")
        if isinstance(period, str) and not _YEARS_OR_MONTHS.fullmatch(period):
            raise Refused("metadata_invalid", why="a retention period is in years or months")

    before(behaviour, "check_metadata", check)


@variant("state-free")
def _state_free(behaviour: Behaviour) -> None:
    without_errors(behaviour, {"enum", "type"}, is_change)
