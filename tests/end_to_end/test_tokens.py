"""Who is to blame for a token: the target, its issuer, or the suite that signed it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from okd_conformance.judge.outcome import Status
from okd_conformance.proof.proving import rows, run_cases
from okd_conformance.reference import running_server
from okd_conformance.reference.answers import Refused
from okd_conformance.reference.school import KnownClient
from okd_conformance.reference.world import World
from okd_conformance.run.options import Options
from okd_conformance.run.run import open_run

ON_TOKENS = [f"OKD-AUT-{n:03}" for n in (8, 9, 11, 12, 13, 14, 15)]


def statuses(
    tmp_path: Path,
    requirements: Iterable[str] = ON_TOKENS,
    change: Callable[[World], None] = lambda _: None,
    auth: Mapping[str, Any] | None = None,
    issuer_host: str = "127.0.0.1",
    **given: Any,
) -> dict[str, Status]:
    """What a run says of each requirement at the DMS, of a reference that was changed."""
    with running_server(**given) as running:
        change(running.app.state.world)
        target = yaml.safe_load(running.target)
        token_url = target["auth"]["token_url"].replace("127.0.0.1", issuer_host)
        target["auth"].update({"token_url": token_url, **(auth or {})})
        file = tmp_path / "target.yaml"
        file.write_text(yaml.safe_dump(target), encoding="utf-8")
        run = open_run(Options(target=str(file), requirements=tuple(requirements), roles=("dms",)))
        try:
            seen = rows(run_cases(run, run.selection))
        finally:
            run.close()
    return {requirement: found.status for (requirement, _), found in seen.items()}


def far_behind(world: World) -> None:
    world.behaviour.clock = world.issuer.clock = lambda: time.time() - 900


def opaque(world: World) -> None:
    """Let the issuer give words that mean nothing, and the target take no others."""
    known: dict[str, Any] = {}
    sign, claims_of = world.issuer.issue, world.issuer.claims_of

    def issue(client: KnownClient, scopes: tuple[str, ...]) -> str:
        word = secrets.token_urlsafe(32)
        known[word] = claims_of(sign(client, scopes))
        return word

    def signed_claims(_world: World, token: str) -> Any:
        if token not in known:
            raise Refused("bad_token")
        return known[token]

    world.issuer.issue = issue  # type: ignore[method-assign]
    world.behaviour.signed_claims = signed_claims


def dropping(*scopes: str) -> Callable[[World], None]:
    """Let the issuer leave scopes out without a word, as some do with what a client may not have."""

    def change(world: World) -> None:
        sign = world.issuer.issue
        world.issuer.issue = lambda client, asked: sign(  # type: ignore[method-assign]
            client, tuple(scope for scope in asked if scope not in scopes)
        )

    return change


@pytest.mark.parametrize("change", [far_behind, opaque])
def test_a_target_that_takes_no_token_of_the_suite_is_not_accused(
    tmp_path: Path, change: Callable[[World], None]
) -> None:
    seen = statuses(tmp_path, change=change)
    assert Status.FAILED not in seen.values()
    assert {r for r, status in seen.items() if status == Status.INCONCLUSIVE} >= {
        "OKD-AUT-014",
        "OKD-AUT-015",
    }


def test_a_scope_that_the_issuer_leaves_out_is_not_the_fault_of_the_target(tmp_path: Path) -> None:
    seen = statuses(tmp_path, change=dropping("okd:bpvdocuments", "okd:graduationdocuments"))
    assert Status.FAILED not in seen.values()
    assert seen["OKD-AUT-011"] == seen["OKD-AUT-012"] == Status.INCONCLUSIVE


def test_an_issuer_with_words_of_its_own_for_scopes_is_believed_no_less(tmp_path: Path) -> None:
    """Its tokens lack every scope of the standard by their own words, and the target takes them."""

    def change(world: World) -> None:
        inner = world.behaviour.token_answer
        meant: dict[str, str] = {}
        sign, claims_of = world.issuer.issue, world.issuer.claims_of

        def issue(client: KnownClient, scopes: tuple[str, ...]) -> str:
            token = sign(client, tuple(f"role-{scope.partition(':')[2]}" for scope in scopes))
            meant[token] = " ".join(scopes)
            return token

        world.behaviour.token_answer = lambda granted: {**inner(granted), "scope": "roles"}
        world.issuer.issue = issue  # type: ignore[method-assign]
        world.behaviour.signed_claims = lambda _world, token: {
            **claims_of(token),
            "scope": meant.get(token, ""),
        }

    seen = statuses(tmp_path, ["OKD-AUT-011", "OKD-AUT-012"], change)
    assert set(seen.values()) == {Status.PASSED}


@pytest.mark.parametrize("order", [list, sorted, lambda scopes: sorted(scopes, reverse=True)])
def test_several_scopes_in_the_order_of_the_issuer(
    tmp_path: Path, order: Callable[[Iterable[str]], list[str]]
) -> None:
    def change(world: World) -> None:
        sign = world.issuer.issue
        world.issuer.issue = lambda client, asked: sign(client, tuple(order(asked)))  # type: ignore[method-assign]

    without_key = {"signing_key": None}
    one = ["OKD-AUT-014"]
    assert statuses(tmp_path, one, change, without_key)["OKD-AUT-014"] == Status.PASSED
    seen = statuses(tmp_path, one, change, without_key, faults=["only-first-scope-read"])
    assert seen["OKD-AUT-014"] == Status.FAILED


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", Status.FAILED), ("localhost", Status.WARNING)])
def test_an_issuer_elsewhere_is_not_the_targets_own(tmp_path: Path, host: str, status: Status) -> None:
    seen = statuses(tmp_path, ["OKD-AUT-018"], issuer_host=host, faults=["any-secret-accepted"])
    assert seen["OKD-AUT-018"] == status


@pytest.mark.parametrize("variant", ["client-refused-400", "scope-left-out"])
def test_an_issuer_may_refuse_as_it_likes(tmp_path: Path, variant: str) -> None:
    seen = statuses(tmp_path, ["OKD-AUT-018", "OKD-AUT-019"], variants=[variant])
    assert set(seen.values()) == {Status.PASSED}
