"""The options of plain pytest: those of a run, each with the prefix ``okd-``."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from okd_conformance.run.options import OPTIONS, Option, Options, new_run_id

_OURS = [option for option in OPTIONS if option.of_pytest]


def add_options(parser: pytest.Parser) -> None:
    """Add them."""
    group = parser.getgroup("okd-conformance")
    for option in _OURS:
        group.addoption(_flag(option), help=option.help or argparse.SUPPRESS, **_kind(option))


def _flag(option: Option) -> str:
    return f"--okd-{option.name}"


def _kind(option: Option) -> dict[str, Any]:
    if option.is_flag:
        return {"action": "store_true", "default": option.default}
    if option.is_many:
        return {"action": "append", "default": [], "metavar": option.metavar}
    default = option.default() if callable(option.default) else option.default
    kind: dict[str, Any] = {"type": int if option.is_number else str, "default": default}
    return {**kind, "choices": option.choices} if option.choices else {**kind, "metavar": option.metavar}


def options_of(config: pytest.Config) -> Options:
    """The options of the command line of pytest."""
    given = {option.field: config.getoption(_flag(option)) for option in _OURS}
    many = {option.field: tuple(given[option.field]) for option in _OURS if option.is_many}
    return Options(**{**given, **many, "run_id": given["run_id"] or new_run_id()})


def as_arguments(options: Options) -> list[str]:
    """The words on the command line of pytest that say these options."""
    return [word for option in _OURS for word in _said(option, getattr(options, option.field))]


def _said(option: Option, value: Any) -> list[str]:
    if option.is_flag:
        return [_flag(option)] if value else []
    values = value if option.is_many else [] if value in {None, ""} else [value]
    return [f"{_flag(option)}={one}" for one in values]
