"""What every call to a CRM goes through: counting, budget, rate limit, retries; and requests sessions.

The adapters bring the SDK and the translation of its errors, this module the behaviour. A call is a
function that sends once and raises our errors; ``Transport.call`` decides whether it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Lock, local
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from crmbridge.adapters.retry import LocalLimiter, NotCarriedOut, RetryPolicy, retry_after
from crmbridge.adapters.tokens import Tokens
from crmbridge.errors import Ambiguous, FatalError, QuotaExhausted, RateLimited, TransientError
from crmbridge.ports import Limiter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Explicit timeouts in seconds; neither SDK has any of its own."""

    connect_seconds: float = 10.0
    #: Longest silence while an answer is awaited or read.
    read_seconds: float = 120.0

    @property
    def pair(self) -> tuple[float, float]:
        """(connect, read), as urllib3 and requests take them."""
        return (self.connect_seconds, self.read_seconds)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``limit`` calls in any ``window_seconds``."""

    limit: int
    window_seconds: float


#: The longest answer that is read, decompressed: a page of either CRM stays far below.
MAX_ANSWER_BYTES = 256 * 1024 * 1024


def too_long() -> FatalError:
    """Say that an answer is longer than any of a CRM's: of a write nobody knows what became."""
    return FatalError(f"the answer is longer than {MAX_ANSWER_BYTES:,} bytes; is this the CRM?")


class Budget:
    """A ``before_call`` hook: the calls that a run may still spend, shared by whoever is given it."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self._left = calls
        self._lock = Lock()

    def __call__(self) -> None:
        """Spend one call.

        Raises:
            QuotaExhausted: none is left; the call is not sent.
        """
        with self._lock:
            if self._left <= 0:
                raise QuotaExhausted(f"the budget of {self.calls} API calls is spent")
            self._left -= 1


class Transport:
    """One CRM account as seen by one process. Thread-safe.

    Args:
        crm: "hubspot" or "salesforce"; name of the limiter's buckets and in logs.
        rates: Bucket -> rate to begin with; ``learn`` follows the server. A bucket that is not named is
            not limited, but is paused when the server says so.
        limiter: Shared by all processes of a company; None: one of our own.
        policy: Bounds of retries; holds ``sleep``, which tests replace.
        before_call: Asked before every call, retries included; raises to prevent it. May be replaced at
            any time (a run sets its budget).
    """

    def __init__(
        self,
        crm: str,
        *,
        rates: Mapping[str, Rate] | None = None,
        limiter: Limiter | None = None,
        policy: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        before_call: Callable[[], None] | None = None,
    ) -> None:
        self.crm = crm
        self.policy = policy or RetryPolicy()
        self.timeouts = timeouts or Timeouts()
        self.before_call = before_call
        #: Asked after ``before_call``: the meter of the run that is under way (``ports.Crm.meter``).
        self.meter: Callable[[], None] | None = None
        self._limiter: Limiter = limiter or LocalLimiter()
        self._rates = dict(rates or {})
        self._calls = 0
        self._lock = Lock()

    @property
    def calls(self) -> int:
        """Count the calls begun so far, repeated ones included."""
        return self._calls

    def call(self, send: Callable[[], T], *, repeatable: bool, bucket: str = "calls") -> T:
        """Send under the limits, and again after failures that allow it.

        Args:
            send: Sends once and raises our errors; called once per attempt.
            repeatable: Whether it may be sent again when nobody knows if it was carried out. Reads are;
                writes are not: what stands there may have been changed by a person in between.
            bucket: Which of the CRM's rate limits counts it.

        Raises:
            TransientError: it still failed after the last retry.
            Ambiguous: it is not repeatable and the answer never came: settle it by reading.
            QuotaExhausted: ``before_call`` said so.
        """
        return self.policy.run(lambda: self._attempt(send, repeatable, bucket), crm=self.crm)

    def begin_call(self, bucket: str = "calls") -> None:
        """Count one call, ask ``before_call`` and the run's meter, and wait for a permit."""
        for ask in (self.before_call, self.meter):
            if ask is not None:
                ask()
        self._wait(bucket)
        with self._lock:
            self._calls += 1

    def learn(self, bucket: str, rate: Rate) -> None:
        """Follow the rate that the server's headers tell."""
        self._rates[bucket] = rate

    def _attempt(self, send: Callable[[], T], repeatable: bool, bucket: str) -> T:
        self.begin_call(bucket)
        try:
            return send()
        except (RateLimited, NotCarriedOut) as error:
            seconds = retry_after(error)
            if isinstance(error, RateLimited) and seconds:
                self._limiter.pause(self._bucket(bucket), seconds)
            raise
        except TransientError as error:
            if repeatable:
                raise
            raise Ambiguous("no telling whether it was carried out", error.where) from None

    def _wait(self, bucket: str) -> None:
        rate = self._rates.get(bucket)
        if rate is None:
            return
        seconds = self._limiter.acquire(self._bucket(bucket), rate.limit, rate.window_seconds)
        if seconds > 0:
            self.policy.sleep(seconds)

    def _bucket(self, bucket: str) -> str:
        return f"{self.crm}.{bucket}"


# requests: used by Salesforce ------------------------------------------------------------------------


