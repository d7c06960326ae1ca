"""What can be wrong in a target file, each said with its line and how to mend it.

The shape of the file is ``target.schema.json``; this turns what a JSON Schema validator finds into plain
words, and adds what a schema can't express. Values are shown as they were typed, before ``${NAME}`` is
filled in, and secrets not at all.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import math
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from okd_conformance.base.configuration import Mistake, shortened
from okd_conformance.base.jwts import UnusableKeyError, sign
from okd_conformance.base.text import Text, joined, say
from okd_conformance.base.yaml_input import Document, Pointer
from okd_conformance.standard.edition import Edition, Operation, UnknownEditionError, load_edition
from okd_conformance.standard.fields import meanings
from okd_conformance.target.layout import CONTENT, HEADER, PLACEHOLDER, SPECIALS
from okd_conformance.target.model import Tls

SCHEMA_FILE = Path(__file__).with_name("target.schema.json")
"""The JSON Schema of a target file, for editors too."""
_SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
_VALIDATOR = Draft202012Validator(_SCHEMA, format_checker=FormatChecker(("uuid",)))

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[!-~\x80-\U0010ffff](?:[\t -~\x80-\U0010ffff]*[!-~\x80-\U0010ffff])?")
_OWN_HEADERS = {"authorization", "connection", "content-length", "content-type", "host", "transfer-encoding"}
"""What the suite itself says in a request: this is what is under test."""


class Mistakes:
    """Collects what is wrong with a document: at most one thing for each place."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found: dict[Pointer, Mistake] = {}
        self._elsewhere: list[Mistake] = []

    def add(self, pointer: Pointer, key: str, /, *, remedy: Text | None = None, **values: object) -> None:
        """Add the message ``key`` at a place; ``remedy`` when it isn't the message ``<key>_remedy``."""
        values = {"place": place_of(pointer), "key": shortened(str(pointer[-1])) if pointer else "", **values}
        mistake = Mistake(
            file=self.document.file,
            line=self.document.line(pointer) if self.document.value is not None else None,
            message=say(key, **values),
            remedy=remedy or say(f"{key}_remedy", **values),
        )
        self._found.setdefault(pointer, mistake)

    def add_option(self, option: str, key: str, *, remedy: Text, **values: object) -> None:
        """Add the message ``key`` about an option of the command line."""
        self._elsewhere.append(Mistake(option, None, say(key, **values), remedy))

    def at(self, pointer: Pointer) -> bool:
        """Whether something is wrong at a place or around it, so that looking further makes no sense."""
        return any(pointer[:length] in self._found for length in range(len(pointer) + 1))

    @property
    def found(self) -> list[Mistake]:
        """Everything that was added."""
        return [*self._elsewhere, *self._found.values()]


def place_of(pointer: Pointer) -> str:
    """Return a pointer as people write it: ``auth.clients[1].client_id``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{shortened(step)}" for step in pointer)
    return "".join(steps).removeprefix(".")


def is_loopback(url: str) -> bool:
    """Whether a URL points at this machine itself: 127/8, ::1 or localhost."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_all(value: Any, mistakes: Mistakes, edition_id: str | None) -> Edition | None:
    """Look for every mistake. ``edition_id`` is what the user asked for instead of the file's own edition.

    Returns the edition to test against, None when it doesn't exist.
    """
    check_shape(value, mistakes)
    edition = check_edition(value, mistakes, edition_id)
    check_urls(value, mistakes)
    check_secrets(value, mistakes)
    check_clients(value, mistakes)
    check_signing_key(value, mistakes)
    check_tls(value, mistakes)
    check_headers(value, mistakes)
    check_hooks(value, mistakes)
    check_templates(value, mistakes, edition)
    check_limits(value, mistakes)
    return edition


# --- the shape ---------------------------------------------------------------------------------------------


def check_shape(value: Any, mistakes: Mistakes) -> None:
    """Report what the schema doesn't allow."""
    for error in _VALIDATOR.iter_errors(value):
        pointer: Pointer = tuple(error.absolute_path)
        if not mistakes.at(pointer):
            _EXPLAIN[str(error.validator)](error, pointer, mistakes)


