"""The reference on a real socket: framing, limits, interruptions, start and stop; and another edition."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from okd_conformance.base.paths import data_folder
from okd_conformance.reference import create_app, run_server, target_of
from okd_conformance.reference.server import listen
from okd_conformance.standard.edition import UnknownEditionError, load_edition
from support.reference_bench import BOUNDARY, Bench, bench, message, part

REFERENCE = Path(run_server.__code__.co_filename).parent
CHILD = """
import sys
from okd_conformance.reference import run_server
def ready(running):
    print(running.app.state.world.store.folder, running.base_url, flush=True)
run_server(on_ready=ready)
"""


@pytest.fixture(scope="module")
def okd() -> Iterator[Bench]:
    with bench() as instance:
        yield instance


def connected(okd: Bench, *lines: str) -> socket.socket:
    """A connection over which an upload has begun: its header is sent."""
    address = urlsplit(str(okd.http.base_url))
    connection = socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10)
    head = [
        f"POST {okd.url(okd.operation('upload_to_association'))} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {okd.token()}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        "Connection: close",
        *lines,
    ]
    connection.sendall("\r\n".join([*head, "", ""]).encode())
    return connection


def answered(connection: socket.socket) -> bytes:
    """Everything that comes until the server closes the connection."""
    found = b""
    while data := connection.recv(65536):
        found += data
    return found


def sample(okd: Bench) -> bytes:
    return message([okd.metadata_part(), part("file", b"x" * 100_000, "application/pdf")])


def test_a_body_in_chunks_of_any_size(okd: Bench) -> None:
    for size in (1, 977, 65_536):
        whole = message([okd.metadata_part(), part("file", b"\r\n--" * 40, "application/pdf")])
        pieces = (whole[i : i + size] for i in range(0, len(whole), size))
        with connected(okd, "Transfer-Encoding: chunked") as connection:
            for piece in pieces:
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.sendall(b"0\r\n\r\n")
            assert answered(connection).startswith(b"HTTP/1.1 200 ")


def test_expect_continue_is_answered_before_the_body(okd: Bench) -> None:
    body = sample(okd)
    with connected(okd, f"Content-Length: {len(body)}", "Expect: 100-continue") as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert answered(connection).startswith(b"HTTP/1.1 200 ")


def test_what_is_too_large_is_refused_before_it_is_sent(okd: Bench) -> None:
    with connected(okd, f"Content-Length: {2**31}", "Expect: 100-continue") as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("fault", "length"), [("leave-asked-500", 2**31), ("between-the-readings-500", 10**9 + 1)]
)
def test_faults_that_show_before_a_large_body(fault: str, length: int) -> None:
    with (
        bench(faults=[fault]) as okd,
        connected(okd, f"Content-Length: {length}", "Expect: 100-continue") as connection,
    ):
        assert connection.recv(65536).startswith(b"HTTP/1.1 500 ")


def test_an_interrupted_upload_leaves_nothing(okd: Bench) -> None:
    body = message([okd.metadata_part(), part("file", b"x" * 3_000_000, "application/pdf")])
    before = okd.count()
    connection = connected(okd, f"Content-Length: {len(body)}")
    connection.sendall(body[:-100])
    connection.shutdown(socket.SHUT_WR)
    assert answered(connection) == b""
    connection.close()
    assert okd.count() == before
    assert [file for file in okd.world.store.folder.iterdir() if file.suffix == ".part"] == []


def test_paths_and_methods(okd: Bench) -> None:
    prefix = okd.edition.roles["dms"].path_prefix
    for path in (prefix, prefix + "/"):
        assert okd.http.get(path).status_code == 200
    for path in ("/", "/nowhere", f"{prefix}/nowhere", f"{prefix}//"):
        answer = okd.http.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == okd.edition.media_types["problem"]
    for operation in okd.edition.operations():
        answer = okd.http.request("TRACE", okd.url(operation, dms_document_id="x"))
        assert answer.status_code == 405
        assert operation.method in answer.headers["allow"].split(", ")
    head = okd.send("read_document", ids={"dms_document_id": okd.stored()})
    assert okd.http.head(head.url, headers=okd.auth()).status_code == 200


def test_hooks_refuse_what_they_cannot_do(okd: Bench) -> None:
    for name, given, status in (
        ("nothing", {}, 404),
        ("lock", {"role": "dms", "document_id": "x", "locked": True}, 404),
        ("lock", {"role": "dms", "document_id": okd.stored(), "locked": 1}, 400),
        ("show_filing", {"role": "nobody"}, 400),
        ("register", {"role": "dms", "component": "x", "content_base64": "!"}, 400),
    ):
        answer = okd.http.post(f"/hooks/{name}", json=given)
        assert (answer.status_code, list(answer.json())) == (status, ["error"]), name
    assert okd.http.post("/hooks/lock", content=b"[]").status_code == 400
    assert okd.http.post("/hooks/lock", content=b"{").status_code == 400


def test_a_bug_of_ours_is_a_problem_document(okd: Bench) -> None:
    def broken(_call: object) -> None:
        raise ZeroDivisionError

    kept = okd.world.behaviour.check_operation_rights
    okd.world.behaviour.check_operation_rights = broken
    try:
        answer = okd.read("0" * 8 + "-0000-4000-8000-" + "0" * 12)
    finally:
        okd.world.behaviour.check_operation_rights = kept
    assert (answer.status_code, answer.json()["status"]) == (500, 500)
    assert answer.headers["content-type"] == okd.edition.media_types["problem"]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_leaves_nothing_behind(sign: signal.Signals) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    folder, base_url = child.stdout.readline().split()
    assert base_url.startswith("http://127.0.0.1:")
    assert Path(folder).is_dir()
    with socket.create_connection(("127.0.0.1", int(base_url.rpartition(":")[2])), timeout=10) as connection:
        connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answered(connection).startswith(b"HTTP/1.1 404 ")
    child.send_signal(sign)
    output, errors = child.communicate(timeout=20)
    assert (child.returncode, output, errors) == (0, "", "")
    assert not Path(folder).exists()


def test_a_taken_port_is_an_error() -> None:
    with listen() as taken:
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            listen(taken.getsockname()[1])


def test_only_the_roles_asked_for_are_served() -> None:
    target = target_of("http://127.0.0.1:1", roles=["bpv"])
    assert list(target["roles"]) == ["bpv"]
    with pytest.raises(LookupError, match="'sis'"):
        create_app("okd-1.5", roles=["sis"], base_url="http://127.0.0.1:1")
    with pytest.raises(UnknownEditionError):
        create_app("okd-9", base_url="http://127.0.0.1:1")


@pytest.fixture
def moved_edition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An imaginary edition: other names for some fields, another path, scope and media type."""
    folder = tmp_path / "okd-imaginary"
    shutil.copytree(data_folder("specs") / "okd-1.5", folder)
    changes = {
        "documentName": "titleOfDocument",
        "dmsDocumentId": "archiveId",
        "personId": "studentId",
        "documentTempDownloadUrl": "link",
        "/documents/_registerdmsdocument": "/registrations",
        "okd:alldocuments": "okd:everything",
        "application/problem+json": "application/problem2+json",
        "{personId}": "{who}",
        "metadata: {contentType": "facts: {contentType",
        "required: [metadata, file]": "required: [facts, file]",
        "id: okd-1.5": "id: okd-imaginary",
    }
    for file in folder.rglob("*.yaml"):
        text = file.read_text("utf-8")
        for old, new in changes.items():
            text = text.replace(old, new)
        text = re.sub(r"^(\s+)metadata:(?= \{\$ref: schemas|$)", r"\1facts:", text, flags=re.M)
        file.write_text(text, "utf-8")
    monkeypatch.setenv("OKD_SPECS", str(tmp_path))
    return "okd-imaginary"


