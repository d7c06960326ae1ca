"""Tokens of an OpenID provider that nobody here wrote, by every way in which a client can show who it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from okd_conformance.reference import Running, running_server
from okd_conformance.run.check_config import check_target
from support.command import okd, read
from support.provider import IN_THE_TARGET_FILE, RESOURCE, Provider, needed, provider

ALL_ROWS = ("--requirement", "OKD-AUT", "--role", "dms")
TOKEN_TAKEN = ("--requirement", "OKD-AUT-005", "--role", "dms")
BAD = {"failed", "inconclusive", "suite_fault"}


@pytest.fixture(autouse=True)
def _is_installed() -> None:
    needed()


@pytest.fixture(scope="module")
def reference() -> Iterator[Running]:
    with running_server(roles=["dms"]) as running:
        yield running


def believing(running: Running, of: Provider) -> None:
    """Let the reference take the provider's tokens instead of its own."""
    issuer = running.app.state.world.issuer
    issuer.name, issuer.audience, issuer.key = of.issuer, RESOURCE, of.key


def described(folder: Path, running: Running, of: Provider, **auth: Any) -> Path:
    """The target file of the reference, with the provider for its tokens."""
    target = yaml.safe_load(running.target)
    target.update(auth={**of.auth, **auth}, tls=of.tls)
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump(target, sort_keys=False), encoding="utf-8")
    return file


def clients_of(running: Running) -> tuple[Sequence[dict[str, Any]], Sequence[str]]:
    clients = yaml.safe_load(running.target)["auth"]["clients"]
    return clients, sorted({scope for client in clients for scope in client["scopes"]})


def run(folder: Path, file: Path, *rows: str) -> tuple[int, dict[str, str], str]:
    """The exit code, what is wrong by requirement, and the screen."""
    done = okd(folder, str(file), *rows, "--report-dir", "r", "--lang", "en")
    report = read(folder / "r")
    wrong = {row["id"]: row["status"] for row in report["requirements"] if row["status"] in BAD}
    return done.returncode, wrong, done.stdout


@pytest.mark.parametrize("way", IN_THE_TARGET_FILE)
def test_a_client_is_known_and_its_tokens_are_taken(way: str, reference: Running, tmp_path: Path) -> None:
    rows = ALL_ROWS if way == "client_secret_basic" else TOKEN_TAKEN
    with provider(tmp_path, way, *clients_of(reference)) as found:
        believing(reference, found)
        signing = {"signing_key": found.key.as_dict(private=True)}
        file = described(tmp_path, reference, found, extra={"resource": RESOURCE}, **signing)
        code, wrong, screen = run(tmp_path, file, *rows)
    assert (code, wrong) == (0, {}), screen


def test_a_signed_jwt_may_have_to_be_for_the_issuer(reference: Running, tmp_path: Path) -> None:
    with provider(tmp_path, "private_key_jwt", *clients_of(reference), strict=True) as found:
        believing(reference, found)
        file = described(tmp_path, reference, found, extra={"resource": RESOURCE})
        code, wrong, screen = run(tmp_path, file, *TOKEN_TAKEN)
    assert (code, wrong) == (0, {}), screen


def test_the_address_that_the_issuer_publishes_is_judged_too(reference: Running, tmp_path: Path) -> None:
    with provider(tmp_path, "client_secret_post", *clients_of(reference)) as found:
        believing(reference, found)
        file = described(tmp_path, reference, found, extra={"resource": RESOURCE})
        run(tmp_path, file, "--requirement", "OKD-AUT-020", "--role", "dms")
    report = read(tmp_path / "r")
    [row] = [row for row in report["requirements"] if row["id"] == "OKD-AUT-020" and row["cases"]]
    assert {c["status"] for c in row["cases"] if "address=token" in c["id"]} == {"passed"}
    assert report["target"]["token_url"] == f"{found.issuer}/token"


def test_tokens_for_nobody_in_particular_are_not_the_fault_of_the_target(
    reference: Running, tmp_path: Path
) -> None:
    """Without the resource the provider gives tokens that mean nothing to the target."""
    with provider(tmp_path, "client_secret_basic", *clients_of(reference)) as found:
        believing(reference, found)
        file = described(tmp_path, reference, found)
        code, wrong, screen = run(tmp_path, file, *TOKEN_TAKEN, "--requirement", "OKD-MPT-001")
    assert (code, set(wrong.values())) == (3, {"inconclusive"})
    assert "do these tokens belong to this address" in screen


@pytest.mark.parametrize("way", ["client_secret_basic", "private_key_jwt", "tls_client_auth"])
def test_clients_that_are_all_refused_are_told_by_check_config(
    way: str, reference: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clients, scopes = clients_of(reference)
    with provider(tmp_path, way, clients, scopes) as found:
        strangers = [{**client, "client_id": f"no-{client['client_id']}"} for client in clients]
        code = check_target(str(described(tmp_path, reference, found, clients=strangers)), None, "en")
    shown = capsys.readouterr().out
    assert code == 2
    refused = "the token endpoint refuses auth.clients[0] (401: invalid_client: client authentication failed)"
    assert len([line for line in shown.splitlines() if line.startswith("x ") and refused in line]) == 1
