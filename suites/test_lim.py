"""LIM: the limit of 1 GB. Contents are generated while they are sent, and compared while they come back."""

from __future__ import annotations

from okd_conformance.suite import (
    Case,
    Exchange,
    Journey,
    NoAnswer,
    Sizes,
    carries_full,
    check,
    full_size_for,
    id_in,
    journey,
    limits_between,
    offer,
    read_large_back,
    replacement_of,
    require_equal,
    travelled,
    upload_of,
    uploads,
)

ANNOUNCED = 2
"""How many times the widest limit a message announces that is never sent."""


@check("OKD-LIM-001", profile="full", bulk=lambda b: b.full)
def test_upload(case: Case) -> None:
    """The largest message, to each upload; when it is refused, which size still works."""
    travel = travelled(case, case.operation, case.binding)
    say_if_not_full(case)
    if not travel.offered.succeeded:
        accepted, refused = limits_between(case, case.operation, case.binding)
        key = "limit_found" if accepted else "limit_lower"
        case.note(case.words(key, accepted=spaced(accepted), refused=spaced(refused)))
    case.expect(travel.offered)


@check("OKD-LIM-001", size={"hundredth": 100})
def test_upload_of_much_less(case: Case, size: int) -> None:
    """A refusal of far less than 1 GB shows enough; that it is taken shows nothing of 1 GB."""
    operation, binding = uploads(case)[0]
    if operation != case.operation:
        raise case.not_applicable("one_upload_is_enough")
    case.accepted()
    message = Sizes.of(case.edition).message // size
    exchange = offer(case, upload_of(case, operation, binding, message=message))
    forget(case, exchange)
    if not exchange.succeeded:
        case.note(case.words("limit_lower", refused=spaced(message)))
    case.expect(exchange)
    if exchange.succeeded:
        raise case.not_tested("much_less_is_taken", size=spaced(message))


@check("OKD-LIM-002", profile="full", bulk=lambda b: b.sizes.document if b.one else sum(b.sizes.zone))
def test_zone(case: Case) -> None:
    """Between the smaller and the wider reading of 1 GB; only the largest of it with ``--large one``."""
    operation, binding = uploads(case)[0]
    zone = Sizes.of(case.edition).zone
    taken: list[int] = []
    refused: list[int] = []
    for document in zone if case.large == "all" else zone[-1:]:
        exchange = offer(case, upload_of(case, operation, binding, document=document))
        forget(case, exchange)
        (taken if exchange.succeeded else refused).append(document)
        case.expect(exchange)
    key = "zone_limit" if taken and refused else "zone_refused" if refused else "zone_taken"
    case.note(
        case.words(key, accepted=spaced(max(taken, default=0)), refused=spaced(min(refused, default=0)))
    )


@check("OKD-LIM-003", profile="full", bulk=lambda b: b.sizes.over if b.first or not b.one else 0)
def test_too_large(case: Case) -> None:
    """Well over 1 GB: refused, or kept whole."""
    if not carries_full(case, case.operation):
        raise case.not_tested("only_one_carries_full")
    case.accepted()
    offered = upload_of(case, case.operation, case.binding, document=Sizes.of(case.edition).over)
    travel = journey(case, offered)
    judge_refusal(case, travel.offered, "default")
    if travel.offered.succeeded:
        require_equal(case, travel, "partial")


@check("OKD-LIM-004", profile="full", bulk=lambda b: b.sizes.over)
def test_replacement_too_large(case: Case) -> None:
    """Refused, and the old content stands."""
    case.accepted()
    stored = case.store()
    over = Sizes.of(case.edition).over
    exchange = offer(case, replacement_of(case, stored.id, stored.sample, over))
    if exchange.succeeded:
        case.delete(stored.id)
    judge_refusal(case, exchange, "default")
    if not exchange.succeeded:
        old = case.read(stored.id, stored.sample.token, stored.sample.binding.document_type)
        found = case.expect(old, "old_content").answer
        if found is not None and found.succeeded:
            case.bytes_equal(found.body, stored.content)
    case.telling = exchange


