"""S03: the sketch of 2025. A document goes in with its facts, and comes out again with them.

How messages look is open in this edition: the target file may say so in its templates.
"""

from __future__ import annotations

from typing import Any

from okd_conformance.suite import (
    Body,
    Case,
    Exchange,
    NotTested,
    Operation,
    Request,
    Sample,
    answered_id,
    check,
    every_byte,
    holds,
    is_uuid,
    line_breaks,
    meanings,
    noise,
    pdf,
    same_origin,
    texts_in,
)
from steps import invented, lacks, link, reference, require_bytes_in

DOCUMENT = ("source_organization", "creation_date", "title", "author", "language", "document_type")


OWN_FILE = ("component_document_id", "document_size", "document_location")


OF_A_RESULT = (
    *DOCUMENT,
    *OWN_FILE,
    "person_id",
    "exam_date_time",
    "exam_code",
    "program_name",
    "association_id",
)


OF_AN_ENROLMENT = (
    *("person_id", "display_name", "association_id", "sequence_code", "program_name", "document_type"),
    *(*OWN_FILE, "format", "retention_period"),
)


CONTENTS = {
    "pdf": pdf("okd-conformance"),
    "every-byte": pdf("okd", content=every_byte()),
    "line-breaks": pdf("okd", content=line_breaks()),
    "large": pdf("okd", content=noise("okd-0.3", 2_500_000)),
}


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


FILES = {
    "photo": ("image/jpeg", "photo.jpg", JPEG),
    "text": ("text/plain", "note.txt", "Een korte tekst, met één accent.\r\n".encode()),
}


def require_all_facts(sample: Sample, listed: tuple[str, ...]) -> None:
    """Make sure that the example has all that the text lists and the edition has fields for."""
    assert sample.body is not None
    known = meanings(sample.body.schema)
    assert [m for m in listed if m in known and not sample.body.has(m)] == []


@check("OKD-S03-001")
def test_filed_with_the_student(case: Case) -> None:
    """The hook shows the student, or the enrolment."""
    sample = case.canonical()
    exchange = case.expect(case.sent(sample))
    found = answered_id(case.operation, exchange, case.places(case.operation))
    if found is None and sample.body is not None:
        found = sample.body.get("component_document_id")
    try:
        place = case.call_hook("show_filing", document_id=found)
    except NotTested:
        case.note(case.words("placement_not_shown"))
        return
    wanted = {name: case.fixture(name) for name in ("person_id", "association_id")}
    case.require(
        any(str(place.get(name)).lower() == value.lower() for name, value in wanted.items()),
        "filed_elsewhere",
        exchange=exchange,
        wanted=", ".join(f"{n}={v}" for n, v in wanted.items()),
        found=", ".join(f"{n}={place.get(n)}" for n in wanted),
    )


@check("OKD-S03-002", profile="smoke")
def test_all_facts_of_a_result(case: Case) -> None:
    """The example of the variant, with every fact that its text lists."""
    sample = case.canonical()
    require_all_facts(sample, OF_A_RESULT)
    case.expect(case.sent(sample))


def kinds_of_documents(operation: Operation, _: object) -> list[str]:
    """The kinds that the edition names as examples."""
    schema = operation.body_schema or {}
    places = Body(schema, next(iter(operation.examples.values()))).places()
    return next(list(p.schema.get("examples", ())) for p in places if p.meaning == "document_type")


@check("OKD-S03-003", kind=kinds_of_documents)
def test_kind_of_document(case: Case, kind: str) -> None:
    """Each of the kinds that the text names."""
    case.expect(case.sent(case.sample().with_field("document_type", kind)))


@check("OKD-S03-004", alone={"programme": "association", "enrolment": "program"})
def test_programme_or_enrolment(case: Case, alone: str) -> None:
    """One of the two without the other."""
    situation = "programme" if alone == "association" else "enrolment"
    case.expect(case.sent(case.sample().without_field(alone)), situation)


@check("OKD-S03-005")
def test_sitting_document(case: Case) -> None:
    """An official record: a sitting and a test, and no student."""
    sample = case.canonical()
    assert lacks(sample.body, "person_id", "student_number", "association_id")
    case.expect(case.sent(sample))


@check("OKD-S03-006")
def test_no_token(case: Case) -> None:
    """No Authorization in the request."""
    case.expect(case.sent(case.canonical().but(token=None)))


@check("OKD-S03-007")
def test_the_document_that_is_asked(case: Case) -> None:
    """Two documents, read in reverse order."""
    documents = [case.store(), case.store(file=pdf(f"{case.id} other", 700))]
    for mine, other in (documents[::-1], documents):
        exchange = case.expect(case.first_read(mine.id))
        require_bytes_in(case, exchange, mine.content)
        case.require(not holds(exchange, other.content), "other_content_found", exchange=exchange)


