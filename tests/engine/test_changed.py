"""What ``faults run --only-changed`` proves: no less than what the changed files touch."""

from __future__ import annotations

import pytest

from okd_conformance.base.paths import data_folder
from okd_conformance.proof import changed
from okd_conformance.proof.changed import NoHistoryError, Touched, touched_since
from okd_conformance.proof.proving import names_of

EDITION = "okd-1.5"


def since(monkeypatch: pytest.MonkeyPatch, old: str, *files: str) -> Touched:
    """What is touched when git names these files, each of which held ``old``."""
    answers = {"diff": "".join(f"{file}\n" for file in files), "ls-files": "", "show": old}
    monkeypatch.setattr(changed, "_git", lambda command, *_, **__: answers[command])
    return touched_since("base")


def proved(touched: Touched, kind: str = "faults") -> set[str]:
    return {name for name in names_of(kind, EDITION) if touched.has(name, kind == "variants")}


def test_a_changed_row_touches_its_faults_and_the_variants_near_it(monkeypatch: pytest.MonkeyPatch) -> None:
    file = "specs/catalogue/AUT.yaml"
    now = (data_folder("specs") / "catalogue" / "AUT.yaml").read_text(encoding="utf-8")
    touched = since(monkeypatch, now.replace("- id: OKD-AUT-005\n", "- id: OKD-AUT-005\n  old: true\n"), file)
    assert touched.requirements == {"OKD-AUT-005"}
    assert "token-type-missing" in proved(touched)
    assert "small-limit" not in proved(touched)
    assert proved(touched, "variants") < set(names_of("variants", EDITION))


def test_a_changed_fact_or_behaviour_touches_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    now = (data_folder("specs") / "variants.yaml").read_text(encoding="utf-8")
    touched = since(
        monkeypatch, now.replace("name: gone-410\n", "name: gone-410\n  old: true\n"), "specs/variants.yaml"
    )
    assert proved(touched, "variants") == {"gone-410"}
    touched = since(monkeypatch, "", "src/okd_conformance/reference/faults/aut.py")
    assert "token-type-missing" in proved(touched)
    assert "small-limit" not in proved(touched)


def test_changed_checks_touch_the_faults_of_their_requirements(monkeypatch: pytest.MonkeyPatch) -> None:
    touched = since(monkeypatch, "", "suites/test_lim.py")
    assert "small-limit" in proved(touched)
    assert "token-type-missing" not in proved(touched)


@pytest.mark.parametrize(
    "file", ["src/okd_conformance/judge/bench.py", "suites/steps.py", "specs/readings.yaml"]
)
def test_what_many_share_touches_all(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    touched = since(monkeypatch, "", file)
    assert touched.everywhere == [file]
    assert proved(touched) == set(names_of("faults", EDITION))


def test_what_no_proof_reads_touches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proved(since(monkeypatch, "", "README.md", "docs/build.py", "tests/unit/test_house.py")) == set()


def test_an_unknown_commit_is_told() -> None:
    with pytest.raises(NoHistoryError):
        touched_since("no-such-commit")
