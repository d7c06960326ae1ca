"""Variants that only the old editions leave room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour, Call
    from okd_conformance.standard.fields import Body

_LONGEST_TEXT = 4000


@variant("needs-token")
def _needs_token(behaviour: Behaviour) -> None:
    behaviour.needs_token = lambda _call: True


async def _refused(call: Call) -> Reply:
    raise Refused("method_not_allowed", method=call.operation.method)


@variant("put-alone")
def _put_alone(behaviour: Behaviour) -> None:
    absent = dict.fromkeys(("replace", "lock_document", "unlock_document"), _refused)
    behaviour.handlers = {**behaviour.handlers, **absent, "replace_by_put": dms.replace}


@variant("lock-alone")
def _lock_alone(behaviour: Behaviour) -> None:
    behaviour.handlers = {**behaviour.handlers, "replace": _refused}


@variant("replaced-200")
def _replaced_200(behaviour: Behaviour) -> None:
    inner = behaviour.success_status

    def success_status(call: Call) -> int:
        return 200 if call.operation.kind == "replace" else inner(call)

    behaviour.success_status = success_status


@variant("report-text-4000")
def _report_text_4000(behaviour: Behaviour) -> None:
    inner = behaviour.check_report

    def check_report(call: Call, body: Body) -> None:
        inner(call, body)
        if len(str(body.get("additional_info"))) > _LONGEST_TEXT:
            raise Refused("report_invalid", why="the text is too long")

    behaviour.check_report = check_report
