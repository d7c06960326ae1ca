"""GEN: requests that come at the same time are kept apart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from okd_conformance.suite import Case, Exchange, Sample, check, noise, pdf

ROUNDS = 4


@check("OKD-GEN-021")
def test_many_at_once(case: Case) -> None:
    """Two documents, students or enrolments by turns, all at the same time: each answer is about its own."""
    if case.operation.kind == "upload":
        samples = [case.sample().with_file(content) for content in contents(case)]
        exchanges = sent_together(case, samples)
        found = [content_behind(case, sample, e) for sample, e in zip(samples, exchanges, strict=True)]
        require_apart(case, exchanges, [sample.file for sample in samples], found)
        return
    case.accepted()
    meaning, wanted = two_things(case)
    samples = [case.canonical(path_values={meaning: id}) for id in wanted] * ROUNDS
    exchanges = sent_together(case, samples)
    require_apart(case, exchanges, [*wanted.values()] * ROUNDS, [told(case, meaning, e) for e in exchanges])


def contents(case: Case) -> list[bytes]:
    """Two files that have nothing in common."""
    return [pdf("okd", content=noise(f"{case.id}{i}", 200_000)) for i in (1, 2)]


def two_things(case: Case) -> tuple[str, dict[str, object]]:
    """What the path's id means, and two of them, each with what the answer about it must tell."""
    meaning = case.operation.path_parameters[0].meaning or ""
    if meaning != "dms_document_id":
        other = case.fixture_group("other_person" if meaning == "person_id" else "second_association")
        return meaning, {id: id.lower() for id in (case.fixture(meaning), other[meaning])}
    stored = [case.store(file=content) for content in contents(case)]
    for document in stored:
        case.first_read(document.id, document.sample.binding.document_type)
    of_bytes = case.operation.kind == "read"
    return meaning, {one.id: one.content if of_bytes else one.id.lower() for one in stored}


def told(case: Case, meaning: str, exchange: Exchange) -> object:
    """What an answer is about: the bytes of a document, or the id that it names."""
    if case.operation.kind == "read":
        return exchange.answer.body if exchange.answer else b""
    return str(case.value_in(exchange, meaning)).lower()


def content_behind(case: Case, sample: Sample, exchange: Exchange) -> bytes:
    """What is read under the id that an upload's answer gives; nothing where it gives none."""
    if not exchange.succeeded:
        return b""
    document = case.stored_id(sample.operation, exchange)
    answer = case.first_read(document, sample.binding.document_type).answer
    return answer.body if answer else b""


def sent_together(case: Case, samples: list[Sample]) -> list[Exchange]:
    """Send samples at the same time, and judge that they succeed as they do alone."""
    with ThreadPoolExecutor(len(samples)) as pool:
        exchanges = list(pool.map(case.sent, samples))
    return [case.expect(exchange) for exchange in exchanges]


def require_apart(case: Case, exchanges: list[Exchange], wanted: list[object], found: list[object]) -> None:
    """Judge that no answer is that of another request; what is wrong otherwise, other rows judge."""
    for exchange, mine, came in zip(exchanges, wanted, found, strict=True):
        apart = came == mine or came not in wanted
        case.require(apart, "mixed_up", situation="mixed_up", exchange=exchange)
