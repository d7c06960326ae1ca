"""The wire rests on what its libraries document: nothing private of theirs is touched."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import okd_conformance

LIBRARIES = {"httpx", "httpcore", "h11"}


def libraries_of(tree: ast.Module) -> set[str]:
    nodes = list(ast.walk(tree))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return LIBRARIES & {name.partition(".")[0] for name in names}


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def touched(tree: ast.Module) -> Iterator[str]:
    """Private attributes of something other than the object itself, that its class doesn't set either."""
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and private(node.attr)]
    own = {node.attr for node in attributes if ast.unparse(node.value) in {"self", "cls"}}
    yield from (ast.unparse(node) for node in attributes if node.attr not in own)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in LIBRARIES:
            yield from (name for name in (node.module or "").split(".") if private(name))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"getattr", "setattr", "hasattr"}:
            names = [each.value for each in node.args[1:2] if isinstance(each, ast.Constant)]
            yield from (str(name) for name in names if private(str(name)))


def test_nothing_private_of_the_http_libraries_is_touched() -> None:
    modules = {
        file: ast.parse(file.read_text("utf-8")) for file in Path(okd_conformance.__path__[0]).rglob("*.py")
    }
    users = {file: tree for file, tree in modules.items() if libraries_of(tree)}
    assert len(users) > 5
    assert {file.name: list(touched(tree)) for file, tree in users.items() if list(touched(tree))} == {}


def test_something_private_would_be_seen() -> None:
    seen = touched(ast.parse("import httpx\npool = transport._pool\nhasattr(pool, '_h11_state')"))
    assert list(seen) == ["transport._pool", "_h11_state"]
