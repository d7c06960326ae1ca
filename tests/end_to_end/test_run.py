"""The command ``run`` from outside: what it is given, what it writes, how it ends."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from okd_conformance.cli.main import main
from okd_conformance.reference import Running, running_server
from okd_conformance.report.schema import schema
from okd_conformance.standard.faults import load_faults
from support.command import (
    CHECKOUT,
    COMMAND,
    PATIENCE_S,
    environment,
    okd,
    plain_pytest,
    read,
    rows,
    sequence,
    statuses,
    written,
)
from support.raw_server import Talk, closed_port, raw_server

FILES = {
    "report.json",
    "report.html",
    "junit.xml",
    "exchanges.har",
    "summary.md",
    "summary.html",
    "badge.svg",
}
SMALL = ("--requirement", "OKD-MPT-002", "--flow", "1")
JWT = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}")


@pytest.fixture(scope="module")
def dms() -> Iterator[Running]:
    """The reference as a DMS."""
    with running_server(roles=["dms"]) as running:
        yield running


@pytest.fixture(scope="module")
def faulty() -> Iterator[Running]:
    """The reference as a DMS that gives ids that are not UUIDs."""
    with running_server(roles=["dms"], faults=["id-not-uuid"]) as running:
        yield running


@pytest.fixture
def target(dms: Running, tmp_path: Path) -> Path:
    return written(tmp_path, dms)


# --- one cause, one card ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "chosen", "root", "beneath"),
    [
        (
            "no-auth-enforced",
            ["OKD-AUT-006", "OKD-AUT-010", "OKD-AUT-016"],
            "OKD-AUT-006",
            {"OKD-AUT-006", "OKD-AUT-010", "OKD-AUT-016"},
        ),
        (
            "specific-scope-uploads-nothing",
            ["OKD-AUT-011", "OKD-F01-002", "OKD-F03-002", "OKD-FX-003"],
            "OKD-AUT-011",
            {"OKD-F01-002", "OKD-F03-002"},
        ),
        ("html-errors", ["OKD-GEN-003", "OKD-GEN-004", "OKD-FX-007"], "OKD-GEN-003", {"OKD-GEN-004"}),
        (
            "upload-not-kept",
            ["OKD-FX-001", "OKD-MPT-004", "OKD-FY-001", "OKD-FX-007", "OKD-FX-008"],
            "OKD-FX-001",
            {"OKD-MPT-004", "OKD-FY-001", "OKD-FX-007"},
        ),
    ],
)
def test_a_fault_is_one_cause(
    fault: str, chosen: list[str], root: str, beneath: set[str], tmp_path: Path
) -> None:
    with running_server(roles=["dms", "bpv"], faults=[fault]) as running:
        file = written(tmp_path, running)
        options = [word for name in chosen for word in ("--requirement", name)]
        done = okd(tmp_path, file.name, *options, "--report-dir", "r", "--lang", "en")
    assert done.returncode == 1
    report = read(tmp_path / "r")
    (cause,) = [one for one in report["causes"] if one["root"]["status"] == "failed"]
    assert cause["root"]["requirement"] == root
    assert {finding["requirement"] for finding in cause["follows"]} - {root} >= beneath - {root}
    assert f"  Failed {root} (dms)" in done.stdout
    assert done.stdout.count("partial") + done.stdout.count("Partial") >= 1


# --- all is well ------------------------------------------------------------------------------------------


def test_without_a_target_the_reference_is_judged(tmp_path: Path) -> None:
    done = okd(tmp_path, "--profile", "smoke")
    assert (done.returncode, done.stderr) == (0, "")
    (folder,) = (tmp_path / "reports").iterdir()
    assert {file.name for file in folder.iterdir()} == FILES
    assert [file.name for file in tmp_path.iterdir()] == ["reports"]
    report = read(folder)
    jsonschema.validate(report, schema())
    assert report["verdict"] == "conformant"
    assert all(role["counts"]["passed"] for role in report["roles"].values())
    assert folder.name == report["run"]["id"]
    assert f"{folder.name}/report.html" in done.stdout


def test_a_users_own_pytest_settings_do_not_interfere(target: Path, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('not ours')\n")
    done = okd(tmp_path, target.name, *SMALL, PYTEST_ADDOPTS="--no-such-option", PYTEST_PLUGINS="nothing")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_report_speaks_the_language_that_was_asked(target: Path, tmp_path: Path) -> None:
    done = okd(tmp_path, str(target), *SMALL, "--lang", "nl", "--quiet", "--report-dir", "here")
    assert done.returncode == 0
    assert "voldoet aan okd-1.5 als dms" in done.stdout.lower()
    assert "conformant" not in done.stdout
    assert "Voldoet" in (tmp_path / "here" / "summary.md").read_text("utf-8")


def test_one_case_can_be_run_again(target: Path, tmp_path: Path) -> None:
    case = "OKD-MPT-017[dms,upload_to_association,boundary=70]"
    done = okd(tmp_path, str(target), "--case", case, "--report-dir", "r")
    assert done.returncode == 0
    assert statuses(read(tmp_path / "r")) == {case: "passed"}


def test_the_same_seed_gives_the_same_requests(target: Path, tmp_path: Path) -> None:
    chosen = ("--requirement", "OKD-MPT-009", "--requirement", "OKD-MPT-026", "--requirement", "OKD-GEN-003")
    for name in ("one", "two"):
        done = okd(tmp_path, str(target), *chosen, "--flow", "1", "--seed", "7", "--report-dir", name)
        assert done.returncode == 0
    assert sequence(tmp_path / "one") == sequence(tmp_path / "two")
    assert len(sequence(tmp_path / "one")) > 10
    assert statuses(read(tmp_path / "one")) == statuses(read(tmp_path / "two"))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ordinary_words_in_headers_break_nothing(dms: Running, tmp_path: Path, workers: str) -> None:
    words = [
        "passed",
        "failed",
        "upload",
        "upload_to_association",
        "OKD-SRV-001",
        "document",
        "request",
        "read_service",
    ]
    headers = {f"X-Word-{number}": word for number, word in enumerate(words)}
    target = written(tmp_path, dms, lambda value: value.update(http={"headers": headers}))
    chosen = ("--requirement", "OKD-SRV", "--requirement", "OKD-F01-001")
    done = okd(tmp_path, str(target), *chosen, "--report-dir", "r", "--workers", workers, "--keep-data")
    assert done.returncode == 0, done.stdout + done.stderr
    report = read(tmp_path / "r")
    assert {"OKD-SRV-001", "OKD-F01-001"} <= rows(report, "passed")
    assert not rows(report, "suite_fault")
    ledger = json.loads((tmp_path / "r" / "ledger.json").read_text("utf-8"))
    assert {(entry["role"], entry["operation"]) for entry in ledger["created"]} == {
        ("dms", "upload_to_association")
    }
    har = json.loads((tmp_path / "r" / "exchanges.har").read_text("utf-8"))
    operations = {entry["_operation"] for entry in har["log"]["entries"]}
    assert {"upload_to_association", "read_service"} <= operations
    done_later = CliRunner().invoke(main, ["cleanup", str(tmp_path / "r" / "ledger.json"), str(target)])
    assert done_later.exit_code == 0, done_later.output


def test_workers_find_the_same(target: Path, tmp_path: Path) -> None:
    chosen = ("--requirement", "OKD-MPT-003", "--requirement", "OKD-FZ-001", "--requirement", "OKD-GEN-003")
    found = {}
    for workers in ("1", "2"):
        done = okd(tmp_path, str(target), *chosen, "--workers", workers, "--report-dir", workers)
        assert (done.returncode, done.stderr) == (0, "")
        found[workers] = read(tmp_path / workers)
        entries = read(tmp_path / workers, "exchanges.har")["log"]["entries"]
        ids = [entry["_id"] for entry in entries]
        assert len(ids) == len(set(ids)), "each exchange has an id of its own"
    assert statuses(found["1"]) == statuses(found["2"])
    assert len(statuses(found["1"])) > 5


def test_the_target_is_left_as_it_was(dms: Running, target: Path, tmp_path: Path) -> None:
    okd(tmp_path, str(target), "--requirement", "OKD-MPT-003", "--report-dir", "r")
    assert any(status == 200 for _, _, status in sequence(tmp_path / "r"))
    assert dms.app.state.world.store.documents("dms") == []
    assert not (tmp_path / "r" / "ledger.json").exists()


def test_what_is_kept_is_in_the_ledger(dms: Running, target: Path, tmp_path: Path) -> None:
    done = okd(tmp_path, str(target), *SMALL, "--keep-data", "--report-dir", "r")
    assert done.returncode == 0
    kept = {document.id: document for document in dms.app.state.world.store.documents("dms")}
    ledger = read(tmp_path / "r", "ledger.json")
    assert {created["document_id"] for created in ledger["created"]} == set(kept)
    assert kept
    assert "ledger.json" in done.stderr
    for document in kept.values():
        dms.app.state.world.store.remove("dms", document)
    assert okd(tmp_path, str(target), *SMALL, "--report-dir", "r").returncode == 0
    assert not (tmp_path / "r" / "ledger.json").exists(), "an older ledger doesn't stay"


# --- wrong usage and configuration ------------------------------------------------------------------------


def refused(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, code: int = 2) -> str:
    """What a run says that does not begin: in words, and nothing else happens.

    It ends before pytest starts, so it can run in this process.
    """
    monkeypatch.chdir(folder)
    before = set(folder.iterdir())
    done = CliRunner().invoke(main, ["run", *arguments])
    assert (done.exit_code, done.stdout) == (code, "")
    assert isinstance(done.exception, SystemExit)
    assert done.stderr.strip()
    assert set(folder.iterdir()) == before
    return done.stderr


def test_nothing_listens(tmp_path: Path, dms: Running) -> None:
    address = closed_port()

    def change(target: dict[str, Any]) -> None:
        target["roles"]["dms"]["base_url"] = f"{address}/dms"

    done = okd(tmp_path, str(written(tmp_path, dms, change)), "--report-dir", "r", "--lang", "en")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert address in done.stderr
    unjudged(tmp_path / "r", address)
    assert "Report: r" in done.stdout

    options = ("--okd-target", str(tmp_path / "target.yaml"), "--okd-report-dir", str(tmp_path / "plain"))
    done = plain_pytest(CHECKOUT, "suites", *options)
    assert done.returncode == 3
    assert address in done.stdout + done.stderr
    unjudged(tmp_path / "plain", address)


def test_no_token_endpoint(tmp_path: Path, dms: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(target: dict[str, Any]) -> None:
        target["auth"]["token_url"] = f"{closed_port()}/token"

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["run", str(written(tmp_path, dms, change)), "--report-dir", "r"])
    assert done.exit_code == 3
    assert done.stderr.count("\n") == 1
    unjudged(tmp_path / "r", "token")


ODD_ISSUERS: dict[str, bytes | Talk] = {
    "a black hole": lambda connection: connection.recv(1),
    "garbage": b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\xff\x00\xfe{["}:',
    "a bomb": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b" " * 20_000_000,
    "nested without end": b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000,
}


@pytest.mark.parametrize("kind", ODD_ISSUERS)
def test_an_odd_token_endpoint_is_reported(
    tmp_path: Path, dms: Running, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with raw_server(ODD_ISSUERS[kind]) as issuer:

        def change(target: dict[str, Any]) -> None:
            target["auth"]["token_url"] = f"{issuer.url}/token"
            target["auth"]["clients"] = target["auth"]["clients"][:1]
            target.setdefault("limits", {})["timeout_s"] = 1

        done = CliRunner().invoke(main, ["run", str(written(tmp_path, dms, change)), "--report-dir", "r"])
    assert done.exit_code == 3, done.output
    unjudged(tmp_path / "r", "token")


def unjudged(folder: Path, cause: str) -> None:
    """A report without a single case, that begins with the cause."""
    report = read(folder)
    jsonschema.validate(report, schema())
    assert report["verdict"] == "incomplete"
    assert statuses(report) == {}
    assert cause in report["run"]["stopped"]["en"]
    told = report["run"]["stopped"]["en"].partition(" (")[
        0
    ]  # what follows may be an address, which is masked
    assert told in (folder / "summary.md").read_text("utf-8").replace("\\", "").partition("## ")[0]


def test_a_mistake_in_the_target_file(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = target.read_text("utf-8").splitlines()
    number = lines.index("fixtures:") + 1
    target.write_text("\n".join(lines).replace("fixtures:", "fixtuers:", 1), encoding="utf-8")
    said = refused(tmp_path, monkeypatch, target.name)
    assert said.startswith(f"target.yaml:{number}: ")
    assert "fixtures?" in said
    said = refused(tmp_path, monkeypatch, target.name, "--lang", "nl")
    assert "Bedoelde u fixtures?" in said


def test_a_target_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "missing.yaml" in refused(tmp_path, monkeypatch, "missing.yaml")


@pytest.mark.parametrize("number", [0, 1])
def test_a_refused_client_secret(
    tmp_path: Path, dms: Running, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(target: dict[str, Any]) -> None:
        target["auth"]["clients"][number]["client_secret"] = "not-the-secret"

    file = written(tmp_path, dms, change)
    said = refused(tmp_path, monkeypatch, str(file))
    assert f"target.yaml:{line_of(file, 'not-the-secret') - 1}: " in said
    assert "not-the-secret" not in said


def line_of(file: Path, words: str) -> int:
    lines = file.read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


@pytest.mark.parametrize("name", ["production", "prd-2"])
def test_production_needs_an_explicit_word(
    tmp_path: Path, dms: Running, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def change(target: dict[str, Any]) -> None:
        target["environment"] = name

    file = written(tmp_path, dms, change)
    assert "--allow-production" in refused(tmp_path, monkeypatch, str(file))
    assert okd(tmp_path, str(file), *SMALL, "--allow-production").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--role", "nobody"), "--role nobody"),
        (("--role", "dsm"), "Do you mean dms?"),
        (("--flow", "99"), "--flow 99"),
        (("--flow", "99"), "There are: service, 1, 2,"),
        (("--requirement", "OKD-MPT-999"), "OKD-MPT-999"),
        (("--requirement", "MPT"), "--requirement MPT"),
        (("--requirement", "MPT"), "Do you mean OKD-MPT?"),
        (("--requirement", "zzzzzz"), "'okd-conformance list requirements' shows them all."),
        (("--case", "OKD-MPT-999[dms]"), "OKD-MPT-999[dms]"),
        (("--edition", "okd-99"), "okd-99"),
        (("--report-dir", "target.yaml/below"), "target.yaml/below"),
    ],
)
def test_an_option_that_names_nothing(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    assert words in refused(tmp_path, monkeypatch, target.name, *arguments)


def test_a_case_that_there_is_not(target: Path, tmp_path: Path) -> None:
    done = okd(tmp_path, str(target), "--case", "OKD-MPT-002[dms,elsewhere]", "--report-dir", "r")
    assert (done.returncode, done.stdout) == (2, "")
    assert "OKD-MPT-002[dms,elsewhere]" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_edition_that_the_reference_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "okd-1.5" in refused(tmp_path, monkeypatch, "--edition", "okd-99")


# --- something is wrong -----------------------------------------------------------------------------------


def test_a_served_fault_is_found(tmp_path: Path) -> None:
    serving = subprocess.Popen(
        [sys.executable, "-m", "okd_conformance", "serve", "--fault", "id-not-uuid", "--print-target"],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert serving.stdout is not None
        lines = iter(serving.stdout.readline, "...\n")
        file = tmp_path / "target.yaml"
        file.write_text("".join(lines), encoding="utf-8")
        done = okd(tmp_path, file.name, "--requirement", "OKD-MPT-002", "--report-dir", "r")
    finally:
        serving.terminate()
        serving.wait(20)
    assert done.returncode == 1
    report = read(tmp_path / "r")
    assert report["verdict"] == "not_conformant"
    assert rows(report, "failed") == {"OKD-MPT-002"}
    assert "OKD-MPT-002" in load_faults()["id-not-uuid"].breaks
    assert "OKD-MPT-002" in done.stdout


def test_a_run_with_failures_renders_again_to_the_same_files(tmp_path: Path) -> None:
    excused = "OKD-MPT-009[dms,upload_to_offering]"
    baseline = f"excused:\n- case: '{excused}'\n  reason: a ticket, <b>é</b>\n  until: 2999-12-31\n"
    (tmp_path / "known.yaml").write_text(baseline, encoding="utf-8")
    with running_server(roles=["dms"], faults=["missing-metadata-accepted", "challenge-missing"]) as running:
        file = written(tmp_path, running)
        chosen = ("--requirement", "OKD-MPT-009", "--requirement", "OKD-AUT-007")
        given = ("--baseline", "known.yaml", "--lang", "nl", "--report-dir", "r")
        done = okd(tmp_path, file.name, *chosen, *given)
    assert done.returncode == 1, done.stderr
    stored = read(tmp_path / "r")
    assert rows(stored, "failed") == {"OKD-MPT-009"}
    assert rows(stored, "warning") == {"OKD-AUT-007"}
    jsonschema.Draft202012Validator(schema()).validate(stored)
    cases = [case for row in stored["requirements"] for case in row["cases"]]
    assert [case["id"] for case in cases if "excused" in case] == [excused]
    told = {case["id"]: (case["expected"], case["received"]) for case in cases}
    assert (
        told[excused][0]["nl"]
        == "een antwoord met status 400 Bad Request of 422 Unprocessable Entity (4xx geeft een waarschuwing)"
    )
    absent = told["OKD-AUT-007[dms,upload_to_person]"][1]
    assert absent["en"] == "an answer 401 without the header WWW-Authenticate"
    forms = {
        "html": "report.html",
        "junit": "junit.xml",
        "markdown": "summary.md",
        "manager": "summary.html",
        "badge": "badge.svg",
    }
    for form, name in forms.items():
        again = tmp_path / f"again-{name}"
        order = ["report", str(tmp_path / "r" / "report.json"), "--format", form, "--lang", "nl"]
        rendered = CliRunner().invoke(main, [*order, "--output", str(again)])
        assert rendered.exit_code == 0, rendered.output
        assert again.read_bytes() == (tmp_path / "r" / name).read_bytes(), name


def test_a_failure_teaches_and_keeps_secrets(tmp_path: Path) -> None:
    faults = ["token-in-the-address-accepted", "expired-token-accepted"]
    with running_server(roles=["dms"], faults=faults) as running:
        file = written(tmp_path, running)
        chosen = ("--requirement", "OKD-AUT-010", "--requirement", "OKD-AUT-008", "--flow", "5")
        done = okd(tmp_path, file.name, *chosen, "--report-dir", "r")
    assert done.returncode == 1
    report = read(tmp_path / "r")
    assert rows(report, "failed") == {"OKD-AUT-008"}
    assert rows(report, "warning") == {"OKD-AUT-010"}
    judged = {"failed", "warning"}
    failed = [c for row in report["requirements"] for c in row["cases"] if c["status"] in judged]
    har = {entry["_id"]: entry for entry in read(tmp_path / "r", "exchanges.har")["log"]["entries"]}
    for case in failed:
        assert case["curl"].startswith(("curl ", "printf "))
        assert case["expected"]["en"]
        assert case["received"]["nl"]
        assert case["remedy"]["en"]
        assert har[case["exchanges"][0]]["_case"] == case["id"]
    described = yaml.safe_load(running.target)["auth"]
    secrets = [client["client_secret"] for client in described["clients"]] + [described["signing_key"]["d"]]
    shown = [(tmp_path / "r" / name).read_text("utf-8") for name in FILES] + [done.stdout, done.stderr]
    for text in shown:
        assert not JWT.search(text)
        assert not any(secret in text for secret in secrets)
    assert "[redacted]" in shown[0] + shown[1] + shown[3]


def test_what_plain_pytest_leaves_out_makes_it_partial(dms: Running, tmp_path: Path) -> None:
    target = written(tmp_path, dms)
    suites = str(CHECKOUT / "suites")
    options = ("--okd-target", str(target), "--okd-report-dir", "r", "--okd-requirement", "OKD-MPT-009")
    plain_pytest(tmp_path, suites, *options, "-k", "missing_metadata")
    assert read(tmp_path / "r")["run"]["partial"] == ["--requirement OKD-MPT-009", "-k missing_metadata"]


def test_plain_pytest_ends_like_the_command(faulty: Running, dms: Running, tmp_path: Path) -> None:
    for running, code in ((dms, 0), (faulty, 1)):
        file = written(tmp_path, running)
        folder = tmp_path / str(code)
        options = ("--okd-requirement", "OKD-MPT-002", "--okd-flow", "1", "--okd-report-dir", str(folder))
        done = plain_pytest(CHECKOUT, "suites", "--okd-target", str(file), *options)
        assert done.returncode == code, done.stdout
        assert read(folder)["verdict"] == ("conformant", "not_conformant")[code]
    assert "OKD-MPT-002[dms,upload_to_association" in done.stdout
    assert "Traceback" not in done.stdout


def test_plain_pytest_names_a_configuration_error(tmp_path: Path) -> None:
    done = plain_pytest(CHECKOUT, "suites", "--okd-target", str(tmp_path / "missing.yaml"))
    assert done.returncode == 2
    assert "missing.yaml" in done.stdout


GOOD = """
from okd_conformance.checks.marking import check


