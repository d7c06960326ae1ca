"""The messages of the suite before the panel of receivers.

``python -m support.receiver_panel`` in the folder ``tests`` writes the page of the documentation.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from okd_conformance.reference import running_server
from support.command import CHECKOUT, okd, read, written
from support.receivers import RECEIVERS, Message, read_by, recorded

EXCEPTIONS: dict[str, str] = yaml.safe_load((CHECKOUT / "tests/support/receivers.yaml").read_text("utf-8"))
PAGE = CHECKOUT / "docs/receivers.md"
SECTIONS = ("--requirement", "OKD-MPT", "--requirement", "OKD-GEN", "--flow", "1", "--role", "dms")
Messages = dict[str, list[Message]]

HEAD = """# Multipart receivers

Widely used readers can do what a MUST demands of a reader of multipart messages. Every message of a MUST that
the reference accepted is read here by libraries that nobody of this suite wrote: `=` is read as most read it,
`differs` is refused or read otherwise. Compared are the name of the file, its bytes and the metadata.
A test holds that no two differ without a reason below.

"""


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
    found: Messages = {}
    for row in read(folder / "report")["requirements"]:
        for case in row["cases"] if row["level"] == "MUST" else ():
            mine = [m for i in case["exchanges"] if (m := by_id.get(i)) and m.status < 300]
            if mine:
                found.setdefault(short(case["id"]), []).extend(mine)
    return found


def _is_multipart(entry: dict[str, Any]) -> bool:
    return any(
        h["name"].lower() == "content-type" and h["value"].lower().startswith("multipart/")
        for h in entry["request"]["headers"]
    )


def differing(message: Message) -> set[str]:
    """The receivers that refuse a message, or read it otherwise than most do."""
    readings = {name: read_by(name, message) for name in RECEIVERS}
    read_at_all = [reading for reading in readings.values() if not isinstance(reading, str)]
    if not read_at_all:
        return set(readings)
    usual, _ = Counter(read_at_all).most_common(1)[0]
    return {name for name, reading in readings.items() if reading != usual}


def who_differs(messages: Messages) -> dict[str, set[str]]:
    """Per case the receivers that differ in any of its messages."""
    return {case: set().union(*map(differing, sent)) for case, sent in messages.items()}


def page(found: dict[str, set[str]]) -> str:
    """The page with the table, and the reasons of the exceptions."""
    rows = [
        f"| {case} | " + " | ".join("differs" if name in names else "=" for name in RECEIVERS) + " |"
        for case, names in sorted(found.items())
    ]
    titles = f"| case | {' | '.join(RECEIVERS)} |\n|---|{'---|' * len(RECEIVERS)}\n"
    reasons = "\n".join(f"- `{case}`: {why}" for case, why in EXCEPTIONS.items())
    return f"{HEAD}{titles}" + "\n".join(rows) + f"\n\n## Exceptions\n\n{reasons}\n"


def main() -> None:
    """Write the page anew."""
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(who_differs(messages_of(Path(folder)))), encoding="utf-8")


if __name__ == "__main__":
    main()
