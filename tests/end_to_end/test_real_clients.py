"""What HTTP clients on this machine really send is what the suite sends in their name."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from okd_conformance.wire.clients import client_shapes
from support.optional import needed
from support.raw_server import OK, raw_server

METADATA, FILE = b'{"documentType": "diploma"}', b"%PDF-1.7\r\n\x00\xff--\r\n"
NAMES = {"metadata": "metadata", "file": "file"}
PLAIN, ACCENTED = "document.pdf", "Beoordeling Zoë.pdf"
WITH_QUOTES = {"curl-form-escape": ('Beoordeling "x".pdf', 'Beoordeling Zoë "x".pdf')}
"""The names that a shape is about, where it is not about these."""
Sending = Callable[[str, Path, str], object]
"""Sends the metadata and the file, which lies in the folder, under a name to an address."""


def curl(metadata: str, *options: str) -> Sending:
    def send(url: str, folder: Path, name: str) -> None:
        quoted = name.replace('"', '\\"')
        file = f'file=@file.bin;filename="{quoted}";type=application/pdf'
        _run(folder, "curl", "-s", "-m", "10", "--noproxy", "*", *options, "-F", metadata, "-F", file, url)

    return send


def _run(folder: Path, program: str, *arguments: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True, timeout=30)


def requests(url: str, _folder: Path, name: str) -> None:
    parts = {
        "metadata": (None, METADATA, "application/json"),
        "file": (name, FILE, "application/pdf"),
    }
    _session().post(url, files=parts, timeout=10)


def requests_data(url: str, _folder: Path, name: str) -> None:
    file = {"file": (name, FILE, "application/pdf")}
    _session().post(url, data={"metadata": METADATA}, files=file, timeout=10)


def _session() -> Any:
    session = needed("requests").Session()
    session.trust_env = False
    return session


def httpx(url: str, _folder: Path, name: str) -> None:
    parts = {"metadata": (None, METADATA, "application/json"), "file": (name, FILE, "application/pdf")}
    needed("httpx").post(url, files=parts, trust_env=False)


def aiohttp(url: str, _folder: Path, name: str) -> None:
    library = needed("aiohttp")

    async def send() -> None:
        form = library.FormData()
        form.add_field("metadata", METADATA.decode(), content_type="application/json")
        form.add_field("file", FILE, filename=name, content_type="application/pdf")
        async with library.ClientSession() as session, session.post(url, data=form):
            pass

    asyncio.run(send())


def node(metadata: str) -> Sending:
    def send(url: str, folder: Path, name: str) -> None:
        script = f"""
            const fs = require("node:fs"), form = new FormData();
            form.append("metadata", {metadata});
            const file = new Blob([fs.readFileSync("file.bin")], {{ type: "application/pdf" }});
            form.append("file", file, {name!r});
            fetch({url!r}, {{ method: "POST", body: form }});
        """
        _run(folder, "node", "-e", script)

    return send


def ruby(url: str, folder: Path, name: str) -> None:
    script = """
        require "net/http"
        url, name = URI(ARGV[0]), ARGV[1].dup.force_encoding("UTF-8")
        post = Net::HTTP::Post.new(url)
        file = ["file", File.open("file.bin", "rb"), { filename: name, content_type: "application/pdf" }]
        post.set_form([["metadata", File.read("metadata.json")], file], "multipart/form-data")
        Net::HTTP.start(url.host, url.port) { |http| http.request(post) }
    """
    _run(folder, "ruby", "-e", script, url, name)


_GO = """
package main

import ("bytes"; "mime/multipart"; "net/http"; "net/textproto"; "os")

func main() {
    var body bytes.Buffer
    form := multipart.NewWriter(&body)
    head := textproto.MIMEHeader{}
    head.Set("Content-Disposition", `form-data; name="metadata"`)
    head.Set("Content-Type", "application/json")
    for _, part := range []string{"metadata.json", "file.bin"} {
        content, _ := os.ReadFile(part)
        if part == "file.bin" {
            file, _ := form.CreateFormFile("file", os.Args[2])
            file.Write(content)
        } else {
            metadata, _ := form.CreatePart(head)
            metadata.Write(content)
        }
    }
    form.Close()
    http.Post(os.Args[1], form.FormDataContentType(), &body)
}
"""


def go(url: str, folder: Path, name: str) -> None:
    (folder / "send.go").write_text(_GO, encoding="utf-8")
    _run(folder, "go", "run", "send.go", url, name)


JSON_IN_A_FIELD = "metadata=<metadata.json;type=application/json"
CLIENTS: dict[str, Sending] = {
    "curl": curl(JSON_IN_A_FIELD),
    "curl-metafile": curl("metadata=@metadata.json;filename=m.json;type=application/json"),
    "curl-form-escape": curl(JSON_IN_A_FIELD, "--form-escape"),
    "go": go,
    "requests": requests,
    "requests-data": requests_data,
    "httpx": httpx,
    "aiohttp": aiohttp,
    "node-fetch-blob": node('new Blob([fs.readFileSync("metadata.json")], { type: "application/json" })'),
    "node-fetch-string": node('fs.readFileSync("metadata.json", "utf8")'),
    "ruby-net-http": ruby,
}
"""By the name of the shape that it is to have."""


@pytest.mark.parametrize("accented", [False, True], ids=["plain", "accented"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_sends_what_the_suite_sends_in_its_name(client: str, accented: bool, tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_bytes(METADATA)
    (tmp_path / "file.bin").write_bytes(FILE)
    with raw_server(OK) as server:
        CLIENTS[client](server.url, tmp_path, WITH_QUOTES.get(client, (PLAIN, ACCENTED))[accented])
    headers = {name.lower(): value for name, value in server.headers()}
    shape = client_shapes()[client]
    boundary = re.sub(r'.*boundary="?([^";]+).*', r"\1", headers["content-type"])
    meant = shape.message(NAMES, METADATA, FILE, accented=accented, boundary=boundary)
    assert headers["content-type"] == meant.content_type
    assert server.body() == meant.payload()
