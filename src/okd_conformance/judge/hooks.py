"""Hooks: what a vendor lets us see or do behind the API, as JSON in and JSON out.

A hook is an https address (http on loopback), or a command that is started without a shell.
"""

from __future__ import annotations

import functools
import json
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.text import say

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
            raw = self._post(str(hook), values) if is_address else self._command(hook, values)
            answer = json.loads(raw)
        except (httpx.HTTPError, OSError, subprocess.SubprocessError, ValueError, RecursionError) as error:
            raise Inconclusive(say("hook_failed", name=name, error=type(error).__name__)) from None
        if not isinstance(answer, dict):
            raise Inconclusive(say("hook_failed", name=name, error="not an object"))
        return answer

    def _post(self, address: str, values: dict[str, Any]) -> bytes:
        with (
            httpx.Client(
                transport=self.transport,
                verify=_verification(),
                trust_env=False,
                follow_redirects=False,
                timeout=HOOK_TIMEOUT_S,
            ) as client,
            client.stream("POST", address, json=values) as answer,
        ):
            answer.raise_for_status()
            kept = b""
            for chunk in answer.iter_bytes():
                kept += chunk
                if len(kept) > MAX_HOOK_BYTES:
                    raise ValueError("the answer of the hook is too large")
            return kept

    def _command(self, command: str | Sequence[str], values: dict[str, Any]) -> bytes:
        words = [command] if isinstance(command, str) else list(command)
        done = subprocess.run(
            words, input=json.dumps(values).encode(), capture_output=True, timeout=HOOK_TIMEOUT_S, check=True
        )
        return done.stdout[: MAX_HOOK_BYTES + 1]


@functools.cache
def _verification() -> ssl.SSLContext:
    """The ordinary verification of certificates; reading all roots takes long, so it is done once."""
    return httpx.create_ssl_context(trust_env=False)
