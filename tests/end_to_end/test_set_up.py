"""What is wrong in a target file is told as that: never exit 1, and the first line names the cause."""

from __future__ import annotations

import io
import json
import re
import time
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
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import load_edition
from okd_conformance.standard.set_up import load_causes
from support.command import okd
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
    file, screen = written(folder, value), io.StringIO()
    edition = load_edition(value["edition"])
    known = {row.id for role in value["roles"] for row in load_catalogue().of(edition, role)}
    requirements = tuple(known & {f"OKD-{row}" for row in rows or ROWS})
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


FIXTURES = {
    "person_id": OTHER,
    "student_number": "7654321",
    "association_id": OTHER,
    "sequence_code": "7.7",
    "second_association.association_id": OTHER,
    "second_association.sequence_code": "7.7",
    "other_person.person_id": OTHER,
    "other_person.student_number": "7654321",
    "other_person.association_id": OTHER,
    "other_person.sequence_code": "7.7",
    "offering_id": OTHER,
    "exam_code": "NO-7X-7",
    "exam_code_path": "/NO/SUCH",
}
UNUSED = {"other_person.student_number", "other_person.association_id", "other_person.sequence_code"}
"""What the run could do without: no row gives it to a target that must know it."""


def rows_that_need(fixture: str) -> set[str]:
    catalogue, edition = load_catalogue(), load_edition("okd-1.5")
    found = [row for role in edition.roles for row in catalogue.of(edition, role)]
    return {row.id.removeprefix("OKD-") for row in found if fixture in row.fixtures}


@pytest.mark.parametrize("place", FIXTURES)
def test_unknown_test_data(server: Running, tmp_path: Path, capsys: Any, place: str) -> None:
    """Each field: no row fails, and run and check-config both begin with its line."""
    value = yaml.safe_load(server.target)
    first_name, _, last = place.partition(".")
    inner = value["fixtures"][first_name] if last else value["fixtures"]
    inner[last or first_name] = FIXTURES[place]
    code, first, found = ran(tmp_path, value, *rows_that_need(first_name), "REG-001")
    assert "failed" not in found.values()
    assert code != ExitCode.FOUND
    line = line_of(tmp_path, f"{last or first_name}:", first_name if last else "fixtures:")
    where = f": target.yaml:{line} (fixtures.{place})"
    assert where in first or place in UNUSED
    assert check_target(str(tmp_path / "target.yaml"), None, "en") != 0
    assert where in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("edition", ["okd-0.9.1", "okd-0.6"])
def test_unknown_test_data_in_older_editions(tmp_path: Path, edition: str) -> None:
    with running_server(edition) as running:
        value = yaml.safe_load(running.target)
        value["fixtures"].update(person_id=OTHER, association_id=OTHER)
        code, first, found = ran(tmp_path, value)
    assert "failed" not in found.values()
    assert code == ExitCode.INCOMPLETE
    assert "(fixtures." in first


@pytest.mark.parametrize("variant", ["unknown-enrolment-422", "409-for-unresolved", "403-for-unresolved"])
def test_a_module_with_another_answer_for_what_is_unknown(tmp_path: Path, variant: str) -> None:
    with running_server("okd-1.5", variants=[variant]) as running:
        value = yaml.safe_load(running.target)
        value["fixtures"].update(offering_id=OTHER, association_id=OTHER)
        code, first, found = ran(tmp_path, value, "REG-001", "REG-013", "F12-003")
    assert "failed" not in found.values()
    assert code == ExitCode.INCOMPLETE
    assert "(fixtures." in first


def test_the_line_of_unknown_test_data_is_the_one_to_look_at(server: Running, tmp_path: Path) -> None:
    value = yaml.safe_load(server.target)
    value["fixtures"]["person_id"] = OTHER
    written(tmp_path, value)
    options = ("--report-dir", "r", "--lang", "en", "--quiet", "--requirement", "OKD-REG-001")
    done = okd(tmp_path, "target.yaml", *options)
    assert done.returncode == ExitCode.INCOMPLETE
    where = f"target.yaml:{line_of(tmp_path, 'person_id')} (fixtures.person_id)"
    first = f"The target file first: {where}: inschrijven does not know this test data"
    assert done.stdout.startswith(first)
    page = (tmp_path / "r" / "report.html").read_text("utf-8").replace("<wbr>", "")
    assert where in page.partition('id="findings"')[0]
    assert where.partition(" ")[0] in (tmp_path / "r" / "summary.md").read_text("utf-8")


def test_test_data_that_is_wrong_altogether(server: Running, tmp_path: Path) -> None:
    value = yaml.safe_load(server.target)
    text = json.dumps(value["fixtures"])
    value["fixtures"] = json.loads(text.translate(str.maketrans("123456", "345612")))
    code, first, found = ran(tmp_path, value)
    assert code == ExitCode.INCOMPLETE
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
    assert code == ExitCode.INCOMPLETE
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
    (always(503, Retry_After="0"), "is there a gateway or another service at this address?"),
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
    assert code == ExitCode.INCOMPLETE
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
    assert code == ExitCode.INCOMPLETE
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
    assert code == ExitCode.FOUND
    assert found["OKD-F01-001 dms"] == "failed"
    assert "target file" not in first
    assert checked != 0
    assert "this is a finding about the system" in capsys.readouterr().out


def refusing(role: str, method: str, last: str) -> Rule:
    """A module that answers 404 to some requests, whatever is in them."""
    problem = json.dumps({"status": 404, "title": "Not found"}).encode()

    def rule(asked: str, path: str) -> Own | None:
        hit = asked == method and f"/{role}/" in path and last in path
        return (404, {"Content-Type": "application/problem+json"}, problem) if hit else None

    return rule