@check("OKD-S03-008")
def test_id_of_its_own(case: Case) -> None:
    """Two documents: two UUIDs."""
    operation, binding = case.upload_binding()
    files = [pdf(f"{case.id} {number}", 700) for number in range(2)]
    samples = [case.sample_of(operation, binding, file=file) for file in files]
    ids = [case.require_id(case.expect(case.sent(sample))) for sample in samples]
    for found in ids:
        case.require(is_uuid(found), "not_a_uuid", value=found)
    case.require(len({found.lower() for found in ids}) == len(ids), "same_reference", value=ids[0])


@check("OKD-S03-009", content=CONTENTS)
def test_content_unchanged(case: Case, content: bytes) -> None:
    """Every byte, any line break, and millions of them."""
    stored = case.store(file=content)
    require_bytes_in(case, case.expect(case.first_read(stored.id)), content)


@check("OKD-S03-010", fact=DOCUMENT)
def test_facts_come_back(case: Case, fact: str) -> None:
    """Each fact about the document stands in the answer, or in its headers."""
    stored = case.store()
    exchange = case.expect(case.first_read(stored.id))
    assert stored.sample.body is not None
    value = str(stored.sample.body.get(fact))
    case.require(tells(exchange, value), "fact_not_found", exchange=exchange, field=fact, value=value)


def tells(exchange: Exchange, value: str) -> bool:
    """Whether a value stands in an answer; a date may have a time behind it."""
    if exchange.answer is None:
        return False
    if any(value in text for _, text in exchange.answer.headers):
        return True
    try:
        found = exchange.answer.json()
    except ValueError:
        return value.encode() in exchange.answer.body
    return any(text == value or text.startswith(f"{value}T") for text in texts_in(found))


@check("OKD-S03-011")
def test_unknown_id(case: Case) -> None:
    """An id that nobody gave."""
    case.sample()
    case.expect(case.read(case.fresh_uuid()))


@check("OKD-S03-012")
def test_no_id(case: Case) -> None:
    """Nothing where the id belongs."""
    case.sample()
    case.expect(case.read(""))


@check("OKD-S03-014", profile="smoke")
def test_enrolment_document(case: Case) -> None:
    """The example of an enrolment document, with every fact that the text lists."""
    sample = case.canonical()
    require_all_facts(sample, OF_AN_ENROLMENT)
    case.expect(case.sent(sample))


@check("OKD-S03-015")
def test_link(case: Case) -> None:
    """An address, which opens."""
    exchange = case.expect(case.sent(case.canonical()), "upload")
    found = link(case, exchange)
    if case.require(found is not None, "no_link", exchange=exchange):
        looked_at(case, str(found))


def looked_at(case: Case, url: str) -> Exchange | None:
    """Open an address, if it is one of the target's own; a note when it is not."""
    if not same_origin(url, case.base_url):
        case.note(case.words("address_elsewhere"))
        return None
    case.learn_address(url)
    token = case.usual_token(case.binding)
    request = Request("GET", url, (("Accept", "*/*"),), token=token, sensitive_url=True)
    return case.expect(case.send(request, None, "raw"), "link")


@check("OKD-S03-016")
def test_first_document(case: Case) -> None:
    """An enrolment and a student that nobody has yet."""
    case.expect(case.sent(case.canonical(fixtures=invented(case))))


@check("OKD-S03-017")
def test_second_document(case: Case) -> None:
    """A document with an enrolment stays when another comes to it."""
    contents = [pdf(f"{case.id} 1"), pdf(f"{case.id} 2", 2000)]
    exchanges = [case.expect(case.sent(case.canonical(file=content)), "upload") for content in contents]
    first, second = (reference(case, exchange) for exchange in exchanges)
    case.require(first != second or first is None, "same_reference", value=first)
    address = link(case, exchanges[0])
    shown = looked_at(case, address) if address else None
    if shown is not None and shown.answer is not None and shown.answer.media_type != "text/html":
        replaced = holds(shown, contents[1])
        case.require(not replaced, "first_replaced", exchange=shown)


@check("OKD-S03-018", days=[1, 2555, 36500])
def test_retention_period(case: Case, days: int) -> None:
    """A day, seven years, a century."""
    case.expect(case.sent(case.sample().with_field("retention_period", days)))


@check("OKD-S03-019", file=FILES)
def test_other_types(case: Case, file: tuple[str, str, bytes]) -> None:
    """A photo and a text, each with its own type."""
    kind, name, content = file
    given: dict[str, Any] = {"file_type": kind, "file_name": f"{case.marker}-{name}"}
    sample = case.sample(**given).with_field("format", kind).with_file(content)
    case.expect(case.sent(sample))
