"""The command line. Each command imports what it needs when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from okd_conformance import __version__
from okd_conformance.cli.completing import names_of
from okd_conformance.cli.options import MANY, edition_option, lang_option, run_options
from okd_conformance.run.options import Options, new_run_id

if TYPE_CHECKING:
    from okd_conformance.base.text import Lang

_T = TypeVar("_T")


def _read(make: Callable[[], _T], lang: Lang) -> _T:
    """What ``make`` makes of files that the user named; a mistake in one is told as wrong usage."""
    from okd_conformance.base.configuration import ConfigurationError  # noqa: PLC0415

    try:
        return make()
    except ConfigurationError as error:
        raise click.UsageError(error.render(lang)) from None


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with 'run': without TARGET it judges the reference that comes with it. "
    "For your own system: 'init', 'check-config', 'run'.",
)
@click.version_option(__version__)
def main() -> None:
    """Judge an implementation of OKD, the document coupling of Dutch MBO schools."""


@main.command()
@click.argument("target", required=False, type=click.Path())
@run_options
def run(**given: Any) -> None:
    """Judge TARGET, or without one the embedded reference."""
    from okd_conformance.cli.run_command import run_suites  # noqa: PLC0415

    sys.exit(run_suites(Options(run_id=new_run_id(), **given)))


@main.command(short_help="Serve the reference implementation on loopback.")
@edition_option
@click.option(
    "--role",
    "roles",
    metavar="ROLE",
    help="Serve only this role; repeatable.",
    shell_complete=names_of("roles"),
    **MANY,
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes a free one.")
@click.option(
    "--fault",
    "faults",
    metavar="NAME",
    help="Deviate so; repeatable. 'list faults' names them.",
    shell_complete=names_of("faults"),
    **MANY,
)
@click.option(
    "--variant",
    "variants",
    metavar="NAME",
    help="Differ so; repeatable. 'list variants' names them.",
    shell_complete=names_of("variants"),
    **MANY,
)
@click.option("--print-target", is_flag=True, help="Print the target file for it; it ends with a line '...'.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
@lang_option
def serve(**given: Any) -> None:
    """Serve the reference implementation on loopback, with its token issuer."""
    from okd_conformance.cli.serve import serve_reference  # noqa: PLC0415

    serve_reference(**given)


@main.command(name="list")
@click.argument(
    "what",
    type=click.Choice(["requirements", "flows", "operations", "editions", "roles", "faults", "variants"]),
)
@edition_option
@click.option("--role", metavar="ROLE", shell_complete=names_of("roles"))
@click.option("--grep", "words", metavar="WORDS", help="Only the rows that hold these words, in any column.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")
@lang_option
def list_(what: str, edition: str, role: str | None, words: str | None, form: str, lang: Lang) -> None:
    """List what there is."""
    from okd_conformance.cli.listing import holding, listing, shown  # noqa: PLC0415

    rows = holding(words, listing(what, edition, role, lang))
    click.echo(shown(rows, form), nl=False)


@main.command(short_help="Explain one requirement.")
@click.argument("identifier", metavar="ID", shell_complete=names_of("every requirement"))
@lang_option
def explain(identifier: str, lang: Lang) -> None:
    """Explain one requirement: what, why, source, how it is tested, what proves the check."""
    from okd_conformance.cli.explaining import explained  # noqa: PLC0415

    click.echo(explained(identifier, lang), nl=False)


@main.group()
def faults() -> None:
    """Prove the checks with the faults of the reference."""


@faults.command(name="run")
@edition_option
@click.option("--only", metavar="REGEX", help="Only the faults whose name matches; repeatable.", **MANY)
@click.option("--only-changed", metavar="COMMIT", help="Only what files touch that changed since then.")
@click.option("--variants", is_flag=True, help="Prove the variants instead: nothing may fail or warn.")
@click.option("--workers", type=click.IntRange(1, 16), default=2, show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text")
@click.option("--output", type=click.Path(dir_okay=False, writable=True), help="Write the table there.")
def faults_run(**given: Any) -> None:
    """Run the reference with each fault and write the table fault x requirement."""
    from okd_conformance.cli.faults import run_faults  # noqa: PLC0415

    sys.exit(run_faults(**given))


@main.command()
@click.argument("ledger", metavar="LEDGER", type=click.Path(dir_okay=False))
@click.argument("target", metavar="TARGET.yaml", type=click.Path(dir_okay=False))
@click.option("--allow-production", is_flag=True, help="Delete at a target that says it is production.")
@click.option("--allow-hooks", is_flag=True, help="Start the commands that the target file has as hooks.")
@click.option("--allow-other-target", is_flag=True, help="The target moved: its address is not the ledger's.")
@lang_option
def cleanup(ledger: str, target: str, lang: Lang, **allowed: bool) -> None:
    """Undo what an earlier run left at the target.

    LEDGER is the ledger.json in the folder of the run, also when the run was killed and only journals
    (ledger.jsonl, ledger-gw0.jsonl) are there; or one of those.
    """
    from okd_conformance.run.clean_up import clean  # noqa: PLC0415

    sys.exit(clean(ledger, target, lang, **allowed))


@main.command(short_help="Render stored results again.")
@click.argument("report_json", metavar="REPORT.json", type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "manager", "junit", "markdown", "sarif", "badge"]),
    default="html",
    help="manager: one page for who decides; sarif: the findings for other tools.",
)
@lang_option
@click.option("--output", type=click.Path(dir_okay=False, writable=True), help="Default: standard output.")
def report(report_json: str, form: str, lang: Lang, output: str | None) -> None:
    """Render stored results again; exchanges.har is read from beside them."""
    from okd_conformance.cli.report import rendered_again  # noqa: PLC0415

    text = _read(lambda: rendered_again(report_json, form, lang), lang)
    with click.open_file(output or "-", "w", encoding="utf-8") as file:
        file.write(text)


@main.command(name="init", short_help="Write a target file that explains itself.")
@click.argument("file", default="target.yaml", type=click.Path(dir_okay=False))
@edition_option
@click.option("--name", help="The product.")
@click.option("--vendor", help="Who makes it.")
@click.option("--product-version", metavar="VERSION", help="Its version.")
@click.option("--contact", help="Where questions go.")
@click.option("--environment", help="test, staging or production.")
@click.option("--role", "roles", metavar="ROLE[=URL]", help="A role it plays; repeatable.", **MANY)
@click.option("--base-url", metavar="URL", help="Of the roles that have none of their own.")
@click.option("--token-url", metavar="URL")
@click.option("--client-id", metavar="ID")
@click.option("--secret-variable", metavar="NAME", help="Environment variable with the client secret.")
@click.option(
    "--from",
    "source",
    metavar="OLD",
    type=click.Path(dir_okay=False),
    help="Offer what this target file or OpenAPI file says.",
)
@click.option("--reference", is_flag=True, help="The values of 'okd-conformance serve --port 8800'.")
@click.option("--with-schema", is_flag=True, help="Also write the schema beside it, for editors.")
@click.option("--no-input", is_flag=True, help="Never ask.")
@click.option("--force", is_flag=True, help="Replace FILE.")
@lang_option
def init(file: str, lang: Lang, no_input: bool, force: bool, with_schema: bool, **wishes: Any) -> None:
    """Write a target file with explanations; asks at a terminal what the options leave open."""
    from okd_conformance.run.init_file import Wishes, write_target_file  # noqa: PLC0415

    def ask(question: Any, offered: str | None) -> str:
        answer: str = click.prompt(
            question.in_language(lang), default=offered, show_default=bool(offered), err=True
        )
        return answer

    asks = None if no_input or wishes["reference"] or not sys.stdin.isatty() else ask
    click.echo(write_target_file(file, Wishes(**wishes), lang, asks, force, with_schema))


@main.command(name="check-config", short_help="Look whether TARGET can be judged.")
@click.argument("target", type=click.Path())
@click.option("--edition", metavar="ID", help="Edition to judge by; default the target's.")
@lang_option
def check_config(target: str, edition: str | None, lang: Lang) -> None:
    """Look whether TARGET can be judged: addresses, tokens, test data. Writes nothing at the target."""
    from okd_conformance.run.check_config import check_target  # noqa: PLC0415

    sys.exit(check_target(target, edition, lang))


@main.command(short_help="Tell what broke and what was mended between two runs.")
@click.argument("old", metavar="OLD.json", type=click.Path())
@click.argument("new", metavar="NEW.json", type=click.Path())
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text")
@lang_option
def compare(old: str, new: str, form: str, lang: Lang) -> None:
    """Tell what broke and what was mended between two runs; exit code 1 when something broke."""
    from okd_conformance.report.compare import compare_files  # noqa: PLC0415

    words, code = _read(lambda: compare_files(old, new, form, lang), lang)
    click.echo(words, nl=False)
    sys.exit(code)


_FORMS = click.Choice(["text", "json", "sarif", "markdown"])
_FAIL_ON = click.Choice(["error", "warning", "note", "never"])


@main.group(short_help="Tools for the standards group.")
def standard() -> None:
    """Tools for the standards group: is the text sound, what changes, whom does it break."""


@standard.command(name="lint")
@click.argument("document", metavar="SPEC.yaml", type=click.Path())
@click.option(
    "--doc",
    "doc_folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="The flow documents; default a folder doc beside the document or above it.",
)
@click.option("--format", "form", type=_FORMS, default="text", show_default=True)
@click.option("--fail-on", type=_FAIL_ON, default="note", show_default=True, help="What makes exit code 1.")
@lang_option
def standard_lint(**given: Any) -> None:
    """Find what is wrong in a published OpenAPI document and its flow documents."""
    from okd_conformance.cli.standard import lint_command  # noqa: PLC0415

    sys.exit(lint_command(**given))


@standard.command(name="diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--format", "form", type=_FORMS, default="markdown", show_default=True)
@click.option("--fail-on", type=_FAIL_ON, default="note", show_default=True, help="What makes exit code 1.")
@lang_option
def standard_diff(**given: Any) -> None:
    """Tell what changes between two editions or two spec folders, and whom it breaks."""
    from okd_conformance.cli.standard import diff_command  # noqa: PLC0415

    sys.exit(diff_command(**given))


@standard.command(name="drift")
@click.argument("document", metavar="SPEC.yaml", type=click.Path())
@edition_option
@click.option("--format", "form", type=_FORMS, default="text", show_default=True)
@click.option("--fail-on", type=_FAIL_ON, default="note", show_default=True, help="What makes exit code 1.")
@lang_option
def standard_drift(**given: Any) -> None:
    """Compare a published document with our edition: what no erratum names, and what was mended."""
    from okd_conformance.cli.standard import drift_command  # noqa: PLC0415

    sys.exit(drift_command(**given))


@standard.command(name="rejudge")
@click.argument("report", metavar="REPORT.json", type=click.Path())
@click.option("--edition", required=True, metavar="ID")
@click.option("--format", "form", type=_FORMS, default="text", show_default=True)
@click.option(
    "--fail-on", type=_FAIL_ON, default="warning", show_default=True, help="What makes exit code 1."
)
@lang_option
def standard_rejudge(**given: Any) -> None:
    """Judge stored exchanges by another edition, without the target."""
    from okd_conformance.cli.standard import rejudge_command  # noqa: PLC0415

    sys.exit(rejudge_command(**given))


@standard.command(name="matrix")
@click.argument("reports", metavar="REPORT.json...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "text", "json", "sarif", "markdown"]),
    default="html",
    show_default=True,
)
@click.option("--fail-on", type=_FAIL_ON, default="never", show_default=True, help="What makes exit code 1.")
@click.option("--output", type=click.Path(dir_okay=False, writable=True), help="Default: standard output.")
@lang_option
def standard_matrix(**given: Any) -> None:
    """Put many reports side by side in one page."""
    from okd_conformance.cli.standard import matrix_command  # noqa: PLC0415

    sys.exit(matrix_command(**given))