@pytest.mark.parametrize(
    ("role", "method", "last", "row"),
    [
        ("inschrijven", "POST", "/documents", "REG-001"),
        ("examineren", "POST", "/documents", "REG-001"),
        ("inschrijven", "GET", "/persons/", "F07-008"),
    ],
)
def test_a_module_that_knows_nobody_has_no_excuse(
    server: Running, tmp_path: Path, role: str, method: str, last: str, row: str
) -> None:
    value = yaml.safe_load(server.target)
    value["roles"] = {role: value["roles"][role]}
    with relay(server.base_url, refusing(role, method, last)) as behind:
        value = addressed(value, lambda url: url.replace(server.base_url, behind))
        code, first, found = ran(tmp_path, value, row, "SRV-001")
        checked = check_target(str(tmp_path / "target.yaml"), None, "en")
    assert found[f"OKD-{row} {role}"] == "failed"
    assert code == ExitCode.FOUND
    assert "target file" not in first
    assert checked != 0


# tokens and clocks


@pytest.mark.parametrize(
    ("target_s", "issuer_s"), [(-7200, 0), (7200, 0), (-600, -600), (0, 600), (0, -7200)]
)
def test_a_clock_that_is_off(tmp_path: Path, target_s: int, issuer_s: int) -> None:
    with running_server("okd-1.5", roles=["dms"]) as running, ExitStack() as relays:
        world = running.app.state.world
        world.behaviour.clock = lambda: time.time() + target_s
        world.issuer.clock = lambda: time.time() + issuer_s
        target, issuer = (
            relays.enter_context(relay(running.base_url, lambda *_: None, ahead_s=seconds))
            for seconds in (target_s, issuer_s)
        )
        value = yaml.safe_load(running.target)
        value = addressed(value, lambda url: url.replace(running.base_url, target))
        value["auth"]["token_url"] = value["auth"]["token_url"].replace(running.base_url, issuer)
        code, first, found = ran(tmp_path, value, "F01-001", "AUT-008", "AUT-011", "AUT-014", "SRV-001")
    assert "failed" not in found.values()
    assert code == ExitCode.INCOMPLETE
    assert "(roles.dms.base_url)" in first if target_s else "(auth.token_url)" in first
    assert re.search(r"the clock is (599|[67]\d\d\d?) seconds (ahead|behind)", first)


def test_a_scope_that_tokens_lack(tmp_path: Path, capsys: Any) -> None:
    with running_server("okd-1.5", roles=["dms"]) as running:
        issuer = running.app.state.world.issuer
        sign = issuer.issue
        issuer.issue = lambda client, asked: sign(client, tuple(s for s in asked if s != "okd:bpvdocuments"))
        code, first, found = ran(tmp_path, yaml.safe_load(running.target), "AUT-011")
        checked = check_target(str(tmp_path / "target.yaml"), None, "en")
    line = line_of(tmp_path, "client_id")
    words = (
        f"target.yaml:{line} (auth.clients[0]): the token of okd-all lacks what was asked (okd:bpvdocuments)"
    )
    assert found["OKD-AUT-011 dms"] == "inconclusive"
    assert code == ExitCode.INCOMPLETE
    assert words in first
    assert "can't be judged (flow 3" in first
    assert checked == ExitCode.INCOMPLETE
    assert words in capsys.readouterr().out.splitlines()[-1]


def with_secret(_server: Running, auth: Value) -> Value:
    return {"clients": [{**auth["clients"][0], "client_secret": "wrong"}]}


def with_address(server: Running, _auth: Value) -> Value:
    return {"token_url": f"{server.base_url}/nothing-here"}


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (with_secret, ExitCode.USAGE, "refuses auth.clients[0]"),
        (with_address, ExitCode.INCOMPLETE, "token endpoint answers 404"),
    ],
)
def test_a_wrong_client_or_token_address(
    server: Running, tmp_path: Path, changes: Callable[[Running, Value], Value], code: int, words: str
) -> None:
    value = yaml.safe_load(server.target)
    value["auth"].update(changes(server, value["auth"]))
    found, first, _ = ran(tmp_path, value, "F01-001")
    assert (found, words in first) == (code, True)


# check-config


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 500, 503])
@pytest.mark.parametrize("edition", ["okd-0.3", "okd-0.6", "okd-0.9.1", "okd-1.5", "oke-2022.07"])
def test_a_target_that_answers_everything_alike_is_never_in_order(
    tmp_path: Path, capsys: Any, edition: str, status: int
) -> None:
    """Each role alone, behind something that answers in its stead."""
    rule = always(status, Location="/login", Retry_After="0")
    with running_server(edition) as running, relay(running.base_url, rule) as gateway:
        value = yaml.safe_load(running.target)
        for name, role in value["roles"].items():
            url = role["base_url"].replace(running.base_url, gateway)
            file = written(tmp_path, {**value, "roles": {name: {"base_url": url}}})
            assert check_target(str(file), None, "en") != 0, name
            assert "Configuration in order" not in capsys.readouterr().out


def test_each_row_of_the_table_says_it_in_both_languages() -> None:
    for cause in load_causes():
        told = cause.told("target.yaml:3", "dms", Text.same("404"))
        assert "target.yaml:3" in told.nl, cause.name
        assert "target.yaml:3" in told.en, cause.name
        assert "404" in told.en, cause.name
        assert cause.came, cause.name
