"""F05: flow 5, the DMS hears that an enrolment has ended, or goes on after all.

Whatever a check reports of the test enrolment, afterwards that is put back into the state that it had.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from okd_conformance.suite import Body, Case, Sample, cells, check
from steps import other_scope, scope_alone

ENDED = "finished"


SUCCEEDED = range(200, 300)


def telling(case: Case, state: Any = ENDED, which: str = "") -> Sample:
    """The message that the test enrolment has this state; that it ended is told as in the flow's example."""
    usual = case.canonical()
    if state != ENDED or usual.body is None or case.binding.example is None:
        return usual.with_field("state", state)
    example = Body(usual.body.schema, case.operation.examples[case.binding.example + which])
    return usual.but(body=case.fill(example, b"")).with_field("state", ENDED)


@contextmanager
def restored(case: Case) -> Iterator[None]:
    """Put the test enrolment back afterwards; a note says so if that doesn't work."""
    try:
        yield
    finally:
        if not case.restore():
            case.note(case.words("enrolment_not_restored"))


@check("OKD-F05-001", profile="smoke")
def test_enrolment_ended(case: Case) -> None:
    """The flow's own example, for an enrolment that the DMS has a document of."""
    case.document()
    with restored(case):
        case.expect(case.sent(telling(case)))


@check("OKD-F05-002")
def test_both_forms(case: Case) -> None:
    """The text and the YAML name different media types; one refused is noted."""
    types = [media for media in case.operation.request if media.endswith("json")]
    with restored(case):
        exchanges = [case.sent(telling(case).but(media_type=media)) for media in types]
        works = any(e.status in SUCCEEDED for e in exchanges)
        for media, exchange in zip(types, exchanges, strict=True):
            refused = works and exchange.status not in SUCCEEDED
            case.expect(exchange, "one_refused" if refused else "default")
            if refused:
                case.note(case.words("form_refused", media_type=media))


@check("OKD-F05-003", state=["finished", "associated"])
def test_state_of_both_sources(case: Case, state: str) -> None:
    """The states that every source names."""
    with restored(case):
        case.expect(case.sent(telling(case, state)), "both_sources")


@check("OKD-F05-003", state=["canceled", "denied", "pending"])
def test_state_of_the_text(case: Case, state: str) -> None:
    """The states that the text of the flow has besides."""
    with restored(case):
        case.expect(case.sent(telling(case, state)), "text_only")


@check(
    "OKD-F05-004",
    state={
        "invented": ("invented", "okd-conformance"),
        "number": ("number", 5),
        "double-l": ("double_l", "cancelled"),
        "null": ("no_value", None),
    },
)
def test_unknown_state(case: Case, state: tuple[str, object]) -> None:
    """A state that the standard doesn't have, after the same message with a right one was accepted."""
    situation, value = state
    with restored(case):
        case.arranged(case.sent(telling(case)))
        case.expect(case.sent(telling(case).with_field("state", value)), situation)


@check("OKD-F05-005")
def test_reopened(case: Case) -> None:
    """Closed by mistake, so opened again."""
    with restored(case):
        case.arranged(case.sent(telling(case)))
        case.expect(case.sent(telling(case, case.standing_state)))
        case.note(case.words("retention_not_shown"))


@check("OKD-F05-006")
def test_state_alone_twice(case: Case) -> None:
    """A message that holds nothing but the state; and the same message again."""
    sample = telling(case)
    alone = Body(case.operation.body_schema or {}, {case.field_name("state"): ENDED})
    with restored(case):
        first, second = (case.sent(sample.but(body=alone)) for _ in range(2))
        case.expect(first)
        case.expect(second)


@check("OKD-F05-007")
def test_unknown_enrolment(case: Case) -> None:
    """An enrolment that nobody has."""
    unknown = {"association_id": case.fresh_uuid()}
    case.expect(case.sent(case.sample(fixtures=unknown).with_field("state", ENDED)))


@check("OKD-F05-008", scope=cells("sufficient", "refused"))
def test_scope(case: Case, scope: str) -> None:
    """Each scope alone, as the scope matrix has it."""
    scope_alone(case, scope)


@check("OKD-F05-009", scope=cells("disputed"))
def test_disputed_scope(case: Case, scope: str) -> None:
    """The sources disagree on the scope for all documents; either answer will do."""
    other_scope(case, scope, "default")


@check("OKD-F05-010")
def test_other_enrolment_in_the_message(case: Case) -> None:
    """The path names one enrolment, the message another; the state is the one it has already."""
    case.expect(case.sent(case.sample().with_field("association_id", case.fresh_uuid())))


@check("OKD-F05-011")
def test_documents_stay(case: Case) -> None:
    """After the end of the enrolment its documents can still be read."""
    document = case.store()
    sent = document.sample
    with restored(case):
        case.arranged(case.sent(telling(case)))
        exchange = case.expect(case.read(document.id, sent.token, sent.binding.document_type))
        if exchange.succeeded:
            case.bytes_equal(exchange.answer.body, document.content)


@check("OKD-F05-013")
def test_published_example(case: Case) -> None:
    """The text's own example, which still has the sequence of the enrolment as a code."""
    case.document()
    with restored(case):
        case.expect(case.sent(telling(case, which="-published")))
