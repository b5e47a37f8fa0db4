"""What every call goes through: counting, limits, retries, tokens, and the session for requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from structlog.testing import capture_logs

from crmbridge.adapters.retry import LocalLimiter, NotCarriedOut, RetryPolicy
from crmbridge.adapters.tokens import FixedToken, Grant, HostToken, OAuthTokens, as_tokens
from crmbridge.adapters.transport import (
    Budget,
    Rate,
    Transport,
    plain_http_host,
    refuse_redirect,
    session,
)
from crmbridge.errors import (
    Ambiguous,
    FatalError,
    QuotaExhausted,
    RateLimited,
    Refused,
    TimedOut,
    TransientError,
    Unavailable,
    Where,
)


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def transport_at(time: FakeTime, **changes: Any) -> Transport:
    policy = RetryPolicy(sleep=time.sleep, jitter=lambda: 0.5, **changes.pop("policy", {}))
    return Transport("hubspot", policy=policy, limiter=LocalLimiter(time), **changes)


def failing(*errors: Exception) -> Callable[[], str]:
    """Fail with each error in turn, then answer."""
    left = iter(errors)

    def send() -> str:
        for error in left:
            raise error
        return "answer"

    return send


# retries ---------------------------------------------------------------------------------------------


def test_a_read_is_sent_again_after_every_kind_of_transient_failure(time: FakeTime) -> None:
    transport = transport_at(time)
    send = failing(TimedOut("slow"), Unavailable("down"), NotCarriedOut("locked"))
    assert transport.call(send, repeatable=True) == "answer"
    assert transport.calls == 4
    assert time.slept == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("error", [TimedOut("slow"), Unavailable("down")])
def test_a_write_whose_answer_never_came_is_ambiguous_and_not_sent_again(
    time: FakeTime, error: TransientError
) -> None:
    transport = transport_at(time)
    with pytest.raises(Ambiguous):
        transport.call(failing(error), repeatable=False)
    assert transport.calls == 1
    assert time.slept == []


@pytest.mark.parametrize("error", [RateLimited("slow down"), NotCarriedOut("no connection")])
def test_a_write_that_did_nothing_for_sure_is_sent_again(time: FakeTime, error: TransientError) -> None:
    transport = transport_at(time)
    assert transport.call(failing(error), repeatable=False) == "answer"
    assert transport.calls == 2


def test_a_refusal_is_not_repeated(time: FakeTime) -> None:
    transport = transport_at(time)
    with pytest.raises(Refused):
        transport.call(failing(Refused("no")), repeatable=True)
    assert transport.calls == 1


def test_the_servers_wait_is_honoured_and_holds_everybody_back(time: FakeTime) -> None:
    transport = transport_at(time, rates={"calls": Rate(10, 1.0)})
    transport.call(failing(RateLimited("slow down", None, 7.0)), repeatable=False)
    assert time.slept == [7.5]


def test_other_processes_wait_as_long_as_the_server_asked(time: FakeTime) -> None:
    limiter = LocalLimiter(time)
    limiter.pause("hubspot.calls", 7.0)
    assert limiter.acquire("hubspot.calls", 10, 1.0) == 7.0


def test_attempts_are_bounded_and_the_last_error_comes_through(time: FakeTime) -> None:
    transport = transport_at(time, policy={"attempts": 3})
    with pytest.raises(Unavailable):
        transport.call(failing(*[Unavailable("down")] * 9), repeatable=True)
    assert transport.calls == 3


def test_a_wait_beyond_the_total_is_not_begun(time: FakeTime) -> None:
    transport = transport_at(time, policy={"total_seconds": 60.0})
    with pytest.raises(NotCarriedOut):
        transport.call(failing(NotCarriedOut("moving region", None, 600.0)), repeatable=True)
    assert time.slept == []


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [(1, 0.0, 0.0), (1, 0.5, 0.5), (4, 0.5, 4.0), (9, 0.5, 15.0)],
)
def test_waits_are_drawn_from_a_growing_capped_range(attempt: int, jitter: float, seconds: float) -> None:
    policy = RetryPolicy(jitter=lambda: jitter)
    assert policy.wait_seconds(attempt, Unavailable("down")) == seconds


def test_each_retry_is_logged_with_codes_and_without_the_message(time: FakeTime) -> None:
    error = Unavailable("about ada@example.com", Where("hubspot", status=503, code="BUSY"))
    with capture_logs() as logs:
        transport_at(time).call(failing(error), repeatable=True)
    assert logs == [
        {
            "event": "retry",
            "log_level": "warning",
            "crm": "hubspot",
            "error": "Unavailable",
            "status": 503,
            "code": "BUSY",
            "attempt": 1,
            "wait_seconds": 0.5,
        }
    ]


# limits and budget -----------------------------------------------------------------------------------


def test_no_window_ever_holds_more_starts_than_the_limit(time: FakeTime) -> None:
    limiter = LocalLimiter(time)
    starts = []
    for _ in range(95):
        time.sleep(limiter.acquire("b", 10, 10.0))
        starts.append(time.now)
    assert all(later - earlier >= 10.0 for earlier, later in zip(starts, starts[10:], strict=False))
    assert starts[-1] - starts[0] == pytest.approx(90.0)


def test_the_limit_follows_what_the_server_says(time: FakeTime) -> None:
    transport = transport_at(time, rates={"calls": Rate(100, 10.0)})
    transport.learn("calls", Rate(2, 10.0))
    for _ in range(3):
        transport.call(lambda: None, repeatable=True)
    assert sum(time.slept) == pytest.approx(10.0)


def test_a_spent_budget_stops_the_call_before_it_is_sent(time: FakeTime) -> None:
    transport = transport_at(time, before_call=Budget(2))
    sent: list[int] = []
    transport.call(lambda: sent.append(1), repeatable=True)
    transport.call(lambda: sent.append(2), repeatable=True)
    with pytest.raises(QuotaExhausted):
        transport.call(lambda: sent.append(3), repeatable=True)
    assert sent == [1, 2]
    assert transport.calls == 2


# tokens ----------------------------------------------------------------------------------------------


def test_a_fixed_token_has_no_successor() -> None:
    assert as_tokens("t").renew("t") is None


def test_the_hosts_callable_is_asked_every_time() -> None:
    given = iter(["one", "two"])
    tokens = as_tokens(lambda: next(given))
    assert isinstance(tokens, HostToken)
    assert (tokens.current(), tokens.current()) == ("one", "two")


def test_a_host_that_knows_no_better_token_gives_none() -> None:
    assert as_tokens(lambda: "same").renew("same") is None


def counted(lifetime_seconds: float | None = 1800.0) -> tuple[Callable[[], Grant], list[int]]:
    fetched: list[int] = []

    def fetch() -> Grant:
        fetched.append(1)
        return Grant(f"token{len(fetched)}", lifetime_seconds)

    return fetch, fetched


def test_a_token_is_fetched_once_and_again_just_before_it_expires(time: FakeTime) -> None:
    fetch, _ = counted()
    tokens = OAuthTokens(fetch, clock=time)
    assert tokens.current() == "token1"
    time.now += 1700
    assert tokens.current() == "token1"
    time.now += 60
    assert tokens.current() == "token2"


def test_a_refused_token_is_renewed_once_for_all_who_had_it(time: FakeTime) -> None:
    fetch, fetched = counted()
    tokens = OAuthTokens(fetch, clock=time)
    tokens.current()
    assert {tokens.renew("token1"), tokens.renew("token1")} == {"token2"}
    assert len(fetched) == 2


def test_many_threads_share_one_fetch(time: FakeTime) -> None:
    fetch, fetched = counted(lifetime_seconds=None)
    tokens = OAuthTokens(fetch, clock=time)
    threads = [threading.Thread(target=tokens.current) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetched) == 1


def test_grants_hide_their_token() -> None:
    assert "secret" not in repr(Grant("secret"))


# the session for requests ----------------------------------------------------------------------------


class Echo(BaseHTTPRequestHandler):
    """Accepts one token; tells what it was sent."""

    accepted = "good"

    def do_GET(self) -> None:
        if self.path == "/away":
            self._answer(302, Location="http://127.0.0.2:1/")
        elif self.path == "/near":
            self._answer(302, Location="/here")
        elif self.headers["Authorization"] != f"Bearer {self.accepted}":
            self._answer(401)
        else:
            self._answer(200, **{"X-Saw": self.headers.get("Sforce-Auto-Assign", "")})

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {self.accepted}":
            self._answer(401)
        else:
            self._answer(
                200, **{"X-Saw": self.headers.get("Sforce-Auto-Assign", ""), "X-Body": body.decode()}
            )

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Renewing:
    """Has a stale token first, then others."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    def current(self) -> str:
        return self._tokens[0]

    def renew(self, stale: str) -> str | None:
        if self._tokens[0] == stale and len(self._tokens) > 1:
            del self._tokens[0]
        return None if self._tokens[0] == stale else self._tokens[0]


