"""Nothing stays behind: what a run created can be deleted later, from its ledger, however the run ended."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from click.testing import CliRunner, Result

from okd_conformance.cli.main import main
from okd_conformance.judge.bench import Bench
from okd_conformance.judge.leaving import Leaving
from okd_conformance.judge.ledger import KINDS, Changed, Created, Intent, Left
from okd_conformance.judge.ledger_files import (
    MAX_LINE,
    MAX_NOTES,
    Journal,
    LedgerError,
    read,
    write_ledger,
)
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.reference import Running, running_server, target_of
from okd_conformance.run.options import Options
from okd_conformance.run.run import Run, open_run
from okd_conformance.standard.edition import edition_ids
from okd_conformance.wire.address import without_access

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120
RUN = "20260101T000000-test"
CHOSEN = ("--requirement", "OKD-MPT-002", "--requirement", "OKD-F05", "--requirement", "OKD-REG-001")
REGISTRATION = "registration"
ASSOCIATION = "752919a8-b2e1-4151-8dee-194379c0d38e"


@pytest.fixture
def running() -> Iterator[Running]:
    with running_server() as running:
        yield running


@pytest.fixture
def target(running: Running, tmp_path: Path) -> Path:
    return written(tmp_path, running)


def written(folder: Path, running: Running, change: Callable[[dict[str, Any]], object] | None = None) -> Path:
    described = yaml.safe_load(running.target)
    if change:
        change(described)
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump(described), "utf-8")
    return file


def without_hooks(target: dict[str, Any]) -> None:
    target["hooks"] = {}


def held(running: Running) -> int:
    """How many documents and registrations there are, at all roles together."""
    world = running.app.state.world
    return sum(world.store.count(k, role) for role in world.roles for k in ("document", REGISTRATION))


def state_of(running: Running) -> str | None:
    """The state of the test enrolment at the DMS; None when it never heard of one."""
    known = running.app.state.world.store.get("association", "dms", ASSOCIATION) or {}
    return known.get("state")


def cleanup(ledger: Path, target: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["cleanup", str(ledger), str(target), "--lang", "en", *options])


@pytest.fixture
def run(target: Path, tmp_path: Path) -> Iterator[Run]:
    """A run that writes into the folder ``r``, and of which nothing is ever cleaned up."""
    (tmp_path / "r").mkdir()
    run = open_run(Options(target=str(target), run_id=RUN, report_dir=str(tmp_path / "r")))
    run.keep_journal()
    yield run
    run.close()


def end_enrolment(bench: Bench) -> None:
    """Finish the test enrolment."""
    operation, binding = bench.arrangements.binding_for("dms", "change", None)
    sample = bench.arrangements.ready(operation, binding, "x").with_field("state", "finished")
    assert bench.sending.send(sample.request(), "x", "dms", operation).status in {200, 204}


# --- a whole run ---------------------------------------------------------------------------------------


def test_nothing_is_left_of_a_whole_run_of_a_dms_that_takes_any_type(tmp_path: Path) -> None:
    """Documents without a type of the standard's, which no operation that deletes names, go too."""
    with running_server(roles=["dms"], faults=["any-document-type"]) as running:
        stored: list[str] = []
        inner = running.app.state.world.behaviour.choose_document_id
        running.app.state.world.behaviour.choose_document_id = lambda *given: (
            stored.append("") or inner(*given)
        )
        folder = tmp_path / "r"
        options = ["--report-dir", str(folder), "--lang", "en"]
        done = CliRunner().invoke(main, ["run", str(written(tmp_path, running)), *options])
        assert (len(stored) > 100, held(running)) == (True, 0), done.output
        assert state_of(running) in {None, "associated"}
    assert [file.name for file in folder.iterdir() if "ledger" in file.name] == []


