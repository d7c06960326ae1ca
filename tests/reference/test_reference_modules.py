"""The reference as a module: registering, notices of destruction, looking up."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from okd_conformance.standard.fields import Body, validator
from support.reference_bench import Bench, bench

MODULES = ["inschrijven", "examineren", "bpv", "diplomeren"]
Change = Callable[[Body, dict[str, Any]], Body]


@pytest.fixture(scope="module")
def school() -> Iterator[Bench]:
    with bench() as instance:
        yield instance


def student_only(body: Body) -> Body:
    """The registration without anything but the student's id."""
    return body.without(
        "student_number",
        "association_id",
        "sequence_code",
        "exam_code",
        "exam_code_path",
        "exam_component_offering_id",
    )


def fresh() -> str:
    return str(uuid.uuid4())


@pytest.mark.parametrize("role", MODULES)
def test_a_registration_lives_until_the_notice(school: Bench, role: str) -> None:
    body = school.registration(role)
    answer = school.register(body, role)
    assert answer.status_code == 200
    own = next(iter(answer.json().values()))
    assert uuid.UUID(own)
    assert own != body.get("dms_document_id")
    assert school.filing(role, body.get("dms_document_id"))["level"] == "enrolment"
    for asked, status in ((own, 404), (body.get("dms_document_id"), 204), (body.get("dms_document_id"), 404)):
        assert (
            school.send("notify_destroyed", role=role, ids={"dms_document_id": asked}).status_code == status
        )
    assert school.filing(role, body.get("dms_document_id"))["level"] == "none"


ACCEPTED: dict[str, tuple[Change, str, str | None]] = {
    "by person": (lambda b, _f: b.without("student_number", "sequence_code"), "enrolment", "association_id"),
    "by number": (lambda b, _f: b.without("person_id"), "enrolment", "association_id"),
    "by code": (
        lambda b, f: b.without("association_id").with_(
            "sequence_code", f["second_association"]["sequence_code"]
        ),
        "enrolment",
        "second",
    ),
    "at the person": (lambda b, _f: b.without("association_id", "sequence_code"), "person", None),
    "null for absence": (
        lambda b, _f: b.with_("person_id", None).with_("association_id", None).with_("sequence_code", None),
        "person",
        None,
    ),
    "upper case": (lambda b, f: b.with_("person_id", f["person_id"].upper()), "enrolment", "association_id"),
    "without dates": (
        lambda b, _f: b.without("received_date", "registration_date"),
        "enrolment",
        "association_id",
    ),
    "other subtype": (lambda b, _f: b.with_("document_subtype", "zo maar"), "enrolment", "association_id"),
}


@pytest.mark.parametrize("role", MODULES)
@pytest.mark.parametrize("case", ACCEPTED)
def test_a_document_is_filed_where_it_belongs(school: Bench, role: str, case: str) -> None:
    change, level, place = ACCEPTED[case]
    fixtures = school.fixtures
    both = school.registration(role)
    for meaning in ("person_id", "student_number", "association_id", "sequence_code"):
        both = both.with_(meaning, fixtures[meaning])
    body = change(both, fixtures)
    assert school.register(body, role).status_code == 200
    filing = school.filing(role, body.get("dms_document_id"))
    second = fixtures["second_association"]["association_id"]
    wanted = second if place == "second" else fixtures.get(place) if place else None
    assert (filing["level"], filing["association_id"]) == (level, wanted)
    assert filing["person_id"] == fixtures["person_id"]


REFUSED: dict[str, tuple[Change, int]] = {
    "no student": (lambda b, _f: b.without("person_id"), 400),
    "unknown person": (lambda b, _f: b.with_("person_id", fresh()), 404),
    "unknown number": (lambda b, _f: b.without("person_id").with_("student_number", "0000000"), 404),
    "unknown person, known number": (
        lambda b, f: b.with_("person_id", fresh()).with_("student_number", f["student_number"]),
        404,
    ),
    "two students": (lambda b, f: b.with_("student_number", f["other_person"]["student_number"]), 422),
    "unknown association": (lambda b, _f: b.with_("association_id", fresh()), 404),
    "unknown code": (lambda b, _f: b.with_("sequence_code", "9.9"), 404),
    "code with a zero more": (lambda b, f: b.with_("sequence_code", f["sequence_code"] + "0"), 404),
    "code with a space": (lambda b, f: b.with_("sequence_code", " " + f["sequence_code"]), 404),
    "two enrolments": (
        lambda b, f: b.with_("association_id", f["association_id"]).with_(
            "sequence_code", f["second_association"]["sequence_code"]
        ),
        422,
    ),
    "another's association": (
        lambda b, f: b.with_("association_id", f["other_person"]["association_id"]),
        422,
    ),
    "another's code": (lambda b, f: b.with_("sequence_code", f["other_person"]["sequence_code"]), 404),
    "unknown type": (lambda b, _f: b.with_("document_type", "banana"), 400),
    "no size": (lambda b, _f: b.without("document_size"), 400),
    "null size": (lambda b, _f: b.with_("document_size", None), 400),
    "size as text": (lambda b, _f: b.with_("document_size", "12"), 400),
    "negative size": (lambda b, _f: b.with_("document_size", -1), 400),
    "number as a number": (lambda b, _f: b.with_("student_number", 1234567), 400),
    "impossible date": (lambda b, _f: b.with_("received_date", "2026-02-30"), 400),
    "id not a UUID": (lambda b, _f: b.with_("dms_document_id", "7"), 400),
}


