"""Tasks on Leads and Contacts: looked for among the person's own before they are made.

Salesforce has no plain note for every org: a note is a task that is done already, in the activity history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from crmbridge.adapters.salesforce.client import Client, decode_written
from crmbridge.adapters.salesforce.errors import code_of, state_of
from crmbridge.adapters.salesforce.soql import id18, is_id, select, within
from crmbridge.adapters.salesforce.tables import (
    IDS_PER_QUERY,
    QUERIES_PER_CALL,
    WRITE_HEADERS,
    WRITE_LIMIT,
)
from crmbridge.adapters.salesforce.walk import run_queries
from crmbridge.chunks import chunks
from crmbridge.errors import Ambiguous, RecordError
from crmbridge.model import Outcome, OutcomeState
from crmbridge.outbox import Attachment

_PATH: Final = "composite/sobjects"
#: Kind -> status of the task (the two that every new org has).
_STATUSES: Final[Mapping[str, str]] = {"task": "Not Started", "note": "Completed"}
#: Subject holds 255 characters, Description 32,000 (object reference, checked 2026-11-21).
_SUBJECT_LENGTH: Final = 255
_BODY_LENGTH: Final = 31_000


class _Made(msgspec.Struct):
    success: bool
    id: str | None = None
    errors: list[dict[str, Any]] = []


def attach(client: Client, notes: Sequence[Attachment]) -> list[Outcome]:
    """See ``ports.Crm.attach``."""
    there = _existing(client, notes)
    outcomes = {note.marker: _unchanged(note) for note in notes if note.marker in there}
    for part in chunks((note for note in notes if note.marker not in there), WRITE_LIMIT):
        for note, outcome in zip(part, _create(client, part), strict=True):
            outcomes[note.marker] = outcome
    return [outcomes[note.marker] for note in notes]


def _unchanged(note: Attachment) -> Outcome:
    return Outcome(key=note.marker, state=OutcomeState.UNCHANGED)


def _existing(client: Client, notes: Sequence[Attachment]) -> set[str]:
    """Give the markers that end the subject of a task of their person."""
    people = sorted({id18(str(note.id)) for note in notes})
    subjects: list[str] = []
    for group in chunks(list(chunks(people, IDS_PER_QUERY)), QUERIES_PER_CALL):
        queries = [select("Task", ("Id", "Subject"), where=within("WhoId", part)) for part in group]
        rows = run_queries(client, "Task", queries, deleted=False)
        subjects += [str(row.get("Subject") or "") for row in rows]
    return {note.marker for note in notes if any(subject.endswith(note.marker) for subject in subjects)}


def _create(client: Client, notes: Sequence[Attachment]) -> list[Outcome]:
    body = {"allOrNone": False, "records": [_record(note) for note in notes]}
    try:
        answer = client.send("POST", _PATH, body, object="Task", headers=WRITE_HEADERS, write=True)
        made = decode_written(answer.content, list[_Made])
    except Ambiguous:
        made = []
    except RecordError as error:
        code = error.where.code or f"HTTP_{error.where.status}"
        return [Outcome(key=note.marker, state=OutcomeState.FAILED, error=code) for note in notes]
    if len(made) != len(notes):  # no answer, or none that names every task: the next run looks
        return [Outcome(key=note.marker, state=OutcomeState.AMBIGUOUS) for note in notes]
    return [_outcome(note, item) for note, item in zip(notes, made, strict=True)]


def _outcome(note: Attachment, item: _Made) -> Outcome:
    if item.success:
        return Outcome(key=note.marker, state=OutcomeState.WRITTEN, id=item.id)
    code = code_of(item.errors)
    return Outcome(key=note.marker, state=state_of(400, code), error=code)


def _record(note: Attachment) -> dict[str, Any]:
    title = note.title[: _SUBJECT_LENGTH - len(note.marker) - 1]
    made = {
        "attributes": {"type": "Task"},
        "WhoId": id18(str(note.id)),
        "Subject": f"{title} {note.marker}",
        "Description": note.body[:_BODY_LENGTH],
        "Status": _STATUSES[note.kind],
        "Priority": "Normal",
        "ActivityDate": f"{note.at:%Y-%m-%d}",
    }
    if is_id(note.owner_id) and str(note.owner_id).startswith("005"):  # a queue has no tasks to do
        made["OwnerId"] = id18(str(note.owner_id))
    return made
