"""The public ids of cases: written and read in one place."""

from __future__ import annotations

from okd_conformance.judge.case_id import (
    case_id,
    in_test_name,
    is_case_id,
    is_observed,
    observed_id,
    requirement_of,
    role_of,
    values_of,
)

CASE = "OKD-MPT-017[dms,upload_to_association,flow=1,label=a=b]"


def test_an_id_is_written_and_read() -> None:
    assert case_id("OKD-MPT-017", "dms", "upload_to_association", "flow=1", "label=a=b") == CASE
    assert (requirement_of(CASE), role_of(CASE)) == ("OKD-MPT-017", "dms")
    assert values_of(CASE) == {"flow": "1", "label": "a=b"}
    assert is_case_id(CASE)
    assert not is_observed(CASE)


def test_a_row_without_cases_has_an_id_too() -> None:
    assert case_id("OKD-MPT-017", "dms") == "OKD-MPT-017[dms]"
    assert role_of("OKD-MPT-017[dms]") == "dms"


def test_the_id_of_a_requirement_alone_is_no_case() -> None:
    assert not is_case_id("OKD-MPT-017")
    assert requirement_of("OKD-MPT-017") == "OKD-MPT-017"
    assert (role_of("OKD-MPT-017"), values_of("OKD-MPT-017")) == ("", {})


def test_what_an_observer_found_is_told_by_its_id() -> None:
    assert is_observed(observed_id("OKD-SRV-001", "dms", "upload"))
    assert not is_observed("OKD-SRV-001[dms,upload,label=observed]")


def test_pytest_shows_it_behind_the_name_of_the_check() -> None:
    assert in_test_name(f"suites/test_mpt.py::test_boundary[{CASE}]") == CASE
