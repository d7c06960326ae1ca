"""From checks to cases: where a requirement is judged, what the cases are called, which ones are chosen."""

from __future__ import annotations

from typing import Any

import pytest

from okd_conformance.base.text import Text
from okd_conformance.checks.marking import cells, check, checks_of
from okd_conformance.checks.planning import Claims, Planned, Selection, is_named, planned
from okd_conformance.standard.catalogue import Applies, Catalogue, Requirement, UnknownRequirementError
from okd_conformance.standard.edition import Edition, load_edition
from okd_conformance.suite import Case
from support.benches import EDITION
from support.report_sample import requirement

ID = "OKD-TST-001"
MODULES = ("inschrijven", "examineren", "bpv", "diplomeren")


@pytest.fixture
def edition() -> Edition:
    return load_edition(EDITION)


def claims(edition: Edition, **flows: list[str]) -> Claims:
    """Claims of these roles with these flows; without any: all roles with all flows."""
    everything = {role: edition.flows_of(role) for role in edition.roles}
    return Claims(edition, {role: frozenset(served) for role, served in (flows or everything).items()})


def row(per: Any, kinds: tuple[str, ...] = (), flows: tuple[str, ...] = (), **more: Any) -> Requirement:
    return requirement(
        ID, **{"applies": Applies(per, kinds, more.pop("operations", ()), flows), "roles": ("dms",), **more}
    )


def plans(row: Requirement, where: Claims, **parameters: Any) -> list[Planned]:
    @check(row.id, **parameters)
    def judge(case: Case) -> None:
        """Never called."""

    return planned(judge, Catalogue([row], {}), where)


def ids(row: Requirement, where: Claims, **parameters: Any) -> list[str]:
    return [plan.spec.id for plan in plans(row, where, **parameters)]


# --- where ------------------------------------------------------------------------------------------------


def test_once_per_operation(edition: Edition) -> None:
    assert ids(row("operation", ("upload",)), claims(edition)) == [
        f"{ID}[dms,upload_to_association]",
        f"{ID}[dms,upload_to_offering]",
        f"{ID}[dms,upload_to_person]",
    ]


def test_once_per_binding(edition: Edition) -> None:
    assert ids(row("binding", ("upload",)), claims(edition)) == [
        f"{ID}[dms,upload_to_association,flow=1]",
        f"{ID}[dms,upload_to_association,flow=2]",
        f"{ID}[dms,upload_to_association,flow=3]",
        f"{ID}[dms,upload_to_association,flow=4]",
        f"{ID}[dms,upload_to_offering,flow=2]",
        f"{ID}[dms,upload_to_person,flow=1]",
    ]


def test_bindings_of_one_flow_differ_by_their_document_type(edition: Edition) -> None:
    found = ids(row("binding", ("read",)), claims(edition))
    assert found[0] == f"{ID}[dms,read_document,flow=x,type=enrollment]"
    assert len(found) == len(set(found)) == 5


def test_once_per_role(edition: Edition) -> None:
    found = ids(row("role", roles=("dms", *MODULES)), claims(edition))
    assert found == [f"{ID}[{role}]" for role in ("dms", *MODULES)]


def test_a_row_for_one_flow_is_judged_as_that_flow_uses_the_operation(edition: Edition) -> None:
    (plan,) = plans(row("operation", ("upload",), ("3",)), claims(edition))
    assert plan.spec.id == f"{ID}[dms,upload_to_association,flow=3]"
    assert plan.spec.binding is not None
    assert plan.spec.binding.document_type == "bpv"


def test_only_claimed_roles(edition: Edition) -> None:
    asked = row("role", roles=("dms", *MODULES))
    assert ids(asked, claims(edition, bpv=edition.flows_of("bpv"))) == [f"{ID}[bpv]"]


def test_only_claimed_flows(edition: Edition) -> None:
    asked = row("binding", ("upload", "read"))
    assert ids(asked, claims(edition, dms=["3"])) == [f"{ID}[dms,upload_to_association,flow=3]"]


def test_an_operation_of_which_no_flow_is_claimed_is_not_judged(edition: Edition) -> None:
    asked = row("operation", ("upload", "read"))
    assert ids(asked, claims(edition, dms=["1"])) == [
        f"{ID}[dms,upload_to_association]",
        f"{ID}[dms,upload_to_person]",
    ]


def test_a_role_of_which_no_flow_is_claimed_is_not_judged(edition: Edition) -> None:
    assert ids(row("role"), claims(edition, dms=[])) == []
    assert ids(row("role", flows=("5",)), claims(edition, dms=["1"])) == []


def test_other_editions_and_parked_rows_have_no_cases(edition: Edition) -> None:
    assert ids(row("role", editions=("okd-0.3",)), claims(edition)) == []
    assert ids(row("role", parked=Text.same("no")), claims(edition)) == []


def test_a_check_of_an_unknown_requirement_is_an_error(edition: Edition) -> None:
    @check("OKD-NOT-001")
    def judge(case: Case) -> None:
        """Never called."""

    with pytest.raises(UnknownRequirementError):
        planned(judge, Catalogue([], {}), claims(edition))


# --- parameters -------------------------------------------------------------------------------------------


