"""Every text for people is there in both languages, with the same places to fill in."""

from __future__ import annotations

import string

import pytest

from okd_conformance.base.text import Text, message_files, say
from okd_conformance.base.yaml_input import read_yaml

FILES = message_files()
MESSAGES = {key: value for file in FILES for key, value in read_yaml(file).value.items()}


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
        for file in FILES
        for line in file.read_text("utf-8").splitlines()
        if line and not line.startswith((" ", "#"))
    ]
    assert len(keys) == len(set(keys))


def test_a_text_is_filled_in_per_language() -> None:
    filled = say("told_received", text=Text(nl="niets", en="nothing"))
    assert filled == Text(nl="Gekregen: niets", en="Received: nothing")
