"""The target file: the implementation under test, where it is, and with which rights it is tested."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.yaml_input import Document, Pointer, read_yaml
from okd_conformance.standard.edition import Edition, edition_or_default
from okd_conformance.target.checks import beside, check_all, hook_of, signing_key_of
from okd_conformance.target.client_auth import check_client_auth, key_in
from okd_conformance.target.environments import is_production
from okd_conformance.target.mistakes import Mistakes, place_of
from okd_conformance.target.model import (
    PRODUCTION_RATE,
    Auth,
    Http,
    Limits,
    OAuthClient,
    RoleTarget,
    Secret,
    Target,
    Tls,
)
from okd_conformance.target.urls import is_loopback

__all__ = [
    "Auth",
    "Http",
    "Limits",
    "OAuthClient",
    "RoleTarget",
    "Secret",
    "Target",
    "Tls",
    "is_loopback",
    "load_target",
]

_VARIABLE = re.compile(r"\$\{([^{}]*)\}?")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def load_target(
    path: Path | str, environ: Mapping[str, str] = os.environ, *, edition: str | None = None
) -> Target:
    """Read a target file; ``edition`` is judged by in place of the file's own, and only its roles remain.

    Raises ConfigurationError with everything that is wrong with the file.
    """
    document = read_yaml(path)
    mistakes = Mistakes(document)
    if document.value is None:
        mistakes.add((), "target_empty_file")
        raise ConfigurationError(mistakes.found)
    variables: dict[Pointer, list[str]] = {}
    value = _filled(document.value, (), environ, mistakes, variables)
    if isinstance(value, dict) and value.get("edition") is None:
        value["edition"] = edition_or_default(None)
    found = check_all(value, mistakes, edition)
    check_client_auth(value, mistakes)
    if mistakes.found or found is None:
        raise ConfigurationError(mistakes.found)
    filled_secrets = tuple(
        Secret(text)
        for pointer, texts in variables.items()
        if pointer[:1] == ("hooks",) or pointer[:2] == ("auth", "extra")
        for text in texts
    )
    return _target(_without_nulls(value), document, found, filled_secrets)


def _filled(
    value: Any,
    pointer: Pointer,
    environ: Mapping[str, str],
    mistakes: Mistakes,
    variables: dict[Pointer, list[str]],
) -> Any:
    """Copy a value with each ``${NAME}`` filled in; ``variables`` receives what was filled in where."""
    if isinstance(value, dict):
        return {k: _filled(v, (*pointer, k), environ, mistakes, variables) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, (*pointer, i), environ, mistakes, variables) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    def variable(match: re.Match[str]) -> str:
        name = match[1]
        if not match[0].endswith("}") or not _VARIABLE_NAME.fullmatch(name):
            mistakes.add(pointer, "target_bad_variable")
        elif name not in environ:
            mistakes.add(pointer, "target_missing_variable", name=name)
        else:
            variables.setdefault(pointer, []).append(environ[name])
            return environ[name]
        return match[0]

    return _VARIABLE.sub(variable, value)


def _without_nulls(value: Any) -> Any:
    """Drop what has no value: in a target file that means the same as leaving it out."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


def _target(
    value: dict[str, Any], document: Document, edition: Edition, filled_secrets: tuple[Secret[str], ...]
) -> Target:
    tls = value.get("tls", {})
    files = {k: beside(document.file, tls[k]) for k in ("ca_file", "client_cert") if k in tls}
    identity = {k: value[k] for k in ("name", "vendor", "version", "contact", "environment") if k in value}
    return Target(
        **identity,
        edition=edition.name,
        roles={name: _role(role) for name, role in value["roles"].items() if name in edition.roles},
        file=Path(document.file),
        auth=_auth(value["auth"], document) if "auth" in value else None,
        tls=Tls(**{**tls, **files}),
        http=_http(value.get("http", {})),
        fixtures=value.get("fixtures", {}),
        limits=_limits(value),
        hooks={name: hook_of(hook) for name, hook in value.get("hooks", {}).items()},
        templates=value.get("templates", {}),
        lines=document.lines,
        filled_secrets=filled_secrets,
    )


def _limits(value: dict[str, Any]) -> Limits:
    guarded = is_production(value.get("environment", ""), (r["base_url"] for r in value["roles"].values()))
    rate = {"requests_per_second": PRODUCTION_RATE} if guarded else {}
    return Limits(**{**rate, **value.get("limits", {})})


def _role(value: dict[str, Any]) -> RoleTarget:
    flows = tuple(dict.fromkeys(value["flows"])) if "flows" in value else None
    return RoleTarget(base_url=value["base_url"].rstrip("/"), flows=flows)


def _auth(value: dict[str, Any], document: Document) -> Auth:
    secrets: dict[str, Any] = {
        "clients": tuple(_client(c, index, document) for index, c in enumerate(value["clients"])),
        "tokens": {kind: Secret(token) for kind, token in value.get("tokens", {}).items()},
    }
    if "signing_key" in value:
        secrets["signing_key"] = Secret(signing_key_of(value["signing_key"]))
    if "key_file" in value:
        secrets["client_key"] = Secret(key_in(value, document.file))
    plain = {name: given for name, given in value.items() if name not in {"key_file", "algorithm"}}
    return Auth(**{"token_url": "", **plain, **secrets})


def _client(value: dict[str, Any], index: int, document: Document) -> OAuthClient:
    pointer: Pointer = ("auth", "clients", index)
    return OAuthClient(
        client_id=value["client_id"],
        client_secret=Secret(value.get("client_secret", "")),
        scopes=tuple(value["scopes"]),
        component=value.get("component"),
        place=place_of(pointer),
        line=document.line(pointer),
    )


def _http(value: dict[str, Any]) -> Http:
    headers = {name: Secret(content) for name, content in value.get("headers", {}).items()}
    return Http(**{**value, "headers": headers})