@check("OKD-MPT-002")
def test_good(case):
    case.sample()
"""
RAISES = GOOD.replace("case.sample()", "raise ZeroDivisionError('oops')")
CRASHES = "def pytest_runtest_logreport(report):\n    raise ZeroDivisionError('oops')\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"test_raises.py": RAISES}, "ZeroDivisionError: oops"),
        ({"test_good.py": GOOD, "test_import.py": "import there_is_no_such_module\n"}, "no_such_module"),
        ({"test_good.py": GOOD, "conftest.py": CRASHES}, "ZeroDivisionError: oops"),
    ],
    ids=["check", "module", "engine"],
)
def test_a_fault_of_the_suite_blames_nobody_else(
    dms: Running, target: Path, tmp_path: Path, files: dict[str, str], words: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(textwrap.dedent(text))
    done = plain_pytest(
        tmp_path,
        ".",
        "-p",
        "okd_conformance.plugin",
        "--okd-target",
        str(target),
        "--okd-report-dir",
        "r",
    )
    assert done.returncode == 4, done.stdout
    report = read(tmp_path / "r")
    assert report["verdict"] == "suite_fault"
    assert words in json.dumps(report)
    assert rows(report, "failed") == set()
    assert dms.app.state.world.store.documents("dms") == []
    assert [file.name for file in (tmp_path / "r").iterdir() if "ledger" in file.name] == []


UNKNOWN = GOOD.replace("import ", "import check as judges, ").replace("@check", "@judges")


def test_workers_judge_checks_wherever_they_stand(dms: Running, tmp_path: Path) -> None:
    (tmp_path / "test_good.py").write_text(GOOD)
    options = ("--okd-target", str(written(tmp_path, dms)), "--okd-report-dir", "r")
    done = plain_pytest(tmp_path, ".", "-n", "2", "-p", "okd_conformance.plugin", *options)
    assert "KeyError" not in done.stdout, done.stdout
    assert set(statuses(read(tmp_path / "r")).values()) == {"passed"}


def test_a_worker_without_a_run_says_so(dms: Running, tmp_path: Path) -> None:
    (tmp_path / "test_good.py").write_text(UNKNOWN)
    options = ("--okd-target", str(written(tmp_path, dms)), "--okd-report-dir", "r", "--okd-lang", "en")
    done = plain_pytest(tmp_path, ".", "-n", "2", "-p", "okd_conformance.plugin", *options)
    assert done.returncode not in {0, 5}
    assert "KeyError" not in done.stdout
    assert "was handed no run" in done.stdout


BROKEN_CLEAN_UP = """
from okd_conformance.judge.bench import Bench
from okd_conformance.standard.faults import load_faults


