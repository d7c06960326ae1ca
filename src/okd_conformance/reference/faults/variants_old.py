"""Variants that only the old editions leave room for."""

from __future__ import annotations

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import after, instead, succeeding
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.world import Behaviour, Call
from okd_conformance.standard.fields import Body

_LONGEST_TEXT = 4000


async def _refused(call: Call) -> Reply:
    raise Refused("method_not_allowed", method=call.operation.method)


@variant("put-alone")
def _put_alone(behaviour: Behaviour) -> None:
    absent = dict.fromkeys(("replace", "lock_document", "unlock_document"), _refused)
    behaviour.handlers = {**behaviour.handlers, **absent, "replace_by_put": dms.replace}


@variant("lock-alone")
def _lock_alone(behaviour: Behaviour) -> None:
    behaviour.handlers = {**behaviour.handlers, "replace": _refused}


@variant("report-text-4000", after("check_report"))
def _report_text_4000(_result: None, _call: Call, body: Body) -> None:
    if len(str(body.get("additional_info"))) > _LONGEST_TEXT:
        raise Refused("report_invalid", why="the text is too long")


variants(
    {
        "replaced-200": succeeding(200, "replace"),
        "needs-token": instead("needs_token")(lambda _call: True),
    }
)