def schema_at(pointer: Pointer) -> Mapping[str, Any]:
    """Return the schema of a place in the file, with what it refers to filled in."""
    found = _resolved(_SCHEMA)
    for step in pointer:
        if isinstance(step, int):
            found = _resolved(found.get("items", {}))
        else:
            others = found.get("additionalProperties") or {}
            found = _resolved(found.get("properties", {}).get(step, others))
    return found


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    return {**_SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], **schema}


def _example(pointer: Pointer) -> Text:
    examples = schema_at(pointer).get("examples", ["…"])
    prefix = "- " if isinstance(pointer[-1], int) else f"{shortened(str(pointer[-1]))}: "
    return say("target_write_example", example=prefix + json.dumps(examples[0], ensure_ascii=False))


def _explain_unknown(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    instance: Any = error.instance
    known = list(schema_at(pointer)["properties"])
    where = place_of(pointer) or say("target_top_level")
    for key in instance:
        if key not in known:
            mistakes.add(
                (*pointer, key), "target_unknown_key", remedy=_instead_of(key, known, pointer), where=where
            )


def _instead_of(key: str, known: Sequence[str], pointer: Pointer) -> Text:
    close = _closest(key, known)
    if close:
        return say("target_did_you_mean", close=close)
    homes = [place_of(home) for home in _places(_SCHEMA, ()) if home[-1] == key and home[:-1] != pointer]
    if homes:
        return say("target_belongs", home=homes[0])
    return say("target_known", known=", ".join(known))


def _closest(word: str, known: Sequence[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word.lower().replace("-", "_"), known, n=1)), None)


def _places(schema: Mapping[str, Any], pointer: Pointer) -> Iterator[Pointer]:
    for key, inner in schema.get("properties", {}).items():
        yield (*pointer, key)
        yield from _places(_resolved(inner), (*pointer, key))


