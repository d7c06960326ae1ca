"""The command when its standard streams are closed, full or cut off."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="closing streams needs a POSIX shell")
SMALL = "run --requirement OKD-SRV-001 --role dms --report-dir r"


def shell(folder: Path, words: str, redirected: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a shell, which redirects its streams."""
    command = f"{shlex.quote(sys.executable)} -m okd_conformance {words} {redirected}"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("redirected", [">&- 2>&-", "<&- >&-", "2>&-"])
def test_closed_streams_change_no_exit_code(redirected: str, tmp_path: Path) -> None:
    assert shell(tmp_path, SMALL, redirected).returncode == 0
    assert (tmp_path / "r" / "report.json").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [SMALL, "list requirements"])
def test_a_full_output_is_told_once(words: str, tmp_path: Path) -> None:
    done = shell(tmp_path, words, ">/dev/full")
    assert done.returncode == 0
    assert done.stderr.count("could not be written") == 1
    assert "Traceback" not in done.stderr


def test_a_slow_reader_of_a_pipe_that_does_not_block_gets_everything(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    command = [sys.executable, "-m", "okd_conformance", "list", "requirements", "--format", "json"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=writing) as process:
        os.close(writing)
        with open(reading, "rb") as pipe:  # noqa: PTH123 - a pipe has no path
            assert len(json.loads(pipe.read())) > 200
        assert process.wait(timeout=60) == 0
