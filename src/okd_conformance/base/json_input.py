"""JSON from strangers, such as a report that a vendor sends: plain values, everything bounded."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from okd_conformance.base.configuration import ConfigurationError, Mistake, shortened
from okd_conformance.base.input_file import read_input, refuse
from okd_conformance.base.text import say

_T = TypeVar("_T")
_MAX_DIGITS = 18
_LONE = re.compile("[\ud800-\udfff]")


class _RepeatedError(ValueError):
    """A key stands twice in one object."""


def read_json(
    path: Path | str, *, max_bytes: int = 50_000_000, max_depth: int = 40, max_values: int = 1_000_000
) -> Any:
    """Read a file. Raises ConfigurationError when it can't be read, isn't JSON, or is too large or too deep.

    A number is finite and of a sensible size, a key stands once in an object, and half of a surrogate pair
    becomes U+FFFD, because it can't be written anywhere.
    """
    file = str(path)
    text = read_input(file, max_bytes)
    if sum(map(text.count, "[{,")) > max_values:  # before they take memory
        refuse(file, None, "json_too_many_values", limit=max_values)
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_number, parse_int=_whole, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        refuse(file, error.lineno, "json_syntax", column=error.colno)
    except _RepeatedError as error:
        refuse(file, None, "json_repeated_key", key=shortened(str(error)))
    except RecursionError:
        refuse(file, None, "json_too_deep", limit=max_depth)
    except ValueError:
        refuse(file, None, "json_number")
    return _without_halves(file, value, max_depth) if value else value


def described(file: Path | str, what: str, make: Callable[[], _T]) -> _T:
    """What ``make`` makes of a value that was read; ConfigurationError when the value has the wrong shape.

    ``what`` names a message for what the file should have been.
    """
    try:
        return make()
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise ConfigurationError([Mistake(str(file), None, say(what), say(f"{what}_remedy"))]) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedError(next(name for name in names if names.count(name) > 1))
    return found


def _no_number(_word: str) -> NoReturn:
    raise ValueError("not a number")


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("a number of too many digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number that is too large")
    return number


def _without_halves(file: str, value: Any, max_depth: int) -> Any:
    """Bound the depth; give the value without half surrogate pairs."""
    waiting: list[tuple[Any, int]] = [(value, 1)]
    odd = False
    while waiting:
        one, depth = waiting.pop()
        if depth > max_depth:
            refuse(file, None, "json_too_deep", limit=max_depth)
        if isinstance(one, dict):
            waiting += [(inner, depth + 1) for inner in (*one, *one.values()) if not isinstance(inner, float)]
        elif isinstance(one, list):
            waiting += [(inner, depth + 1) for inner in one]
        elif isinstance(one, str) and not one.isascii():
            odd = odd or bool(_LONE.search(one))
    return _mended(value) if odd else value


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_mended(inner) for inner in value]
    if isinstance(value, Mapping):
        return {_mended(name): _mended(inner) for name, inner in value.items()}
    return value
