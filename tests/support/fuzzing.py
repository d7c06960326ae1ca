"""Values that nobody would write: for the tests that feed parsers what strangers may send."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

PATIENCE = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
"""The same examples each time, without a limit of time for each."""

ODD_TEXTS = st.sampled_from(
    ["", " ", "\x00", "\x1b[31m", "<script>", "${HOME", "..", "/", "#", "#/", "a" * 500, "\u202e", "\ufeff"]
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 10**17, 1.5, -0.0, 404]),
    ODD_TEXTS,
    st.text(max_size=12),
)


def _within(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = ODD_TEXTS | st.text(max_size=6)
    return st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)


values = st.recursive(ODD, _within, max_leaves=8)
"""Any JSON value."""


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value: what holds it, and its key or index."""
    found, waiting = [], [value]
    while waiting:
        holder = waiting.pop()
        members = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, inner in members:
            found.append((holder, key))
            if isinstance(inner, dict | list):
                waiting.append(inner)
    return found


@st.composite
def mutations(draw: st.DrawFn, valid: Any, most: int = 2) -> Any:
    """A valid value with a few places replaced, removed, renamed, or swapped with another place."""
    value = copy.deepcopy(valid)
    for _ in range(draw(st.integers(1, most))):
        there = places(value)
        if not there:
            return value
        holder, key = draw(st.sampled_from(there))
        match draw(st.sampled_from(["replace", "replace", "remove", "rename", "swap", "wrap"])):
            case "replace":
                holder[key] = draw(values)
            case "remove":
                del holder[key]
            case "rename" if isinstance(holder, dict):
                holder[draw(ODD_TEXTS)] = holder.pop(key)
            case "swap":
                other, name = draw(st.sampled_from(there))
                holder[key] = copy.deepcopy(other[name])
            case _:
                holder[key] = [holder[key]]
    return value
