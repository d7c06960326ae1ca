"""Large messages, small: the edition's GB is shrunk to 4 MB, and the machinery is the same."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import random
import re
import signal
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from okd_conformance.judge import large
from okd_conformance.judge.case import Case, CaseSpec
from okd_conformance.judge.events import Moved
from okd_conformance.judge.interruption import held_back
from okd_conformance.judge.ledger import Left
from okd_conformance.judge.stops import NotTested
from okd_conformance.proof.proving import judged, prove_fault
from okd_conformance.reference import Running, running_server
from okd_conformance.report.console import ConsoleReporter
from okd_conformance.run.finishing import Findings, finish
from okd_conformance.run.options import Options
from okd_conformance.run.run import Run, open_run
from okd_conformance.standard.edition import load_edition
from okd_conformance.wire.body import length_of
from okd_conformance.wire.budget import Tally
from okd_conformance.wire.client import Client, Settings
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.generated import BLOCK, Comparison, Generated
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.transfer import Transfer
from okd_conformance.wire.waiting import Why, waiting

EDITION = "okd-1.5"
SHRUNK = {"message_bytes": 4_000_000, "document_bytes": 4_294_967}
ROWS = [f"OKD-LIM-{number:03}" for number in range(1, 9)]
Talk = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a GB be 4 MB."""
    for name, size in SHRUNK.items():
        monkeypatch.setitem(load_edition(EDITION).limits, name, size)  # type: ignore[arg-type]


# --- generated content --------------------------------------------------------------------------------------


def compared(content: Generated, came: bytes) -> Comparison:
    """Give the bytes to a comparison in pieces of every size."""
    comparison, numbers, start = content.comparison(), random.Random(0), 0
    while start < len(came):
        width = numbers.choice([1, 7, 100, 65536, BLOCK - 1, BLOCK, BLOCK + 1])
        comparison.take(memoryview(came)[start : start + width])
        start += width
    return comparison


SIZES = [0, 1, 40, 90, 500, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 77]


@pytest.mark.parametrize("size", SIZES)
def test_generated_content_has_its_size_and_is_found_equal(size: int) -> None:
    content = Generated(size, "seed", "marker")
    whole = b"".join(content.chunks())
    assert len(whole) == size
    assert b"".join(content.chunks()) == whole
    comparison = compared(content, whole)
    assert comparison.equal
    assert comparison.digest() == hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize("size", SIZES[1:])
def test_every_difference_is_found_where_it_is(size: int) -> None:
    content = Generated(size, "seed", "marker")
    whole = b"".join(content.chunks())
    for offset in {0, size // 2, size - 1}:
        changed = whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :]
        for came in (changed, whole[:offset]):
            comparison = compared(content, came)
            assert (comparison.equal, comparison.offset) == (False, offset)
            assert comparison.digest() == hashlib.sha256(came).hexdigest()
    longer = compared(content, whole + b"x")
    assert (longer.equal, longer.offset, longer.received) == (False, size, size + 1)


def test_pieces_that_changed_places_are_found() -> None:
    whole = b"".join(Generated(4 * BLOCK, "seed").chunks())
    page = 4096
    swapped = whole[:BLOCK] + whole[BLOCK + page : BLOCK + 2 * page] + whole[BLOCK : BLOCK + page]
    comparison = compared(Generated(4 * BLOCK, "seed"), swapped + whole[BLOCK + 2 * page :])
    assert comparison.first_difference is not None
    assert BLOCK <= comparison.first_difference < BLOCK + 16
    blocks = [bytes(block) for block in Generated(8 * BLOCK, "seed").chunks()]
    assert len(set(blocks)) == len(blocks)


def test_another_seed_or_marker_is_other_content() -> None:
    made = {b"".join(Generated(9999, *which).chunks()) for which in (("a", "x"), ("a", "y"), ("b", "x"))}
    assert len(made) == 3


def test_it_looks_like_a_pdf() -> None:
    whole = b"".join(Generated(10_000, "seed", "marker").chunks())
    assert whole.startswith(b"%PDF-1.4\n%marker\n")
    assert whole.endswith(b"%%EOF\n")