def test_a_refused_token_is_replaced_and_the_same_request_sent_again(time: FakeTime, server: str) -> None:
    transport = transport_at(time)
    with session(Renewing("stale", "good"), transport=transport, instance_url=f"http://{server}") as made:
        answer = made.patch(f"https://{server}/x", data="body", headers={"Sforce-Auto-Assign": "FALSE"})
    assert answer.status_code == 200
    assert answer.headers["X-Saw"] == "FALSE"
    assert answer.headers["X-Body"] == "body"
    assert transport.calls == 1  # the repetition; the first one counts in the call around it


def test_a_token_that_stays_refused_ends_after_two_requests(time: FakeTime, server: str) -> None:
    transport = transport_at(time)
    tokens = Renewing("stale", "staler", "stalest")
    with session(tokens, transport=transport, instance_url=f"http://{server}") as made:
        assert made.get(f"https://{server}/x").status_code == 401
    assert transport.calls == 1


def test_a_token_without_successor_gives_the_refusal_back(time: FakeTime, server: str) -> None:
    with session(FixedToken("bad"), transport=transport_at(time), instance_url=f"http://{server}") as made:
        assert made.get(f"https://{server}/x").status_code == 401


def test_a_redirect_to_another_host_is_refused(time: FakeTime, server: str) -> None:
    with (
        session(FixedToken("good"), transport=transport_at(time), instance_url=f"http://{server}") as made,
        pytest.raises(FatalError),
    ):
        made.get(f"http://{server}/away")


