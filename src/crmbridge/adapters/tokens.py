"""Access tokens: a fixed text, a callable of the host, or OAuth that refreshes itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol, TypeAlias

#: Refreshed so long before it expires: a call that starts now must not end with a dead token.
MARGIN_SECONDS = 60.0


class Tokens(Protocol):
    """Where the transport gets its bearer token from. Thread-safe."""

    def current(self) -> str:
        """Give a token to use now; fetches or refreshes one if need be."""

    def renew(self, stale: str) -> str | None:
        """Give another token after ``stale`` was refused; None when there is no other one."""


class FixedToken:
    """A token that never expires and cannot be renewed (a HubSpot private app's)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        return self._token

    def renew(self, stale: str) -> str | None:
        return None if stale == self._token else self._token


class HostToken:
    """A token that the embedding service keeps fresh: its callable is asked before every call."""

    def __init__(self, source: Callable[[], str]) -> None:
        self._source = source

    def current(self) -> str:
        return self._source()

    def renew(self, stale: str) -> str | None:
        token = self._source()
        return None if token == stale else token


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token endpoint gave."""

    token: str = field(repr=False)
    #: How long it lives; None when the endpoint does not say (renewed on the first refusal only).
    lifetime_seconds: float | None = None
    #: Where the account lives, if the endpoint says so (Salesforce ``instance_url``).
    base_url: str | None = None


class OAuthTokens:
    """Tokens from ``fetch``: renewed before they expire and once when refused; one fetch at a time.

    Threads that come while a fetch is under way wait for it and share its token.
    """

    def __init__(self, fetch: Callable[[], Grant], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._grant: Grant | None = None
        self._fresh_until = 0.0

    def current(self) -> str:
        return self.grant().token

    def grant(self) -> Grant:
        """Give the grant in force, fetching one when there is none or it is about to expire."""
        with self._lock:
            if self._grant is None or self._clock() >= self._fresh_until:
                return self._renewed()
            return self._grant

    def renew(self, stale: str) -> str | None:
        with self._lock:
            if self._grant is None or self._grant.token == stale:
                self._renewed()
            token = self._grant.token if self._grant else None
            return None if token == stale else token

    def _renewed(self) -> Grant:
        self._grant = grant = self._fetch()
        lifetime = grant.lifetime_seconds
        # A token that lives shorter than twice the margin would be fetched anew for every call.
        margin = min(MARGIN_SECONDS, lifetime / 2) if lifetime is not None else 0.0
        self._fresh_until = float("inf") if lifetime is None else self._clock() + lifetime - margin
        return grant


#: What adapters take as an access token.
TokenSource: TypeAlias = str | Callable[[], str] | Tokens


def as_tokens(source: TokenSource) -> Tokens:
    """Make ``Tokens`` of whatever a host hands over."""
    if isinstance(source, str):
        return FixedToken(source)
    return HostToken(source) if callable(source) else source
