"""A gateway with default settings is no deviation: the reference stays conformant behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from okd_conformance.reference import Running, running_server
from support.command import okd, read, statuses, written
from support.gateways import GATEWAYS, gateway

ACCUSED = {"failed", "inconclusive", "suite_fault"}


@pytest.fixture(scope="module")
def dms() -> Iterator[Running]:
    with running_server(roles=["dms"]) as running:
        yield running


def at(address: str, running: Running, folder: Path) -> Path:
    """The target file of the reference behind a gateway; tokens come straight from its issuer."""
    behind = running.base_url

    def moved(described: dict[str, Any]) -> None:
        for role in described["roles"].values():
            role["base_url"] = role["base_url"].replace(behind, address)

    return written(folder, running, moved)


@pytest.mark.parametrize("name", GATEWAYS)
def test_the_reference_is_conformant_behind_it(name: str, dms: Running, tmp_path: Path) -> None:
    """Only what nobody's gateway passes on by default may be warned of."""
    conf = tmp_path / "gateway"
    conf.mkdir()
    with gateway(name, conf, dms.base_url) as address:
        target = at(address, dms, tmp_path)
        assert address in str(yaml.safe_load(target.read_text("utf-8"))["roles"])
        done = okd(tmp_path, str(target), "--report-dir", "report")
    report = read(tmp_path / "report")
    accused = {case: status for case, status in statuses(report).items() if status in ACCUSED}
    assert accused == {}
    assert (report["verdict"], done.returncode) == ("conformant", 0)
