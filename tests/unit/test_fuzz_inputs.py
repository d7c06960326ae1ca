"""Whatever a file from a stranger holds: it is taken, or refused in plain words; never anything else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.json_input import read_json
from okd_conformance.base.text import Text
from okd_conformance.base.yaml_input import read_yaml
from okd_conformance.cli.main import main
from okd_conformance.cli.report import rendered_again
from okd_conformance.reference import target_of
from okd_conformance.report.compare import compare_files
from okd_conformance.report.files import write_all
from okd_conformance.report.reading import stored_exchanges, stored_report
from okd_conformance.report.schema import schema
from okd_conformance.report.upgrade import RequirementStep, Upgrade
from okd_conformance.run.baseline import load_baseline
from okd_conformance.spec_tools.diff import diff
from okd_conformance.spec_tools.drift import drift
from okd_conformance.spec_tools.lint import lint
from okd_conformance.spec_tools.matrix import matrix_findings, matrix_html, read_matrix
from okd_conformance.spec_tools.rejudge import rejudge
from okd_conformance.spec_tools.unsound import examining
from okd_conformance.standard.edition import load_edition
from okd_conformance.standard.source import SourceError
from okd_conformance.target.reading import load_target
from support.fuzzing import PATIENCE, mutations, values
from support.report_sample import har as sample_har
from support.report_sample import report as sample_report


def in_plain_words(error: ConfigurationError | SourceError) -> None:
    """The message is there in both languages, short, and can be written anywhere."""
    for lang in ("nl", "en"):
        words = error.render(lang)
        assert words.strip()
        words.encode()


def taken_or_refused(read: Callable[[], Any]) -> Any:
    """What ``read`` gives; None when it refuses in the documented way."""
    try:
        return read()
    except (ConfigurationError, SourceError) as error:
        in_plain_words(error)
        return None


def as_yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


# --- text -------------------------------------------------------------------------------------------------

YAML_BITS = st.one_of(
    st.sampled_from([*"abc09:-?,[]{}#&*!|>'\"%@` \t\n\r.~<=\x00\x85\ufeff\ud7ffé"]),
    st.sampled_from(
        [": ", "\n- ", "\n  ", "&a ", "*a", "<<: ", "!!", "!!python/object:a ", "---\n", "...\n"]
    ),
    st.sampled_from(["? ", "|\n", ">-\n", "null", "yes", "paths: ", "openapi: ", "0x", "1:2", ".nan"]),
)
JSON_BITS = st.sampled_from([*'abc09:-,[]{}"\\ \n.+eE\x00\ufeffé']) | st.sampled_from(
    ['"a"', '"a":', "null", "true", "NaN", "1e999", "\\u", "\\ud800", "\\udc00", "\\u0000", "9" * 30]
)


@settings(PATIENCE, max_examples=150)
@given(text=st.lists(YAML_BITS, max_size=40).map("".join))
def test_any_text_as_yaml(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")
    taken_or_refused(lambda: read_yaml(file))
    taken_or_refused(lambda: load_target(file, {}))
    taken_or_refused(lambda: lint(file))


@settings(PATIENCE, max_examples=150)
@given(text=st.lists(JSON_BITS, max_size=30).map("".join))
def test_any_text_as_json(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text, encoding="utf-8")
    value = taken_or_refused(lambda: read_json(file))
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


@settings(PATIENCE, max_examples=100)
@given(content=st.binary(max_size=60))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a"
    file.write_bytes(content)
    for read in (read_yaml, read_json, load_target, load_baseline, stored_report, lint):
        taken_or_refused(lambda read=read: read(file))


# --- target files and baselines ---------------------------------------------------------------------------

TARGET = {**target_of("http://127.0.0.1:1"), "environment": "test"}
TARGET["limits"] = {"requests_per_second": 50, "timeout_s": 30, "max_requests": None, "max_message_bytes": 5}
TARGET["tls"] = {"ca_file": None, "terminated_elsewhere": False}
TARGET["http"] = {"proxy": None, "headers": {"X-Key": "${KEY}"}}
BASELINE = {"excused": [{"case": "OKD-MPT-001[dms]", "reason": "known", "until": "2027-01-01"}]}


@settings(PATIENCE, max_examples=120)
@given(value=mutations(json.loads(json.dumps(TARGET))))
def test_a_changed_target_file(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "target.yaml"
    file.write_text(as_yaml(value), encoding="utf-8")
    taken_or_refused(lambda: load_target(file, {"KEY": "secret"}))


@settings(PATIENCE, max_examples=100)
@given(value=mutations(BASELINE) | values)
def test_a_changed_baseline(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "baseline.yaml"
    file.write_text(as_yaml(value), encoding="utf-8")
    taken_or_refused(lambda: load_baseline(file))


# --- reports and exchanges --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole report, as a run writes it."""
    folder = tmp_path_factory.mktemp("report")
    report = sample_report()
    words = Text("stap", "step")
    report.upgrade = Upgrade("okd-1.6", (), (RequirementStep("OKD-MPT-001", "dms", "new", words, words),))
    write_all(report, sample_har(), folder, "en")
    return folder


