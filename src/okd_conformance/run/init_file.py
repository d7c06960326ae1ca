"""The command ``init``: writes a target file in which every field is explained.

It asks what the options leave open when there is a person at the terminal, and offers the values of the
reference. The secret itself is never asked for: the file names the environment variable that holds it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.reference.app import TOKEN_PATH
from okd_conformance.reference.school import load_school
from okd_conformance.reference.target import fixtures_of
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import Edition, UnknownEditionError, load_edition
from okd_conformance.standard.fields import Body
from okd_conformance.target.reading import load_target
from okd_conformance.target.shape import SCHEMA_FILE

REFERENCE_URL = "http://127.0.0.1:8800"
"""Where the values of the reference point: ``serve --port 8800``."""
SCHEMA = "okd-target.schema.json"
_SECOND_VARIABLE = "OKD_SECOND_SECRET"
_WIDTH = 100


@dataclass(frozen=True)
class Wishes:
    """What the options say; None is left open."""

    edition: str
    name: str | None = None
    vendor: str | None = None
    product_version: str | None = None
    contact: str | None = None
    environment: str | None = None
    roles: tuple[str, ...] = ()
    """Names, each perhaps with ``=URL``."""
    base_url: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    secret_variable: str | None = None
    reference: bool = False
    """Take the values of the reference for everything that is left open."""


@dataclass
class Facts:
    """Everything that goes into the file."""

    edition: Edition
    identity: dict[str, str]
    roles: dict[str, str]
    auth: dict[str, str] | None
    fixtures: dict[str, Any] = field(default_factory=dict)


Ask = Callable[[Text, str | None], str]
"""Puts a question to a person: the words, and what is offered."""


def write_target_file(
    file: str, wishes: Wishes, lang: Lang, ask: Ask | None, force: bool, schema: bool
) -> str:
    """Write the file and return what to do next. ``ask``: None when nobody can answer.

    Raises click.UsageError when the file exists, something is missing, or a value can't be right.
    """
    path = Path(file)
    if path.exists() and not force:
        raise click.UsageError(say("init_exists", file=file).in_language(lang))
    facts = _Gathering(wishes, lang, ask).facts()
    text = rendered(facts, lang, schema)
    _check(text, facts, lang)
    try:
        path.write_text(text, encoding="utf-8")
        if schema:
            shutil.copyfile(SCHEMA_FILE, path.with_name(SCHEMA))
    except OSError as error:
        raise click.UsageError(
            say("init_unwritable", file=file, error=error.strerror).in_language(lang)
        ) from None
    if wishes.reference or _is_reference(facts):
        return _next_for_the_reference(file, facts).in_language(lang)
    variable = facts.auth["secret_variable"] if facts.auth else None
    key = "init_next" if variable else "init_next_open"
    return say(key, file=file, variable=variable).in_language(lang)


def _is_reference(facts: Facts) -> bool:
    """Whether somebody took the reference's token endpoint and client as they were offered."""
    offered = (REFERENCE_URL + TOKEN_PATH, load_school().clients[0].client_id)
    return facts.auth is not None and (facts.auth["token_url"], facts.auth["client_id"]) == offered


def _next_for_the_reference(file: str, facts: Facts) -> Text:
    """What to do next, such that each line works as it is printed."""
    auth = facts.auth or {}
    first, second = load_school().clients[:2]
    secrets = {
        auth.get("secret_variable"): first.client_secret,
        auth.get("second_variable"): second.client_secret,
    }
    exports = "\n".join(f"  export {name}={secret}" for name, secret in secrets.items() if name)
    port = urlsplit(REFERENCE_URL).port
    return say("init_next_reference", file=file, edition=facts.edition.name, port=port, exports=exports)


def _check(text: str, facts: Facts, lang: Lang) -> None:
    """See that the suite itself takes the file."""
    names = ("secret_variable", "second_variable")
    variables = {facts.auth[name]: "x" for name in names if name in facts.auth} if facts.auth else {}
    with tempfile.TemporaryDirectory(prefix="okd-conformance-") as folder:
        file = Path(folder) / "target.yaml"
        file.write_text(text, encoding="utf-8")
        try:
            load_target(file, variables)
        except ConfigurationError as error:
            found = "\n".join(
                f"  {m.message.in_language(lang)}\n    {m.remedy.in_language(lang)}" for m in error.mistakes
            )
            raise click.UsageError(say("init_wrong", mistakes=found).in_language(lang)) from None


