"""The commands list and explain: what they say, how it is shown, and what they answer to a wrong name."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any, get_args

import click
import pytest
from click.testing import CliRunner

from okd_conformance.base.text import Lang, Text
from okd_conformance.cli import explaining
from okd_conformance.cli import listing as lists
from okd_conformance.cli.explaining import explained
from okd_conformance.cli.listing import listing, shown
from okd_conformance.cli.main import main
from okd_conformance.standard.catalogue import Catalogue, Level, load_catalogue
from okd_conformance.standard.edition import edition_ids, load_edition
from okd_conformance.standard.faults import load_faults, load_variants

LISTS = ("requirements", "flows", "operations", "editions", "roles", "faults", "variants")
LANGUAGES: tuple[Lang, ...] = ("nl", "en")
NOT_NEEDED = ("jsonschema", "httpx", "pytest", "rich", "starlette", "okd_conformance.reference")


def names(what: str, key: str, edition: str = "okd-1.5", role: str | None = None) -> list[Any]:
    return [row[key] for row in listing(what, edition, role, "en")]


# The lists


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_list_has_rows_with_the_same_columns(what: str, lang: Lang) -> None:
    rows = listing(what, "okd-1.5", None, lang)
    assert rows
    assert {tuple(row) for row in rows} == {tuple(rows[0])}


def test_requirements_are_those_of_the_edition_and_the_role() -> None:
    catalogue = load_catalogue()
    edition = load_edition("okd-1.5")
    assert names("requirements", "id") == [r.id for r in catalogue.of(edition)]
    for_bpv = names("requirements", "id", role="bpv")
    assert "OKD-F13-001" in for_bpv
    assert "OKD-MPT-001" not in for_bpv
    assert all("bpv" in row["roles"] for row in listing("requirements", "okd-1.5", "bpv", "en"))


def test_requirements_say_whether_they_are_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [load_catalogue()[name] for name in ("OKD-AUT-001", "OKD-AUT-002", "OKD-AUT-017")]
    pending = {"OKD-AUT-002": Text("nog niet", "not yet")}
    monkeypatch.setattr(lists, "load_catalogue", lambda: Catalogue(rows, pending))
    assert names("requirements", "tested") == ["yes", "not yet", "no"]


def test_flows_of_a_role() -> None:
    assert names("flows", "flow", role="diplomeren") == ["service", "6", "10", "14"]
    proposals = [row["flow"] for row in listing("flows", "okd-1.5", None, "en") if row["proposal"]]
    assert proposals == ["10", "11", "12", "13", "14"]


def test_an_operation_that_several_roles_serve_is_one_row() -> None:
    rows = [row for row in listing("operations", "okd-1.5", None, "en") if row["operation"] == "read_service"]
    assert [row["roles"] for row in rows] == [["dms", "inschrijven", "examineren", "bpv", "diplomeren"]]
    registering = listing("operations", "okd-1.5", "bpv", "en")[2]
    assert registering["operation"] == "register_document"
    assert registering["flows"] == ["13"]


def test_operations_agree_with_the_edition() -> None:
    found = {
        (row["operation"], role)
        for row in listing("operations", "okd-1.5", None, "en")
        for role in row["roles"]
    }
    assert found == {(o.name, o.role) for o in load_edition("okd-1.5").operations()}


def test_editions_and_roles() -> None:
    assert names("editions", "edition") == edition_ids()
    assert "okd-1.5" in names("editions", "edition", role="bpv")
    assert names("roles", "role", role="bpv") == ["bpv"]
    assert names("roles", "role") == list(load_edition("okd-1.5").roles)


def test_faults_and_variants_are_those_of_the_reference() -> None:
    edition = load_edition("okd-1.5")
    own = [fault for fault in load_faults().values() if fault.is_in(edition)]
    assert names("faults", "name") == [f.name for f in own]
    assert names("faults", "name", role="bpv") == [f.name for f in own if "bpv" in f.roles]
    assert names("variants", "name") == [v.name for v in load_variants().values() if v.is_in(edition)]


# Names that do not exist


@pytest.mark.parametrize(
    ("edition", "role", "words"),
    [
        ("okd-15", None, "There is no edition okd-15. Do you mean okd-1.5"),
        ("nothing", None, "There is no edition nothing. There are: okd-"),
        ("okd-1.5", "bvp", "There is no role bvp in {editions}. Do you mean bpv?"),
        ("okd-1.5", "x\x1b[31m", "There is no role x [31m in {editions}. There are: dms, inschrijven"),
    ],
)
@pytest.mark.parametrize("what", LISTS)
def test_an_unknown_edition_or_role_is_wrong_usage(
    what: str, edition: str, role: str | None, words: str
) -> None:
    with pytest.raises(click.UsageError) as caught:
        listing(what, edition, role, "en")
    editions = ", ".join(edition_ids()) if what == "editions" else edition
    assert caught.value.message.startswith(words.format(editions=editions))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("OKD-MTP-001", "Do you mean OKD-MPT-001"),
        ("mpt-001", "Do you mean OKD-MPT-001?"),
        ("MPT-00l", "Do you mean OKD-MPT-0"),
        ("OKD-F13", "Do you mean OKD-F13-001, OKD-F13-002?"),
        ("", "'okd-conformance list requirements' shows them all."),
        ("?", "'okd-conformance list requirements' shows them all."),
    ],
)
def test_an_unknown_requirement_is_wrong_usage(name: str, words: str) -> None:
    with pytest.raises(click.UsageError, match="There is no requirement") as caught:
        explained(name, "en")
    assert words in caught.value.message


@pytest.mark.parametrize(
    "arguments",
    [["explain", "OKD-MPT-999"], ["list", "flows", "--edition", "okd-2"], ["list", "flows", "--role", "x"]],
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


# How it is shown


def test_json_holds_the_rows() -> None:
    rows = listing("requirements", "okd-1.5", None, "nl")
    assert json.loads(shown(rows, "json")) == rows
    assert "\\u" not in shown([{"says": "één"}], "json")


def test_a_table_in_a_pipe_has_a_line_for_each_row() -> None:
    rows = [{"id": "a", "roles": ["dms", "bpv"], "new": True, "says": "x [red]y[/red]"}]
    rows += [{"id": "long-id", "roles": [], "new": False, "says": None}]
    assert shown(rows, "table") == (
        "id       roles     new  says\n"
        "a        dms, bpv  yes  x [red]y[/red]\n"
        "long-id            no   -\n"
    )  # fmt: skip


@pytest.mark.parametrize("width", [60, 120])
def test_a_table_on_a_terminal_fits(width: int) -> None:
    rows = listing("requirements", "okd-1.5", "bpv", "en")
    table = shown(rows, "table", width=width)
    assert max(map(len, table.splitlines())) <= width
    letters = "".join(table.split())
    assert all(row["id"] in letters for row in rows)
    assert "[red]" in shown([{"says": "[red]words"}], "table", width=width)


def test_nothing_is_an_empty_table() -> None:
    assert shown([], "table") == ""
    assert json.loads(shown([], "json")) == []


def test_the_command_shows_a_list() -> None:
    result = CliRunner().invoke(main, ["list", "flows", "--role", "bpv", "--lang", "nl", "--format", "json"])
    assert result.exit_code == 0
    assert [row["title"] for row in json.loads(result.output)][-1] == "BPV-document aanmelden"


# One requirement


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_requirement_can_be_explained(lang: Lang, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for requirement in load_catalogue():
        told = explained(requirement.id, lang)
        flat = " ".join(told.split())
        parts = [
            requirement.statement,
            requirement.why,
            requirement.reasoning,
            requirement.test,
            requirement.remedy,
        ]
        parts += [requirement.untestable, requirement.parked]
        for part in parts:
            assert part is None or " ".join(part.in_language(lang).split()) in flat, requirement.id
        for source in requirement.sources:
            assert source.quote is None or " ".join(source.quote.split()) in flat, requirement.id
        assert told.endswith("\n")
        assert not any(line != line.rstrip() for line in told.splitlines())
        unbroken = {line for line in told.splitlines() if len(line) > 80 and " " in line.strip()}
        assert unbroken == set(), requirement.id


def test_an_explanation_tells_where_and_how_each_answer_counts() -> None:
    told = explained("okd-mpt-001", "en")
    assert "MUST: this is required. The standard says it in as many words." in told
    assert "  Editions: okd-0.6, okd-0.9.1, okd-1.5\n" in told
    assert "POST /offerings/{offeringId}  upload_to_offering (flow 2)" in told
    assert "right: 200; right, with a note: 201; a warning: 202; any other answer is wrong" in told


def test_an_explanation_tells_every_situation() -> None:
    told = explained("OKD-AUT-016", "nl")
    assert "took_effect: fout: 2xx, 404, 410; elk ander antwoord geeft een waarschuwing" in told
    assert "behalve bij de antwoorden" in " ".join(told.split())


def test_answers_of_every_kind_leave_no_others() -> None:
    told = explained("OKD-AUT-002", "en")
    assert "wrong: 2xx, 3xx, 4xx, 5xx\n" in told


def test_an_explanation_names_the_flows_that_count() -> None:
    told = explained("OKD-F02-003", "en")
    assert "POST /associations/{associationId}  upload_to_association (flow 2)" in told


def test_an_explanation_names_the_faults_that_prove_the_check() -> None:
    told = explained("OKD-MPT-001", "en")
    proving = [f for f in load_faults().values() if "OKD-MPT-001" in f.breaks]
    assert proving
    assert all(f"  {fault.name}: " in told for fault in proving)


def test_a_row_that_is_not_tested_says_why() -> None:
    told = explained("OKD-AUT-017", "en")
    assert "For now the suite only judges systems that" in " ".join(told.split())
    assert "How each answer counts" not in told


def test_a_pending_row_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    row = load_catalogue()["OKD-AUT-001"]
    monkeypatch.setattr(
        explaining, "load_catalogue", lambda: Catalogue([row], {row.id: Text("later", "some day")})
    )
    assert "some day" in explained(row.id, "en")


@pytest.mark.parametrize("level", get_args(Level))
def test_every_level_and_basis_has_words(level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    told = set()
    for basis in ("explicit", "derived", "interpretation"):
        row = replace(load_catalogue()["OKD-AUT-001"], level=level, basis=basis)
        monkeypatch.setattr(explaining, "load_catalogue", lambda row=row: Catalogue([row], {}))
        told.add(explained(row.id, "en").splitlines()[4])
    assert len(told) == 3
    assert all(words.startswith(f"{level}: ") for words in told)


@pytest.mark.parametrize(
    ("what", "name"), [("requirements", "OKD-AUT-001"), ("faults", "id-not-uuid"), ("variants", "latency")]
)
def test_lists_load_nothing_they_do_not_need(what: str, name: str) -> None:
    program = (
        "import sys; from okd_conformance.cli.main import main\n"
        f"main(['list', {what!r}, '--lang', 'en'], standalone_mode=False)\n"
        f"sys.stderr.write(' '.join(n for n in {NOT_NEEDED!r} if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert name in done.stdout
    assert done.stderr == ""


# Searching


def test_a_list_can_be_searched() -> None:
    command = ["list", "requirements", "--grep", "BOUNDARY", "--lang", "en", "--format", "json"]
    found = json.loads(CliRunner().invoke(main, command).output)
    assert 0 < len(found) < len(listing("requirements", "okd-1.5", None, "en"))
    assert all("boundary" in json.dumps(row).lower() for row in found)


def test_a_case_is_explained_by_its_requirement() -> None:
    assert explained("OKD-MPT-017[dms,upload_to_association,boundary=70]", "en") == explained(
        "OKD-MPT-017", "en"
    )


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"LANG": "nl_NL.UTF-8"}, "nl"),
        ({"LANG": "nl"}, "nl"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "nl_NL.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "nld"}, "en"),
    ],
)
def test_the_language_is_that_of_the_environment(
    environment: dict[str, str], lang: Lang, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not such a locale is installed."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    chosen = CliRunner().invoke(main, ["explain", "OKD-MPT-017"]).output
    assert chosen == explained("OKD-MPT-017", lang)
