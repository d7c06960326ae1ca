"""Hostile servers: every behaviour ends in bounded time and memory, with one of the outcomes meant for it."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from okd_conformance.auth.token_endpoint import TokenUnobtainable
from okd_conformance.auth.tokens import Tokens
from okd_conformance.base.bounded import MAX_JSON_DEPTH, TooLargeError, read_json
from okd_conformance.judge.giving_up import MOST_DRIPPED, MOST_UNANSWERED, GivingUp
from okd_conformance.judge.hooks import MAX_HOOK_BYTES, Hooks
from okd_conformance.judge.stops import Inconclusive
from okd_conformance.reference import running_server, target_of
from okd_conformance.target.reading import load_target
from okd_conformance.wire import client as client_module
from okd_conformance.wire.address import joined, may_lead, web_address
from okd_conformance.wire.client import MAX_ANSWER_BYTES, Client, Settings
from okd_conformance.wire.exchange import Answer, Exchange, Request
from okd_conformance.wire.generated import Generated
from okd_conformance.wire.holding import LARGE, MAX_HELD, Holding
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.raw import Expecting
from okd_conformance.wire.throttling import MAX_WAIT_FOR_THROTTLING_S
from okd_conformance.wire.transfer import Transfer
from support.benches import BASE, accepting, answered, stage, unanswered
from support.command import okd
from support.hostile import BEHAVIOURS, BOMBS, ENDLESS, SLOW, TOKENS, Behaviour, hostile_server, message, says

TIMEOUT_S = 0.3
DEADLINE_S = 0.6
AMPLE_S = 30
"""Far more than any of it may take, on any machine."""
MAX_MEMORY = 100 * 10**6
SIZE = 100_000
ANYTHING = r"."
MOVING = [
    b for b in BEHAVIOURS if b.group in {"silent", "slow", "endless", "closes", "resets", "garbage", "early"}
]


@contextmanager
def new_client(**settings: Any) -> Iterator[Client]:
    numbers = iter(range(1, 1000))
    given = {"timeout_s": TIMEOUT_S, "deadline_s": DEADLINE_S, "requests_per_second": 1e6, **settings}
    made = Client(Settings(**given), lambda _: None, lambda: f"x{next(numbers)}", sleep=lambda _: None)
    try:
        yield made
    finally:
        made.close()


def named(behaviours: list[Behaviour]) -> Any:
    return pytest.mark.parametrize("behaviour", behaviours, ids=[b.name for b in behaviours])


def found_in(exchange: Exchange, behaviour: Behaviour) -> None:
    """The outcome is one that fits, and the evidence can be written."""
    assert (exchange.error or "answer") in behaviour.ends
    assert exchange.duration_s < AMPLE_S
    assert len(json.dumps(exchange.as_har())) < 200_000
    if exchange.answer is not None:
        assert len(exchange.answer.body) <= MAX_ANSWER_BYTES
        assert len(exchange.answer.media_type) <= 200


# --- each behaviour, on each way to talk --------------------------------------------------------------------


@named(BEHAVIOURS)
def test_an_ordinary_request(behaviour: Behaviour) -> None:
    with hostile_server(behaviour) as server, new_client() as client:
        found_in(
            client.send(Request("POST", f"{server.url}/a", (), b"{}" * 500, "a.secret.token")), behaviour
        )
        again = 2 if behaviour.group in {"closes", "resets"} else client_module.MAX_THROTTLED
        assert len(server.heads) <= again
        assert all(head.startswith(b"POST /a ") for head in server.heads if head)  # no redirect was followed


@named(MOVING)
def test_a_request_that_asks_leave(behaviour: Behaviour) -> None:
    with hostile_server(behaviour) as server, new_client() as client:
        request = Request("POST", f"{server.url}/a", (), b"{}" * 500)
        found_in(client.once(request, Expecting(client, leave_s=0.1)), behaviour)


@named(MOVING)
def test_a_large_request(behaviour: Behaviour) -> None:
    content = Generated(SIZE, "seed")
    with hostile_server(behaviour) as server, new_client() as client:
        request = Request("POST", f"{server.url}/a", (), content.payload())
        found_in(client.once(request, Transfer(client, None, Meter(upward=SIZE))), behaviour)


@named([*SLOW, *ENDLESS])
def test_a_large_answer(behaviour: Behaviour) -> None:
    sink = Generated(SIZE, "seed").comparison()
    with hostile_server(behaviour) as server, new_client() as client:
        transfer = Transfer(client, sink, Meter(downward=SIZE))
        found_in(client.once(Request("GET", f"{server.url}/a"), transfer), behaviour)
    assert not sink.equal


@named(
    [b for b in BEHAVIOURS if b.group in {"slow", "endless", "bomb", "json", "closes", "garbage"}] + TOKENS
)
def test_a_token_endpoint(behaviour: Behaviour, tmp_path: Path) -> None:
    with hostile_server(behaviour) as server:
        described = target_of(server.url)
        described["limits"] = {"timeout_s": TIMEOUT_S}
        file = tmp_path / "target.yaml"
        file.write_text(yaml.safe_dump(json.loads(json.dumps(described))), "utf-8")
        with Tokens(load_target(file)) as tokens:
            try:
                token = tokens.bearer("okd:alldocuments")
            except TokenUnobtainable:
                return
            else:
                assert token.value.isascii()
                assert token.value.isprintable()
                assert behaviour.group == "token"


@named(
    [b for b in BEHAVIOURS if b.group in {"bomb", "json", "length", "closes", "garbage", "redirect"}]
    + ENDLESS
)
def test_a_hook(behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("okd_conformance.judge.hooks.HOOK_TIMEOUT_S", TIMEOUT_S)
    with hostile_server(behaviour) as server:
        with suppress(Inconclusive):
            assert isinstance(Hooks({"lock": f"{server.url}/lock"}).call("lock"), dict)
        assert len(server.heads) <= 1


@pytest.mark.parametrize(
    "code", ["while True: print('a' * 65536)", "import time; time.sleep(600)", "print('[' * 9999)"]
)
def test_a_hook_that_is_a_command(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("okd_conformance.judge.hooks.HOOK_TIMEOUT_S", 2.0)
    hooks = Hooks({"lock": [sys.executable, "-c", code]}, allow_commands=True)
    with pytest.raises(Inconclusive, match="lock"):
        hooks.call("lock", much="a" * 2 * MAX_HOOK_BYTES)


# --- memory -------------------------------------------------------------------------------------------------


@named([*BOMBS, ENDLESS[1]])
def test_memory_stays_within_bounds(behaviour: Behaviour) -> None:
    with hostile_server(behaviour) as server, new_client(timeout_s=20.0, deadline_s=60.0) as client:
        with client_of_body(client, server.url) as (answer, peak):
            assert answer is None or len(answer.body) <= MAX_ANSWER_BYTES
        assert peak() < MAX_MEMORY


@contextmanager
def client_of_body(client: Client, url: str) -> Iterator[tuple[Answer | None, Any]]:
    exchange = client.send(Request("GET", f"{url}/a"))
    tracemalloc.start()
    try:
        if exchange.answer is not None:
            with pytest.raises(ValueError, match=ANYTHING):
                exchange.answer.json()
        yield exchange.answer, lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_only_the_latest_large_bodies_are_held() -> None:
    holding, body = Holding(), b"a" * LARGE * 4
    kept = [answered(200, answer=Answer(200, "", (), body)) for _ in range(3 * MAX_HELD // len(body))]
    for exchange in kept:
        holding.take(exchange)
    sizes = [len(e.answer.body) for e in kept if e.answer]
    assert sum(sizes) <= MAX_HELD
    assert sizes[-1] == len(body)
    assert kept[0].as_har()["response"]["content"]["size"] == len(body)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 900 + b"]" * 900,
        b"9" * 10**5,
        b"[NaN]",
        b"[-Infinity]",
        b"\xff",
        b"",
        b"[" + b"0," * 10**6 + b"0]",
    ],
)
def test_what_is_no_json_for_us(raw: bytes) -> None:
    with pytest.raises(ValueError, match=ANYTHING):
        read_json(raw)


def test_json_within_bounds() -> None:
    deep = b"[" * MAX_JSON_DEPTH + b"]" * MAX_JSON_DEPTH
    assert read_json(deep)
    with pytest.raises(ValueError, match="deep"):
        read_json(b"[" + deep + b"]")
    assert read_json(b'{"a": 1, "a": 2, "b": 1e999}') == {"a": 2, "b": float("inf")}
    with pytest.raises(TooLargeError):
        read_json(b'"' + b"a" * MAX_ANSWER_BYTES + b'"')


# --- one request's mischief is not the next one's -----------------------------------------------------------


@pytest.mark.parametrize("more", [message(b'{"documentId": "forged"}'), b"{}", b"nonsense"])
def test_what_is_beyond_an_answer_does_not_count_for_the_next(more: bytes) -> None:
    def act(caller: Any) -> None:
        caller.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + more)
        caller.hold()

    with hostile_server(Behaviour("early: more", act)) as server, new_client() as client:
        bodies = [client.send(Request("GET", f"{server.url}/{n}")).answer for n in range(3)]
    assert [a.body if a else None for a in bodies] == [b"ok"] * 3


def test_waiting_for_a_busy_server_does_not_add_up_for_ever() -> None:
    busy = says(message(status="429 Too Many Requests", Retry_After="1e9"))
    with hostile_server(Behaviour("busy: always", busy)) as server, new_client() as client:
        slept: list[float] = []
        client.sleep = slept.append
        for _ in range(20):
            assert client.send(Request("GET", f"{server.url}/")).status == 429
        most = client_module.MAX_WAITED * client.settings.timeout_s
    assert sum(slept) < most + MAX_WAIT_FOR_THROTTLING_S + 1


# --- addresses that a target names --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "there", "may"),
    [
        ("93.184.216.34", "93.184.216.35", True),
        ("93.184.216.34", "169.254.169.254", False),
        ("93.184.216.34", "127.0.0.1", False),
        ("93.184.216.34", "10.0.0.1", False),
        ("93.184.216.34", "::ffff:127.0.0.1", False),
        ("93.184.216.34", "::ffff:169.254.169.254", False),
        ("93.184.216.34", "fe80::1", False),
        ("93.184.216.34", "::", False),
        ("10.0.0.1", "10.0.0.2", True),
        ("10.0.0.1", "127.0.0.1", False),
        ("10.0.0.1", "169.254.169.254", False),
        ("127.0.0.1", "127.0.0.2", True),
        ("127.0.0.1", "10.0.0.2", True),
        ("127.0.0.1", "169.254.169.254", False),
        ("127.0.0.1", "fd00:ec2::254", False),
    ],
)
def test_where_a_target_may_lead_us(own: str, there: str, may: bool) -> None:
    assert may_lead(there, own) is may


def test_nothing_is_sent_where_a_target_may_not_lead_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("okd_conformance.wire.patience.may_lead", lambda *_: False)
    good = Behaviour("early: good", says(message()))
    with hostile_server(good) as target, hostile_server(good) as other, new_client() as client:
        assert client.send(Request("GET", f"{target.url}/")).status == 200
        assert client.send(Request("GET", f"{other.url}/", elsewhere=True)).error == "not_opened"
        assert other.heads == []


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "//[::1", "http://a:99999999/", "javascript:1", "", "http://\udcff/", 7]
)
def test_what_is_no_web_address(address: object) -> None:
    assert web_address(address) is None
    assert not isinstance(address, str) or joined(BASE, address) is None or address in {"", "//[::1"}


# --- giving up ----------------------------------------------------------------------------------------------


def test_a_silent_server_is_given_up_after_a_last_question() -> None:
    giving_up, asked = GivingUp(), []

    def ask() -> Exchange:
        asked.append(1)
        return unanswered("timeout")

    for n in range(MOST_UNANSWERED):
        giving_up.check("http://a", f"operation-{n}")
        giving_up.see(unanswered("timeout"), "http://a", f"operation-{n}", ask)
    assert len(asked) == 1
    with pytest.raises(Inconclusive, match="no answer 10 times"):
        giving_up.check("http://a", "another")
    giving_up.check("http://b", "another")


def test_a_server_that_drips_is_given_up_sooner() -> None:
    giving_up = GivingUp()
    for n in range(MOST_DRIPPED):
        giving_up.check("http://a", f"operation-{n}")
        giving_up.see(unanswered("deadline"), "http://a", f"operation-{n}", lambda: unanswered("deadline"))
    with pytest.raises(Inconclusive, match="no answer 3 times"):
        giving_up.check("http://a", "another")


def test_a_dead_operation_is_given_up_and_the_others_are_not() -> None:
    giving_up = GivingUp()
    for _ in range(MOST_UNANSWERED):
        giving_up.see(unanswered("timeout"), "http://a", "dead", lambda: answered(404))
    with pytest.raises(Inconclusive):
        giving_up.check("http://a", "dead")
    giving_up.check("http://a", "alive")


def test_an_answer_now_and_then_is_enough() -> None:
    giving_up = GivingUp()
    for n in range(10 * MOST_UNANSWERED):
        exchange = answered(500) if n % MOST_UNANSWERED == 5 else unanswered("timeout")
        giving_up.see(exchange, "http://a", "slow", lambda: answered(404))
    giving_up.check("http://a", "slow")


def test_a_bench_sends_no_more_to_a_server_that_it_gave_up(tmp_path: Path) -> None:
    made = stage(tmp_path, accepting)
    bench, request = made.bench, Request("GET", f"{BASE}/dms/x")

    def silent(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("nothing")

    made.serves = silent
    for _ in range(MOST_UNANSWERED):
        assert bench.sending.send(request, "case", "dms", None).error == "timeout"
    with pytest.raises(Inconclusive, match="no answer"):
        bench.sending.send(request, "case", "dms", None)
    assert len(made.heard) == MOST_UNANSWERED + 1


# --- whole runs ---------------------------------------------------------------------------------------------


def is_read(method: str, path: str) -> bool:
    return method == "GET" and "/dms/" in path and "/documents/" in path


WHOLE = {b.name: b for b in BEHAVIOURS}


@pytest.mark.parametrize("name", ["silent: never answers", "redirect: to a script"])
def test_the_rest_of_a_run_goes_on(name: str, tmp_path: Path) -> None:
    with (
        running_server() as reference,
        hostile_server(WHOLE[name], hits=is_read, reference=reference.base_url) as server,
    ):
        target = yaml.safe_load(reference.target)
        target["roles"] = {
            "dms": {"base_url": target["roles"]["dms"]["base_url"].replace(reference.base_url, server.url)}
        }
        target["limits"] = {"requests_per_second": 10_000, "timeout_s": TIMEOUT_S}
        file, folder = tmp_path / "target.yaml", tmp_path / "report"
        file.write_text(yaml.safe_dump(target), "utf-8")
        rows = ("OKD-SRV-001", "OKD-FX-001", "OKD-FZ-001", "OKD-MPT-001")
        chosen = ["--profile", "smoke", *(word for row in rows for word in ("--requirement", row))]
        ended = okd(tmp_path, str(file), "--report-dir", str(folder), "--lang", "en", "--quiet", *chosen)
    assert "Traceback" not in ended.stderr
    report = json.loads((folder / "report.json").read_text("utf-8"))
    statuses = {row["id"]: row["status"] for row in report["requirements"] if row["cases"]}
    assert statuses.pop("OKD-FX-001") == ("inconclusive" if name.startswith("silent") else "failed")
    assert set(statuses.values()) == {"passed"}
    assert ended.returncode == (3 if name.startswith("silent") else 1)
