"""Faults and variants of the reference: their registry, and that one changes its own instance only.

That each fault is caught, and each variant is not, is proven with the suite itself.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from okd_conformance.reference import FAULTS, VARIANTS, UnknownFaultError, create_app
from okd_conformance.reference.behaviour import documented_behaviour
from okd_conformance.reference.faults.registry import fault, variant
from okd_conformance.reference.world import Behaviour
from okd_conformance.standard.faults import load_faults, load_variants
from support.reference_bench import Bench, bench, part


def steps(behaviour: Behaviour) -> dict[str, Any]:
    """Every step and setting, as it can be compared."""
    return {f.name: getattr(behaviour, f.name) for f in dataclasses.fields(behaviour)}


def test_each_fact_has_its_behaviour_and_the_other_way_round() -> None:
    assert set(FAULTS) == set(load_faults())
    assert set(VARIANTS) == set(load_variants())


def test_every_fault_and_variant_changes_its_own_instance_only() -> None:
    for name, change in [*FAULTS.items(), *VARIANTS.items()]:
        before = copy.deepcopy(steps(documented_behaviour()))
        changed = documented_behaviour()
        change(changed)
        assert steps(documented_behaviour()) == before, name
        assert [k for k, v in steps(changed).items() if v != before[k]], name


def test_two_of_one_name_are_an_error() -> None:
    with pytest.raises(ValueError, match="no-auth-enforced"):
        fault("no-auth-enforced")(lambda _behaviour: None)
    with pytest.raises(ValueError, match="latency"):
        variant("latency")(lambda _behaviour: None)


def test_an_unknown_name_gives_a_hint() -> None:
    with pytest.raises(UnknownFaultError, match="do you mean no-auth-enforced"):
        create_app("okd-1.5", faults=["no-auth-enforcd"], base_url="http://127.0.0.1:1")
    with pytest.raises(UnknownFaultError, match="no variant 'x'"):
        create_app("okd-1.5", variants=["x"], base_url="http://127.0.0.1:1")


def read_when_ready(okd: Bench, document: str) -> Any:
    """The document, which some variants show a moment after it was stored."""
    answers = (okd.read(document) for _ in range(1000))
    answer = next(answer for answer in answers if answer.status_code in {200, 302})
    return answer if answer.status_code == 200 else okd.http.get(answer.headers["location"])


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_still_serves(name: str) -> None:
    with bench(variants=[name]) as okd:
        body = okd.metadata()
        document = okd.stored(body=body, content=b"%PDF-1.4 bytes")
        assert read_when_ready(okd, document).content == b"%PDF-1.4 bytes"
        facts = okd.facts(document)
        assert [error for error in facts.errors() if not error.startswith("None is not")] == []
        assert name == "named-by-its-file" or facts.get("document_name") == body.get("document_name")
        registration = okd.registration("bpv").with_("document_subtype", "pok")
        assert okd.register(registration, "bpv").is_success
        assert okd.read("x").status_code in {400, 422} or name == "ids-are-keys"


def test_faults_add_up_in_one_instance() -> None:
    with bench(faults=["no-auth-enforced", "any-part-name", "one-bit-changed"]) as okd:
        parts = [part("meta", okd.metadata().json(), "application/json"), part("file", b"\x00", None)]
        document = okd.stored(parts=parts, headers={})
        assert okd.read(document, headers={}).content == b"\x01"


FAULTY: dict[str, tuple[str, int]] = {
    "not-uuid-500": ("x", 500),
    "500-on-unknown-id": ("00000000-0000-4000-8000-000000000000", 500),
    "other-method-400": ("00000000-0000-4000-8000-000000000000", 404),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_touches_its_own_case_only(name: str) -> None:
    asked, status = FAULTY[name]
    with bench(faults=[name]) as okd:
        assert okd.read(asked).status_code == status
        assert okd.read(okd.stored()).status_code == 200
