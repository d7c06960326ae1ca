"""The embedded reference, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from okd_conformance.base.processes import APART
from okd_conformance.base.text import say
from okd_conformance.run.refused import RefusedError
from okd_conformance.standard.edition import UnknownEditionError, edition_or_default, load_edition


@contextmanager
def embedded_reference(edition: str | None, *extra: str) -> Iterator[Path]:
    """Start the embedded reference in a process of its own; gives the path of its target file.

    It stops when the block is left, and also when this process dies; an interruption from the keyboard is
    for us, not for it. Raises RefusedError for an unknown edition.
    """
    name = edition_or_default(edition)
    try:
        load_edition(name)
    except UnknownEditionError as error:
        known = ", ".join(error.known)
        raise RefusedError(say("unknown_edition", edition=name, known=known)) from None
    command = [sys.executable, "-m", "okd_conformance", "serve", "--print-target", "--until-stdin-closes"]
    command += ["--edition", name, *extra]
    with tempfile.TemporaryDirectory(prefix="okd-conformance-") as folder:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **APART,
        )
        try:
            file = Path(folder) / "embedded-reference.yaml"
            file.write_text(_target_from(process), encoding="utf-8")
            yield file
        finally:
            if process.stdin:
                process.stdin.close()  # which ends it, and lets it tidy up on every system
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


def _target_from(process: subprocess.Popen[str]) -> str:
    """Read the target file that ``serve`` prints; it ends with YAML's own end mark."""
    lines: list[str] = []
    for line in process.stdout or ():
        if line.rstrip() == "...":
            return "".join(lines)
        lines.append(line)
    raise RuntimeError("the embedded reference did not start")
