"""Documents that are too far from OpenAPI to be examined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jsonschema import Draft4Validator, Draft202012Validator, ValidationError
from jsonschema.exceptions import UnknownType, best_match
from openapi_spec_validator.schemas import schema_v30, schema_v31
from referencing.exceptions import Unresolvable

from okd_conformance.base.text import say
from okd_conformance.spec_tools.grammar import Bundle
from okd_conformance.standard.document import Spec
from okd_conformance.standard.source import SourceError

_STUMBLES = (
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    UnknownType,
    Unresolvable,
    re.error,
)


@contextmanager
def examining(document: Path) -> Iterator[None]:
    """Blame the document for what goes wrong meanwhile, if OpenAPI's own schema refuses it.

    Raises SourceError with the first place that is wrong; in a sound document the fault is ours, and stays.
    """
    try:
        yield
    except SourceError:
        raise
    except _STUMBLES:
        spec = Spec(document)
        bundle = Bundle(spec)
        wrong = _first_error(spec, bundle)
        if wrong is None:
            raise
        spot = bundle.origin(list(wrong.absolute_path))
        place = " > ".join(map(str, wrong.absolute_path)) or "-"
        raise SourceError(spot.source.path, spot.line, say("source_unsound", place=place[:200])) from None


def _first_error(spec: Spec, bundle: Bundle) -> ValidationError | None:
    old = spec.version < (3, 1)
    judge = Draft4Validator(schema_v30) if old else Draft202012Validator(schema_v31)
    found: ValidationError | None = best_match(judge.iter_errors(bundle.document))
    return found
