"""The command ``serve``: the reference implementation on loopback."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import click
import yaml

from okd_conformance.base.text import Lang, Text, say
from okd_conformance.reference import Running, UnknownFaultError, run_server
from okd_conformance.run.init_file import REFERENCE_URL
from okd_conformance.standard.edition import UnknownEditionError

END_OF_TARGET = "..."
"""YAML's own mark for the end of a document: whoever reads the target file from a pipe stops here."""


def serve_reference(
    edition: str,
    roles: Sequence[str],
    port: int,
    faults: Sequence[str],
    variants: Sequence[str],
    print_target: bool,
    until_stdin_closes: bool,
    lang: Lang = "en",
) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input closes. UsageError for an unknown name."""

    def ready(running: Running) -> None:
        if print_target:
            sys.stdout.write(f"{running.target}{END_OF_TARGET}\n")
            sys.stdout.flush()
        else:
            click.echo(f"{running.base_url}  (Ctrl-C stops it)", err=True)
            for line in _facts(running, faults, variants):
                click.echo(f"  {line.in_language(lang)}", err=True)
        if until_stdin_closes:
            threading.Thread(target=_stop_at_end_of_input, daemon=True).start()

    try:
        run_server(edition, port=port, roles=roles or None, faults=faults, variants=variants, on_ready=ready)
    except (UnknownEditionError, UnknownFaultError) as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"port {port} can't be used: {error.strerror}") from None


def _facts(running: Running, faults: Sequence[str], variants: Sequence[str]) -> Iterator[Text]:
    """What somebody needs who wants to call it: addresses, a client, and how it deviates."""
    target = yaml.safe_load(running.target)
    for role, at in target["roles"].items():
        yield Text.same(f"{role}: {at['base_url']}")
    auth = target["auth"]
    yield say("serve_token_url", url=auth["token_url"])
    for client in auth["clients"]:
        yield say("serve_client", client=client["client_id"], secret=client["client_secret"])
    if faults:
        yield say("serve_faults", names=", ".join(faults))
    if variants:
        yield say("serve_variants", names=", ".join(variants))
    yield say("serve_target", port=urlsplit(REFERENCE_URL).port)


def _stop_at_end_of_input() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    signal.raise_signal(signal.SIGTERM)