def test_every_combination_of_parameters_is_a_case(edition: Edition) -> None:
    asked = row("role")

    @check(asked.id, size=[1, 70], kind={"a": b"A", "b": b"B"})
    def judge(case: Case, size: int, kind: bytes) -> None:
        """Never called."""

    found = planned(judge, Catalogue([asked], {}), claims(edition))
    assert {plan.spec.id: plan.values for plan in found} == {
        f"{ID}[dms,size=1,kind=a]": {"size": 1, "kind": b"A"},
        f"{ID}[dms,size=1,kind=b]": {"size": 1, "kind": b"B"},
        f"{ID}[dms,size=70,kind=a]": {"size": 70, "kind": b"A"},
        f"{ID}[dms,size=70,kind=b]": {"size": 70, "kind": b"B"},
    }


def test_a_parameter_that_the_function_does_not_take_only_names_the_case(edition: Edition) -> None:
    (found,) = plans(row("role"), claims(edition), document=["unknown"])
    assert (found.spec.id, found.values) == (f"{ID}[dms,document=unknown]", {})


def test_parameters_may_depend_on_the_binding(edition: Edition) -> None:
    asked = row("binding", ("change",))
    (binding,) = edition.operation("dms", "change_association").bindings
    assert binding.scopes is not None
    found = ids(asked, claims(edition), scope=cells("refused"))
    assert found == [f"{ID}[dms,change_association,flow=5,scope={scope}]" for scope in binding.scopes.refused]
    assert found


def test_without_values_there_is_no_case(edition: Edition) -> None:
    assert ids(row("role"), claims(edition), scope=[]) == []
    assert ids(row("operation", ("service",)), claims(edition), scope=cells("sufficient")) == []


def test_a_function_may_check_several_requirements(edition: Edition) -> None:
    @check("OKD-TST-001")
    @check("OKD-TST-002", profile="full", size=[1])
    def judge(case: Case) -> None:
        """Never called."""

    rows = [row("role"), requirement("OKD-TST-002", applies=Applies("role", (), (), ()))]
    found = planned(judge, Catalogue(rows, {}), claims(edition))
    assert [plan.spec.id for plan in found] == ["OKD-TST-001[dms]", "OKD-TST-002[dms,size=1]"]
    assert [spec.profile for spec in checks_of(judge)] == ["standard", "full"]


# --- choosing ---------------------------------------------------------------------------------------------


def chosen(edition: Edition, **options: Any) -> set[str]:
    """What is left of all uploads and reads, by role."""
    selection = Selection(**{k: v if isinstance(v, str) else frozenset(v) for k, v in options.items()})
    asked = row("binding", ("upload", "register"), roles=("dms", *MODULES))
    return {plan.spec.id for plan in plans(asked, claims(edition)) if selection.takes(plan.spec)}


def test_without_options_everything_is_chosen(edition: Edition) -> None:
    assert len(chosen(edition)) == 10
    assert Selection().everything
    assert not Selection(flows=frozenset({"1"})).everything


def test_by_role_and_flow(edition: Edition) -> None:
    assert chosen(edition, roles={"bpv"}) == {f"{ID}[bpv,register_document,flow=13]"}
    assert chosen(edition, flows={"2"}) == {
        f"{ID}[dms,upload_to_association,flow=2]",
        f"{ID}[dms,upload_to_offering,flow=2]",
    }
    assert len(chosen(edition, flows={"2", "13"})) == 3
    assert chosen(edition, roles={"bpv"}, flows={"2"}) == set()


def test_by_requirement_section_and_case(edition: Edition) -> None:
    assert chosen(edition, requirements={ID}) == chosen(edition, requirements={"OKD-TST"}) == chosen(edition)
    assert chosen(edition, requirements={"OKD-TST-00"}) == set()
    one = f"{ID}[dms,upload_to_association,flow=2]"
    assert chosen(edition, cases={one}) == {one}


@pytest.mark.parametrize(
    ("wanted", "named"),
    [("OKD-MPT-001", True), ("OKD-MPT", True), ("OKD", True), ("OKD-MP", False), ("OKD-MPT-0", False)],
)
def test_a_section_is_named_whole(wanted: str, named: bool) -> None:
    assert is_named(wanted, "OKD-MPT-001") is named


def test_an_operation_belongs_to_each_of_its_flows(edition: Edition) -> None:
    asked = row("operation", ("upload",))
    selection = Selection(flows=frozenset({"4"}))
    found = [plan.spec.id for plan in plans(asked, claims(edition)) if selection.takes(plan.spec)]
    assert found == [f"{ID}[dms,upload_to_association]"]


@pytest.mark.parametrize(
    ("profile", "taken"),
    [
        ("smoke", {"smoke"}),
        ("standard", {"smoke", "standard"}),
        ("full", {"smoke", "standard", "full"}),
    ],
)
def test_a_profile_holds_the_smaller_ones(edition: Edition, profile: str, taken: set[str]) -> None:
    def plan(name: Any) -> Planned:
        return plans(row("role"), claims(edition), profile=name)[0]

    of_all = {name: plan(name).check for name in ("smoke", "standard", "full")}
    assert {name for name, spec in of_all.items() if Selection(profile=profile).profile_takes(spec)} == taken
    by_id = Selection(profile=profile, cases=frozenset({f"{ID}[dms]"}))
    assert all(by_id.profile_takes(spec) for spec in of_all.values())
