"""F07: looking up students and enrolments at Inschrijven, flow 7."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from okd_conformance.suite import (
    Body,
    Case,
    Exchange,
    Operation,
    Parameter,
    Reading,
    Sample,
    cells,
    check,
    field_name,
    validator,
)
from steps import scope_alone

MOST_PAGES = 20
FAR_PAGE = 9999


def answered(case: Case, sample: Sample | None = None, situation: str = "default") -> tuple[Exchange, Body]:
    """Send the valid request, or a changed one; the answer, and what it says. Inconclusive without JSON."""
    exchange = case.expect(case.sent(sample or case.canonical()), situation)
    return exchange, told(case, exchange)


def told(case: Case, exchange: Exchange) -> Body:
    """What an answer says. Raises Inconclusive when it is no JSON object."""
    body = case.answer_body(exchange)
    if body is None or not isinstance(body.value, dict):
        raise case.inconclusive("no_facts_to_judge")
    return body


def items_in(case: Case, body: Body) -> list[Any]:
    """The items of a list. Fails when there are none to speak of."""
    found = body.get("items")
    case.require(isinstance(found, list), "no_list", field=case.answer_field("items"))
    return found if isinstance(found, list) else []


def parameter(operation: Operation, meaning: str) -> Parameter:
    """A query parameter of an operation, by its meaning."""
    return next(p for p in operation.query_parameters if p.meaning == meaning)


def with_query(case: Case, **values: object) -> Sample:
    """The valid request with query parameters added or replaced, by meaning."""
    sample = case.canonical()
    named = {parameter(case.operation, meaning).name: str(value) for meaning, value in values.items()}
    return sample.but(query={**sample.query, **named})


def same(one: object, other: str) -> bool:
    """Whether a value is this id, whatever its case."""
    return isinstance(one, str) and one.lower() == other.lower()


# --- one student ------------------------------------------------------------------------------------------


@check("OKD-F07-001", profile="smoke")
def test_person(case: Case) -> None:
    """The test person, with every required field."""
    number, person = case.fixture("student_number"), case.fixture("person_id")
    _, body = answered(case)
    require_person(case, body, person, number)
    errors = validator(body.schema).iter_errors(body.value)
    missing = [error.message for error in errors if error.validator == "required"]
    case.require(not missing, "fields_missing", errors="; ".join(missing))


def require_person(case: Case, body: Body, person: str, number: str) -> None:
    """Judge that what came is about this student."""
    field = case.answer_field("person_id")
    case.require(same(body.get("person_id"), person), "other_person", field=field, wanted=person)
    field = case.answer_field("student_number")
    case.require(body.get("student_number") == number, "other_person", field=field, wanted=number)


@check("OKD-F07-002", field=["date_of_birth", "gender"])
def test_details(case: Case, field: str) -> None:
    """What helps to recognise a student without a number."""
    _, body = answered(case)
    case.require(body.get(field) is not None, "detail_missing", field=case.answer_field(field))


@check("OKD-F07-003")
def test_unknown(case: Case) -> None:
    """An id that nobody has."""
    nobody = {p.meaning or p.name: case.fresh_uuid() for p in case.operation.path_parameters}
    is_list = case.operation.name == "read_person_associations"
    sample = case.sample(path_values=nobody)
    exchange = case.expect(case.sent(sample), "list_of_unknown" if is_list else "unknown")
    if is_list and exchange.status == 200:
        case.require(not items_in(case, told(case, exchange)), "list_of_nobody")


# --- searching --------------------------------------------------------------------------------------------


def search(case: Case, number: str) -> Exchange:
    """Search by a number; the answer may hold people who are not test data, so it is not kept."""
    return case.sent(with_query(case, primary_code_query=number), private_answer=True)


@check("OKD-F07-004", profile="smoke")
def test_search(case: Case) -> None:
    """The test person, and nobody else."""
    number, person = case.fixture("student_number"), case.fixture("person_id")
    _, body = answered(case)
    count = len(items_in(case, body))
    case.require(count == 1, "not_one_person", count=count)
    require_person(case, body, person, number)


@check("OKD-F07-005")
def test_search_without_result(case: Case) -> None:
    """A number that nobody has."""
    number = f"99{int(case.fresh_uuid()[:8], 16):08}"[:10]
    exchange = case.expect(search(case, number))
    if exchange.succeeded:
        count = len(items_in(case, told(case, exchange)))
        case.require(count == 0, "list_not_empty", count=count)


@check("OKD-F07-006", number=["part", "zero-before", "space-after", "star", "percent"])
def test_number_is_compared_whole(case: Case, number: str) -> None:
    """A part of the number, that number with something more, and the usual wildcards."""
    known = case.fixture("student_number")
    case.accepted()
    asked = {
        "part": known[:-1],
        "zero-before": f"0{known}",
        "space-after": f"{known} ",
        "star": "*",
        "percent": "%",
    }[number]
    exchange = case.expect(search(case, asked))
    if not exchange.succeeded:
        return
    body = told(case, exchange)
    found = [str(number) for number in body.all("student_number")]
    others = len(items_in(case, body)) - len([number for number in found if plain(number) == plain(asked)])
    if others > 0:
        case.require(False, "others_shown", situation="others_shown", exchange=exchange, count=others)
    elif known in found and known != asked:
        case.note(case.words("number_read_loosely", asked=asked))


def plain(number: str) -> str:
    """A student number without what a reader of numbers passes over: spaces around it, zeros before it."""
    return number.strip().lstrip("0")


@check("OKD-F07-007")
def test_search_without_number(case: Case) -> None:
    """No number: no list of students."""
    case.accepted()
    sample = case.canonical().but(query={})
    exchange = case.expect(case.sent(sample, private_answer=True))
    if exchange.succeeded:
        count = len(items_in(case, told(case, exchange)))
        case.require(count == 0, "all_listed", reading="warned", count=count)


# --- pages ------------------------------------------------------------------------------------------------


@check("OKD-F07-008")
def test_page(case: Case) -> None:
    """What a page says of itself agrees with itself."""
    _, body = answered(case)
    count = len(items_in(case, body))
    size, number, pages = (body.get(m) for m in ("page_size", "page_number", "total_pages"))
    before, after = body.get("has_previous_page"), body.get("has_next_page")
    wrong = [
        name
        for meaning, right in {
            "page_size": is_number(size) and count <= size,
            "page_number": is_number(number) and number == 1,
            "has_previous_page": before is False,
            "has_next_page": isinstance(after, bool) and (not is_number(pages) or after == (pages > 1)),
            "total_pages": pages is None or is_number(pages),
        }.items()
        if not right
        for name in [f"{case.answer_field(meaning)}={body.get(meaning)}"]
    ]
    case.require(not wrong, "page_disagrees", count=count, pages=pages, wrong=", ".join(wrong))


def is_number(value: object) -> bool:
    """Whether a value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def pages_of(case: Case, size: int | None = None) -> Iterator[Body]:
    """Every page of the list, by going on while there is a next one."""
    for number in range(1, MOST_PAGES + 1):
        given = {"page_number": number} if number > 1 else {}
        given |= {} if size is None else {"page_size": size}
        situation = "valid" if "valid" in case.requirement.answers else "default"
        _, body = answered(case, with_query(case, **given), situation)
        yield body
        if body.get("has_next_page") is not True:
            return