@pytest.mark.parametrize("role", MODULES)
def test_what_is_wrong_is_refused_and_not_registered(school: Bench, role: str) -> None:
    before = school.count(role)
    for case, (change, status) in REFUSED.items():
        body = change(student_only(school.registration(role)), school.fixtures)
        assert school.register(body, role).status_code == status, case
    others = [r.document_type for n, r in school.edition.roles.items() if n not in (role, "dms")]
    for other in others:
        body = school.registration(role).with_("document_type", other)
        assert school.register(body, role).status_code == 422
    headers = {**school.auth(), "Content-Type": "multipart/form-data; boundary=x"}
    answer = school.send("register_document", role=role, headers=headers, content=b"--x--")
    assert answer.status_code == 415
    assert school.count(role) == before


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_what_is_not_a_json_object_is_refused(school: Bench, raw: bytes) -> None:
    headers = {**school.auth(), "Content-Type": "application/json"}
    answer = school.send("register_document", role="bpv", headers=headers, content=raw)
    assert answer.status_code == 400


def test_registering_again_gives_the_same_answer_also_at_once(school: Bench) -> None:
    body = school.registration("bpv")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: school.register(body, "bpv"), range(16)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.text for a in answers}) == 1
    other = body.with_("document_subtype", "iets anders")
    assert school.register(other, "bpv").status_code == 409
    same = body.with_("dms_document_id", body.get("dms_document_id").upper())
    assert school.register(same, "bpv").status_code in (200, 409)


EXAMS: dict[str, tuple[str, Change, int, str, int | None]] = {
    "result by sitting": ("flow-12-result", lambda b, _f: b, 200, "result", None),
    "result by sitting and number": (
        "flow-12-result",
        lambda b, f: b.without("person_id").with_("student_number", f["student_number"]),
        200,
        "result",
        None,
    ),
    "sitting beside a wrong code": (
        "flow-12-result",
        lambda b, _f: b.with_("exam_code", "NONE"),
        200,
        "result",
        None,
    ),
    "unknown sitting": (
        "flow-12-result",
        lambda b, _f: b.with_("exam_component_offering_id", fresh()),
        404,
        "none",
        None,
    ),
    "not in the sitting": (
        "flow-12-result",
        lambda b, f: b.with_("person_id", f["other_person"]["person_id"]),
        404,
        "none",
        None,
    ),
    "record of a sitting": ("flow-12-sitting", lambda b, _f: b, 200, "sitting", None),
    "record of an unknown sitting": (
        "flow-12-sitting",
        lambda b, _f: b.with_("exam_component_offering_id", fresh()),
        404,
        "none",
        None,
    ),
    "record of no sitting": (
        "flow-12-sitting",
        lambda b, _f: b.with_("exam_component_offering_id", "x"),
        400,
        "none",
        None,
    ),
    "record with a code but no student": (
        "flow-12-sitting",
        lambda b, f: b.with_("sequence_code", f["sequence_code"]),
        422,
        "none",
        None,
    ),
    "first attempt": (
        "flow-12-exam-code",
        lambda b, _f: b.with_("received_date", "2026-01-05"),
        200,
        "result",
        1,
    ),
    "second attempt": (
        "flow-12-exam-code",
        lambda b, _f: b.with_("received_date", "2026-03-02"),
        200,
        "result",
        2,
    ),
    "before every attempt": (
        "flow-12-exam-code",
        lambda b, _f: b.with_("received_date", "2020-01-01"),
        200,
        "result",
        2,
    ),
    "attempt unknown": ("flow-12-exam-code", lambda b, _f: b.without("received_date"), 200, "result", 2),
    "unknown code": ("flow-12-exam-code", lambda b, _f: b.with_("exam_code", "NONE"), 404, "none", None),
    "unknown path": (
        "flow-12-exam-code",
        lambda b, _f: b.with_("exam_code_path", "/NONE"),
        404,
        "none",
        None,
    ),
    "path alone": ("flow-12-exam-code", lambda b, _f: b.without("exam_code"), 422, "none", None),
    "no exam at all": ("flow-12-enrolment", lambda b, _f: b, 200, "enrolment", None),
}


