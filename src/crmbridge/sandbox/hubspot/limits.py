"""Rate limits, measured on the sandbox's clock: ten seconds rolling per app, searches a second, the day."""

from __future__ import annotations

from collections import defaultdict, deque

from crmbridge.sandbox.hubspot.errors import HubSpotError
from crmbridge.sandbox.hubspot.tokens import Token
from crmbridge.sandbox.options import HubSpotOptions
from crmbridge.sandbox.world import World

_TEN_SECONDS_MS = 10_000
_SECOND_MS = 1_000
_DAY_MS = 86_400_000
_PREFIX = "X-HubSpot-RateLimit-"


class Limits:
    """Count calls; refuse those over a limit when the switch is on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._calls: defaultdict[str, deque[int]] = defaultdict(deque)
        self._searches: deque[int] = deque()
        self._day = 0
        #: Calls of this day, in UTC.
        self.used_today = 0

    @property
    def _options(self) -> HubSpotOptions:
        return self._world.options.hubspot

    @property
    def resets_at_ms(self) -> int:
        """When the day's count starts again, epoch milliseconds."""
        return (self._world.clock.now_ms() // _DAY_MS + 1) * _DAY_MS

    def take(self, token: Token, *, search: bool) -> None:
        """Count a call.

        Raises:
            HubSpotError: 429, a limit is passed.
        """
        now = self._world.clock.now_ms()
        if now // _DAY_MS != self._day:
            self._day, self.used_today = now // _DAY_MS, 0
        self.used_today += 1
        if not self._options.rate_limits:
            return
        if self.used_today > self._options.daily_limit:
            raise self._refusal("DAILY", "daily", token)
        window, span, limit = self._window(token, search=search)
        while window and not now - span < window[0] <= now:
            window.popleft()
        if len(window) >= limit:
            policy = ("SECONDLY", "secondly") if search else ("TEN_SECONDLY_ROLLING", "ten_secondly_rolling")
            raise self._refusal(*policy, token)
        window.append(now)

    def headers(self, token: Token, *, search: bool) -> dict[str, str]:
        """Give the headers of an answer; searches have none, OAuth tokens none for the day."""
        if search:
            return {}
        limit = self._options.ten_second_limit
        used = len(self._calls[token.app_id]) if self._options.rate_limits else 1
        headers = {
            f"{_PREFIX}Max": str(limit),
            f"{_PREFIX}Remaining": str(max(limit - used, 0)),
            f"{_PREFIX}Interval-Milliseconds": str(_TEN_SECONDS_MS),
        }
        return headers | self._daily_headers(token)

    def _window(self, token: Token, *, search: bool) -> tuple[deque[int], int, int]:
        if search:  # shared by all apps and object types of the account
            return self._searches, _SECOND_MS, self._options.search_second_limit
        return self._calls[token.app_id], _TEN_SECONDS_MS, self._options.ten_second_limit

    def _daily_headers(self, token: Token) -> dict[str, str]:
        if not token.is_private_app:
            return {}
        limit = self._options.daily_limit
        left = max(limit - self.used_today, 0)
        return {f"{_PREFIX}Daily": str(limit), f"{_PREFIX}Daily-Remaining": str(left)}

    def _refusal(self, policy: str, words: str, token: Token) -> HubSpotError:
        extra = {"errorType": "RATE_LIMIT", "policyName": policy}
        if policy == "TEN_SECONDLY_ROLLING":
            extra["groupName"] = f"publicapi:private-app-api-calls-ten-secondly:{token.app_id}"
        if policy == "DAILY":
            extra["requestId"] = f"{self._world.random.getrandbits(64):016x}"
        headers = {"Retry-After": "1" if policy == "SECONDLY" else "10"} if self._options.retry_after else {}
        shown = self._daily_headers(token) | headers
        return HubSpotError(429, f"You have reached your {words} limit.", None, extra, shown)