def page_sizes(operation: Any, _: Any) -> list[int]:
    """The page sizes that the edition names."""
    return list(parameter(operation, "page_size").schema["enum"])


@check("OKD-F07-014", size=page_sizes)
def test_page_by_page(case: Case, size: int) -> None:
    """Every enrolment once, whatever the size of a page."""
    wanted = own_enrolments(case)
    found = [str(one).lower() for body in pages_of(case, size) for one in body.all("association_id")]
    case.require(len(found) == len(set(found)), "listed_twice", count=len(found), different=len(set(found)))
    missing = [one for one in wanted if one.lower() not in found]
    case.require(not missing, "enrolment_not_listed", missing=", ".join(missing))


def own_enrolments(case: Case) -> list[str]:
    """The two enrolments of the test person. Raises Inconclusive when the target file lacks one."""
    return [case.fixture("association_id"), case.fixture_group("second_association")["association_id"]]


@check(
    "OKD-F07-014",
    page={"size-7": {"page_size": 7}, "page-0": {"page_number": 0}, "page-minus-1": {"page_number": -1}},
)
def test_page_that_does_not_exist(case: Case, page: dict[str, int]) -> None:
    """A size that isn't allowed, and pages before the first."""
    case.accepted()
    case.expect(case.sent(with_query(case, **page)), "invalid")


@check("OKD-F07-014", page=["beyond-last"])
def test_page_beyond_the_last(case: Case) -> None:
    """A page beyond the last is empty."""
    case.accepted()
    exchange = case.expect(case.sent(with_query(case, page_number=FAR_PAGE)), "beyond_last")
    if exchange.status == 200:
        count = len(items_in(case, told(case, exchange)))
        case.require(count == 0, "list_not_empty", count=count)


