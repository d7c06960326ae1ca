"""Reading YAML: lines are known, input is bounded, and no value is repeated in a message."""

from __future__ import annotations

from pathlib import Path

import pytest

import okd_conformance
from okd_conformance.base.configuration import ConfigurationError, Mistake, shortened
from okd_conformance.base.paths import data_folder
from okd_conformance.base.text import Text
from okd_conformance.base.yaml_input import Manner, parse_yaml, read_yaml
from okd_conformance.standard.bundle import read_data


@pytest.fixture
def write(tmp_path: Path):
    def write_file(content: str | bytes) -> Path:
        path = tmp_path / "file.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def refusal(path: Path, **limits: int) -> Mistake:
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(path, Manner(**limits))
    [mistake] = caught.value.mistakes
    assert mistake.file == str(path)
    return mistake


def test_plain_values(write):
    document = read_yaml(write("a: text\nb: 12\nc: 1.5\nd: true\ne: null\nf: [x, {g: 'y'}]\nh: \"2\"\n"))
    assert document.value == {
        "a": "text",
        "b": 12,
        "c": 1.5,
        "d": True,
        "e": None,
        "f": ["x", {"g": "y"}],
        "h": "2",
    }


def test_lines_and_sources(write):
    document = read_yaml(write("# first\na:\n  b: 0123\n\n  c:\n    - x\n    -\n      d: 'q'\n"))
    assert document.line(("a",)) == 2
    assert document.line(("a", "b")) == 3
    assert document.line(("a", "c", 0)) == 6
    assert document.line(("a", "c", 1, "d")) == 8
    assert document.line(("a", "nothing", "here")) == 2, "what surrounds it"
    assert document.source(("a", "b")) == "0123"
    assert document.source(("a", "c", 1, "d")) == "q"
    assert document.source(("a",)) is None


@pytest.mark.parametrize("content", ["", "# only a comment\n", "---\n"])
def test_nothing_in_it(write, content):
    assert read_yaml(write(content)).value is None


def test_words_that_yaml_reads_as_something_else_stay_text(write):
    document = read_yaml(write("day: 2026-07-07\n<<: x\nequals: =\n1: one\n"))
    assert document.value == {"day": "2026-07-07", "<<": "x", "equals": "=", "1": "one"}


