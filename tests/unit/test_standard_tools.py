"""The commands of the standards group from outside, and the parts that the published texts don't reach."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from okd_conformance.cli.main import main
from okd_conformance.spec_tools.findings import rules
from okd_conformance.spec_tools.jsonish import read_block
from okd_conformance.spec_tools.lint import lint
from okd_conformance.standard.source import PublishedFile, SourceError
from support.report_sample import report

HEAD = """\
openapi: 3.0.3
info: {title: t, version: "1"}
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: "https://a.example", scopes: {"okd:a": a}}}}
paths:
"""
CALL = """\
  /things:
    get:
      security: [{oauth: ["okd:a"]}]
      responses: {'200': {description: OK}}
"""


def written(tmp_path: Path, paths: str, **files: str) -> Path:
    (tmp_path / "v").mkdir()
    for name, words in files.items():
        (tmp_path / "v" / f"{name}.yaml").write_text(words, encoding="utf-8")
    document = tmp_path / "v" / "spec.yaml"
    document.write_text(HEAD + paths, encoding="utf-8")
    return document


def told(document: Path) -> list[tuple[str, str, int]]:
    return [(f.rule, f.file, f.line) for f in lint(document)]


def test_a_sound_document_has_no_findings(tmp_path: Path) -> None:
    assert told(written(tmp_path, CALL)) == []


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("gone.yaml", "ref-broken"),
        ("https://a.example/x.yaml", "ref-remote"),
        ("../../x.yaml", "ref-outside"),
    ],
)
def test_references_that_can_not_be_followed(tmp_path: Path, target: str, rule: str) -> None:
    document = written(tmp_path, f'  /things: {{$ref: "{target}"}}\n')
    assert (rule, "spec.yaml", 7) in told(document)


def test_a_file_that_is_no_yaml(tmp_path: Path) -> None:
    document = written(tmp_path, "  /things: {$ref: broken.yaml}\n", broken="a: b\nc: [1\n")
    assert ("yaml-invalid", "broken.yaml") in {(rule, file) for rule, file, _ in told(document)}


def test_a_key_that_stands_there_twice(tmp_path: Path) -> None:
    assert ("key-twice", "spec.yaml", 11) in told(written(tmp_path, CALL + CALL))


def test_a_scope_that_no_scheme_defines(tmp_path: Path) -> None:
    document = written(tmp_path, CALL.replace('["okd:a"]', '["okd:b"]'))
    assert ("scope-undefined", "spec.yaml", 9) in told(document)


def test_a_field_that_can_have_no_value(tmp_path: Path) -> None:
    schema = '{type: object, properties: {size: {type: integer, enum: ["a", "b"]}}}'
    content = f"content: {{application/json: {{schema: {schema}}}}}"
    document = written(tmp_path, CALL.replace("description: OK", f"description: OK, {content}"))
    assert "enum-impossible" in {rule for rule, _, _ in told(document)}


def test_a_schema_that_refers_to_itself_is_read(tmp_path: Path) -> None:
    node = "type: object\nproperties:\n  inner: {$ref: node.yaml}\n"
    content = "content: {application/json: {schema: {$ref: node.yaml}}}"
    document = written(tmp_path, CALL.replace("description: OK", f"description: OK, {content}"), node=node)
    assert told(document) == []


def test_a_text_with_another_method(tmp_path: Path) -> None:
    document = written(tmp_path, CALL)
    (tmp_path / "doc").mkdir()
    (tmp_path / "doc" / "flow-1.md").write_text("- `PUT .../okd/v1/things`\n", encoding="utf-8")
    assert ("method-unknown", "doc/flow-1.md", 1) in told(document)


def test_what_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(SourceError):
        PublishedFile(Path("x"), "[" * 100 + "]" * 100)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{\n"a: "x",\n"b": 2\n}', {"a": "x", "b": 2}),
        ('{\n"a": "x"\n"b": 2\n}', {"a": "x", "b": 2}),
        ('{\n"a": [\n"x",\netc\n],\n}', {"a": ["x"]}),
        ('{\n"a": {"b": true', {"a": {"b": True}}),
    ],
)
def test_json_with_the_usual_slips_can_still_be_read(text: str, value: Any) -> None:
    block = read_block(Path("x.md"), 5, text)
    assert block.value == value
    assert (block.problem is None) is (text == '{"a": 1}')


def test_every_rule_says_the_same_gaps_in_both_languages() -> None:
    for rule in rules().values():
        gaps = [
            {p.partition("}")[0] for p in words.split("{")[1:]}
            for words in (rule.message.nl, rule.message.en)
        ]
        assert gaps[0] == gaps[1], rule.id


# The command line


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["standard", *arguments])
    return result.exit_code, result.output


def test_the_exit_code_says_whether_something_was_found(tmp_path: Path) -> None:
    document = str(written(tmp_path, CALL))
    assert run("lint", document)[0] == 0
    Path(document).write_text(HEAD + CALL.replace('["okd:a"]', "[]").replace("oauth:", "other:"), "utf-8")
    assert run("lint", document, "--lang", "en")[0] == 1
    assert run("lint", document, "--fail-on", "never")[0] == 0


def test_wrong_use_is_told_apart_from_findings(tmp_path: Path) -> None:
    document = tmp_path / "spec.yaml"
    document.write_text("a: [1\n", encoding="utf-8")
    assert run("lint", str(document))[0] == 2
    assert run("diff", "okd-1.5", "okd-9.9")[0] == 2
    assert run("drift", str(document), "--edition", "okd-9.9")[0] == 2


def test_our_own_fault_has_its_own_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr("okd_conformance.spec_tools.lint.Publication", broken)
    assert run("lint", str(written(tmp_path, CALL)))[0] == 4


def test_the_formats(tmp_path: Path) -> None:
    document = str(written(tmp_path, CALL.replace('security: [{oauth: ["okd:a"]}]', "summary: a|b")))
    (found,) = json.loads(run("lint", document, "--format", "json")[1])["findings"]
    assert (found["rule"], found["severity"], found["line"]) == ("security-missing", "error", 8)
    assert set(found["message"]) == set(found["remedy"]) == {"nl", "en"}
    sarif = json.loads(run("lint", document, "--format", "sarif")[1])
    (result,) = sarif["runs"][0]["results"]
    assert sarif["version"] == "2.1.0"
    assert result["ruleId"] == sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"] == "security-missing"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 8}
    assert "| `spec.yaml:8` |" in run("lint", document, "--format", "markdown")[1]
    assert "spec.yaml:8: fout [security-missing]" in run("lint", document, "--lang", "nl")[1]


# The matrix


def test_the_matrix_puts_reports_side_by_side(tmp_path: Path) -> None:
    one = tmp_path / "one.json"
    value = report().to_json()
    one.write_text(json.dumps(value), encoding="utf-8")
    other = tmp_path / "other.json"
    value["target"]["name"] = "<b>Other</b>"
    for row in value["requirements"]:
        row["status"] = "passed" if row["status"] == "failed" else row["status"]
    other.write_text(json.dumps(value), encoding="utf-8")
    code, page = run("matrix", str(one), str(other), "--lang", "en")
    assert code == 0
    assert "&lt;b&gt;Other&lt;/b&gt;" in page
    assert "<b>Other" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "1 fail it." in page
    found = json.loads(run("matrix", str(one), str(other), "--format", "json")[1])["findings"]
    assert {f["rule"] for f in found} >= {"matrix-fails"}


ANSWER = "responses: {'200': {description: OK}}"
PLACES = {
    "path": '  /things: {$ref: "REF"}\n',
    "response": CALL.replace("{description: OK}", '{$ref: "REF"}'),
    "default response": CALL.replace(ANSWER, 'responses: {default: {$ref: "REF"}}'),
    "parameter": CALL.replace(ANSWER, 'parameters: [{$ref: "REF"}]\n      ' + ANSWER),
    "body": CALL.replace(ANSWER, 'requestBody: {$ref: "REF"}\n      ' + ANSWER),
    "callback": CALL.replace(ANSWER, 'callbacks: {default: {$ref: "REF"}}\n      ' + ANSWER),
    **{
        place: CALL.replace("description: OK", f"description: OK, {words}")
        for place, words in {
            "header": 'headers: {default: {$ref: "REF"}}',
            "link": 'links: {example: {$ref: "REF"}}',
            "example": 'content: {application/json: {examples: {default: {$ref: "REF"}}}}',
            "value": 'content: {application/json: {schema: {default: {$ref: "REF"}}}}',
            "schema": 'content: {application/json: {schema: {$ref: "REF"}}}',
            "dynamic": 'content: {application/json: {schema: {$dynamicRef: "REF"}, example: 1}}',
            "id": 'content: {application/json: {schema: {$id: "REF", type: string}, example: 1}}',
            "properties": 'content: {application/json: {schema: {properties: {$ref: "REF"}}}}',
            "property": 'content: {application/json: {schema: {properties: {default: {$ref: "REF"}}}}}',
            "items": 'content: {application/json: {schema: {type: array, items: {$ref: "REF"}}}}',
            "allOf": 'content: {application/json: {schema: {allOf: [{$ref: "REF"}]}, example: 1}}',
        }.items()
    },
}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("place", PLACES)
def test_no_request_leaves_for_a_reference(tmp_path: Path, place: str, version: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.yaml"
        document = written(tmp_path, PLACES[place].replace("REF", address))
        words = document.read_text("utf-8")
        document.write_text(re.sub("openapi: .*", f"openapi: {version}", words), encoding="utf-8")
        found = told(document)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    if place not in {"value", "dynamic", "id"}:
        assert "ref-remote" in {rule for rule, _, _ in found}


def test_a_default_answer_in_another_file_is_followed(tmp_path: Path) -> None:
    document = written(
        tmp_path,
        CALL.replace(ANSWER, "responses: {default: {$ref: answers.yaml#/any}}"),
        answers="any: {description: Any}\n",
    )
    assert told(document) == []


@pytest.mark.parametrize(
    ("sound", "broken", "line"),
    [
        (ANSWER, "responses: {'200': {ref: answers.yaml}}", 10),
        (ANSWER, 'responses: {"200": {$ref: 3}}', 10),
        (ANSWER, "parameters: [{name: q}]\n      " + ANSWER, 10),
        (
            "description: OK",
            "description: OK, content: {application/json: "
            "{schema: {properties: {name: consumers, type: array}}}}",
            10,
        ),
    ],
)
def test_a_broken_document_is_told_with_its_line(tmp_path: Path, sound: str, broken: str, line: int) -> None:
    found = told(written(tmp_path, CALL.replace(sound, broken)))
    assert ("openapi-invalid", "spec.yaml", line) in found
