"""Ctrl-C at a slow target: an answer at once, an end soon, and nothing left behind that no ledger names."""

from __future__ import annotations

import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from okd_conformance.reference import Running, running_server
from support.command import COMMAND, PATIENCE_S, environment, read, written
from support.rewriting import rewriting

AT_ONCE_S = 1.0
HOLD_S = 25.0
SOON_S = 15.0
"""Well before the slow answers come."""
KEPT = 4


@dataclass
class Slow:
    """Lets the answers to one method wait, once a few documents are stored."""

    running: Running
    method: str
    held: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def rewrite(self, answer: httpx.Response, _headers: dict[str, str]) -> bytes:
        if answer.request.method == self.method and len(self.stored()) >= KEPT - 1:
            self.held.set()
            self.ended.wait(HOLD_S)
        return answer.content

    def stored(self) -> set[str]:
        return {document.id for document in self.running.app.state.world.store.documents("dms")}


@dataclass
class Process:
    """A run, and what it says to its user while it goes on."""

    popen: subprocess.Popen[str]
    said: queue.Queue[str] = field(default_factory=queue.Queue)

    def listen(self) -> None:
        for line in self.popen.stderr or ():
            self.said.put(line)

    def interrupted(self) -> tuple[str, float]:
        """Interrupt it; gives what it says to that, and after how long."""
        begun = time.monotonic()
        self.popen.send_signal(signal.SIGINT)
        words = self.said.get(timeout=SOON_S)
        return words, time.monotonic() - begun


@contextmanager
def running_at(slow: Slow, folder: Path, origin: str) -> Iterator[Process]:
    def through(target: dict[str, Any]) -> None:
        role = target["roles"]["dms"]
        role["base_url"] = role["base_url"].replace(slow.running.base_url, origin)

    chosen = ("--requirement", "OKD-MPT", "--report-dir", "r", "--lang", "en")
    popen = subprocess.Popen(
        [*COMMAND, str(written(folder, slow.running, through)), *chosen],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    process = Process(popen)
    listening = threading.Thread(target=process.listen, daemon=True)
    listening.start()
    try:
        yield process
    finally:
        slow.ended.set()
        popen.kill()
        listening.join(PATIENCE_S)


@contextmanager
def slow_target(folder: Path, method: str) -> Iterator[tuple[Slow, Process]]:
    with running_server(roles=["dms"]) as running:
        slow = Slow(running, method)
        with rewriting(running.base_url, slow.rewrite) as origin, running_at(slow, folder, origin) as process:
            yield slow, process


def listed(folder: Path) -> tuple[set[str], int]:
    """The documents that the ledger names, and how many more there may be."""
    ledger = read(folder, "ledger.json") if (folder / "ledger.json").exists() else {}
    return {one["document_id"] for one in ledger.get("created", ())}, len(ledger.get("uncertain", ()))


def test_an_answer_under_way_is_awaited_and_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    with slow_target(tmp_path, "POST") as (slow, process):
        assert slow.held.wait(PATIENCE_S)
        words, seconds = process.interrupted()
        assert words.startswith("Interrupted. First comes the answer that is under way (at most ")
        assert "in all, about " in words
        assert seconds < AT_ONCE_S
        words, seconds = process.interrupted()
        assert words.startswith("Interrupted.")
        assert seconds < AT_ONCE_S
        assert process.popen.wait(SOON_S) == 3
        known, uncertain = listed(tmp_path / "r")
        assert len(slow.stored() - known) <= uncertain
        assert read(tmp_path / "r")["run"]["interrupted"]


def test_a_slow_clean_up_can_be_ended_and_the_ledger_names_the_rest(tmp_path: Path) -> None:
    with slow_target(tmp_path, "DELETE") as (slow, process):
        while len(slow.stored()) < KEPT and process.popen.poll() is None:
            slow.held.wait(0.05)
        process.interrupted()
        assert slow.held.wait(SOON_S)
        words, seconds = process.interrupted()
        assert "No more is cleaned up" in words
        assert seconds < AT_ONCE_S
        process.interrupted()
        assert process.popen.wait(SOON_S) == 3
        left = slow.stored()
        assert left
        assert left <= listed(tmp_path / "r")[0]


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_an_interruption_before_anything_is_stored_says_so(tmp_path: Path, lang: str) -> None:
    with running_server(roles=["dms"]) as running:
        heard, ended = threading.Event(), threading.Event()

        def never(answer: httpx.Response, _headers: dict[str, str]) -> bytes:
            heard.set()
            ended.wait(HOLD_S)
            return answer.content

        def elsewhere(target: dict[str, Any]) -> None:
            target["auth"]["token_url"] = target["auth"]["token_url"].replace(running.base_url, origin)

        with rewriting(running.base_url, never) as origin:
            command = [*COMMAND, str(written(tmp_path, running, elsewhere)), "--lang", lang]
            popen = subprocess.Popen(
                command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
            )
            try:
                assert heard.wait(PATIENCE_S)
                popen.send_signal(signal.SIGINT)
                _, errors = popen.communicate(timeout=SOON_S)
            finally:
                ended.set()
                popen.kill()
    assert popen.returncode == 3
    assert {"nl": "nog niets neergezet", "en": "has stored nothing"}[lang] in errors