class TokenAuth(AuthBase):
    """Signs every request, and once more with a new token when the server refuses the old one.

    The same prepared request is sent again, with all its headers and its body: simple-salesforce would
    drop ``Sforce-Auto-Assign`` and ``If-Unmodified-Since`` (facts checked 2026-11-21).
    """

    def __init__(self, tokens: Tokens, transport: Transport | None = None) -> None:
        self._tokens = tokens
        self._transport = transport

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self._tokens.current()
        request.headers["Authorization"] = f"Bearer {token}"
        request.hooks["response"].append(lambda answer, **kwargs: self._answered(answer, token, kwargs))
        return request

    def _answered(self, answer: requests.Response, stale: str, kwargs: dict[str, Any]) -> requests.Response:
        if answer.status_code != requests.codes.unauthorized:
            return answer
        token = self._tokens.renew(stale)
        if token is None:
            return answer
        return self._send_again(answer, token, kwargs)

    def _send_again(self, answer: requests.Response, token: str, kwargs: dict[str, Any]) -> requests.Response:
        answer.content  # noqa: B018  # reading the body frees the connection
        answer.close()
        request = answer.request.copy()
        # The copy goes straight to the adapter, below the hooks: a second 401 is the end of it.
        request.headers["Authorization"] = f"Bearer {token}"
        if self._transport is not None:
            self._transport.begin_call()
        connection: HTTPAdapter = answer.connection
        again = connection.send(request, **kwargs)
        again.history.append(answer)
        again.request = request
        return again


class BoundedAdapter(HTTPAdapter):
    """Adds timeouts, keeps tokens on their host, and lets a local instance speak plain http.

    Args:
        timeouts: Used where the caller gives none.
        plain_http: "host:port" whose https URLs are sent as http; simple-salesforce knows https only.
    """

    def __init__(self, timeouts: Timeouts, plain_http: str | None = None) -> None:
        self._timeouts = timeouts
        self._plain_http = plain_http
        self._told = local()
        super().__init__(max_retries=0)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if kwargs.get("timeout") is None and len(args) < 2:
            kwargs["timeout"] = self._timeouts.pair
        parts = urlsplit(request.url or "")
        if self._plain_http is not None and parts.scheme == "https" and parts.netloc == self._plain_http:
            request.url = urlunsplit(parts._replace(scheme="http"))
        answer = super().send(request, *args, **kwargs)
        asked = answer.headers.get("Retry-After", "") if answer.status_code in _COME_BACK else ""
        self._told.seconds = float(asked) if asked.isdigit() else None
        _read_bounded(answer)
        refuse_redirect(str(request.url), answer.headers.get("Location") if answer.is_redirect else None)
        return answer

    @property
    def retry_after_seconds(self) -> float | None:
        """Give what this thread's last answer asked to wait; SDK errors do not carry it. None: nothing."""
        found: float | None = getattr(self._told, "seconds", None)
        return found


def _read_bounded(answer: requests.Response) -> None:
    """Read an answer, but not for ever; afterwards it is as if requests had read it.

    Raises:
        FatalError: it is too long.
    """
    parts, length = [], 0
    for part in answer.iter_content(1 << 16):
        parts.append(part)
        length += len(part)
        if length > MAX_ANSWER_BYTES:
            answer.close()
            raise too_long()
    answer._content = b"".join(parts)


#: Statuses whose Retry-After counts.
_COME_BACK = frozenset({429, 503})


def session(
    tokens: Tokens,
    *,
    transport: Transport,
    instance_url: str,
    verify: bool | str = True,
) -> requests.Session:
    """Make the session that an SDK on requests works with: one account, one token source, one host.

    Args:
        instance_url: Plain http is accepted for loopback addresses only.
        verify: As in requests; a path names the CA file of a TLS sandbox.

    Requests sent through it are not counted here but by the ``Transport.call`` around them; a request
    that is sent again with a new token counts itself.
    """
    made = requests.Session()
    # ~/.netrc would replace our Authorization header, and proxies belong to the host (facts 5.1).
    made.trust_env = False
    made.verify = verify
    made.auth = TokenAuth(tokens, transport)
    made.mount("https://", BoundedAdapter(transport.timeouts, plain_http_host(instance_url)))
    made.mount("http://", BoundedAdapter(transport.timeouts))
    return made


def plain_http_host(url: str) -> str | None:
    """Give "host:port" of a plain-http loopback URL; None for https.

    Raises:
        FatalError: plain http to anywhere else would send the token in the clear.
    """
    parts = urlsplit(url)
    if parts.scheme == "https":
        return None
    if parts.scheme != "http" or not _is_loopback(parts.hostname or ""):
        raise FatalError("tokens are sent over https only (plain http: to this machine alone)")
    return parts.netloc


def refuse_redirect(url: str, location: str | None) -> None:
    """Refuse to follow a redirect away from the host, or from https to http.

    Raises:
        FatalError: the token would leave the host that it belongs to.
    """
    if location is None:
        return
    here, there = urlsplit(url), urlsplit(location)
    stays = not there.netloc or (there.netloc == here.netloc and there.scheme == here.scheme)
    if not stays:
        raise FatalError("the server redirected to another host; nothing was sent there")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
