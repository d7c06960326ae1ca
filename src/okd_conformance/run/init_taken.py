"""What ``init`` takes over: from a target file, an OpenAPI file, or answers that an interruption left."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from okd_conformance.base.yaml_input import Manner, read_yaml
from okd_conformance.standard.edition import Edition
from okd_conformance.target.mistakes import at, entries

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_MANNER = Manner(max_bytes=5_000_000, max_nodes=500_000, lenient=True)
"""OpenAPI files are large, and often have numbers as keys."""
_PLACES = {
    "token_url": ("auth", "token_url"),
    "client_id": ("auth", "clients", 0, "client_id"),
    **{key: (key,) for key in ("name", "vendor", "version", "contact", "environment")},
}


def unfinished(file: Path) -> Path:
    """Where the answers of an interrupted ``init`` wait for the next one."""
    return file.with_name(file.name + ".unfinished")


def keep(file: Path, answers: Mapping[str, str]) -> None:
    """Write down what was answered; no secret is among it."""
    text = yaml.safe_dump({"answers": dict(answers)}, allow_unicode=True, sort_keys=False)
    unfinished(file).write_text(text, encoding="utf-8")


def taken_from(file: Path, edition: Edition) -> dict[str, str]:
    """The answers that a file holds, by the names of the questions; ConfigurationError when it isn't YAML."""
    value = read_yaml(file, _MANNER).value
    if at(value, "answers") is not None:
        return _texts({str(pointer[-1]): answer for pointer, answer in entries(value, "answers")})
    if at(value, "openapi") is not None:
        return _of_openapi(value, edition)
    return _texts(_of_target(value))


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in found.items() if isinstance(value, str | int | float)}


def _of_target(value: Any) -> dict[str, Any]:
    clients = at(value, "auth", "clients")
    places = {k: p for k, p in _PLACES.items() if k != "client_id" or (isinstance(clients, list) and clients)}
    found = {key: at(value, *place) for key, place in places.items()}
    secret = at(value, "auth", "clients", 0, "client_secret") if "client_id" in places else None
    if isinstance(secret, str) and (variable := _VARIABLE.fullmatch(secret)):
        found["secret_variable"] = variable[1]
    roles = {str(pointer[-1]): at(role, "base_url") for pointer, role in entries(value, "roles")}
    found |= {"roles": ",".join(roles), **{f"base_url {role}": url for role, url in roles.items()}}
    for pointer, fixture in entries(value, "fixtures"):
        name = str(pointer[-1])
        found[name] = fixture
        found |= {f"{name} {inner[-1]}": each for inner, each in entries(fixture)}
    return {key: each for key, each in found.items() if each}


def _of_openapi(value: Any, edition: Edition) -> dict[str, str]:
    """The roles of which most operations are there, each where its paths begin."""
    servers = at(value, "servers")
    server = str(at(servers[0], "url") or "") if isinstance(servers, list) and servers else ""
    served = {
        (method, _nameless(str(pointer[-1])))
        for pointer, item in entries(value, "paths")
        if isinstance(item, dict)
        for method in item
    }
    found = {role: prefix for role in edition.roles if (prefix := _prefix(served, edition, role)) is not None}
    bases = {f"base_url {role}": server.rstrip("/") + prefix for role, prefix in found.items()}
    return {"roles": ",".join(found), **bases} if found else {}


def _prefix(served: Iterable[tuple[str, str]], edition: Edition, role: str) -> str | None:
    """Where most of a role's operations are found, as what stands before their paths."""
    wanted = {(o.method.lower(), _nameless(o.path)) for o in edition.operations(role)}
    before = Counter(
        path.removesuffix(end)
        for method, path in served
        for way, end in wanted
        if way == method and path.endswith(end)
    )
    prefix, count = before.most_common(1)[0] if before else ("", 0)
    return prefix if 2 * count > len(wanted) else None


def _nameless(path: str) -> str:
    """A path template without the names of its parameters, which differ between authors."""
    return re.sub(r"\{[^}]*\}", "{}", path)
