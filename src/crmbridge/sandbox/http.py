"""The sandbox's own request and response: what the server gives an app and gets back.

Handlers are plain synchronous functions on one thread, so that the same requests in the same order give
the same answers, byte for byte.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

_SCHEMES = ("http", "https")
#: Hosts of the real services: who asks for one of them came through a proxy that ended TLS.
_HTTPS_ONLY = (".hubapi.com", ".hubspot.com", ".hsforms.com", ".salesforce.com", ".force.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, body read whole."""

    method: str
    #: Decoded path without the query; never ends in "/" unless it is "/".
    path: str
    #: The path as it was sent, still percent-encoded.
    raw_path: str
    #: In the order sent; keys repeat, values are decoded.
    query: tuple[tuple[str, str], ...] = ()
    #: Names in lower case; of repeated headers the last.
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: "http" or "https", as the connection has it.
    scheme: str = "http"

    def args(self, name: str) -> tuple[str, ...]:
        """Give all values of a query parameter; empty when it is absent."""
        return tuple(value for key, value in self.query if key == name)

    def arg(self, name: str, default: str = "") -> str:
        """Give the last value of a query parameter."""
        values = self.args(name)
        return values[-1] if values else default

    @property
    def origin(self) -> str:
        """Scheme and host as the client named them, so that a proxy in between stays in between."""
        host = self.headers.get("host", "127.0.0.1")
        return f"{self._scheme_of(host)}://{host}"

    def _scheme_of(self, host: str) -> str:
        """Give the client's scheme: a proxy may tell it, and the services' own names are https only."""
        told = self.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
        if told in _SCHEMES:
            return told
        return "https" if host.partition(":")[0].lower().endswith(_HTTPS_ONLY) else self.scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    #: Sent in this order; Content-Length and Date are added by the server.
    headers: Mapping[str, str] = field(default_factory=dict)


class App(Protocol):
    """One emulated service."""

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """Answer a request. Never raises: what goes wrong is an answer of the emulated service.

        Only the control API may answer later; others run to their end before the next request starts.
        """
