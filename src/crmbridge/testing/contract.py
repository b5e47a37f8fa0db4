"""The adapter contract suite: what `ports.Crm` promises, as tests that every adapter inherits.

    class TestMyCrm(CrmContract):
        @contextmanager
        def account(self):
            yield ContractAccount(crm=…, object="contacts", edit=…, delete=…)

Each test opens an account of its own, empty but for owners.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crmbridge.errors import QuotaExhausted
from crmbridge.history import RecordHistory
from crmbridge.model import OutcomeState, Record, Value, Write
from crmbridge.outbox import Attachment
from crmbridge.ports import Crm


@dataclass(kw_only=True)
class ContractAccount:
    """An account to try an adapter on, and the hands of a person in it."""

    crm: Crm
    #: The object of a person's main record.
    object: str
    #: Create (None) or change a record as a person would; canonical values, returns the record id.
    edit: Callable[[str | None, Mapping[str, Value]], str]
    #: Delete a record as a person would.
    delete: Callable[[str], None]
    #: Let time pass, so that later changes carry later stamps.
    wait: Callable[[], None]
    #: Whether the CRM offers a write that happens only if the record has not moved.
    compare_and_set: bool
    #: A canonical field and value that the CRM refuses.
    refused: tuple[str, Value]
    #: Watermarks and versions, kept as the ledger keeps them.
    watermarks: dict[str, str] = field(default_factory=dict)
    versions: dict[tuple[str, str], str] = field(default_factory=dict)

    def read_changes(self, *, full: bool = False) -> dict[str, Record]:
        """Read once as a run does; gives the records of the main object by id."""
        found: dict[str, Record] = {}
        for page in self.crm.changes(self.watermarks, self._known, full=full):
            for item in page.items:
                if isinstance(item, Record):
                    self.versions[item.ref.object, item.ref.id] = item.version
                    if item.ref.object == self.object:
                        found[item.ref.id] = item
            if page.watermark is not None:
                self.watermarks[page.object] = page.watermark
        return found

    def read_past(self, ids: Sequence[str], *fields: str) -> list[RecordHistory]:
        """Read the past of records of the main object."""
        pages = self.crm.history(self.object, ids, fields)
        return sorted((found for page in pages for found in page), key=lambda found: found.ref)

    def write(self, *writes: Write) -> list[OutcomeState]:
        """Write one batch; gives the states in its order."""
        return [outcome.state for outcome in self.crm.write(writes)]

    def update(self, record_id: str, **values: Value) -> Write:
        """Make an update of the main object."""
        return Write(
            lead_id=f"of {record_id}", crm=self.crm.name, object=self.object, id=record_id, values=values
        )

    def _known(self, target: str, ids: Sequence[str]) -> Mapping[str, str]:
        return {key: self.versions[target, key] for key in ids if (target, key) in self.versions}


class CrmContract(ABC):
    """The promises of `ports.Crm`, one test each."""

    @abstractmethod
    def account(self) -> AbstractContextManager[ContractAccount]:
        """Open an empty account."""

    def test_a_call_that_the_meter_prevents_is_not_made(self) -> None:
        """And once it is taken off, nobody is asked."""
        with self.account() as account:
            record_id = account.edit(None, _person(1))
            account.crm.meter(_none_left)
            before = account.crm.calls
            for call in (
                lambda: account.crm.read(account.object, [record_id]),
                lambda: account.crm.write([account.update(record_id, status="working")]),
            ):
                try:
                    call()
                except QuotaExhausted:
                    continue
                raise AssertionError("the call was made")
            assert account.crm.calls == before
            account.crm.meter(None)
            assert record_id in account.crm.read(account.object, [record_id])

    def test_without_a_watermark_everything_is_read(self) -> None:
        with self.account() as account:
            ids = {account.edit(None, _person(number)) for number in range(3)}
            found = account.read_changes()
            assert set(found) == ids
            assert {record.fields["email"] for record in found.values()} == {
                f"person{number}@example.com" for number in range(3)
            }

    def test_when_nothing_changed_nothing_comes(self) -> None:
        with self.account() as account:
            account.edit(None, _person(1))
            account.wait()  # a row read in the second of its stamp may change once more: it is read again
            account.read_changes()
            assert account.read_changes() == {}

    def test_a_change_after_the_watermark_comes_with_its_new_version(self) -> None:
        with self.account() as account:
            first = account.edit(None, _person(1))
            account.edit(None, _person(2))
            account.wait()
            before = account.read_changes()[first].version
            account.wait()
            account.edit(first, {"last_name": "Changed"})
            found = account.read_changes()
            assert set(found) == {first}
            assert found[first].fields["last_name"] == "Changed"
            assert found[first].version != before

    def test_a_full_read_knows_what_is_gone(self) -> None:
        with self.account() as account:
            gone = account.edit(None, _person(1))
            account.read_changes()
            account.wait()
            account.delete(gone)
            found = account.read_changes(full=True)
            assert found[gone].deleted

    def test_read_answers_by_the_id_that_was_asked_for(self) -> None:
        with self.account() as account:
            here, gone = account.edit(None, _person(1)), account.edit(None, _person(2))
            account.delete(gone)
            found = account.crm.read(account.object, [here, gone])
            assert set(found) == {here}
            assert found[here].ref.id == here

    def test_a_write_has_one_outcome_per_record_in_order(self) -> None:
        with self.account() as account:
            ids = [account.edit(None, _person(number)) for number in range(3)]
            outcomes = account.crm.write([account.update(key, last_name=f"N{key}") for key in ids])
            assert [outcome.key for outcome in outcomes] == ids
            assert {outcome.state for outcome in outcomes} == {OutcomeState.WRITTEN}
            found = account.crm.read(account.object, ids)
            assert [found[key].fields["last_name"] for key in ids] == [f"N{key}" for key in ids]

    def test_none_clears(self) -> None:
        with self.account() as account:
            key = account.edit(None, {**_person(1), "phone": "+4930901820"})
            assert account.write(account.update(key, phone=None)) == [OutcomeState.WRITTEN]
            assert account.crm.read(account.object, [key])[key].fields["phone"] is None

    def test_a_bad_record_never_takes_the_good_ones_with_it(self) -> None:
        with self.account() as account:
            ids = [account.edit(None, _person(number)) for number in range(3)]
            name, value = account.refused
            writes = [account.update(key, last_name="New") for key in ids]
            writes[1] = account.update(ids[1], **{name: value})
            states = account.write(*writes)
            assert states == [OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.WRITTEN]

    def test_a_record_that_is_gone_fails_alone(self) -> None:
        with self.account() as account:
            here, gone = account.edit(None, _person(1)), account.edit(None, _person(2))
            account.delete(gone)
            states = account.write(account.update(here, last_name="A"), account.update(gone, last_name="B"))
            assert states[0] is OutcomeState.WRITTEN
            assert states[1] in {OutcomeState.FAILED, OutcomeState.MOVED}

    def test_creating_twice_makes_one_record(self) -> None:
        with self.account() as account:
            write = Write(
                lead_id="L0123456789abcdef0123",
                crm=account.crm.name,
                object=account.object,
                id=None,
                values={**_person(1), "lead_id": "L0123456789abcdef0123"},
            )
            first, second = account.crm.write([write])[0], account.crm.write([write])[0]
            assert first.state is second.state is OutcomeState.WRITTEN
            assert first.id == second.id
            found = account.crm.read_external(account.object, [write.lead_id])
            assert found[write.lead_id].ref.id == first.id

    def test_a_conditional_write_respects_a_record_that_moved(self) -> None:
        with self.account() as account:
            key = account.edit(None, _person(1))
            version = account.read_changes()[key].version
            account.wait()
            account.edit(key, {"last_name": "Theirs"})
            write = Write(
                lead_id="of it",
                crm=account.crm.name,
                object=account.object,
                id=key,
                values={"last_name": "Ours"},
                if_version=version,
            )
            expected = OutcomeState.MOVED if account.compare_and_set else OutcomeState.WRITTEN
            assert account.write(write) == [expected]
            left = account.crm.read(account.object, [key])[key].fields["last_name"]
            assert left == ("Theirs" if account.compare_and_set else "Ours")

    def test_a_note_is_attached_once(self) -> None:
        with self.account() as account:
            ids = [account.edit(None, _person(number)) for number in range(2)]
            notes = [_note(account, key, kind) for key, kind in zip(ids, ("task", "note"), strict=True)]
            before = account.crm.calls
            first = account.crm.attach(notes)
            assert account.crm.calls > before
            again = account.crm.attach(notes)
            assert [outcome.key for outcome in first] == [note.marker for note in notes]
            assert [(outcome.state, outcome.error) for outcome in first] == [(OutcomeState.WRITTEN, None)] * 2
            assert {outcome.state for outcome in again} == {OutcomeState.UNCHANGED}

    def test_a_note_of_the_other_kind_and_for_another_reason_is_another_note(self) -> None:
        with self.account() as account:
            key = account.edit(None, _person(1))
            account.crm.attach([_note(account, key, "task")])
            other = [_note(account, key, "note", marker="[crmbridge 0000]")]
            assert account.crm.attach(other)[0].state is OutcomeState.WRITTEN
            assert account.crm.attach(other)[0].state is OutcomeState.UNCHANGED

    def test_the_past_of_a_field_comes_in_order_of_time(self) -> None:
        with self.account() as account:
            key = account.edit(None, {**_person(1), "status": "new"})
            account.wait()
            account.edit(key, {"status": "working"})
            (found,) = account.read_past([key], "status")
            assert found.ref.id == key
            assert found.created_at is not None
            assert "status" in found.since
            changes = [change for change in found.changes if change.field == "status"]
            assert [change.value for change in changes][-2:] == ["new", "working"]
            assert changes[-1].at is not None
            assert changes[-1].at > found.created_at

    def test_the_past_of_what_is_gone_is_absent(self) -> None:
        with self.account() as account:
            here, gone = account.edit(None, _person(1)), account.edit(None, _person(2))
            account.wait()
            account.delete(gone)
            assert [found.ref.id for found in account.read_past([here, gone], "status")] == [here]

    def test_the_past_costs_one_call_for_as_many_records_as_it_says(self) -> None:
        with self.account() as account:
            ids = [account.edit(None, _person(number)) for number in range(3)]
            account.read_past(ids, "status")  # an adapter may look first at what the CRM records
            before = account.crm.calls
            account.read_past(ids, "status")
            assert account.crm.calls == before + 1
            assert account.crm.history_limit(account.object) >= len(ids)
            assert account.object in account.crm.history_objects()

    def test_calls_are_counted(self) -> None:
        with self.account() as account:
            key = account.edit(None, _person(1))
            account.crm.read(account.object, [key])  # an adapter may look at the account first
            before = account.crm.calls
            account.crm.read(account.object, [key])
            assert account.crm.calls == before + 1

    def test_values_that_differ_in_form_alone_are_the_same(self) -> None:
        with self.account() as account:
            assert account.crm.same(account.object, "last_name", "Lee", "Lee")
            assert not account.crm.same(account.object, "last_name", "Lee", "Leeds")


def _note(account: ContractAccount, key: str, kind: str, marker: str | None = None) -> Attachment:
    return Attachment(
        marker=marker or f"[crmbridge {key}]",
        lead_id="of it",
        crm=account.crm.name,
        object=account.object,
        id=key,
        kind=kind,
        title="New MQL: <b>Ada</b> & 'Co'",
        body="Score 80\nBecause: <script>",
        owner_id=None,
        at=datetime(2026, 1, 5, 9, tzinfo=UTC),
    )


def _person(number: int) -> dict[str, Value]:
    return {
        "email": f"person{number}@example.com",
        "last_name": f"Person {number}",
        "company": "Acme",
    }


def _none_left() -> None:
    raise QuotaExhausted("the budget is spent")
