"""What is wrong in a target file is told as that: never exit 1, and the first line names the cause."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Text
from okd_conformance.judge.verdict import exit_code
from okd_conformance.proof.proving import run_cases
from okd_conformance.reference import Running, running_server
from okd_conformance.report.console import ConsoleReporter
from okd_conformance.run.check_config import check_target
from okd_conformance.run.finishing import finish_unreached
from okd_conformance.run.opening import reached
from okd_conformance.run.options import Options
from okd_conformance.run.refused import UnreachableError
from okd_conformance.standard.set_up import load_causes
from support.relay import Own, Rule, always, relay

ROWS = ["MPT-001", "F01-001", "F07-001", "F07-012", "REG-001", "REG-013", "F12-003", "F12-005", "AUT-011"]
OTHER = "3d1a0c55-0a3e-4f6e-9b3a-5b8b1c1d7e01"
Value = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running_server("okd-1.5") as running:
        yield running


def written(folder: Path, value: Value) -> Path:
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump(value, sort_keys=False), "utf-8")
    return file


def ran(folder: Path, value: Value, *rows: str) -> tuple[int, str, dict[str, str]]:
    """Run some rows, in this process: exit code, first line on the screen, and the status of each row."""
    requirements = tuple(f"OKD-{row}" for row in rows or ROWS)
    file, screen = written(folder, value), io.StringIO()
    options = Options(
        target=str(file), requirements=requirements, report_dir=str(folder / "r"), run_id="set-up"
    )
    try:
        with reached(options) as run:
            report = run_cases(run, run.selection)
    except UnreachableError as error:
        report = finish_unreached(error).report
    except ConfigurationError as error:
        return ExitCode.USAGE, error.render("en"), {}
    ConsoleReporter(screen, "en", quiet=True).finish(report, None)
    found = {f"{row.id} {row.role}": str(row.status) for row in report.requirements if row.cases}
    return exit_code(report.verdict), screen.getvalue().splitlines()[0], found


def line_of(folder: Path, text: str, after: str = "") -> int:
    lines = (folder / "target.yaml").read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if after in line)
    return next(i for i, line in enumerate(lines) if i >= start and text in line) + 1


@pytest.mark.parametrize(
    ("place", "new"),
    [
        ("person_id", OTHER),
        ("student_number", "7654321"),
        ("association_id", OTHER),
        ("sequence_code", "7.7"),
        ("second_association.association_id", OTHER),
        ("offering_id", OTHER),
        ("exam_code", "NO-7X-7"),
        ("exam_code_path", "/NO/SUCH"),
    ],
)
def test_unknown_test_data(server: Running, tmp_path: Path, place: str, new: str) -> None:
    value = yaml.safe_load(server.target)
    *groups, name = place.split(".")
    inner = value["fixtures"]
    for group in groups:
        inner = inner[group]
    inner[name] = new
    code, first, found = ran(tmp_path, value)
    assert code == 3
    assert "failed" not in found.values()
    assert first.startswith("The target file first: target.yaml:")
    assert "(fixtures." in first


def test_the_line_of_unknown_test_data_is_the_one_to_look_at(server: Running, tmp_path: Path) -> None:
    value = yaml.safe_load(server.target)
    value["fixtures"]["person_id"] = OTHER
    _, first, _ = ran(tmp_path, value, "REG-001")
    line = line_of(tmp_path, "person_id")
    assert f"target.yaml:{line} (fixtures.person_id): inschrijven does not know this test data" in first
    page = (tmp_path / "r" / "report.html").read_text("utf-8").replace("<wbr>", "")
    assert f"target.yaml:{line} (fixtures.person_id)" in page.partition('id="findings"')[0]
    assert f"target.yaml:{line}" in (tmp_path / "r" / "summary.md").read_text("utf-8")


def test_test_data_that_is_wrong_altogether(server: Running, tmp_path: Path) -> None:
    value = yaml.safe_load(server.target)
    text = json.dumps(value["fixtures"])
    value["fixtures"] = json.loads(text.translate(str.maketrans("123456", "345612")))
    code, first, found = ran(tmp_path, value)
    assert code == 3
    assert "failed" not in found.values()
    assert "(fixtures." in first


def addressed(value: Value, change: Callable[[str], str]) -> Value:
    for role in value["roles"].values():
        role["base_url"] = change(role["base_url"])
    return value


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("/okd/v1", "/okd/v2", "is the path of the address right?"),
        ("http:", "https:", "is https:// right in the address?"),
    ],
)
def test_a_wrong_path_or_scheme(server: Running, tmp_path: Path, old: str, new: str, words: str) -> None:
    value = addressed(yaml.safe_load(server.target), lambda url: url.replace(old, new))
    code, first, found = ran(tmp_path, value, *ROWS, "AUT-001", "AUT-003", "GEN-016", "SRV-001")
    assert [row for row, status in found.items() if status == "failed"] == []
    assert code == 3
    assert f"target.yaml:{line_of(tmp_path, 'base_url', 'dms:')} (roles.dms.base_url)" in first
    assert words in first


SECURE = {"Location": "https://dms.example/"}
GATEWAYS: list[tuple[Rule, str]] = [
    (always(200), "is there a gateway or another service at this address?"),
    (always(302, Location="/login"), "is there a gateway or another service at this address?"),
    (always(301, **SECURE), "write https:// in the address"),
    (always(400), "does https listen here, while the address says http://?"),
    (always(401), "do these tokens belong to this address"),
    (always(403), "is there a gateway or another service at this address?"),
    (always(500), "is there a gateway or another service at this address?"),
    (always(503), "is there a gateway or another service at this address?"),
]


@pytest.mark.parametrize(
    ("rule", "words"), GATEWAYS, ids=["200", "302", "301", "400", "401", "403", "500", "503"]
)
def test_what_answers_everything_alike(
    server: Running, tmp_path: Path, capsys: Any, rule: Rule, words: str
) -> None:
    value = yaml.safe_load(server.target)
    value["roles"] = {"dms": value["roles"]["dms"]}
    with relay(server.base_url, rule) as gateway:
        value = addressed(value, lambda url: url.replace(server.base_url, gateway))
        code, first, found = ran(tmp_path, value, "MPT-001", "F01-001", "AUT-011", "AUT-003", "SRV-001")
        checked = check_target(str(tmp_path / "target.yaml"), None, "en")
    assert code == 3
    assert "failed" not in found.values()
    assert words in first
    out = capsys.readouterr().out
    assert checked != 0
    assert words in out
    assert "Configuration in order" not in out


@pytest.mark.parametrize(
    ("status", "words"), [(407, "wants a name and password"), (403, "does the proxy let")]
)
def test_a_proxy_in_the_way(server: Running, tmp_path: Path, capsys: Any, status: int, words: str) -> None:
    value = yaml.safe_load(server.target)
    value["roles"] = {"dms": value["roles"]["dms"]}

    def rule(_method: str, path: str) -> Own | None:
        return always(status)(_method, path) if "/dms/" in path else None

    with relay(server.base_url, rule) as proxy:
        value["http"] = {"proxy": proxy}
        code, first, found = ran(tmp_path, value, "MPT-001", "F01-001", "AUT-011", "SRV-001")
        checked = check_target(str(tmp_path / "target.yaml"), None, "en")
    assert code == 3
    assert "failed" not in found.values()
    assert words in first
    assert "(http.proxy)" in first
    assert checked != 0
    assert "http.proxy" in capsys.readouterr().out.splitlines()[-1]


def refusing_uploads(status: int) -> Rule:
    """An intact address and token, but no document is ever taken."""
    problem = json.dumps({"status": status, "title": "No", "detail": "Not here."}).encode()

    def rule(method: str, path: str) -> Own | None:
        uploads = method in {"POST", "PUT"} and "/dms/" in path and "/documents" not in path
        return (status, {"Content-Type": "application/problem+json"}, problem) if uploads else None

    return rule


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500])
def test_a_dms_that_takes_no_document_has_no_excuse(
    server: Running, tmp_path: Path, capsys: Any, status: int
) -> None:
    value = yaml.safe_load(server.target)
    value["roles"] = {"dms": value["roles"]["dms"]}
    with ExitStack() as open_ones:
        behind = open_ones.enter_context(relay(server.base_url, refusing_uploads(status)))
        value = addressed(value, lambda url: url.replace(server.base_url, behind))
        code, first, found = ran(tmp_path, value, "MPT-001", "F01-001", "SRV-001")
        checked = check_target(str(tmp_path / "target.yaml"), None, "en")
    assert code == 1
    assert found["OKD-F01-001 dms"] == "failed"
    assert "target file" not in first
    assert checked != 0
    assert "this is a finding about the system" in capsys.readouterr().out


def test_each_row_of_the_table_says_it_in_both_languages() -> None:
    for cause in load_causes():
        told = cause.told("target.yaml:3", "dms", Text.same("404"))
        assert "target.yaml:3" in told.nl, cause.name
        assert "target.yaml:3" in told.en, cause.name
        assert "404" in told.en, cause.name
        assert cause.came, cause.name
