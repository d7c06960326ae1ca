"""A document that somebody locked by hand serves where no hook can lock one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from okd_conformance.judge.outcome import Status
from okd_conformance.proof.proving import rows, run_cases
from okd_conformance.run.options import Options
from okd_conformance.run.run import open_run
from support.reference_bench import bench

REPLACED = "OKD-FY-006"


@pytest.mark.parametrize(("faults", "status"), [((), Status.PASSED), (("lock-ignored",), Status.FAILED)])
def test_a_locked_document_of_the_target_file(
    tmp_path: Path, faults: tuple[str, ...], status: Status
) -> None:
    with bench(faults=faults) as reference:
        document = reference.stored()
        reference.hook("lock", role="dms", document_id=document, locked=True)
        target = {**reference.target, "hooks": {}}
        target["fixtures"]["locked_document"] = document
        file = tmp_path / "target.yaml"
        file.write_text(yaml.safe_dump(target), "utf-8")
        run = open_run(Options(target=str(file), run_id="locked", requirements=(REPLACED,)))
        try:
            found = rows(run_cases(run, run.selection))
        finally:
            run.close()
    assert found[REPLACED, "dms"].status == status
