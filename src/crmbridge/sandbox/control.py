"""The control API: look at the sandbox and steer it from outside, with a token of its own."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any

from crmbridge.errors import ConfigError, Problem
from crmbridge.sandbox import connector_rules, faults
from crmbridge.sandbox.app import CrmApp
from crmbridge.sandbox.clock import to_ms
from crmbridge.sandbox.connector import Connector
from crmbridge.sandbox.http import Request, Response
from crmbridge.sandbox.load import load
from crmbridge.sandbox.world import World

PREFIX = "/_sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlApp:
    """Serves ``state``, ``audit``, ``clock``, ``faults``, ``options``, ``connector``, ``load``, ``act`` …"""

    world: World
    apps: Mapping[str, CrmApp]
    connector: Connector
    token: str
    #: Puts the sandbox back to what it was started with.
    reset: Callable[[], None]
    stop: Callable[[], None]

    async def handle(self, request: Request) -> Response:
        """Answer a request: 401 without the token, 400 with all problems of what was sent."""
        sent = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(sent, f"Bearer {self.token}".encode()):
            return _answer({"error": "the control token is missing or wrong"}, 401)
        handler = self._handlers().get((request.method, request.path.removeprefix(PREFIX).strip("/")))
        if handler is None:
            return _answer({"error": "no such call", "known": sorted(map(" ".join, self._handlers()))}, 404)
        try:
            result = handler(request)
            return _answer(await result if isawaitable(result) else result)
        except ConfigError as error:
            return _answer({"error": str(error), "problems": [str(item) for item in error.problems]}, 400)

    def _handlers(self) -> dict[tuple[str, str], Callable[[Request], Any]]:
        return {
            ("GET", "state"): self._state,
            ("GET", "audit"): self._audit,
            ("GET", "clock"): lambda _: self._clock(),
            ("POST", "clock"): self._set_clock,
            ("POST", "faults"): self._set_faults,
            ("GET", "options"): lambda _: self.world.options.as_dict(),
            ("POST", "options"): self._set_options,
            ("POST", "reset"): self._reset,
            ("POST", "load"): self._load,
            ("POST", "act"): self._act,
            ("GET", "connector"): lambda _: self.connector.state(),
            ("POST", "connector"): self._set_connector,
            ("POST", "stop"): self._stop,
        }

    def _state(self, request: Request) -> Any:
        del request
        return {
            **{crm: app.state() for crm, app in self.apps.items()},
            **self._clock(),
            "calls": {crm: self.world.calls[crm] for crm in self.apps},
            "seed": self.world.seed,
            "options": self.world.options.as_dict(),
        }

    def _audit(self, request: Request) -> Any:
        since = request.arg("since", "0")
        if not since.isdecimal():
            raise _problem("since", "must be a number")
        return [entry.as_dict() for entry in self.world.audit.since(int(since))]

    def _clock(self) -> dict[str, Any]:
        return {"now": self.world.clock.iso(), "frozen": self.world.clock.frozen}

    async def _set_clock(self, request: Request) -> Any:
        body = _object(request)
        if "set" in body:
            step = to_ms(_moment(body["set"])) - self.world.clock.now_ms()
            await self.world.jobs.advance(step)
        if "advance_seconds" in body:
            seconds = body["advance_seconds"]
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or abs(seconds) > 1e10:
                raise _problem("advance_seconds", "must be a number of seconds")
            await self.world.jobs.advance(round(seconds * 1000))
        return self._clock()

    def _set_faults(self, request: Request) -> Any:
        body = _object(request)
        seed = body.get("seed")
        if not isinstance(body.get("rules"), list) or not isinstance(seed, int | None):
            raise _problem("rules", "must be a list of rules, seed a number")
        self.world.faults.set(faults.parse_rules(body["rules"]), seed)
        return {"rules": len(self.world.faults.rules)}

    def _set_options(self, request: Request) -> Any:
        self.world.options.change(_object(request))
        return self.world.options.as_dict()

    def _reset(self, request: Request) -> Any:
        del request
        self.reset()
        return {"reset": True}

    def _load(self, request: Request) -> Any:
        body = _object(request)
        name, text = body.get("object"), body.get("csv")
        if not isinstance(name, str) or not isinstance(text, str):
            raise _problem("object", "object (hubspot.contacts) and csv (the file's text) are needed")
        # The text comes with the request: no path from a request ever reaches the file system.
        return load(self.apps, name, text, create_fields=body.get("create_fields") is True).as_dict()

    def _act(self, request: Request) -> Any:
        body = _object(request)
        app, action, arguments = (
            self.apps.get(str(body.get("crm"))),
            body.get("action"),
            body.get("arguments", {}),
        )
        if app is None or not isinstance(action, str) or not isinstance(arguments, dict):
            raise _problem("crm", "crm, action and arguments (an object) are needed")
        return app.act(action, arguments)

    def _set_connector(self, request: Request) -> Any:
        body = _object(request)
        off = body.pop("on", True) is False
        self.connector.switch(None if off else connector_rules.parse(body))
        return self.connector.state()

    def _stop(self, request: Request) -> Any:
        del request
        self.stop()
        return {"stopping": True}


def _answer(value: Any, status: int = 200) -> Response:
    body = json.dumps(value).encode()
    return Response(status=status, body=body, headers={"Content-Type": "application/json"})


def _problem(key: str, message: str) -> ConfigError:
    return ConfigError([Problem("control", key, message)])


def _object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise _problem("", "the body is no JSON") from None
    if not isinstance(body, dict):
        raise _problem("", "the body must be a JSON object")
    return body


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _problem("set", "must be an ISO 8601 moment") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
