"""What every hostile behaviour does to a run: its outcome, its time, and the memory that it takes.

    python benchmarks/hostile.py [--only WORD] [--at-once N]

Each behaviour of ``tests/support/hostile.py`` gets a run of the command in a process of its own, on a choice
of requirements that has every kind of request. Most are on every operation; a few are on one operation only,
while the reference serves the others, which must come out as they do when nobody is hostile. Ends with 0 when
every run kept to the bounds below, had one clear outcome, and was not taken for flawless.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from okd_conformance.reference import running_server

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

from support.hostile import (  # noqa: E402
    BEHAVIOURS,
    CLOSING,
    ENDLESS,
    NAMED,
    SILENT,
    SLOW,
    TOKENS,
    Behaviour,
    Hits,
    hostile_server,
)

TIMEOUT_S = 0.5
DEADLINE_S = 4 * TIMEOUT_S
START_S = 60.0
"""For starting Python on a busy machine, preflight, and the files at the end."""
MAX_MEMORY_MB = 100
ROLES = ("dms", "examineren", "inschrijven")
REQUIREMENTS = (
    "OKD-SRV-001",  # service
    "OKD-MPT-002",  # uploads
    "OKD-MPT-004",  # read directly after
    "OKD-MPT-005",  # and compared
    "OKD-GEN-014",  # in chunks, and with leave
    "OKD-FX-002",  # read
    "OKD-FX-009",  # metadata, and the address in them
    "OKD-FY-001",  # replace
    "OKD-FZ-001",  # delete
    "OKD-REG-001",  # register
    "OKD-F06-002",  # notify
    "OKD-F07-001",  # search
    "OKD-F07-014",  # page by page
)
GENERATED = ("OKD-MPT-001", "OKD-FX-001")
"""Property tests and sequences."""
LARGE = ("OKD-LIM-001", "OKD-LIM-008")
"""Large messages, with and without asking leave; they need the profile full."""
REFUSED = 3
"""The exit code when a run can't begin, for want of a token."""
COMMAND = """
import atexit, re, sys
from pathlib import Path
peak = Path(sys.argv.pop())
def tell():
    status = Path("/proc/self/status").read_text()
    peak.write_text(re.search(r"VmHWM:\\s*([0-9]+)", status).group(1))
atexit.register(tell)
import schemathesis, hypothesis.stateful
from okd_conformance.judge.large import Sizes
Sizes.of = classmethod(lambda cls, edition: cls(3_000_000, 3_200_000))
from okd_conformance.cli.main import main
from okd_conformance.standard.edition import load_edition
from okd_conformance.judge.properties import for_each_body
if "OKD-MPT-001" in sys.argv:
    edition = load_edition("okd-1.5")
    for operation in edition.operations("dms", "upload"):
        for_each_body(edition, operation, "valid", 6, 0, lambda body: None)
sys.argv[0] = "okd-conformance"
main()
"""
"""The command, with what generates bodies loaded at the start, and with large messages that are small."""


@dataclass
class Trial:
    """One run against one behaviour."""

    name: str
    behaviour: Behaviour
    hits: Hits
    tokens: bool = False
    requirements: tuple[str, ...] = REQUIREMENTS
    untouched: tuple[str, ...] = ()
    """Requirements that must come out as they do when nobody is hostile."""

    @property
    def must_show(self) -> bool:
        """Whether a conformant verdict without a single warning would be wrong."""
        return not self.tokens and self.behaviour.group != "download"


@dataclass
class Found:
    """What became of it."""

    trial: Trial
    code: int
    seconds: float
    memory_mb: float
    rows: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    wrong: list[str] = field(default_factory=list)


def everywhere(_method: str, _path: str) -> bool:
    """Every request."""
    return True


def is_read(method: str, path: str) -> bool:
    """Reading a document at the DMS."""
    return method == "GET" and "/dms/" in path and "/documents/" in path and not path.endswith("/metadata")


def is_metadata(_method: str, path: str) -> bool:
    """Reading metadata."""
    return path.endswith("/metadata")


def is_upload(method: str, path: str) -> bool:
    """Uploading to an association."""
    return method == "POST" and "/dms/" in path and "/associations/" in path


def is_list(_method: str, path: str) -> bool:
    """A list of enrolments."""
    return path.partition("?")[0].endswith("/associations")


OTHERS = ("OKD-SRV-001", "OKD-FZ-001", "OKD-REG-001", "OKD-F06-002", "OKD-F07-001", "OKD-F07-014")
ONE_OPERATION = (
    "silent: never answers",
    "slow: drips the body",
    "endless: body without a length",
    "bomb: JSON of 100 MB",
    "length: too short",
    "closes: in the body",
    "garbage: SSH",
    "early: two answers",
)


def trials() -> list[Trial]:
    """Every run."""
    found = [Trial(b.name, b, everywhere) for b in BEHAVIOURS]
    for behaviour in BEHAVIOURS:
        if behaviour.name in ONE_OPERATION:
            found.append(Trial(f"{behaviour.name} (read only)", behaviour, is_read, untouched=OTHERS))
            found.append(
                Trial(
                    f"{behaviour.name} (upload only)", behaviour, is_upload, untouched=OTHERS[:1] + OTHERS[2:]
                )
            )
    moving = [*SILENT, *SLOW, *ENDLESS, *CLOSING]
    found += [Trial(f"{b.name} (large)", b, everywhere, requirements=LARGE) for b in moving]
    for behaviour in BEHAVIOURS:
        if behaviour.name in ONE_OPERATION:
            name = f"{behaviour.name} (generated)"
            found.append(Trial(name, behaviour, is_read, requirements=GENERATED))
    for behaviour in NAMED:
        hits = is_list if behaviour.group == "paging" else is_metadata
        rest = OTHERS[:-1] if behaviour.group == "paging" else OTHERS
        found.append(Trial(behaviour.name, behaviour, hits, untouched=rest))
    on_tokens = [b for b in BEHAVIOURS if b.group not in {"json", "encoding"}] + TOKENS
    return found + [Trial(f"{b.name} (token endpoint)", b, everywhere, tokens=True) for b in on_tokens]


