"""What the ledger makes of answers, and what cleaning up makes of targets that don't help."""

from __future__ import annotations

import errno
import gc
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.text import Text
from okd_conformance.judge.events import Noted
from okd_conformance.judge.hooks import Hooks
from okd_conformance.judge.interruption import missed_ones_kept
from okd_conformance.judge.ledger import Created, Intent, Left
from okd_conformance.judge.ledger_files import in_words
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.wire.exchange import Exchange, Request
from support.benches import DOCUMENT, Stage, accepting, problem, stage

Served = Callable[[httpx.Request], httpx.Response]


def upload(made: Stage) -> None:
    """Send an upload, whatever comes of it."""
    operation, binding = made.bench.arrangements.upload_binding("dms", None)
    made.bench.sending.send(
        made.bench.samples.sample(operation, binding, "x").request(), "x", "dms", operation
    )


def asked(made: Stage, method: str) -> int:
    return sum(request.method == method for request in made.heard)


def raising(error: type[Exception], method: str = "POST") -> Served:
    def serves(request: httpx.Request) -> httpx.Response:
        if request.method == method:
            raise error("no")
        return accepting(request)

    return serves


def test_an_upload_that_had_to_be_repeated_may_be_there_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stage(tmp_path, accepting, change=lambda target: target.update(hooks={}))
    send = made.bench.client.send

    def twice(request: Request, before_again: Callable[[], None], *more: Any, **labels: Any) -> Exchange:
        before_again()
        return send(request, before_again, *more, **labels)

    monkeypatch.setattr(made.bench.client, "send", twice)
    upload(made)
    left = made.bench.left()
    assert (len(left.created), len(left.uncertain)) == (1, 1)


def test_an_interruption_while_garbage_is_collected_is_obeyed_at_the_next_request(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)

    def interrupted(phase: str, _info: dict[str, int]) -> None:
        gc.callbacks.remove(interrupted)
        raise KeyboardInterrupt(phase)

    with missed_ones_kept():
        gc.callbacks.append(interrupted)
        gc.collect()
        with pytest.raises(KeyboardInterrupt):
            upload(made)
        upload(made)
    assert len(made.bench.left().created) == 1


