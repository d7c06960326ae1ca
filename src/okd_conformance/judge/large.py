"""Large messages: how big, what is in them, and their way to the target, back and out again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from okd_conformance.base.text import say
from okd_conformance.judge.arrangements import REDIRECTS
from okd_conformance.judge.ids import answered_id
from okd_conformance.judge.stops import NotTested
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.wire.body import Payload, length_of
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.generated import Comparison, Generated
from okd_conformance.wire.multipart import Multipart, Part

if TYPE_CHECKING:
    from okd_conformance.judge.case import Case
    from okd_conformance.judge.sample import Sample

_GB = 10**9
_MARGIN = 1 << 20
_COMMON_MB = (1, 10, 30, 100, 128, 256, 512)
"""Limits that proxies, gateways and frameworks have unless somebody changes them, in units of 2^20 bytes."""


@dataclass(frozen=True)
class Sizes:
    """The edition's limits, in bytes."""

    message: int
    """The largest message that must work: 1 GB in the smaller reading."""
    document: int
    """The largest document that may work: 1 GB in the wider reading."""

    @classmethod
    def of(cls, edition: Edition) -> Sizes:
        """The sizes of an edition that has limits."""
        return cls(edition.limits["message_bytes"], edition.limits["document_bytes"])

    @property
    def over(self) -> int:
        """A document that is too large in every reading."""
        return self.document + _MARGIN

    @property
    def zone(self) -> tuple[int, ...]:
        """Documents between the smaller and the wider reading."""
        return (self.message, self.message + 1, self.document - 1, self.document)

    @property
    def past_common(self) -> tuple[int, ...]:
        """Messages just past common limits; in proportion when the edition's GB is a small one."""
        return tuple((mb << 20) * self.message // _GB + 1 for mb in _COMMON_MB)


@dataclass(frozen=True)
class Offer:
    """A large request that is not yet sent."""

    operation: Operation
    binding: Binding
    sample: Sample
    content: Generated
    request: Request


@dataclass(frozen=True)
class Journey:
    """What became of a large document: it was offered, read back, and deleted at once."""

    offered: Exchange
    back: Exchange | None = None
    comparison: Comparison | None = None


def full_size_for(case: Case, operation: Operation) -> int:
    """The largest message of an operation: of full size, or (``--large one``) just past common limits."""
    sizes = Sizes.of(case.edition)
    return sizes.message if carries_full(case, operation) else sizes.past_common[-1]


def carries_full(case: Case, operation: Operation) -> bool:
    """Whether an operation carries the full size in this run."""
    return case.large == "all" or operation == uploads(case)[0][0]


def uploads(case: Case) -> list[tuple[Operation, Binding]]:
    """Each upload of the role that the target claims, with the first binding that it claims."""
    found = []
    for operation in case.edition.operations(case.role, "upload"):
        served = [b for b in operation.bindings if case.serves(b)]
        found += [(operation, b) for b in served[:1]]
    return found


# --- requests -----------------------------------------------------------------------------------------------


def upload_of(
    case: Case,
    operation: Operation,
    binding: Binding,
    *,
    message: int | None = None,
    document: int = 0,
    chunked: bool = False,
) -> Offer:
    """An upload with a document of this size, or one that makes the whole message this size."""
    sample = case.ready(operation, binding)
    size = document
    if message is not None:
        for _ in range(3):  # the size stands in the metadata, so the frame's length depends on it
            size += message - length_of(_message(case, sample, size)[1].payload())
    content, whole = _message(case, sample, size)
    body = whole.payload()
    _allowed(case, length_of(body))
    return Offer(operation, binding, sample, content, sample.request(whole, body=body, chunked=chunked))


def _message(case: Case, sample: Sample, size: int) -> tuple[Generated, Multipart]:
    content = _content(case, size)
    if sample.body is not None and sample.body.has("document_size"):
        sample = sample.with_field("document_size", size)

    def with_content(part: Part, own: Part) -> Part:
        return replace(part, body=content.payload()) if part == own else part

    message = sample.message()
    parts = tuple(with_content(part, sample.file_part) for part in message.parts)
    return content, replace(message, parts=parts)


def replacement_of(case: Case, document_id: str, sample: Sample, size: int) -> Offer:
    """New content of this size for a document that ``sample`` stored."""
    given = {"path_values": {"dms_document_id": document_id}, "token": case.usual_token(case.binding)}
    ready = case.ready(case.operation, case.binding, **given)
    content = _content(case, size)
    _allowed(case, size)
    body: Payload = content.payload()
    return Offer(ready.operation, sample.binding, sample, content, ready.request(body=body))


def _content(case: Case, size: int) -> Generated:
    return Generated(size, f"{case.seed}", f"{case.marker} {case.id}")


def _allowed(case: Case, size: int) -> None:
    limit = case.max_message_bytes
    if limit is not None and size > limit:
        raise NotTested(say("message_not_allowed", limit=limit, size=size))


# --- on the way ---------------------------------------------------------------------------------------------


def offer(case: Case, offered: Offer) -> Exchange:
    """Send a large request as part of a case."""
    exchange = case.transfer(offered.request, offered.operation)
    case.exchanges.append(exchange)
    case.telling = exchange
    return exchange


def read_large_back(case: Case, document_id: str, offered: Offer) -> tuple[Exchange, Comparison]:
    """Ask for a document, and compare it with what was offered while it comes."""
    operation, binding = case.binding_for("read", offered.binding.document_type)
    given = {"path_values": {"dms_document_id": document_id}, "token": offered.sample.token}
    request = case.sample_of(operation, binding, **given).request()
    comparison = offered.content.comparison()

    def ask() -> Exchange:
        nonlocal comparison
        comparison = offered.content.comparison()
        return case.transfer(request, operation, sink=comparison)

    exchange = case.first_answer(ask)
    case.exchanges.append(exchange)
    return exchange, comparison


def id_in(case: Case, exchange: Exchange) -> str | None:
    """The id of the document that an upload stored; None when it stored none."""
    if not exchange.succeeded or exchange.operation is None:
        return None
    operation = case.edition.operation(case.role, exchange.operation)
    return answered_id(operation, exchange, case.places(operation))


def travelled(case: Case, operation: Operation, binding: Binding) -> Journey:
    """Offer the largest document of an operation, read it back, and delete it; once per run."""

    def travel() -> Journey:
        size = full_size_for(case, operation)
        return journey(case, upload_of(case, operation, binding, message=size))

    found: Journey = case.once(f"travelled:{case.role}:{operation.id}", travel)
    case.exchanges += [e for e in (found.offered, found.back) if e and e not in case.exchanges]
    return found


def journey(case: Case, offered: Offer) -> Journey:
    """Offer a document, read it back, and delete it at once."""
    exchange = offer(case, offered)
    document_id = id_in(case, exchange)
    if document_id is None:
        return Journey(exchange)
    try:
        return Journey(exchange, *read_large_back(case, document_id, offered))
    finally:
        case.delete(document_id)


def require_equal(case: Case, travel: Journey, situation: str | None = None) -> None:
    """Judge that what came back is what was sent; ``situation`` names what it means that it isn't."""
    found = travel.comparison
    if travel.back is not None and travel.back.status in REDIRECTS:
        raise case.not_tested("content_elsewhere")
    if found is None or travel.back is None or not travel.back.succeeded:
        raise case.inconclusive("content_not_shown", status=travel.back and travel.back.status)
    sent, came = found.sent.size, found.received
    case.telling = travel.back
    case.require(
        found.equal,
        "bytes_differ",
        situation=situation,
        exchange=travel.back,
        offset=found.offset,
        found=came,
        sent=sent,
    )


def limits_between(case: Case, operation: Operation, binding: Binding) -> tuple[int | None, int]:
    """What size of message is still accepted, and which is refused: found by halving the common limits."""
    sizes = Sizes.of(case.edition)
    ladder = [*sizes.past_common, full_size_for(case, operation)]
    accepted, refused = -1, len(ladder) - 1
    while refused - accepted > 1:
        middle = (accepted + refused) // 2
        exchange = offer(case, upload_of(case, operation, binding, message=ladder[middle]))
        document_id = id_in(case, exchange)
        if document_id is not None:
            case.delete(document_id)
        worked = exchange.succeeded
        accepted, refused = (middle, refused) if worked else (accepted, middle)
    return (ladder[accepted] if accepted >= 0 else None), ladder[refused]


# --- how much that is ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bulk:
    """For an estimate: how many operations of a kind carry a large message, and how large."""

    sizes: Sizes
    uploads: int
    one: bool
    first: bool
    """Whether the case is that of the first upload."""

    @property
    def full(self) -> int:
        """The largest message of the case."""
        return self.sizes.past_common[-1] if self.one and not self.first else self.sizes.message

    @property
    def all_documents(self) -> int:
        """The largest documents of all uploads together."""
        others = self.sizes.past_common[-1] if self.one else self.sizes.message
        return self.sizes.message + others * (self.uploads - 1) if self.uploads else 0


def bulk_of(case: Case) -> Bulk:
    """What an estimate for a case goes by."""
    found = [operation for operation, _ in uploads(case)]
    first = case.spec.operation is None or case.spec.operation in found[:1]
    return Bulk(Sizes.of(case.edition), len(found), case.large == "one", first)