class _Gathering:
    """Puts the facts together from options, answers and the reference's values."""

    def __init__(self, wishes: Wishes, lang: Lang, ask: Ask | None) -> None:
        self._wishes = wishes
        self._lang: Lang = lang
        self._ask = ask
        self._missing: list[str] = []

    def facts(self) -> Facts:
        edition = self._edition()
        if self._ask is not None:
            click.echo(say("init_hello").in_language(self._lang) + "\n", err=True)
        wishes = self._wishes
        identity = {
            key: self._value(key, given, offered)
            for key, given, offered in (
                ("name", wishes.name, "Embedded reference" if wishes.reference else None),
                ("vendor", wishes.vendor, "okd-conformance" if wishes.reference else None),
                ("version", wishes.product_version, edition.version if wishes.reference else None),
                ("contact", wishes.contact, ""),
                ("environment", wishes.environment, "test"),
            )
        }
        roles = self._roles(edition)
        auth = self._auth() if edition.scopes else None
        facts = Facts(edition, {k: v for k, v in identity.items() if v}, roles, auth)
        facts.fixtures = self._fixtures(edition, roles)
        if self._missing:
            options = ", ".join(self._missing)
            raise click.UsageError(say("init_missing", options=options).in_language(self._lang))
        return facts

    def _edition(self) -> Edition:
        try:
            return load_edition(self._wishes.edition)
        except UnknownEditionError as error:
            known = ", ".join(error.known)
            words = say("unknown_edition", edition=self._wishes.edition, known=known)
            raise click.UsageError(words.in_language(self._lang)) from None

    def _value(self, key: str, given: str | None, offered: str | None, option: str | None = None) -> str:
        """What was given, else what a person answers, else what is offered."""
        if given is not None:
            return given
        if self._ask is not None:
            return self._ask(say(f"init_ask_{key}"), offered).strip()
        if offered is None:
            self._missing.append(option or _OPTIONS[key])
        return offered or ""

    def _roles(self, edition: Edition) -> dict[str, str]:
        wishes = self._wishes
        every = list(edition.roles)
        offered = ",".join(every) if wishes.reference else "dms" if "dms" in every else every[0]
        named = wishes.roles or tuple(
            word.strip() for word in self._value("roles", None, offered).split(",") if word.strip()
        )
        found = {}
        for one in named:
            role, _, url = one.partition("=")
            if role not in edition.roles:
                words = say("init_unknown_role", role=role, edition=edition.id, known=", ".join(every))
                raise click.UsageError(words.in_language(self._lang))
            found[role] = url or self._base_url(edition, role)
        return found

    def _base_url(self, edition: Edition, role: str) -> str:
        own = REFERENCE_URL + edition.roles[role].path_prefix
        if self._wishes.base_url is not None:
            return self._wishes.base_url
        if self._ask is not None:
            title = edition.roles[role].title
            return self._ask(say("init_ask_base_url", role=title), own).strip()
        if not self._wishes.reference:
            self._missing.append(f"--role {role}=URL (--base-url)")
        return own

    def _auth(self) -> dict[str, str]:
        wishes = self._wishes
        reference = wishes.reference or self._ask is not None
        client = load_school().clients[0]
        return {
            "token_url": self._value(
                "token_url", wishes.token_url, REFERENCE_URL + TOKEN_PATH if reference else None
            ),
            "client_id": self._value("client_id", wishes.client_id, client.client_id if reference else None),
            "secret_variable": self._value("secret_variable", wishes.secret_variable, "OKD_SECRET"),
            **({"second_variable": _SECOND_VARIABLE} if wishes.reference else {}),
        }

    def _fixtures(self, edition: Edition, roles: Iterable[str]) -> dict[str, Any]:
        offered = fixtures_of(load_school())
        found: dict[str, Any] = {}
        if self._ask is not None and fixtures_needed(edition, roles):
            click.echo("\n" + say("init_fixtures_hello").in_language(self._lang) + "\n", err=True)
        for name in fixtures_needed(edition, roles):
            value = offered[name]
            if isinstance(value, dict):
                found[name] = {key: self._in_group(name, key, inner) for key, inner in value.items()}
            else:
                found[name] = self._value(name, None, value)
        return found

    def _in_group(self, group: str, key: str, offered: str) -> str:
        if self._ask is None:
            return offered
        question = say("init_ask_in_group", group=say(f"init_ask_{group}"), what=say(f"init_ask_{key}"))
        return self._ask(question, offered).strip()


_OPTIONS = {
    "name": "--name",
    "vendor": "--vendor",
    "version": "--product-version",
    "token_url": "--token-url",
    "client_id": "--client-id",
    "roles": "--role",
}


def fixtures_needed(edition: Edition, roles: Iterable[str]) -> list[str]:
    """The fixtures that checks of these roles need, in the order of the target file."""
    wanted: set[str] = set()
    for role in roles:
        for operation in edition.operations(role):
            wanted.update(
                p.fixture for p in (*operation.path_parameters, *operation.query_parameters) if p.fixture
            )
            for example in operation.examples.values():
                if operation.body_schema is not None:
                    places = Body(operation.body_schema, example).places()
                    wanted.update(p.schema["x-okd-fixture"] for p in places if "x-okd-fixture" in p.schema)
        for requirement in load_catalogue().of(edition, role):
            wanted.update(requirement.fixtures)
    return [name for name in fixtures_of(load_school()) if name in wanted]


