"""Hooks: what a vendor lets us see or do behind the API, as JSON in and JSON out.

A hook is an https address (http on loopback), or a command that is started without a shell.
"""

from __future__ import annotations

import contextlib
import functools
import json
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import httpx

from okd_conformance.base.bounded import TooLargeError, content_of, read_json
from okd_conformance.base.processes import APART, end_all
from okd_conformance.base.text import say
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.wire.connections import Connections
from okd_conformance.wire.patience import DeadlineError, Patience
from okd_conformance.wire.waiting import Why, waiting

HOOK_TIMEOUT_S = 30.0
MAX_HOOK_BYTES = 1_000_000


@dataclass(frozen=True)
class Hooks:
    """The hooks of a target; a command only runs when ``allow_commands`` is set."""

    configured: Mapping[str, str | Sequence[str]]
    allow_commands: bool = False
    transport: httpx.BaseTransport | None = None

    def call(self, name: str, **values: Any) -> dict[str, Any]:
        """Call a hook. Raises NotTested when the target has none, Inconclusive when it goes wrong."""
        hook = self.configured.get(name)
        if hook is None:
            raise NotTested(say("no_hook", name=name))
        is_address = isinstance(hook, str) and hook.startswith(("https://", "http://"))
        if not is_address and not self.allow_commands:
            raise NotTested(say("hook_not_allowed", name=name))
        try:
            with waiting(Why.HOOK, HOOK_TIMEOUT_S):
                raw = self._post(str(hook), values) if is_address else self._command(hook, values)
            answer = read_json(raw)
        except (httpx.HTTPError, OSError, subprocess.SubprocessError, ValueError, DeadlineError) as error:
            raise Inconclusive(say("hook_failed", name=name, error=type(error).__name__)) from None
        if not isinstance(answer, dict):
            raise Inconclusive(say("hook_failed", name=name, error="not an object"))
        return answer

    def _post(self, address: str, values: dict[str, Any]) -> bytes:
        patience = Patience()
        transport = self.transport or Connections(patience, _verification())
        asked = httpx.Request(
            "POST",
            address,
            json=values,
            headers={"Accept-Encoding": "identity", "User-Agent": "okd-conformance"},
            extensions={"timeout": httpx.Timeout(HOOK_TIMEOUT_S).as_dict()},
        )
        with contextlib.closing(transport), patience.until(time.monotonic() + HOOK_TIMEOUT_S):
            answer = transport.handle_request(asked)
            answer.request = asked
            with contextlib.closing(answer):
                answer.raise_for_status()
                return content_of(answer, MAX_HOOK_BYTES)

    def _command(self, command: str | Sequence[str], values: dict[str, Any]) -> bytes:
        words = [command] if isinstance(command, str) else list(command)
        with tempfile.TemporaryFile() as given:
            given.write(json.dumps(values).encode())
            given.seek(0)
            said, code = _heard(words, given)
        if len(said) > MAX_HOOK_BYTES:
            raise TooLargeError("the answer of the hook is too large")
        if code:
            raise subprocess.CalledProcessError(code, words)
        return said


def _heard(words: Sequence[str], given: IO[bytes]) -> tuple[bytes, int]:
    """What a command says, as far as that is read, and its exit code.

    It is ended, with whatever it started, when it says more or takes longer.
    """
    with subprocess.Popen(
        words, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **APART
    ) as process:

        def end() -> None:
            with contextlib.suppress(OSError):
                end_all(process)

        late = threading.Timer(HOOK_TIMEOUT_S, end)
        late.start()
        try:
            said = process.stdout.read(MAX_HOOK_BYTES + 1) if process.stdout else b""
            if len(said) > MAX_HOOK_BYTES:
                end()
            return said, process.wait()
        except BaseException:
            end()
            raise
        finally:
            late.cancel()


@functools.cache
def _verification() -> ssl.SSLContext:
    """The ordinary verification of certificates; reading all roots takes long, so it is done once."""
    return httpx.create_ssl_context(trust_env=False)
