"""Variants that only the early edition leaves open, since its text is unfinished there."""

from __future__ import annotations

import re

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.faults.change import before, is_change, refusing, without_errors
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.rights import binding_for
from okd_conformance.reference.world import Call, ReceivedPart
from okd_conformance.standard.fields import Body

_YEARS_OR_MONTHS = re.compile(r"\d+[YM]")


@variant("no-bpv", refusing("check_metadata", "metadata_invalid"))
def _no_bpv(call: Call, body: Body, _file: ReceivedPart | None) -> bool:
    return binding_for(call.operation, body.get("document_type")).type_is_open


@variant("retention-in-years", before("check_metadata"))
def _retention(_call: Call, body: Body, _file: ReceivedPart | None) -> None:
    period = body.get("retention_period")
    if isinstance(period, str) and not _YEARS_OR_MONTHS.fullmatch(period):
        raise Refused("metadata_invalid", why="a retention period is in years or months")


variants(
    {
        "state-free": without_errors({"enum", "type"}, is_change),
    }
)