def _explain_missing(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    required: Any = error.validator_value
    instance: Any = error.instance
    for key in required:
        place = (*pointer, key)
        if key not in instance and not mistakes.at(place):
            mistakes.add(place, "target_missing", remedy=_example(place))


def _explain_type(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    allowed: Any = error.validator_value
    expected = [allowed] if isinstance(allowed, str) else allowed
    if error.instance is None:
        mistakes.add(pointer, "target_no_value", remedy=_example(pointer))
    elif "string" in expected and isinstance(error.instance, bool | int | float):
        mistakes.add(pointer, "target_needs_quotes", typed=_typed(pointer, mistakes.document))
    elif not pointer:
        mistakes.add(pointer, "target_not_a_mapping")
    else:
        kinds = joined([say(f"target_kind_{kind}") for kind in expected if kind != "null"], " / ")
        mistakes.add(pointer, "target_wrong_type", remedy=_example(pointer), kinds=kinds)


def _typed(pointer: Pointer, document: Document) -> str:
    """What was typed, with the quotes that it lacks."""
    source = "…" if schema_at(pointer).get("writeOnly") else shortened(document.source(pointer) or "")
    prefix = "- " if isinstance(pointer[-1], int) else f"{shortened(pointer[-1])}: "
    return f'{prefix}"{source}"'


def _explain_choice(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    allowed: Any = error.validator_value
    choices = [str(choice) for choice in allowed if choice is not None]
    mistakes.add(pointer, "target_choice", choices=", ".join(choices))


def _explain_empty(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    if error.validator == "minLength" and "${" in (mistakes.document.source(pointer) or ""):
        mistakes.add(pointer, "target_empty_variable")
    else:
        mistakes.add(pointer, "target_empty", remedy=_example(pointer))


def _explain_as(key: str) -> Callable[[ValidationError, Pointer, Mistakes], None]:
    return lambda _, pointer, mistakes: mistakes.add(pointer, key, remedy=_example(pointer))


def _explain_bound(error: ValidationError, pointer: Pointer, mistakes: Mistakes) -> None:
    """A number is out of bounds; the bounds themselves only matter to who goes beyond any sense."""
    bound: Any = error.validator_value
    value: Any = error.instance
    if (error.validator == "minimum" and value <= 0) or math.isinf(value):
        mistakes.add(pointer, "target_not_positive", remedy=_example(pointer))
    else:
        mistakes.add(pointer, f"target_{error.validator}", remedy=_example(pointer), bound=f"{bound:g}")


_EXPLAIN: Mapping[str, Callable[[ValidationError, Pointer, Mistakes], None]] = {
    "additionalProperties": _explain_unknown,
    "required": _explain_missing,
    "type": _explain_type,
    "enum": _explain_choice,
    "minLength": _explain_empty,
    "minItems": _explain_empty,
    "minProperties": _explain_empty,
    "format": _explain_as("target_uuid"),
    "pattern": _explain_as("target_scope"),
    "minimum": _explain_bound,
    "maximum": _explain_bound,
    "exclusiveMinimum": _explain_as("target_not_positive"),
}


# --- what a schema can't say -------------------------------------------------------------------------------


def _at(value: Any, *pointer: str | int) -> Any:
    """What stands at a place, None when nothing does."""
    for step in pointer:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            return None
    return value


def _entries(value: Any, *pointer: str | int) -> list[tuple[Pointer, Any]]:
    """The members of the mapping or list at a place, each with its pointer."""
    inner = _at(value, *pointer)
    if isinstance(inner, dict):
        return [((*pointer, key), member) for key, member in inner.items()]
    if isinstance(inner, list):
        return [((*pointer, index), member) for index, member in enumerate(inner)]
    return []


def check_edition(value: Any, mistakes: Mistakes, asked: str | None) -> Edition | None:
    """Check the edition, and the roles and flows that the target claims in it."""
    declared = _at(value, "edition")
    own = _declared_edition(declared, mistakes) if isinstance(declared, str) else None
    edition = _asked_edition(asked, mistakes) if asked else own
    if edition is None:
        return None
    check_roles(value, mistakes, edition, own or edition)
    if edition.scopes and _at(value, "auth") is None and not mistakes.at(("auth",)):
        mistakes.add(("auth",), "target_auth_missing", remedy=_example(("auth",)), edition=edition.id)
    return edition


def _declared_edition(edition_id: str, mistakes: Mistakes) -> Edition | None:
    pointer: Pointer = ("edition",)
    if mistakes.at(pointer):
        return None
    try:
        return load_edition(edition_id)
    except UnknownEditionError as error:
        typed = shortened(mistakes.document.source(pointer) or edition_id)
        remedy = _one_of(edition_id, error.known)
        mistakes.add(pointer, "target_unknown_edition", remedy=remedy, edition=typed)
        return None


def _asked_edition(edition_id: str, mistakes: Mistakes) -> Edition | None:
    try:
        return load_edition(edition_id)
    except UnknownEditionError as error:
        remedy = _one_of(edition_id, error.known)
        mistakes.add_option(
            "--edition", "target_unknown_edition", remedy=remedy, edition=shortened(edition_id)
        )
        return None


def _one_of(word: str, known: Sequence[str]) -> Text:
    close = _closest(word, known)
    texts = [say("target_did_you_mean", close=close)] if close else []
    return joined([*texts, say("target_one_of", known=", ".join(known))])


def check_roles(value: Any, mistakes: Mistakes, edition: Edition, own: Edition) -> None:
    """Check that roles and flows exist in the edition, or else in the edition that the file itself names."""
    roles = _entries(value, "roles") if not mistakes.at(("roles",)) else []
    for pointer, _ in roles:
        role = str(pointer[-1])
        if role in edition.roles or role in own.roles:
            _check_flows(value, mistakes, role, edition, own)
        else:
            remedy = _one_of(role, list(edition.roles))
            mistakes.add(pointer, "target_unknown_role", remedy=remedy, edition=edition.id)
    if roles and not any(p[-1] in edition.roles for p, _ in roles):
        known = ", ".join(edition.roles)
        mistakes.add(("roles",), "target_no_role_of_edition", edition=edition.id, known=known)


def _check_flows(value: Any, mistakes: Mistakes, role: str, edition: Edition, own: Edition) -> None:
    served = [flow for e in (edition, own) if role in e.roles for flow in e.flows_of(role)]
    for pointer, flow in _entries(value, "roles", role, "flows"):
        if not isinstance(flow, str) or flow in served or mistakes.at(pointer):
            continue
        typed = shortened(mistakes.document.source(pointer) or "")
        key = "target_flow_of_other_role" if flow in edition.flows else "target_unknown_flow"
        remedy = say("target_one_of", known=", ".join(dict.fromkeys(served)))
        mistakes.add(pointer, key, remedy=remedy, flow=typed, role=role, edition=edition.id)


def check_templates(value: Any, mistakes: Mistakes, edition: Edition | None) -> None:
    """Check that templates lay out what the edition leaves open, and name only fields that it has there."""
    for pointer, template in _entries(value, "templates"):
        name = str(pointer[-1])
        if edition is None or mistakes.at(pointer):
            continue
        if name not in edition.templates:
            remedy = _one_of(name, list(edition.templates)) if edition.templates else say("target_leave_out")
            mistakes.add(pointer, "target_template_fixed", remedy=remedy, edition=edition.name)
            continue
        for section, _ in _entries(template):
            if section[0] not in edition.templates[name]:
                known = say("target_one_of", known=", ".join(edition.templates[name]))
                mistakes.add((*pointer, *section), "target_template_closed", remedy=known, operation=name)
        operation = next(o for o in edition.operations() if o.name == name)
        _check_layout(template, pointer, mistakes, operation)
        _check_places(template, pointer, mistakes)


def _check_layout(template: Any, pointer: Pointer, mistakes: Mistakes, operation: Operation) -> None:
    request = _at(template, "request")
    here = (*pointer, "request")
    if request is None or mistakes.at(here):
        return
    if ("parts" in request) == ("body" in request):
        mistakes.add(here, "target_template_parts_or_body")
    known = [*meanings(operation.body_schema or {}), *SPECIALS]
    bodies = {(*here, "body"), *((*p, "body") for p, _ in _entries(request, "parts") for p in [(*here, *p)])}
    for place, text in _texts(request, here):
        for meaning in PLACEHOLDER.findall(text):
            if meaning not in known:
                mistakes.add(
                    place, "target_template_meaning", remedy=_one_of(meaning, known), meaning=meaning
                )
        if CONTENT in text and not (text == CONTENT and place in bodies):
            mistakes.add(place, "target_template_content")


def _texts(value: Any, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield pointer, value
    for place, inner in _entries(value):
        yield from _texts(inner, (*pointer, *place))


def _check_places(template: Any, pointer: Pointer, mistakes: Mistakes) -> None:
    for place, text in _entries(template, "answer"):
        where = (*pointer, *place)
        if isinstance(text, str) and not text.startswith(("/", HEADER)) and not mistakes.at(where):
            mistakes.add(where, "target_template_place", remedy=_example(where))


def check_urls(value: Any, mistakes: Mistakes) -> None:
    """Check every URL but those of the hooks."""
    for pointer, _ in _entries(value, "roles"):
        _check_url(value, (*pointer, "base_url"), mistakes)
    _check_url(value, ("auth", "token_url"), mistakes, query=True)
    _check_url(value, ("auth", "issuer"), mistakes)
    _check_url(value, ("http", "proxy"), mistakes, credentials=True)


def _check_url(
    value: Any, pointer: Pointer, mistakes: Mistakes, *, query: bool = False, credentials: bool = False
) -> None:
    url = _at(value, *pointer)
    if not isinstance(url, str) or mistakes.at(pointer):
        return
    wrong = _wrong_with(url, query=query, credentials=credentials)
    if wrong:
        mistakes.add(pointer, f"target_url_{wrong}")


def _wrong_with(url: str, *, query: bool, credentials: bool) -> str | None:
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        return "space"
    try:
        parts = urlsplit(url)
        has_credentials = parts.username is not None or parts.password is not None
        port = parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        return "invalid"
    problems = {
        "scheme": parts.scheme not in {"http", "https"} or "//" not in url,
        "host": not parts.hostname,
        "invalid": port == 0,
        "credentials": has_credentials and not credentials,
        "query": "#" in url or ("?" in url and not query),
    }
    return next((name for name, wrong in problems.items() if wrong), None)


def check_secrets(value: Any, mistakes: Mistakes) -> None:
    """Check that no secret begins or ends with a space or a line break, as happens with variables."""
    places = [(*pointer, "client_secret") for pointer, _ in _entries(value, "auth", "clients")]
    places += [pointer for pointer, _ in _entries(value, "auth", "tokens")]
    for pointer in places:
        secret = _at(value, *pointer)
        if isinstance(secret, str) and secret != secret.strip() and not mistakes.at(pointer):
            mistakes.add(pointer, "target_secret_space")


def check_clients(value: Any, mistakes: Mistakes) -> None:
    """Check that no two clients have the same id."""
    seen: dict[str, Pointer] = {}
    for pointer, client in _entries(value, "auth", "clients"):
        place = (*pointer, "client_id")
        client_id = _at(client, "client_id")
        if not isinstance(client_id, str) or mistakes.at(place):
            continue
        if client_id in seen:
            first = mistakes.document.line(seen[client_id])
            mistakes.add(place, "target_duplicate_client", first=first)
        seen.setdefault(client_id, place)


def signing_key_of(value: Any) -> Any:
    """Return the signing key as a mapping, also when the file holds it as JSON text; ValueError."""
    return json.loads(value) if isinstance(value, str) else value


def check_signing_key(value: Any, mistakes: Mistakes) -> None:
    """Check that the signing key is a private one, and can sign."""
    pointer: Pointer = ("auth", "signing_key")
    raw = _at(value, *pointer)
    if not isinstance(raw, str | dict) or mistakes.at(pointer):
        return
    try:
        key = signing_key_of(raw)
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, dict) or "kty" not in key:
        mistakes.add(pointer, "target_not_a_jwk")
    elif "d" not in key and "k" not in key:
        mistakes.add(pointer, "target_public_jwk")
    else:
        try:
            sign(key, {})
        except UnusableKeyError:
            mistakes.add(pointer, "target_unusable_jwk")


def check_tls(value: Any, mistakes: Mistakes) -> None:
    """Check that the certificate files are there and can be used."""
    for name in ("ca_file", "client_cert"):
        pointer: Pointer = ("tls", name)
        typed = _at(value, *pointer)
        if not isinstance(typed, str) or mistakes.at(pointer):
            continue
        path = beside(mistakes.document.file, typed)
        if not path.is_file():
            mistakes.add(pointer, "target_no_such_file")
            continue
        try:
            (Tls(ca_file=path) if name == "ca_file" else Tls(client_cert=path)).context()
        except OSError:
            mistakes.add(pointer, f"target_unusable_{name}")


def beside(file: str, typed: str) -> Path:
    """Return the path of a file that a target file names; a relative one starts beside the target file."""
    return Path(file).parent / Path(typed).expanduser()


def check_headers(value: Any, mistakes: Mistakes) -> None:
    """Check that the gateway's headers can be sent, and don't take the place of what is under test."""
    for pointer, content in _entries(value, "http", "headers"):
        name = str(pointer[-1])
        if mistakes.at(pointer):
            continue
        if not _HEADER_NAME.fullmatch(name):
            mistakes.add(pointer, "target_header_name")
        elif name.lower() in _OWN_HEADERS:
            mistakes.add(pointer, "target_header_reserved")
        elif isinstance(content, str) and not _HEADER_VALUE.fullmatch(content):
            mistakes.add(pointer, "target_header_value")


def hook_of(value: str | list[str]) -> str | list[str]:
    """Return a hook as a URL, or as a command in words; ValueError when its quotes don't match."""
    if isinstance(value, list) or re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", value):
        return value
    return shlex.split(value)


def check_hooks(value: Any, mistakes: Mistakes) -> None:
    """Check that each hook is an https URL or a command."""
    for pointer, raw in _entries(value, "hooks"):
        if not isinstance(raw, str | list) or mistakes.at(pointer):
            continue
        try:
            hook = hook_of(raw)
        except ValueError:
            mistakes.add(pointer, "target_hook_quotes")
            continue
        if not hook:
            mistakes.add(pointer, "target_empty", remedy=_example(pointer))
        elif isinstance(hook, str):
            wrong = _wrong_with(hook, query=True, credentials=False)
            if wrong:
                mistakes.add(pointer, f"target_url_{wrong}")
            elif urlsplit(hook).scheme != "https" and not is_loopback(hook):
                mistakes.add(pointer, "target_hook_http")


def check_limits(value: Any, mistakes: Mistakes) -> None:
    """Check that no limit is infinite or not a number, which YAML can write."""
    for pointer, limit in _entries(value, "limits"):
        if isinstance(limit, float) and not math.isfinite(limit) and not mistakes.at(pointer):
            mistakes.add(pointer, "target_not_positive", remedy=_example(pointer))
