"""Multipart receivers that are not Python: those of Node in one process, PHP, and a server for each other."""

from __future__ import annotations

import atexit
import base64
import functools
import http.client
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUPPORT = Path(__file__).resolve().parent
SERVERS = SUPPORT / "servers"
JARS = Path("/usr/share/java")
PHP = "php-cgi"
_PHP_SETTINGS = ("-d", "display_errors=0", "-d", "upload_max_filesize=64M", "-d", "post_max_size=64M")


def node_folder() -> Path:
    """The folder in which the pipeline installs the receivers of Node."""
    return Path(os.environ.get("OKD_NODE_RECEIVERS", Path.home() / ".cache/okd-conformance/node"))


def no_node(name: str) -> str | None:
    """Why a receiver of Node can't take part; None when it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    there = (node_folder() / "node_modules" / name).is_dir()
    return None if there else f"{name} is not in {node_folder()}; .ci/run installs it there with npm"


def no_php() -> str | None:
    """Why PHP can't take part; None when it can."""
    return None if shutil.which(PHP) else f"{PHP} is not installed"


@functools.cache
def _node() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [shutil.which("node") or "node", str(SUPPORT / "node/receivers.cjs"), str(node_folder())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    atexit.register(process.kill)
    return process


def by_node(name: str, content_type: str, body: bytes) -> Mapping[str, Any]:
    """What a receiver of Node makes of a message: name, file in base64 and metadata, or refused."""
    process = _node()
    assert process.stdin is not None
    assert process.stdout is not None
    message = {"receiver": name, "type": content_type, "body": base64.b64encode(body).decode()}
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    answer: Mapping[str, Any] = json.loads(process.stdout.readline())
    return answer


def by_php(content_type: str, body: bytes) -> Mapping[str, Any]:
    """What PHP makes of a message, as a web server hands it over."""
    script = str(SUPPORT / "receiver.php")
    given = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REDIRECT_STATUS": "200",
        "REQUEST_METHOD": "POST",
        "SCRIPT_FILENAME": script,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
    }
    done = subprocess.run(
        [PHP, *_PHP_SETTINGS],
        input=body,
        env={**os.environ, **given},
        capture_output=True,
        check=True,
        timeout=60,
    )
    answer: Mapping[str, Any] = json.loads(done.stdout.partition(b"\r\n\r\n")[2])
    return answer


@dataclass(frozen=True)
class Server:
    """How a server is started, and what it needs: a program on the path, libraries, a trial that succeeds."""

    command: tuple[str, ...]
    program: str
    libraries: tuple[Path, ...] = ()
    trial: tuple[str, ...] = ()


def _java(source: str, *jars: str) -> Server:
    """A program of Java, started from its source."""
    libraries = tuple(JARS / f"{jar}.jar" for jar in jars)
    return Server(("java", "-cp", ":".join(map(str, libraries)), str(SERVERS / source)), "javac", libraries)


_RACK_AND_WEBRICK = ("ruby", "-e", "require 'rack'; require 'webrick'")
_JETTY = ("jetty9-server", "jetty9-http", "jetty9-util", "jetty9-io", "servlet-api")
_SERVERS: Mapping[str, Server] = {
    "go": Server(("go", "run", str(SERVERS / "receiver.go")), "go"),
    "rack": Server(("ruby", str(SERVERS / "receiver.rb")), "ruby", trial=_RACK_AND_WEBRICK),
    "tomcat": _java("Tomcat.java", "tomcat10-embed-core"),
    "jetty": _java("Jetty.java", *_JETTY),
}
SERVED = tuple(_SERVERS)


@functools.cache
def no_server(name: str) -> str | None:
    """Why a server can't take part; None when it can."""
    server = _SERVERS[name]
    if shutil.which(server.program) is None:
        return f"{server.program} is not installed"
    missing = [library.name for library in server.libraries if not library.is_file()]
    if missing:
        return f"{', '.join(missing)} is not in {JARS}"
    if server.trial and subprocess.run(server.trial, check=False, capture_output=True).returncode:
        return f"{' '.join(server.trial)} fails"
    return None


@functools.cache
def _port(name: str) -> int:
    """Start a server, once; it ends when its input does, so also when this process is killed."""
    folder = tempfile.TemporaryDirectory()
    process = subprocess.Popen(
        _SERVERS[name].command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder.name,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    atexit.register(folder.cleanup)
    atexit.register(process.wait, 30)
    atexit.register(process.stdin.close)
    return int(process.stdout.readline())


def by_server(name: str, content_type: str, body: bytes) -> Mapping[str, Any]:
    """What a server makes of a message posted to it: name, file in base64 and metadata, or refused."""
    connection = http.client.HTTPConnection("127.0.0.1", _port(name), timeout=60)
    try:
        connection.request("POST", "/", body, {"Content-Type": content_type})
        answer = connection.getresponse()
        told = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        return {"refused": f"{answer.status} {told.decode(errors='replace')}"}
    named, file, metadata = told.splitlines()
    return {"name": base64.b64decode(named).decode(), "file": file, "metadata": base64.b64decode(metadata)}
