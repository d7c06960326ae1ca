"""What is generated in a checkout is as it should be, and only what changed is made anew."""

from __future__ import annotations

from okd_conformance.cli.generate import stale
from okd_conformance.proof.proving import Proof, names_of
from okd_conformance.proof.table import as_markdown, is_current, renewed
from okd_conformance.standard.edition import load_edition
from okd_conformance.standard.faults import load_faults

EDITION = "okd-1.5"


def test_every_generated_file_is_up_to_date() -> None:
    assert stale() == [], "write them anew: python -m okd_conformance.cli.generate"


def proved(name: str, edition: str, status: str = "failed") -> Proof:
    breaks = load_faults()[name].breaks_in(load_edition(edition))
    return Proof(name, breaks, dict.fromkeys(breaks, status), holds=True)


def test_only_what_the_table_of_faults_lacks_is_proved_anew() -> None:
    names = names_of("faults", EDITION)
    page = as_markdown([proved(name, EDITION) for name in names], EDITION)
    assert is_current(page, EDITION)
    lines = page.splitlines(keepends=True)
    lines[-1] = lines[-1].replace(": failed", ": not seen")  # the last one is overlooked
    lines[-2] = lines[-2].replace("| `", "| `another-", 1)  # the one before has another name
    damaged = "".join(lines)
    assert not is_current(damaged, EDITION)
    asked: list[str] = []

    def prove_one(name: str, edition: str) -> Proof:
        asked.append(name)
        return proved(name, edition)

    assert renewed(damaged, EDITION, prove_one) == page
    assert asked == names[-2:]


def test_a_fault_that_its_check_does_not_see_leaves_the_table_out_of_date() -> None:
    first, *others = names_of("faults", EDITION)
    overlooked = Proof(first, proved(first, EDITION).requirements, reason="not seen by its check")
    page = as_markdown([overlooked, *(proved(name, EDITION) for name in others)], EDITION)
    assert not is_current(page, EDITION)
