"""The commands init and check-config: what a new user meets first."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from okd_conformance.base.text import Lang, Text
from okd_conformance.cli.main import main
from okd_conformance.reference import Running, running_server
from okd_conformance.reference.school import load_school
from okd_conformance.run.check_config import check_target
from okd_conformance.run.config_addresses import clocks, edition_named
from okd_conformance.run.init_file import REFERENCE_URL, Wishes, fixtures_needed, write_target_file
from okd_conformance.standard.edition import edition_ids, load_edition
from okd_conformance.target.reading import load_target
from okd_conformance.wire.clock import clock_skew
from okd_conformance.wire.exchange import Answer, Exchange, Request
from support.raw_server import closed_port

VARIABLES = {"OKD_SECRET": "reference-secret-1", "OKD_SECOND_SECRET": "reference-secret-2"}
OWN = Wishes(
    edition="okd-1.5",
    name="Acme: DMS #1",
    vendor='Acme "B.V."',
    product_version="4.20",
    roles=("dms=https://dms.acme.example/okd/v1",),
    token_url="https://login.acme.example/token",
    client_id="okd-test",
)
ROLES_WITHOUT_FLOW_7 = ["dms", "examineren", "bpv", "diplomeren"]


# init


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("edition", edition_ids())
def test_the_reference_s_values_make_a_valid_file(tmp_path: Path, edition: str, lang: Lang) -> None:
    file = tmp_path / "target.yaml"
    write_target_file(str(file), Wishes(edition, reference=True), lang, None, False, False)
    target = load_target(file, VARIABLES)
    assert target.edition == edition
    assert list(target.roles) == list(load_edition(edition).roles)
    assert list(target.fixtures) == fixtures_needed(load_edition(edition), target.roles)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_what_to_do_next_with_the_reference_works_as_printed(tmp_path: Path, lang: Lang) -> None:
    file = tmp_path / "target.yaml"
    words = write_target_file(str(file), Wishes("okd-1.5", reference=True), lang, None, False, False)
    variables = dict(re.findall(r"export (\w+)=(\S+)", words))
    target = load_target(file, variables)
    assert target.auth is not None
    assert [client.client_secret.reveal() for client in target.auth.clients] == list(variables.values())
    known = {client.client_id: client.client_secret for client in load_school().clients}
    assert {c.client_id: c.client_secret.reveal() for c in target.auth.clients}.items() <= known.items()
    assert len({client.component for client in target.auth.clients}) == 2
    assert "okd-conformance serve --edition okd-1.5 --port 8800\n" in words
    assert target.roles["dms"].base_url == f"{REFERENCE_URL}/dms/okd/v1"


def test_options_are_written_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "target.yaml"
    words = write_target_file(str(file), OWN, "en", None, False, False)
    target = load_target(file, VARIABLES)
    assert (target.name, target.vendor, target.version) == ("Acme: DMS #1", 'Acme "B.V."', "4.20")
    assert {name: role.base_url for name, role in target.roles.items()} == {
        "dms": "https://dms.acme.example/okd/v1"
    }
    assert target.auth is not None
    assert [client.client_id for client in target.auth.clients] == ["okd-test"]
    assert "check-config" in words
    assert "reference-secret" not in file.read_text("utf-8")


def test_every_field_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "target.yaml"
    write_target_file(str(file), OWN, "en", None, False, False)
    lines = file.read_text("utf-8").splitlines()
    tops = [number for number, line in enumerate(lines) if re.match(r"[a-z]", line)]
    assert [lines[number] for number in tops if not lines[number - 1].startswith("# ")] == []


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "target.yaml"
    file.write_text("mine", "utf-8")
    with pytest.raises(click.UsageError, match="--force"):
        write_target_file(str(file), OWN, "en", None, False, False)
    assert file.read_text("utf-8") == "mine"
    write_target_file(str(file), OWN, "en", None, True, False)
    assert load_target(file, VARIABLES).name == "Acme: DMS #1"


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (Wishes("okd-1.5"), "--name, --vendor, --product-version, --role dms=URL"),
        (Wishes("okd-9"), "okd-1.5"),
        (replace(OWN, roles=("dsm=https://x.example",)), "no role dsm"),
        (replace(OWN, roles=("dms=dms.acme.example",)), "https://"),
    ],
)
def test_what_can_t_be_is_refused_before_anything_is_written(
    tmp_path: Path, wishes: Wishes, words: str
) -> None:
    file = tmp_path / "target.yaml"
    with pytest.raises(click.UsageError, match=re.escape(words)):
        write_target_file(str(file), wishes, "en", None, False, False)
    assert not file.exists()


def test_a_person_is_asked_and_offered_the_reference_s_values(tmp_path: Path) -> None:
    asked: dict[str, str | None] = {}
    answers = {"Name of the product": "Acme", "Vendor": "A", "Version of the product": "1"}

    def ask(question: Text, offered: str | None) -> str:
        asked[question.en] = offered
        return answers.get(question.en) or offered or ""

    file = tmp_path / "target.yaml"
    words = write_target_file(str(file), Wishes("okd-1.5", roles=("inschrijven",)), "en", ask, False, False)
    address = "Address where the standard's paths begin: Enrolment module"
    assert asked[address] == f"{REFERENCE_URL}/inschrijven/okd/v1"
    assert asked["Other student: Student number"] == "0012345"
    assert load_target(file, VARIABLES).name == "Acme"
    assert "export OKD_SECRET=reference-secret-1\n" in words


def test_the_schema_is_put_beside_it_for_editors(tmp_path: Path) -> None:
    file = tmp_path / "target.yaml"
    write_target_file(str(file), OWN, "en", None, False, True)
    first = file.read_text("utf-8").splitlines()[0]
    assert (tmp_path / first.partition("$schema=")[2]).is_file()


def test_the_command_takes_options_where_nobody_can_answer(tmp_path: Path) -> None:
    file = tmp_path / "target.yaml"
    found = CliRunner().invoke(main, ["init", str(file), "--reference", "--role", "bpv", "--lang", "en"])
    assert found.exit_code == 0, found.output
    assert list(yaml.safe_load(file.read_text("utf-8"))["roles"]) == ["bpv"]


# check-config


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running_server("okd-1.5") as running:
        yield running


def checked(
    server: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str], **changes: Any
) -> tuple[int, str]:
    """Check a target file that differs from the reference's in some places (``a__b`` for ``a: {b: …}``)."""
    value = yaml.safe_load(server.target)
    for place, new in changes.items():
        *steps, last = place.split("__")
        inner = value
        for step in steps:
            inner = inner[int(step) if step.isdecimal() else step]
        inner[last] = new
    file = tmp_path / "target.yaml"
    file.write_text(yaml.safe_dump(value), "utf-8")
    code = check_target(str(file), None, "en")
    return code, capsys.readouterr().out