def test_byte_order_mark_and_windows_lines(write):
    document = read_yaml(write(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n"))
    assert document.value == {"a": 1, "b": 2}
    assert document.line(("b",)) == 2


def test_aliases_are_read(write):
    document = read_yaml(write("a: &x {k: 1}\nb: *x\n"))
    assert document.value == {"a": {"k": 1}, "b": {"k": 1}}
    assert document.line(("b",)) == 2


SYNTAX = {
    "tab": ("a:\n\tb: 1\n", 2, "tab"),
    "two colons": ("a: 1\nb: c: d\n", 2, "not valid YAML"),
    "variable in braces": ("a: {s: ${NAME}}\n", 1, "not valid YAML"),
    "variable as mapping": ("a: [{b}]\n? {c: d}\n: e\n", 2, "name of this key"),
    "open quote": ("a: 1\nb: 'x\nc: 2\n", 2, "never closed"),
    "unknown alias": ("a: 1\nb: *hush\n", 2, "begins with *"),
    "undefined tag handle": ("a: !h!ush x\n", 1, "begins with *"),
    "own tag": ("a: 1\nb: !hush x\n", 2, "YAML type"),
    "python tag": ("a: !!python/object/apply:os.system [id]\n", 1, "YAML type"),
    "binary": ("a: !!binary aGk=\n", 1, "YAML type"),
    "set": ("a: !!set {x}\n", 1, "YAML type"),
    "wrong kind for tag": ("a: !!str [x]\n", 1, "YAML type"),
    "not a number": ("a: 1\nb: !!int hush\n", 2, "cannot be read"),
    "not a bool": ("a: !!bool hush\n", 1, "cannot be read"),
    "endless number": (f"a: {'9' * 5000}\n", 1, "cannot be read"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "second document"),
    "duplicate key": ("a: 1\nb:\n  c: hush\n  d: 2\n  c: hush\n", 5, "second time (first on line 3)"),
    "duplicate key, quoted": ("a: 1\n'a': 2\n", 2, "second time (first on line 1)"),
    "escape character": ("a: 1\nb: \x1b[31m\n", 2, "control character"),
}


@pytest.mark.parametrize(("content", "line", "words"), SYNTAX.values(), ids=SYNTAX)
def test_refused_with_its_line(write, content, line, words):
    mistake = refusal(write(content))
    assert mistake.line == line
    assert words in mistake.message.en
    assert mistake.remedy.en
    assert "hush" not in str(mistake), "no value is repeated"


def test_not_utf8(write):
    mistake = refusal(write(b"a: 1\nb: caf\xe9\n"))
    assert mistake.line == 2
    assert "UTF-8" in mistake.remedy.en


def test_utf16(write):
    assert "UTF-8" in refusal(write("a: 1\n".encode("utf-16"))).message.en


def test_too_large(write):
    assert read_yaml(write("a: 12345\n"), Manner(max_bytes=9)).value == {"a": 12345}
    mistake = refusal(write("a: 123456\n"), max_bytes=9)
    assert mistake.line is None
    assert "larger than 9 bytes" in mistake.message.en


@pytest.mark.parametrize("depth", [41, 100_000])
def test_too_deep(write, depth):
    assert "40 levels" in refusal(write("[" * depth)).message.en


def test_depth_that_is_allowed(write):
    nested: list = []
    for _ in range(39):
        nested = [nested]
    assert read_yaml(write("[" * 40 + "]" * 40)).value == nested


def test_too_many_values(write):
    assert len(read_yaml(write("[1, 2, 3]"), Manner(max_nodes=4)).value) == 3
    mistake = refusal(write("[1, 2,\n3, 4]"), max_nodes=4)
    assert mistake.line == 2
    assert "more than 4 values" in mistake.message.en


def test_aliases_that_explode(write):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "50000 values" in refusal(write("\n".join(lines))).message.en


def test_alias_within_itself(write):
    assert "levels" in refusal(write("a: &a [*a]\n")).message.en


def test_no_such_file(tmp_path):
    mistake = refusal(tmp_path / "none.yaml")
    assert mistake.line is None
    assert "does not exist" in mistake.message.en
    assert "init" in mistake.remedy.en


def test_folder(tmp_path):
    assert "folder" in refusal(tmp_path).message.en


def test_name_that_no_file_can_have():
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_yaml("a\0b")


def test_render_one_block_each():
    error = ConfigurationError(
        [
            Mistake("t.yaml", 12, Text("fout", "wrong"), Text("zo\nen zo", "do this\nand that")),
            Mistake("t.yaml", None, Text("heel", "whole"), Text("x", "y")),
        ]
    )
    assert error.render("en") == "t.yaml: whole\n    y\nt.yaml:12: wrong\n    do this\n    and that"
    assert error.render("nl") == "t.yaml: heel\n    x\nt.yaml:12: fout\n    zo\n    en zo"
    assert str(error) == error.render("en")


def test_shortened():
    assert shortened("a\x1b[31m\nb") == "a [31m b"
    assert len(shortened("x" * 1000)) == 60


def test_a_windows_path_in_double_quotes_is_told_how(tmp_path: Path) -> None:
    file = tmp_path / "target.yaml"
    file.write_text('name: Acme\ntls: {ca_file: "C:\\certs\\x.pem"}\n', encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(file)
    [mistake] = caught.value.mistakes
    assert mistake.line == 2
    assert "single quotes" in mistake.remedy.en


LENIENT = Manner(lenient=True)
LARGE = Manner(max_bytes=5_000_000, max_nodes=500_000, lenient=True)
OWN_DATA = sorted(
    file
    for folder in (data_folder("specs"), data_folder("suites"), Path(okd_conformance.__file__).parent)
    for file in folder.rglob("*.yaml")
)


@pytest.mark.parametrize("file", OWN_DATA, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_our_own_data_read_quickly_are_what_this_reader_makes_of_them(file: Path) -> None:
    document = read_yaml(file, LARGE)
    assert document.value == read_data(file)
    assert (document.repeated, document.odd_keys) == ([], [])


def test_odd_things_in_a_published_file_are_told_beside_its_value():
    document = parse_yaml("x", "a: 1\nb: !own x\n404: {}\na: 2\nn: !!int many\n", LENIENT, first_line=11)
    assert document.value == {"a": 2, "b": "x", "404": {}, "n": "many"}
    assert document.repeated == [(14, "a", 11)]
    assert document.odd_keys == [(("404",), "404")]
    assert document.line(("b",)) == 12


def test_a_published_file_may_merge_and_own_keys_win():
    document = parse_yaml("x", "base: &b {k: 1, l: 1}\nmore: {<<: *b, k: 2}\n", LENIENT)
    assert document.value["more"] == {"k": 2, "l": 1}
    assert document.repeated == []


@pytest.mark.parametrize("text", ["[" * 1000, "a: &a [*a]\n", "a: 1\n---\nb: 2\n", "a: [1\n", "a: \x1b\n"])
def test_what_no_file_may_have_is_refused_in_published_files_too(text):
    with pytest.raises(ConfigurationError):
        parse_yaml("x", text, LENIENT)