def beside(folder: Path, report: Any, har: Any) -> Path:
    (folder / "exchanges.har").write_text(json.dumps(har), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return folder / "report.json"


def used(path: Path) -> None:
    """Everything that is made of a stored report."""
    for form in ("html", "junit", "markdown", "badge"):
        rendered_again(str(path), form, "nl").encode("utf-8", "backslashreplace")
    for form in ("text", "markdown", "json"):
        compare_files(str(path), str(path), form, "en")
    matrix = read_matrix([path, path])
    matrix_html(matrix, "en")
    matrix_findings(matrix)
    rejudge(path, load_edition("okd-1.5"))


@settings(PATIENCE, max_examples=35)
@given(data=st.data())
def test_a_changed_report(tmp_path: Path, written: Path, data: st.DataObject) -> None:
    report = json.loads((written / "report.json").read_text("utf-8"))
    har = json.loads((written / "exchanges.har").read_text("utf-8"))
    path = beside(tmp_path, data.draw(mutations(report)), har)
    if taken_or_refused(lambda: stored_report(path)) is not None:
        taken_or_refused(lambda: used(path))


def bound_words(rule: Any, value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a report for which its JSON Schema lists the words that may stand there."""
    if "$ref" in rule:
        rule = schema()["$defs"][rule["$ref"].rpartition("/")[2]]
    if "enum" in rule or "const" in rule:
        yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            known = rule.get("properties", {}).get(name) or rule.get("additionalProperties") or {}
            yield from bound_words(known, inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from bound_words(rule.get("items", {}), inner, (*path, index))


def test_words_that_are_not_ours_are_refused(tmp_path: Path, written: Path) -> None:
    report = json.loads((written / "report.json").read_text("utf-8"))
    paths = list(bound_words(schema(), report))
    names = {path[-1] for path in paths}
    assert names == {"format", "profile", "verdict", "level", "basis", "status", "step"}
    assert stored_report(written / "report.json").verdict == report["verdict"]
    odd = ["OUGHT", "", None, True, 1, [], {}, ["MUST"]]
    for number, (*way, name) in enumerate(paths):
        holder = report
        for step in way:
            holder = holder[step]
        before, holder[name] = holder[name], odd[number % len(odd)]
        path = tmp_path / "report.json"
        path.write_text(json.dumps(report), encoding="utf-8")
        holder[name] = before
        with pytest.raises(ConfigurationError) as refusal:
            stored_report(path)
        in_plain_words(refusal.value)


@pytest.mark.parametrize("name", ["level", "basis", "status", "profile"])
@pytest.mark.parametrize(
    "command",
    [
        ("report", "{}", "--format", "html"),
        ("report", "{}", "--format", "markdown"),
        ("compare", "{}", "{}"),
        ("standard", "matrix", "{}"),
        ("standard", "rejudge", "{}", "--edition", "okd-1.5"),
    ],
    ids=" ".join,
)
def test_a_command_refuses_words_that_are_not_ours(
    tmp_path: Path, written: Path, command: tuple[str, ...], name: str
) -> None:
    report = json.loads((written / "report.json").read_text("utf-8"))
    (report["run"] if name == "profile" else report["requirements"][0])[name] = "nightly"
    path = beside(tmp_path, report, sample_har())
    done = CliRunner().invoke(main, [word.format(path) for word in command])
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit)
    assert "not a report.json of okd-conformance" in done.output


@settings(PATIENCE, max_examples=35)
@given(data=st.data())
def test_changed_exchanges(tmp_path: Path, written: Path, data: st.DataObject) -> None:
    report = json.loads((written / "report.json").read_text("utf-8"))
    har = json.loads((written / "exchanges.har").read_text("utf-8"))
    path = beside(tmp_path, report, data.draw(mutations(har)))
    if taken_or_refused(lambda: stored_exchanges(path)) is not None:
        taken_or_refused(lambda: used(path))


# --- published documents ----------------------------------------------------------------------------------

SPEC = {
    "openapi": "3.0.3",
    "info": {"title": "T", "version": "1.0", "description": "Text"},
    "servers": [{"url": "https://example.org/okd/v1"}],
    "security": [{"oauth": ["okd:alldocuments"]}],
    "paths": {
        "/documents/{documentId}": {
            "parameters": [
                {"name": "documentId", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "post": {
                "operationId": "upload",
                "requestBody": {
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "required": ["metadata"],
                                "properties": {
                                    "metadata": {"$ref": "#/components/schemas/Metadata"},
                                    "file": {"type": "string", "format": "binary"},
                                },
                            },
                            "encoding": {"metadata": {"contentType": "application/json"}},
                        }
                    }
                },
                "responses": {
                    "200": {
                        "description": "OK",
                        "headers": {"X-A": {"schema": {"type": "string"}}},
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"dmsDocumentId": {"type": "string"}},
                                },
                                "example": {"dmsDocumentId": "a"},
                            }
                        },
                    },
                    "404": {"description": "Not found"},
                },
            },
        }
    },
    "components": {
        "schemas": {
            "Metadata": {
                "type": "object",
                "required": ["documentName"],
                "properties": {
                    "documentName": {"type": "string", "maxLength": 10},
                    "documentType": {"type": "string", "enum": ["a", "b"]},
                    "children": {"type": "array", "items": {"$ref": "#/components/schemas/Metadata"}},
                },
                "example": {"documentName": "a"},
            }
        },
        "securitySchemes": {
            "oauth": {
                "type": "oauth2",
                "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {"okd:alldocuments": "All"}}},
            }
        },
    },
}


def documents(folder: Path, value: Any) -> tuple[Path, Path]:
    """A changed document, and the sound one, each in a folder of its own."""
    found = []
    for name, content in (("new", value), ("old", SPEC)):
        (folder / name).mkdir(exist_ok=True)
        found.append(folder / name / "spec.yaml")
        found[-1].write_text(as_yaml(content), encoding="utf-8")
    return found[0], found[1]


@settings(PATIENCE, max_examples=50)
@given(value=mutations(SPEC, most=3))
def test_lint_of_a_changed_document(tmp_path: Path, value: Any) -> None:
    new, _ = documents(tmp_path, value)
    taken_or_refused(lambda: lint(new))


@settings(PATIENCE, max_examples=25)
@given(value=mutations(SPEC, most=3))
def test_diff_and_drift_of_a_changed_document(tmp_path: Path, value: Any) -> None:
    new, old = documents(tmp_path, value)
    taken_or_refused(lambda: diff(str(old.parent), str(new.parent)))
    taken_or_refused(lambda: diff(str(new), str(old)))
    taken_or_refused(lambda: drift(new, load_edition("okd-1.5")))


def test_a_fault_of_ours_is_not_blamed_on_a_sound_document(tmp_path: Path) -> None:
    _, old = documents(tmp_path, SPEC)
    with pytest.raises(ZeroDivisionError), examining(old):
        _ = 1 / 0
    with pytest.raises(KeyError), examining(old):
        raise KeyError("ours")


REFERENCES = [
    "../../../../etc/passwd#/a",
    "/etc/passwd",
    "http://127.0.0.1:1/a.yaml",
    "https://example.org/a.yaml#/a",
    "file:///etc/passwd",
    "pipe.yaml",
    "folder",
    "link.yaml",
    "loop.yaml",
    "spec.yaml",
    "#/components/schemas/Metadata",
    "#",
    "\x00",
    "a" * 5000,
]


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_leads_nowhere_it_should_not(tmp_path: Path, reference: str) -> None:
    changed = json.loads(json.dumps(SPEC))
    changed["components"]["schemas"]["Metadata"]["properties"]["children"]["items"] = {"$ref": reference}
    new, _ = documents(tmp_path, changed)
    os.mkfifo(new.with_name("pipe.yaml"))
    new.with_name("folder").mkdir()
    outside = tmp_path.parent / "outside.yaml"
    outside.write_text("secret: hush", encoding="utf-8")
    new.with_name("link.yaml").symlink_to(outside)
    new.with_name("loop.yaml").symlink_to("loop.yaml")
    found = taken_or_refused(lambda: lint(new))
    assert "hush" not in str(found)
    assert "root:" not in str(found)


# --- what is no ordinary file, and what is too much -------------------------------------------------------

READERS: dict[str, tuple[str, ...]] = {
    "run": ("run",),
    "check-config": ("check-config",),
    "baseline": ("run", "--requirement", "OKD-MPT-002", "--baseline"),
    "report": ("report",),
    "compare": ("compare", "/nothing"),
    "lint": ("standard", "lint"),
    "drift": ("standard", "drift"),
    "diff": ("standard", "diff", "okd-1.5"),
    "rejudge": ("standard", "rejudge", "--edition", "okd-1.5"),
    "matrix": ("standard", "matrix"),
}


def odd_files(folder: Path) -> dict[str, Path]:
    """Files that must be refused, by what is odd about them."""
    contents = {
        "deep": b"[" * 500_000,
        "deep mapping": b'{"a":' * 200_000,
        "bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 115)),
        "number": b"roles: 1" + b":1" * 300_000,
        "digits": b'{"format": ' + b"9" * 1_000_000 + b"}",
        "binary": bytes(range(256)) * 10,
        "nul": b"a: \x00",
        "utf-16": "format: okd".encode("utf-16"),
        "cut": b'{"format": "okd-conformance/report/1", "target": {"na',
        "nothing in it": b"",
        "many": b"[" + b"{}," * 4_000_000 + b"{}]",
    }
    found = {}
    for name, content in contents.items():
        found[name] = folder / name.replace(" ", "-")
        found[name].write_bytes(content)
    found["folder"] = folder / "a-folder"
    found["folder"].mkdir()
    found["pipe"] = folder / "a-pipe"
    os.mkfifo(found["pipe"])
    found["device"] = Path("/dev/zero")
    found["missing"] = folder / "missing"
    found["loop"] = folder / "a-loop"
    found["loop"].symlink_to("a-loop")
    return found


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return odd_files(tmp_path_factory.mktemp("odd"))


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_input_is_refused_in_plain_words(odd: dict[str, Path], reader: str) -> None:
    for name, file in odd.items():
        done = CliRunner().invoke(main, [*READERS[reader], str(file), "--lang", "nl"])
        assert done.exit_code == 2, (name, done.output)
        assert isinstance(done.exception, SystemExit), name
        assert "Traceback" not in done.output, name


def test_json_bounds_say_what_is_wrong(tmp_path: Path) -> None:
    def refused(content: str, **bounds: int) -> str:
        (tmp_path / "a.json").write_text(content, encoding="utf-8")
        with pytest.raises(ConfigurationError) as error:
            read_json(tmp_path / "a.json", **bounds)
        return error.value.render("en")

    assert "twice" in refused('{"a": 1, "a": 2}')
    assert "infinite" in refused("[NaN]")
    assert "infinite" in refused("[1e999]")
    assert "infinite" in refused("[" + "9" * 19 + "]")
    assert "3 levels" in refused("[[[[1]]]]", max_depth=3)
    assert "5 values" in refused("[1,1,1,1,1,1]", max_values=5)
    assert "10 bytes" in refused('"' + "a" * 20 + '"', max_bytes=10)
    assert ":2: this is not valid JSON" in refused('{\n"a" 1}')


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(r'{"\udc00": ["\ud800", "\ud83d\ude00"]}', encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"\ufffd": ["\ufffd", "\U0001f600"]}