def test_the_reference_is_in_order(server: Running, tmp_path: Path, capsys: Any) -> None:
    code, out = checked(server, tmp_path, capsys)
    assert code == 0
    assert out.splitlines()[-1] == ("Configuration in order: what is red from here on is the implementation.")
    assert "exists: student_number (1234567)" in out
    assert "The clocks agree." in out
    assert [line for line in out.splitlines() if line.startswith(("x ", "! "))] == []


OTHER = "3d1a0c55-0a3e-4f6e-9b3a-5b8b1c1d7e01"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"auth__clients__0__client_secret": "wrong"}, 2, "refuses auth.clients[0]"),
        ({"fixtures__person_id": OTHER}, 2, f"does not exist: person_id ({OTHER})"),
        ({"fixtures__student_number": "9999999"}, 2, "does not exist: student_number (9999999)"),
        (
            {"roles__dms__base_url": "http://127.0.0.1:1/okd"},
            3,
            "dms, http://127.0.0.1:1/okd: the server cannot",
        ),
        ({"auth__clients__0__scopes": ["no:such"]}, 3, "no token for no:such"),
    ],
)
def test_what_is_wrong_is_named(
    server: Running, tmp_path: Path, capsys: Any, changes: dict[str, Any], code: int, words: str
) -> None:
    found, out = checked(server, tmp_path, capsys, **changes)
    assert found == code
    assert words in out
    assert "mend" in out.splitlines()[-1] or "One thing first" in out.splitlines()[-1]


