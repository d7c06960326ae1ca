"""JSON as documentation has it: read strictly, else mended so that its content can be judged."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from okd_conformance.standard.source import PublishedFile, SourceError

_UNCLOSED_KEY = re.compile(r'^(\s*")([A-Za-z]\w*): "')
_STARTS_ITEM = re.compile(r'^\s*["{\[]')
_ENDS_VALUE = re.compile(r'(["\]}\w])\s*$')
_LOOSE_WORDS = re.compile(r"^\s*[a-z.]+(\s+[a-z.]+)*\s*$")
_PLAIN = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of JSON in a text: where it begins, what is wrong with it, and its content if readable."""

    line: int
    text: str
    problem: str | None
    problem_line: int
    source: PublishedFile | None

    @property
    def value(self) -> Any:
        """What it says."""
        return self.source.value if self.source else None


def read_block(path: Path, line: int, text: str) -> Block:
    """Read a piece of JSON that begins on ``line`` of a file."""
    problem, at = None, line
    try:
        json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        return Block(line, text, "nested too deep", line, None)
    except json.JSONDecodeError as error:
        problem, at = error.msg, line + error.lineno - 1
    except ValueError as error:
        problem = str(error)
    return Block(line, text, problem, at, _source(path, line, mended(text) if problem else text))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _source(path: Path, line: int, text: str) -> PublishedFile | None:
    try:
        return PublishedFile(path, text.replace("\t", " "), line)
    except SourceError:
        return None


def mended(text: str) -> str:
    """The text with the usual slips mended, line by line: quotes, commas, loose words, closing braces."""
    lines = [_UNCLOSED_KEY.sub(r'\1\2": "', line) for line in text.split("\n")]
    lines = ["" if _LOOSE_WORDS.match(x) and x.strip() not in _PLAIN else x for x in lines]
    told = [i for i, line in enumerate(lines) if line.strip()]
    for here, following in pairwise(told):
        ends, starts = lines[here].rstrip(), lines[following].lstrip()
        if _STARTS_ITEM.match(starts) and _ENDS_VALUE.search(ends):
            lines[here] = ends + ","
        elif starts[:1] in {"}", "]"} and ends.endswith(","):
            lines[here] = ends[:-1]
    whole = "\n".join(lines)
    return whole + _closing(whole)


def _closing(text: str) -> str:
    """The braces and brackets that are still open at the end."""
    open_ones: list[str] = []
    for letter in re.sub(r'"(\\.|[^"\\])*"', "", text):
        if letter in "{[":
            open_ones.append("}" if letter == "{" else "]")
        elif letter in "}]" and open_ones:
            open_ones.pop()
    return "".join(reversed(open_ones))
