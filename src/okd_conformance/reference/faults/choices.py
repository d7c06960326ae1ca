"""Choices that the flows leave open: the two ends of what is allowed, and one step too far."""

from __future__ import annotations

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.faults.change import after, before, both, of_kind, unless
from okd_conformance.reference.faults.notices import example_state
from okd_conformance.reference.faults.registry import Change, faults, variants
from okd_conformance.reference.world import Call
from okd_conformance.standard.fields import Body

PLACEMENT_ROLE = "bpv"
PLACEMENT = ("2000-01-01", "2025-12-31")
"""When a work placement runs, as far as these choices go; that of the edition's example is within."""
NOTICED = "noticed"


def _refuse_outside(since: str, until: str) -> Change:
    def check(call: Call, body: Body) -> None:
        received = body.get("received_date")
        if call.role == PLACEMENT_ROLE and isinstance(received, str) and not since <= received <= until:
            raise Refused("registration_invalid", why="no work placement runs on that date")

    return before("file_registration")(check)


def _refuse_upload(call: Call, body: Body, _file: object) -> None:
    school = call.world.school
    student = school.people[0].values
    association, sitting = call.ids.get("association_id"), call.ids.get("offering_id")
    if association and school.enrolment(association) is None:
        raise Refused("unknown_association")
    if sitting and school.sitting(sitting) is None:
        raise Refused("unknown_sitting")
    affiliations = body.get("affiliations")
    if isinstance(affiliations, list) and not any(a in student["affiliations"] for a in affiliations):
        raise Refused("metadata_invalid", why="only students have documents here")


def _refuse_merge_patch(call: Call) -> None:
    accepted = [media for media in call.operation.request if "+" not in media]
    given = call.request.headers.get("content-type", "").partition(";")[0].strip()
    if of_kind(call, "change") and given not in accepted:
        raise Refused("media_type", accepted=", ".join(accepted))


def _refuse_rare_state(call: Call, body: Body) -> None:
    usual = {example_state(operation) for operation in call.world.edition.operations(call.role)}
    if body.get("state") not in usual:
        raise Refused("change_invalid", why="this state is not in use here")


def _forget_again(forgotten: bool, call: Call) -> bool:
    key = call.ids["dms_document_id"]
    if forgotten:
        call.world.store.put(NOTICED, call.role, key, {})
    return forgotten or call.world.store.get(NOTICED, call.role, key) is not None


faults(
    {
        "running-placement-required": _refuse_outside(*PLACEMENT),
    }
)


variants(
    {
        "refuses-what-it-may": both(
            before("check_metadata")(_refuse_upload),
            before("check_json_type")(_refuse_merge_patch),
            before("check_change")(_refuse_rare_state),
            _refuse_outside(PLACEMENT[0], "9999-12-31"),
        ),
        "accepts-what-it-may": both(
            unless("check_change")(lambda _call, body: body.get("state") in {None, "cancelled"}),
            after("forget_registration")(_forget_again),
        ),
    }
)
