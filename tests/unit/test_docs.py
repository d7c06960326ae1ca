"""The documentation: it builds strictly, and what it tells people to type exists."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from okd_conformance.cli.main import main
from okd_conformance.report.junit import junit
from okd_conformance.standard.catalogue import load_catalogue
from support import report_sample as sample
from support.optional import needed

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RECIPES = DOCS / "recipes"
TEXTS = [
    ROOT / "README.md",
    ROOT / "Dockerfile",
    ROOT / "action.yml",
    *sorted(DOCS.glob("*.md")),
    *sorted(RECIPES.iterdir()),
]


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command line of ours in a text, without what the shell adds."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        for found in re.finditer(
            rf"(?:^|[\s/`(])okd-conformance ((?:{'|'.join(main.commands)})\b[^`|]*)",
            line,
        ):
            words = re.findall(r"'[^']*'|\"[^\"]*\"|[^\s'\"]+", found[1].split(" #")[0].split(" && ")[0])
            yield [word.strip("'\"").rstrip(".,;:)") for word in words]


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_every_command_that_is_shown_exists(file: Path) -> None:
    for words in commands(file.read_text("utf-8")):
        command: click.Command = main
        rest = list(words)
        while isinstance(command, click.Group) and rest:
            name = rest.pop(0)
            assert name in command.commands, f"{file.name}: {words}"
            command = command.commands[name]
        known = {option for parameter in command.params for option in parameter.opts}
        used = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert used <= known, f"{file.name}: {words}"


def test_commands_are_found_where_they_are() -> None:
    assert list(
        commands("run `okd-conformance list requirements` and\n  - okd-conformance run t.yaml --seed 1 # x")
    ) == [
        ["list", "requirements"],
        ["run", "t.yaml", "--seed", "1"],
    ]


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml", "azure-pipelines.yml"])
def test_a_recipe_installs_checks_runs_and_keeps(name: str) -> None:
    text = (RECIPES / name).read_text("utf-8")
    assert isinstance(yaml.safe_load(text), dict)
    parts = [
        'pip install "$OKD_CONFORMANCE"',
        "okd-conformance check-config",
        "okd-conformance run",
        "reports/okd",
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)


def test_the_site_builds_strictly_with_every_requirement(tmp_path: Path) -> None:
    needed("properdocs")
    build = runpy.run_path(str(DOCS / "build.py"))["build"]
    assert build(tmp_path / "site") == 0
    for lang in ("nl", "en"):
        pages = "".join(p.read_text("utf-8") for p in (tmp_path / "site" / "catalogue" / lang).glob("*.html"))
        missing = [r.id for r in load_catalogue() if f'id="{r.id}"' not in pages]
        assert missing == []


def test_junit_is_read_as_it_is_meant() -> None:
    junitparser = needed("junitparser")
    found = junitparser.JUnitXml.fromstring(junit(sample.report(), "en").encode())
    suites = {suite.name: suite for suite in found}
    dms = suites["okd-1.5.dms"]
    kinds = {case.name: [type(result).__name__ for result in case.result] for case in dms}
    assert kinds["OKD-MPT-017[dms,upload_to_association,boundary=70]"] == ["Failure"]
    assert kinds["OKD-FX-003[dms,read_document]"] == ["Error"]
    assert kinds["OKD-LIM-001[dms]"] == ["Skipped"]
    assert kinds["OKD-MPT-001[dms,upload_to_association]"] == []
    assert (found.failures, found.errors) == (1, 1)
    assert found.tests == sum(len(list(suite)) for suite in found)
