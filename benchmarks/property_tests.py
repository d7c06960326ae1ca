"""Requests per second of our property tests, beside ``schemathesis run`` on the same document and server.

    python benchmarks/property_tests.py [--edition ID] [--rounds N] [--examples N]

Both send generated bodies to the operations that take a body of JSON or metadata, at the reference
implementation, in alternated rounds, one request at a time. Ours are the cases of the profile full;
``schemathesis run`` gets the edition's document and a token. Time to start is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from okd_conformance.auth.tokens import Tokens
from okd_conformance.run.embedded import embedded_reference
from okd_conformance.standard.edition import Edition, load_edition
from okd_conformance.target.reading import load_target

ROLE = "dms"
REQUIREMENTS = ("OKD-MPT-001", "OKD-GEN-012")
"""The requirements that are judged with generated bodies at a DMS."""


@dataclass(frozen=True)
class Measured:
    """One run."""

    requests: int
    seconds: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds if self.seconds else 0.0


@contextmanager
def target(edition: str) -> Iterator[Path]:
    """The reference, and a target file for it without a limit on the rate."""
    with embedded_reference(edition) as file:
        value = yaml.safe_load(file.read_text("utf-8"))
        value.setdefault("limits", {})["requests_per_second"] = 100_000
        value["roles"] = {ROLE: value["roles"][ROLE]}
        file.write_text(yaml.safe_dump(value), encoding="utf-8")
        yield file


def ours(file: Path, folder: Path) -> Measured:
    """Our property tests: the time from the first request of each case to the last answer."""
    command = [sys.executable, "-m", "okd_conformance", "run", str(file), "--profile", "full", "--quiet"]
    chosen = [word for requirement in REQUIREMENTS for word in ("--requirement", requirement)]
    subprocess.run([*command, *chosen, "--report-dir", str(folder)], check=True, stdout=subprocess.DEVNULL)
    entries = json.loads((folder / "exchanges.har").read_text("utf-8"))["log"]["entries"]
    by_case: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for entry in entries:
        if "generated=" in (entry["_case"] or ""):
            by_case[entry["_case"]].append(_span(entry))
    seconds = sum(
        max(end for _, end in spans) - min(begin for begin, _ in spans) for spans in by_case.values()
    )
    return Measured(sum(map(len, by_case.values())), seconds)


def _span(entry: dict[str, Any]) -> tuple[float, float]:
    begun = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
    return begun, begun + entry["time"] / 1000


def theirs(file: Path, document: Path, operations: Sequence[str], folder: Path, examples: int) -> Measured:
    """``schemathesis run``, fuzzing alone, with the check that is cheapest."""
    found = load_target(file)
    tokens = Tokens(found)
    scopes = found.auth.clients[0].scopes if found.auth else ()
    token = tokens.bearer(frozenset(scopes[:1])).value
    tokens.close()
    har = folder / "schemathesis.har"
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", str(document)]
    command += ["--url", found.roles[ROLE].base_url, "--header", f"Authorization: Bearer {token}"]
    command += ["--phases", "fuzzing", "--checks", "not_a_server_error", "--max-examples", str(examples)]
    command += ["--continue-on-failure", "--seed", "1", "--workers", "1", "--suppress-health-check", "all"]
    for operation in operations:
        command += ["--include-operation-id", operation]
    command += ["--report", "har", "--report-har-path", str(har)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    if not har.is_file():
        raise SystemExit(done.stdout + done.stderr)
    entries = json.loads(har.read_text("utf-8"))["log"]["entries"]
    spans = [_span(entry) for entry in entries]
    return Measured(len(spans), max(end for _, end in spans) - min(begin for begin, _ in spans))


def document_of(edition: Edition) -> dict[str, Any]:
    """The edition's document, with everything that it refers to."""
    return json.loads(json.dumps(dict(edition.document(edition.roles[ROLE].document))))  # type: ignore[no-any-return]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--edition", default="okd-1.5")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--examples", type=int, default=100)
    given = parser.parse_args()
    found: dict[str, list[Measured]] = {"schemathesis run": [], "okd-conformance": []}
    with target(given.edition) as file, tempfile.TemporaryDirectory(prefix="okd-benchmark-") as temporary:
        document = Path(temporary) / "document.json"
        edition = load_edition(given.edition)
        document.write_text(json.dumps(document_of(edition)), encoding="utf-8")
        operations = [o.name for o in edition.operations(ROLE) if o.body_schema is not None]
        for number in range(given.rounds):
            folder = Path(temporary) / str(number)
            folder.mkdir()
            found["schemathesis run"].append(theirs(file, document, operations, folder, given.examples))
            found["okd-conformance"].append(ours(file, folder / "ours"))
    base = median(m.rate for m in found["schemathesis run"])
    sys.stdout.write(f"{given.edition}, medians of {given.rounds} alternated rounds; ")
    sys.stdout.write(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors\n\n")
    sys.stdout.write(
        "| client | requests | requests per second [slowest-fastest] | ratio |\n|---|---|---|---|\n"
    )
    for name, runs in found.items():
        rates = [m.rate for m in runs]
        line = f"{median(rates):.0f} [{min(rates):.0f}-{max(rates):.0f}]"
        requests = f"{median(m.requests for m in runs):.0f}"
        sys.stdout.write(f"| {name} | {requests} | {line} | {median(rates) / base:.2f} |\n")


if __name__ == "__main__":
    main()
