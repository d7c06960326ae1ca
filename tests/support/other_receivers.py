"""Multipart receivers that are not Python: those of Node, each in one process for all messages, and PHP."""

from __future__ import annotations

import atexit
import base64
import functools
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SUPPORT = Path(__file__).resolve().parent
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
