"""What real programs between the suite and a product want is named, and not held against the product."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from okd_conformance.reference import Running, running_server
from okd_conformance.run.check_config import check_target
from support.command import okd, read
from support.gateways import http2_only, nginx, tinyproxy

CHOSEN = ("OKD-SRV-001", "OKD-MPT-001", "OKD-AUT-003", "OKD-GEN-014")


@pytest.fixture(scope="module")
def reference() -> Iterator[Running]:
    with running_server(roles=["dms"]) as running:
        yield running


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "root.pem"))
    made.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    return made


def described(folder: Path, running: Running, base_url: str | None = None, **more: Any) -> Path:
    """The target file of the reference, reached at another address."""
    target: dict[str, Any] = yaml.safe_load(running.target)
    if base_url is not None:
        target["roles"]["dms"]["base_url"] = base_url
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump({**target, **more}, sort_keys=False), encoding="utf-8")
    return file


def nobody_is_accused(folder: Path, file: Path, words: str) -> None:
    """The run ends incomplete, with the cause in words and nothing failed."""
    chosen = [word for name in CHOSEN for word in ("--requirement", name)]
    done = okd(folder, str(file), *chosen, "--report-dir", "r", "--lang", "en")
    report = read(folder / "r")
    failed = [row["id"] for row in report["requirements"] if row["status"] in {"failed", "warning"}]
    assert (done.returncode, failed) == (3, [])
    assert words in (folder / "r" / "report.json").read_text("utf-8")


def behind_nginx(folder: Path, running: Running, **tls: str) -> Iterator[Path]:
    """The target file for an nginx that wants a client certificate of one authority."""
    asked = f"ssl_client_certificate {folder}/root.pem; ssl_verify_client on; ssl_verify_depth 3;"
    own = f"ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;"
    port = int(yaml.safe_load(running.target)["roles"]["dms"]["base_url"].split(":")[2].split("/")[0])
    with nginx(folder, port, tls=(own, asked)) as front:
        url = f"https://localhost:{front}/dms/okd/v1"
        yield described(folder, running, url, tls={"ca_file": "root.pem", **tls})


@pytest.mark.parametrize("shown", ["nothing", "no intermediate"])
def test_nginx_that_wants_another_client_certificate(
    reference: Running, authority: trustme.CA, tmp_path: Path, capsys: pytest.CaptureFixture[str], shown: str
) -> None:
    given = client_certificate(authority, tmp_path, whole=False) if shown == "no intermediate" else {}
    for file in behind_nginx(tmp_path, reference, **given):
        assert check_target(str(file), None, "en") != 0
        told = capsys.readouterr().out
        assert "the server wants to see a client certificate (TLS), and got none that it takes" in told
        assert "intermediate certificates" in told
        nobody_is_accused(tmp_path, file, "client certificate")


def test_nginx_with_the_whole_chain_is_no_obstacle(
    reference: Running, authority: trustme.CA, tmp_path: Path
) -> None:
    for file in behind_nginx(tmp_path, reference, **client_certificate(authority, tmp_path, whole=True)):
        assert check_target(str(file), None, "en") == 0


def client_certificate(authority: trustme.CA, folder: Path, *, whole: bool) -> dict[str, str]:
    """A client certificate from an intermediate authority, with or without that one's own."""
    issued = authority.create_child_ca().issue_cert("client@example.org")
    certificates = issued.cert_chain_pems if whole else issued.cert_chain_pems[:1]
    pem = b"".join(part.bytes() for part in (issued.private_key_pem, *certificates))
    (folder / "client.pem").write_bytes(pem)
    return {"client_cert": "client.pem"}


@pytest.mark.usefixtures("authority")
def test_a_server_of_http2_alone(
    reference: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with http2_only(tmp_path, tmp_path / "server.pem") as port:
        url = f"https://localhost:{port}/okd/v1"
        file = described(tmp_path, reference, url, tls={"ca_file": "root.pem"})
        assert check_target(str(file), None, "en") != 0
        assert "only HTTP/2" in capsys.readouterr().out
        nobody_is_accused(tmp_path, file, "only HTTP/2")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"login": "okd geheim"}, "wants a name and password (407)"),
        ({"only": "nobody"}, "refuses to connect"),
    ],
)
def test_a_proxy_that_does_not_let_through(
    reference: Running,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, str],
    words: str,
) -> None:
    with tinyproxy(tmp_path, **settings) as port:  # type: ignore[arg-type]
        file = described(tmp_path, reference, http={"proxy": f"http://127.0.0.1:{port}"})
        assert check_target(str(file), None, "en") != 0
        assert words in capsys.readouterr().out
        nobody_is_accused(tmp_path, file, words)


def test_a_proxy_with_the_right_login_is_no_obstacle(reference: Running, tmp_path: Path) -> None:
    with tinyproxy(tmp_path, "okd geheim") as port:
        file = described(tmp_path, reference, http={"proxy": f"http://okd:geheim@127.0.0.1:{port}"})
        assert check_target(str(file), None, "en") == 0
