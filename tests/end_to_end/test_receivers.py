"""What the suite demands of a multipart reader, widely used readers can do."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from okd_conformance.reference import running_server
from support.command import CHECKOUT, okd, read, written
from support.receivers import RECEIVERS, Message, read_by, recorded

EXCEPTIONS = yaml.safe_load((CHECKOUT / "tests/support/receivers.yaml").read_text("utf-8"))
SECTIONS = ("--requirement", "OKD-MPT", "--requirement", "OKD-GEN", "--flow", "1", "--role", "dms")
Messages = dict[str, list[Message]]


def short(case: str) -> str:
    """The id of a case without role and operation."""
    return re.sub(r"\[dms,[a-z_]+,?(.*)\]", r"[\1]", case).removesuffix("[]")


def messages_of(folder: Path) -> Messages:
    """Every accepted multipart message of a MUST, by case, from a run against the reference."""
    with running_server(roles=["dms"]) as running:
        seen = recorded(running)
        okd(folder, str(written(folder, running)), *SECTIONS, "--report-dir", "report")
    sent = [e for e in read(folder / "report", "exchanges.har")["log"]["entries"] if _is_multipart(e)]
    assert len(sent) == len(seen), "every message is recorded once, in the order of the run"
    by_id = {entry["_id"]: message for entry, message in zip(sent, seen, strict=True)}
    return {
        short(case["id"]): [m for i in case["exchanges"] if (m := by_id.get(i)) and m.status < 300]
        for row in read(folder / "report")["requirements"]
        if row["level"] == "MUST"
        for case in row["cases"]
    }


def _is_multipart(entry: dict[str, dict[str, list[dict[str, str]]]]) -> bool:
    return any(
        h["name"].lower() == "content-type" and h["value"].lower().startswith("multipart/")
        for h in entry["request"]["headers"]
    )


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Messages:
    return messages_of(tmp_path_factory.mktemp("receivers"))


def differing(message: Message) -> set[str]:
    """The receivers that refuse a message, or read it otherwise than most do."""
    readings = {name: read_by(name, message) for name in RECEIVERS}
    usual, _ = Counter(r for r in readings.values() if not isinstance(r, str)).most_common(1)[0]
    return {name for name, reading in readings.items() if reading != usual}


def test_at_most_one_receiver_differs(messages: Messages) -> None:
    """Two or more that do are an error of the suite, unless the list of exceptions says why not."""
    assert sum(map(len, messages.values())) > 20
    found = {case: set().union(*map(differing, sent)) for case, sent in messages.items() if sent}
    assert {case: names for case, names in found.items() if len(names) > 1 and case not in EXCEPTIONS} == {}
