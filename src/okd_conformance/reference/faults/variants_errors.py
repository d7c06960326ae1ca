"""Legitimate things that an error message tells."""

from __future__ import annotations

from okd_conformance.reference.faults.change import after, both, tell_in_errors
from okd_conformance.reference.faults.gen import without_detail
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.world import Call


@variant("errors-tell-more", tell_in_errors)
def _errors_tell_more(call: Call) -> dict[str, object]:
    return {
        "instance": call.request.url.path,
        "asked": dict(call.ids),
        "traceId": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "exception": "ValidationException: look at RegistrationService.register in the manual",
        "example": {person.student_number: person.person_id for person in call.world.school.people[:1]},
    }


variants(
    {
        "errors-in-a-list": both(
            after("problem")(without_detail),
            tell_in_errors(lambda _call: {"errors": {"message": ["This part is missing or can't be read."]}}),
        )
    }
)
