"""What the shell offers behind Tab."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from okd_conformance.cli.main import main
from okd_conformance.standard.edition import edition_ids


def offered(*arguments: str, begun: str = "") -> list[str]:
    """The completions of a command line whose last word is ``begun``."""
    shell = ShellComplete(main, {}, "okd-conformance", "_OKD_CONFORMANCE_COMPLETE")
    return [item.value for item in shell.get_completions(list(arguments), begun)]


@pytest.mark.parametrize(
    ("arguments", "begun", "expected"),
    [
        (("explain",), "OKD-FX-00", [f"OKD-FX-00{n}" for n in range(1, 10)]),
        (("explain",), "okd", []),
        (("run", "--role"), "d", ["dms", "diplomeren"]),
        (("run", "--edition", "okd-0.6", "--flow"), "x", ["x"]),
        (("run", "--edition", "no-such", "--role"), "", []),
        (("run", "--requirement"), "OKD-SRV-001", ["OKD-SRV-001"]),
        (("list", "flows", "--role"), "exam", ["examineren"]),
        (("serve", "--fault"), "id-not", ["id-not-uuid"]),
        (("serve", "--variant"), "no-such", []),
    ],
)
def test_names_are_offered(arguments: tuple[str, ...], begun: str, expected: list[str]) -> None:
    assert offered(*arguments, begun=begun) == expected


@pytest.mark.parametrize("command", ["run", "serve", "list", "init"])
def test_editions_are_offered_wherever_one_is_asked(command: str) -> None:
    assert set(offered(command, "--edition")) >= set(edition_ids())
