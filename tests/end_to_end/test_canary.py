"""No secret reaches a file, the screen, a log or a command line, however a target repeats it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from okd_conformance.run.embedded import embedded_reference
from okd_conformance.target.reading import load_target
from support import canaries
from support.canaries import CLIENTS, GATEWAY, HOOK_KEY, STATIC, Canary, canary, leaks, target_file, written

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240
SOME = ("OKD-FX", "OKD-AUT-010")
CRASHING = '''
"""A plugin: some checks of a run crash, print and log while they hold a token."""

import itertools
import logging
import sys

from okd_conformance.judge.sending import Sending

COUNT = itertools.count()
SEND = Sending.send


def send(self, request, *arguments, **more):
    token = request.token
    if token and arguments[0] != "cleanup" and next(COUNT) % 3 == 1:  # what a check prints is captured
        headers = [("Authorization", f"Bearer {token}"), (token.encode(), {token: [token]})]
        print("out", token, headers)
        print("err", token, headers, file=sys.stderr)
        logging.getLogger("check").warning("log %s %s", token, headers)
        raise RuntimeError(f"crash with {headers}")
    return SEND(self, request, *arguments, **more)


def pytest_configure(config):
    Sending.send = send
    logging.getLogger("httpcore").setLevel(logging.DEBUG)
'''
HOOK = """
import os, sys
key = os.environ["HOOK_KEY"]
print(key, sys.argv)
print(key, sys.argv, file=sys.stderr)
sys.exit(f"went wrong with {key}")
"""


def started(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in a folder, with the secrets in the environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "OKD_", "COV_"))}
    paths = os.pathsep.join([str(CHECKOUT / "src"), str(folder.parent / "plugins")])
    own = {"LC_ALL": "C.UTF-8", "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**kept, **own, **canaries.environment(), **more},
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=PATIENCE_S,
        check=False,
    )


def options(*names: str, prefix: str = "--") -> list[str]:
    return [f"{prefix}requirement={name}" for name in names]


def assert_no_leak(
    front: Canary, folder: Path, done: subprocess.CompletedProcess[str], *, least: int = 3
) -> None:
    """Nothing that was written or shown holds a secret; and there was something to leak."""
    texts = {"stdout": done.stdout, "stderr": done.stderr, **written(folder)}
    assert len(front.learnt) >= least
    assert "[redacted]" in "".join(texts.values())
    found = leaks(texts, [*STATIC, *front.learnt])
    assert not found, "\n".join([f"{len(found)} leaks", *found[:12]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "crashing_checks.py").write_text(CRASHING)
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture(params=[False, True], ids=["jwt", "opaque"])
def front(request: pytest.FixtureRequest) -> Iterator[Canary]:
    with canary(opaque=request.param) as serving:
        yield serving


def hooks(folder: Path) -> dict[str, str | list[str]]:
    """Hooks that tell their secrets wherever they can."""
    script = folder.parent / "plugins" / "hook.py"
    script.write_text(HOOK)
    return {
        "show_filing": f"http://127.0.0.1:1/hook?key={HOOK_KEY}",
        "lock": [sys.executable, str(script), "${HOOK_KEY}"],
    }


def test_a_run_leaks_nothing(front: Canary, folder: Path) -> None:
    file = target_file(front, folder.parent, hooks=hooks(folder))
    words = ["okd_conformance", "run", str(file), "--report-dir", "report", "--allow-hooks", *options(*SOME)]
    done = started(folder, *words, *(["--workers", "2"] if front.opaque else []))
    assert done.returncode in {1, 3, 4}, done.stderr
    assert {"report.json", "exchanges.har", "junit.xml"} <= {p.name for p in (folder / "report").iterdir()}
    assert_no_leak(front, folder, done)


def test_plain_pytest_with_everything_it_can_show_leaks_nothing(front: Canary, folder: Path) -> None:
    file = target_file(front, folder.parent, hooks=hooks(folder))
    shown = ["-v", "-l", "--tb=long", "-rA", "--log-level=DEBUG", "-o", "junit_logging=all"]
    shown += [
        "--junitxml=pytest.xml",
        "--log-file=pytest.log",
        "--log-file-level=DEBUG",
        "-p",
        "crashing_checks",
        "-p",
        "no:cacheprovider",
        *(["-n", "2"] if front.opaque else []),
    ]
    words = ["pytest", str(CHECKOUT / "suites"), f"--okd-target={file}", "--okd-report-dir=report"]
    done = started(
        folder, *words, "--okd-allow-hooks", *shown, *options("OKD-FX-001", "OKD-MPT-002", prefix="--okd-")
    )
    assert "crash with" in done.stdout
    assert "Captured log call" in done.stdout
    assert "log [redacted]" in (folder / "pytest.log").read_text("utf-8")
    assert_no_leak(front, folder, done)


def test_property_tests_leak_nothing(folder: Path) -> None:
    with canary() as front:
        file = target_file(front, folder.parent, hooks=hooks(folder))
        words = ["pytest", str(CHECKOUT / "suites"), f"--okd-target={file}", "--okd-report-dir=report"]
        words += ["-l", "--tb=long", "-rA", "-p", "crashing_checks", *options("OKD-GEN-012", prefix="--okd-")]
        done = started(folder, *words)
        assert_no_leak(front, folder, done)


def test_check_config_leaks_nothing(folder: Path) -> None:
    with canary(opaque=True) as front:
        file = target_file(front, folder.parent, hooks=hooks(folder))
        done = started(folder, "okd_conformance", "check-config", str(file))
        assert "okd-all" in done.stdout
        assert_no_leak(front, folder, done)


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": {"dms": {"base_url": f"https://okd:{GATEWAY[1]}@dms.acme.example/okd/v1"}}},
        {"roles": {"dms": {"base_url": f"https://dms.acme.example/okd?key={HOOK_KEY}"}}},
        {"http": {"proxy": f"ftp://okd:{HOOK_KEY}@proxy.acme.example"}},
        {"http": {"headers": {"X Key": GATEWAY[1], "X-Key": f"{HOOK_KEY}\n", "Host": HOOK_KEY}}},
        {"hooks": {"lock": f"http://hook.acme.example/?key={HOOK_KEY}", "destroy": f"'{HOOK_KEY}"}},
        {"auth": {"token_url": f"https://okd:{HOOK_KEY}@login.acme.example", "clients": HOOK_KEY}},
        {"auth": {"token_url": "https://x.example", "clients": [{"client_secret": [HOOK_KEY]}]}},
        {"auth": {"tokens": {"expired": {HOOK_KEY: 1}}, "signing_key": {"kty": "EC", "d": HOOK_KEY}}},
        {"tls": {"client_cert": "target.yaml", "ca_file": "target.yaml"}},
    ],
    ids=["user", "query", "proxy", "headers", "hooks", "token-url", "client", "key", "certificate"],
)
def test_mistakes_in_a_target_file_are_told_without_secrets(folder: Path, wrong: dict[str, object]) -> None:
    with canary() as front:
        file = target_file(front, folder.parent, **wrong)
    for words in (["check-config", str(file)], ["run", str(file)]):
        done = started(folder, "okd_conformance", *words)
        assert done.returncode == 2
        assert "target.yaml" in done.stderr
        assert not leaks({"stdout": done.stdout, "stderr": done.stderr, **written(folder)}, STATIC)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_no_process_shows_a_secret_in_its_command_line() -> None:
    with embedded_reference(None) as file:
        secrets = [secret for secret in load_target(file).secrets() if len(secret) > 8]
        lines = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and folder.stat().st_uid == os.getuid():
                try:
                    lines[folder.name] = (folder / "cmdline").read_text("utf-8", "replace")
                except OSError:
                    continue
        assert any("--until-stdin-closes" in line for line in lines.values())
        assert not leaks(lines, secrets)
        assert file.parent.stat().st_mode & 0o077 == 0


def test_the_search_finds_what_is_there() -> None:
    """The search itself is worth something: it finds each disguise of each canary."""
    for secret in (
        *CLIENTS.values(),
        GATEWAY[1],
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJrYW5hcmllIn0.c2lnbmF0dXVy",
    ):
        for shown in canaries.disguised(secret):
            if len(shown) > 14:
                assert leaks({"x": f"before {shown} after"}, [secret]), shown