# --- enrolments -------------------------------------------------------------------------------------------


@check("OKD-F07-009", profile="smoke")
def test_enrolment(case: Case) -> None:
    """The test enrolment, in a programme, with its dates."""
    _, body = answered(case)
    wanted = case.fixture("association_id")
    case.require(
        same(body.get("association_id"), wanted),
        "other_enrolment",
        field=case.answer_field("association_id"),
        wanted=wanted,
    )
    kind = programme_type(case)
    case.require(
        body.get("association_type") == kind,
        "other_enrolment",
        field=case.answer_field("association_type"),
        wanted=kind,
    )
    start, expected, final = (f"enrollment_{name}_date" for name in ("start", "expected_end", "final_end"))
    for meaning in (start, expected):
        known = isinstance(body.get(meaning), str)
        reading: Reading = "warned" if meaning == expected and body.has(expected) else "failed"
        case.require(known, "detail_missing", reading=reading, field=case.answer_field(meaning))
    case.require(body.has(final), "detail_missing", reading="warned", field=case.answer_field(final))


def programme_type(case: Case) -> object:
    """The type of an enrolment in a programme, as the edition's example has it."""
    example = case.operation.answer_examples[0]
    return Body(case.operation.success_schema() or {}, example).get("association_type")


@check("OKD-F07-010", asked=["plain", "expand"])
def test_enrolment_in_full(case: Case, asked: str) -> None:
    """Student and programme are written out, also when nobody asks for it."""
    sample = case.canonical()
    if asked == "expand":
        if not any(p.meaning == asked for p in case.operation.query_parameters):
            raise case.not_applicable("no_such_parameter", name=asked)
        every = parameter(case.operation, "expand").schema["items"]["enum"]
        sample = with_query(case, expand=",".join(every))
    exchange = case.expect(case.sent(sample), asked)
    if not exchange.succeeded:
        return
    body = told(case, exchange)
    bare = [meaning for meaning in ("person", "offering") if not isinstance(body.get(meaning), dict)]
    case.require(not bare, "not_in_full", fields=", ".join(map(case.answer_field, bare)))


@check("OKD-F07-011")
def test_sequence_code(case: Case) -> None:
    """The number of the enrolment with its student."""
    wanted = case.fixture("sequence_code")
    _, body = answered(case)
    found = body.get("sequence_code")
    case.require(
        found == wanted,
        "other_sequence_code",
        field=case.answer_field("sequence_code"),
        wanted=wanted,
        value="-" if found is None else found,
    )


@check("OKD-F07-012", profile="smoke")
def test_enrolments(case: Case) -> None:
    """Both test enrolments, nothing but enrolments in a programme, and each can be asked for."""
    wanted = own_enrolments(case)
    pages = list(pages_of(case))
    found = [str(one).lower() for body in pages for one in body.all("association_id")]
    missing = [one for one in wanted if one.lower() not in found]
    case.require(not missing, "enrolment_not_listed", missing=", ".join(missing))
    kinds = [kind for body in pages for kind in body.all("association_type")]
    count = sum(len(items_in(case, body)) for body in pages)
    right = min(len(found), kinds.count(programme_type(case)))
    case.require(count == right, "other_items_listed", count=count, right=right)
    for one in found[:MOST_PAGES]:
        exchange = read_enrolment(case, one)
        case.require(exchange.status == 200, "listed_but_unknown", status=exchange.status or exchange.error)


def read_enrolment(case: Case, association: str) -> Exchange:
    """Ask for one enrolment."""
    operation = case.edition.operation(case.role, "read_association")
    given = {"path_values": {"association_id": association}}
    exchange = case.sent(case.sample_of(operation, operation.bindings[0], **given))
    case.answered(exchange)
    return exchange


@check("OKD-F07-013")
def test_list_is_short(case: Case) -> None:
    """No whole student and no whole programme in an item."""
    _, body = answered(case)
    one = case.edition.operation(case.role, "read_association").success_schema() or {}
    ids = {field_name(one, "person_id"), field_name(one, "program_offering_id")}
    names = [field_name(case.operation.success_schema() or {}, m) for m in ("person", "offering")]
    items = [item for item in items_in(case, body) if isinstance(item, dict)]
    whole = [n for n in names if n and any(isinstance(i.get(n), dict) and set(i[n]) - ids for i in items)]
    case.require(not whole, "list_too_full", fields=", ".join(whole))


@check("OKD-F07-015", scope=cells("sufficient", "refused"))
def test_scope(case: Case, scope: str) -> None:
    """Each scope alone, as the scope matrix has it."""
    scope_alone(case, scope)