def test_another_edition_is_served_without_a_change_in_python(moved_edition: str) -> None:
    with bench(moved_edition) as okd:
        assert okd.edition.id == moved_edition
        assert okd.operation("register_document", "bpv").path == "/registrations"
        facts = part("facts", okd.metadata().json(), "application/json")
        answer = okd.upload(parts=[facts, part("file", b"1", "application/pdf")])
        assert list(answer.json()) == ["archiveId"]
        document = answer.json()["archiveId"]
        assert okd.read(document).content == b"1"
        assert {"archiveId", "titleOfDocument", "link"} <= set(okd.facts(document).value)
        body = okd.registration("bpv")
        assert {"archiveId", "studentId"} <= set(body.value)
        assert okd.register(body, "bpv").status_code == 200
        refused = okd.read(document, headers={})
        assert refused.headers["content-type"] == "application/problem2+json"
        assert "okd:everything" in okd.target["auth"]["clients"][0]["scopes"]


def test_no_name_of_the_standard_stands_in_the_code() -> None:
    edition = load_edition("okd-1.5")
    text = json.dumps([edition.document(name) for name in {r.document for r in edition.roles.values()}])
    fields = {name for name in re.findall(r'"(\w+)": \{', text) if re.search("[a-z][A-Z]", name)}
    paths = {
        p for role in edition.roles for o in edition.operations(role) for p in o.path.split("/") if len(p) > 1
    }
    literal = (
        fields | set(edition.scopes) | {f"/{p}" for p in paths} | {p for p in paths if p.startswith("_")}
    )
    found = {
        (file.name, name)
        for file in REFERENCE.rglob("*.py")
        for name in literal
        if f'"{name}"' in file.read_text("utf-8")
    }
    assert found == set()


def test_the_target_file_can_be_read_back() -> None:
    with bench() as okd:
        assert okd.target["edition"] == "okd-1.5"
        assert set(okd.target["hooks"]) == {"show_filing", "lock", "destroy", "register"}
        assert yaml.safe_load(yaml.safe_dump(okd.target)) == okd.target
        assert all(url.startswith(str(okd.http.base_url)) for url in okd.target["hooks"].values())
