"""A fast, representative part of the proof; the pipeline runs the whole of it with ``faults run``."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.proof.proving import names_of, prove_fault
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import Edition, edition_ids, edition_variants, load_edition
from okd_conformance.standard.faults import load_faults, unproven_in

EDITION = "okd-1.5"
CATALOGUE = load_catalogue()
FAULTS = load_faults()
EDITIONS = [variant for name in edition_ids() for variant in edition_variants(load_edition(name))]


def one_per_section() -> list[str]:
    """The first fault of each section of the catalogue, save the slow large messages."""
    found: dict[str, str] = {}
    for name in names_of("faults", EDITION):
        section = CATALOGUE[FAULTS[name].breaks_in(load_edition(EDITION))[0]].section
        if section != "LIM":
            found.setdefault(section, name)
    return sorted(found.values())


@pytest.mark.parametrize("name", one_per_section())
def test_a_fault_is_seen_by_its_own_requirement(name: str) -> None:
    proof = prove_fault(name, EDITION)
    assert proof.holds, proof


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.name)
def test_every_testable_requirement_has_a_fault_or_a_reason(edition: Edition) -> None:
    proved = {row for fault in FAULTS.values() if fault.is_in(edition) for row in fault.breaks_in(edition)}
    judged = {r.id for r in CATALOGUE.of(edition) if not r.untestable and not r.parked}
    excused = unproven_in(edition).keys()
    assert sorted(judged - proved - excused - set(CATALOGUE.pending)) == []
    assert sorted(excused & proved) == [], "no reason is needed for what a fault proves"


def test_an_interrupted_proof_says_how_far_it_came() -> None:
    command = [sys.executable, "-m", "okd_conformance", "faults", "run", "--only", "^(token|any|refused)"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stdout is not None
        first = running.stdout.readline()
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does: the workers get it too
        _, err = running.communicate(timeout=60)
    assert first.startswith("ok   ")
    assert re.fullmatch(r"interrupted: [1-9]\d* of \d+ proved, 0 of those failed\n", err)
    assert running.returncode == ExitCode.INCOMPLETE
