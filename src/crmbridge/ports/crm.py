"""What the run needs from a CRM: the protocol, and what its methods give and take."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from crmbridge.history import RecordHistory
from crmbridge.model import (
    Account,
    Activity,
    CrmName,
    Opportunity,
    Outcome,
    Owner,
    Record,
    Value,
    Write,
)
from crmbridge.outbox import Attachment

#: One thing read from a CRM. An Owner carries the ids of this CRM only; the ledger joins both sides.
Item: TypeAlias = Record | Activity | Account | Opportunity | Owner

#: (object, ids) -> the versions the ledger holds; ids that it does not hold are absent.
KnownVersions: TypeAlias = Callable[[str, Sequence[str]], Mapping[str, str]]

#: (what is being done, how many more of it are done): for progress bars. One that has a method ``expect``
#: (what, how many there will be) is told so where it is known, and may show a rate and the time left.
Progress: TypeAlias = Callable[[str, int], None]


def no_progress(what: str, count: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmIdentity:
    """Which account a token belongs to."""

    #: HubSpot portal id, or Salesforce organisation id in its 18-character form.
    account_id: str
    #: ISO 4217 code of the account's own currency; None when the CRM does not say.
    currency: str | None = None
    #: API calls left today, and the day's total; None when the CRM does not say.
    calls_left: int | None = None
    calls_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """An account's API calls of a day, whoever makes them, as the CRM's last answer told."""

    left: int
    per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOption:
    """One value of an enumeration."""

    value: str
    label: str
    #: Offered to people; an inactive value may still stand on old records.
    active: bool = True
    #: Salesforce: a lead status that only a conversion may set. HubSpot: a closed stage.
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSchema:
    """One field of a CRM object, as the CRM describes it."""

    name: str
    label: str
    #: The CRM's own word ("enumeration", "picklist", "datetime" …).
    type: str
    createable: bool
    updateable: bool
    #: Must be given when a record is created.
    required: bool = False
    #: No two records share a value.
    unique: bool = False
    #: May be the key of an upsert.
    external_id: bool = False
    #: Longest text; None when there is no limit or it is not a text.
    length: int | None = None
    #: In the CRM's order; empty for fields that are no enumeration.
    options: tuple[FieldOption, ...] = ()
    #: Whether values outside ``options`` are refused.
    restricted: bool = False
    custom: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a CRM offers this token: objects with their fields, and features that change how we work."""

    crm: CrmName
    #: Object name -> field name -> field. An object that the account or token lacks is absent.
    objects: Mapping[str, Mapping[str, FieldSchema]]
    #: Lifecycle stage values in the CRM's own order; empty where the CRM has none.
    stage_order: tuple[str, ...] = ()
    #: "connector" (HubSpot's own Salesforce connector runs), "person_accounts", "state_country_codes",
    #: "multi_currency", "leads_object" …
    features: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a token may do."""

    #: Granted scopes or object permissions ("Lead.update"); None when the CRM does not tell.
    granted: frozenset[str] | None
    #: What the mapping needs.
    needed: frozenset[str]
    #: What an administrator deploys to grant exactly this (a permission set as XML); "" where the CRM
    #: has nothing of the kind.
    deployable: str = ""

    @property
    def missing(self) -> frozenset[str]:
        """Needed and not granted; empty when the CRM does not tell."""
        return self.needed - self.granted if self.granted is not None else frozenset()

    @property
    def too_much(self) -> frozenset[str]:
        """Granted and not needed; empty when the CRM does not tell."""
        return self.granted - self.needed if self.granted is not None else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewField:
    """A custom field that the mapping needs and the CRM lacks."""

    object: str
    name: str
    label: str
    #: As in mapping.Kind: "text", "number", "boolean", "datetime", "enumeration", "long_text" …
    kind: str
    description: str
    #: The key of our upserts: unique, and an external id in Salesforce.
    external_id: bool = False
    options: tuple[FieldOption, ...] = ()
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some items of one object, in the order in which the CRM gave them.

    An activity's people come together: the ledger takes it from everybody who is not named this time.
    """

    object: str
    items: tuple[Item, ...]
    #: How far reading has got once this page is stored; None while it is not safe to say so. Opaque to
    #: everybody but the adapter.
    watermark: str | None = None
    #: These are all items of the object there are: others are gone (owners that vanished).
    complete: bool = False
    #: How many rows the CRM sent, unchanged ones (which are not in ``items``) included.
    rows_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkWay:
    """How a CRM takes thousands of unconditional writes at once."""

    #: From so many on it is the better way, …
    least: int
    #: … and so many are taken at once.
    most: int
    #: API calls that it costs, about.
    calls: int
    #: (writes, called before every wait) -> one outcome per write, in order, as ``Crm.write`` gives them.
    write: Callable[[Sequence[Write], Callable[[], None]], Sequence[Outcome]]