def broken(bench):
    raise ZeroDivisionError("oops")


Bench.clean_up = broken
"""


def test_a_clean_up_that_crashes_loses_neither_report_nor_ledger(tmp_path: Path) -> None:
    with running_server(roles=["dms"]) as running:
        (tmp_path / "test_good.py").write_text(GOOD)
        (tmp_path / "conftest.py").write_text(BROKEN_CLEAN_UP)
        options = ("--okd-target", str(written(tmp_path, running)), "--okd-report-dir", "r")
        done = plain_pytest(tmp_path, ".", "-p", "okd_conformance.plugin", *options)
        assert done.returncode == 4, done.stdout
        assert "ZeroDivisionError: oops" in json.dumps(read(tmp_path / "r"))
        ledger = read(tmp_path / "r", "ledger.json")
        left = {document.id for document in running.app.state.world.store.documents("dms")}
    assert {created["document_id"] for created in ledger["created"]} == left
    assert left


# --- stopped ----------------------------------------------------------------------------------------------


def interrupted(
    running: Running,
    folder: Path,
    ended_by: signal.Signals,
    *options: str,
    group: bool = False,
    again: bool = False,
) -> str:
    """End a run from outside when it has stored something, and look at what it leaves; gives its stderr.

    ``group``: like a terminal does it, so that workers get the signal too. ``again``: once more when the
    clean-up has begun, if it is slow enough for that.
    """
    store = running.app.state.world.store
    chosen = ("--requirement", "OKD-MPT", "--report-dir", "r", *options)
    process = subprocess.Popen(
        [*COMMAND, str(written(folder, running)), *chosen],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        until(lambda: len(store.documents("dms")) > 5 or process.poll() is not None)
        stored = len(store.documents("dms"))
        (os.killpg if group else os.kill)(process.pid, ended_by)
        if again:
            until(lambda: len(store.documents("dms")) < stored or process.poll() is not None)
            if process.poll() is None:
                (os.killpg if group else os.kill)(process.pid, ended_by)
        _, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 3, errors
    assert "Traceback" not in errors
    report = read(folder / "r")
    assert report["run"]["interrupted"]
    assert report["verdict"] == "incomplete"
    assert "OKD-MPT-026" not in rows(report, "passed"), "what did not run is not passed"
    assert list((folder / "r").glob("*.jsonl")) == []
    return errors


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_cleans_up_and_reports(tmp_path: Path, ended_by: signal.Signals) -> None:
    with running_server(roles=["dms"], variants=["latency"]) as running:
        interrupted(running, tmp_path, ended_by)
        assert running.app.state.world.store.documents("dms") == []
    assert "OKD-MPT-026" in rows(read(tmp_path / "r"), "inconclusive")
    assert not (tmp_path / "r" / "ledger.json").exists()


@pytest.mark.parametrize(
    ("ended_by", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False)], ids=["terminal", "command"]
)
def test_interrupted_workers_leave_nothing_behind(
    tmp_path: Path, ended_by: signal.Signals, group: bool
) -> None:
    with running_server(roles=["dms"], variants=["latency"]) as running:
        interrupted(running, tmp_path, ended_by, "--workers", "2", group=group)
        assert running.app.state.world.store.documents("dms") == []
    assert not (tmp_path / "r" / "ledger.json").exists()


def test_workers_that_are_interrupted_twice_tell_what_is_left(tmp_path: Path) -> None:
    with running_server(roles=["dms"], variants=["latency"]) as running:
        interrupted(running, tmp_path, signal.SIGINT, "--workers", "2", group=True, again=True)
        left = {document.id for document in running.app.state.world.store.documents("dms")}
        ledger = tmp_path / "r" / "ledger.json"
        told = read(ledger.parent, ledger.name)["created"] if ledger.exists() else []
        assert left <= {created["document_id"] for created in told}


def test_an_interrupted_clean_up_keeps_the_rest_in_the_ledger(tmp_path: Path) -> None:
    with running_server(roles=["dms"], variants=["latency"]) as running:
        errors = interrupted(running, tmp_path, signal.SIGTERM, again=True)
        left = {document.id for document in running.app.state.world.store.documents("dms")}
        assert left
        assert "okd-conformance cleanup r/ledger.json" in errors
        ledger = tmp_path / "r" / "ledger.json"
        assert {created["document_id"] for created in read(ledger.parent, ledger.name)["created"]} == left
        done = CliRunner().invoke(main, ["cleanup", str(ledger), str(tmp_path / "target.yaml")])
        assert (done.exit_code, running.app.state.world.store.documents("dms")) == (0, [])


def until(happened: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    pause = threading.Event()
    for _ in range(PATIENCE_S * 20):
        if happened():
            return
        pause.wait(0.05)
    raise AssertionError("it did not happen")


# --- what was seen while other cases ran --------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages() -> Iterator[Running]:
    """The reference as a DMS whose errors are web pages."""
    with running_server(roles=["dms"], faults=["html-errors"]) as running:
        yield running


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_command_in_the_report_shows_what_was_seen_again(
    pages: Running, tmp_path: Path, workers: str
) -> None:
    file = written(tmp_path, pages)
    chosen = ("--requirement", "OKD-F05-004", "--requirement", "OKD-GEN-003", "--workers", workers)
    assert okd(tmp_path, str(file), *chosen, "--report-dir", "r").returncode == 1
    report = read(tmp_path / "r")
    jsonschema.validate(report, schema())
    cases = [c for row in report["requirements"] for c in row["cases"] if c["id"].endswith(",observed]")]
    seen = next(case for case in cases if case.get("during", "").startswith("OKD-F05-004"))
    page = html.unescape((tmp_path / "r" / "report.html").read_text("utf-8"))
    assert f"run TARGET.yaml --case '{seen['during']}' --case '{seen['id']}'" in page

    again = ("--case", seen["during"], "--case", seen["id"], "--report-dir", "again")
    assert okd(tmp_path, str(file), *again).returncode == 1
    assert statuses(read(tmp_path / "again")) == {seen["during"]: "passed", seen["id"]: "failed"}


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("operation", "words"), [("upload_to_association", "a second --case"), ("nothing", "no such case")]
)
def test_what_is_only_seen_during_another_case_is_not_run_alone(
    target: Path, tmp_path: Path, workers: str, operation: str, words: str
) -> None:
    case = f"OKD-GEN-003[dms,{operation},observed]"
    done = okd(tmp_path, str(target), "--case", case, "--workers", workers, "--report-dir", "r")
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert list((tmp_path / "r").iterdir()) == []
