"""What all addresses of the page have in common: how requests are read, and what every answer has."""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from got_train.demo.asking import Event
from got_train.demo.pictures import MAX_UPLOAD_BYTES
from got_train.demo.turns import BusyError
from got_train.report import UserError
from got_train.shortages import shortage

logger = logging.getLogger(__name__)

MAX_BODY = 1 << 21
"""Bytes of a request that is no file: longer than any answer of a model."""

UPLOAD_SECONDS = 600
"""Longest time in which a file may come."""

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""Of every answer: the browser runs nothing but the page's own scripts, and asks no other machine."""


class OwnPage:
    """Adds the headers to every answer, and refuses what another site's page sends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            await send(message)

        if scope["type"] == "http":
            headers = dict(scope["headers"])
            origin = headers.get(b"origin", b"").decode("latin-1")
            if origin and _host_of(origin) != headers.get(b"host", b"").decode("latin-1"):
                refused = JSONResponse({"error": "this is no page of another site"}, 403)
                await refused(scope, receive, send_with_headers)
                return
        await self._app(scope, receive, send_with_headers)


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # it is no address
        return None


class Lines(StreamingResponse):
    """Lines that are no longer made when the visitor has gone."""

    async def stream_response(self, send: Send) -> None:
        assert isinstance(self.body_iterator, AsyncIterator)
        try:
            await super().stream_response(send)
        finally:
            with anyio.CancelScope(shield=True):
                await self.body_iterator.aclose()  # type: ignore[attr-defined]


async def refuse(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": explained(error)}, 503 if isinstance(error, BusyError) else 400)


async def fail(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": explained(error)}, 500)


def explained(error: Exception) -> str:
    """One line for a visitor; a fault of this program is told where it runs, not to strangers."""
    line = str(error) if isinstance(error, UserError) else shortage(error)
    if line is None:
        logger.error("an error that no one expected", exc_info=error)
        line = "the server failed at this; the terminal that it runs in says why"
    return line


def line_of(event: Event) -> str:
    return json.dumps(event) + "\n"


def text_of(body: Mapping[str, Any], name: str) -> str:
    text = body.get(name)
    if not isinstance(text, str):
        raise UserError(f"{name} is not as the page sends it")
    return text


async def json_body(request: Request) -> dict[str, Any]:
    """The object that the page sends.

    Raises:
        UserError: if it is none, or too large.
    """
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MAX_BODY:
            raise UserError(f"this is too long: {MAX_BODY:,} bytes are taken")
    try:
        body = json.loads(content)
        json.dumps(body, ensure_ascii=False).encode()  # halves of surrogate pairs are no text
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise UserError("this is not as the page sends it")
    return body


async def receive_file(request: Request, file: Path) -> None:
    """Writes what a visitor sends into a file.

    Raises:
        UserError: if it is empty, too large or cut off, or comes too slowly.
    """
    size = 0
    try:
        with open(file, "xb") as opened, anyio.fail_after(UPLOAD_SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > MAX_UPLOAD_BYTES:
                    raise UserError(f"the file is too large: {MAX_UPLOAD_BYTES >> 20} MiB are taken")
                await run_in_threadpool(opened.write, piece)
    except ClientDisconnect:
        raise UserError("the file was not sent to its end") from None
    except TimeoutError:
        raise UserError(f"the file was not sent within {UPLOAD_SECONDS} seconds") from None
    if size == 0:
        raise UserError("the file is empty")
