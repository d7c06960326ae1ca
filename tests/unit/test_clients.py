"""What is sent in the name of a client is what that client was recorded to send, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
import yaml

from okd_conformance.base.paths import data_folder
from okd_conformance.wire.clients import client_shapes
from support.command import CHECKOUT

CAPTURED: Mapping[str, Mapping[str, str]] = yaml.safe_load(
    (CHECKOUT / "tests/support/captured_clients.yaml").read_text("utf-8")
)
SAME_SHAPE = {
    "aiohttp-writer": "aiohttp",
    "apache-httpclient4-stream": "apache-httpclient4-strict",
    "curl-stdin-chunked": "curl",
    "okhttp3-charset": "okhttp3",
    "spring4-resttemplate-stream": "spring4-resttemplate",
}
"""Other ways of calling a client, that write the message alike."""
NOT_RECORDED = {"curl-form-escape", "dotnet-httpclient-own-name", "spring5-resttemplate", "written-by-hand"}
"""Shapes that are known, but of which there is no recording."""
NAMES = {"metadata": "metadata", "file": "file"}


def shape_of(capture: str) -> str:
    """The client that made a recording."""
    name = capture.removesuffix("-utf8")
    return SAME_SHAPE.get(name, name)


def bytes_of(capture: str) -> tuple[bytes, dict[str, bytes]]:
    """A recorded body, and the contents that are put in for those that the recording had."""
    text = CAPTURED[capture]["body"].replace("\n", "\r\n")
    contents = {part: part[:1] * int(size) for part, size in re.findall(r"<(metadata|file) (\d+)>", text)}
    for part, content in contents.items():
        text = re.sub(rf"<{part} \d+>", content, text)
    return text.encode(), {part: content.encode() for part, content in contents.items()}


@pytest.mark.parametrize("capture", CAPTURED)
def test_a_shape_is_what_its_client_sent(capture: str) -> None:
    kind = CAPTURED[capture]["type"]
    boundary = re.sub(r'.*boundary="?([^";]+).*', r"\1", kind)
    body, contents = bytes_of(capture)
    built = client_shapes()[shape_of(capture)].message(
        NAMES,
        contents["metadata"],
        contents["file"],
        accented=capture.endswith("-utf8"),
        boundary=boundary,
    )
    assert built.content_type == kind
    assert built.payload() == body


def test_every_shape_has_a_recording_or_is_known_without() -> None:
    assert set(client_shapes()) == {shape_of(capture) for capture in CAPTURED} | NOT_RECORDED


def test_what_may_be_refused_has_a_reason_that_is_used() -> None:
    reasons = yaml.safe_load((data_folder("specs") / "clients.yaml").read_text("utf-8"))["refusable"]
    assert set(reasons) == {form for shape in client_shapes().values() for form in shape.refusable}
