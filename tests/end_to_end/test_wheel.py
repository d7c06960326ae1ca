"""The wheel: everything is in it, and it works where only it is, read-only."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from okd_conformance.standard.edition import edition_ids

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_S = 300


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing of the checkout, of pytest or of ours in its environment."""
    dropped = ("PYTHON", "PYTEST", "OKD_", "COV_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, "LC_ALL": "C.UTF-8", **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "reports", "tests", "benchmarks", "dist", "build")
    shutil.copytree(CHECKOUT, source, ignore=unwanted)
    command = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", folder, source)
    built = run(*command, cwd=folder)
    if "No matching distribution found for hatchling" in built.stderr and "CI" not in os.environ:
        pytest.skip("the build backend, hatchling, can't be had without a network")
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="session")
def source(wheel: Path) -> Path:
    """The copy of the checkout that the wheel was built from."""
    return wheel.parent / "source"


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare environment that holds the wheel; the libraries that it needs are those of this environment."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    done = run(
        *(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--compile"),
        *("--target", packages, wheel),
        cwd=home,
    )
    assert done.returncode == 0, done.stderr
    (packages / "libraries.pth").write_text("".join(f"{p}\n" for p in site.getsitepackages()))
    return home


def python(home: Path) -> Path:
    return home / "bin" / "python"


def package(home: Path) -> Path:
    (found,) = home.glob("lib/python*/site-packages/okd_conformance")
    return found


def files_of(root: Path, folder: str, pattern: str) -> set[str]:
    """The files below a folder, seen from ``root``."""
    return {file.relative_to(root).as_posix() for file in (root / folder).rglob(pattern)}


def test_specs_and_suites_are_inside(names: set[str], source: Path) -> None:
    for folder, pattern in (("specs", "*.yaml"), ("suites", "*.py")):
        wanted = files_of(source, folder, pattern)
        assert wanted
        assert {f"okd_conformance/{name}" for name in wanted} <= names
    for edition in edition_ids():
        assert f"okd_conformance/specs/{edition}/edition.yaml" in names


@pytest.mark.parametrize(
    "pattern", ["*.py", "*.json", "*.j2", "*.css", "*.js", "*.yaml", "*.ini", "py.typed"]
)
def test_everything_of_the_package_is_inside(names: set[str], source: Path, pattern: str) -> None:
    wanted = files_of(source / "src", "okd_conformance", pattern)
    assert wanted
    assert wanted <= names


def test_nothing_else_is_inside(names: set[str]) -> None:
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"okd_conformance"}
    assert not [
        name for name in names if "__pycache__" in name or "/tests/" in name or name.endswith(".orig")
    ]


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder, by what is in it."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def read_only(folder: Path, yes: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222 if yes else path.stat().st_mode | 0o200)


def test_it_runs_read_only_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    inside = package(installed)
    before = fingerprint(inside)
    read_only(inside, True)
    try:
        command = (python(installed), "-m", "okd_conformance", "run", "--profile", "smoke")
        done = run(*command, "--requirement", "OKD-MPT-001", cwd=here, HOME=str(home))
    finally:
        read_only(inside, False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert fingerprint(inside) == before
    assert [path.name for path in here.iterdir()] == ["reports"]
    assert list(home.iterdir()) == []
    (report,) = here.glob("reports/*/report.json")
    assert json.loads(report.read_text("utf-8"))["verdict"] == "conformant"


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    words = "import okd_conformance, okd_conformance.base.paths as p; print(p.data_folder('suites'))"
    done = run(python(installed), "-c", words, cwd=tmp_path)
    assert Path(done.stdout.strip()) == package(installed) / "suites"
    done = run(python(installed), "-m", "okd_conformance", "--version", cwd=tmp_path)
    assert done.returncode == 0
