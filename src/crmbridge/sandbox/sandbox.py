"""`Sandbox`: both emulated CRMs and the control API, served from one background thread."""

from __future__ import annotations

import asyncio
import atexit
import logging
import secrets
import ssl
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import trustme

from crmbridge.sandbox import faults
from crmbridge.sandbox.app import CrmApp
from crmbridge.sandbox.clock import to_ms
from crmbridge.sandbox.connector import Connector
from crmbridge.sandbox.connector_rules import ConnectorOptions
from crmbridge.sandbox.control import PREFIX, ControlApp
from crmbridge.sandbox.demo import fill
from crmbridge.sandbox.hubspot import HubSpotApp
from crmbridge.sandbox.load import LoadReport, load, load_file
from crmbridge.sandbox.options import Options
from crmbridge.sandbox.salesforce import SalesforceApp
from crmbridge.sandbox.server import Listener
from crmbridge.sandbox.world import World

_log = logging.getLogger(__name__)
_START_SECONDS = 600.0
#: How often a running clock is looked at, in real seconds.
_TICK_SECONDS = 0.05
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How a sandbox starts."""

    #: Address to listen on; anything but loopback is for those who know what they do.
    host: str = "127.0.0.1"
    #: 0 takes any free port.
    hubspot_port: int = 0
    salesforce_port: int = 0
    control_port: int = 0
    #: Serve both CRMs over TLS with a certificate authority made on the spot.
    tls: bool = False
    #: SQLite file that keeps the state; None: in memory.
    state: Path | None = None
    #: Number of invented leads over both CRMs.
    demo: int = 0
    #: ("hubspot.contacts", file) and so on, loaded in this order.
    load: Sequence[tuple[str, Path]] = ()
    #: Columns that no property or field has become custom ones.
    create_fields: bool = False
    seed: int = 1
    #: Time stands still at this aware moment until it is moved; None: real time.
    clock: datetime | None = None
    #: Switches to set at the start, as `crmbridge.sandbox.options.Options.change` takes them.
    options: Mapping[str, Any] | None = None
    #: Let the HubSpot-Salesforce connector work between the two; None: there is none.
    connector: ConnectorOptions | None = None


class Sandbox:
    """Both CRMs, up as soon as it is made, down with `stop` or at the end of a ``with`` block."""

    #: The ready line: URLs, tokens and keys, as design/interfaces has it.
    ready: dict[str, Any]
    #: Touch it only through `run` while the sandbox serves.
    world: World
    hubspot: HubSpotApp
    salesforce: SalesforceApp
    connector: Connector
    #: What the files given at the start became.
    reports: tuple[LoadReport, ...] = ()

    def __init__(self, options: SandboxOptions | None = None, **settings: Any) -> None:
        """Start serving.

        Args:
            options: How to start; None for an empty sandbox.
            settings: Fields of `SandboxOptions`, instead of an object.

        Raises:
            ConfigError: A file cannot be loaded.
            OSError: A port is taken.
        """
        self.options = options or SandboxOptions(**settings)
        self._loop = asyncio.new_event_loop()
        self._up: Future[None] = Future()
        self._down = asyncio.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="crmbridge-sandbox", daemon=True)
        self._thread.start()
        # Whoever forgets to stop it still leaves no keys behind.
        atexit.register(self.stop)
        self._up.result(_START_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close all ports and forget everything that is not in a state file; may be called twice."""
        if not self._stopped.is_set():
            with suppress(RuntimeError):  # it closed its loop at this very moment
                self._loop.call_soon_threadsafe(self._down.set)
        self._thread.join()
        atexit.unregister(self.stop)

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until somebody stops the sandbox; False when the time is over before."""
        return self._stopped.wait(timeout_seconds)

    def run(self, work: Callable[[], T]) -> T:
        """Do something with `world` or an app on the sandbox's own thread, between two requests."""

        async def job() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(job(), self._loop).result()

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def load(self, name: str, source: str | Path, *, create_fields: bool = False) -> LoadReport:
        """Load CSV (a path, or the text itself) into "hubspot.contacts", "salesforce.Lead" and so on.

        Raises:
            ConfigError: As `crmbridge.sandbox.load.load`.
        """
        if isinstance(source, Path):
            return self.run(lambda: load_file(self._apps, name, source, create_fields=create_fields))
        return self.run(lambda: load(self._apps, name, source, create_fields=create_fields))

    def reset(self) -> None:
        """Go back to what it was started with: empty, or with the demo and the files loaded again."""
        self.run(self._reset)

    def start_over(self) -> None:
        """Do as `reset`, and put back switches and connector too: what every test begins with."""
        self.run(self._start_over)

    def advance(self, seconds: float) -> None:
        """Let sandbox time pass at once: what falls due happens, in order, before this returns."""
        self._wait_for(self.world.jobs.advance(round(seconds * 1000)))

    def set_clock(self, moment: datetime) -> None:
        """Move sandbox time to an aware moment."""
        step = to_ms(moment) - self.run(self.world.clock.now_ms)
        self._wait_for(self.world.jobs.advance(step))

    def set_faults(self, *rules: Mapping[str, Any], seed: int | None = None) -> None:
        """Replace the fault rules; each is a rule of the control API. None at all: everything works.

        Raises:
            ConfigError: A rule is not as documented.
        """
        parsed = faults.parse_rules([dict(rule) for rule in rules])
        self.run(lambda: self.world.faults.set(parsed, seed))

    def set_options(self, **switches: Mapping[str, Any]) -> None:
        """Set switches: ``set_options(hubspot={"lifecycle": "reject"})``.

        Raises:
            ConfigError: A switch is unknown.
        """
        self.run(lambda: self.world.options.change(switches))

    def act(self, crm: str, action: str, **arguments: Any) -> dict[str, Any]:
        """Do what a person does inside a CRM: ``act("hubspot", "edit", object="contacts", …)``.

        Raises:
            ConfigError: The CRM or action is unknown or its arguments do not fit.
        """
        return self.run(lambda: self._apps[crm].act(action, arguments))

    def connect(self, connector: ConnectorOptions | None) -> None:
        """Switch the HubSpot-Salesforce connector on (first run one interval from now), or off (None)."""
        self.run(lambda: self.connector.switch(connector))

    def connector_state(self) -> dict[str, Any]:
        """Give what the connector did: ``runs``, ``writes``, ``refusals``, as the control API shows it."""
        return self.run(self.connector.state)

    def settings(self) -> dict[str, dict[str, str]]:
        """Give what a client needs to sign in to both CRMs, named like the settings of the package."""
        hubspot, salesforce = self.ready["hubspot"], self.ready["salesforce"]
        return {
            "hubspot": {name: hubspot[name] for name in ("base_url", "access_token")},
            "salesforce": {name: salesforce[name] for name in ("instance_url", "session_id")},
        }

    def audit(self, since: int = 0) -> list[dict[str, Any]]:
        """Give the requests with a number above ``since``, oldest first, as the control API shows them."""
        return self.run(lambda: [entry.as_dict() for entry in self.world.audit.since(since)])

    def calls(self) -> dict[str, int]:
        """Give the number of requests since the start or reset, by CRM."""
        return self.run(lambda: {crm: self.world.calls[crm] for crm in self._apps})

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            with tempfile.TemporaryDirectory(prefix="crmbridge-sandbox-") as folder:
                self._loop.run_until_complete(self._main(Path(folder)))
        except BaseException as error:  # handed to the thread that waits for the start
            if self._up.done():
                raise
            self._up.set_exception(error)
        finally:
            self._loop.close()
            self._stopped.set()

    async def _main(self, folder: Path) -> None:
        options = self.options
        self.world = World(state=options.state, seed=options.seed, clock=options.clock)
        listeners: list[Listener] = []
        try:
            self._set_up()
            self.ready = await self._listen(folder, listeners)
            self._up.set_result(None)
            ticking = asyncio.create_task(self._tick())
            await self._down.wait()
            ticking.cancel()
        finally:
            for listener in listeners:
                await listener.stop()
            await asyncio.sleep(0)  # lets cut connections take their leave
            self.world.close()

    async def _tick(self) -> None:
        """Let happen what falls due while the clock runs by itself."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            if self.world.jobs.is_due:
                await self.world.jobs.advance()

    def _set_up(self) -> None:
        self.world.options.change(self.options.options or {})
        self.hubspot = HubSpotApp(self.world)
        self.salesforce = SalesforceApp(self.world)
        self._apps: dict[str, CrmApp] = {"hubspot": self.hubspot, "salesforce": self.salesforce}
        self._fill()
        self.connector = Connector(self.world, self.hubspot, self.salesforce)
        self.connector.switch(self.options.connector)

    def _fill(self) -> None:
        options = self.options
        if options.demo and not self.world.is_filled():
            fill(self.world, self._apps, options.demo)
            self.world.mark_filled()
        self.reports = tuple(
            load_file(self._apps, name, path, create_fields=options.create_fields)
            for name, path in options.load
        )

    def _reset(self) -> None:
        self.world.reset()
        for app in self._apps.values():
            app.reset()
        self._fill()
        self.connector.reset()

    def _start_over(self) -> None:
        self.world.options = Options()
        self.world.options.change(self.options.options or {})
        self._reset()
        self.connector.switch(self.options.connector)

    async def _listen(self, folder: Path, listeners: list[Listener]) -> dict[str, Any]:
        options, tls, ca_file = self.options, None, None
        if not _is_loopback(options.host):
            _log.warning("the sandbox listens on %s: others can reach it", options.host)
        if options.tls:
            tls, ca_file = _certificate(options.host, folder)
        ready: dict[str, Any] = {}
        ports = {"hubspot": options.hubspot_port, "salesforce": options.salesforce_port}
        for crm, app in self._apps.items():
            listener = Listener(app=app, world=self.world, crm=crm)
            listeners.append(listener)
            port = await listener.start(options.host, ports[crm], tls)
            ready[crm] = app.ready(_origin(options.host, port, tls=tls is not None), folder)
        token = secrets.token_urlsafe(24)
        control = ControlApp(
            world=self.world,
            apps=self._apps,
            connector=self.connector,
            token=token,
            reset=self._reset,
            stop=self._down.set,
        )
        listener = Listener(app=control)
        listeners.append(listener)
        port = await listener.start("127.0.0.1", options.control_port, None)
        ready["control"] = {"url": f"http://127.0.0.1:{port}{PREFIX}", "token": token}
        return {**ready, "ca_file": str(ca_file) if ca_file else None}


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(host: str, port: int, *, tls: bool) -> str:
    shown = "127.0.0.1" if host in ("0.0.0.0", "") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def _certificate(host: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    names = dict.fromkeys(("localhost", "127.0.0.1", "::1", host))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context, ca_file