# --- the file ---------------------------------------------------------------------------------------------


def rendered(facts: Facts, lang: Lang, schema: bool = False) -> str:
    """Return the file as YAML with comments."""
    lines = [f"# yaml-language-server: $schema={SCHEMA}"] if schema else []
    lines += [*_comment(say("init_head"), lang), ""]
    for key, value in {**_IDENTITY, **facts.identity}.items():
        lines += _comment(say(f"init_field_{key}"), lang)
        lines.append(f"{key}: {_yaml(value)}" if value else f"# {key}: okd@acme.example")
        if key == "version":
            lines += _comment(say("init_field_edition"), lang)
            lines.append(f"edition: {_yaml(facts.edition.name)}")
    lines += ["", *_comment(say("init_field_roles"), lang), "roles:"]
    for role, url in facts.roles.items():
        flows = ", ".join(f'"{flow}"' for flow in facts.edition.flows_of(role))
        lines += [f"  {role}:", f"    base_url: {_yaml(url)}", f"    # flows: [{flows}]"]
    if facts.auth is not None:
        lines += ["", *_auth_lines(facts.auth, facts.edition, lang)]
    if facts.fixtures:
        lines += ["", *_comment(say("init_field_fixtures"), lang), "fixtures:"]
        lines += [f"  {line}" for line in _fixture_lines(facts.fixtures, lang)]
    lines += ["", *_rest(lang)]
    return "\n".join(lines) + "\n"


_IDENTITY = {"name": "", "vendor": "", "version": "", "contact": "", "environment": ""}


def _yaml(value: str) -> str:
    """A text in double quotes: JSON's form is YAML too."""
    return json.dumps(value, ensure_ascii=False)


def _yaml_list(values: Iterable[str]) -> str:
    return f"[{', '.join(_yaml(value) for value in values)}]"


def _comment(text: Text, lang: Lang, indent: str = "") -> list[str]:
    width = _WIDTH - len(indent)
    lines = textwrap.wrap(text.in_language(lang), width, break_long_words=False, break_on_hyphens=False)
    return [f"{indent}# {line}" for line in lines]


def _auth_lines(auth: Mapping[str, str], edition: Edition, lang: Lang) -> Iterator[str]:
    yield from _comment(say("init_field_auth"), lang)
    yield "auth:"
    yield f"  token_url: {_yaml(auth['token_url'])}"
    yield from _comment(say("init_field_client_auth"), lang, "  ")
    yield "  # client_auth: basic"
    yield from _comment(say("init_field_clients"), lang, "  ")
    yield "  clients:"
    yield f"    - client_id: {_yaml(auth['client_id'])}"
    yield from _comment(say("init_field_client_secret"), lang, "      ")
    yield f'      client_secret: "${{{auth["secret_variable"]}}}"'
    if "second_variable" in auth:
        yield f"      component: {_yaml(load_school().clients[0].component)}"
    yield from _comment(say("init_field_scopes"), lang, "      ")
    yield "      scopes:"
    for scope in edition.scopes:
        yield f"        - {_yaml(scope)}"
    yield from _comment(say("init_field_second_client"), lang, "    ")
    second = load_school().clients[1]
    shown = "    " if "second_variable" in auth else "    # "
    yield f"{shown}- client_id: {_yaml(second.client_id)}"
    yield f'{shown}  client_secret: "${{{_SECOND_VARIABLE}}}"'
    yield f"{shown}  component: {_yaml(second.component)}"
    yield f"{shown}  scopes: {_yaml_list(edition.scopes[:1])}"
    yield from _comment(say("init_field_default_scope"), lang, "  ")
    yield "  # default_scope: api://app/.default"
    yield from _comment(say("init_field_signing_key"), lang, "  ")
    yield '  # signing_key: "${OKD_SIGNING_KEY}"'


def _fixture_lines(fixtures: Mapping[str, Any], lang: Lang) -> Iterator[str]:
    for name, value in fixtures.items():
        yield from _comment(say(f"init_field_{name}"), lang)
        if isinstance(value, dict):
            yield f"{name}:"
            yield from (f"  {key}: {_yaml(inner)}" for key, inner in value.items())
        else:
            yield f"{name}: {_yaml(value)}"


def _rest(lang: Lang) -> Iterator[str]:
    """What most targets don't need, as comments."""
    for key, example in _SELDOM:
        yield from _comment(say(f"init_field_{key}"), lang)
        yield f"# {key}: {example}"


_SELDOM: Sequence[tuple[str, str]] = (
    ("tls", "{ca_file: acme-ca.pem, client_cert: null, terminated_elsewhere: false}"),
    ("http", '{proxy: null, headers: {X-Gateway-Key: "${GATEWAY_KEY}"}}'),
    ("limits", "{requests_per_second: 50, timeout_s: 30, max_requests: 20000, max_duration_s: 14400}"),
    ("hooks", '{show_filing: "https://sandbox.acme.example/okd/show-filing"}'),
)