def test_a_refused_secret_is_told_with_its_line(server: Running, tmp_path: Path, capsys: Any) -> None:
    _, out = checked(server, tmp_path, capsys, auth__clients__0__client_secret="$(OKD_SECRET)")
    lines = (tmp_path / "target.yaml").read_text("utf-8").splitlines()
    (told,) = re.findall(r"x target\.yaml:(\d+): .*refuses", out)
    begin = lines.index("  clients:")
    assert begin < int(told) - 1 <= begin + 3


def test_where_every_client_is_refused_each_is_told_once(
    server: Running, tmp_path: Path, capsys: Any
) -> None:
    clients = [{"client_id": f"c{n}", "client_secret": "no", "scopes": ["okd:alldocuments"]} for n in (1, 2)]
    code, out = checked(server, tmp_path, capsys, auth__clients=clients)
    assert code == 2
    assert [out.count(f"refuses auth.clients[{n}]") for n in (0, 1)] == [2, 1], "the first again at the end"
    assert out.splitlines()[-1].startswith("2 things to mend")


def test_a_document_that_is_taken_and_lost_is_the_systems_doing(tmp_path: Path, capsys: Any) -> None:
    with running_server(roles=["dms"], faults=["id-not-uuid"]) as faulty:
        code, out = checked(faulty, tmp_path, capsys)
    assert code == 3
    assert "read_document fails with document-" in out
    assert "it is a finding about the system" in out.splitlines()[-1]
    assert "test data" not in out.splitlines()[-1]


@pytest.mark.parametrize("most", [1, 2])
def test_a_limit_that_leaves_no_room_is_named(
    server: Running, tmp_path: Path, capsys: Any, most: int
) -> None:
    code, out = checked(server, tmp_path, capsys, limits__max_requests=most)
    assert code == 3
    assert "limits.max_requests" in out.splitlines()[-1]


def test_a_wrong_token_address_is_one_thing_to_mend(server: Running, tmp_path: Path, capsys: Any) -> None:
    clients = [{"client_id": "okd-all", "client_secret": "x", "scopes": ["okd:a", "okd:b", "okd:c"]}]
    url = f"{server.base_url}/nothing-here"
    code, out = checked(server, tmp_path, capsys, auth__token_url=url, auth__clients=clients)
    assert code == 3
    assert "x okd-all: no token for okd:a, okd:b, okd:c: the token endpoint answers 404" in out
    assert "Is auth.token_url right?" in out.splitlines()[-1]
    assert out.splitlines()[-1].startswith("One thing first")


def test_what_one_client_alone_cannot_show_is_foretold(server: Running, tmp_path: Path, capsys: Any) -> None:
    clients = yaml.safe_load(server.target)["auth"]["clients"][:1]
    code, out = checked(server, tmp_path, capsys, auth__clients=clients, auth__signing_key=None)
    assert code == 0
    assert "- all clients belong to one system" in out
    assert "- auth.signing_key is absent" in out
    _, whole = checked(server, tmp_path, capsys)
    assert "one system" not in whole
    assert "signing_key" not in whole


def test_a_proxy_that_is_not_there_is_named_without_its_password(
    server: Running, tmp_path: Path, capsys: Any
) -> None:
    closed = closed_port().removeprefix("http://")
    http = {"proxy": f"http://okd:Gh3im-w88rd@{closed}"}
    code, out = checked(server, tmp_path, capsys, http=http)
    assert code == 3
    assert f"cannot be reached, through the proxy {closed}" in out.splitlines()[1]
    assert "First check http.proxy" in out.splitlines()[-1]
    done = CliRunner().invoke(
        main, ["run", str(tmp_path / "target.yaml"), "--report-dir", str(tmp_path / "r")]
    )
    assert done.exit_code == 3
    assert f"cannot be reached through the proxy {closed}" in done.output
    assert "Gh3im" not in out + done.output


def test_a_plain_value_of_a_header_is_warned_of(server: Running, tmp_path: Path, capsys: Any) -> None:
    headers = {"X-Env": "test", "X-Role": "inschrijven", "X-Key": "k3y-9f27bc41d8"}
    code, out = checked(server, tmp_path, capsys, http={"headers": headers})
    assert code == 0
    assert "! http.headers.X-Env: a value of fewer than 6 characters is not kept out of the report" in out
    assert "! http.headers.X-Role: the value is an ordinary word" in out
    assert "X-Key" not in out


