"""What the suite demands of a multipart reader, widely used readers can do."""

from __future__ import annotations

import pytest

from support.receiver_panel import EXCEPTIONS, messages_of, who_differs


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Per case the receivers that differ."""
    return who_differs(messages_of(tmp_path_factory.mktemp("receivers")))


def test_at_most_one_receiver_differs(found: dict[str, set[str]]) -> None:
    """Two or more that do are an error of the suite, unless the list of exceptions says why not."""
    assert len(found) > 20
    assert {c: names for c, names in found.items() if len(names) > 1 and c not in EXCEPTIONS} == {}


def test_no_exception_is_out_of_date(found: dict[str, set[str]]) -> None:
    """An exception that no two receivers need any more goes."""
    assert {case for case in EXCEPTIONS if len(found.get(case, ())) < 2} == set()
