"""The messages of the suite before the panel of receivers.

``python -m support.receiver_panel`` in the folder ``tests`` writes the page of the documentation.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from okd_conformance.reference import running_server
from support.command import CHECKOUT, okd, read, written
from support.receivers import RECEIVERS, Message, at_hand, meant, read_by, recorded

EXCEPTIONS: dict[str, str] = yaml.safe_load((CHECKOUT / "tests/support/receivers.yaml").read_text("utf-8"))
PAGE = CHECKOUT / "docs/receivers.md"
SECTIONS = ("--requirement", "OKD-MPT", "--requirement", "OKD-GEN", "--flow", "1", "--role", "dms")
Messages = dict[str, list[Message]]

OUTCOMES = {"exact": "=", "name": "~", "other": "differs", "refused": "refuses"}
WORST = tuple(OUTCOMES)
Table = dict[str, dict[str, str]]
"""Per case, what each receiver makes of its messages at worst."""

HEAD = """# Multipart receivers

Widely used receivers can do what a MUST demands of a receiver of multipart messages. Every message of a MUST
that the reference accepted is read here by software that nobody of this suite wrote, with default settings
but for the largest size.

- `=`: the file and the metadata are read exactly.
- `~`: they are, but the name of the file comes out otherwise, which no MUST asks for.
- `differs`: the bytes of the file, or the metadata, are other ones.
- `refuses`: it is not read at all.

A MUST that two of them don't read exactly is an error of the suite, unless a reason stands below.
This page is written by `python -m support.receiver_panel` in the folder `tests`; a test compares it.

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


def outcome(name: str, message: Message) -> str:
    """What a receiver makes of a message."""
    reading, wanted = read_by(name, message), meant(message)
    if isinstance(reading, str):
        return "refused"
    if (reading.file, reading.metadata) != (wanted.file, wanted.metadata):
        return "other"
    return "exact" if reading.file_name == wanted.file_name else "name"


def judged(messages: Messages, names: Sequence[str]) -> Table:
    """What each receiver makes of each case, at worst."""
    return {
        case: {name: max((outcome(name, m) for m in sent), key=WORST.index) for name in names}
        for case, sent in messages.items()
    }


def who_fails(table: Table) -> dict[str, set[str]]:
    """Per case the receivers that refuse it, or lose something of it."""
    return {
        case: {name for name, found in row.items() if found in ("other", "refused")}
        for case, row in table.items()
    }


def page(table: Table) -> str:
    """The page with the table, and the reasons of the exceptions."""
    rows = [
        f"| {case} | " + " | ".join(OUTCOMES[row[name]] for name in RECEIVERS) + " |"
        for case, row in sorted(table.items())
    ]
    titles = f"| case | {' | '.join(RECEIVERS)} |\n|---|{'---|' * len(RECEIVERS)}\n"
    reasons = "\n".join(f"- `{case}`: {why}" for case, why in EXCEPTIONS.items())
    return f"{HEAD}{titles}" + "\n".join(rows) + f"\n\n## Exceptions\n\n{reasons}\n"


def main() -> None:
    """Write the page anew, if the whole panel is at hand."""
    missing = set(RECEIVERS) - set(at_hand())
    if missing:
        print(f"{PAGE} stays as it is: {', '.join(sorted(missing))} would be needed")
        return
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(judged(messages_of(Path(folder)), list(RECEIVERS))), encoding="utf-8")


if __name__ == "__main__":
    main()