def test_what_no_client_may_call_is_named(server: Running, tmp_path: Path, capsys: Any) -> None:
    clients = [{"client_id": "okd-all", "client_secret": "reference-secret-1", "scopes": ["okd:studentinfo"]}]
    code, out = checked(server, tmp_path, capsys, auth__clients=clients, auth__signing_key=None)
    assert code == 3
    assert "flow 5: no client can get a token with one of okd:enrollmentderollment" in out


def test_a_module_is_asked_for_each_test_data(server: Running, tmp_path: Path, capsys: Any) -> None:
    roles = yaml.safe_load(server.target)["roles"]
    own = {name: roles[name] for name in ROLES_WITHOUT_FLOW_7}
    code, out = checked(server, tmp_path, capsys, roles=own)
    assert code == 0
    assert "bpv: register_document accepted with association_id, person_id, sequence_code" in out
    assert "examineren: register_document accepted with association_id, exam_code, exam_code_path" in out
    assert "examineren: register_document accepted with offering_id" in out
    assert "can't be seen" not in out


def test_test_data_that_nobody_can_be_asked_for_is_said_to_be_unseen(
    server: Running, tmp_path: Path, capsys: Any
) -> None:
    roles = yaml.safe_load(server.target)["roles"]
    own = {name: roles[name] for name in ("dms", "bpv")}
    code, out = checked(server, tmp_path, capsys, roles=own)
    assert code == 0
    assert "- can't be seen from outside whether this exists: offering_id" in out


def test_roles_that_the_asked_edition_lacks_are_not_looked_at(tmp_path: Path, capsys: Any) -> None:
    with running_server("okd-0.3") as running:
        described = yaml.safe_load(running.target)
        described["roles"]["bpv"] = {"base_url": "https://bpv.example"}
        file = tmp_path / "target.yaml"
        file.write_text(yaml.safe_dump({**described, "edition": "okd-1.5"}), "utf-8")
        assert check_target(str(file), "okd-0.3", "en") == 0
    assert "bpv" not in capsys.readouterr().out


def test_a_mistake_in_the_file_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "target.yaml"
    file.write_text("name: x\nroles: {dms: {base_url: x}}\n", "utf-8")
    assert check_target(str(file), None, "en") == 2
    assert "topmost line" in capsys.readouterr().out


def exchange(headers: tuple[tuple[str, str], ...], body: bytes = b"{}") -> Exchange:
    answer = Answer(200, "OK", headers, body)
    return Exchange("x1", Request("GET", "https://x.example"), answer, None, "2026-11-22T12:00:00+00:00", 2.0)


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Sun, 22 Nov 2026 12:00:01 GMT", 0),
        ("Sun, 22 Nov 2026 12:10:01 GMT", 600),
        ("Sun, 22 Nov 2026 11:58:01 GMT", -120),
        ("yesterday", None),
        ("Sun, 22 Nov 2026 99999999999999999999:00:00 GMT", None),
        ("Sun, 22 Nov 2026 12:00:00 +99999999999999", None),
    ],
)
def test_the_clock_of_the_server(date: str, skew: float | None) -> None:
    assert clock_skew(exchange((("Date", date),))) == skew


def test_a_clock_that_is_off_is_a_warning() -> None:
    found = list(clocks({"dms": exchange((("Date", "Sun, 22 Nov 2026 12:10:01 GMT"),))}))
    assert [(one.how, one.words.en) for one in found] == [
        ("warning", "dms: the server's clock is 600 seconds ahead")
    ]


@pytest.mark.parametrize(
    ("version", "edition"), [("1.5.0", "okd-1.5"), ("v0.9.1", "okd-0.9.1"), ("2.0", None), ("", None)]
)
def test_the_edition_that_an_answer_names(version: str, edition: str | None) -> None:
    operation = load_edition("okd-1.5").operation("dms", "read_service")
    consumers = [{"consumerKey": "other", "version": "0.6"}, {"consumerKey": "nl-okd", "version": version}]
    body = json.dumps({**operation.answer_examples[0], "supportedConsumers": consumers}).encode()
    assert edition_named(operation, exchange((), body)) == edition