# --- on the wire --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def server(talk: Talk) -> Iterator[str]:
    """Serve one connection, from its first byte on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            link, _ = listening.accept()
            with link, contextlib.suppress(OSError):
                link.settimeout(10)
                talk(link)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join(10)
        assert not thread.is_alive()


def head_of(link: socket.socket) -> bytes:
    raw = b""
    while not raw.endswith(b"\r\n\r\n"):
        raw += link.recv(1)
    return raw


def until_gone(link: socket.socket) -> int:
    """Read until the client leaves; how many bytes that were."""
    size = 0
    while piece := link.recv(1 << 16):
        size += len(piece)
    return size


def answer(status: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def transferred(request: Request, sink: Comparison | None = None, **settings: Any) -> tuple[Exchange, Meter]:
    numbers = itertools.count()
    client = Client(Settings(**settings), lambda _: None, lambda: str(next(numbers)))
    meter = Meter(
        upward=length_of(request.body) if request.body is not None else 0,
        downward=sink.sent.size if sink else 0,
    )
    exchange = client.once(request, Transfer(client, sink, meter))
    exchange.meter = meter
    client.close()
    return exchange, meter


@pytest.mark.parametrize("chunked", [False, True])
def test_every_byte_arrives(chunked: bool) -> None:
    content = Generated(3 * BLOCK + 5, "seed")
    digest = hashlib.sha256()

    def hear(link: socket.socket) -> None:
        head = head_of(link)
        assert (b"Content-Length: %d\r\n" % content.size in head) is not chunked
        reader = link.makefile("rb")
        while chunked and (length := int(reader.readline(), 16)):
            digest.update(reader.read(length + 2)[:-2])
        if not chunked:
            digest.update(reader.read(content.size))
        link.sendall(answer("201 Created", b"{}"))

    with server(hear) as url:
        exchange, meter = transferred(Request("POST", url, body=content.payload(), chunked=chunked))
    assert (exchange.status, meter.sent, meter.left) == (201, content.size, 0)
    assert digest.hexdigest() == exchange.as_har()["request"]["postData"]["_sha256"]


def test_a_refusal_while_we_send_is_heard_though_the_server_stops_reading() -> None:
    """It neither reads on nor closes: who doesn't listen meanwhile hangs."""
    content = Generated(64 * BLOCK, "seed")

    def refuse(link: socket.socket) -> None:
        head_of(link)
        link.sendall(answer("413 Content Too Large", b"too large"))
        threading.Event().wait(0.2)
        until_gone(link)

    with server(refuse) as url:
        exchange, meter = transferred(Request("POST", url, body=content.payload()))
    assert exchange.answer is not None
    assert (exchange.status, exchange.answer.body, exchange.error) == (413, b"too large", None)
    assert meter.sent < content.size
    evidence = exchange.as_har()["request"]["postData"]
    assert evidence["_sent"] == meter.sent
    assert "_sha256" not in evidence


def test_a_refusal_that_closes_the_connection_is_no_error_of_ours() -> None:
    def refuse(link: socket.socket) -> None:
        head_of(link)
        link.sendall(answer("413 Content Too Large"))

    with server(refuse) as url:
        exchange, _ = transferred(Request("POST", url, body=Generated(64 * BLOCK, "seed").payload()))
    assert (exchange.status, exchange.error) == (413, None)


def leave(link: socket.socket) -> None:
    head_of(link)


def test_a_server_that_hangs_up_is_told_from_one_that_hangs() -> None:
    body = Generated(64 * BLOCK, "seed").payload()
    with server(leave) as url:
        assert transferred(Request("POST", url, body=body))[0].error == "disconnected"
    released = threading.Event()

    def hang(link: socket.socket) -> None:
        head_of(link)
        released.wait(10)

    with server(hang) as url:
        exchange, _ = transferred(Request("POST", url, body=body), timeout_s=0.2)
        released.set()
    assert exchange.error == "timeout"


@pytest.mark.parametrize("status", ["103 Early Hints", "100 Continue"])
def test_what_is_no_final_answer_does_not_stop_us(status: str) -> None:
    content = Generated(8 * BLOCK, "seed")

    def hear(link: socket.socket) -> None:
        head_of(link)
        link.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
        link.makefile("rb").read(content.size)
        link.sendall(answer("200 OK"))

    with server(hear) as url:
        exchange, meter = transferred(Request("POST", url, body=content.payload()))
    assert (exchange.status, meter.sent) == (200, content.size)


