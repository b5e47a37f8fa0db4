"""The SDK, held so that nothing of its habits gets through: raw bytes out, our errors up.

simple-salesforce 1.12.10 in "direct" mode with our own ``requests.Session``: it never signs in and never
repeats (both lose headers there), asks for compact JSON, and is given ids and paths that were checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

import msgspec
import requests
from simple_salesforce.api import Salesforce as Sdk

from crmbridge.adapters.salesforce.errors import RAISED, from_answer, translate
from crmbridge.adapters.transport import BoundedAdapter, Transport
from crmbridge.errors import Ambiguous, CrmBridgeError, RateLimited, Unavailable, Where

T = TypeVar("T")

_NEXT = re.compile(r"/services/data/v\d+\.\d+/query(All)?/[\w-]+", re.ASCII)


class Answer(NamedTuple):
    """One answer, not decoded yet. A class of its own because the SDK asks what it gets for its length."""

    content: bytes


class SubAnswer(msgspec.Struct):
    """One part of a composite answer; its body stays raw until somebody needs it."""

    body: msgspec.Raw
    status: int = msgspec.field(name="httpStatusCode")

    @property
    def ok(self) -> bool:
        """Tell whether the part succeeded."""
        return self.status < 300

    def error(self, object: str) -> CrmBridgeError:
        """Make our error of a part that failed."""
        return from_answer(self.status, decode(self.body, Any), object)


class _Composite(msgspec.Struct):
    parts: list[SubAnswer] = msgspec.field(name="compositeResponse")


class QueryPage(msgspec.Struct):
    """One page of a query's result."""

    records: list[dict[str, Any]]
    #: Rows of all pages.
    total: int = msgspec.field(name="totalSize", default=0)
    done: bool = True
    next_url: str | None = msgspec.field(name="nextRecordsUrl", default=None)


class Request(NamedTuple):
    """One part of a composite."""

    method: str
    #: Below ``/services/data/vXX.X/``, already percent-encoded.
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None


class _RawSdk(Sdk):
    """Hands the bytes over instead of decoding them into ordered dicts: half the CPU of a page."""

    #: The server's clock as its last answer told it; None: it did not.
    date: str | None = None

    def parse_result_to_json(self, result: requests.Response) -> Answer:
        self.date = result.headers.get("Date")
        return Answer(result.content)


class Client:
    """One org through the SDK: every call counted, limited, retried and translated. Thread-safe."""

    def __init__(
        self, transport: Transport, session: requests.Session, *, instance_url: str, api_version: str
    ) -> None:
        self.transport = transport
        self._session = session
        self._base = f"/services/data/v{api_version}/"
        # The SDK wants a session id; the session's own auth signs each request with the live one.
        self._sdk = _RawSdk(instance_url=instance_url, session_id="-", session=session, version=api_version)
        # X-PrettyPrint, which the SDK sends by default, makes answers a third longer.
        self._sdk.headers = {"Content-Type": "application/json", "Sforce-Call-Options": "client=crmbridge"}

    @property
    def usage(self) -> tuple[int, int] | None:
        """Calls of the whole org in the last 24 hours, and the limit, as the last answer said (lagging)."""
        usage = self._sdk.api_usage.get("api-usage")
        return (int(usage.used), int(usage.total)) if usage else None

    @property
    def now(self) -> datetime | None:
        """The server's clock at its last answer, whole seconds; None when it did not tell."""
        return parsedate_to_datetime(self._sdk.date) if self._sdk.date else None

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        object: str | None = None,
        headers: Mapping[str, str] | None = None,
        write: bool = False,
        data: bytes | None = None,
    ) -> Answer:
        """Send one request below the version's path.

        Args:
            data: A body that is no JSON, instead of ``body``.
            write: It may change something: it is not sent again when nobody knows what became of it.
        """

        def once() -> Answer | None:
            sent = msgspec.json.encode(body) if body is not None else data
            found: Answer | None = self._sdk.restful(
                path, method=method, data=sent, headers=dict(headers or {})
            )
            return found

        return self._call(once, object, repeatable=not write)

    def query_more(self, url: str, object: str) -> Answer:
        """Fetch the next page of a query, by the address that the page before it gave."""
        if not _NEXT.fullmatch(url):
            # The SDK would put host and text together: "@elsewhere" would carry the token away.
            raise Unavailable("the next page has an address of its own kind", Where("salesforce", object))
        return self._call(lambda: self._sdk.query_more(url, identifier_is_url=True), object, repeatable=True)

    def composite(
        self,
        requests: Sequence[Request],
        *,
        headers: Mapping[str, str] | None = None,
        write: bool = False,
    ) -> list[SubAnswer]:
        """Send up to 25 requests (five of them queries) as one call; parts fail one by one."""
        parts = [self._part(number, request) for number, request in enumerate(requests)]
        answer = self.send(
            "POST",
            "composite",
            {"allOrNone": False, "compositeRequest": parts},
            headers=headers,
            write=write,
        )
        return (decode_written if write else decode)(answer.content, _Composite).parts

    def _part(self, number: int, request: Request) -> dict[str, Any]:
        part: dict[str, Any] = {
            "method": request.method,
            "url": self._base + request.path,
            "referenceId": f"r{number}",
        }
        if request.body is not None:
            part["body"] = request.body
        if request.headers:
            part["httpHeaders"] = dict(request.headers)
        return part

    def _call(self, once: Any, object: str | None, *, repeatable: bool) -> Answer:
        def translated() -> Answer | None:
            try:
                found: Answer | None = once()
            except RAISED as error:
                raise self._patient(translate(error, object)) from None
            return found

        return self.transport.call(translated, repeatable=repeatable) or Answer(b"")

    def _patient(self, error: CrmBridgeError) -> CrmBridgeError:
        """Note how long the answer asked to wait; the SDK's errors lose the headers."""
        wire = self._session.get_adapter("https://")
        if isinstance(error, RateLimited | Unavailable) and isinstance(wire, BoundedAdapter):
            error.retry_after_seconds = error.retry_after_seconds or wire.retry_after_seconds
        return error


def decode(content: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Decode JSON into a type; what has another shape counts as a failure of the server."""
    try:
        return msgspec.json.decode(content or b"null", type=kind)
    except msgspec.DecodeError as error:
        raise translate(error) from None


def decode_written(content: bytes, kind: type[T]) -> T:
    """Decode the answer to a write; one that makes no sense says nothing about what was written."""
    try:
        return decode(content, kind)
    except Unavailable as error:
        raise Ambiguous("no telling whether it was carried out", error.where) from None
