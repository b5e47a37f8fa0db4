"""The reverse of a run: what it wrote goes back, where the CRM still holds it.

What was undone is settled for "theirs": as long as the process wants the very value that was taken back, it
is left alone. Records that the run created are listed and stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from crmbridge.chunks import chunks
from crmbridge.identity import is_live
from crmbridge.model import Change, RecordRef, Value
from crmbridge.plan import FORWARD_ONLY
from crmbridge.ports import Ledger, Planned, Run, StoredRecord
from crmbridge.safety import Ruling, Written

#: What ties our lead to its record, and what only rides along: taking them back would help nobody.
_KEPT = frozenset({"lead_id", "process_version"})
#: Leads looked up together.
_PAGE = 500

#: Tell whether two values of a field are the same to the CRM that holds the record.
Same = Callable[[RecordRef, str, Value, Value], bool]


@dataclass(slots=True)
class Reverse:
    """What cannot be taken back, and why."""

    #: Records that the run created: they stay.
    created: list[RecordRef] = field(default_factory=list)
    #: Fields that hold another value by now, or whose record is gone.
    moved_on: int = 0
    #: Stages that the CRM only moves forward (HubSpot's lifecycle): a plain write would be ignored there.
    forward_only: int = 0


def plan_reverse(run: Run, of: str, ledger: Ledger, same: Same) -> Reverse:
    """Append the reverse of the run ``of`` to the plan of ``run``."""
    reverse = Reverse()
    for page in chunks(_leads(ledger.written_by(of)), _PAGE):
        refs = {_ref(item) for items in page for item in items if item.id is not None}
        held = {part.record.ref: part for part in ledger.related((), refs)}
        ledger.append(run, [_planned(items, held, same, of, reverse) for items in page])
        ledger.renew(run)
    return reverse


def settle_reverse(run: Run, of: str, ledger: Ledger, now: datetime) -> None:
    """Make the reverse last: rule for what goes back, and send nothing that still waits for these leads.

    The rulings are kept before anything is written: they say nothing until the earlier value is back.
    """
    for changes in chunks(ledger.changes(run), _PAGE):
        ledger.rule([_ruling(change, of, now) for change in changes])
        refs = {RecordRef(change.crm, change.object, str(change.id)) for change in changes}
        homes = {part.lead_id for part in ledger.related((), refs)}  # a lead may be part of another by now
        ledger.keep_deciding(run, {lead_id for lead_id in homes if lead_id is not None})
        ledger.renew(run)
    ledger.withdraw(run)


def _leads(written: Iterable[Written]) -> Iterator[list[Written]]:
    for _, items in groupby(written, lambda item: item.lead_id):
        yield list(items)


def _planned(
    items: Sequence[Written], held: Mapping[RecordRef, StoredRecord], same: Same, of: str, reverse: Reverse
) -> Planned:
    changes: list[Change] = []
    for ref, fields in _by_record(items).items():
        if any(item.created for item in fields.values()):
            reverse.created.append(ref)
            continue
        items_back = [item for item in fields.values() if not _is_forward_only(item)]
        reverse.forward_only += len(fields) - len(items_back)
        back = [_reversed(item, held.get(ref), same, of) for item in items_back]
        reverse.moved_on += back.count(None)
        changes.extend(change for change in back if change is not None)
    return Planned(lead_id=items[0].lead_id, decision=None, changes=tuple(changes))


def _is_forward_only(item: Written) -> bool:
    """Tell whether taking it back would be a move backward: clearing, or filling what is empty, is none."""
    is_move = item.old is not None and item.new is not None
    return item.field == "stage" and is_move and (item.crm, item.object) in FORWARD_ONLY


def _by_record(items: Sequence[Written]) -> dict[RecordRef, dict[str, Written]]:
    """Give per record and field the last write, with the value that stood there before the first one."""
    found: dict[RecordRef, dict[str, Written]] = {}
    for item in items:
        if item.id is not None and item.field not in _KEPT:
            fields = found.setdefault(_ref(item), {})
            first = fields.get(item.field, item)
            fields[item.field] = replace(item, old=first.old, created=first.created)
    return found


def _reversed(item: Written, part: StoredRecord | None, same: Same, of: str) -> Change | None:
    """Take one field back; None where somebody changed it since, or the record is gone."""
    ref = _ref(item)
    if part is None or not is_live(part.record) or item.field in part.record.unknown:
        return None
    held = part.record.fields.get(item.field)
    if item.field not in part.record.fields or not same(ref, item.field, held, item.new):
        return None
    return Change(
        lead_id=item.lead_id,
        crm=ref.crm,
        object=ref.object,
        id=ref.id,
        field=item.field,
        old=held,
        new=item.old,
        reason=f"undo {of}",
        based_on_version=part.record.version,
    )


def _ruling(change: Change, of: str, now: datetime) -> Ruling:
    """Leave the earlier value alone as long as the process wants what was taken back."""
    place = f"{change.crm}:{change.object}:{change.id}"
    by = f"undo {of}"
    return Ruling(
        place=place, field=change.field, theirs=change.new, ours=change.old, choice="theirs", by=by, at=now
    )


def _ref(item: Written) -> RecordRef:
    return RecordRef(item.crm, item.object, str(item.id))
