"""Sending events: batches, disorder, duplicates, resends, all by the sandbox's clock and seed.

Up to 100 events in a POST; no answer within five seconds, or one that is no success, is sent again up to ten
times, spread over a day (webhook guide, checked 2026-11-21).
"""

from __future__ import annotations

import json
from collections import deque
from functools import partial
from typing import Any

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.hubspot import webhook_signing
from crmbridge.sandbox.hubspot.tokens import Tokens
from crmbridge.sandbox.options import HubSpotOptions
from crmbridge.sandbox.posting import post
from crmbridge.sandbox.world import World

MAX_EVENTS = 100
#: Seconds between one attempt and the next: ten resends, a day in all; each with some chance in it.
RESEND_SECONDS = (60, 180, 600, 1_800, 3_600, 7_200, 10_800, 14_400, 18_000, 27_000)
_JITTER = (0.9, 1.03)
_KEPT = 10_000
Json = dict[str, Any]


class Delivery:
    """Events on their way to the targets."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        #: Where each app's events go; set by the portal when targets change.
        self.targets: dict[str, str] = {}
        self._waiting: dict[str, list[Json]] = {}
        #: Every attempt, oldest first: when, app, number of events, attempt, status (None: no answer).
        self.attempts: deque[Json] = deque(maxlen=_KEPT)
        #: Events given up after the last attempt, or never sent as the app has no target.
        self.lost = 0

    @property
    def _options(self) -> HubSpotOptions:
        return self._world.options.hubspot

    def take(self, app: str, event: Json) -> None:
        """Send an event to an app, with others that happen in the next moments."""
        if app not in self._waiting:
            self._waiting[app] = []
            self._world.jobs.after(self._options.webhook_delay_seconds, partial(self._flush, app))
        self._waiting[app].append(event)

    def clear(self) -> None:
        """Forget all events."""
        self._waiting.clear()
        self.attempts.clear()
        self.lost = 0

    def state(self) -> Json:
        """Tell what was sent and what waits."""
        waiting = sum(map(len, self._waiting.values()))
        return {"waiting": waiting, "attempts": list(self.attempts), "lost": self.lost}

    async def _flush(self, app: str) -> None:
        events = self._spoiled(self._waiting.pop(app, []))
        for start in range(0, len(events), MAX_EVENTS):
            await self._attempt(app, events[start : start + MAX_EVENTS], 0)

    def _spoiled(self, events: list[Json]) -> list[Json]:
        """Do to events what the service does not promise not to do."""
        chance, options = self._world.random, self._options
        copies = [dict(event) for event in events if chance.random() < options.webhook_duplicate_ratio]
        events = [*events, *copies]
        for event in events:
            if chance.random() < options.webhook_reused_id_ratio:
                event["eventId"] = events[0]["eventId"]
        if options.webhook_disorder:
            chance.shuffle(events)
        return events

    async def _attempt(self, app: str, events: list[Json], number: int) -> None:
        url, now = self.targets.get(app), self._world.clock.now_ms()
        if url is None:
            self.lost += len(events)
            return
        body = json.dumps([{**event, "attemptNumber": number} for event in events]).encode()
        which = self._options.webhook_signatures
        headers = webhook_signing.headers(which, self._tokens.client_secret, url, body, now)
        headers |= {"Content-Type": "application/json", "User-Agent": "HubSpot Connect 2.0"}
        status = await post(url, headers, body, self._options.webhook_timeout_seconds)
        noted = {"at": iso_ms(now), "app": app, "events": len(events), "attempt": number, "status": status}
        self.attempts.append(noted)
        if status is None or not 200 <= status < 300:
            self._again(app, events, number)

    def _again(self, app: str, events: list[Json], number: int) -> None:
        if number == len(RESEND_SECONDS):
            self.lost += len(events)
            return
        seconds = RESEND_SECONDS[number] * self._world.random.uniform(*_JITTER)
        self._world.jobs.after(seconds, partial(self._attempt, app, events, number + 1))
