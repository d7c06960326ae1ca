"""A form at FastAPI as its own documentation reads one: an uploaded file, and text."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Form, UploadFile

APP = FastAPI()


@APP.post("/")
async def found(file: UploadFile, metadata: Annotated[str, Form()]) -> dict[str, Any]:
    return {"name": file.filename, "file": base64.b64encode(await file.read()), "metadata": metadata}


async def _answer(content_type: str, body: bytes) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://panel") as client:
        return await client.post("/", content=body, headers={"Content-Type": content_type})


def read(content_type: str, body: bytes) -> Mapping[str, Any]:
    """What FastAPI makes of a message: name, file in base64 and metadata, or refused."""
    answer = asyncio.run(_answer(content_type, body))
    return answer.json() if answer.status_code == 200 else {"refused": answer.text}