@pytest.mark.parametrize("chunked", [False, True])
def test_what_comes_is_compared_meanwhile(chunked: bool) -> None:
    content = Generated(3 * BLOCK + 5, "seed")

    def give(link: socket.socket) -> None:
        head_of(link)
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {content.size}"
        link.sendall(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        for block in content.chunks():
            link.sendall(b"%x\r\n" % len(block) + block + b"\r\n" if chunked else block)
        link.sendall(b"0\r\n\r\n" if chunked else b"")

    comparison = content.comparison()
    with server(give) as url:
        exchange, _ = transferred(Request("GET", url), comparison)
    assert exchange.answer is not None
    assert comparison.equal
    assert exchange.answer.body == b""
    found = exchange.as_har()["response"]["content"]
    assert found["size"] == content.size
    assert found["text"].startswith("%PDF-1.4")
    assert found["_tail"].endswith("%%EOF\n")
    assert found["_sha256"] == hashlib.sha256(b"".join(content.chunks())).hexdigest()


def test_an_answer_that_ends_early_is_cut() -> None:
    content = Generated(3 * BLOCK, "seed")

    def give(link: socket.socket) -> None:
        head_of(link)
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % content.size)
        link.sendall(b"".join(content.chunks(BLOCK + 7)))

    comparison = content.comparison()
    with server(give) as url:
        exchange, _ = transferred(Request("GET", url), comparison)
    assert exchange.answer is not None
    assert exchange.answer.cut
    assert (comparison.equal, comparison.offset) == (False, BLOCK + 7)


def test_a_server_that_stops_sending_is_not_waited_for_long() -> None:
    content, released = Generated(3 * BLOCK, "seed"), threading.Event()

    def give(link: socket.socket) -> None:
        head_of(link)
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % content.size)
        link.sendall(b"".join(content.chunks(BLOCK + 7)))
        released.wait(10)

    comparison = content.comparison()
    with server(give) as url:
        exchange, _ = transferred(Request("GET", url), comparison, timeout_s=0.3)
        released.set()
    assert exchange.error == "timeout"
    assert (comparison.first_difference, comparison.received) == (None, BLOCK + 7)


@pytest.mark.parametrize("size", [100, BLOCK + 7])
def test_what_came_of_a_download_that_breaks_off_counts(size: int) -> None:
    content = Generated(3 * BLOCK, "seed")
    given = b"".join(content.chunks(size))  # which takes longer than the client waits

    def give(link: socket.socket) -> None:
        head_of(link)
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % content.size)
        link.sendall(given)
        released.wait(10)

    released, tally = threading.Event(), Tally()
    client = Client(Settings(timeout_s=0.3), lambda _: None, lambda: "x", tally=tally)
    with server(give) as url:
        comparison = content.comparison()
        exchange = client.once(
            Request("GET", url), Transfer(client, comparison, Meter(downward=content.size))
        )
        released.set()
    client.close()
    assert exchange.error == "timeout"
    assert tally.bytes >= size


def test_a_wait_within_a_download_ends_at_the_deadline() -> None:
    content, released = Generated(1000, "seed"), threading.Event()

    def give(link: socket.socket) -> None:
        head_of(link)
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n%")
        released.wait(20)

    with server(give) as url:
        exchange, _ = transferred(Request("GET", url), content.comparison(), timeout_s=9, deadline_s=0.3)
        released.set()
    assert exchange.error == "deadline"


def test_both_ways_over_tls_from_a_server_that_halts_now_and_then() -> None:
    content, authority, came = Generated(3 * BLOCK + 5, "seed"), trustme.CA(), hashlib.sha256()
    serving, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    authority.configure_trust(trusting)

    def talk(link: socket.socket) -> None:
        with serving.wrap_socket(link, server_side=True) as secure:
            head_of(secure)
            came.update(secure.makefile("rb").read(content.size))
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % content.size)
            for block in content.chunks():
                threading.Event().wait(0.02)
                secure.sendall(block)

    comparison = content.comparison()
    with server(talk) as url:
        request = Request("POST", url.replace("http:", "https:"), body=content.payload())
        exchange, _ = transferred(request, comparison, verify=trusting)
    assert exchange.status == 200, exchange.error
    assert comparison.equal
    assert came.hexdigest() == comparison.digest()


