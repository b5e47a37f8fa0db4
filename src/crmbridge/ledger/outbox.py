"""The chapter *outbox*: notes to be made and messages to be sent, kept with the decision they belong to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, func, select

from crmbridge.codec import pack, unpack, unpacker
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.store import to_micros
from crmbridge.ledger.tables import attachment, change, delivery, planned
from crmbridge.outbox import Attachment, Delivery, DeliveryState, StoredDelivery
from crmbridge.ports import Run

_attachment = unpacker(Attachment)
_delivery = unpacker(Delivery)
_AGAIN = (DeliveryState.FAILED.value, DeliveryState.UNKNOWN.value)


class OutboxPart(Part):
    """The chapter *outbox* of the ledger."""

    def _post(self, tx: Connection, chosen: ColumnElement[bool]) -> None:
        """Put what promoted decisions send out into the outbox; what is there already stays."""
        wanted = select(planned.c.lead_id, planned.c.outgoing).where(chosen, planned.c.outgoing.is_not(None))
        after = ""
        while rows := tx.execute(
            wanted.where(planned.c.lead_id > after).order_by(planned.c.lead_id).limit(CHUNK)
        ).all():
            for row in rows:
                notes, messages = unpack(row.outgoing, tuple[tuple[Attachment, ...], tuple[Delivery, ...]])
                self._put_notes(tx, notes)
                self._put_messages(tx, messages)
            after = rows[-1].lead_id

    def _put_notes(self, tx: Connection, notes: Iterable[Attachment]) -> None:
        rows = [(item.marker, item.lead_id, DeliveryState.WAITING.value, None, pack(item)) for item in notes]
        self._store.put(tx, attachment, ("marker", "lead_id", "state", "error", "body"), rows)

    def _put_messages(self, tx: Connection, messages: Iterable[Delivery]) -> None:
        rows = [
            (item.key, item.lead_id, to_micros(item.at), DeliveryState.WAITING.value, None, pack(item))
            for item in messages
        ]
        self._store.put(tx, delivery, ("key", "lead_id", "at", "state", "error", "body"), rows)

    def _drop_text(
        self,
        tx: Connection,
        table: Table,
        read: Callable[[bytes], Attachment | Delivery],
        names: Collection[str],
    ) -> None:
        """Keep of what went out that it did, and not the words."""
        (key,) = table.primary_key.columns
        wanted = select(key, table.c.body).where(self._store.among(key, names))
        rows = [
            (pack(replace(read(body), title="", body="")), name) for name, body in tx.execute(wanted).all()
        ]
        self._store.alter(tx, table, ("body",), (key.name,), rows)

    # notes ---------------------------------------------------------------------------------------
    def attachments(self, run: Run, after: str, limit: int) -> Sequence[Attachment]:
        """See ``outbox.Outbox.attachments``."""
        with self._store.read() as tx:
            wanted = select(attachment.c.body).where(
                attachment.c.state == DeliveryState.WAITING.value,
                attachment.c.marker > after,
                ~_is_open(attachment.c.lead_id, self._number(tx, run)),
            )
            rows = tx.execute(wanted.order_by(attachment.c.marker).limit(limit)).scalars()
            return [_attachment(body) for body in rows]

    def attached(self, run: Run, made: Sequence[tuple[str, str | None]]) -> None:
        """See ``outbox.Outbox.attached``. Safe to repeat; the text is not kept."""
        rows = [
            ((DeliveryState.FAILED if error else DeliveryState.SENT).value, error, marker)
            for marker, error in made
        ]
        with self._store.write(run) as tx:
            self._store.alter(tx, attachment, ("state", "error"), ("marker",), rows)
            self._drop_text(tx, attachment, _attachment, [marker for marker, _ in made])

    # messages ------------------------------------------------------------------------------------
    def deliverable(self, run: Run) -> Sequence[Delivery]:
        """See ``outbox.Outbox.deliverable``."""
        with self._store.read() as tx:
            wanted = select(delivery.c.body).where(
                delivery.c.state == DeliveryState.WAITING.value,
                ~_is_open(delivery.c.lead_id, self._number(tx, run)),
            )
            rows = tx.execute(wanted.order_by(delivery.c.at, delivery.c.key)).scalars()
            return [_delivery(body) for body in rows]

    def deliver(
        self, run: Run, keys: Collection[str], state: DeliveryState, error: str | None = None
    ) -> None:
        """See ``outbox.Outbox.deliver``. The text of a message that arrived is not kept."""
        with self._store.write(run) as tx:
            mine = self._store.among(delivery.c.key, keys)
            if state is DeliveryState.SENT:
                self._drop_text(tx, delivery, _delivery, keys)
            tx.execute(delivery.update().where(mine).values(state=state.value, error=error))

    def withdraw(self, run: Run) -> int:
        """See ``outbox.Outbox.withdraw``. Safe to repeat."""
        with self._store.write(run) as tx:
            mine = (planned.c.run == self._number(tx, run)) & (planned.c.changes > 0)
            leads = select(planned.c.lead_id).where(mine)
            return sum(
                tx.execute(
                    table.delete().where(
                        table.c.state == DeliveryState.WAITING.value, table.c.lead_id.in_(leads)
                    )
                ).rowcount
                for table in (attachment, delivery)
            )

    def forsake(self, run: Run) -> int:
        """See ``outbox.Outbox.forsake``. Safe to repeat."""
        with self._store.write(run) as tx:
            lost = delivery.c.state == DeliveryState.INTENDED.value
            count = int(tx.execute(select(func.count()).select_from(delivery).where(lost)).scalar_one())
            tx.execute(delivery.update().where(lost).values(state=DeliveryState.UNKNOWN.value))
            return count

    def deliveries(self, states: Collection[DeliveryState], limit: int) -> Sequence[StoredDelivery]:
        """See ``outbox.Outbox.deliveries``."""
        names = [state.value for state in states]
        wanted = select(delivery).where(delivery.c.state.in_(names))
        with self._store.read() as tx:
            rows = tx.execute(wanted.order_by(delivery.c.at.desc(), delivery.c.key).limit(limit)).all()
        return [
            StoredDelivery(delivery=_delivery(row.body), state=DeliveryState(row.state), error=row.error)
            for row in rows
        ]

    def redeliver(self, keys: Collection[str]) -> int:
        """See ``outbox.Outbox.redeliver``. Safe to repeat."""
        lost: ColumnElement[bool] = delivery.c.state.in_(_AGAIN)
        if keys:
            lost = and_(lost, self._store.among(delivery.c.key, keys))
        with self._store.write() as tx:
            count = int(tx.execute(select(func.count()).select_from(delivery).where(lost)).scalar_one())
            tx.execute(delivery.update().where(lost).values(state=DeliveryState.WAITING.value, error=None))
            return count


def _is_open(lead_id: ColumnElement[str], number: int) -> ColumnElement[bool]:
    """Tell whether a change of the lead is still to be written in a run."""
    left: Select[str] = select(change.c.lead_id).where(
        change.c.lead_id == lead_id, change.c.run == number, change.c.done == 0
    )
    return exists(left)
