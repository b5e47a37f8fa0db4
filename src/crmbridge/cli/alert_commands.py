"""The commands about messages to people: what did not arrive, and sending it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from crmbridge.cli import documents
from crmbridge.cli.options import AsJson, Company
from crmbridge.cli.session import console, offline, print_json
from crmbridge.outbox import DeliveryState, StoredDelivery

alerts = typer.Typer(help="Messages to people: what did not arrive, and sending it again.")
_STATES = tuple(state.value for state in DeliveryState)
#: What a person should look at.
_OPEN = (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.WAITING)
_SHOWN = 1_000


def _known(names: list[str] | None) -> list[str] | None:
    for name in names or ():
        if name not in _STATES:
            raise typer.BadParameter(f"there is no state {name}; known: {', '.join(_STATES)}")
    return names


@alerts.command("list")
def list_alerts(
    company: Company = Path(),
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", callback=_known, help=f"Repeatable: {', '.join(_STATES)}."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List messages that wait, failed, or of which nobody knows whether they arrived.

    Example: crmbridge alerts list -C companies/acme --state failed
    """
    states = [DeliveryState(name) for name in state] if state else list(_OPEN)
    with offline(company) as bridge:
        found = bridge.ledger.deliveries(states, _SHOWN)
        if as_json:
            print_json([_document(item) for item in found])
        else:
            console().print(_table(found) if found else "no such messages")


@alerts.command("retry")
def retry_alerts(
    key: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY]…", help="Keys as alerts list shows them; none: all of them."),
    ] = None,
    *,
    company: Company = Path(),
) -> None:
    """Let failed and unknown messages go out again with the next run.

    Example: crmbridge alerts retry -C companies/acme
    """
    with offline(company) as bridge:
        count = bridge.ledger.redeliver(key or ())
        console().print(f"{count:,} messages go out again with the next run")


def _document(item: StoredDelivery) -> documents.Document:
    """Show a message without its text: that holds personal data, and a log may keep this."""
    sent = item.delivery
    return {
        "key": sent.key,
        "lead": sent.lead_id,
        "alert": sent.alert,
        "to": sent.to,
        "kind": sent.kind,
        "at": sent.at.isoformat(),
        "state": item.state.value,
        "error": item.error,
    }


def _table(found: Sequence[StoredDelivery]) -> Table:
    table = Table(
        "State", "At", "Kind", "Alert", "To", "Lead", "Key", box=None, pad_edge=False, padding=(0, 1)
    )
    for item in found:
        sent = item.delivery
        cells = (f"{sent.at:%Y-%m-%d %H:%M}", sent.kind, sent.alert, sent.to, sent.lead_id, sent.key)
        table.add_row(item.state.value, *map(escape, cells))
    return table
