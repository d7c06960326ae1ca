"""The bench around changes of an enrolment: harmless by default, in the form that is taken, and undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx

from okd_conformance.judge.sample import Sample
from support.benches import DOCUMENT, Stage, problem, stage

Served = Callable[[httpx.Request], httpx.Response]


def dms(refused: str = "-") -> Served:
    """A DMS that takes uploads, and changes in every form but one."""

    def serves(request: httpx.Request) -> httpx.Response:
        if request.method != "PATCH":
            return httpx.Response(200, json={"dmsDocumentId": DOCUMENT})
        return problem(415) if request.headers["content-type"] == refused else httpx.Response(204)

    return serves


def changes(made: Stage) -> list[httpx.Request]:
    return [request for request in made.heard if request.method == "PATCH"]


def states(made: Stage) -> list[str]:
    return [json.loads(request.content)["state"] for request in changes(made)]


def change(made: Stage) -> Sample:
    operation, binding = made.bench.arrangements.binding_for("dms", "change", None)
    return made.bench.arrangements.ready(operation, binding, "a case")


def send(made: Stage, sample: Sample) -> None:
    made.bench.sending.send(sample.request(), "a case", "dms", sample.operation)


def test_the_usual_change_ends_nothing(tmp_path: Path) -> None:
    made = stage(tmp_path, dms())
    sample = change(made)
    assert sample.body is not None
    assert sample.body.get("state") == made.bench.samples.standing_state("dms")
    assert sample.body.errors() == []


def test_a_change_is_sent_in_the_form_that_the_target_takes(tmp_path: Path) -> None:
    first = next(iter(change(stage(tmp_path, dms())).operation.request))
    made = stage(tmp_path, dms(refused=first))
    send(made, change(made))
    assert changes(made)[-1].headers["content-type"] not in {first, ""}


def test_an_ended_enrolment_is_put_back(tmp_path: Path) -> None:
    made = stage(tmp_path, dms())
    send(made, change(made).with_field("state", "finished"))
    made.bench.clean_up()
    assert states(made)[-2:] == ["finished", made.bench.samples.standing_state("dms")]


def test_nothing_is_put_back_that_was_not_changed(tmp_path: Path) -> None:
    made = stage(tmp_path, dms())
    send(made, change(made))
    before = len(changes(made))
    made.bench.clean_up()
    assert len(changes(made)) == before


def test_own_fixtures_go_before_those_of_the_target(tmp_path: Path) -> None:
    made = stage(tmp_path, dms(), change=lambda target: target["fixtures"].clear())
    operation, binding = made.bench.arrangements.upload_binding("dms", None)
    invented = {"association_id": DOCUMENT, "person_id": DOCUMENT, "student_number": "99"}
    sample = made.bench.samples.sample(operation, binding, "a case", fixtures=invented)
    assert sample.path_values == {"association_id": DOCUMENT}
    assert sample.body is not None
    assert sample.body.get("student_number") == "99"
