"""The walk over schemas: all that one leads to, each once, also where schemas refer in circles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from okd_conformance.spec_tools.drift import required
from okd_conformance.standard.composed import property_names, required_names
from okd_conformance.standard.document import Spec, Spot
from okd_conformance.standard.fields import allowed_values, described, field_names
from okd_conformance.standard.schemas import inner

TREE: dict[str, Any] = {
    "components": {
        "schemas": {
            "Tree": {
                "properties": {
                    "left": {"$ref": "#/components/schemas/Tree"},
                    "right": {"$ref": "#/components/schemas/Tree"},
                    "kind": {"enum": ["oak", "elm"], "x-okd-meaning": "kind"},
                },
                "oneOf": [{"properties": {"sort": {"const": "elm", "x-okd-meaning": "kind"}}}],
            }
        }
    },
    "$ref": "#/components/schemas/Tree",
}


def test_every_name_by_which_a_schema_is_reached_is_told_once() -> None:
    assert [name for name, _ in described(TREE)] == [None, "left", "right", "kind", None, "sort"]


def test_names_and_values_of_a_meaning() -> None:
    assert field_names(TREE, "kind") == ["kind", "sort"]
    assert allowed_values(TREE, "kind") == ["oak", "elm"]


def test_what_is_no_list_or_mapping_holds_nothing() -> None:
    broken = {"properties": ["a"], "allOf": {"a": {}}, "items": "text", "not": {"type": "null"}}
    assert list(inner(broken)) == [(("not",), {"type": "null"})]


PATHS = "openapi: 3.0.3\npaths: {}\nx-schema:\n  {$ref: node.yaml}\n"


def spec_with(folder: Path, node: str) -> tuple[Spec, Spot]:
    (folder / "spec.yaml").write_text(PATHS, encoding="utf-8")
    (folder / "node.yaml").write_text(node, encoding="utf-8")
    spec = Spec(folder / "spec.yaml")
    return spec, spec.root.at("x-schema")


@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
def test_a_schema_that_is_a_part_of_itself(tmp_path: Path, word: str) -> None:
    node = f"required: [a]\nproperties: {{a: {{}}}}\n{word}: [{{$ref: node.yaml}}, {{required: [a]}}]\n"
    spec, schema = spec_with(tmp_path, node)
    assert list(property_names(spec, schema)) == ["a"]
    assert required_names(spec, schema) == {"a"}


def test_a_body_that_must_hold_itself(tmp_path: Path) -> None:
    node = "required: [child]\nproperties: {child: {$ref: node.yaml}}\n"
    spec, schema = spec_with(tmp_path, node)
    assert required(spec, schema) == {"child", "child.child"}
