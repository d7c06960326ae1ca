"""MPT: multipart uploads, flows 1 to 4: what the metadata say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from okd_conformance.suite import Case, Operation, check, meanings
from steps import generate, name_survived, place_of, stored, valid

NOT_AN_OBJECT = {
    "truncated": b'{"a": ',
    "word": b"abc",
    "array": b"[]",
    "null": b"null",
    "text": b'"text"',
    "pdf": b"%PDF-1.4\n1 0 obj\n",
    "empty": b"",
}


@check("OKD-MPT-014", metadata=NOT_AN_OBJECT)
def test_metadata_is_not_an_object(case: Case, metadata: bytes) -> None:
    """Metadata that is no JSON, or JSON but no object."""
    sample = case.sample()
    part = replace(sample.metadata_part, body=metadata)
    case.expect(case.sent(sample, message=sample.message(part, sample.file_part)))


@check("OKD-MPT-015", type=["none", "text/plain"])
def test_metadata_without_json_type(case: Case, type: str) -> None:
    """Many client libraries leave the type of a text part out."""
    sample = case.sample()
    part = sample.metadata_part.with_header("Content-Type", None if type == "none" else type)
    case.expect(case.sent(sample, message=sample.message(part, sample.file_part)))


@check("OKD-MPT-016", charset=["utf-8", "UTF-8-quoted"])
def test_charset_utf8(case: Case, charset: str) -> None:
    """The charset that JSON has anyway may be said."""
    sample = case.sample()
    value = '"UTF-8"' if charset == "UTF-8-quoted" else charset
    kind = dict(sample.metadata_part.headers)["Content-Type"]
    part = sample.metadata_part.with_header("Content-Type", f"{kind}; charset={value}")
    case.expect(case.sent(sample, message=sample.message(part, sample.file_part)), "utf8")


@check("OKD-MPT-016", charset=["iso-8859-1", "utf-16", "byte-order-mark"])
def test_other_charset(case: Case, charset: str) -> None:
    """Metadata in another encoding are refused or read right, never mangled."""
    name = f"{case.marker}-Zoë.pdf"
    sample = case.sample().with_field("document_name", name)
    text = json.dumps(sample.body.value if sample.body else {}, ensure_ascii=False)
    codec = "utf-8-sig" if charset == "byte-order-mark" else charset
    part = replace(sample.metadata_part, body=text.encode(codec))
    if charset != "byte-order-mark":
        kind = dict(part.headers)["Content-Type"]
        part = part.with_header("Content-Type", f"{kind}; charset={charset}")
    message = sample.message(part, sample.file_part)
    exchange = case.expect(case.send(sample.request(message), sample.operation, "malformed"), "other_charset")
    name_survived(case, sample, exchange, name)


@check("OKD-MPT-022")
def test_document_name_wins(case: Case) -> None:
    """documentName in the metadata is the name; the part's filename is only that of the file."""
    sample = case.sample(file_name=f"{case.marker}-other-name.pdf")
    exchange = case.expect(case.sent(sample))
    name = case.metadata_value(case.require_id(exchange), "document_name", sample)
    sent = sample.body.get("document_name") if sample.body else None
    if name is None:
        raise case.not_tested("metadata_has_no_name")
    if name == sample.file_name:
        case.require(
            False, "file_name_wins", situation="file_name_wins", exchange=exchange, sent=sent, value=name
        )
    case.require(name == sent, "name_differs", reading="warned", sent=sent, value=name)


@check("OKD-MPT-027")
def test_path_id_against_body_id(case: Case) -> None:
    """The path names one thing, the metadata another."""
    sample = case.sample()
    ((meaning, named),) = sample.path_values.items()
    other = case.fresh_uuid()
    exchange = case.expect(case.sent(sample.with_field(meaning, other)))
    place = place_of(case, case.require_id(exchange)) if exchange.succeeded else None
    if place is not None:
        case.require(
            str(place.get(meaning)).lower() != other.lower(),
            "filed_elsewhere",
            situation="filed_under_body_id",
            exchange=exchange,
            wanted=f"{meaning}={named}",
            found=f"{meaning}={other}",
        )


@check("OKD-MPT-028", place=["before", "after"])
def test_other_consumers_are_ignored(case: Case, place: str) -> None:
    """The list of consumers may hold those of other agreements."""
    sample = case.sample()
    consumers = list(sample.body.get("consumers") if sample.body else [])
    foreign = {case.field_name("consumer_key"): "okd-conformance-other", "okd-conformance": {"a": [7]}}
    consumers.insert(0 if place == "before" else len(consumers), foreign)
    case.expect(case.sent(sample.with_field("consumers", consumers)))


@check("OKD-MPT-028", fields=["ours"])
def test_other_consumer_with_our_field_names(case: Case) -> None:
    """Fields of another agreement may have our names for something else; a typed reader trips over that."""
    sample = case.sample()
    key, same_name = case.field_name("consumer_key"), case.field_name("document_type")
    own = list(sample.body.get("consumers") if sample.body else [])
    consumers = [{key: "okd-conformance-other", same_name: 7}, *own]
    case.expect(case.sent(sample.with_field("consumers", consumers)), "our_names")