class Crm(Protocol):
    """One CRM account, seen through a company's mapping. Thread-safe; knows no ledger and no process."""

    @property
    def name(self) -> CrmName:
        """Name the CRM."""

    @property
    def calls(self) -> int:
        """Count the API calls made through this object so far."""

    def quota(self) -> Quota | None:
        """Give the account's quota as the last answer told it; None when none has. No call."""

    def meter(self, before_call: Callable[[], None] | None) -> None:
        """Have every call, retries included, ask this first: it raises to prevent it. None: nobody asks."""

    def identity(self) -> CrmIdentity:
        """Say which account the token belongs to. At most one call; remembered.

        Raises:
            AuthFailed: the token is wrong or expired.
        """

    def rights(self) -> Rights:
        """Compare what the token may do with what the mapping needs."""

    def schema(self) -> Schema:
        """Describe the objects that the mapping names. Reads the CRM afresh each time."""

    def fit(self, schema: Schema) -> None:
        """Go on with what the account really has; a schema that was read earlier will do.

        Fields that do not exist are not asked for, values that are not offered are not written.
        """

    def changes(
        self,
        watermarks: Mapping[str, str],
        known: KnownVersions,
        *,
        full: bool = False,
    ) -> Iterator[Page]:
        """Yield everything that changed since the watermarks, page by page.

        Args:
            watermarks: Object name -> watermark of an earlier page. An object without one is read whole.
            known: Rows whose version is known are not normalised and not yielded.
            full: Read every object whole, deleted and archived rows included.

        Owners come first, then accounts, people, opportunities, activities. A row may come twice; none
        that was changed before the call may be missing. Inside one object, watermarks never go back.
        """

    def read(self, object: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Read records as they are now, keyed by the id that was asked for.

        A merged record comes as its survivor (its ``ref.id`` differs from the key); a record that is gone
        is absent. ceil(n / read_limit) calls.
        """

    def read_external(self, object: str, lead_ids: Sequence[str]) -> Mapping[str, Record]:
        """Read records by our external id, keyed by lead id; absent when there is none."""

    def read_limit(self, object: str) -> int:
        """Say how many records one ``read`` call takes."""

    def history(
        self, object: str, ids: Sequence[str], fields: Collection[str]
    ) -> Iterator[Sequence[RecordHistory]]:
        """Read what the CRM recorded of some records' past, a page at a time, in no particular order.

        Args:
            object: An object of people, or the one of opportunities (``history_objects``).
            ids: A record that was merged comes as its survivor; one that is gone is absent.
            fields: Canonical fields wanted; those whose changes are not recorded are absent from ``since``.

        ceil(n / history_limit) calls, and at most one more for what the CRM records at all, once.
        """

    def history_limit(self, object: str) -> int:
        """Say for how many records one call reads the past."""

    def history_objects(self) -> Sequence[str]:
        """Name the objects whose past can be read."""

    def write_limit(self, object: str, *, create: bool, conditional: bool) -> int:
        """Say how many writes of one kind one call takes."""

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Write one batch: one object, all creations or all updates, at most ``write_limit``.

        One outcome per write, in order; a bad record never takes the good ones with it. Creations are
        upserts on the external id: safe to repeat. Side automation is suppressed (assignment rules).
        An answer that never came gives AMBIGUOUS outcomes, not an exception. Never raises RecordError.
        """

    def bulk(self, object: str) -> BulkWay | None:
        """Give the way that thousands of plain writes of an object take; None: there is none."""

    def verify_fields(self, object: str) -> frozenset[str]:
        """Name the canonical fields where the CRM may silently do something else than asked."""

    def same(self, object: str, field: str, left: Value, right: Value) -> bool:
        """Tell whether two canonical values are one and the same to this CRM (case, rounding, precision)."""

    def create_fields(self, fields: Sequence[NewField]) -> Sequence[Outcome]:
        """Create custom fields; one that exists already is UNCHANGED. Safe to repeat."""

    def attach(self, notes: Sequence[Attachment]) -> Sequence[Outcome]:
        """Put notes or tasks of one kind on records of one object, each once; all name their record's id.

        One outcome per note, in order, with its marker as key. A note whose marker stands on its record
        already is UNCHANGED and nothing is sent: safe to repeat, also after an answer that never came.
        """
