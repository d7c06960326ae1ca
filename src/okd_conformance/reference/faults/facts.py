"""Faults in what is told of a student or an enrolment (flow 7), and in how types are asked for (flow 10)."""

from __future__ import annotations

import json

from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import before, concealing, finishing, telling
from okd_conformance.reference.faults.registry import fault, faults
from okd_conformance.reference.world import Call
from okd_conformance.standard.fields import Body


@fault("number-in-another-code", finishing)
def _number_in_another_code(call: Call, answer: Reply) -> Reply:
    if call.operation.name == "read_person" and answer.status in call.operation.success:
        body = Body(call.operation.success_schema() or {}, json.loads(answer.body))
        for *way, name in body.locations("student_number"):
            place = body.value
            for step in way:
                place = place[step]
            place.update({other: "identifier" for other in place if other != name})
        answer.body = body.json()
    return answer


@fault("headers-of-a-body-refused", before("list_types"))
def _headers_of_a_body_refused(call: Call) -> None:
    if "content-type" in call.request.headers:
        raise Refused("media_type", accepted="no body")


faults(
    {
        "listed-without-state": concealing("describe_listed_enrolment", "state", "sequence_code"),
        "programme-without-codes": telling("describe_enrolment", programme_codes=[]),
        "mode-that-is-not-used": telling("describe_enrolment", mode_of_study="self-paced"),
        "student-is-employee": telling("describe_person", affiliations=["employee"]),
    }
)
