"""What the suite demands of a multipart receiver, widely used receivers can do."""

from __future__ import annotations

import os

import pytest

from support.receiver_panel import EXCEPTIONS, PAGE, Table, judged, messages_of, page, who_fails
from support.receivers import RECEIVERS, at_hand

MUST_BE_THERE = os.environ.get("OKD_RECEIVERS_REQUIRED", "").split()
"""Those that the pipeline could install."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return judged(messages_of(tmp_path_factory.mktemp("receivers")), at_hand())


@pytest.mark.parametrize("name", RECEIVERS)
def test_a_receiver_takes_part(name: str) -> None:
    reason = RECEIVERS[name].absent()
    if reason is not None and name not in MUST_BE_THERE:
        pytest.skip(reason)
    assert reason is None


def test_at_most_one_receiver_fails(table: Table) -> None:
    """Two or more that do are an error of the suite, unless the list of exceptions says why not."""
    assert len(table) > 20
    accused = {case: names for case, names in who_fails(table).items() if len(names) > 1}
    assert {case: names for case, names in accused.items() if case not in EXCEPTIONS} == {}


def test_no_exception_is_out_of_date(table: Table) -> None:
    """An exception that no two receivers need any more goes."""
    _all_are_there()
    assert {case for case in EXCEPTIONS if len(who_fails(table).get(case, ())) < 2} == set()


def test_the_published_table_is_this_one(table: Table) -> None:
    _all_are_there()
    assert PAGE.read_text("utf-8") == page(table), "write it anew: python -m support.receiver_panel, in tests"


def _all_are_there() -> None:
    missing = set(RECEIVERS) - set(at_hand())
    if missing:
        pytest.skip(f"only a whole panel can tell; missing are {', '.join(sorted(missing))}")
