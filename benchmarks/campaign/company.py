"""The company under test, as a child opens it: real adapters, real ledger, a clock that stands still."""

from __future__ import annotations

import os
import signal
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks.campaign.crms import Access
from benchmarks.campaign.letters import Courier
from crmbridge.adapters.hubspot import HubSpot
from crmbridge.adapters.retry import RetryPolicy
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.bridge import Bridge
from crmbridge.errors import CrmBridgeError
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping
from crmbridge.model import Record
from crmbridge.outbox import DeliveryState
from crmbridge.process import Process

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
LEASE_SECONDS = 60.0


def _process() -> Process:
    """Take the demo's process, with notes and messages, and little patience with failures and flapping."""
    file = Path(str(resources.files("crmbridge.cli") / "demo_company" / "process.toml"))
    data = tomllib.loads(file.read_text("utf-8"))
    data["handoff"] = {"note": "task", "crm": "both"}
    # No two events have the same title: one that comes twice was told twice.
    alert = {"name": "team", "to": ["team"], "title": "$kind $lead_id $rule", "body": "$why"}
    data["alert"] = [alert | {"on": ["handed_off", "unrouted", "quarantined"]}]
    data["guards"] |= {"max_attempts": 1, "max_owner_changes": 1}
    return Process.parse(data)


