"""The options of the command line that more than one command has, and those of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from okd_conformance import DEFAULT_EDITION
from okd_conformance.cli.completing import names_of
from okd_conformance.run.options import OPTIONS, Option, environment_language

_Command = TypeVar("_Command", bound=Callable[..., Any])

MANY: dict[str, Any] = {"multiple": True, "default": ()}

lang_option = click.option(
    "--lang", type=click.Choice(["nl", "en"]), default=environment_language, help="Default: the locale's."
)
edition_option = click.option(
    "--edition", default=DEFAULT_EDITION, show_default=True, metavar="ID", shell_complete=names_of("editions")
)


def run_options(command: _Command) -> _Command:
    """Give a command the options of a run."""
    for option in reversed(OPTIONS):
        if option.of_run:
            command = click.option(f"--{option.name}", option.field, **_kind(option))(command)
    return command


def _kind(option: Option) -> dict[str, Any]:
    found: dict[str, Any] = {"help": option.help, "metavar": option.metavar}
    if option.names:
        found["shell_complete"] = names_of(option.names)
    if option.is_flag:
        return {**found, "is_flag": True}
    if option.is_many:
        return {**found, **MANY}
    if option.choices:
        found["type"] = click.Choice(option.choices)
    elif option.is_number:
        found["type"] = click.IntRange(1, option.most) if option.most else int
    return {**found, "default": option.default, "show_default": isinstance(option.default, str | int)}
