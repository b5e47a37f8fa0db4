"""Both emulated CRMs in the memory of one process: forked with it, served while a child works on them."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from benchmarks.campaign.processes import Child, Ended, ended, start, wait
from crmbridge.sandbox.app import CrmApp
from crmbridge.sandbox.demo import fill
from crmbridge.sandbox.faults import Action, Faults
from crmbridge.sandbox.http import Request, Response
from crmbridge.sandbox.hubspot import HubSpotApp
from crmbridge.sandbox.salesforce import SalesforceApp
from crmbridge.sandbox.server import Listener
from crmbridge.sandbox.world import World


class Watcher(Protocol):
    """Told of every call while a child works."""

    def begin(self, pid: int) -> None:
        """Take note of the child."""

    def before(self, crm: str, request: Request) -> bool:
        """Look at a call that is about to be handled; False: it never arrives."""

    def after(self, crm: str, request: Request, response: Response) -> None:
        """Look at a call that has been handled, and at its answer, which is not sent yet."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where both CRMs are and how to sign in."""

    hubspot_url: str
    hubspot_token: str
    salesforce_url: str
    salesforce_session: str


class Crms:
    """The CRMs of one company. Whoever forks it gets a copy of its own."""

    def __init__(self, *, people: int, seed: int, clock: datetime) -> None:
        self.world = World(seed=seed, clock=clock)
        self.world.faults = self.faults = _CountedFaults(seed)
        self.hubspot = HubSpotApp(self.world)
        self.salesforce = SalesforceApp(self.world)
        self.apps: dict[str, CrmApp] = {"hubspot": self.hubspot, "salesforce": self.salesforce}
        fill(self.world, self.apps, people)

    def run(self, work: Callable[[Access], Any], watcher: Watcher | None = None) -> Ended:
        """Serve both CRMs to a child that does ``work``, until it ends one way or the other."""
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(self._serve(work, watcher))
        finally:
            loop.close()

    def lend(self, work: Callable[[Access], Any]) -> None:
        """Do ``work`` in this process while a child serves a copy: what is loaded on the way stays loaded."""
        reader, writer = os.pipe()
        child = start(lambda: asyncio.run(self._offer(writer)))
        os.close(writer)
        try:
            with os.fdopen(reader, "rb") as pipe:
                work(pickle.load(pipe))  # noqa: S301 - our own child wrote it
        finally:
            os.kill(child.pid, signal.SIGKILL)
            wait(child)

    async def _offer(self, writer: int) -> None:
        _, access = await self._listen(None)
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(access, pipe)
        await asyncio.Event().wait()

    async def _serve(self, work: Callable[[Access], Any], watcher: Watcher | None) -> Ended:
        listeners, access = await self._listen(watcher)
        child = start(lambda: work(access))
        if watcher is not None:
            watcher.begin(child.pid)
        try:
            return ended(child, await _all_of(child))
        finally:
            for listener in listeners:
                await listener.stop()
            await asyncio.sleep(0)  # lets cut connections take their leave

    async def _listen(self, watcher: Watcher | None) -> tuple[list[Listener], Access]:
        listeners, origins = [], {}
        for crm, app in self.apps.items():
            watched = _Watched(crm, app, watcher) if watcher else app
            listener = Listener(app=watched, world=self.world, crm=crm)
            origins[crm] = f"http://127.0.0.1:{await listener.start('127.0.0.1', 0, None)}"
            listeners.append(listener)
        tokens = self.hubspot.portal.tokens.access_token, self.salesforce.org.auth.first_token
        return listeners, Access(origins["hubspot"], tokens[0], origins["salesforce"], tokens[1])


async def _all_of(child: Child) -> bytes:
    """Read a child's pipe to its end, while calls are served."""
    loop, parts = asyncio.get_running_loop(), asyncio.StreamReader()
    with open(child.reader, "rb") as pipe:  # noqa: PTH123, ASYNC230 - a pipe, read when it is ready
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(parts), pipe)
        try:
            return await parts.read()
        finally:
            transport.close()


@dataclass(frozen=True, slots=True)
class _Watched:
    """A CRM with somebody who looks at every call."""

    crm: str
    app: CrmApp
    watcher: Watcher

    def handle(self, request: Request) -> Response:
        if not self.watcher.before(self.crm, request):
            return Response(status=503)
        response = self.app.handle(request)
        self.watcher.after(self.crm, request, response)
        return response


class _CountedFaults(Faults):
    """Scripted faults that know how often they struck."""

    struck = 0

    def pick(self, crm: str, method: str, path: str) -> Action | None:
        action = super().pick(crm, method, path)
        self.struck += action is not None
        return action
