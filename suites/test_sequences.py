"""Sequences: requests one after another, in an order that Hypothesis chooses and shrinks."""

from __future__ import annotations

from okd_conformance.judge.sequences import documents_of, registrations_of, run_machine
from okd_conformance.suite import Case, check

SEQUENCES = {"smoke": 1, "standard": 2, "full": 40}


@check("OKD-FX-001", sequence=["upload-read-replace-delete"])
def test_documents_through_their_life(case: Case, sequence: str) -> None:
    """What is read is what was stored last, whatever happened to the other documents."""
    assert sequence
    case.bench.accepted(case.operation, case.binding)
    run_machine(documents_of(case), SEQUENCES[case.bench.profile], case.bench.seed)


@check("OKD-F06-001", sequence=["register-notify"])
def test_registrations_through_their_life(case: Case, sequence: str) -> None:
    """Each registered document can be notified of, whatever happened to the others."""
    assert sequence
    case.bench.accepted(case.operation, case.binding)
    run_machine(registrations_of(case), SEQUENCES[case.bench.profile], case.bench.seed)
