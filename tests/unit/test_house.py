"""The rooms of the house: no circles of imports, few loose modules, and what suites may know."""

from __future__ import annotations

import ast
from pathlib import Path

import grimp

import okd_conformance
from okd_conformance.base.paths import data_folder

PACKAGE = Path(okd_conformance.__file__).parent
LOOSE = 6
_WIRED = "behaviour dms downloads intake lookup module reports rights tokens world"
KNOWN_CIRCLE = {f"okd_conformance.reference.{name}" for name in _WIRED.split()}
"""How the reference behaves is wired by default values; the one circle that is left."""
KNOWN_TO_SUITES = {
    "auth.tokens",
    "judge.bench",
    "judge.content",
    "judge.ids",
    "judge.large",
    "judge.ledger",
    "judge.properties",
    "judge.sample",
    "judge.sequences",
    "standard.edition",
    "standard.fields",
    "suite",
    "target.layout",
    "target.reading",
    "wire.address",
    "wire.body",
    "wire.exchange",
    "wire.multipart",
    "wire.tls",
}
"""What suites still import of the engine; this list may only become shorter."""


def circles() -> list[set[str]]:
    """Groups of modules that import each other, directly or not, for types or not."""
    graph = grimp.build_graph("okd_conformance", exclude_type_checking_imports=False)
    left = {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    found = []
    for name in sorted(left):
        reached = reachable(name, left)
        group = {other for other in reached if name in reachable(other, left)}
        if len(group) > 1 and group not in found:
            found.append(group)
    return found


def reachable(name: str, imports: dict[str, set[str]]) -> set[str]:
    """Every module that is reached by following imports."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for other in imports[waiting.pop()] - seen:
            seen.add(other)
            waiting.append(other)
    return seen


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert [group for group in circles() if not group <= KNOWN_CIRCLE] == []


def test_few_modules_lie_loose() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= LOOSE


def test_suites_learn_no_more_of_the_engine() -> None:
    found = set()
    for file in data_folder("suites").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("okd_conformance."):
                found.add((node.module or "").removeprefix("okd_conformance."))
    assert found <= KNOWN_TO_SUITES
