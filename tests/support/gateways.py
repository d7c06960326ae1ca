"""Gateways that nobody here wrote, in front of the reference: nginx and Apache httpd."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

READY_S = 20
STOP_S = 10
MODULES = Path("/usr/lib/apache2/modules")
APACHE_MODULES = ("mpm_event", "authz_core", "proxy", "proxy_http")
SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))


@dataclass(frozen=True)
class Gateway:
    """A program, and the configuration with which it passes everything on to one address."""

    program: str
    configuration: Callable[[Path, int, str], str]
    arguments: Callable[[Path], list[str]]


def _nginx(folder: Path, port: int, behind: str) -> str:
    """Defaults; only the limit of a message is raised, and files stay in the folder of the test."""
    kept = "\n".join(
        f"{name}_temp_path {folder / name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # started by root its workers become somebody who may not write in the folder of the test
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""daemon off; {user} pid {folder / "pid"}; error_log {folder / "error.log"}; worker_processes 1;
events {{}}
http {{
  access_log off; {kept}
  server {{
    listen 127.0.0.1:{port}; client_max_body_size 2g;
    location / {{ proxy_pass {behind}; proxy_set_header Host $host; }}
  }}
}}
"""


def _apache(folder: Path, port: int, behind: str) -> str:
    """Defaults; the limit of a message is raised, and files stay in the folder of the test."""
    loaded = "\n".join(f"LoadModule {name}_module {MODULES / f'mod_{name}.so'}" for name in APACHE_MODULES)
    return f"""{loaded}
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder / "pid"}
DefaultRuntimeDir {folder}
ErrorLog {folder / "error.log"}
LimitRequestBody 2147483647
ProxyPass / {behind}/
ProxyPassReverse / {behind}/
"""


GATEWAYS = {
    "nginx": Gateway(
        "nginx", _nginx, lambda f: ["-p", str(f), "-e", str(f / "error.log"), "-c", str(f / "conf")]
    ),
    "apache": Gateway("apache2", _apache, lambda f: ["-D", "FOREGROUND", "-f", str(f / "conf")]),
}


def _found(program: str) -> str:
    """Where the program is; skip without it, unless the pipeline says that it must be there."""
    path = shutil.which(program, path=SBIN)
    if path is None:
        assert "OKD_GATEWAYS_REQUIRED" not in os.environ, f"{program} must be on this machine"
        pytest.skip(f"{program} is not on this machine")
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until the gateway takes connections; what it said, if it stops or never does."""
    until = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)  # a refused connection returns at once: give the gateway its turn
    raise AssertionError(f"the gateway didn't start: {log.read_text('utf-8') if log.exists() else 'no log'}")


@contextlib.contextmanager
def gateway(name: str, folder: Path, behind: str) -> Iterator[str]:
    """A gateway before an address while the context lasts; gives its own address."""
    kind = GATEWAYS[name]
    program = _found(kind.program)
    port = _free_port()
    (folder / "conf").write_text(kind.configuration(folder, port, behind), encoding="utf-8")
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([program, *kind.arguments(folder)], stdout=output, stderr=output)
        try:
            _wait(process, port, folder / "output")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