# --- one run ------------------------------------------------------------------------------------------------


def target_file(reference: str, url: str, own: str, tokens: bool) -> str:
    """The reference's target file, with the hostile server in the place of the target or of its issuer."""
    value = yaml.safe_load(reference)
    value["roles"] = {role: value["roles"][role] for role in ROLES}
    if tokens:
        value["auth"]["token_url"] = f"{url}/token"
    else:
        for role in value["roles"].values():
            role["base_url"] = role["base_url"].replace(own, url)
    value["limits"] = {"requests_per_second": 10_000, "timeout_s": TIMEOUT_S}
    return yaml.safe_dump(value)


def memory_of(pid: int) -> float:
    """The memory that a process has now, in MB; 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(trial: Trial) -> Found:
    """Run the command against a behaviour."""
    level: list[float] = []
    processes: list[subprocess.Popen[str]] = []

    def first_hit() -> None:
        if not level and processes:
            level.append(memory_of(processes[0].pid))

    with (
        running_server() as reference,
        hostile_server(
            trial.behaviour, hits=trial.hits, reference=reference.base_url, on_hit=first_hit
        ) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        target = Path(folder) / "target.yaml"
        target.write_text(
            target_file(reference.target, server.url, reference.base_url, trial.tokens), "utf-8"
        )
        chosen = [word for name in trial.requirements for word in ("--requirement", name)]
        profile = "full" if trial.requirements is LARGE else "standard"
        options = ["run", str(target), "--report-dir", f"{folder}/report", "--profile", profile]
        peak = Path(folder) / "peak"
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *options, "--lang", "en", "--quiet", *chosen, str(peak)],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT / "src")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        errors = process.stderr.read() if process.stderr else ""
        code = process.wait()
        seconds = time.monotonic() - begun
        highest = int(peak.read_text("ascii")) * 1024 / 1e6 if peak.exists() else math.inf
        found = Found(trial, code, seconds, highest - (level[0] if level else highest))
        report = Path(folder) / "report" / "report.json"
        if report.exists():
            written = json.loads(report.read_text("utf-8"))
            found.rows, found.requests = written["requirements"], written["run"]["requests"]
        if "Traceback" in errors:
            found.wrong.append(errors.strip().rpartition("\n")[2][:200])
        return found


def bound_s(requests: int) -> float:
    """The longest that a run may take: each request may take as long as the deadline."""
    return START_S + (requests + 20) * DEADLINE_S


def judge(found: Found, usual: Mapping[str, str]) -> None:
    """See that a run had one clear outcome, passed nothing wrongly, and judged the rest as ever."""
    for row in found.rows:
        key = f"{row['id']} {row['role']}"
        faults = [case for case in row["cases"] if case["status"] == "suite_fault"]
        found.wrong += [f"{case['id']}: {case['received']['en'][:160]}" for case in faults]
        if row["id"] in found.trial.untouched and row["status"] != usual.get(key):
            found.wrong.append(f"{key}: {row['status']} instead of {usual.get(key)}")
    if found.code not in {0, 1, 3}:
        found.wrong.append(f"exit code {found.code}")
    warned = any(row["status"] == "warning" for row in found.rows)
    if found.code == 0 and found.trial.must_show and not warned:
        found.wrong.append("conformant, as if nothing had happened")
    if found.seconds > bound_s(found.requests):
        found.wrong.append(f"took longer than {bound_s(found.requests):.0f} s")
    if found.memory_mb > MAX_MEMORY_MB:
        found.wrong.append("took too much memory")
    if not found.rows and found.code != REFUSED:
        found.wrong.append("no report")


def main() -> int:
    """Run them all, print the table, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", metavar="WORD", help="only behaviours with this in their name")
    parser.add_argument("--at-once", type=int, default=2, metavar="N")
    options = parser.parse_args()
    nobody = Trial("nobody is hostile", Behaviour("nobody", lambda _: None), lambda *_: False)
    friendly = run(nobody)
    usual = {f"{row['id']} {row['role']}": row["status"] for row in friendly.rows}
    print(f"{'behaviour':62} {'exit':>4} {'seconds':>8} {'MB':>5}  cases")
    tell(friendly)
    chosen = [trial for trial in trials() if options.only in trial.name]
    wrong = 0
    with ThreadPoolExecutor(options.at_once) as pool:
        for found in pool.map(run, chosen):
            judge(found, usual)
            tell(found)
            wrong += bool(found.wrong)
    print(f"{len(chosen)} behaviours, {wrong} of them wrong")
    return 1 if wrong or friendly.code not in {0, 3} else 0


def tell(found: Found) -> None:
    """Print a line of the table, and what is wrong below it."""
    cases = Counter(case["status"] for row in found.rows for case in row["cases"])
    counts = ", ".join(f"{n} {status}" for status, n in sorted(cases.items()))
    numbers = f"{found.code:4} {found.seconds:8.1f} {found.memory_mb:5.0f}"
    print(f"{found.trial.name[:62]:62} {numbers}  {counts or '-'}")
    for words in found.wrong[:5]:
        print(f"    WRONG: {words}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
