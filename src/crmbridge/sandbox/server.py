"""The HTTP server under both CRMs and the control API: asyncio and h11, one thread, nothing shared.

Keep-alive, chunked bodies in both directions, HEAD, gzip when asked for, limits on URI and body, TLS, and
the faults of `crmbridge.sandbox.faults`. An app's handler runs to its end before the next one starts.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl, unquote

import h11

from crmbridge.sandbox import faults
from crmbridge.sandbox.http import App, Request, Response
from crmbridge.sandbox.world import World

#: HubSpot answered up to about 16,300 characters, Salesforce documents 16,384 (both checked 2026-11-21).
MAX_URI_CHARACTERS = 16_384
MAX_BODY_BYTES = 160 * 1024 * 1024
_IDLE_SECONDS = 75.0
_READ_BYTES = 256 * 1024
_GZIP_FROM_BYTES = 1_000


class _Closed(Exception):
    """The client has gone, or the connection is to be cut."""


@dataclass(slots=True)
class Listener:
    """One port that serves one app."""

    app: App
    #: With a world and a CRM's name requests are counted, audited and can fail by rule.
    world: World | None = None
    crm: str = ""
    max_body_bytes: int = MAX_BODY_BYTES
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def seconds(self) -> float | None:
        """Tell the time for the Date header: the sandbox's; None, the machine's, without a world."""
        return self.world.clock.now().timestamp() if self.world is not None else None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen and give the port (``port`` 0 takes any free one)."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=tls, backlog=256)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine run by asyncio always has one
        self._tasks.add(task)
        try:
            await _Connection(self, reader, writer).run()
        except (ConnectionError, TimeoutError, asyncio.CancelledError, ssl.SSLError):
            writer.transport.abort()  # the client has gone or the server stops: nobody to tell
        finally:
            self._tasks.discard(task)
            writer.close()


class _Connection:
    """One client's connection: requests one after the other until either side closes."""

    def __init__(
        self, listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._listener = listener
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=4 * MAX_URI_CHARACTERS)
        self._scheme = "https" if writer.get_extra_info("ssl_object") else "http"

    async def run(self) -> None:
        with suppress(_Closed):
            while await self._one_request():
                self._http.start_next_cycle()

    async def _one_request(self) -> bool:
        """Serve one request; False when the connection is done."""
        try:
            head = await self._next_event()
            if not isinstance(head, h11.Request):
                return False
            body = await self._read_body(head)
        except h11.RemoteProtocolError as error:
            await self._send(_plain(error.error_status_hint), head_only=False)
            return False
        await self._answer(head, body)
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._write(h11.InformationalResponse(status_code=100, headers=[]))
            async with asyncio.timeout(_IDLE_SECONDS):
                self._http.receive_data(await self._reader.read(_READ_BYTES))
        return event

    async def _read_body(self, head: h11.Request) -> bytes | None:
        """Read the body whole; None when it is, or says it will be, over the limit: the rest stays unread."""
        parts: list[bytes] = []
        size = 0
        if int(dict(head.headers).get(b"content-length", b"0")) > self._listener.max_body_bytes:
            return None
        while isinstance(event := await self._next_event(), h11.Data):
            size += len(event.data)
            if size > self._listener.max_body_bytes:
                return None
            parts.append(bytes(event.data))
        return b"".join(parts)

    async def _answer(self, head: h11.Request, body: bytes | None) -> None:
        method = head.method.decode()
        request, refusal = _to_request(head, body, self._scheme, self._listener.max_body_bytes)
        if refusal is not None:
            await self._send(_plain(refusal), head_only=method == "HEAD")
            return
        action, response = await self._handle(request, method)
        if action is not None and action.delay_seconds:
            await asyncio.sleep(action.delay_seconds)
        if response is None:
            raise self._cut()
        if "gzip" in request.headers.get("accept-encoding", ""):
            response = _compressed(response)
        await self._send(response, head_only=method == "HEAD", action=action)

    async def _handle(self, request: Request, method: str) -> tuple[faults.Action | None, Response | None]:
        """Let the app answer, with what the fault rules make of it; no response means a cut connection."""
        world, crm = self._listener.world, self._listener.crm
        if world is None:
            answered = self._listener.app.handle(request)
            return None, answered if isinstance(answered, Response) else await answered
        world.calls[crm] += 1
        query = request.raw_path.partition("?")[2]
        entry = world.audit.begin(
            at=world.clock.iso(), crm=crm, method=method, path=request.path, query=query
        )
        action = world.faults.pick(crm, method, request.path)
        handle = cast("Callable[[Request], Response]", self._listener.app.handle)
        response = _with_fault(action, crm, lambda: handle(request))
        world.audit.end(entry, response.status if response else 0)
        return action, response

    async def _send(
        self, response: Response, *, head_only: bool, action: faults.Action | None = None
    ) -> None:
        headers = [(name, value) for name, value in response.headers.items()]
        names = {name.lower() for name, _ in headers}
        if "transfer-encoding" not in names and response.status not in (204, 304):
            headers.append(("Content-Length", str(len(response.body))))
        headers.append(("Date", formatdate(self._listener.seconds(), usegmt=True)))
        self._write(
            h11.Response(status_code=response.status, headers=headers, reason=_reason(response.status))
        )
        if not head_only and response.body:
            await self._send_body(response.body, action)
        self._write(h11.EndOfMessage())
        await self._writer.drain()

    async def _send_body(self, body: bytes, action: faults.Action | None) -> None:
        if action is not None and action.truncate_at is not None:
            self._write(h11.Data(data=body[: action.truncate_at]))
            await self._writer.drain()
            self._writer.close()
            raise _Closed
        if action is not None and action.body_delay_seconds:
            self._write(h11.Data(data=body[: len(body) // 2]))
            await self._writer.drain()
            await asyncio.sleep(action.body_delay_seconds)
            body = body[len(body) // 2 :]
        self._write(h11.Data(data=body))

    def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)

    def _cut(self) -> _Closed:
        self._writer.transport.abort()
        return _Closed()


def _with_fault(action: faults.Action | None, crm: str, handle: Callable[[], Response]) -> Response | None:
    if action is None:
        return handle()
    if action.reset == "before":
        return None
    if action.reset == "after":
        handle()
        return None
    if action.replaces:
        if action.applied:
            handle()
        return faults.answer(action, crm)
    response = handle()
    return replace(response, headers={**response.headers, **action.headers})


def _to_request(
    head: h11.Request, body: bytes | None, scheme: str, max_body_bytes: int
) -> tuple[Request, int | None]:
    """Make the app's request; beside it the status with which the server refuses it, or None."""
    target = head.target.decode("latin-1")
    if "://" in target:  # absolute form, as proxies send it
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    raw_path, _, query = target.partition("?")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
    content, refusal = _decoded(body, headers.get("content-encoding", ""), max_body_bytes)
    request = Request(
        method="GET" if head.method == b"HEAD" else head.method.decode(),
        path=unquote(raw_path).rstrip("/") or "/",
        raw_path=target,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        body=content,
        scheme=scheme,
    )
    return request, 414 if len(target) > MAX_URI_CHARACTERS else refusal


def _decoded(body: bytes | None, encoding: str, limit: int) -> tuple[bytes, int | None]:
    """Unpack a gzip body, never to more than the limit; beside it the status of a refusal."""
    if body is None:
        return b"", 413
    if encoding.lower() != "gzip":
        return body, None
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(body, limit)
    except zlib.error:
        return b"", 400
    return (b"", 413) if unpacker.unconsumed_tail else (content, None)


def _compressed(response: Response) -> Response:
    if len(response.body) < _GZIP_FROM_BYTES or "Content-Encoding" in response.headers:
        return response
    # Level 1: on loopback time matters, size does not; mtime 0 keeps answers the same byte for byte.
    packed = gzip.compress(response.body, compresslevel=1, mtime=0)
    headers = {**response.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(response, body=packed, headers=headers)


def _plain(status: int) -> Response:
    headers = {"Content-Type": "text/html", "Connection": "close"}
    return Response(status=status, body=f"<html><h1>{status}</h1></html>".encode(), headers=headers)


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in _KNOWN else ""


_KNOWN = frozenset(HTTPStatus)
