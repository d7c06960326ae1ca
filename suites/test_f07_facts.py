"""F07: what Inschrijven tells of students and enrolments, beside what identifies them, flow 7."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from okd_conformance.suite import Body, Case, check

MODES = ("full-time", "part-time", "dual training")
"""The modes of study that flow 7 uses; it names the other two as unused."""


def answered(case: Case) -> Body:
    """What the answer to the valid request says. Raises Inconclusive when it is no JSON object."""
    body = case.answer_body(case.expect(case.sent(case.canonical())))
    if body is None or not isinstance(body.value, dict):
        raise case.inconclusive("no_facts_to_judge")
    return body


def example(case: Case) -> Body:
    """The edition's own answer."""
    return Body(case.operation.success_schema() or {}, case.operation.answer_examples[0])


def scalars(value: Any) -> Iterator[Any]:
    """Every value in a JSON value that is neither object nor list."""
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from scalars(item)
    else:
        yield value


@check("OKD-F07-017")
def test_state_and_number_in_the_list(case: Case) -> None:
    """Each item has its state; those of the test person have their sequence code, in either form."""
    second = case.fixture_group("second_association")
    codes = {
        case.fixture("association_id").lower(): case.fixture("sequence_code"),
        second["association_id"].lower(): second["sequence_code"],
    }
    body = answered(case)
    items = body.get("items")
    listed = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    known, state = (case.answer_field(meaning) for meaning in ("association_id", "state"))
    stateless = [str(item.get(known)) for item in listed if not isinstance(item.get(state), str)]
    case.require(not stateless, "item_incomplete", field=state, items=", ".join(stateless))
    unnumbered = [
        str(item.get(known))
        for item in listed
        if codes.get(str(item.get(known)).lower(), "") not in [*scalars(item), ""]
    ]
    field = case.answer_field("sequence_code")
    case.require(not unnumbered, "item_incomplete", field=field, items=", ".join(unnumbered))


@check("OKD-F07-018")
def test_mode_of_study(case: Case) -> None:
    """One of the three that the flow uses, where the programme tells it."""
    mode = answered(case).get("mode_of_study")
    if mode is None:
        raise case.not_tested("mode_not_told")
    case.require(mode in MODES, "other_value", wanted=", ".join(MODES), value=mode)


@check("OKD-F07-019", field=["programme_codes", "organization"])
def test_facts_of_flow_1(case: Case, field: str) -> None:
    """What the DMS would know of the programme by flow 1."""
    case.require(bool(answered(case).get(field)), "detail_missing", field=case.answer_field(field))


@check("OKD-F07-020")
def test_kind_of_code(case: Case) -> None:
    """The number stands in a code of the same kind as in the edition's example."""
    found, wanted = beside(answered(case)), beside(example(case))
    text = ", ".join(f"{name}={value}" for name, value in wanted.items())
    told = ", ".join(f"{name}={found.get(name)}" for name in wanted)
    case.require(all(found.get(n) == v for n, v in wanted.items()), "other_value", wanted=text, value=told)


def beside(body: Body) -> dict[str, Any]:
    """What stands beside the student number in its own object."""
    for *way, name in body.locations("student_number"):
        place = body.value
        for step in way:
            place = place[step]
        return {other: value for other, value in place.items() if other != name}
    return {}


@check("OKD-F07-021")
def test_is_a_student(case: Case) -> None:
    """The test person is one, whatever else she is."""
    wanted, found = (body.get("affiliations") for body in (example(case), answered(case)))
    told = [str(one) for one in found] if isinstance(found, list) else []
    is_student = any(one in told for one in wanted)
    case.require(is_student, "other_value", wanted=", ".join(wanted), value=", ".join(told) or "-")