PROCESS = _process()
#: Beside what is written anyway, two fields of the person, so that people's own data is at stake as well.
_WRITTEN = (
    "stage status recycle_reason owner lead_id score is_mql is_sal qualified_at why job_title city".split()
)
MAPPING = Mapping.parse(
    {
        "format": 1,
        "write": {"hubspot": _WRITTEN, "salesforce_lead": _WRITTEN, "salesforce_contact": _WRITTEN},
    }
)
#: What people see of a record; ids and stamps of created ones differ between runs.
_SEEN = "email stage status owner recycle_reason is_mql is_sal qualified_at score why job_title city".split()
_POLICY = RetryPolicy(sleep=lambda _seconds: None, jitter=lambda: 0.0, attempts=3)
#: Runs after which a company must have come to rest.
_PATIENCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a run opens the company."""

    ledger_url: str
    #: The ledger's clock, seconds; a dead run's lease has run out when it moved on.
    seconds: float = 0.0
    budget: int | None = None
    #: Kill the run at this commit of the ledger; 0: do not.
    kill_at_commit: int = 0
    #: Slot of the letterbox that messages go to; None: nobody looks.
    letters: int | None = None
    #: Kill the run at this message; 0: do not.
    kill_at_letter: int = 0
    #: … after it has left, not before.
    kill_after: bool = False


@dataclass(slots=True)
class Rest:
    """How a company looks once it has come to rest."""

    #: Changes that a plan still wants, and what the ledger holds otherwise than the CRMs do.
    lost: list[str] = field(default_factory=list)
    #: What people see, record by record.
    seen: list[Any] = field(default_factory=list)
    #: Titles of messages of which nobody knows whether they arrived.
    unsure: list[str] = field(default_factory=list)
    #: Plans made twice that differed.
    unequal: list[str] = field(default_factory=list)
    #: Records given up, and leads left alone, until somebody looked.
    dead_letters: int = 0
    quarantined: int = 0
    runs: int = 0


#: Puts something else around a company's parts, to show that the campaign notices.
Plant = Callable[[Bridge], None]


@contextmanager
def company(access: Access, opening: Opening, plant: Plant | None = None) -> Iterator[Bridge]:
    """Open the company."""
    hubspot = HubSpot(MAPPING, access_token=access.hubspot_token, base_url=access.hubspot_url, policy=_POLICY)
    salesforce = Salesforce(
        MAPPING, instance_url=access.salesforce_url, session_id=access.salesforce_session, policy=_POLICY
    )
    ledger = SqlLedger(opening.ledger_url, clock=lambda: opening.seconds, lease_seconds=LEASE_SECONDS)
    courier = Courier(opening.letters, kill_at=opening.kill_at_letter, kill_after=opening.kill_after)
    bridge = Bridge(
        PROCESS,
        MAPPING,
        hubspot=hubspot,
        salesforce=salesforce,
        ledger=ledger,
        courier=courier,
        clock=lambda: NOW,
    )
    if plant is not None:
        plant(bridge)
    _kill_at_commit(opening.kill_at_commit)
    try:
        yield bridge
    finally:
        bridge.close()


def provision(access: Access, opening: Opening) -> None:
    """Make the custom fields, and let the ledger know them."""
    with company(access, opening) as bridge:
        bridge.create_fields(bridge.needed_fields())


def sync(access: Access, opening: Opening, plant: Plant | None = None) -> str:
    """Make one run, whatever becomes of it; returns the name of the error that ended it."""
    with company(access, opening, plant) as bridge:
        try:
            bridge.sync(budget=opening.budget)
        except CrmBridgeError as error:
            return type(error).__name__
    return ""


def undo(access: Access, opening: Opening, plant: Plant | None = None) -> str:
    """Take the last run back, whatever becomes of it; returns the name of the error that ended it."""
    with company(access, opening, plant) as bridge:
        try:
            bridge.undo("last", apply=True)
        except CrmBridgeError as error:
            return type(error).__name__
    return ""


def rest(access: Access, opening: Opening, plant: Plant | None = None, *, twice: bool = False) -> Rest:
    """Have dead letters tried again, run until nothing is written any more, then look at everything.

    Args:
        twice: Make two plans before, which must be the same.
    """
    found = Rest()
    with company(access, opening, plant) as bridge:
        if twice and _changes(bridge) != _changes(bridge):
            found.unequal.append("two plans of the same state differ")
        found.dead_letters = sum(item.next_at is None for item in bridge.failures())
        bridge.retry_failures()
        for found.runs in range(1, _PATIENCE + 1):
            if not bridge.sync().written:
                break
        found.lost += [f"still planned: {change[:4]}" for change in _changes(bridge)]
        found.quarantined = len(bridge.quarantined())
        _look_at_messages(bridge, found)
        records = list(_records(bridge))
        found.lost += _missed(bridge, records)
        found.seen = sorted(
            ((record.ref.object, [(name, record.fields.get(name)) for name in _SEEN]) for record in records),
            key=repr,
        )
    return found


def _look_at_messages(bridge: Bridge, found: Rest) -> None:
    """See which messages never left, and which may have."""
    states = (DeliveryState.WAITING, DeliveryState.INTENDED, DeliveryState.FAILED)
    found.lost += [f"not told: {item.delivery.title}" for item in bridge.ledger.deliveries(states, 1000)]
    unsure = bridge.ledger.deliveries((DeliveryState.UNKNOWN,), 1000)
    found.unsure = [f"{item.delivery.to} {item.delivery.title}" for item in unsure]


def _changes(bridge: Bridge) -> list[tuple[str, ...]]:
    return [(c.crm, c.object, c.id or "", c.field, str(c.old), str(c.new)) for c in bridge.plan()]


def _records(bridge: Bridge) -> Iterator[Record]:
    """Read every live record afresh, whatever the ledger knows."""
    for crm in bridge.crms.values():
        for page in crm.changes({}, _nothing):
            yield from (item for item in page.items if isinstance(item, Record) and not item.deleted)


def _nothing(_object: str, _ids: Sequence[str]) -> dict[str, str]:
    return {}


def _missed(bridge: Bridge, records: Sequence[Record]) -> list[str]:
    """Name the records that the ledger does not know, or holds otherwise than the CRM."""
    stored = bridge.ledger.related((), {record.ref for record in records})
    held = {part.record.ref: part.record for part in stored}
    unknown = [f"{record.ref} is not known" for record in records if record.ref not in held]
    differing = [
        (record, _differing(bridge, held[record.ref], record)) for record in records if record.ref in held
    ]
    return unknown + [
        f"{record.ref} is held otherwise: {', '.join(names)}" for record, names in differing if names
    ]


def _differing(bridge: Bridge, held: Record, live: Record) -> list[str]:
    same = bridge.crms[live.ref.crm].same
    return [
        name
        for name, value in live.fields.items()
        if (old := held.fields.get(name)) != value and not same(live.ref.object, name, old, value)
    ]


def _kill_at_commit(number: int) -> None:
    """Let this process die just before its n-th commit."""
    if not number:
        return
    left = [number]

    def count(_connection: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", count)