def test_a_redirect_on_the_same_host_is_followed(time: FakeTime, server: str) -> None:
    with session(FixedToken("good"), transport=transport_at(time), instance_url=f"http://{server}") as made:
        assert made.get(f"http://{server}/near").status_code == 200


def test_requests_never_wait_for_ever(time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = transport_at(time)
    seen: dict[str, Any] = {}

    def spy(_: object, __: object, **kwargs: Any) -> requests.Response:
        seen.update(kwargs)
        raise requests.ConnectionError

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", spy)
    with (
        session(FixedToken("t"), transport=transport, instance_url="https://example.com") as made,
        pytest.raises(requests.ConnectionError),
    ):
        made.get("https://example.com")
    assert seen["timeout"] == transport.timeouts.pair


@pytest.mark.parametrize("url", ["http://example.com", "http://10.0.0.1:8080", "ftp://127.0.0.1"])
def test_plain_http_leaves_this_machine_for_nobody(url: str) -> None:
    with pytest.raises(FatalError):
        plain_http_host(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost:1", "localhost:1"),
        ("http://[::1]:2", "[::1]:2"),
        ("https://example.com", None),
    ],
)
def test_plain_http_is_spoken_to_this_machine_only(url: str, host: str | None) -> None:
    assert plain_http_host(url) == host


@pytest.mark.parametrize(
    "location", ["https://elsewhere.example/", "//elsewhere.example/x", "http://api.example/x"]
)
def test_redirects_that_would_carry_the_token_away_are_refused(location: str) -> None:
    with pytest.raises(FatalError):
        refuse_redirect("https://api.example/", location)
