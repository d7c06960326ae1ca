"""Finding out, before anything is collected, whether a pytest run has checks in it."""

from __future__ import annotations

import ast
import fnmatch
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_SUITE = "okd_conformance"
_OTHERS = frozenset({"site-packages", "dist-packages", "node_modules"})
"""Folders below what was named that hold the tests of others."""


def has_checks(arguments: Iterable[str]) -> bool:
    """Whether the files and folders that pytest was given hold checks, wherever they stand."""
    named = (Path(argument.partition("::")[0]).resolve() for argument in arguments)
    return any(_is_suite(file) for path in named for file in _files(path))


def _files(path: Path) -> Iterator[Path]:
    if path.suffix == ".py":
        yield path
    for folder, inner, files in os.walk(path):
        inner[:] = [name for name in inner if not name.startswith((".", "__")) and name not in _OTHERS]
        yield from (Path(folder) / name for name in fnmatch.filter(files, "test_*.py"))


def _is_suite(file: Path) -> bool:
    """Whether a module has a check; what can't be read or understood has none, pytest will tell of it."""
    try:
        text = file.read_bytes()
        if _SUITE.encode() not in text:
            return False
        module = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return False
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    return any(_is_check(decorator) for function in functions for decorator in function.decorator_list)


def _is_check(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
    return name == "check"