@check("OKD-MPT-029", missing=["consumer", "document_type", "document_name"])
def test_missing_okd_fields(case: Case, missing: str) -> None:
    """Without these the DMS can't file the document."""
    sample = case.sample()
    if missing == "consumer":
        key = case.field_name("consumer_key")
        case.expect(case.sent(sample.with_field("consumers", [{key: "okd-conformance-other"}])))
    else:
        case.expect(case.sent(sample.without_field(missing)))


@check("OKD-MPT-030")
def test_unknown_document_type(case: Case) -> None:
    """A documentType that the edition doesn't have."""
    case.expect(case.sent(case.sample().with_field("document_type", "banana")), "unknown_type")


@check("OKD-MPT-030", subtype=["free"])
def test_free_subtype(case: Case, subtype: str) -> None:
    """Schools define their own subtypes."""
    sample = case.sample().with_field("document_subtype", f"okd-{subtype}-Ω")
    case.expect(case.sent(sample), "free_subtype")


@check(
    "OKD-MPT-031",
    term={"3Y": "3Y", "6M": "6M", "1321D": "1321D", "absent": None, "24H": "24H", "malformed": "3 jaar"},
)
def test_retention_period(case: Case, term: str | None) -> None:
    """The suggestion has some forms, and the DMS may ignore it."""
    situation = {"1321D": "days", "24H": "hours", "3 jaar": "malformed"}.get(term or "", "default")
    sample = case.sample()
    changed = (
        sample.with_field("retention_period", term) if term else sample.without_field("retention_period")
    )
    case.expect(case.sent(changed), situation)


def optional_facts(operation: Operation, _: object) -> list[str]:
    """The size and the dates of a document, as far as the edition has them."""
    known = meanings(operation.body_schema or {})
    return [fact for fact in ("document_size", "received_date", "registration_date") if fact in known]


@check("OKD-MPT-032", field=optional_facts)
def test_optional_fields_absent(case: Case, field: str) -> None:
    """Without documentSize, and without each of the two dates."""
    situation = "without_size" if field == "document_size" else "without_date"
    case.expect(case.sent(case.sample().without_field(field)), situation)


@check(
    "OKD-MPT-032",
    wrong={
        "size-text": ("document_size", "twelve"),
        "size-negative": ("document_size", -1),
        "received-date": ("received_date", "2023-13-40"),
        "registration-date": ("registration_date", "yesterday"),
    },
)
def test_optional_fields_of_wrong_type(case: Case, wrong: tuple[str, object]) -> None:
    """Present, but not what the schema says."""
    case.expect(case.sent(case.sample().with_field(*wrong)), "wrong_type")


@check(
    "OKD-MPT-062",
    wrong={
        "start-date": ("enrollment_start_date", "2021-13-40"),
        "exam-moment": ("exam_date_time", "morgen"),
        "sequence-number": ("sequence_code", 12),
    },
)
def test_enrolment_facts_of_wrong_type(case: Case, wrong: tuple[str, object]) -> None:
    """A fact of the enrolment or the exam that is not what the schema says."""
    case.expect(case.sent(case.sample().with_field(*wrong)))


@check("OKD-MPT-033")
def test_document_size_that_differs(case: Case) -> None:
    """The size in the metadata is one byte too large."""
    sample = case.sample()
    exchange = case.sent(sample.with_field("document_size", len(sample.file) + 1))
    if not exchange.succeeded:
        case.expect(exchange, "refused")
        return
    size = case.metadata_value(case.require_id(exchange), "document_size", sample)
    if size is None:
        raise case.not_tested("metadata_has_no_size")
    situation = "real_size" if size == len(sample.file) else "wrong_size"
    case.expect(exchange, situation)


@check("OKD-MPT-034")
def test_same_component_id_twice(case: Case) -> None:
    """Sending the same component's id again is the vendor's to define; it is recorded."""
    sample = case.sample()
    first = case.sent(sample)
    case.expect(first)
    second = case.expect(case.sent(sample))
    if second.succeeded:
        same = case.require_id(first) == case.require_id(second)
        case.note(case.words("same_id_again" if same else "new_id_again"))


@check("OKD-MPT-060", generated=["valid"])
def test_valid_bodies_are_accepted(case: Case, generated: str) -> None:
    """Any valid body, with or without its optional fields."""

    def judge(value: Any) -> None:
        sample = valid(case, value)
        if sample is not None:
            case.expect(case.sent(sample))

    generate(case, generated, judge)


LONG_NAME = "Onderwijsovereenkomst.v2 " + "bijlage.met.een.lange.naam " * 6


@check("OKD-MPT-061")
def test_long_name(case: Case) -> None:
    """A long name with dots in it, of the document and of its file."""
    name = f"{LONG_NAME[:176]}.pdf"
    sample = case.sample(file_name=name).with_field("document_name", name)
    exchange = stored(case, sample)
    name_survived(case, sample, exchange, name, lost="cut")