@pytest.mark.parametrize("case", EXAMS)
def test_exam_documents_go_to_their_result_or_sitting(school: Bench, case: str) -> None:
    example, change, status, level, attempt = EXAMS[case]
    body = change(school.registration("examineren", example), school.fixtures)
    assert school.register(body).status_code == status
    filing = school.filing("examineren", body.get("dms_document_id"))
    assert (filing["level"], filing["attempt"]) == (level, attempt)
    if level == "result":
        assert filing["person_id"] == school.fixtures["person_id"]


LOOKUPS = [
    "read_person",
    "find_persons",
    "read_person_associations",
    "read_association",
    "read_document_types",
]
QUERIES = {
    "find_persons": {"primary_code_query": "student_number"},
    "read_person_associations": {"association_type_query": None},
}


def query(school: Bench, name: str, **given: Any) -> dict[str, Any]:
    """The query of an operation, by meaning: fixtures and constants, and what is given."""
    found = {}
    for parameter in school.operation(name, "inschrijven").query_parameters:
        meaning = str(parameter.meaning)
        fixture = QUERIES.get(name, {}).get(meaning)
        value = given.get(meaning, school.fixtures[fixture] if fixture else parameter.schema.get("const"))
        if value is not None:
            found[parameter.name] = value
    return found


def looked_up(school: Bench, name: str, ids: dict[str, str] | None = None, **given: Any) -> Body:
    operation = school.operation(name, "inschrijven")
    answer = school.send(name, role="inschrijven", params=query(school, name, **given), ids=ids)
    assert answer.status_code == 200, answer.text
    schema = operation.success_schema() or {}
    assert list(validator(schema).iter_errors(answer.json())) == []
    return Body(schema, answer.json())


@pytest.mark.parametrize("name", LOOKUPS)
def test_lookups_answer_as_the_edition_says(school: Bench, name: str) -> None:
    assert looked_up(school, name).value


def test_a_student_is_found_by_exact_number_only(school: Bench) -> None:
    number = school.fixtures["student_number"]
    found = looked_up(school, "find_persons")
    assert [len(found.get("items")), found.get("student_number")] == [1, number]
    for odd in (number[:-1], "0" + number, number + " ", "*", "%", "", "no such"):
        assert looked_up(school, "find_persons", primary_code_query=odd).get("items") == []
    zeros = school.fixtures["other_person"]["student_number"]
    assert zeros.startswith("0")
    assert looked_up(school, "find_persons", primary_code_query=zeros.lstrip("0")).get("items") == []
    assert school.send("find_persons", role="inschrijven").status_code == 400


def test_an_enrolment_is_expanded_but_a_list_is_not(school: Bench) -> None:
    enrolment = looked_up(school, "read_association")
    assert enrolment.get("association_id") == school.fixtures["association_id"]
    assert enrolment.get("sequence_code") == school.fixtures["sequence_code"]
    assert enrolment.get("person_id") == school.fixtures["person_id"]
    assert enrolment.has("enrollment_final_end_date")
    assert enrolment.has("program_offering_id")
    listed = looked_up(school, "read_person_associations")
    wanted = {school.fixtures["association_id"], school.fixtures["second_association"]["association_id"]}
    assert {item[next(iter(item))] for item in listed.get("items")} == wanted
    assert not listed.has("person")
    assert not listed.has("offering")


def test_pages(school: Bench) -> None:
    page = looked_up(school, "read_person_associations", page_size=20, page_number=7)
    assert page.get("items") == []
    assert (page.get("page_size"), page.get("page_number")) == (20, 7)
    assert (page.get("has_previous_page"), page.get("has_next_page")) == (True, False)
    for odd in ({"page_size": 7}, {"page_number": 0}, {"page_number": -1}, {"page_number": "x"}):
        given = query(school, "read_person_associations", **odd)
        answer = school.send("read_person_associations", role="inschrijven", params=given)
        assert answer.status_code == 400, odd


def test_what_does_not_exist_is_not_found(school: Bench) -> None:
    for name, meaning in (
        ("read_person", "person_id"),
        ("read_person_associations", "person_id"),
        ("read_association", "association_id"),
    ):
        given = {"params": query(school, name), "role": "inschrijven"}
        assert school.send(name, ids={meaning: fresh()}, **given).status_code == 404
        assert school.send(name, ids={meaning: "x"}, **given).status_code == 400


@pytest.mark.parametrize("role", MODULES)
def test_fixed_names_in_the_path_are_not_ids(school: Bench, role: str) -> None:
    types = school.operation("read_document_types", role)
    registering = school.operation("register_document", role)
    for method, operation in (("DELETE", types), ("GET", registering)):
        answer = school.http.request(method, school.url(operation), headers=school.auth())
        assert answer.status_code == 405
        assert answer.headers["allow"] == operation.method
    assert school.send("read_document_types", role=role).json()
