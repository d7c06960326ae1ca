"""Our large uploads and downloads beside curl's, against the same server, in one run.

    python benchmarks/large_messages.py [--size BYTES] [--rounds N]

We generate what we send, and compare what we receive; curl sends a ready file, and throws away what it
receives. Each transfer has a process of its own; the rounds alternate. The table gives the medians, the CPU
time of the process (ours with starting Python), its peak memory, and our throughput as a ratio to curl's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from okd_conformance.wire.client import Client, Settings
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.generated import Generated
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.multipart import Multipart, Part
from okd_conformance.wire.transfer import Transfer

GB = 10**9
_LOOK_S = 0.02
_SCRATCH = Path("/dev/shm")  # noqa: S108 - memory, so that no disk is measured


@dataclass(frozen=True)
class Measured:
    """One transfer."""

    seconds: float
    cpu_s: float
    peak_mb: float


def content(size: int) -> Generated:
    """What is sent and received."""
    return Generated(size, "benchmark")


# --- ours, each in a process of its own ---------------------------------------------------------------------


def send(url: str, size: int) -> Exchange:
    """Upload a generated document in a multipart message."""
    parts = (
        Part.form("metadata", b"{}", content_type="application/json"),
        Part.form("file", content(size).payload(), content_type="application/pdf", filename="a.pdf"),
    )
    message = Multipart(parts, "benchmark-boundary")
    body = message.payload()
    request = Request("POST", url, (("Content-Type", message.content_type),), body)
    return _exchange(request, lambda client: Transfer(client, None, Meter(upward=size)))


def receive(url: str, size: int) -> Exchange:
    """Download a document and compare each byte."""
    comparison = content(size).comparison()
    exchange = _exchange(
        Request("GET", url), lambda client: Transfer(client, comparison, Meter(downward=size))
    )
    if not comparison.equal:
        raise SystemExit(f"it differs at byte {comparison.offset}")
    return exchange


def _exchange(request: Request, talk: Callable[[Client], Transfer]) -> Exchange:
    numbers = itertools.count(1)
    client = Client(Settings(), lambda _: None, lambda: str(next(numbers)))
    exchange = client.once(request, talk(client))
    if exchange.status != 200:
        raise SystemExit(f"{exchange.status} {exchange.error}")
    return exchange


def _alone(which: str, url: str, size: int) -> None:
    exchange = send(url, size) if which == "upload" else receive(url, size)
    sys.stdout.write(json.dumps(exchange.duration_s))


# --- measuring ----------------------------------------------------------------------------------------------


def ours(which: str, url: str, _file: Path, size: int) -> Measured:
    """Our client."""
    return _timed([sys.executable, __file__, "--alone", which, "--url", url, "--size", str(size)])


def curl(which: str, url: str, file: Path, _size: int) -> Measured:
    """Curl, from and to nothing slower than memory."""
    data = ["-F", "metadata={};type=application/json", "-F", f"file=@{file}"] if which == "upload" else []
    return _timed(["curl", "-sS", "-o", os.devnull, "-w", "%{time_total}", *data, url])


def _timed(command: list[str]) -> Measured:
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    peak, used = 0.0, None
    while used is None:
        time.sleep(_LOOK_S)
        peak = max(peak, _peak_mb(process.pid))
        done, status, resources = os.wait4(process.pid, os.WNOHANG)
        used = resources if done else None
    process.returncode = os.waitstatus_to_exitcode(status)
    out = process.stdout.read() if process.stdout else b""
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return Measured(float(out), used.ru_utime + used.ru_stime, peak)


def _peak_mb(pid: int) -> float:
    """The highest memory so far: what the kernel tells at the end counts the process that started it too."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else 0.0


@contextmanager
def sink(size: int) -> Iterator[tuple[str, Path]]:
    """The server, and the file that it gives."""
    where = _SCRATCH if _SCRATCH.is_dir() and shutil.disk_usage(_SCRATCH).free > 2 * size else None
    with tempfile.TemporaryDirectory(prefix="okd-benchmark-", dir=where) as folder:
        file = Path(folder) / "document.pdf"
        with file.open("wb") as out:
            for chunk in content(size).chunks():
                out.write(chunk)
        server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("sink.py")), str(file)], stdout=subprocess.PIPE
        )
        try:
            port = server.stdout.readline().decode().strip() if server.stdout else ""
            yield f"http://127.0.0.1:{port}/", file
        finally:
            server.kill()
            server.wait()


def measure(size: int, rounds: int) -> None:
    """Print the table."""
    sys.stdout.write(
        f"{size:,} bytes, medians of {rounds} alternated rounds; load {os.getloadavg()[0]:.1f}, "
    )
    sys.stdout.write(f"{os.cpu_count()} processors\n\n")
    sys.stdout.write(
        "| transfer | client | MB/s [slowest-fastest] | ratio to curl | CPU s | peak memory MB |\n"
    )
    sys.stdout.write("|---|---|---|---|---|---|\n")
    with sink(size) as (url, file):
        for which in ("upload", "download"):
            found: dict[str, list[Measured]] = {"curl": [], "okd-conformance": []}
            for _ in range(rounds):
                found["curl"].append(curl(which, url, file, size))
                found["okd-conformance"].append(ours(which, url, file, size))
                time.sleep(0.2)
            base = median(m.seconds for m in found["curl"])
            for name, runs in found.items():
                sys.stdout.write(_row(which, name, runs, size, base))


def _row(which: str, name: str, runs: list[Measured], size: int, base: float) -> str:
    seconds = [m.seconds for m in runs]
    rate = [f"{size / s / 1e6:,.0f}" for s in (median(seconds), max(seconds), min(seconds))]
    cells = [
        which,
        name,
        f"{rate[0]} [{rate[1]}-{rate[2]}]",
        f"{base / median(seconds):.2f}",
        f"{median(m.cpu_s for m in runs):.2f}",
        f"{max(m.peak_mb for m in runs):.0f}",
    ]
    return f"| {' | '.join(cells)} |\n"


def compare_memory(size: int) -> None:
    """Print our peak memory for a tenth of the size beside that for the whole."""
    sys.stdout.write("\n| transfer | peak memory MB, a tenth | all of it |\n|---|---|---|\n")
    peaks: dict[str, list[float]] = {"upload": [], "download": []}
    for each in (size // 10, size):
        with sink(each) as (url, file):
            for which, found in peaks.items():
                found.append(ours(which, url, file, each).peak_mb)
    for which, (tenth, whole) in peaks.items():
        sys.stdout.write(f"| {which} | {tenth:.1f} | {whole:.1f} |\n")


def main() -> None:
    """Read the options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=GB)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--alone", choices=("upload", "download"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        _alone(given.alone, given.url, given.size)
        return
    measure(given.size, given.rounds)
    compare_memory(given.size)


if __name__ == "__main__":
    main()
