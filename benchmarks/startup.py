"""How long the command takes to start, against ``python -c "import click"``.

``--help`` may take 3 times as long and ``list requirements`` 8 times; more ends with exit code 1.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

LIMITS = {"--help": 3.0, "list requirements": 8.0}
ROUNDS = 9


def seconds(arguments: list[str]) -> float:
    """How long one start takes."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def measured() -> dict[str, float]:
    """The median of each, taken in turns, so that a busy moment hits them all."""
    kinds = {"import click": ["-c", "import click"]}
    kinds.update({name: ["-m", "okd_conformance", *name.split()] for name in LIMITS})
    for arguments in kinds.values():
        seconds(arguments)
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, arguments in kinds.items():
            taken[name].append(seconds(arguments))
    return {name: statistics.median(found) for name, found in taken.items()}


def main() -> int:
    """Measure, show, and say whether all is within the limits."""
    found = measured()
    base = found["import click"]
    print(f"{'import click':<20} {base * 1000:6.0f} ms")
    for name, limit in LIMITS.items():
        times = found[name] / base
        print(f"{name:<20} {found[name] * 1000:6.0f} ms {times:5.1f} times, at most {limit:.0f}")
    return int(any(found[name] > limit * base for name, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
