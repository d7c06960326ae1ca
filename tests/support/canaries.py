"""A target that repeats every secret that it is told, in every place and disguise, and a search for them.

It is the reference behind a front that knows other client secrets, hands out tokens of its own making if
asked, and spoils one answer after another.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import itertools
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import uvicorn
import yaml

from okd_conformance.reference.app import TOKEN_PATH, create_app
from okd_conformance.reference.server import HOST, listen
from okd_conformance.reference.target import target_of

REAL = {"okd-all": "reference-secret-1", "okd-second": "reference-secret-2", "outsider": "reference-secret-3"}
CLIENTS = {
    "okd-all": 'Kanarie/1+a&b<"c>=Zq8PmW3xT5vN7rK2',
    "okd-second": "w8woord 100%-caf\u00e9/gele-vogel-in-de-mijn",
    "outsider": "k0rt/Gh3im",
}
GATEWAY = ("X-Gateway-Key", "poort~Vogel.8Hq2/Lm4-Tz6Wc0Yx3Bn5")
HOOK_KEY = "haak-Vogel-3Fd9Kp1Rj7Ls5Xa2"
EDGE = 8192


def pair_of(client: str) -> str:
    """The Basic header of a client."""
    return base64.b64encode(f"{client}:{CLIENTS[client]}".encode()).decode()


STATIC = (*CLIENTS.values(), GATEWAY[1], HOOK_KEY, *map(pair_of, CLIENTS))


def _opaque(number: int) -> str:
    """A token without form, that has nothing in common with the others."""
    return f"{hashlib.sha256(str(number).encode()).hexdigest()[:40]}~{number:04d}"


def _every(text: str, form: str) -> str:
    return "".join(form.format(ord(letter)) for letter in text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper": str.upper,
    "lower": str.lower,
    "url": lambda s: quote(s, safe=""),
    "url_lower": lambda s: quote(s, safe="").lower(),
    "form": quote_plus,
    "url_every": lambda s: "".join(f"%{byte:02X}" for byte in s.encode()),
    "url_twice": lambda s: quote(quote(s, safe=""), safe=""),
    "json": lambda s: json.dumps(s)[1:-1],
    "json_slash": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "json_every": lambda s: _every(s, "\\u{:04x}"),
    "html": html.escape,
    "html_every": lambda s: _every(s, "&#x{:X};"),
    "html_decimal": lambda s: _every(s, "&#{};"),
    "json_in_html": lambda s: html.escape(json.dumps(s)[1:-1]).replace("/", "\\/"),
}
CODED: dict[str, Callable[[str], str]] = {
    "hex": lambda s: s.encode().hex(),
    "hex_upper": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64_url": lambda s: base64.urlsafe_b64encode(b"u:" + s.encode()).decode(),
}
"""What only the secrets of the target file are looked for in."""


@dataclass
class Canary:
    """The front before the reference, and every secret that passed it."""

    base_url: str
    app: Any
    opaque: bool = False
    learnt: dict[str, None] = field(default_factory=dict)
    """Tokens and keys of links, in the order in which they came."""
    _real: dict[str, str] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)

    # --- what it is told -------------------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        scope = {**scope, "headers": [(n, self._honest(n, v)) for n, v in scope["headers"]]}
        token = told.get("authorization", "").partition(" ")[2]
        if scope["path"] != TOKEN_PATH and len(token) >= 16:
            self.learnt.setdefault(token)
        if scope["path"].startswith("/download/"):
            self.learnt.setdefault(scope["path"].rpartition("/")[2])
        status, headers, body = await _answered(self.app, scope, receive)
        if scope["path"] == TOKEN_PATH:
            status, body = self._granted(status, body)
            headers = [(b"content-type", b"application/json")]
        elif "/hook" not in scope["path"]:
            status, headers, body = self._spoilt(token, status, headers, body)
        kept = [(n, v) for n, v in headers if n.lower() != b"content-length"]
        bare = scope["method"] == "HEAD" or status in {204, 304}
        length = [] if bare else [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": [*kept, *length]})
        await send({"type": "http.response.body", "body": b"" if bare else body})

    def _honest(self, name: bytes, value: bytes) -> bytes:
        """The header as the reference knows it."""
        scheme, _, rest = value.decode("latin-1").partition(" ")
        if name != b"authorization":
            return value
        if scheme == "Bearer":
            return f"Bearer {self._real.get(rest, rest)}".encode()
        with contextlib.suppress(ValueError):
            client, _, secret = base64.b64decode(rest).decode().partition(":")
            if CLIENTS.get(unquote_plus(client)) == unquote_plus(secret):
                pair = f"{client}:{REAL[unquote_plus(client)]}".encode()
                return b"Basic " + base64.b64encode(pair)
        return value

    # --- what it says ----------------------------------------------------------------------------------

    def _granted(self, status: int, body: bytes) -> tuple[int, bytes]:
        """Tokens, with secrets beside them; now and then an error that repeats them."""
        answer = json.loads(body)
        number = next(self._count)
        told = " ".join(CLIENTS.values())
        if status != 200:
            return status, json.dumps({**answer, "error_description": told, "scope": told}).encode()
        if self.opaque:
            token = _opaque(number)
            self._real[token], answer["access_token"] = answer["access_token"], token
        self.learnt.setdefault(answer["access_token"])
        if number % 5 == 4:
            return 400, json.dumps(
                {**answer, "error": told, "error_uri": f"https://x.invalid/?{told}"}
            ).encode()
        scopes = told if number % 3 == 1 else f"{answer['scope']} {told}"
        return 200, json.dumps({**answer, "token_type": "Bearer", "scope": scopes}).encode()

    def _spoilt(self, token: str, status: int, headers: Any, body: bytes) -> tuple[int, Any, bytes]:
        number = next(self._count)
        mode = number % 9
        if mode < 3:
            self._take_links(body)
        live = [*list(self.learnt)[:2], *list(self.learnt)[-3:], *([token] if len(token) >= 16 else [])]
        echo = "\n".join(shown for secret in (*live, *STATIC) for shown in disguised(secret))
        header = [(b"x-echo", quote(" ".join([*live, *STATIC]), safe=" /+&<>=~").encode())]
        header += [(b"x-%b" % one.encode(), b"1") for one in live if one.replace("-", "a").isalnum()]
        if mode < 3:  # as it should be, but for a header; a JSON object also tells what it was told
            with contextlib.suppress(ValueError):
                value = json.loads(body)
                if mode == 2 and isinstance(value, dict):
                    body = json.dumps({**value, "x-told": echo}).encode()
            return status, [*headers, *header], body
        if mode == 3:
            onward = f"https://elsewhere.invalid/{quote(live[-1])}?sig={quote(GATEWAY[1])}"
            return 302, [(b"location", onward.encode()), *header], b""
        told = [*live, *STATIC]
        status, media, content = _wrong_answer(mode, echo, told[number % len(told)], live[-1])
        return status, [(b"content-type", media.encode()), *header], content

    def _take_links(self, body: bytes) -> None:
        """Take note of the keys of the links that are handed out."""
        for part in body.split(b"/download/")[1:]:
            self.learnt.setdefault(part.partition(b'"')[0].decode()[:100])


def _wrong_answer(mode: int, echo: str, secret: str, token: str) -> tuple[int, str, bytes]:
    """A status, a media type and a body that tell ``echo`` or ``secret``."""
    if mode == 4:
        problem = {"title": token, "status": 400, "detail": echo, echo[:100]: True}
        return 400, "application/problem+json", json.dumps(problem).encode()
    if mode == 5:
        page = f"<html><pre>{html.escape(echo)}</pre><!-- {echo} --></html>"
        return 500, "text/html", page.encode()
    if mode == 6:  # the edge of what is kept cuts a secret
        before = EDGE - len(secret) // 2
        return 400, "text/plain", b"-" * (before - 1) + b" " + secret.encode() + b" rest" * 99
    if mode == 7:  # the edge cuts a letter, and a secret stands beside it
        before = (EDGE - len(secret.encode())) // 2
        return 400, "text/plain", ("\u00e9" * before + secret + "\u00e9" * 99).encode()
    return 400, f"text/{token}", b"\xff\xfe" + echo.encode("utf-16-le")


def disguised(secret: str) -> Iterator[str]:
    """A secret in every form; pieces of it too when it is long."""
    for change in DISGUISES.values():
        yield f"<{change(secret)}>"
    if secret in STATIC:
        for change in CODED.values():
            yield f"({change(secret)})"
    if len(secret) > 20:
        yield f"[{secret[:20]}]"
        yield f"[{secret[:16]}…"
    for segment in secret.split(".") if secret.startswith("eyJ") else ():
        yield f"'{segment}'"


async def _answered(app: Any, scope: Any, receive: Any) -> tuple[int, Any, bytes]:
    came: list[Any] = []

    async def keep(message: Any) -> None:
        came.append(message)

    await app(scope, receive, keep)
    body = b"".join(message.get("body", b"") for message in came[1:])
    return came[0]["status"], came[0]["headers"], body


@contextlib.contextmanager
def canary(*, opaque: bool = False) -> Iterator[Canary]:
    """Serve it on loopback, in a thread, while the context lasts."""
    listening = listen()
    listening.listen()
    base_url = f"http://{HOST}:{listening.getsockname()[1]}"
    front = Canary(base_url, create_app("okd-1.5", base_url=base_url), opaque)
    config = uvicorn.Config(front, http="h11", ws="none", log_level="critical", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def target_file(front: Canary, folder: Path, **changes: Any) -> Path:
    """A target file for it; its secrets come from the environment, as they should."""
    value = target_of(front.base_url)
    value["roles"] = {"dms": value["roles"]["dms"]}
    for client in value["auth"]["clients"]:
        client["client_secret"] = f"${{{variable_of(client['client_id'])}}}"
    value["http"] = {"headers": {GATEWAY[0]: "${GATEWAY_KEY}"}}
    value["hooks"] |= changes.pop("hooks", {})
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump({**value, **changes}), encoding="utf-8")
    return file


def variable_of(client: str) -> str:
    """The variable of the environment with the secret of a client."""
    return f"SECRET_OF_{client.upper().replace('-', '_')}"


def environment() -> dict[str, str]:
    """What the target file takes from the environment."""
    secrets = {variable_of(client): secret for client, secret in CLIENTS.items()}
    return {**secrets, "GATEWAY_KEY": GATEWAY[1], "HOOK_KEY": HOOK_KEY}


# --- looking for them -------------------------------------------------------------------------------------


def needles(secrets: Iterable[str]) -> dict[str, str]:
    """What must not be found, in lower case, and what it is."""
    found: dict[str, str] = {}
    for number, secret in enumerate(dict.fromkeys(secrets)):
        for name, change in {**DISGUISES, **(CODED if secret in STATIC else {})}.items():
            found.setdefault(change(secret).lower(), f"{number}: {name} of {secret!r}")
        if len(secret) >= 16:
            found.setdefault(secret[:16].lower(), f"{number}: the beginning of {secret!r}")
        for segment in secret.split(".") if secret.startswith("eyJ") else ():
            found.setdefault(segment.lower(), f"{number}: a segment of {secret!r}")
    return {needle: told for needle, told in found.items() if len(needle) >= 10}


def leaks(texts: dict[str, str], secrets: Iterable[str]) -> list[str]:
    """Where a secret stands in one of the texts."""
    wanted = needles(secrets)
    found = []
    for name, text in texts.items():
        for shown in {text.lower(), text.lower().replace("\\\\", "\\")}:
            found += [
                f"{name}: {told}: …{shown[max(0, at - 80) : at + 60]}"
                for needle, told in wanted.items()
                for at in [shown.find(needle)]
                if at >= 0
            ]
    return found


def written(folder: Path, apart_from: Iterable[str] = ()) -> dict[str, str]:
    """Everything that stands in a folder and below it; bytes that are no text as Latin-1."""
    return {
        str(file.relative_to(folder)): file.read_bytes().decode("utf-8", "backslashreplace")
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name not in apart_from
    }


__all__ = ["Canary", "canary", "environment", "leaks", "target_file", "written"]
