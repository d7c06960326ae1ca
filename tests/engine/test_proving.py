"""A fast, representative part of the proof; the pipeline runs the whole of it with ``faults run``."""

from __future__ import annotations

import pytest

from okd_conformance.proof.proving import names_of, prove_fault
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import load_edition
from okd_conformance.standard.faults import load_faults

EDITION = "okd-1.5"
CATALOGUE = load_catalogue()
FAULTS = load_faults()
PROVED_ELSEWHERE = {
    "OKD-AUT-001": "real handshakes in tests/test_tls.py",
    "OKD-AUT-002": "real handshakes in tests/test_tls.py",
    "OKD-AUT-003": "a plain http server in tests/test_tls.py",
    "OKD-AUT-004": "real certificates in tests/test_tls.py",
}

NOTHING_TO_SEE = {"okd-0.6": ["OKD-MPT-022"]}
"""The metadata of this edition hold no name that the name of a file could replace."""


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


@pytest.mark.parametrize("name", ["okd-0.6", "okd-0.9.1", "okd-1.5"])
def test_every_testable_requirement_has_a_fault(name: str) -> None:
    edition = load_edition(name)
    proved = {row for fault in names_of("faults", name) for row in FAULTS[fault].breaks_in(edition)}
    judged = {r.id for r in CATALOGUE.of(edition) if not r.untestable}
    excused = {*PROVED_ELSEWHERE, *NOTHING_TO_SEE.get(name, ()), *CATALOGUE.pending}
    assert sorted(judged - proved - excused) == []
