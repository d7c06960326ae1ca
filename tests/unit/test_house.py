"""The house keeps its order: no circles, few loose modules, and suites that know little of the engine."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

import okd_conformance
from okd_conformance.base.paths import data_folder
from okd_conformance.checks.marking import checks_of, load_suites

PACKAGE = "okd_conformance"
MOST_LOOSE = 6
MOST_LINES = 400


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, exclude_type_checking_imports=False, cache_dir=None)


def python_files() -> list[Path]:
    return [*Path(okd_conformance.__file__).parent.rglob("*.py"), *data_folder("suites").glob("*.py")]


def imports() -> dict[str, set[str]]:
    """What each module imports, for types only or not."""
    return {module: set(graph().find_modules_directly_imported_by(module)) for module in graph().modules}


def imported_by(suite: Path) -> set[str]:
    """The engine's modules that a suite imports, by their names within the package."""
    nodes = list(ast.walk(ast.parse(suite.read_text("utf-8"))))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.removeprefix(f"{PACKAGE}.") for name in names if name.split(".")[0] == PACKAGE}


def test_no_module_imports_itself_by_way_of_others() -> None:
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle: {' < '.join(error.args[1])}") from None


def test_few_modules_lie_loose_beside_the_packages() -> None:
    loose = [module for module in graph().find_children(PACKAGE) if not graph().find_children(module)]
    assert len(loose) <= MOST_LOOSE, sorted(loose)


def test_suites_import_nothing_of_the_engine_but_its_interface() -> None:
    suites = sorted(data_folder("suites").glob("*.py"))
    assert suites
    assert set[str]().union(*map(imported_by, suites)) == {"suite"}


def test_a_module_of_checks_is_about_one_section() -> None:
    """A section may have several modules: test_gen.py, test_gen_json.py."""
    wrong = [
        (module.__name__, spec.requirement)
        for module in load_suites()
        for function in vars(module).values()
        for spec in checks_of(function)
        if spec.requirement.split("-")[-2].lower() != section_named_by(module.__name__)
    ]
    assert wrong == []


def section_named_by(module: str) -> str:
    name = module.removeprefix("test_").split("_")[0]
    return {"oke": "f04"}.get(name, name)


def test_only_what_checks_share_lies_beside_them() -> None:
    beside = {file.name for file in data_folder("suites").iterdir() if not file.name.startswith("__")}
    assert {name for name in beside if not name.startswith("test_")} == {"messages.yaml", "steps.py"}


def test_no_file_is_longer_than_can_be_kept_in_mind() -> None:
    lines = {f"{f.parent.name}/{f.name}": len(f.read_text("utf-8").splitlines()) for f in python_files()}
    long = {name: count for name, count in lines.items() if count > MOST_LINES}
    assert long == {}


def test_a_name_stands_for_one_class() -> None:
    names = [
        node.name
        for file in Path(okd_conformance.__file__).parent.rglob("*.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_docstring_stands_alone() -> None:
    trees = {file: ast.parse(file.read_text("utf-8")) for file in python_files()}
    leaning = [
        f"{file.name}: {documented.splitlines()[0]}"
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)
        and (documented := ast.get_docstring(node) or "").startswith(("The same", "Likewise", "As above"))
    ]
    assert leaning == []
