"""After *apply*: notes onto records, messages to people; only for what was really written, and each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

from crmbridge.guards import stop_if_paused
from crmbridge.model import Outcome, OutcomeState
from crmbridge.outbox import Attachment, Courier, Delivery, DeliveryState
from crmbridge.ports import Crm, Ledger, Progress, Run, no_progress
from crmbridge.process import Process

#: Notes worked on together.
_PAGE = 500
#: Messages put into one collected message; the rest comes in the next.
_COLLECTED = 50


@dataclass(slots=True)
class PostReport:
    """What went out."""

    #: Notes made, and found in place.
    attached: int = 0
    #: Error code -> notes that a CRM refused.
    errors: Counter[str] = field(default_factory=Counter)
    #: DeliveryState value -> messages.
    delivered: Counter[str] = field(default_factory=Counter)


def post(
    run: Run,
    crms: Mapping[str, Crm],
    ledger: Ledger,
    *,
    process: Process,
    courier: Courier | None,
    now: datetime,
    progress: Progress = no_progress,
) -> PostReport:
    """Send out what the ledger holds for leads with nothing left to write.

    Args:
        courier: None: messages wait.
        now: For quiet hours and collected messages.

    Raises:
        TransientError, FatalError: of a CRM; what went out is stored, the next run goes on.
    """
    report = PostReport()
    _Notes(run, crms, ledger, report).attach_all(progress)
    if courier is not None:
        report.delivered[DeliveryState.UNKNOWN.value] += ledger.forsake(run)
        for messages in _ready(ledger.deliverable(run), process, now):
            stop_if_paused(ledger)
            state = _send(run, ledger, courier, messages)
            report.delivered[state.value] += len(messages)
            progress("tell people", len(messages))
    return report


# notes -----------------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Notes:
    """Makes the notes of one run."""

    run: Run
    crms: Mapping[str, Crm]
    ledger: Ledger
    report: PostReport

    def attach_all(self, progress: Progress) -> None:
        """Make every note that waits, a page at a time."""
        after = ""
        while page := self.ledger.attachments(self.run, after, _PAGE):
            stop_if_paused(self.ledger)
            after = page[-1].marker
            mine = sorted((note for note in page if note.crm in self.crms), key=_place)
            for (crm, object_name), group in groupby(mine, _place):
                self._attach(self.crms[crm], object_name, list(group))
            self.ledger.renew(self.run)
            progress("attach notes", len(page))

    def _attach(self, crm: Crm, object_name: str, notes: list[Attachment]) -> None:
        """Make the notes on one object; without an answer the next run looks for them."""
        found = _with_ids(crm, object_name, notes)
        lost = {note.marker for note in notes} - {note.marker for note in found}
        outcomes = list(crm.attach(found)) if found else []
        outcomes += [
            Outcome(key=marker, state=OutcomeState.FAILED, error="no_record") for marker in sorted(lost)
        ]
        made: list[tuple[str, str | None]] = []
        for outcome in outcomes:
            if outcome.state is OutcomeState.FAILED:
                self.report.errors[outcome.error or "refused"] += 1
                made.append((outcome.key, outcome.error or "refused"))
            elif outcome.state is not OutcomeState.AMBIGUOUS:
                self.report.attached += 1
                made.append((outcome.key, None))
        self.ledger.attached(self.run, made)


def _place(note: Attachment) -> tuple[str, str]:
    return note.crm, note.object


def _with_ids(crm: Crm, object_name: str, notes: Sequence[Attachment]) -> list[Attachment]:
    """Find the records that were created since the plan; a note whose record is nowhere is left out."""
    new = [note.lead_id for note in notes if note.id is None]
    made = crm.read_external(object_name, new) if new else {}
    return [
        note if note.id is not None else replace(note, id=made[note.lead_id].ref.id)
        for note in notes
        if note.id is not None or note.lead_id in made
    ]


# messages --------------------------------------------------------------------------------------------
def _ready(waiting: Sequence[Delivery], process: Process, now: datetime) -> Iterator[list[Delivery]]:
    """Put together what may go out now: quiet hours kept, collected messages only when it is their time."""
    alerts = {alert.name: alert for alert in process.parts.alerts}
    for key, group in groupby(sorted(waiting, key=_address), _address):
        messages = sorted(group, key=lambda item: (item.at, item.key))
        alert = alerts.get(key[0])
        if alert is None or (alert.calendar is not None and not alert.calendar.is_open(now)):
            continue
        if alert.digest_seconds is None:
            yield from ([message] for message in messages)
        elif messages[0].at + timedelta(seconds=alert.digest_seconds) <= now:
            for start in range(0, len(messages), _COLLECTED):
                yield messages[start : start + _COLLECTED]


def _address(message: Delivery) -> tuple[str, str, str, str]:
    return message.alert, message.to, message.owner or "", message.manager or ""


def _send(run: Run, ledger: Ledger, courier: Courier, messages: list[Delivery]) -> DeliveryState:
    """Send one message for one or several events: the intent is durable before it leaves."""
    keys, first = [message.key for message in messages], messages[0]
    title, body = first.title, first.body
    if len(messages) > 1:
        title = f"{first.alert}: {len(messages)} messages"
        body = "\n\n".join(f"{message.title}\n{message.body}" for message in messages)
    ledger.deliver(run, keys, DeliveryState.INTENDED)
    state = courier.send(first.to, title, body, owner=first.owner, manager=first.manager)
    ledger.deliver(run, keys, state, None if state is DeliveryState.SENT else state.value)
    return state