@check("OKD-LIM-005", profile="full", bulk=lambda b: 2 * b.full)
def test_replacement(case: Case) -> None:
    """The largest content that must work, and it is what is read afterwards."""
    stored = case.store()
    say_if_not_full(case)
    full = full_size_for(case, case.operation)
    offered = replacement_of(case, stored.id, stored.sample, full)
    exchange = offer(case, offered)
    if not exchange.succeeded:
        case.note(case.words("limit_lower", refused=spaced(full)))
    try:
        back = read_large_back(case, stored.id, offered) if exchange.succeeded else None
    finally:
        case.delete(stored.id)
    case.expect(exchange)
    if back is not None:
        case.expect(back[0], "read_back")
        require_equal(case, Journey(exchange, *back))


@check("OKD-LIM-006", profile="full", bulk=lambda b: b.all_documents)
def test_read_back(case: Case) -> None:
    """What each upload stored comes back as it was sent."""
    judged = 0
    for operation, binding in uploads(case):
        travel = travelled(case, operation, binding)
        if travel.back is not None:
            judged += 1
            case.expect(travel.back)
            require_equal(case, travel)
    if not judged:
        raise case.inconclusive("no_large_document")


@check("OKD-LIM-007", profile="full", bulk=lambda b: b.sizes.over)
def test_without_length(case: Case) -> None:
    """Well over 1 GB in chunks; and afterwards a small document."""
    operation, binding = uploads(case)[0]
    case.accepted(operation, binding)
    over = Sizes.of(case.edition).over
    exchange = offer(case, upload_of(case, operation, binding, document=over, chunked=True))
    forget(case, exchange)
    if exchange.error is NoAnswer.DISCONNECTED:
        case.note(case.words("broken_off"))
    else:
        judge_refusal(case, exchange, "too_large")
    case.expect(small(case), "afterwards")


@check("OKD-LIM-008", profile="full")
def test_asking_leave(case: Case) -> None:
    """A message that announces too much and waits for leave; nothing of it is sent."""
    operation, binding = uploads(case)[0]
    document = ANNOUNCED * Sizes.of(case.edition).document
    request = upload_of(case, operation, binding, document=document).request
    exchange, asked = case.send_asking_leave(request, only_ask=True)
    if exchange.error is NoAnswer.DISCONNECTED or hangs(exchange):
        case.note(case.words("leave_unanswered"))
        return
    case.note(case.words("leave_given" if asked.given else "leave_refused"))
    case.expect(exchange)


def small(case: Case) -> Exchange:
    """Offer a small document."""
    operation, binding = uploads(case)[0]
    return case.send(case.ready(operation, binding).request(), operation)


def forget(case: Case, exchange: Exchange) -> None:
    """Delete what an upload stored, at once."""
    document_id = id_in(case, exchange)
    if document_id is not None:
        case.delete(document_id)


def hangs(exchange: Exchange) -> bool:
    """Whether the target let us wait in vain."""
    return exchange.error is not None and exchange.error.waited_in_vain


def judge_refusal(case: Case, exchange: Exchange, situation: str) -> None:
    """Judge the answer to what is too large; hanging up is a warning, and a server that hangs has failed."""
    if exchange.error is NoAnswer.DISCONNECTED:
        case.require(False, "hung_up", reading="warned", exchange=exchange)
    elif hangs(exchange) and small(case).succeeded:
        case.telling = exchange
        case.require(False, "hangs", named=True)
    else:
        case.expect(exchange, situation)


def say_if_not_full(case: Case) -> None:
    """Note it when the operation does not carry the full size."""
    if not carries_full(case, case.operation):
        case.note(case.words("not_the_full_size", size=spaced(full_size_for(case, case.operation))))


def spaced(n: int | None) -> str:
    """A number of bytes as people read it."""
    return f"{n or 0:,}".replace(",", " ")
