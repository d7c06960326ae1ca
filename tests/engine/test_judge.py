"""Judging: how answers are read, how cases end, and who is blamed."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from okd_conformance.base.text import Text
from okd_conformance.checks import marking as suite
from okd_conformance.checks.marking import observes
from okd_conformance.checks.running import Watch, merged, plain, result_of, results_from, unjudged
from okd_conformance.judge.case import Case
from okd_conformance.judge.ledger import Left
from okd_conformance.judge.outcome import CaseResult, Status, worst
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.stops import Failed, Inconclusive, NotApplicable, NotTested, Stopped
from okd_conformance.standard.catalogue import Applies, Requirement
from okd_conformance.standard.readings import Answers
from support.benches import BASE, DOCUMENT, Stage, accepting, answered, problem, stage, unanswered
from support.report_sample import requirement

UPLOAD = "upload_to_association"
READ = "read_document"
REMEDY = Text("Kijk hier.", "Look here.")
ANSWERS = {
    "default": Answers(conformant=(200, 204), noted=(202,), warned=(201, "4xx"), failed=(404,)),
    "strict": Answers(conformant=(400,)),
    "grave": Answers(conformant=(400,), failed=("5xx",)),
}


@pytest.fixture
def here(tmp_path: Path) -> Stage:
    """A bench whose target accepts everything."""
    return stage(tmp_path, accepting)


def asking(**changes: Any) -> Requirement:
    return requirement("OKD-TST-001", **{"answers": ANSWERS, "remedy": REMEDY, **changes})


def ended(case: Case, check: Any) -> CaseResult:
    """The result of a case, the way that the plugin makes it."""
    error: BaseException | None = None
    try:
        check(case)
    except Stopped as stop:
        error = stop
    except Exception as fault:  # noqa: BLE001 - what a check does wrong is a result
        error = fault
    return result_of(case, error, 0.1)


# --- reading an answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reading"),
    [
        (200, ("conformant", True)),
        (202, ("noted", True)),
        (201, ("warned", True)),
        (422, ("warned", True)),
        (404, ("failed", True)),
        (500, ("failed", False)),
        (302, ("failed", False)),
        (203, ("failed", False)),
    ],
)
def test_a_status_is_read_as_the_row_says(status: int, reading: tuple[str, bool]) -> None:
    assert ANSWERS["default"].reading_of(status) == reading


@pytest.mark.parametrize("named", ["conformant", "noted", "warned", "failed"])
@pytest.mark.parametrize("by_class", ["conformant", "noted", "warned", "failed"])
def test_a_status_goes_before_its_class(named: str, by_class: str) -> None:
    lists: dict[str, tuple[int | str, ...]] = {"conformant": ()}
    lists[by_class] = (*lists.get(by_class, ()), "4xx")
    lists[named] = (*lists.get(named, ()), 404)
    answers = Answers(**lists)
    assert answers.reading_of(404) == (named, True)
    assert answers.reading_of(400) == (by_class, True)


@pytest.mark.parametrize(
    ("level", "basis", "fails"),
    [
        ("MUST", "explicit", True),
        ("MUST", "derived", True),
        ("MUST", "interpretation", False),
        ("SHOULD", "explicit", False),
        ("SHOULD", "interpretation", False),
        ("MAY", "explicit", False),
    ],
)
def test_level_and_basis_decide_whether_it_can_fail(here: Stage, level: str, basis: str, fails: bool) -> None:
    asked = asking(level=level, basis=basis)
    unnamed = ended(here.case(asked), lambda case: case.expect(answered(200), "strict"))
    assert unnamed.status is (Status.FAILED if fails else Status.WARNING)
    named = ended(here.case(asked), lambda case: case.expect(answered(500), "grave"))
    assert named.status is Status.FAILED


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        (200, Status.PASSED),
        (202, Status.PASSED),
        (201, Status.WARNING),
        (404, Status.FAILED),
        (500, Status.FAILED),
    ],
)
def test_an_answer_ends_the_case(here: Stage, status: int, ends: Status) -> None:
    result = ended(here.case(asking()), lambda case: case.expect(answered(status)))
    assert result.status is ends
    judged = ends in {Status.FAILED, Status.WARNING}
    assert (result.remedy == REMEDY) == judged
    assert (result.curl is not None) == judged
    assert bool(result.notes) == (status == 202)
    if judged:
        assert result.expected is not None
        assert "200" in result.expected.en
        assert str(status) in str(result.received)


def test_a_warning_does_not_stop_the_case_but_a_failure_after_it_counts(here: Stage) -> None:
    def check(case: Case) -> None:
        case.expect(answered(201))
        case.expect(answered(500))

    assert ended(here.case(asking()), check).status is Status.FAILED


def test_every_warning_of_a_case_is_shown_and_an_equal_one_once(here: Stage) -> None:
    def check(case: Case) -> None:
        for status in (201, 422, 201):
            case.expect(answered(status))

    result = ended(here.case(asking()), check)
    assert result.status is Status.WARNING
    assert str(result.received).count("201") == 1
    assert "422" in str(result.received)
    assert "422" in str(result.summary)
    assert str(result.expected).count("204") == 1


def test_a_situation_that_the_row_does_not_know_is_our_own_mistake(here: Stage) -> None:
    result = ended(here.case(asking()), lambda case: case.expect(answered(200), "nowhere"))
    assert result.status is Status.SUITE_FAULT


@pytest.mark.parametrize("error", ["timeout", "deadline", "unreachable", "tls"])
def test_no_answer_says_nothing_about_the_target(here: Stage, error: str) -> None:
    result = ended(here.case(asking()), lambda case: case.expect(unanswered(error)))
    assert result.status is Status.INCONCLUSIVE
    assert result.remedy is None


@pytest.mark.parametrize("error", ["disconnected", "not_http"])
@pytest.mark.parametrize(("level", "ends"), [("MUST", Status.FAILED), ("SHOULD", Status.WARNING)])
def test_a_broken_answer_is_the_targets_doing(here: Stage, error: str, level: str, ends: Status) -> None:
    result = ended(here.case(asking(level=level)), lambda case: case.expect(unanswered(error)))
    assert result.status is ends


def test_a_target_that_stays_too_busy_can_not_be_judged(here: Stage) -> None:
    result = ended(here.case(asking()), lambda case: case.expect(answered(429)))
    assert result.status is Status.INCONCLUSIVE


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ({}, Status.FAILED),
        ({"reading": "warned"}, Status.WARNING),
        ({"reading": "noted"}, Status.PASSED),
        ({"reading": "conformant"}, Status.PASSED),
        ({"situation": "default", "exchange": answered(201)}, Status.WARNING),
        ({"situation": "default", "exchange": answered(202)}, Status.PASSED),
        ({"situation": "default", "exchange": answered(404)}, Status.FAILED),
    ],
)
def test_a_fact_is_judged_like_an_answer(here: Stage, given: dict[str, Any], ends: Status) -> None:
    result = ended(here.case(asking()), lambda case: case.require(False, "not_a_uuid", value="42", **given))
    assert result.status is ends
    held = ended(here.case(asking()), lambda case: case.require(True, "not_a_uuid", value="42", **given))
    assert held.status is Status.PASSED
    assert held.notes == []


@pytest.mark.parametrize(
    ("found", "sent", "words"), [(b"abXd", b"abcd", "2"), (b"ab", b"abcd", "2"), (b"abcde", b"abcd", "4")]
)
def test_bytes_that_differ_are_shown_where_they_do(
    here: Stage, found: bytes, sent: bytes, words: str
) -> None:
    result = ended(here.case(asking()), lambda case: case.bytes_equal(found, sent))
    assert result.status is Status.FAILED
    assert words in str(result.received)
    assert ended(here.case(asking()), lambda case: case.bytes_equal(sent, sent)).status is Status.PASSED


def test_a_note_is_kept_once(here: Stage) -> None:
    def check(case: Case) -> None:
        case.expect(answered(202))
        case.expect(answered(202))

    result = ended(here.case(asking()), check)
    assert result.status is Status.PASSED
    assert len(result.notes) == 1
    assert "202" in result.notes[0].en
    assert "202" in result.notes[0].nl


# --- how statuses add up ----------------------------------------------------------------------------------

ORDER = [
    Status.SUITE_FAULT,
    Status.FAILED,
    Status.INCONCLUSIVE,
    Status.WARNING,
    Status.PASSED,
    Status.NOT_TESTED,
    Status.NOT_APPLICABLE,
]


@pytest.mark.parametrize(("worse", "better"), list(itertools.combinations(ORDER, 2)))
def test_the_worst_of_two_statuses(worse: Status, better: Status) -> None:
    assert worst([worse, better]) is worst([better, worse, better]) is worse


def test_nothing_has_no_status() -> None:
    with pytest.raises(ValueError, match="empty"):
        worst([])


@pytest.mark.parametrize(
    ("stop", "ends"),
    [
        (None, Status.PASSED),
        (Failed(Text.same("e"), Text.same("r")), Status.FAILED),
        (Inconclusive(Text.same("r")), Status.INCONCLUSIVE),
        (NotTested(Text.same("r")), Status.NOT_TESTED),
        (NotApplicable(Text.same("r")), Status.NOT_APPLICABLE),
    ],
)
def test_every_end_has_its_status_and_says_why(here: Stage, stop: Stopped | None, ends: Status) -> None:
    case = here.case(asking(), READ)
    result = result_of(case, stop, 0.25)
    assert result.status is ends
    assert (result.id, result.role, result.operation) == (f"OKD-TST-001[dms,{READ}]", "dms", READ)
    assert (str(result.received) == "r") == (stop is not None)
    assert results_from(json.loads(json.dumps(plain([result])))) == [result]


def test_a_case_that_did_not_run_says_why(here: Stage) -> None:
    result = unjudged(here.case(asking(), READ).spec, Status.NOT_TESTED, Text("reden", "reason"))
    assert result.status is Status.NOT_TESTED
    assert "reason" in result.summary.en
    assert "reden" in result.summary.nl


# --- a refusal is bound to its cause ----------------------------------------------------------------------


def without_type(sample: Sample) -> Sample:
    return sample.without_field("document_type")


def negative(case: Case) -> None:
    """The sample, changed in one point, must be refused."""
    case.expect(case.sent(without_type(case.sample())), "strict")


@pytest.mark.parametrize(
    ("twin", "changed", "ends"),
    [
        (200, 400, Status.PASSED),
        (200, 200, Status.FAILED),
        (400, 400, Status.INCONCLUSIVE),
        (403, 400, Status.INCONCLUSIVE),
        (500, 200, Status.INCONCLUSIVE),
        (302, 400, Status.INCONCLUSIVE),
    ],
)
def test_a_refusal_counts_only_when_the_twin_was_accepted(
    tmp_path: Path, twin: int, changed: int, ends: Status
) -> None:
    def serves(request: httpx.Request) -> httpx.Response:
        status = twin if b'"documentType"' in request.content else changed
        return httpx.Response(status, json={"dmsDocumentId": DOCUMENT})

    there = stage(tmp_path, serves)
    assert ended(there.case(asking(), UPLOAD), negative).status is ends


@pytest.mark.parametrize(
    ("usual", "narrow", "ends"),
    [
        (500, 503, Status.INCONCLUSIVE),
        (403, 500, Status.INCONCLUSIVE),
        (200, 500, Status.FAILED),
        (500, 404, Status.FAILED),
        (500, 200, Status.PASSED),
    ],
)
def test_a_server_error_says_nothing_about_rights_unless_the_twin_was_accepted(
    tmp_path: Path, usual: int, narrow: int, ends: Status
) -> None:
    def serves(request: httpx.Request) -> httpx.Response:
        mine = request.headers["authorization"] == "Bearer narrow-token"
        return httpx.Response(narrow if mine else usual, json={"dmsDocumentId": DOCUMENT})

    def check(case: Case) -> None:
        case.expect_right(case.sent(case.canonical(token="narrow-token")))

    there = stage(tmp_path, serves)
    assert ended(there.case(asking(), UPLOAD), check).status is ends


def test_the_twin_is_sent_once_for_all_cases(here: Stage) -> None:
    for _ in range(3):
        here.case(asking(), UPLOAD).sample()
    assert len(here.heard) == 1


def test_a_refused_twin_is_not_asked_again(tmp_path: Path) -> None:
    there = stage(tmp_path, lambda _: problem(403))
    ends = [ended(there.case(asking(), UPLOAD), negative).status for _ in range(3)]
    assert ends == [Status.INCONCLUSIVE] * 3
    assert len(there.heard) == 1


def test_an_attempt_without_a_token_is_bound_to_its_twin_too(tmp_path: Path) -> None:
    def serves(request: httpx.Request) -> httpx.Response:
        return problem(401) if "authorization" not in request.headers else problem(503)

    there = stage(tmp_path, serves)
    strict = asking(answers={"default": Answers(conformant=(401,))})
    result = ended(there.case(strict, UPLOAD), lambda case: case.expect(case.attempt(None)))
    assert result.status is Status.INCONCLUSIVE

    there = stage(tmp_path, lambda r: problem(401) if "authorization" not in r.headers else accepting(r))
    result = ended(there.case(strict, UPLOAD), lambda case: case.expect(case.attempt(None)))
    assert result.status is Status.PASSED


def test_the_twin_differs_in_one_point_only(here: Stage) -> None:
    here.case(asking(), UPLOAD).sent(without_type(here.case(asking(), UPLOAD).sample()))
    twin, changed = here.heard
    assert twin.method == changed.method
    assert twin.url == changed.url
    assert twin.headers["authorization"] == changed.headers["authorization"]
    assert b'"documentType"' in twin.content
    assert b'"documentType"' not in changed.content


# --- the right party is blamed ----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ZeroDivisionError("oops"), LookupError("x"), AssertionError("y")])
def test_an_exception_in_a_check_is_our_fault(here: Stage, error: Exception) -> None:
    def check(_: Case) -> None:
        raise error

    result = ended(here.case(asking()), check)
    assert result.status is Status.SUITE_FAULT
    assert type(error).__name__ in str(result.received)
    assert type(error).__name__ in result.summary.nl


def test_a_request_that_we_can_not_make_is_our_fault(here: Stage) -> None:
    result = ended(here.case(asking(), READ), lambda case: case.field_name("association_id"))
    assert result.status is Status.SUITE_FAULT


def test_an_unreachable_target_is_inconclusive(tmp_path: Path) -> None:
    def refuses(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    there = stage(tmp_path, refuses)
    result = ended(there.case(asking(), UPLOAD), lambda case: case.expect(case.sent(case.canonical())))
    assert result.status is Status.INCONCLUSIVE
    assert len(result.exchanges) == 1


def test_a_missing_fixture_is_inconclusive_and_named(tmp_path: Path) -> None:
    there = stage(tmp_path, accepting, change=lambda target: target["fixtures"].pop("association_id"))
    result = ended(there.case(asking(), UPLOAD), negative)
    assert result.status is Status.INCONCLUSIVE
    assert "association_id" in str(result.received)
    assert there.heard == []


def test_a_missing_hook_is_not_tested(tmp_path: Path) -> None:
    there = stage(tmp_path, accepting, change=lambda target: target.pop("hooks"))
    result = ended(there.case(asking()), lambda case: case.bench.hooks.call("lock"))
    assert result.status is Status.NOT_TESTED
    assert "lock" in str(result.received)


def test_a_hook_that_is_a_command_needs_leave(tmp_path: Path) -> None:
    def change(target: dict[str, Any]) -> None:
        target["hooks"] = {"lock": ["false"]}

    there = stage(tmp_path, accepting, change=change)
    result = ended(there.case(asking()), lambda case: case.bench.hooks.call("lock"))
    assert result.status is Status.NOT_TESTED


@pytest.mark.parametrize(
    ("client_error", "ends"), [("invalid_scope", Status.INCONCLUSIVE), (None, Status.NOT_TESTED)]
)
def test_a_token_that_can_not_be_had(tmp_path: Path, client_error: str | None, ends: Status) -> None:
    def change(target: dict[str, Any]) -> None:
        del target["auth"]["signing_key"]

    there = stage(
        tmp_path,
        accepting,
        change=change,
        tokens=lambda _: httpx.Response(400, json={"error": client_error}),
    )
    known = there.bench.edition.scopes[0]
    scope = known if client_error else "nobody-lists-this"
    result = ended(there.case(asking()), lambda case: case.only_scopes(scope))
    assert result.status is ends


def test_an_issuer_that_grants_more_than_asked_can_not_show_it(tmp_path: Path) -> None:
    def generous(_: httpx.Request) -> httpx.Response:
        scopes = " ".join(there.bench.edition.scopes)
        return httpx.Response(200, json={"access_token": "t", "token_type": "Bearer", "scope": scopes})

    there = stage(tmp_path, accepting, tokens=generous)
    scope = there.bench.edition.scopes[0]
    result = ended(there.case(asking()), lambda case: case.only_scopes(scope))
    assert result.status is Status.NOT_TESTED


def test_a_spent_budget_is_inconclusive(tmp_path: Path) -> None:
    there = stage(tmp_path, accepting, settings={"max_requests": 1})
    there.case(asking(), UPLOAD).sample()
    result = ended(there.case(asking(), UPLOAD), negative)
    assert result.status is Status.INCONCLUSIVE
    assert "max_requests" in str(result.received)


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"null", b'{"dmsDocumentId": 42}', b'"' * 3])
def test_an_odd_answer_to_an_upload_never_crashes(tmp_path: Path, body: bytes) -> None:
    there = stage(tmp_path, lambda _: httpx.Response(200, content=body))

    def check(case: Case) -> None:
        case.require_id(case.expect(case.sent(case.canonical())))

    assert ended(there.case(asking(), UPLOAD), check).status is Status.FAILED


# --- observers --------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_observers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "_OBSERVERS", {})


WATCHED = requirement(
    "OKD-TST-002",
    answers={"default": Answers(conformant=(200, 404), warned=(201,), noted=(202,))},
    applies=Applies("operation", ("read", "upload"), (), ()),
)


def watched(folder: Path, *statuses: int, observer: Any = None, **sent: Any) -> dict[str, CaseResult]:
    """What is found when reads are answered with these statuses."""
    answers = iter(statuses)
    there = stage(folder, lambda _: httpx.Response(next(answers), json={"status": 0}), requirements=[WATCHED])

    def judges(case: Case) -> bool:
        case.expect(case.exchanges[-1])
        return True

    observes(WATCHED.id)(observer or judges)
    watch = Watch(there.bench, there.claims, **sent.pop("watch", {}))
    for _ in statuses:
        case = there.case(asking(), READ)
        case.send(
            case.bench.arrangements.ready(case.operation, case.binding, "x", **given()).request(), **sent
        )
    return watch.found


def given() -> dict[str, Any]:
    return {"path_values": {"dms_document_id": DOCUMENT}}


OBSERVED = f"OKD-TST-002[dms,{READ},observed]"


@pytest.mark.parametrize(
    ("statuses", "ends"),
    [
        ((200, 200), Status.PASSED),
        ((200, 201, 200), Status.WARNING),
        ((201, 500, 200), Status.FAILED),
        ((500, 201), Status.FAILED),
    ],
)
def test_an_observer_keeps_the_worst_that_it_saw(
    tmp_path: Path, statuses: tuple[int, ...], ends: Status
) -> None:
    found = watched(tmp_path, *statuses)
    assert {name: result.status for name, result in found.items()} == {OBSERVED: ends}


def test_an_observer_shows_the_exchange_that_was_worst(tmp_path: Path) -> None:
    result = watched(tmp_path, 200, 500, 200, 500)[OBSERVED]
    assert result.exchanges == ["x2"]
    assert "500" in str(result.received)


def test_an_observer_keeps_the_notes_of_all(tmp_path: Path) -> None:
    result = watched(tmp_path, 202, 202, 200)[OBSERVED]
    assert result.status is Status.PASSED
    assert len(result.notes) == 1


def test_what_does_not_concern_an_observer_is_not_counted(tmp_path: Path) -> None:
    assert watched(tmp_path, 200, observer=lambda _: False) == {}


def test_an_observer_that_goes_wrong_is_our_fault_and_stops_no_check(tmp_path: Path) -> None:
    def broken(_: Case) -> bool:
        raise RuntimeError("oops")

    result = watched(tmp_path, 200, 200, observer=broken)[OBSERVED]
    assert result.status is Status.SUITE_FAULT


def test_an_observer_does_not_see_raw_exchanges(tmp_path: Path) -> None:
    there = stage(tmp_path, accepting, requirements=[WATCHED])
    observes(WATCHED.id)(lambda _: True)
    watch = Watch(there.bench, there.claims)
    case = there.case(asking(), READ)
    request = case.bench.samples.sample(case.operation, case.binding, "x", **given()).request()
    case.send(request, None, "raw")
    assert watch.found == {}
    case.send(request)
    assert set(watch.found) == {OBSERVED}


def test_an_observer_keeps_to_what_the_options_chose(tmp_path: Path) -> None:
    from okd_conformance.checks.planning import Selection

    chosen = Selection(requirements=frozenset({"OKD-TST"}))
    assert set(watched(tmp_path, 200, watch={"selection": chosen})) == {OBSERVED}
    other = Selection(requirements=frozenset({"OKD-MPT"}))
    assert watched(tmp_path, 200, watch={"selection": other}) == {}
    elsewhere = Selection(roles=frozenset({"bpv"}))
    assert watched(tmp_path, 200, watch={"selection": elsewhere}) == {}


def test_equal_results_keep_the_first(here: Stage) -> None:
    first, second = (result_of(here.case(asking()), None, seconds) for seconds in (1.0, 2.0))
    assert merged(first, second) is first
    assert merged(None, second) is second


# --- leaving ----------------------------------------------------------------------------------------------


def test_what_was_created_is_deleted(here: Stage) -> None:
    here.case(asking(), UPLOAD).sent(here.case(asking(), UPLOAD).canonical())
    assert [created.document_id for created in here.bench.ledger.open()] == [DOCUMENT]
    assert here.bench.clean_up() == Left()
    assert here.bench.ledger.open() == []
    last = here.heard[-1]
    assert (last.method, str(last.url)) == ("DELETE", f"{BASE}/dms/okd/v1/documents/{DOCUMENT}")


@pytest.mark.parametrize(("status", "left"), [(404, 0), (410, 0), (403, 1), (500, 1), (302, 1)])
def test_what_can_not_be_deleted_is_told(tmp_path: Path, status: int, left: int) -> None:
    there = stage(tmp_path, lambda r: problem(status) if r.method == "DELETE" else accepting(r))
    there.bench.arrangements.store("dms", "examination", "x")
    found = there.bench.clean_up()
    assert len(found) == left
    if left:
        (created,) = found.created
        assert (created.document_type, created.document_id) == ("examination", DOCUMENT)


def test_tokens_are_secret_as_soon_as_they_are_had(here: Stage) -> None:
    case = here.case(asking(), UPLOAD)
    exchange = case.sent(case.canonical())
    assert exchange.request.token is not None
    assert exchange.request.token not in here.bench.redactor.text(f"x {exchange.request.token} y")
