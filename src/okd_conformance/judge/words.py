"""Answers and expectations in words."""

from __future__ import annotations

import re
from http import HTTPStatus

from okd_conformance.base.text import Text, say
from okd_conformance.standard.readings import Answers
from okd_conformance.wire.exchange import Answer, Exchange

_SHOWN = 200
_BROKEN_WORD = re.compile(r"[\w.~+/=-]*\Z")
"""What the cut leaves of a last word; of a token it may be too little to be known as one."""


def expected_statuses(answers: Answers) -> Text:
    """Which statuses are asked, in words."""
    accepted = answers.accepted or answers.warned
    *others, last = [_named(s) for s in accepted] or [""]
    statuses = say("one_of", first=", ".join(others), last=last) if others else last
    if answers.warned and answers.accepted:
        return say(
            "expected_status_or_warned", statuses=statuses, warned=", ".join(str(s) for s in answers.warned)
        )
    return say("expected_status", statuses=statuses)


def received(exchange: Exchange) -> Text:
    """What came back, in words: the status and the start of the explanation, or why nothing came."""
    if exchange.answer is None:
        return say(f"error_{exchange.error}")
    return Text.same(_shown(exchange.answer))


def _named(status: int | str) -> str:
    if isinstance(status, str):
        return status
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _shown(answer: Answer) -> str:
    line = _named(answer.status)
    detail = _detail(answer)
    return f"{line}: {detail}" if detail else line


def _detail(answer: Answer) -> str:
    if not answer.body or not answer.media_type.endswith("json"):
        return answer.media_type
    text = " ".join(answer.body[: _SHOWN * 2].decode("utf-8", "replace").split())
    return text if len(text) <= _SHOWN else _BROKEN_WORD.sub("", text[:_SHOWN]) + " …"
