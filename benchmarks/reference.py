"""What the reference implementation takes and gives: large documents, there and back, by our own client.

    python benchmarks/reference.py [--size BYTES] [--rounds N]

The reference parses and stores what comes, so it is slower than a server that throws everything away
(``large_messages.py``). CPU seconds tell whose work limits the rate, and peak memory that neither side holds
the document. Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from okd_conformance.cli.serve import END_OF_TARGET
from okd_conformance.judge.bench import Bench
from okd_conformance.run.options import Options
from okd_conformance.run.run import open_run
from okd_conformance.wire.body import length_of
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.generated import Comparison, Generated
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.transfer import Transfer

GB = 10**9
ROLE = "dms"
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    """One transfer: what it took, and the CPU seconds of either side."""

    seconds: float
    server_s: float
    client_s: float


@contextmanager
def reference() -> Iterator[tuple[int, str]]:
    """The reference in a process of its own: the id of the process, and the target file for it."""
    command = [sys.executable, "-m", "okd_conformance", "serve", "--print-target"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(server.stdout.readline, f"{END_OF_TARGET}\n") if server.stdout else ()
        yield server.pid, "".join(lines)
    finally:
        server.terminate()
        server.wait()


def cpu_of(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def peak_mb(pid: int) -> float:
    """The highest memory of a process so far, in MB."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    return int(found.group(1)) / 1024 if found else 0.0


def upload(bench: Bench, content: Generated, pid: int) -> tuple[str, Measured]:
    """Store a generated document; its id, and what that took."""
    operation, binding = bench.arrangements.upload_binding(ROLE, None)
    sample = bench.samples.sample(operation, binding, "benchmark").with_field("document_size", content.size)
    message = sample.message()
    parts = (replace(p, body=content.payload()) if p == sample.file_part else p for p in message.parts)
    whole = replace(message, parts=tuple(parts))
    body = whole.payload()
    meter = Meter(upward=length_of(body))
    talk = Transfer(bench.client, None, meter)
    exchange, measured = _timed(bench, sample.request(whole, body=body), talk, pid)
    return bench.arrangements.stored_id(operation, exchange), measured


def download(bench: Bench, document_id: str, comparison: Comparison, pid: int) -> Measured:
    """Read the document back and compare each byte."""
    operation, binding = bench.arrangements.binding_for(ROLE, "read", None)
    sample = bench.samples.sample(
        operation, binding, "benchmark", path_values={"dms_document_id": document_id}
    )
    meter = Meter(downward=comparison.sent.size)
    _, measured = _timed(bench, sample.request(), Transfer(bench.client, comparison, meter), pid)
    if not comparison.equal:
        raise SystemExit(f"it differs at byte {comparison.offset}")
    return measured


def delete(bench: Bench, document_id: str) -> None:
    """Delete the document."""
    operation, binding = bench.arrangements.binding_for(ROLE, "delete", None)
    sample = bench.samples.sample(
        operation, binding, "benchmark", path_values={"dms_document_id": document_id}
    )
    bench.client.send(sample.request())


def _timed(bench: Bench, request: Request, talk: Transfer, pid: int) -> tuple[Exchange, Measured]:
    server, client, begun = cpu_of(pid), time.process_time(), time.monotonic()
    exchange = bench.client.once(request, talk)
    if exchange.status != 200:
        raise SystemExit(f"{exchange.status} {exchange.error}")
    took = time.monotonic() - begun
    return exchange, Measured(took, cpu_of(pid) - server, time.process_time() - client)


def measure(size: int, rounds: int) -> tuple[dict[str, list[Measured]], float]:
    """Transfers there and back, and the peak memory of the reference."""
    found: dict[str, list[Measured]] = {"upload": [], "download": []}
    with reference() as (pid, target), tempfile.TemporaryDirectory(prefix="okd-benchmark-") as folder:
        file = Path(folder) / "target.yaml"
        file.write_text(target, encoding="utf-8")
        run = open_run(Options(target=str(file), run_id="benchmark", profile="full"))
        content = Generated(size, "benchmark")
        for _ in range(rounds):
            document_id, took = upload(run.bench, content, pid)
            found["upload"].append(took)
            found["download"].append(download(run.bench, document_id, content.comparison(), pid))
            delete(run.bench, document_id)
        run.close()
        return found, peak_mb(pid)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=GB)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    _, tenth = measure(given.size // 10, 1)
    found, peak = measure(given.size, given.rounds)
    sys.stdout.write(f"{given.size:,} bytes, medians of {given.rounds} rounds; ")
    sys.stdout.write(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors\n\n")
    sys.stdout.write(
        "| transfer | MB/s | CPU s of the reference | CPU s of our client |\n|---|---|---|---|\n"
    )
    for which, runs in found.items():
        rate = given.size / median(m.seconds for m in runs) / 1e6
        server, client = median(m.server_s for m in runs), median(m.client_s for m in runs)
        sys.stdout.write(f"| {which} | {rate:,.0f} | {server:.2f} | {client:.2f} |\n")
    sys.stdout.write(
        f"\nPeak memory of the reference: {peak:.0f} MB; for a tenth of the size {tenth:.0f} MB.\n"
    )


if __name__ == "__main__":
    main()