def test_memory_stays_flat() -> None:
    """What is held is a few blocks, however long the message is."""
    content = Generated(48 * BLOCK, "seed")

    def hear(link: socket.socket) -> None:
        head_of(link)
        reader = link.makefile("rb")
        for _ in range(48):
            reader.read(BLOCK)
        link.sendall(answer("200 OK"))

    b"".join(content.chunks(BLOCK))  # the pool is there before and afterwards
    tracemalloc.start()
    with server(hear) as url:
        exchange, _ = transferred(Request("POST", url, body=content.payload()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert exchange.status == 200
    assert peak < 8 * BLOCK


# --- against the reference ----------------------------------------------------------------------------------


@pytest.fixture
def running() -> Iterator[Running]:
    with running_server(EDITION) as found:
        yield found


@pytest.fixture
def run(running: Running, tmp_path: Path) -> Iterator[Run]:
    file = tmp_path / "target.yaml"
    file.write_text(running.target, encoding="utf-8")
    found = open_run(Options(target=str(file), run_id="large"))
    yield found
    found.close()


def case_of(run: Run, requirement: str = "OKD-LIM-001") -> Case:
    operation = run.edition.operations("dms", "upload")[0]
    spec = CaseSpec("large", run.bench.catalogue[requirement], "dms", operation, None)
    return Case(spec, run.bench)


def documents(running: Running) -> tuple[int, list[str]]:
    """How many documents the reference holds, and what else lies in its folder."""
    store = running.app.state.world.store
    return len(store.documents("dms")), [p.name for p in store.folder.glob("*.part")]


def test_a_message_has_exactly_its_size(run: Run) -> None:
    case = case_of(run)
    for operation, binding in large.uploads(case):
        for size in (4_000_000, 999_999, 1_000_500):
            offered = large.upload_of(case, operation, binding, message=size)
            assert offered.request.body is not None
            assert length_of(offered.request.body) == size


def test_a_limit_of_the_target_file_is_obeyed(run: Run) -> None:
    case = case_of(run)
    limits = replace(run.target.limits, max_message_bytes=1000)
    case.bench.target = replace(run.target, limits=limits)
    with pytest.raises(NotTested):
        large.upload_of(case, case.operation, case.binding, message=4_000_000)


def test_the_ledger_knows_what_a_generated_message_was_about(run: Run) -> None:
    case = case_of(run)
    exchange = large.offer(case, large.upload_of(case, case.operation, case.binding, message=1_000_000))
    (created,) = run.bench.ledger.open()
    assert created.document_type == case.binding.document_type
    assert run.bench.leaving.delete("dms", large.id_in(case, exchange) or "")
    assert run.bench.ledger.open() == []


@pytest.mark.parametrize("when", ["while it is sent", "when it has been sent"])
def test_an_interruption_leaves_nothing_behind(run: Run, running: Running, when: str) -> None:
    case = case_of(run)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupted: list[bool] = []

    def interrupt(moved: Moved) -> None:
        if not interrupted and moved.meter.sending == (when == "while it is sent"):
            interrupted.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    run.events.subscribe(Moved, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            large.offer(case, large.upload_of(case, case.operation, case.binding, message=3_900_000))
    finally:
        signal.signal(signal.SIGINT, before)
    stored = 0 if when == "while it is sent" else 1
    assert len(run.bench.ledger.open()) == stored
    assert run.bench.clean_up() == Left()
    run.bench.sending.send(case.canonical().request(), "barrier", "dms", case.operation)
    assert documents(running) == (1, [])  # the last one, which says that the server is done with the others


def test_the_second_interruption_always_passes() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    reached: list[int] = []

    def interrupted_twice() -> None:
        with held_back(lambda: False):
            for number in (1, 2):
                os.kill(os.getpid(), signal.SIGINT)
                reached.append(number)

    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted_twice()
    finally:
        signal.signal(signal.SIGINT, before)
    assert reached == [1]


def test_the_reference_passes_the_section() -> None:
    found = judged(EDITION, requirements=["OKD-LIM"], profile="full")
    statuses = {row: seen.status for (row, _), seen in found.items() if row in ROWS}
    assert statuses == dict.fromkeys(ROWS, "passed")


@pytest.mark.parametrize(("asked", "size", "tested"), [(True, 1, False), (False, 1, True), (False, 2, False)])
def test_only_a_large_message_that_was_sent_was_tested(
    running: Running, tmp_path: Path, asked: bool, size: int, tested: bool
) -> None:
    file = tmp_path / "target.yaml"
    file.write_text(running.target, encoding="utf-8")
    run = open_run(Options(target=str(file), run_id="large", report_dir=str(tmp_path / "r")))
    case = case_of(run)
    offered = large.upload_of(case, case.operation, case.binding, message=SHRUNK["message_bytes"] // size)
    if asked:
        case.send_asking_leave(offered.request, only_ask=True)
    else:
        large.offer(case, offered)
    findings = Findings(exchanges=[exchange.as_har() for exchange in case.exchanges])
    assert finish(run, findings, {}, [], 0).report.run.large_tested is tested
    run.close()


def test_one_operation_in_full_says_which_were_not(run: Run) -> None:
    run.bench.large = "one"
    case = case_of(run)
    sizes = [large.full_size_for(case, operation) for operation, _ in large.uploads(case)]
    assert sizes[0] == SHRUNK["message_bytes"]
    assert set(sizes[1:]) == {large.Sizes.of(run.edition).past_common[-1]}
    assert max(sizes[1:]) < SHRUNK["message_bytes"]


@pytest.mark.parametrize("name", ["limit-100-mb", "byte-changed-near-the-end", "too-large-kept-in-part"])
def test_a_fault_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, size in SHRUNK.items():  # the proof shrinks by itself
        monkeypatch.setitem(load_edition(EDITION).limits, limit, size * 250)  # type: ignore[arg-type]
    proof = prove_fault(name, EDITION)
    assert proof.holds, proof


def test_a_refused_size_is_narrowed_down(tmp_path: Path) -> None:
    with running_server(EDITION, faults=["limit-100-mb"]) as found:
        file = tmp_path / "target.yaml"
        file.write_text(found.target, encoding="utf-8")
        run = open_run(Options(target=str(file), run_id="large"))
        case = case_of(run)
        accepted, refused = large.limits_between(case, case.operation, case.binding)
        assert documents(found)[0] == 0
        run.close()
    limit = SHRUNK["message_bytes"] // 10
    assert accepted is not None
    assert accepted < limit < refused


# --- telling people -----------------------------------------------------------------------------------------


def shown(quiet: bool = False) -> tuple[ConsoleReporter, io.StringIO]:
    stream = io.StringIO()
    return ConsoleReporter(stream, "en", quiet=quiet), stream


def test_an_estimate_comes_first() -> None:
    console, stream = shown()
    console.bulk(12_000_000_000)
    assert (
        stream.getvalue()
        == "Large messages: 12.0 GB in all; that takes 2 min at 100 MB/s, 20 min at 10 MB/s\n"
    )


def test_progress_has_a_rate_and_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_TELL_EVERY_S", "_FIRST_WORD_S"):
        monkeypatch.setattr(f"okd_conformance.report.console.{name}", -1)
    console, stream = shown()
    console.moving(Meter(upward=10**9, sent=25 * 10**7, sending_s=2.5))
    assert stream.getvalue() == "250 of 1000 MB, 100 MB/s, 8 s left\n"


def test_what_comes_after_the_cases_is_told() -> None:
    console, stream = shown()
    console.cleaning_up(3, 70)
    console.cleaning_up(0)
    console.concluding()
    told = (
        "Cleaning up at the target: 3, about 1 min 10 s …",
        "Writing the report …",
    )
    assert tuple(stream.getvalue().splitlines()) == told


def test_a_long_wait_is_told_once_with_its_reason_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("okd_conformance.report.at_work._LONG_S", 0)
    console, stream = shown()
    with waiting(Why.BUSY, 70), waiting(Why.RATE, 1):
        console.look()
        console.look()
    console.look()
    told = "The target or the token endpoint is busy and asks to wait 1 min 10 s …\n"
    assert stream.getvalue() == told


def test_work_that_goes_on_for_long_is_told_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_TELL_EVERY_S", "_FIRST_WORD_S"):
        monkeypatch.setattr(f"okd_conformance.report.console.{name}", -1)
    console, stream = shown()
    console.look()
    assert stream.getvalue() == "Opening the target …\n"


def test_a_quiet_run_says_nothing_of_it() -> None:
    console, stream = shown(quiet=True)
    console.cleaning_up(3)
    console.concluding()
    console.bulk(10**9)
    console.moving(Meter(upward=10**9, sent=10**8, sending_s=1))
    assert stream.getvalue() == ""


def test_messages_past_common_limits_are_just_that() -> None:
    sizes = large.Sizes(10**9, 1 << 30)
    assert [size >> 20 for size in sizes.past_common] == [1, 10, 30, 100, 128, 256, 512]
    assert all(size & ((1 << 20) - 1) == 1 for size in sizes.past_common)
    assert sizes.over == 1_074_790_400
    assert re.fullmatch(r"1000000000 1000000001 1073741823 1073741824", " ".join(map(str, sizes.zone)))
