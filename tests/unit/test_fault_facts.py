"""The facts of faults and variants: what each says and breaks, and in which editions it counts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from okd_conformance.base.text import Text
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import Edition, edition_ids, edition_variants, load_edition
from okd_conformance.standard.faults import FaultFacts, VariantFacts, load_faults, load_variants, unproven_in

FAULTS = load_faults()
EDITIONS = [variant for name in edition_ids() for variant in edition_variants(load_edition(name))]
PLAIN = FaultFacts("some-fault", Text.same("x"), ("OKD-FX-001",), ("dms",))


def names(edition: Edition) -> set[str]:
    """How other facts may name the edition."""
    return {edition.id, edition.name}


@pytest.mark.parametrize("facts", [*FAULTS.values(), *load_variants().values()], ids=lambda facts: facts.name)
def test_names_and_sentences_are_whole(facts: FaultFacts | VariantFacts) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", facts.name)
    assert facts.says.nl.endswith(".")
    assert facts.says.en.endswith(".")
    for reason in facts.not_in.values():
        assert reason.nl.endswith(".")
        assert reason.en.endswith(".")
        assert reason.nl != reason.en


def test_every_fault_breaks_requirements_of_its_roles() -> None:
    catalogue = load_catalogue()
    wrong = [
        (name, row)
        for name, facts in FAULTS.items()
        for row in facts.breaks
        if row not in catalogue or not set(facts.roles) & set(catalogue[row].roles)
    ]
    assert wrong == []


def test_every_requirement_that_a_fault_names_is_judged_in_one_of_its_editions() -> None:
    for name, facts in FAULTS.items():
        seen = {row for edition in EDITIONS if facts.is_in(edition) for row in facts.breaks_in(edition)}
        assert seen == set(facts.breaks), name


def test_every_warning_that_a_variant_may_cause_is_a_requirement() -> None:
    catalogue = load_catalogue()
    assert [row for facts in load_variants().values() for row in facts.warns if row not in catalogue] == []


def test_an_exception_names_an_edition_where_the_fault_would_be() -> None:
    known = {edition.name: edition for edition in EDITIONS}
    for facts in FAULTS.values():
        for name in (*facts.only_in, *facts.not_in):
            assert facts.breaks_in(known[name]), (facts.name, name)


def test_a_fault_is_in_each_edition_with_its_requirement_unless_it_says_otherwise() -> None:
    old, new = load_edition("okd-0.6"), load_edition("okd-1.5")
    assert PLAIN.is_in(old)
    assert PLAIN.is_in(new)
    assert not replace(PLAIN, only_in=("okd-0.6",)).is_in(new)
    assert not replace(PLAIN, not_in={"okd-0.6": Text.same("It has no such path.")}).is_in(old)
    assert not replace(PLAIN, breaks=("OKD-S03-001",)).is_in(new)


def test_a_draft_has_the_faults_of_the_edition_that_it_follows() -> None:
    draft = replace(load_edition("okd-1.5"), id="okd-2.0", requirements="okd-1.5")
    assert PLAIN.breaks_in(draft) == ("OKD-FX-001",)
    assert replace(PLAIN, only_in=("okd-1.5",)).is_in(draft)
    assert not replace(PLAIN, not_in={"okd-1.5": Text.same("It has no such path.")}).is_in(draft)


def test_what_a_variant_is_near_exists() -> None:
    catalogue = load_catalogue()
    known = {row.id for row in catalogue} | {row.id.rpartition("-")[0] for row in catalogue}
    assert [name for facts in load_variants().values() for name in facts.near if name not in known] == []


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.name)
def test_each_row_that_can_fail_has_a_legitimate_difference_near_it(edition: Edition) -> None:
    """A row that real software proves, because the reference can't, has its reason as data."""
    variants = [facts for facts in load_variants().values() if facts.is_in(edition)]
    found = {name for facts in variants for name in (*facts.near, *facts.warns)}
    alone = [
        row.id
        for row in load_catalogue()
        if row.holds_in(edition)
        and row.in_edition(edition).can_fail
        and row.untestable is None
        and not {row.id, row.id.rpartition("-")[0]} & found
        and row.id not in unproven_in(edition)
    ]
    assert alone == []
