"""Why a request has no answer, and what that says."""

from __future__ import annotations

import pytest

from okd_conformance.base.text import say
from okd_conformance.wire.no_answer import NoAnswer

PROPERTIES = ("of_the_way", "never_sent", "waited_in_vain", "no_judgement", "unanswered")


@pytest.mark.parametrize(
    ("error", "holds"),
    [
        ("unreachable", {"never_sent", "no_judgement", "unanswered"}),
        ("tls", {"never_sent", "no_judgement", "unanswered"}),
        ("client_certificate", {"of_the_way", "never_sent", "no_judgement", "unanswered"}),
        ("proxy_login", {"of_the_way", "never_sent", "no_judgement", "unanswered"}),
        ("unknown_host", {"of_the_way", "never_sent", "no_judgement", "unanswered"}),
        ("not_opened", {"never_sent", "no_judgement"}),
        ("timeout", {"waited_in_vain", "no_judgement", "unanswered"}),
        ("deadline", {"waited_in_vain", "no_judgement", "unanswered"}),
        ("disconnected", set()),
        ("not_http", set()),
    ],
)
def test_what_each_says(error: str, holds: set[str]) -> None:
    assert {name for name in PROPERTIES if getattr(NoAnswer(error), name)} == holds


def test_each_has_words_and_is_found_by_its_name() -> None:
    for one in NoAnswer:
        assert say(f"error_{one}").nl
        assert NoAnswer.named(str(one)) is one
    assert NoAnswer.named("something newer") is NoAnswer.named(None) is None
