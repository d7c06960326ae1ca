"""Faults in what is told of a student or an enrolment (flow 7), and in how types are asked for (flow 10)."""

from __future__ import annotations

import json

from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import after, before
from okd_conformance.reference.faults.registry import fault
from okd_conformance.reference.world import Behaviour, Call, Values
from okd_conformance.standard.fields import Body


@fault("listed-without-state", after("describe_listed_enrolment"))
def _listed_without_state(values: Values, *_: object) -> Values:
    return {name: value for name, value in values.items() if name not in {"state", "sequence_code"}}


@fault("programme-without-codes", after("describe_enrolment"))
def _programme_without_codes(values: Values, *_: object) -> Values:
    return {**values, "programme_codes": []}


@fault("mode-that-is-not-used", after("describe_enrolment"))
def _mode_that_is_not_used(values: Values, *_: object) -> Values:
    return {**values, "mode_of_study": "self-paced"}


@fault("number-in-another-code")
def _number_in_another_code(behaviour: Behaviour) -> None:
    def rename(call: Call, answer: Reply) -> Reply:
        if call.operation.name == "read_person" and answer.status in call.operation.success:
            body = Body(call.operation.success_schema() or {}, json.loads(answer.body))
            for *way, name in body.locations("student_number"):
                place = body.value
                for step in way:
                    place = place[step]
                place.update({other: "identifier" for other in place if other != name})
            answer.body = body.json()
        return answer

    behaviour.finish.append(rename)


@fault("student-is-employee", after("describe_person"))
def _student_is_employee(values: Values, *_: object) -> Values:
    return {**values, "affiliations": ["employee"]}


@fault("headers-of-a-body-refused", before("list_types"))
def _headers_of_a_body_refused(call: Call) -> None:
    if "content-type" in call.request.headers:
        raise Refused("media_type", accepted="no body")
