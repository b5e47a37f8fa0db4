"""One HTTP POST to a server on this machine: how webhooks leave the sandbox."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import h11

_READ_BYTES = 64 * 1024
_PORTS = {"http": 80, "https": 443}


def is_local(url: str) -> bool:
    """Tell whether a URL leads to this machine by its very text: no name is resolved but localhost."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        if parts.scheme not in _PORTS or not host or parts.username is not None:
            return False
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


async def post(url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> int | None:
    """Send a request and give the status of the answer; None: no answer in time, or no connection.

    Args:
        url: Must be local, see `is_local`; others are not contacted.
        headers: Beside Host and Content-Length.
        body: Sent as it is.
        timeout_seconds: Real seconds for all of it.
    """
    if not is_local(url):
        return None
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _exchange(url, headers, body)
    except (OSError, TimeoutError, h11.ProtocolError):
        return None


async def _exchange(url: str, headers: Mapping[str, str], body: bytes) -> int | None:
    parts = urlsplit(url)
    context = _trusting() if parts.scheme == "https" else None
    port = parts.port or _PORTS[parts.scheme]
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    try:
        http = h11.Connection(h11.CLIENT)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = [("Host", parts.netloc), ("Content-Length", str(len(body))), *headers.items()]
        for event in (
            h11.Request(method="POST", target=target, headers=[*sent, ("Connection", "close")]),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            writer.write(http.send(event) or b"")
        await writer.drain()
        return await _status(http, reader)
    finally:
        writer.transport.abort()


async def _status(http: h11.Connection, reader: asyncio.StreamReader) -> int | None:
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Response):
            return event.status_code
        elif not isinstance(event, h11.InformationalResponse):
            return None


def _trusting() -> ssl.SSLContext:
    # The target is on this machine, mostly with a certificate made for a test.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
