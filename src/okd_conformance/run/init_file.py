"""The command ``init``: writes a target file in which every field is explained.

It asks what the options leave open when there is a person at the terminal, and offers the values of the
reference. The secret itself is never asked for: the file names the environment variable that holds it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.reference.app import TOKEN_PATH
from okd_conformance.reference.school import load_school
from okd_conformance.reference.target import fixtures_of
from okd_conformance.run.init_taken import keep, taken_from, unfinished
from okd_conformance.run.init_text import SCHEMA, SECOND_VARIABLE, Facts, rendered
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import Edition, UnknownEditionError, load_edition
from okd_conformance.standard.fields import Body
from okd_conformance.target.environments import TESTING, is_known
from okd_conformance.target.reading import load_target
from okd_conformance.target.shape import SCHEMA_FILE
from okd_conformance.target.urls import wrong_with

REFERENCE_URL = "http://127.0.0.1:8800"
"""Where the values of the reference point: ``serve --port 8800``."""


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
    source: str | None = None
    """A target file or an OpenAPI file whose values are offered."""
    reference: bool = False
    """Take the values of the reference for everything that is left open."""


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
    gathering = _Gathering(wishes, lang, ask, path)
    try:
        facts = gathering.facts()
        text = rendered(facts, lang, schema)
        _check(text, facts, lang)
    except (click.Abort, click.UsageError, KeyboardInterrupt):
        gathering.keep_answers()
        raise
    try:
        path.write_text(text, encoding="utf-8")
        if schema:
            shutil.copyfile(SCHEMA_FILE, path.with_name(SCHEMA))
        if ask is not None:
            unfinished(path).unlink(missing_ok=True)
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
    """Raise ConfigurationError when the suite itself would refuse the file."""
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

    def __init__(self, wishes: Wishes, lang: Lang, ask: Ask | None, file: Path) -> None:
        self._wishes = wishes
        self._file = file
        self._taken: dict[str, str] = {}
        self._answers: dict[str, str] = {}
        self._lang: Lang = lang
        self._ask = ask
        self._missing: list[str] = []

    def facts(self) -> Facts:
        edition = self._edition()
        if self._ask is not None:
            click.echo(say("init_hello").in_language(self._lang) + "\n", err=True)
        self._take_up(edition)
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

    def _take_up(self, edition: Edition) -> None:
        """Read the file with values to offer, and the answers that an interruption left."""
        left = unfinished(self._file)
        sources = [self._wishes.source] if self._wishes.source else []
        if self._ask is not None and left.exists():
            sources.append(str(left))
        for source in sources:
            try:
                taken = taken_from(Path(source), edition)
            except ConfigurationError as error:
                raise click.UsageError(error.render(self._lang)) from None
            self._taken |= taken
            words = say("init_taken" if taken else "init_nothing_taken", file=source, n=len(taken))
            click.echo(words.in_language(self._lang), err=True)

    def keep_answers(self) -> None:
        """Write down what a person answered, for the next try."""
        if not self._answers:
            return
        try:
            keep(self._file, self._taken | self._answers)
        except OSError:
            return  # a folder that can't be written is told by what brought us here, or by the next try
        words = say("init_kept", kept=str(unfinished(self._file)), file=str(self._file))
        click.echo("\n" + words.in_language(self._lang), err=True)

    def _asked(self, ask: Ask, key: str, question: Text, offered: str | None) -> str:
        """What a person answers, asked again until it can be right."""
        while True:
            answer = ask(question, self._taken.get(key) or offered).strip()
            wrong = self._wrong_with(key, answer)
            if wrong is None:
                self._answers[key] = answer
                return answer
            click.echo("  " + wrong.in_language(self._lang), err=True)

    def _wrong_with(self, key: str, answer: str) -> Text | None:
        """Why an answer can't be right; None when it can."""
        if not answer:
            return None if key == "contact" else say("init_empty")
        if key == "roles":
            edition = self._edition()
            unknown = [role for role in _names(answer) if role.partition("=")[0] not in edition.roles]
            known = ", ".join(edition.roles)
            return (
                say("init_unknown_role", role=unknown[0], edition=edition.id, known=known)
                if unknown
                else None
            )
        if key == "environment" and not is_known(answer):
            return say("target_unknown_environment_remedy", known=", ".join(TESTING))
        if key == "secret_variable" and not re.fullmatch(r"[A-Za-z_]\w*", answer, re.ASCII):
            return say("init_not_a_variable")
        if key == "token_url" or key.startswith("base_url"):
            problem = wrong_with(answer, query=key == "token_url", credentials=False)
            return say(f"target_url_{problem}_remedy", place=key, key=key) if problem else None
        return None

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
            return self._asked(self._ask, key, say(f"init_ask_{key}"), offered)
        offered = self._taken.get(key) or offered
        if offered is None:
            self._missing.append(option or _OPTIONS[key])
        return offered or ""

    def _roles(self, edition: Edition) -> dict[str, str]:
        wishes = self._wishes
        every = list(edition.roles)
        offered = ",".join(every) if wishes.reference else "dms" if "dms" in every else every[0]
        named = wishes.roles or _names(self._value("roles", None, offered))
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
            question = say("init_ask_base_url", role=edition.roles[role].title)
            return self._asked(self._ask, f"base_url {role}", question, own)
        if f"base_url {role}" in self._taken:
            return self._taken[f"base_url {role}"]
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
            **({"second_variable": SECOND_VARIABLE} if wishes.reference else {}),
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
        name = f"{group} {key}"
        if self._ask is None:
            return self._taken.get(name) or offered
        question = say("init_ask_in_group", group=say(f"init_ask_{group}"), what=say(f"init_ask_{key}"))
        return self._asked(self._ask, name, question, offered)


def _names(typed: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(word.strip() for word in typed.split(",") if word.strip())


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
