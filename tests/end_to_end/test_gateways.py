"""The reference behind gateways that nobody here wrote: it is as conformant there as alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from okd_conformance.reference import Running, running_server
from support.command import okd, read
from support.gateways import apache, nginx

Gateway = Callable[[Path, int], AbstractContextManager[int]]
GATEWAYS: dict[str, Gateway] = {"nginx": nginx, "apache": apache}


@pytest.fixture(scope="module")
def reference() -> Iterator[Running]:
    with running_server() as running:
        yield running


def behind(folder: Path, running: Running, port: int) -> Path:
    """The target file of the reference, with the gateway's port in every role's address."""
    target = yaml.safe_load(running.target)
    own = port_of(running)
    for role in target["roles"].values():
        role["base_url"] = role["base_url"].replace(f":{own}/", f":{port}/")
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump(target, sort_keys=False), encoding="utf-8")
    return file


def port_of(running: Running) -> int:
    """The port of the reference."""
    roles = yaml.safe_load(running.target)["roles"].values()
    return urlsplit(next(iter(roles))["base_url"]).port or 80


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_reference_behind_a_gateway_is_conformant(
    gateway: str, reference: Running, tmp_path: Path
) -> None:
    with GATEWAYS[gateway](tmp_path, port_of(reference)) as port:
        file = behind(tmp_path, reference, port)
        done = okd(tmp_path, str(file), "--allow-hooks", "--report-dir", "r")
    report = read(tmp_path / "r")
    accused = {row["id"]: row["status"] for row in report["requirements"] if row["status"] in BAD}
    assert (done.returncode, accused) == (0, {}), done.stdout[-3000:]


WITHIN_THE_DEFAULT = ()
ON_SIZES = ("--requirement", "OKD-LIM", "--profile", "full", "--large", "one")


@pytest.mark.parametrize("narrowed", [WITHIN_THE_DEFAULT, ON_SIZES], ids=["all", "sizes"])
def test_nginx_with_its_limit_of_1_mb_fails_only_rows_on_sizes(
    narrowed: tuple[str, ...], reference: Running, tmp_path: Path
) -> None:
    """Its default lets no large document in; what is said of those rows names that limit."""
    with nginx(tmp_path, port_of(reference), max_body=None) as port:
        file = behind(tmp_path, reference, port)
        done = okd(tmp_path, str(file), "--allow-hooks", "--report-dir", "r", *narrowed)
    accused = [row for row in read(tmp_path / "r")["requirements"] if row["status"] in BAD]
    assert {row["id"] for row in accused if not row["id"].startswith("OKD-LIM-")} == set()
    failed = [c for row in accused for c in row["cases"] if c["status"] == "failed"]
    assert failed
    assert done.returncode == 1
    for case in failed:
        assert "413" in case["summary"]["en"]
        assert any("bytes" in note["en"] for note in case["notes"])
        assert "client_max_body_size" in case["remedy"]["en"]


BAD = {"failed", "inconclusive", "suite_fault"}
"""A gateway may cause warnings, as its pages are no problem documents."""