def test_a_request_that_waits_for_its_turn_created_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stage(tmp_path, lambda _: httpx.Response(429, headers={"Retry-After": "30"}))

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(made.bench.client, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        upload(made)
    assert made.bench.left() == Left()


@pytest.mark.parametrize(
    ("serves", "uncertain"),
    [
        (raising(httpx.ReadTimeout), 1),
        (raising(httpx.ReadError), 1),
        (raising(httpx.ConnectError), 0),
        (lambda _: httpx.Response(201, json={}), 1),
        (lambda _: problem(400), 0),
        (lambda _: problem(500), 0),
    ],
    ids=["timeout", "disconnected", "unreachable", "no-id", "refused", "broken"],
)
def test_an_upload_without_a_telling_answer_may_be_there(
    tmp_path: Path, serves: Served, uncertain: int
) -> None:
    made = stage(tmp_path, serves, change=lambda target: target.update(hooks={}))
    upload(made)
    left = made.bench.clean_up()
    assert (len(left.uncertain), left.created) == (uncertain, [])


def test_a_registration_without_an_answer_is_undone_by_its_id(tmp_path: Path) -> None:
    made = stage(tmp_path, raising(httpx.ReadTimeout))
    with pytest.raises(Inconclusive):
        made.bench.arrangements.register("bpv", "x")
    (created,) = made.bench.left().created
    assert made.bench.clean_up() == Left()
    assert str(made.heard[-1].url).endswith(created.document_id)


def test_a_refusal_of_a_stranger_is_no_deletion(tmp_path: Path) -> None:
    made = stage(tmp_path, lambda r: problem(404) if r.method == "DELETE" else accepting(r))
    upload(made)
    operation, binding = made.bench.arrangements.binding_for("dms", "delete", None)
    path = {"dms_document_id": DOCUMENT}
    request = made.bench.samples.sample(operation, binding, "x", path_values=path).request(
        token="of a stranger"
    )
    made.bench.sending.send(request, "x", "dms", operation)
    assert [created.document_id for created in made.bench.ledger.open()] == [DOCUMENT]


@pytest.mark.parametrize("name", ["a document", "50%", "a/b", "é?x=1#y", "%41"])
def test_an_id_that_an_address_must_escape_is_known_to_be_gone(tmp_path: Path, name: str) -> None:
    made = stage(
        tmp_path,
        lambda r: accepting(r) if r.method == "DELETE" else httpx.Response(200, json={"dmsDocumentId": name}),
    )
    upload(made)
    assert [created.document_id for created in made.bench.left().created] == [name]
    assert made.bench.clean_up() == Left()


def test_cleaning_gives_up_on_a_target_that_is_silent(tmp_path: Path) -> None:
    ids = (f"{DOCUMENT[:-2]}{n:02}" for n in range(90))

    def serves(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            raise httpx.ReadTimeout("no")
        return httpx.Response(200, json={"dmsDocumentId": next(ids)})

    made = stage(tmp_path, serves)
    for _ in range(9):
        upload(made)
    assert len(made.bench.clean_up().created) == 9
    assert asked(made, "DELETE") == 3


def unnamed(made: Stage, n: int, document_type: str | None = None) -> None:
    """Let the ledger know documents that no binding of a deletion names."""
    for number in range(n):
        made.bench.ledger.remember(Created("dms", f"{DOCUMENT[:-2]}{number:02}", document_type, "upload"))


@pytest.mark.parametrize("document_type", [None, "no such type"])
def test_a_document_that_no_binding_names_is_deleted_with_any_right(
    tmp_path: Path, document_type: str | None
) -> None:
    def serves(request: httpx.Request) -> httpx.Response:
        return accepting(request) if "graduation" in request.headers["authorization"] else problem(403)

    made = stage(tmp_path, serves)
    unnamed(made, 4, document_type)
    assert made.bench.clean_up() == Left()


def test_documents_that_may_not_be_deleted_are_no_reason_to_give_up(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)
    unnamed(made, 5)
    upload(made)
    made.serves = lambda r: accepting(r) if str(r.url).endswith(DOCUMENT) else problem(403)
    assert len(made.bench.clean_up().created) == 5


def test_a_state_that_can_not_be_restored_is_told(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)
    operation, binding = made.bench.arrangements.binding_for("dms", "change", None)
    sample = made.bench.arrangements.ready(operation, binding, "x").with_field("state", "finished")
    made.bench.sending.send(sample.request(), "x", "dms", operation)
    made.serves = lambda request: problem(403) if request.method == "PATCH" else accepting(request)
    assert [(c.role, c.state) for c in made.bench.clean_up().changed] == [("dms", "finished")]
    made.serves = accepting
    assert made.bench.clean_up() == Left()


def with_hooks(made: Stage, serves: Served) -> None:
    names = ("show_filing", "lock")
    hooks = {name: f"http://127.0.0.1:1/{name}" for name in names}
    made.bench.arrangements.hooks = Hooks(hooks, transport=httpx.MockTransport(serves))


def test_a_locked_document_is_unlocked_by_the_hook(tmp_path: Path) -> None:
    unlocked: list[dict[str, object]] = []

    def serves(request: httpx.Request) -> httpx.Response:
        return problem(423) if request.method == "DELETE" and not unlocked else accepting(request)

    def hook(request: httpx.Request) -> httpx.Response:
        unlocked.append(json.loads(request.content))
        return httpx.Response(200, json={})

    made = stage(tmp_path, serves)
    with_hooks(made, hook)
    upload(made)
    assert made.bench.clean_up() == Left()
    assert unlocked == [{"role": "dms", "document_id": DOCUMENT, "locked": False}]


@pytest.mark.parametrize(
    ("answer", "deleted", "left"),
    [
        ({"level": "none"}, 0, 0),
        ({"level": "person", "document_id": DOCUMENT}, 5, 1),
        ({"level": "person"}, 0, 1),
        ({"level": "person", "document_id": 7}, 0, 1),
        (["?"], 0, 1),
    ],
    ids=["none", "for-ever", "no-id", "odd-id", "no-object"],
)
def test_what_a_hook_tells_of_an_upload_is_followed_within_bounds(
    tmp_path: Path, answer: object, deleted: int, left: int
) -> None:
    made = stage(tmp_path, raising(httpx.ReadTimeout))
    with_hooks(made, lambda _: httpx.Response(200, json=answer))
    upload(made)
    assert len(made.bench.clean_up()) == left
    assert asked(made, "DELETE") == deleted


def test_what_a_hook_makes_is_noted_too(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)
    intent = Intent("register", "bpv", "register", dms_document_id=DOCUMENT)
    with pytest.raises(NotTested), made.bench.arrangements.made_by_a_hook(intent):
        raise NotTested(Text.same("there is no such hook"))
    assert made.bench.left() == Left()
    with made.bench.arrangements.made_by_a_hook(intent) as note:
        assert len(made.bench.left().created) == 1, "already before it is there"
        note(DOCUMENT)
    assert made.bench.clean_up() == Left()


def test_requests_at_the_same_time_keep_their_own_notes(tmp_path: Path) -> None:
    ids = iter(f"{DOCUMENT[:-2]}{n:02}" for n in range(90))
    lock = threading.Lock()

    def serves(_: httpx.Request) -> httpx.Response:
        with lock:
            return httpx.Response(200, json={"dmsDocumentId": next(ids)})

    made = stage(tmp_path, serves)
    upload(made)
    events: list[object] = []
    made.bench.events.subscribe(Noted, events.append)
    threads = [threading.Thread(target=upload, args=(made,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made.bench.ledger.open()) == 21
    assert len(events) == 40
    assert not made.bench.left().uncertain


def full(_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "ledger.jsonl")


def test_what_can_not_be_noted_is_not_sent(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)
    made.bench.events.subscribe(Noted, full)
    with pytest.raises(ConfigurationError, match=r"ledger\.jsonl: .*No space left"):
        upload(made)
    assert (asked(made, "POST"), made.bench.left()) == (0, Left())


def test_an_outcome_that_can_not_be_noted_is_known(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)

    noted: list[object] = []

    def full_after_the_first(line: object) -> None:
        noted.append(line)
        if len(noted) > 1:
            full(line)

    made.bench.events.subscribe(Noted, full_after_the_first)
    upload(made)
    assert [created.document_id for created in made.bench.left().created] == [DOCUMENT]
    assert made.bench.ledger.unwritten is not None


def test_cleaning_up_needs_no_room(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)
    operation, binding = made.bench.arrangements.binding_for("dms", "change", None)
    sample = made.bench.arrangements.ready(operation, binding, "x").with_field("state", "finished")
    made.bench.sending.send(sample.request(), "x", "dms", operation)
    upload(made)
    assert len(made.bench.left()) >= 2
    made.bench.events.subscribe(Noted, full)
    assert made.bench.clean_up() == Left()
    with pytest.raises(ConfigurationError):
        upload(made)


def test_a_change_on_its_way_back_may_not_have_come(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)
    ledger = made.bench.ledger
    standing = made.bench.samples.standing_state("dms")
    for state in ("finished", standing):
        number = ledger.about_to(Intent("change", "dms", "change_state", state=state))
        if state == "finished":
            ledger.apply({"n": number, "outcome": "done"})
    assert [(c.role, c.state) for c in made.bench.left().changed] == [("dms", None)]
    assert made.bench.clean_up() == Left()


def test_a_failed_hook_is_not_told_as_a_request(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)
    intent = Intent("upload", "dms", "upload", document_name="x.pdf", hook="register")
    with pytest.raises(Inconclusive), made.bench.arrangements.made_by_a_hook(intent):
        raise Inconclusive(Text.same("it failed"))
    (words,) = in_words(made.bench.left(), tmp_path / "ledger.json", "r")
    assert "the hook register" in words.en
    assert "sending" not in words.en
