"""The text of a target file in which every field is explained."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from okd_conformance.base.text import Lang, Text, say
from okd_conformance.reference.school import load_school
from okd_conformance.standard.edition import Edition

SCHEMA = "okd-target.schema.json"
SECOND_VARIABLE = "OKD_SECOND_SECRET"
_WIDTH = 100


@dataclass
class Facts:
    """Everything that goes into the file."""

    edition: Edition
    identity: dict[str, str]
    roles: dict[str, str]
    auth: dict[str, str] | None
    fixtures: dict[str, Any] = field(default_factory=dict)


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
    yield f'{shown}  client_secret: "${{{SECOND_VARIABLE}}}"'
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
    ("limits", "{requests_per_second: 50, timeout_s: 30, ready_within_s: 10, max_requests: 20000}"),
    ("hooks", '{show_filing: "https://sandbox.acme.example/okd/show-filing"}'),
)
