"""What one worker learns to be secret is out of what the others show."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from typing import Any

import pytest

from okd_conformance.redaction.redactor import REDACTED, Redactor
from okd_conformance.redaction.sharing import SharedSecrets, SharingLine

TOKEN = "Jd83hKs92LmQp47Zx1Vb6Nt5~0001"
LOADS = json.loads
LINK = "https://dms.example/d/Wc0Yx3Bn5Tz6Lm4Hq2vR8"


@pytest.fixture
def shared() -> Iterator[SharedSecrets]:
    made = SharedSecrets()
    try:
        yield made
    finally:
        made.close()


def worker(shared: SharedSecrets) -> Redactor:
    redactor = Redactor()
    redactor.share = SharingLine(*shared.line)
    return redactor


def test_others_know_a_secret_as_soon_as_it_is_learnt(shared: SharedSecrets) -> None:
    one, other, main = worker(shared), worker(shared), Redactor()
    main.share = shared
    one.learn(TOKEN)
    one.learn_address(LINK)
    for redactor in (other, main):
        assert TOKEN in redactor.text(TOKEN)
        redactor.catch_up()
        assert redactor.text(f"a {TOKEN} b") == f"a {REDACTED} b"
        assert redactor.text(f"a {LINK} b") == f"a https://dms.example/{REDACTED} b"


def test_what_was_learnt_before_there_were_others_is_shared_too(shared: SharedSecrets) -> None:
    main, other = Redactor(), worker(shared)
    main.learn(TOKEN)
    main.share = shared
    main.catch_up()
    other.catch_up()
    assert other.text(TOKEN) == REDACTED


def test_a_long_temporary_folder_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(address: object = None, **more: Any) -> Listener:
        if address is None:
            raise OSError("AF_UNIX path too long")
        return Listener(address, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("okd_conformance.redaction.sharing.Listener", too_long)
    shared = SharedSecrets()
    one, other = worker(shared), worker(shared)
    one.learn(TOKEN)
    other.catch_up()
    shared.close()
    assert other.text(TOKEN) == REDACTED


def test_nothing_is_missed_when_all_learn_at_once(shared: SharedSecrets) -> None:
    workers = [worker(shared) for _ in range(4)]
    tokens = [[f"{n}{k:03d}~{TOKEN[::-1]}"[:20] for k in range(50)] for n in range(4)]
    threads = [
        threading.Thread(target=lambda r=redactor, own=own: [r.learn(token) for token in own])
        for redactor, own in zip(workers, tokens, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for redactor in workers:
        redactor.catch_up()
        assert {redactor.text(token) for own in tokens for token in own} == {REDACTED}


def test_an_interrupted_worker_goes_on(shared: SharedSecrets, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = worker(shared), worker(shared)
    one.catch_up()
    with monkeypatch.context() as patch:
        patch.setattr("okd_conformance.redaction.sharing.json.loads", interrupted)
        with pytest.raises(KeyboardInterrupt):
            one.learn(TOKEN)
    other.learn(LINK)
    one.catch_up()
    other.catch_up()
    assert one.text(LINK) == REDACTED
    assert other.text(TOKEN) == REDACTED


def interrupted(text: bytes) -> object:
    if threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt
    return LOADS(text)


def test_a_worker_whose_main_process_is_gone_still_redacts(shared: SharedSecrets) -> None:
    one = worker(shared)
    shared.close()
    one.learn(TOKEN)
    assert one.text(TOKEN) == REDACTED


def test_a_stranger_gets_nothing(shared: SharedSecrets) -> None:
    worker(shared).learn(TOKEN)
    stranger = SharingLine(shared.line[0], "00" * 32)
    with pytest.raises(AuthenticationError):
        stranger([], 0)
    with Client(shared.line[0]) as connection:
        connection.send_bytes(b'[[["secret", "of nobody"]], 0]')
        assert connection.recv_bytes().startswith(b"#CHALLENGE#")
    other = worker(shared)
    other.catch_up()
    assert other.text(TOKEN) == REDACTED
    assert other.text("of nobody") == "of nobody"
