"""The options of a run are the same ones everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from okd_conformance.cli.options import run_options
from okd_conformance.pytest_plugin.options import add_options, as_arguments, options_of
from okd_conformance.run.options import OPTIONS, Options

OTHER: dict[str, Any] = {
    "target": "t.yaml",
    "edition": "okd-0.6",
    "roles": ("dms", "bpv"),
    "flows": ("1", "x"),
    "requirements": ("OKD-MPT",),
    "cases": ("OKD-MPT-017[dms,upload_to_association,boundary=70]",),
    "profile": "full",
    "large": "one",
    "seed": 7,
    "run_id": "again",
    "report_dir": "r",
    "lang": "nl",
    "allow_production": True,
    "allow_incomplete": True,
    "allow_hooks": True,
    "keep_data": True,
    "baseline": "known.yaml",
    "compare": "okd-1.5",
    "write_baseline": "new.yaml",
    "quiet": True,
}
"""Every option that plain pytest has, with another value than its default."""
WORDS = [word.replace("--okd-", "--") for word in as_arguments(Options(**OTHER))]


def of_pytest(*words: str) -> Options:
    parser = pytest.Parser(_ispytest=True)
    add_options(parser)
    config: Any = parser.parse(list(words))
    config.getoption = lambda flag: getattr(config, flag.removeprefix("--").replace("-", "_"))
    return options_of(config)


def of_run(*words: str, env: dict[str, str] | None = None) -> Options:
    found: list[Options] = []
    command = click.Command("run", params=[], callback=lambda **given: found.append(Options(**given)))
    done = CliRunner(env=env).invoke(run_options(command), words)
    assert done.exit_code == 0, done.output
    return found[0]


def test_another_process_is_handed_every_option() -> None:
    assert OTHER.keys() == {option.field for option in OPTIONS if option.of_pytest}
    assert of_pytest(*as_arguments(Options(**OTHER))) == Options(**OTHER)


def test_an_option_has_the_same_name_and_default_on_the_command_line_and_at_pytest() -> None:
    without = [word for word in WORDS if not word.startswith(("--target", "--run-id"))]
    assert of_run(*without) == replace(Options(**OTHER), target=None, run_id="")
    assert of_run() == replace(of_pytest(), run_id="") == Options()
    assert of_pytest().run_id != of_pytest().run_id


@pytest.mark.parametrize(("locale", "lang"), [("nl_NL.UTF-8", "nl"), ("C.UTF-8", "en")])
def test_the_language_is_that_of_the_locale(locale: str, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    assert {of_pytest().lang, of_run().lang, Options().lang} == {lang}


def test_the_number_of_workers_is_asked_by_run_alone() -> None:
    assert of_run("--workers", "16").workers == 16
    assert not [word for word in as_arguments(Options(workers=16)) if "workers" in word]


def test_what_narrows_a_run_is_told_as_it_was_typed() -> None:
    assert Options(roles=("dms",), flows=("1", "x")).narrowed == (
        ("--role", "dms"),
        ("--flow", "1"),
        ("--flow", "x"),
    )
