"""The rows about the connection, with real handshakes against the reference behind TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
import uvicorn
import yaml

from okd_conformance.checks.marking import load_suites
from okd_conformance.judge.outcome import Status
from okd_conformance.proof.proving import Row, rows, run_cases
from okd_conformance.reference import create_app, running_server, target_of
from okd_conformance.run.options import Options
from okd_conformance.run.run import open_run

HANDSHAKE = b"\x16"
ROLE = "dms"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>Welcome</h1>"


@dataclass(frozen=True)
class Server:
    """A reference behind TLS, and the target file for it."""

    target: Path


def server_context(authority: trustme.CA, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = lowest
    context.maximum_version = highest
    context.set_ciphers("ALL:@SECLEVEL=0")
    authority.issue_cert("localhost").configure_cert(context)
    return context


@contextlib.contextmanager
def behind(
    context: ssl.SSLContext, port_holder: socket.socket, app: object, plain: bool | bytes
) -> Iterator[None]:
    """Serve ``app`` on a socket that takes TLS; over plain http too, or this fixed answer, when asked to."""
    backend = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    backend.bind(("127.0.0.1", 0))
    backend.listen()
    config = uvicorn.Config(app, log_level="error", access_log=False)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [backend]}, daemon=True)
    thread.start()
    stopping = threading.Event()
    door = threading.Thread(
        target=answer_the_door,
        args=(port_holder, context, backend.getsockname(), plain, stopping),
        daemon=True,
    )
    door.start()
    try:
        yield
    finally:
        stopping.set()
        with contextlib.suppress(OSError), socket.create_connection(port_holder.getsockname(), timeout=5):
            pass
        server.should_exit = True
        door.join(timeout=10)
        thread.join(timeout=10)
        port_holder.close()


def answer_the_door(
    listening: socket.socket,
    context: ssl.SSLContext,
    backend: tuple[str, int],
    plain: bool | bytes,
    stopping: threading.Event,
) -> None:
    while not stopping.is_set():
        connection, _ = listening.accept()
        threading.Thread(target=let_in, args=(connection, context, backend, plain), daemon=True).start()


def let_in(
    connection: socket.socket, context: ssl.SSLContext, backend: tuple[str, int], plain: bool | bytes
) -> None:
    connection.settimeout(20)
    with contextlib.suppress(OSError), contextlib.closing(connection):
        first = connection.recv(1, socket.MSG_PEEK)
        if first == HANDSHAKE:
            carry(context.wrap_socket(connection, server_side=True), backend)
        elif isinstance(plain, bytes):
            connection.recv(65536)
            connection.sendall(plain)
        elif plain and first:
            carry(connection, backend)


def carry(front: socket.socket, backend: tuple[str, int]) -> None:
    with socket.create_connection(backend, timeout=20) as back:
        other = threading.Thread(target=pump, args=(back, front), daemon=True)
        other.start()
        pump(front, back)
        other.join(timeout=20)


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def secured(
    folder: Path,
    *,
    lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    trusted: bool = True,
    plain: bool | bytes = False,
    links: str = "https",
) -> Iterator[Path]:
    """A reference behind TLS, whose own links have the scheme ``links``; gives its target file."""
    authority = trustme.CA()
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    base_url = f"https://localhost:{listening.getsockname()[1]}"
    app = create_app("okd-1.5", base_url=f"{links}{base_url.removeprefix('https')}")
    target = target_of(base_url, roles=[ROLE])
    shown = authority if trusted else trustme.CA()
    shown.cert_pem.write_to_path(str(folder / "root.pem"))
    target["tls"] = {"ca_file": "root.pem"}
    target["limits"]["timeout_s"] = 5
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump(target), "utf-8")
    with behind(server_context(authority, lowest, highest), listening, app, plain):
        yield file


def judged(target: Path, *requirements: str) -> dict[Row, Status]:
    options = Options(target=str(target), run_id="tls", requirements=requirements)
    run = open_run(options)
    try:
        found = rows(run_cases(run, run.selection))
    finally:
        run.close()
    return {requirement: Status(seen.status) for (requirement, _), seen in found.items()}  # type: ignore[misc]


ALL = ("OKD-AUT-001", "OKD-AUT-002", "OKD-AUT-003", "OKD-AUT-004")


def test_tls_1_3_only_passes(tmp_path: Path) -> None:
    with secured(tmp_path) as target:
        assert judged(target, *ALL) == dict.fromkeys(ALL, Status.PASSED)


def test_tls_1_2_beside_1_3_is_seen(tmp_path: Path) -> None:
    with secured(tmp_path, lowest=ssl.TLSVersion.TLSv1_2) as target:
        found = judged(target, *ALL)
    assert found["OKD-AUT-002"] == Status.FAILED
    assert found["OKD-AUT-001"] == found["OKD-AUT-004"] == Status.PASSED


def test_only_tls_1_2_is_seen(tmp_path: Path) -> None:
    with secured(tmp_path, lowest=ssl.TLSVersion.TLSv1_2, highest=ssl.TLSVersion.TLSv1_2) as target:
        found = judged(target, "OKD-AUT-001", "OKD-AUT-002")
    assert found["OKD-AUT-001"] == found["OKD-AUT-002"] == Status.FAILED


def test_data_over_plain_http_is_seen(tmp_path: Path) -> None:
    with secured(tmp_path, plain=True) as target:
        assert judged(target, "OKD-AUT-003")["OKD-AUT-003"] == Status.FAILED


def test_a_fixed_page_over_plain_http_is_not_blamed(tmp_path: Path) -> None:
    with secured(tmp_path, plain=PAGE) as target:
        assert judged(target, "OKD-AUT-003")["OKD-AUT-003"] == Status.PASSED


def test_a_download_address_behind_tls_1_3_passes(tmp_path: Path) -> None:
    with secured(tmp_path) as target:
        assert judged(target, "OKD-AUT-020")["OKD-AUT-020"] == Status.PASSED


def test_a_download_address_over_plain_http_is_seen(tmp_path: Path) -> None:
    with secured(tmp_path, plain=True, links="http") as target:
        assert judged(target, "OKD-AUT-020")["OKD-AUT-020"] == Status.FAILED


def test_a_download_address_with_tls_1_2_only_is_seen(tmp_path: Path) -> None:
    with secured(tmp_path, lowest=ssl.TLSVersion.TLSv1_2, highest=ssl.TLSVersion.TLSv1_2) as target:
        assert judged(target, "OKD-AUT-020")["OKD-AUT-020"] == Status.FAILED


def test_a_certificate_that_nobody_vouches_for_is_seen_and_nothing_else_is_blamed(tmp_path: Path) -> None:
    with secured(tmp_path, trusted=False) as target:
        found = judged(target, "OKD-AUT-004", "OKD-SRV-001")
    assert found == {"OKD-AUT-004": Status.FAILED, "OKD-SRV-001": Status.INCONCLUSIVE}


@pytest.mark.parametrize(("elsewhere", "status"), [(False, Status.FAILED), (True, Status.NOT_TESTED)])
def test_plain_http_beyond_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool, status: Status
) -> None:
    load_suites()
    monkeypatch.setattr(sys.modules["test_aut_transport"], "is_loopback", lambda _url: False)
    with running_server(roles=[ROLE]) as running:
        target = yaml.safe_load(running.target)
        target["tls"] = {"terminated_elsewhere": elsewhere}
        file = tmp_path / "target.yaml"
        file.write_text(yaml.safe_dump(target), "utf-8")
        found = judged(file, *ALL)
    assert {name: found[name] for name in ALL} == dict.fromkeys(ALL, status)


def test_a_server_that_nobody_finds_is_not_blamed_for_plain_http(tmp_path: Path) -> None:
    target = target_of("http://dms.example.org", roles=[ROLE])
    file = tmp_path / "target.yaml"
    file.write_text(yaml.safe_dump({**target, "hooks": {}}), "utf-8")
    found = judged(file, *ALL)
    assert {name: found[name] for name in ALL} == dict.fromkeys(ALL, Status.INCONCLUSIVE)
