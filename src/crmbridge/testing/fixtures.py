"""pytest fixtures of the sandbox: a company tests its own process files with them (docs/testing.md).

    # conftest.py
    from crmbridge.testing.fixtures import *  # noqa: F403

Needs pytest and the extra ``sandbox``. No plugin is registered: who does not import this pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest

from crmbridge.bridge import Bridge
from crmbridge.company import connect
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping
from crmbridge.process import Process
from crmbridge.sandbox import Sandbox, SandboxOptions
from crmbridge.settings import Settings

__all__ = ["NOW", "OpenCompany", "open_company", "sandbox", "sandbox_options", "sandbox_server"]

#: When the sandbox's time stands still: a Monday morning.
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
#: Opens a company folder (and the CRMs named; both unless told) over the sandbox.
OpenCompany: TypeAlias = Callable[..., Bridge]


class _Unhurried:
    """A limiter that never waits: the sandbox's limits are switches, and no other process shares them."""

    def acquire(self, bucket: str, limit: int, window_seconds: float) -> float:  # noqa: ARG002 - the port's
        return 0.0

    def pause(self, bucket: str, seconds: float) -> None:
        """Ignore what the server asks for."""


@pytest.fixture(scope="session")
def sandbox_options() -> SandboxOptions:
    """How the sandbox starts; override it in conftest.py for invented leads, switches or the connector."""
    return SandboxOptions(clock=NOW)


@pytest.fixture(scope="session")
def sandbox_server(sandbox_options: SandboxOptions) -> Iterator[Sandbox]:
    """Give the one sandbox of the test session; tests take `sandbox`, which is put back first."""
    with Sandbox(sandbox_options) as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: Sandbox) -> Sandbox:
    """Give the sandbox as it was started: its records, switches and time; no faults, an empty audit."""
    sandbox_server.start_over()
    return sandbox_server


@pytest.fixture
def open_company(sandbox: Sandbox) -> Iterator[OpenCompany]:
    """Give what opens a company folder over the sandbox, with a ledger in memory.

    ``open_company(folder, crms=("hubspot",))`` creates the custom fields that the mapping needs and gives a
    `Bridge`, which is closed after the test. Each call has a ledger of its own.
    """
    with ExitStack() as bridges:

        def opened(folder: Path | str, crms: tuple[str, ...] = ("hubspot", "salesforce")) -> Bridge:
            bridge = _bridge(Path(folder), sandbox, crms)
            bridges.callback(bridge.close)
            bridge.create_fields(bridge.needed_fields())
            return bridge

        yield opened


def _bridge(folder: Path, sandbox: Sandbox, crms: tuple[str, ...]) -> Bridge:
    mapping = Mapping.load(folder / "mapping.toml")
    process = Process.load(folder / "process.toml")
    found = sandbox.settings()
    settings = Settings.parse({name: found[name] for name in crms})
    parts = connect(settings, mapping, limiter=_Unhurried())
    return Bridge(
        process,
        mapping,
        hubspot=parts.get("hubspot"),
        salesforce=parts.get("salesforce"),
        ledger=SqlLedger("sqlite://"),
        company=folder.resolve().name,
    )
