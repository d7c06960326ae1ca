"""Real programs between the suite and the reference: nginx, Apache httpd, tinyproxy, and a server of Node."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_READY_S = 15.0
_NGINX = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {size}
  server {{
    listen 127.0.0.1:{port}{secure};
    location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_set_header Host $http_host; }}
  }}
}}
"""
_APACHE = """\
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
Listen 127.0.0.1:{port}
{modules}
{user}
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:{behind}/
{size}
"""
_APACHE_MODULES = ("mpm_event", "authz_core", "proxy", "proxy_http")
_APACHE_FOLDERS = ("/usr/lib/apache2/modules", "/usr/libexec/apache2", "/etc/httpd/modules")


def program(*names: str) -> str:
    """The path of a gateway; the test is skipped where there is none, unless the pipeline says it must be."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
        if found:
            return found
    if os.environ.get("OKD_GATEWAYS_REQUIRED"):
        pytest.fail(f"{names[0]} is required here and is not installed")
    pytest.skip(f"{names[0]} is not installed")


@contextlib.contextmanager
def nginx(
    folder: Path, behind: int, *, max_body: str | None = "0", tls: tuple[str, ...] = ()
) -> Iterator[int]:
    """nginx on a free port of loopback; ``max_body`` None keeps its default of 1 MB.

    With lines about ``tls`` it speaks that.
    """
    size = f"client_max_body_size {max_body};" if max_body is not None else ""
    size, secure = "\n  ".join((size, *tls)), " ssl" if tls else ""
    user = "user root;" if os.geteuid() == 0 else ""

    def settings(port: int) -> str:
        return _NGINX.format(folder=folder, port=port, behind=behind, size=size, user=user, secure=secure)

    with _running(
        folder, settings, lambda file: [program("nginx"), "-p", str(folder), "-c", str(file)]
    ) as port:
        yield port


@contextlib.contextmanager
def apache(folder: Path, behind: int) -> Iterator[int]:
    """Apache httpd on a free port of loopback, with its limit on bodies lifted."""
    command = program("apache2", "httpd")
    modules = next((f for f in _APACHE_FOLDERS if Path(f).is_dir()), _APACHE_FOLDERS[0])
    lines = [f"LoadModule {name}_module {modules}/mod_{name}.so" for name in _APACHE_MODULES]
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""

    def settings(port: int) -> str:
        return _APACHE.format(
            folder=folder,
            port=port,
            behind=behind,
            modules="\n".join(lines),
            user=user,
            size="LimitRequestBody 0",
        )

    with _running(folder, settings, lambda file: [command, "-f", str(file), "-DFOREGROUND"]) as port:
        yield port


@contextlib.contextmanager
def tinyproxy(folder: Path, login: str | None = None, *, only: str = "") -> Iterator[int]:
    """tinyproxy on a free port of loopback, which may want a login (``name password``).

    ``only``: a pattern for the only hosts that it lets through.
    """
    lines = [f"BasicAuth {login}"] if login else []
    if only:
        (folder / "allowed").write_text(only + "\n", encoding="utf-8")
        lines += [f'Filter "{folder / "allowed"}"', "FilterDefaultDeny Yes"]

    def settings(port: int) -> str:
        return "\n".join([f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 50", *lines, ""])

    with _running(folder, settings, lambda file: [program("tinyproxy"), "-d", "-c", str(file)]) as port:
        yield port


@contextlib.contextmanager
def http2_only(folder: Path, certificate: Path) -> Iterator[int]:
    """A server of Node on a free port of loopback that speaks HTTP/2 and nothing else."""
    script = Path(__file__).with_name("node") / "http2_only.js"

    def command(file: Path) -> list[str]:
        return [program("node"), str(script), file.read_text("utf-8"), str(certificate)]

    with _running(folder, str, command) as port:
        yield port


@contextlib.contextmanager
def _running(
    folder: Path, settings: Callable[[int], str], command: Callable[[Path], list[str]]
) -> Iterator[int]:
    """Start a gateway, wait until it listens, and stop it by its process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    file = folder / "gateway.conf"
    file.write_text(settings(port), encoding="utf-8")
    process = subprocess.Popen(command(file), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(process, port, folder)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = time.monotonic() + _READY_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    log = folder / "error.log"
    raise RuntimeError(f"the gateway did not start: {log.read_text('utf-8') if log.is_file() else ''}")
