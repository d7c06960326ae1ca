"""Property tests: generated bodies, reported under the requirements that they are about.

Valid ones are accepted, invalid ones refused where the standard says what is invalid, and none of them ever
makes the server stumble.
"""

from __future__ import annotations

from typing import Any

from okd_conformance.judge.properties import for_each_body, realistic, typed_errors
from okd_conformance.judge.sample import Sample
from okd_conformance.standard.fields import Body
from okd_conformance.suite import Case, check

KEPT = (
    "format",
    "document_type",
    "document_subtype",
    "document_name",
    "offering_type",
    "association_type",
    "person_role",
    "affiliations",
    "mode_of_study",
)
EXAMPLES = {"smoke": 3, "standard": 6, "full": 100}


def generate(case: Case, mode: Any, judge: Any) -> None:
    """Generate bodies for the case's operation and judge each."""
    case.bench.accepted(case.operation, case.binding)
    for_each_body(
        case.bench.edition,
        case.operation,
        mode,
        EXAMPLES[case.bench.profile],
        case.bench.seed,
        judge,
    )


def sendable(case: Case, value: Any) -> Sample | None:
    """A sample that carries a generated value with fixtures in their places; None for what is no object."""
    if not isinstance(value, dict):
        return None
    schema = case.operation.body_schema or {}
    sample = case.canonical()
    return sample.but(body=case.bench.fill(Body(schema, value), case.spec.id, sample.file, lenient=True))


def valid(case: Case, value: Any) -> Sample | None:
    """A sample with a generated body that a sane server accepts; None when there is nothing left to send.

    Who and what the document is about stays as in the canonical request; all else is generated.
    """
    usual = case.canonical()
    if usual.body is None or not isinstance(value, dict):
        return None
    shaped = realistic(Body(usual.body.schema, value))
    for meaning in dict.fromkeys(identifying(usual.body) + identifying(shaped)):
        if not usual.body.has(meaning):
            shaped = shaped.without(meaning)
        elif shaped.knows(meaning):
            shaped = shaped.with_(meaning, usual.body.get(meaning))
    if shaped.has("consumers"):
        shaped = shaped.with_("consumers", only_okd(case, shaped.get("consumers")))
    shaped = shaped.with_("document_size", len(usual.file)) if shaped.has("document_size") else shaped
    return usual.but(body=shaped) if not shaped.errors() else None


def identifying(body: Body) -> list[str]:
    """The meanings in a body that say what the document is about."""
    return [
        place.meaning
        for place in body.places()
        if place.meaning
        and (place.meaning in KEPT or place.schema.get("x-okd-fixture") or place.schema.get("x-okd-fresh"))
    ]


def only_okd(case: Case, consumers: list[Any]) -> list[Any]:
    """The first consumer of the standard itself; generated lists may hold several that contradict."""
    usual = case.canonical().body
    key = case.field_name("consumer_key")
    own = usual.get("consumer_key") if usual else None
    return [c for c in consumers if isinstance(c, dict) and c.get(key) == own][:1]


@check("OKD-MPT-001", generated=["valid"])
@check("OKD-REG-003", generated=["valid"])
def test_valid_bodies_are_accepted(case: Case, generated: str) -> None:
    """Any valid body, with or without its optional fields."""

    def judge(value: Any) -> None:
        sample = valid(case, value)
        if sample is not None:
            case.expect(case.sent(sample))

    generate(case, generated, judge)


@check("OKD-REG-004", generated=["invalid"])
def test_invalid_registrations_are_refused(case: Case, generated: str) -> None:
    """A field of the wrong type or format, or a required one missing, whatever else the body holds."""

    def judge(value: Any) -> None:
        sample = sendable(case, value)
        if sample is not None and sample.body and typed_errors(sample.body, ["document_type"]):
            case.expect(case.sent(sample))

    generate(case, generated, judge)


@check("OKD-GEN-012", generated=["invalid"])
def test_invalid_bodies_do_no_harm(case: Case, generated: str) -> None:
    """Whatever is wrong with a body, the server answers that it is."""
    if case.operation.body_schema is None:
        raise case.not_applicable("no_body_to_generate")

    def judge(value: Any) -> None:
        sample = sendable(case, value)
        if sample is not None:
            case.expect(case.sent(sample))

    generate(case, generated, judge)