# init at a terminal


def typed(folder: Path, *lines: str) -> str:
    """What ``init`` says at a real terminal to a person who types these lines, and Ctrl-D after them."""
    import pty

    master, slave = pty.openpty()
    command = [sys.executable, "-m", "okd_conformance", "init", "t.yaml", "--lang", "en"]
    started = subprocess.Popen(
        command, cwd=folder, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    os.close(slave)
    os.write(master, "".join(line + "\n" for line in lines).encode() + b"\x04")
    said, _ = started.communicate(timeout=60)
    os.close(master)
    return said


@pytest.mark.skipif(sys.platform == "win32", reason="A pseudo-terminal")
def test_a_wrong_answer_is_asked_again_and_an_interruption_loses_nothing(tmp_path: Path) -> None:
    given = ("Acme DMS", "Acme B.V.", "4.2", "", "test")
    said = typed(tmp_path, *given, "dsm", "dms", "dms.acme.example", "https://dms.acme.example/okd/v1")
    assert "okd-1.5 has no role dsm" in said
    assert "https://" in said
    assert "t.yaml.unfinished" in said
    assert not (tmp_path / "t.yaml").exists()
    again = typed(tmp_path, *[""] * 40)
    assert "Acme B.V." in again
    assert (tmp_path / "t.yaml").exists()
    assert not (tmp_path / "t.yaml.unfinished").exists()
    target = load_target(tmp_path / "t.yaml", VARIABLES)
    assert (target.name, target.version) == ("Acme DMS", "4.2")
    assert target.roles["dms"].base_url == "https://dms.acme.example/okd/v1"


def test_the_secret_itself_is_refused_where_its_variable_is_asked(tmp_path: Path) -> None:
    answers = iter(
        ["n", "v", "1", "", "test", "dms", "https://d.example", "https://t.example", "id", "s3cr3t/"]
    )

    def ask(_question: Text, _offered: str | None) -> str:
        answer = next(answers, None)
        if answer is None:
            raise click.Abort
        return answer

    with pytest.raises(click.Abort):
        write_target_file(str(tmp_path / "t.yaml"), Wishes("okd-1.5"), "en", ask, False, False)
    kept = (tmp_path / "t.yaml.unfinished").read_text("utf-8")
    assert "token_url: https://t.example" in kept
    assert "s3cr3t" not in kept


def init_from(source: Path, file: Path, *options: str) -> Result:
    return CliRunner().invoke(
        main, ["init", str(file), "--from", str(source), "--no-input", "--lang", "en", *options]
    )


def test_an_existing_file_is_taken_up(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    write_target_file(str(old), OWN, "en", None, False, False)
    found = init_from(old, new, "--product-version", "5.0")
    assert found.exit_code == 0, found.output
    before, after = (load_target(file, VARIABLES) for file in (old, new))
    assert after.version == "5.0"
    assert (after.name, after.vendor, after.roles, after.fixtures) == (
        before.name,
        before.vendor,
        before.roles,
        before.fixtures,
    )


@pytest.mark.parametrize("role", ["dms", "bpv"])
def test_an_openapi_file_gives_role_and_base_path(tmp_path: Path, role: str) -> None:
    operations = load_edition("okd-1.5").operations(role)
    paths: dict[str, Any] = {}
    for operation in operations:
        path = "/okd/v1" + re.sub(r"\{[^}]*\}", "{key}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = {"responses": {200: {}}}
    document = {"openapi": "3.0.3", "servers": [{"url": "https://acme.example/api/"}], "paths": paths}
    source = tmp_path / "openapi.yaml"
    source.write_text(yaml.safe_dump(document), "utf-8")
    options = (
        "--name=A",
        "--vendor=B",
        "--product-version=1",
        "--token-url=https://t.example",
        "--client-id=c",
    )
    found = init_from(source, tmp_path / "t.yaml", *options)
    assert found.exit_code == 0, found.output
    roles = load_target(tmp_path / "t.yaml", VARIABLES).roles
    assert roles[role].base_url == "https://acme.example/api/okd/v1"
