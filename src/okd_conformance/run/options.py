"""The options of a run, each defined once: as a field of ``Options``.

The command ``run``, plain pytest, the hand-over between the two, and the report take them from there.
"""

from __future__ import annotations

import locale
import os
import re
import secrets
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from okd_conformance import DEFAULT_EDITION
from okd_conformance.base.choices import Lang, Large, Profile


@dataclass(frozen=True, slots=True)
class Option:
    """How an option is asked for."""

    field: str
    """Where its value stands in ``Options``."""
    name: str
    """What it is called, without dashes."""
    default: Any
    """Its value when nobody gives it, or what finds that out."""
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    most: int | None = None
    """The largest number; the smallest is then 1."""
    names: str | None = None
    """What the shell offers."""
    of_run: bool = True
    """Whether the command ``run`` has it."""
    of_pytest: bool = True
    """Whether plain pytest has it."""

    @property
    def is_flag(self) -> bool:
        """Whether it has no value of its own."""
        return isinstance(self.default, bool)

    @property
    def is_number(self) -> bool:
        """Whether its value is a whole number."""
        return isinstance(self.default, int) and not self.is_flag

    @property
    def is_many(self) -> bool:
        """Whether it can be repeated."""
        return isinstance(self.default, tuple)

    @classmethod
    def of(cls, one: Field[Any]) -> Option:
        """The option that a field describes."""
        default = one.default if one.default_factory is MISSING else one.default_factory
        described = {"name": one.name.replace("_", "-"), **one.metadata}
        return cls(field=one.name, default=default, **described)


def _told(words: str, **more: Any) -> dict[str, Any]:
    """What people are told of an option, and what else it has; its default is that of its field."""
    return {"help": words, **more}


def environment_language() -> Lang:
    """The language of the environment, which need not be installed as a locale; on Windows the system's."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next((value for value in named if value), None) or locale.getlocale()[0] or ""
    return "nl" if re.match(r"(nl|dutch)([_.@-]|$)", name, re.IGNORECASE) else "en"


@dataclass(frozen=True)
class Options:
    """What was asked of a run."""

    target: str | None = field(
        default=None,
        metadata=_told("Target file; without one: the embedded reference.", metavar="FILE", of_run=False),
    )
    edition: str | None = field(
        default=None,
        metadata=_told(
            f"Edition to judge by; default the target's, else {DEFAULT_EDITION}.",
            metavar="ID",
            names="editions",
        ),
    )
    roles: tuple[str, ...] = field(
        default=(),
        metadata=_told("Only this role; repeatable.", name="role", metavar="ROLE", names="roles"),
    )
    flows: tuple[str, ...] = field(
        default=(),
        metadata=_told("Only this flow; repeatable.", name="flow", metavar="FLOW", names="flows"),
    )
    requirements: tuple[str, ...] = field(
        default=(),
        metadata=_told(
            "Only this requirement or section; repeatable.",
            name="requirement",
            metavar="ID",
            names="requirements",
        ),
    )
    cases: tuple[str, ...] = field(
        default=(), metadata=_told("Only this case; repeatable.", name="case", metavar="ID")
    )
    profile: Profile = field(
        default="standard",
        metadata=_told(
            "smoke: a few cases per operation; full: the messages of 1 GB too.", choices=get_args(Profile)
        ),
    )
    large: Large = field(
        default="all",
        metadata=_told(
            "Profile full: 1 GB by every operation, or by one and less by the others.",
            choices=get_args(Large),
        ),
    )
    seed: int = field(default=0, metadata=_told("The same seed, the same requests."))
    workers: int = field(
        default=1, metadata=_told("Processes that share the cases.", most=16, of_pytest=False)
    )
    run_id: str = field(default="", metadata=_told("", of_run=False))
    report_dir: str | None = field(
        default=None, metadata=_told("Where to write; default reports/<run id>.", metavar="DIR")
    )
    lang: Lang = field(
        default_factory=environment_language,
        metadata=_told("Default: the locale's.", choices=get_args(Lang)),
    )
    allow_production: bool = field(
        default=False, metadata=_told("Write into a target that says it is production.")
    )
    allow_incomplete: bool = field(
        default=False, metadata=_told("Exit 0 when something could not be judged.")
    )
    allow_hooks: bool = field(
        default=False, metadata=_told("Start the commands that the target file has as hooks.")
    )
    keep_data: bool = field(default=False, metadata=_told("Leave what the run creates at the target."))
    baseline: str | None = field(
        default=None, metadata=_told("Known failures, excused for the exit code.", metavar="FILE")
    )
    write_baseline: str | None = field(
        default=None,
        metadata=_told(
            "Add the failures that no baseline excuses to this one, for you to give reasons.", metavar="FILE"
        ),
    )
    compare: str | None = field(
        default=None,
        metadata=_told("Say what is still to be changed to conform to this edition.", metavar="EDITION"),
    )
    quiet: bool = field(default=False, metadata=_told("Only the verdict."))

    def as_json(self) -> dict[str, Any]:
        """A form that a worker process can be handed."""
        return asdict(self)

    @property
    def folder(self) -> Path:
        """Where the run writes."""
        return Path(self.report_dir) if self.report_dir else Path("reports") / self.run_id

    @property
    def narrowed(self) -> tuple[tuple[str, str], ...]:
        """What was chosen of the standard: pairs of an option and a value, as they were typed."""
        many = [option for option in OPTIONS if option.is_many]
        return tuple((f"--{o.name}", value) for o in many for value in getattr(self, o.field))


OPTIONS = tuple(map(Option.of, fields(Options)))
"""Every option, in the order in which people read them."""


def new_run_id() -> str:
    """A run id: the time in UTC, to the second, and four random hex digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
