"""Fields by their meaning, where a body holds many."""

from __future__ import annotations

from okd_conformance.standard.fields import Body

NESTED = {
    "type": "object",
    "properties": {
        "list": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"a": {"type": "string", "x-okd-meaning": "name"}},
                "oneOf": [{"x-okd-meaning": "item"}],
            },
        }
    },
}


def test_more_than_ten_items_of_a_list_can_be_removed() -> None:
    body = Body(NESTED, {"list": [{"a": str(n)} for n in range(12)]})
    assert body.without("item").value == {"list": []}
    assert body.without("name").value == {"list": [{}] * 12}
    assert body.without("name", "item").value == {"list": []}
