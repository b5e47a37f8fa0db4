"""Notes and tasks on contacts: looked for among the contact's own before they are made.

Associations are read, not searched: the search index lags behind by up to a minute (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from crmbridge.adapters.hubspot.activities import associated
from crmbridge.adapters.hubspot.client import Client
from crmbridge.adapters.hubspot.write import BATCH, Item, in_rounds
from crmbridge.chunks import chunks
from crmbridge.model import Outcome, OutcomeState, Write
from crmbridge.outbox import Attachment

#: Kind -> object, the property that holds its text, and the type of its association with a contact
#: (HubSpot's table of association types, checked 2026-11-21).
_OBJECTS: Final = {"note": ("notes", "hs_note_body", 202), "task": ("tasks", "hs_task_body", 204)}


def attach(client: Client, notes: Sequence[Attachment]) -> list[Outcome]:
    """See ``ports.Crm.attach``."""
    outcomes: dict[str, Outcome] = {}
    for kind in _OBJECTS:
        mine = [note for note in notes if note.kind == kind]
        there = _existing(client, mine) if mine else set()
        outcomes |= {
            note.marker: Outcome(key=note.marker, state=OutcomeState.UNCHANGED)
            for note in mine
            if note.marker in there
        }
        for part in chunks((note for note in mine if note.marker not in there), BATCH):
            outcomes |= _create(client, part)
    return [outcomes[note.marker] for note in notes]


def _existing(client: Client, notes: Sequence[Attachment]) -> set[str]:
    """Give the markers that stand in a note or task of their contact."""
    target, text, _ = _OBJECTS[notes[0].kind]
    held = associated(client, "contacts", target, sorted({str(note.id) for note in notes}))
    ids = sorted({item for items in held.values() for item in items})
    rows = [row for part in chunks(ids, BATCH) for row in client.read(target, part, [text]).results]
    texts = {row.id: row.properties.get(text) or "" for row in rows}
    return {
        note.marker
        for note in notes
        if any(note.marker in texts.get(item, "") for item in held.get(str(note.id), ()))
    }


def _create(client: Client, notes: Sequence[Attachment]) -> dict[str, Outcome]:
    target = _OBJECTS[notes[0].kind][0]
    items = [Item(index, _write(note), _input(index, note)) for index, note in enumerate(notes)]
    found = in_rounds(lambda inputs: client.create(target, inputs), items)
    return {notes[index].marker: outcome for index, outcome in found.items()}


def _write(note: Attachment) -> Write:
    target = _OBJECTS[note.kind][0]
    return Write(lead_id=note.marker, crm="hubspot", object=target, id=None, values={})


def _input(index: int, note: Attachment) -> dict[str, Any]:
    _, text, type_id = _OBJECTS[note.kind]
    own = {"hs_task_subject": note.title, "hs_task_status": "NOT_STARTED", "hs_task_type": "TODO"}
    head = [note.title] if note.kind == "note" else []
    properties = {
        "hs_timestamp": str(round(note.at.timestamp() * 1000)),
        # Rich text: what people typed must stay text.
        text: "<br>".join(escape(line) for line in (*head, *note.body.splitlines(), note.marker)),
        **(own if note.kind == "task" else {}),
    }
    if note.owner_id is not None:
        properties["hubspot_owner_id"] = note.owner_id
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
    return {
        "objectWriteTraceId": str(index),
        "properties": properties,
        "associations": [{"to": {"id": str(note.id)}, "types": [kind]}],
    }
