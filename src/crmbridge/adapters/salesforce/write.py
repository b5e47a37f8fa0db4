"""Canonical changes -> Salesforce, and writing them: four ways out, one outcome per record.

Plain updates and creations go by collections of 200, thousands by a job of the Bulk API, compare-and-set by
composites of 25 conditional PATCHes. ``If-Unmodified-Since`` has whole seconds: an edit in the second of our
last read passes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from email.utils import format_datetime
from typing import Any, Final, NamedTuple

import msgspec

from crmbridge.adapters.salesforce.bulk import Bulk, Row, fits
from crmbridge.adapters.salesforce.client import Request, SubAnswer, decode, decode_written
from crmbridge.adapters.salesforce.errors import LOCKED, code_of, state_of
from crmbridge.adapters.salesforce.schema import Org
from crmbridge.adapters.salesforce.soql import id18, is_id
from crmbridge.adapters.salesforce.tables import (
    CREATE_DUPLICATES,
    CRM,
    DEFAULT_SCALE,
    SCALES,
    UPDATE_DUPLICATES,
    WRITE_HEADERS,
    WRITE_LIMIT,
)
from crmbridge.chunks import chunks
from crmbridge.errors import Ambiguous, CrmBridgeError, Forbidden, MappingError, RecordError, Where
from crmbridge.mapping import ObjectMap
from crmbridge.model import Money, Outcome, OutcomeState, Value, Write
from crmbridge.normalise import Kind

#: How often a record whose row is locked is sent in all.
_LOCK_ATTEMPTS: Final = 4
_CREATE_HEADERS: Final = WRITE_HEADERS | CREATE_DUPLICATES
_UPDATE_HEADERS: Final = WRITE_HEADERS | UPDATE_DUPLICATES


def from_change(write: Write, found: ObjectMap) -> dict[str, Any]:
    """Translate the values of a write; those that this org has no value for are left out.

    Raises:
        MappingError: a field or value has no mapping.
    """
    body: dict[str, Any] = {}
    for canonical, value in write.values.items():
        if found.leaves_alone(canonical, value) and found.field(canonical) is not None:
            continue
        raw = found.to_raw(canonical, value)
        field = found.field(canonical)
        if field is not None:
            body[field.name] = _wire(field.kind, raw)
    return body


def _wire(kind: Kind, value: Value) -> Any:
    if value is None:
        # A checkbox has no empty state: clearing it unticks it.
        return False if kind is Kind.BOOLEAN else None
    return _WIRE.get(kind, str)(value)


def _datetime(value: Any) -> str:
    return str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _number(value: Any) -> float | int:
    number = float(value.amount if isinstance(value, Money) else value)
    return int(number) if number.is_integer() else number


def _owner(value: Any) -> str:
    if not is_id(value):
        raise MappingError("the owner has no id in this org", Where(CRM))
    return id18(value)


#: Kind -> JSON value. Kinds that are not named go out as text.
_WIRE: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.DATETIME: _datetime,
    Kind.DATE: lambda value: value.strftime("%Y-%m-%d"),
    Kind.NUMBER: _number,
    Kind.INTEGER: _number,
    Kind.MONEY: _number,
    Kind.BOOLEAN: bool,
    Kind.OWNER: _owner,
}


class _Item(msgspec.Struct):
    """One record's part of a collection's answer."""

    success: bool
    id: str | None = None
    errors: list[dict[str, Any]] = []


class _Ready(NamedTuple):
    """A write with its body."""

    write: Write
    body: dict[str, Any]


class Writer:
    """Writes batches of records of one object."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._bulk = Bulk(org.client)

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Write one batch; see ``ports.Crm.write``."""
        outcomes: dict[str, Outcome] = {}
        ready: list[_Ready] = []
        for write in writes:
            prepared = self._prepared(write)
            if isinstance(prepared, Outcome):
                outcomes[write.key] = prepared
            else:
                ready.append(prepared)
        self._send_all(ready, outcomes)
        return [outcomes[write.key] for write in writes]

    def write_bulk(self, writes: Sequence[Write], waiting: Callable[[], None]) -> list[Outcome]:
        """Write thousands by one job; what it leaves undone goes the ordinary way. See ``ports.BulkWay``."""
        outcomes: dict[str, Outcome] = {}
        found = [self._prepared(write) for write in writes]
        outcomes |= {item.key: item for item in found if isinstance(item, Outcome)}
        ready = [item for item in found if isinstance(item, _Ready)]
        rows = [row for item in ready if fits(row := Row(item.write, item.body))]
        if rows:
            results = self._bulk.write(rows, self._external_id(rows[0].write), waiting)
            for row in rows:
                if (result := results.get(row.write.key)) is not None:
                    outcomes[row.write.key] = _outcome(row.write, result.state, result.error, id=result.id)
        for part in chunks([item for item in ready if item.write.key not in outcomes], WRITE_LIMIT):
            self._send_all(part, outcomes)
        return [outcomes[write.key] for write in writes]

    def _external_id(self, write: Write) -> str | None:
        """Name the field that a creation is upserted by; None for an update."""
        if write.id is not None:
            return None
        key = self._org.map(write.object).field("lead_id")
        if key is None:
            raise Forbidden(
                "the external id field is missing (crmbridge provision)", Where(CRM, write.object)
            )
        return key.name

    def _prepared(self, write: Write) -> _Ready | Outcome:
        if write.id is not None and not is_id(write.id):
            return _outcome(write, OutcomeState.FAILED, "MALFORMED_ID")
        try:
            body = from_change(write, self._org.map(write.object))
        except MappingError:
            return _outcome(write, OutcomeState.FAILED, "UNMAPPED_VALUE")
        if not body and write.id is not None:
            return _outcome(write, OutcomeState.UNCHANGED)
        return _Ready(write, body)

    def _send_all(self, ready: Sequence[_Ready], outcomes: dict[str, Outcome]) -> None:
        """Send, and send again the records alone whose rows were locked: they were not carried out."""
        policy = self._org.client.transport.policy
        for attempt in range(1, _LOCK_ATTEMPTS + 1):
            if not ready:
                return
            try:
                sent = self._sent(ready)
            except CrmBridgeError:
                if attempt == 1:
                    raise
                return  # what was written is written: the locked ones stay failed
            outcomes.update((outcome.key, outcome) for outcome in sent)
            ready = [item for item, outcome in zip(ready, sent, strict=True) if outcome.error == LOCKED]
            if ready and attempt < _LOCK_ATTEMPTS:
                policy.sleep(policy.wait_seconds(attempt, None))

    def _sent(self, ready: Sequence[_Ready]) -> list[Outcome]:
        try:
            return self._way_out(ready[0].write)(ready)
        except Ambiguous as error:
            return _all(ready, OutcomeState.AMBIGUOUS, error.where.code or "NO_ANSWER")
        except RecordError as error:
            return _all(ready, OutcomeState.FAILED, error.where.code or f"HTTP_{error.where.status}")

    def _way_out(self, write: Write) -> Callable[[Sequence[_Ready]], list[Outcome]]:
        if write.id is None:
            return self._create
        return self._update if write.if_version is None else self._compare_and_set

    def _update(self, ready: Sequence[_Ready]) -> list[Outcome]:
        records = [_record(item, {"id": id18(str(item.write.id))}) for item in ready]
        return self._collection("composite/sobjects", records, ready, _UPDATE_HEADERS)

    def _create(self, ready: Sequence[_Ready]) -> list[Outcome]:
        key = str(self._external_id(ready[0].write))
        records = [_record(item, {key: item.write.lead_id}) for item in ready]
        path = f"composite/sobjects/{ready[0].write.object}/{key}"
        return self._collection(path, records, ready, _CREATE_HEADERS)

    def _collection(
        self,
        path: str,
        records: list[dict[str, Any]],
        ready: Sequence[_Ready],
        headers: Mapping[str, str],
    ) -> list[Outcome]:
        body = {"allOrNone": False, "records": records}
        target = ready[0].write.object
        answer = self._org.client.send("PATCH", path, body, object=target, headers=headers, write=True)
        items = decode_written(answer.content, list[_Item])
        if len(items) != len(ready):
            raise Ambiguous("the answer does not name every record", Where(CRM, target))
        return [_of_item(part.write, item) for part, item in zip(ready, items, strict=True)]

    def _compare_and_set(self, ready: Sequence[_Ready]) -> list[Outcome]:
        requests = [
            Request("PATCH", _row_path(item.write), item.body, _conditional_headers(item.write))
            for item in ready
        ]
        answers = self._org.client.composite(requests, write=True, headers=_UPDATE_HEADERS)
        if len(answers) != len(ready):
            raise Ambiguous("the answer does not name every record", Where(CRM, ready[0].write.object))
        return [_of_part(item.write, answer) for item, answer in zip(ready, answers, strict=True)]


def _record(item: _Ready, key: Mapping[str, str]) -> dict[str, Any]:
    # ``attributes`` has to come first, or the record is refused (recorded 2026-05-06).
    return {"attributes": {"type": item.write.object}, **item.body, **key}


def _row_path(write: Write) -> str:
    return f"sobjects/{write.object}/{id18(str(write.id))}"


def _conditional_headers(write: Write) -> dict[str, str]:
    # Parts of a composite inherit no header but the sign-in (REST guide, checked 2026-11-21).
    if not write.if_version:
        return _UPDATE_HEADERS
    moment = datetime.fromisoformat(write.if_version)
    return {**_UPDATE_HEADERS, "If-Unmodified-Since": format_datetime(moment.astimezone(UTC), usegmt=True)}


def _of_item(write: Write, item: _Item) -> Outcome:
    if item.success:
        return _outcome(write, OutcomeState.WRITTEN, id=item.id)
    code = code_of(item.errors)
    return _outcome(write, state_of(400, code), code)


def _of_part(write: Write, answer: SubAnswer) -> Outcome:
    if answer.ok:
        return _outcome(write, OutcomeState.WRITTEN)
    errors = decode(answer.body, Any)
    code = code_of(errors if isinstance(errors, list) else None, f"HTTP_{answer.status}")
    return _outcome(write, state_of(answer.status, code), code)


def _outcome(
    write: Write, state: OutcomeState, error: str | None = None, *, id: str | None = None
) -> Outcome:
    record_id = id or write.id
    return Outcome(
        key=write.key,
        state=state,
        id=id18(record_id) if record_id is not None and is_id(record_id) else None,
        error=error,
    )


def _all(ready: Sequence[_Ready], state: OutcomeState, error: str) -> list[Outcome]:
    return [_outcome(item.write, state, error) for item in ready]


# what counts as the same -----------------------------------------------------------------------------


def same(kind: Kind, left: Value, right: Value, scale: int) -> bool:
    """Tell whether Salesforce keeps two canonical values as one.

    Args:
        scale: Digits after the point that the field keeps.
    """
    if left == right:
        return True
    if kind is Kind.BOOLEAN:
        return bool(left) == bool(right)  # a checkbox is never empty
    if left is None or right is None:
        return False
    if isinstance(left, datetime) and isinstance(right, datetime):
        if kind is Kind.DATE:
            return left.astimezone(UTC).date() == right.astimezone(UTC).date()
        return abs(left - right) < timedelta(seconds=1)
    if isinstance(left, Money) and isinstance(right, Money):
        same_currency = left.currency == right.currency or None in (left.currency, right.currency)
        return same_currency and _rounded(left.amount, scale) == _rounded(right.amount, scale)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return _rounded(left, scale) == _rounded(right, scale)
    return _folded(kind, left) == _folded(kind, right)


def scale_of(name: str, known: Mapping[tuple[str, str], int], object: str) -> int:
    """Give the digits after the point that a field keeps; a guess where the org was not asked."""
    described = known.get((object, name))
    return described if described is not None else SCALES.get(name, DEFAULT_SCALE)


def _rounded(value: float | Decimal, scale: int) -> Decimal:
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


#: Kinds whose letters' case carries no meaning in Salesforce.
_CASELESS: Final = frozenset(
    {Kind.EMAIL, Kind.STAGE, Kind.STATUS, Kind.REASON, Kind.COUNTRY, Kind.REGION, Kind.MULTI, Kind.URL}
)


def _folded(kind: Kind, value: Value) -> str:
    # White space at the ends is cut off, and line ends come back as they please.
    text = "\n".join(line.rstrip() for line in str(value).strip().splitlines())
    return text.casefold() if kind in _CASELESS else text
