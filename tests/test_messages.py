"""Every text for people is there in both languages, with the same places to fill in."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
import yaml

from okd_conformance.base import text
from okd_conformance.base.text import Text, say

FILE = Path(text.__file__).with_name("messages.yaml")
MESSAGES = yaml.safe_load(FILE.read_text("utf-8"))


def places(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name}


@pytest.mark.parametrize("key", MESSAGES)
def test_a_message_is_whole(key: str) -> None:
    message = MESSAGES[key]
    assert set(message) == {"nl", "en"}
    assert all(isinstance(text, str) and text.strip() for text in message.values())
    assert places(message["nl"]) == places(message["en"])


def test_no_key_stands_twice() -> None:
    keys = [
        line.partition(":")[0]
        for line in FILE.read_text("utf-8").splitlines()
        if line and not line.startswith((" ", "#"))
    ]
    assert len(keys) == len(set(keys))


def test_a_text_is_filled_in_per_language() -> None:
    filled = say("told_received", text=Text(nl="niets", en="nothing"))
    assert filled == Text(nl="Gekregen: niets", en="Received: nothing")