# --- a killed run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lines", "workers"), [(3, 1), (60, 1), (20, 2)])
def test_nothing_is_left_of_a_killed_run(
    running: Running, target: Path, tmp_path: Path, lines: int, workers: int
) -> None:
    folder = tmp_path / "r"
    process = started(tmp_path, str(target), *CHOSEN, "--workers", str(workers), "--report-dir", str(folder))
    try:
        until(lambda: noted(folder, workers) >= lines or process.poll() is not None)
        assert process.poll() is None, "the run was too short to be killed"
    finally:
        kill_with_workers(process)
    assert {file.suffix for file in folder.iterdir()} == {".jsonl"}, "a killed run leaves nothing else"
    assert held(running) > 0

    done = cleanup(folder / "ledger.json", target)
    assert (done.exit_code, held(running)) == (0, 0), done.output
    assert state_of(running) in {None, "associated"}
    assert list(folder.iterdir()) == []


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "OKD_", "COV_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "okd_conformance", "run", *arguments],
        cwd=folder,
        env={**kept, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(CHECKOUT / "src"), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_with_workers(process: subprocess.Popen[str]) -> None:
    """Kill a run of ours, and all of the session of its own that it was started in."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)


def noted(folder: Path, journals: int) -> int:
    """How many lines the shortest journal has, once there are so many."""
    counts = [file.read_bytes().count(b"\n") for file in folder.glob("ledger*.jsonl")]
    return min(counts) if len(counts) >= journals else 0


def until(happened: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE_S * 100):
        if happened():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen")


# --- a journal --------------------------------------------------------------------------------------------


def test_all_that_a_journal_tells_is_undone(running: Running, run: Run, target: Path, tmp_path: Path) -> None:
    run.bench.arrangements.store("dms", "examination", "x")
    run.bench.arrangements.register("bpv", "x")
    end_enrolment(run.bench)
    assert (held(running) >= 2, state_of(running)) == (True, "finished")
    journal = tmp_path / "r" / "ledger.jsonl"
    kept = journal.read_bytes()

    done = cleanup(journal, target)
    assert (done.exit_code, held(running), state_of(running)) == (0, 0, "associated"), done.output
    assert not journal.exists()

    journal.write_bytes(kept)
    assert cleanup(journal, target).exit_code == 0, "twice is harmless"


def test_a_request_is_noted_before_it_is_sent(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "r" / "ledger.jsonl"
    operation, binding = run.bench.arrangements.binding_for("bpv", "register", None)
    run.bench.samples.sample(operation, binding, "x")  # asks for the subtypes, which is nothing to undo
    assert not journal.exists(), "nothing to tell yet"
    found: list[dict[str, Any]] = []

    def send(*_: object, **__: object) -> None:
        found.extend(json.loads(line) for line in journal.read_text("utf-8").splitlines())
        raise KeyboardInterrupt

    monkeypatch.setattr(run.bench.client, "send", send)
    with pytest.raises(KeyboardInterrupt):
        run.bench.arrangements.register("bpv", "x")
    first, intent = found
    assert (first["run"], first["edition"]) == (RUN, "okd-1.5")
    assert (intent["n"], intent["intent"], intent["operation"]) == (1, "register", "register_document")
    assert intent["document_name"].startswith(f"okd-conformance-{RUN}-")
    assert intent["dms_document_id"] == run.bench.ledger.open()[0].document_id


def test_a_journal_has_no_secrets(run: Run, running: Running, tmp_path: Path) -> None:
    stored = run.bench.arrangements.store("dms", "examination", "x")
    operation, binding = run.bench.arrangements.binding_for("dms", "metadata", None)
    path = {"dms_document_id": stored.id}
    sample = run.bench.samples.sample(operation, binding, "x", path_values=path)
    assert run.bench.sending.send(sample.request(), "x", "dms", operation).status == 200
    text = (tmp_path / "r" / "ledger.jsonl").read_text("utf-8")
    assert stored.exchange.request.token not in text
    address = running.base_url
    assert text.count("http") == text.count(f'": "{address}'), "only where the target is"
    described = yaml.safe_load(running.target)["auth"]
    assert not any(client["client_secret"] in text for client in described["clients"])


def forget_outcomes(journal: Path) -> None:
    """Make it the journal of a run that was killed while its requests were on their way."""
    lines = journal.read_text("utf-8").splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if "outcome" not in line), "utf-8")


def test_what_was_on_its_way_is_looked_for(running: Running, run: Run, target: Path, tmp_path: Path) -> None:
    run.bench.arrangements.store("dms", "examination", "x")
    run.bench.arrangements.register("bpv", "x")
    forget_outcomes(tmp_path / "r" / "ledger.jsonl")
    (tmp_path / "hookless").mkdir()
    hookless = written(tmp_path / "hookless", running, without_hooks)

    done = cleanup(tmp_path / "r" / "ledger.json", hookless)
    assert (done.exit_code, held(running)) == (3, 1), "the registration has an id that we chose"
    assert f"A document named okd-conformance-{RUN}-" in done.stderr
    ledger = json.loads((tmp_path / "r" / "ledger.json").read_text("utf-8"))
    assert (ledger["created"], len(ledger["uncertain"])) == ([], 1)
    assert [file.name for file in (tmp_path / "r").iterdir()] == ["ledger.json"]

    done = cleanup(tmp_path / "r" / "ledger.json", target)
    assert (done.exit_code, held(running)) == (0, 0), "the hook says which it is"
    assert list((tmp_path / "r").iterdir()) == []


def test_an_interrupted_cleanup_keeps_the_rest(
    running: Running, run: Run, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label in ("x", "y", "z"):
        run.bench.arrangements.store("dms", "examination", label)
    undone, calls = Leaving._undone, []

    def second_time_interrupted(leaving: Leaving, created: Created) -> bool | None:
        calls.append(created)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGTERM)
        return undone(leaving, created)

    with monkeypatch.context() as patched:
        patched.setattr(Leaving, "_undone", second_time_interrupted)
        done = cleanup(tmp_path / "r" / "ledger.jsonl", target)
    assert (done.exit_code, held(running)) == (3, 2)
    assert "1 cleaned up, 2 left." in done.output
    assert len(json.loads((tmp_path / "r" / "ledger.json").read_text("utf-8"))["created"]) == 2
    assert cleanup(tmp_path / "r" / "ledger.json", target).exit_code == 0
    assert held(running) == 0


def test_a_document_is_deleted_as_the_client_that_sent_it(running: Running, run: Run) -> None:
    clients = {client["component"]: client for client in yaml.safe_load(running.target)["auth"]["clients"]}
    operation, binding = run.bench.arrangements.upload_binding("dms", None)
    other = run.bench.rights.usual(binding).client_id
    component = next(name for name, client in clients.items() if client["client_id"] != other)
    token = run.bench.rights.usual_token(binding, component)
    run.bench.sending.send(
        run.bench.samples.sample(operation, binding, "x", token=token).request(), "x", "dms", operation
    )
    assert held(running) == 1
    assert len(run.bench.clean_up()) == 0
    assert held(running) == 0


def test_a_folder_with_a_journal_is_not_written_over(run: Run, target: Path, tmp_path: Path) -> None:
    run.bench.arrangements.register("bpv", "x")
    done = CliRunner().invoke(main, ["run", str(target), "--report-dir", str(tmp_path / "r"), "--lang", "en"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "okd-conformance cleanup" in done.stderr


def test_production_is_not_touched_without_a_word(running: Running, run: Run, tmp_path: Path) -> None:
    run.bench.arrangements.register("bpv", "x")
    (tmp_path / "live").mkdir()
    live = written(tmp_path / "live", running, lambda target: target.update(environment="production"))
    ledger = tmp_path / "r" / "ledger.jsonl"
    assert (cleanup(ledger, live).exit_code, held(running), ledger.exists()) == (2, 1, True)
    assert (cleanup(ledger, live, "--allow-production").exit_code, held(running)) == (0, 0)


@pytest.mark.parametrize("edition", edition_ids())
def test_what_is_sent_can_be_recognised(tmp_path: Path, edition: str) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(yaml.safe_dump(target_of("http://127.0.0.1:1", edition_id=edition)), "utf-8")
    run = open_run(Options(target=str(target), run_id=RUN))
    names = []
    for role in run.target.roles:
        for operation in run.edition.operations(role):
            if operation.kind not in KINDS:
                continue
            for binding in operation.bindings:
                sample = run.bench.samples.sample(operation, binding, "x", token="x")
                assert sample.file_name == f"{run.bench.samples.marker}.pdf"
                names += sample.body.all("document_name") if sample.body else []
    run.close()
    assert all(name.startswith(f"okd-conformance-{RUN}-") for name in names)
    assert names or edition == "okd-0.3", "only there the standard has no place for a name"


# --- files ------------------------------------------------------------------------------------------------

FIRST = b'{"run": "r", "edition": "okd-1.5", "suite": "0"}\n'
UPLOAD = b'{"n": 1, "intent": "upload", "role": "dms", "operation": "upload_to_person"}\n'
CAME = b'{"n": 1, "outcome": "created", "document_id": "a"}\n'


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    left = Left([Created("dms", "a", None, "upload_to_person")], [Intent("upload", "dms", "o")], [])
    write_ledger(tmp_path / "ledger.json", "r", "okd-1.5", left, Redactor())
    stored = read(tmp_path / "ledger.json")
    assert stored is not None
    assert (stored.run, stored.edition, stored.left) == ("r", "okd-1.5", left)
    write_ledger(tmp_path / "ledger.json", "r", "okd-1.5", Left(), Redactor())
    assert not (tmp_path / "ledger.json").exists()


@pytest.mark.parametrize("kept", range(len(CAME)))
def test_a_last_line_may_be_cut_off(tmp_path: Path, kept: int) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(FIRST + UPLOAD + CAME[:kept])
    stored = read(file)
    assert stored is not None
    whole = kept == len(CAME) - 1  # all but the line feed
    assert (len(stored.left.uncertain), len(stored.left.created)) == ((0, 1) if whole else (1, 0))


@pytest.mark.parametrize("text", [b"", FIRST[:20]])
def test_a_journal_without_a_first_line_tells_nothing(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "ledger.jsonl").write_bytes(text)
    assert read(tmp_path / "ledger.jsonl") is None


@pytest.mark.parametrize(
    "text",
    [
        b"[]\n",
        b'{"run": 1, "edition": "okd-1.5"}\n',
        b'{"run": "r", "edition": "okd-1.5", "addresses": []}\n',
        b'{"run": "r", "edition": "okd-1.5", "addresses": {"dms": 1}}\n',
        b"\n" * (MAX_NOTES + 1),
    ],
    ids=range(5),
)
def test_a_journal_whose_beginning_makes_no_sense_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "ledger.jsonl").write_bytes(text)
    with pytest.raises(LedgerError, match=r"ledger\.jsonl"):
        read(tmp_path / "ledger.jsonl")


@pytest.mark.parametrize(
    "line",
    [
        b"{\n",
        b"\xff\xfe\n",
        b'{"n": 9}\n',
        b'{"n": 9, "intent": "upload", "role": ["dms"], "operation": "o"}\n',
        b'{"n": 1, "outcome": "created", "document_id": null}\n',
        b'{"x": "' + b"x" * MAX_LINE + b'"}\n',
        b"[" * 60_000 + b"\n",
    ],
    ids=range(7),
)
def test_a_line_that_makes_no_sense_costs_that_line(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "ledger.jsonl").write_bytes(FIRST + UPLOAD + line + CAME)
    stored = read(tmp_path / "ledger.jsonl")
    assert stored is not None
    assert (stored.damaged, [created.document_id for created in stored.left.created]) == (1, ["a"])


def test_a_damaged_journal_is_told_and_kept(running: Running, run: Run, target: Path, tmp_path: Path) -> None:
    run.bench.arrangements.store("dms", "examination", "x")
    run.bench.arrangements.register("bpv", "x")
    journal = tmp_path / "r" / "ledger.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:-1], b'{"n": 7, "inte\n', lines[-1]]))
    done = cleanup(tmp_path / "r" / "ledger.json", target)
    assert (done.exit_code, held(running)) == (3, 0), "the rest is undone"
    assert "Damaged lines in" in done.stderr
    assert [file.name for file in (tmp_path / "r").iterdir()] == ["ledger.jsonl"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"created": [{"what": 1}]}', "is not a ledger"),
        ('{"run": "r", "edition": "e", "created": [{"role": "dms", "document_id": 1}]}', "is not a ledger"),
        ("[" * 100_000, "is not a ledger"),
        ('{"run": "r", "edition": "e", "created": [], "addresses": 1}', "is not a ledger"),
        (" " * 50_000_001, "is larger than 50000000 bytes"),
    ],
    ids=range(5),
)
def test_something_that_is_no_ledger_is_refused(tmp_path: Path, text: str, words: str) -> None:
    ledger = tmp_path / "ledger.json"
    ledger.write_text(text, "utf-8")
    done = cleanup(ledger, tmp_path / "target.yaml")
    assert done.exit_code == 2
    assert words in " ".join(done.output.split())


def test_ledgers_of_two_runs_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "ledger-gw0.jsonl").write_bytes(FIRST)
    (tmp_path / "ledger-gw1.jsonl").write_bytes(FIRST.replace(b'"r"', b'"other"'))
    done = cleanup(tmp_path / "ledger.json", tmp_path / "target.yaml")
    assert (done.exit_code, "different runs" in done.output) == (2, True)


def test_a_journal_is_never_begun_twice(tmp_path: Path) -> None:
    first, second = (Journal(tmp_path / "ledger.jsonl", "r", "okd-1.5") for _ in range(2))
    first.write({"n": 1})
    with pytest.raises(FileExistsError):
        second.write({"n": 1})
    first.close()


@pytest.mark.parametrize("name", ["ledger.json", "ledger.jsonl", "ledger-gw0.jsonl"])
def test_a_folder_without_a_ledger_needs_no_cleaning(tmp_path: Path, name: str) -> None:
    done = cleanup(tmp_path / name, tmp_path / "target.yaml")
    assert (done.exit_code, "there is nothing to clean up" in done.stdout) == (0, True)


@pytest.mark.parametrize("name", ["nowhere/ledger.json", "nowhere/ledger.jsonl", "other.json", "x" * 300])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    done = cleanup(tmp_path / name, tmp_path / "target.yaml")
    assert (done.exit_code, "can't be read" in " ".join(done.output.split())) == (2, True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name here")
@pytest.mark.parametrize("name", ["ledger.json", "ledger.jsonl"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    done = cleanup(tmp_path / "ledger.json", tmp_path / "target.yaml")
    assert (done.exit_code, "not an ordinary file" in " ".join(done.output.split())) == (2, True)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device here")
def test_a_device_is_not_read(tmp_path: Path) -> None:
    done = cleanup(Path("/dev/zero"), tmp_path / "target.yaml")
    assert (done.exit_code, "not an ordinary file" in " ".join(done.output.split())) == (2, True)


# --- another target ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["journal", "ledger"])
def test_another_target_is_refused(running: Running, run: Run, tmp_path: Path, form: str) -> None:
    run.bench.arrangements.store("dms", "examination", "x")
    ledger, elsewhere = tmp_path / "r" / "ledger.jsonl", tmp_path / "elsewhere"
    if form == "ledger":
        ledger.unlink()
        ledger = tmp_path / "r" / "ledger.json"
        left = run.bench.left()
        write_ledger(ledger, RUN, "okd-1.5", left, run.bench.redactor, run.addresses)
    kept = ledger.read_bytes()
    elsewhere.mkdir()
    with running_server() as other:
        wrong = written(elsewhere, other)
        done = cleanup(ledger, wrong)
        assert (done.exit_code, held(running), ledger.read_bytes()) == (2, 1, kept)
        assert running.base_url in done.stderr
        assert other.base_url in done.stderr
        assert cleanup(ledger, wrong, "--allow-other-target").exit_code == 0, "then a 404 is a deletion"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://dms.example.nl/okd", "https://dms.example.nl/okd"),
        ("HTTPS://DMS.example.nl:443/okd/", "https://dms.example.nl/okd"),
        ("https://user:word@dms.example.nl/okd?key=1#x", "https://dms.example.nl/okd"),
        ("https://user:word@dms.example.nl/" + "x" * 70_000, "dms.example.nl"),
    ],
    ids=["plain", "other-form", "access", "too-long"],
)
def test_an_address_in_a_ledger_gives_no_access(address: str, told: str) -> None:
    assert without_access(address) == told


def test_a_ledger_without_addresses_is_still_cleaned_up(
    running: Running, run: Run, target: Path, tmp_path: Path
) -> None:
    run.bench.arrangements.store("dms", "examination", "x")
    ledger = tmp_path / "ledger.json"
    ledger.write_text(json.dumps({"run": RUN, "edition": "okd-1.5", **run.bench.left().as_json()}), "utf-8")
    assert (cleanup(ledger, target).exit_code, held(running)) == (0, 0)


def test_what_is_at_an_unknown_role_is_left(running: Running, run: Run, target: Path, tmp_path: Path) -> None:
    run.bench.arrangements.store("dms", "examination", "x")
    left = run.bench.left()
    away = Left(
        [*left.created, Created("moon", "a", None, "o")],
        [Intent("upload", "moon", "o")],
        [Changed("moon", "finished")],
    )
    ledger = tmp_path / "ledger.json"
    write_ledger(ledger, RUN, "okd-1.5", away, Redactor())
    done = cleanup(ledger, target)
    assert (done.exit_code, held(running)) == (3, 0), done.output
    assert "no role moon" in done.stderr
    kept = json.loads(ledger.read_text("utf-8"))
    assert [len(kept[part]) for part in ("created", "uncertain", "changed")] == [1, 1, 1]


@pytest.mark.parametrize("edition", ["okd-9", "../okd-1.5", "okd-1.5@moon"])
def test_an_unknown_edition_is_told(target: Path, tmp_path: Path, edition: str) -> None:
    write_ledger(tmp_path / "ledger.json", "r", edition, Left([Created("dms", "a", None, "o")]), Redactor())
    assert cleanup(tmp_path / "ledger.json", target).exit_code == 2


# --- a disk that is full ----------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on files here")
def test_a_run_that_can_not_write_cleans_up_all_the_same(
    running: Running, target: Path, tmp_path: Path
) -> None:
    words = ["run", str(target), *CHOSEN, "--report-dir", str(tmp_path / "r"), "--lang", "en", "--quiet"]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "OKD_", "COV_"))}
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 2; exec "$@"', "sh", sys.executable, "-m", "okd_conformance", *words],
        cwd=tmp_path,
        env={**kept, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(CHECKOUT / "src"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, held(running)) == (2, 0), done.stderr
    assert "this ledger can't be written" in done.stderr
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "uite fault" not in done.stdout


class Short:
    """A file that takes a few bytes at a time, and none behind a limit."""

    def __init__(self, file: Any, limit: int) -> None:
        self.file, self.limit = file, limit

    def write(self, content: memoryview) -> int:
        room = self.limit - self.file.tell()
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self.file.write(content[: min(3, room)]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def test_a_note_is_written_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "ledger.jsonl", "r", "okd-1.5")
    journal.write(json.loads(UPLOAD))
    size = journal.path.stat().st_size
    short = Short(journal._file, size + 20)
    journal._file = cast("Any", short)
    with pytest.raises(OSError, match="No space") as raised:
        journal.write(json.loads(CAME))
    assert (raised.value.filename, journal.path.stat().st_size) == (str(journal.path), size)
    short.limit = size + 1000
    journal.write(json.loads(CAME))
    journal.close()
    stored = read(journal.path)
    assert stored is not None
    assert (stored.damaged, len(stored.left.created), stored.left.uncertain) == (0, 1, [])


def test_a_ledger_that_can_not_be_written_is_told(running: Running, run: Run, tmp_path: Path) -> None:
    stored = run.bench.arrangements.store("dms", "examination", "x")
    hindered = written(tmp_path, running, lambda target: target["roles"].pop("dms"))
    (tmp_path / "r" / "ledger.json.new").mkdir()
    done = cleanup(tmp_path / "r" / "ledger.json", hindered)
    assert (done.exit_code, held(running)) == (3, 1)
    assert "ledger.json could not be written" in done.stderr
    assert stored.id in done.stderr
    assert (tmp_path / "r" / "ledger.jsonl").exists(), "it is all there is"
