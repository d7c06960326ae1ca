"""What a run left can be deleted later, from its ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from okd_conformance.cli import main
from okd_conformance.proving import run_cases
from okd_conformance.reference import running_server
from okd_conformance.run import Options, open_run

CASE = "OKD-MPT-001[dms,upload_to_association]"


def test_cleanup_finishes_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server() as running:
        target = tmp_path / "target.yaml"
        target.write_text(running.target, "utf-8")
        run = open_run(Options(target=str(target), run_id="first", cases=(CASE,)))
        left: list[dict[str, object]] = []
        with monkeypatch.context() as patched:
            patched.setattr(type(run.bench), "clean_up", lambda _: [])
            run_cases(run, run.options.selection())
            left = [created.as_json() for created in run.bench.ledger.open()]
        assert len(left) == 1
        ledger = tmp_path / "ledger.json"
        ledger.write_text(json.dumps({"run": "first", "edition": "okd-1.5", "created": left}), "utf-8")

        done = CliRunner().invoke(main, ["cleanup", str(ledger), str(target), "--lang", "en"])
        assert done.output == "1 cleaned up, 0 left.\n"
        assert done.exit_code == 0
        assert not ledger.exists()
        operation, binding = run.bench.binding_for("dms", "read", None)
        path = {"dms_document_id": str(left[0]["document_id"])}
        sample = run.bench.sample(operation, binding, "after", path_values=path)
        assert run.bench.send(sample.request(), "after", "dms", operation).status == 404
        run.close()


def test_something_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    ledger.write_text('{"created": [{"what": 1}]}', "utf-8")
    done = CliRunner().invoke(main, ["cleanup", str(ledger), "target.yaml"])
    assert done.exit_code == 2
    assert "is not a ledger" in done.output
