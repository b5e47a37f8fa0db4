"""The run in one screen: read → unify → decide → plan → guard → apply → verify → report.

`Bridge` is what a host service embeds and what every command calls. It keeps no state of its own: the
ledger does. Several threads may share one, and several companies live in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from crmbridge import planfile
from crmbridge.accounts import strangers
from crmbridge.applying import apply, recover
from crmbridge.budget import Meter, meters
from crmbridge.check import check
from crmbridge.deciding import Deciding, pointers_after
from crmbridge.desk import Desk
from crmbridge.errors import (
    AuthFailed,
    ConfigError,
    LeaseLost,
    Problem,
    QuotaExhausted,
    SignInLost,
    TransientError,
    UnsafePlan,
)
from crmbridge.guards import estimate, guard, refuse_empty, refuse_moved_on, refuse_paused
from crmbridge.handoff import noted
from crmbridge.historian import Historian
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import Outcome, RecordRef, Value
from crmbridge.outbox import Courier
from crmbridge.ports import Crm, Ledger, NewField, Progress, Rights, Run, no_progress
from crmbridge.posting import post
from crmbridge.process import Process
from crmbridge.provision import needed
from crmbridge.reading import bind, read
from crmbridge.references import find_lead, known_run
from crmbridge.results import Plan, Result, Reversal
from crmbridge.schemas import current_schemas, read_schemas
from crmbridge.study import Study
from crmbridge.undo import plan_reverse, settle_reverse

if TYPE_CHECKING:
    from crmbridge.settings import Settings


def utc_now() -> datetime:
    """Tell the time where nobody handed one in."""
    return datetime.now(UTC)


class Bridge(Study, Desk, Historian):
    """One company's lead process over its CRMs.

    Args:
        process: The agreement between marketing and sales.
        mapping: How the company names fields and values; None: the defaults.
        hubspot, salesforce: The CRM accounts; None for one that the company does not use.
        ledger: Our own record of what was read, decided and written.
        company: Name for plan files and messages.
        courier: Brings the messages that the process's alerts ask for; None: they wait in the ledger.
        clock: Tells the time where a method is not given a ``now``.
        progress: Told what is being done, for progress bars; called from the thread that runs.
        keep_days: The audit of older runs is deleted when a run ends; None: it is kept.
    """

    def __init__(
        self,
        process: Process,
        mapping: CompanyMapping | None = None,
        *,
        hubspot: Crm | None = None,
        salesforce: Crm | None = None,
        ledger: Ledger,
        company: str = "company",
        courier: Courier | None = None,
        clock: Callable[[], datetime] = utc_now,
        progress: Progress = no_progress,
        keep_days: int | None = None,
    ) -> None:
        self.process = process
        self.mapping = mapping or CompanyMapping.default()
        self.ledger = ledger
        self.company = company
        given = {"hubspot": hubspot, "salesforce": salesforce}
        self.crms: Mapping[str, Crm] = {name: crm for name, crm in given.items() if crm is not None}
        self._courier = courier
        self._clock = clock
        self._progress = progress
        self._keep_days = keep_days
        #: Of the run that is under way.
        self._meters: Mapping[str, Meter] = {}

    @classmethod
    def from_directory(cls, path: Path | str, settings: Settings | None = None) -> Bridge:
        """Open a company folder: process.toml, mapping.toml and, unless given, the environment.

        Raises:
            ConfigError: with every problem of both files and of the settings.
        """
        from crmbridge.company import open_company  # noqa: PLC0415 - adapters are imported on demand

        return open_company(Path(path), settings)

    # what people ask --------------------------------------------------------------------------------
    def check(self) -> tuple[Problem, ...]:
        """Compare process and mapping with the live schema of both CRMs; writes nothing."""
        identities = {name: crm.identity() for name, crm in self.crms.items()}
        if problems := strangers(self.process.identity, identities):
            return problems
        schemas = read_schemas(self.crms, self.ledger, self.mapping.fingerprint, self._clock())
        return check(self.process, self.mapping, schemas, self.rights(), self.ledger.owners())

    def rights(self) -> Mapping[str, Rights]:
        """Compare what each token may do with what the mapping needs."""
        return {name: crm.rights() for name, crm in self.crms.items()}

    def needed_fields(self) -> Mapping[str, tuple[NewField, ...]]:
        """Name the custom fields that the mapping needs and the CRMs lack, per CRM."""
        schemas = read_schemas(self.crms, self.ledger, self.mapping.fingerprint, self._clock())
        return {name: needed(self.mapping, {name: schema}) for name, schema in schemas.items()}

    def create_fields(self, fields: Mapping[str, Sequence[NewField]]) -> Mapping[str, Sequence[Outcome]]:
        """Create custom fields in both CRMs. Safe to repeat: one that exists is left as it is."""
        outcomes = {name: self.crms[name].create_fields(items) for name, items in fields.items() if items}
        read_schemas(self.crms, self.ledger, self.mapping.fingerprint, self._clock())
        return outcomes

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    # the run ----------------------------------------------------------------------------------------
    def plan(
        self,
        now: datetime | None = None,
        *,
        full: bool = False,
        allow: Collection[str] = (),
        budget: int | None = None,
    ) -> Plan:
        """Read both CRMs and say what would be written; writes to neither.

        Args:
            now: The moment to decide at; None: the clock.
            full: Read everything again, deleted and archived records too, instead of what changed.
            allow: Names of guards that are overridden; here only "empty_source" counts.
            budget: API calls that it may spend in all; None: a share of each account's day (process file).

        Raises:
            UnsafePlan: a source that gave rows before came back empty.
            QuotaExhausted: the budget is spent; what was read is kept, and the next plan goes on.
        """
        with self._run("plan", budget) as run:
            return self._plan(run, now, full=full, allow=allow)

    def sync(
        self,
        now: datetime | None = None,
        *,
        full: bool = False,
        allow: Collection[str] = (),
        budget: int | None = None,
    ) -> Result:
        """Plan, guard and carry out. Safe to repeat: a second run finds nothing to do.

        Args:
            allow: Names of guards that are overridden.
            budget: As for `plan`.

        Raises:
            UnsafePlan: a guard refused; nothing was written.
            QuotaExhausted: the budget is spent; what was written is kept, and the next run goes on.
        """
        with self._run("sync", budget) as run:
            plan = self._plan(run, now, full=full, allow=allow)
            self._guard(plan, allow)
            return self._carry_out(run, plan, now=now)

    def apply(
        self,
        plan: Plan | Path,
        *,
        limit: int | None = None,
        only: Collection[str] = (),
        allow: Collection[str] = (),
        budget: int | None = None,
    ) -> Result:
        """Carry out a plan that was made earlier, or a plan file of one.

        Args:
            limit: At most so many leads, in the plan's order.
            only: References of leads; the others are left for later. Empty: all.
            budget: As for `plan`.

        Raises:
            UnsafePlan: a guard refused, or the world moved on since the plan was made.
            QuotaExhausted: the budget is spent; the same plan goes on where it stopped.
        """
        header = planfile.read_header(plan) if isinstance(plan, Path) else plan.header
        with self._run("apply", budget) as lease:
            run = replace(lease, id=header.run)
            made = self._finished(run, {})
            refuse_moved_on(header, made.header, self.ledger)
            recover(lease, self.crms, self.ledger)
            self._guard(made, allow)
            return self._carry_out(run, made, self._chosen(made, limit, only))

    def undo(
        self,
        of: str,
        *,
        apply: bool = False,
        allow: Collection[str] = (),
        budget: int | None = None,
    ) -> Reversal:
        """Plan the reverse of a run and, with ``apply``, carry it out; that can be undone as well.

        Only fields that still hold what the run wrote go back, and they stay so as long as the process wants
        the very value that was taken back. Records that the run created are listed and stay.

        Args:
            of: Id of the run; "last": the last one that wrote.
            allow: Names of guards that are overridden.
            budget: As for `plan`.

        Raises:
            ConfigError: there is no such run.
            UnsafePlan: a guard refused; nothing was written.
        """
        undone = known_run(self.ledger, of)
        with self._run("undo", budget) as run:
            before = self._calls()
            self._look(run, full=False, allow=allow)
            reverse = plan_reverse(run, undone, self.ledger, self._same)
            plan = self._finished(run, self._spent(before))
            if not apply:
                return Reversal(of=undone, plan=plan, reverse=reverse)
            self._guard(plan, allow)
            settle_reverse(run, undone, self.ledger, self._clock())
            return Reversal(of=undone, plan=plan, reverse=reverse, result=self._write(run, plan, None))

    def _look(self, run: Run, *, full: bool, allow: Collection[str]) -> None:
        """Settle what a dead run left, and bring the ledger up to date."""
        recover(run, self.crms, self.ledger)
        reading = read(self.crms, self.ledger, run, full=full, progress=self._progress)
        refuse_empty(reading.emptied, allow)
        bind(self.ledger, run)

    def _plan(self, run: Run, now: datetime | None, *, full: bool, allow: Collection[str]) -> Plan:
        before, moment = self._calls(), now or self._clock()
        self._look(run, full=full, allow=allow)
        limits = self.process.guards
        since = moment - timedelta(days=limits.watch_days)
        self.ledger.quarantine(run, since, limits.max_owner_changes, moment)
        deciding = self._deciding(moment)
        deciding.decide(run)
        deciding.assign(run)
        self.ledger.track(run, moment)
        plan = self._finished(run, self._spent(before))
        return replace(plan, unreadable=dict(deciding.unreadable))

    def _guard(self, plan: Plan, allow: Collection[str]) -> None:
        refuse_paused(self.ledger)
        rooms = {name: meter.room() for name, meter in self._meters.items()}
        guard(plan.counts, self.process.guards, estimates=plan.estimates, rooms=rooms, allow=allow)

    def _carry_out(
        self,
        run: Run,
        plan: Plan,
        lead_ids: Collection[str] | None = None,
        now: datetime | None = None,
    ) -> Result:
        self.ledger.promote(run, lead_ids, pointers_after(self.process, self.ledger, run, lead_ids))
        result = self._write(run, plan, lead_ids)
        before = self._calls()
        posted = post(
            run,
            self.crms,
            self.ledger,
            process=self.process,
            courier=self._courier,
            now=now or self._clock(),
            progress=self._progress,
        )
        spent = self._spent(before)
        calls = {name: count + spent[name] for name, count in result.api_calls.items()}
        return replace(result, posted=posted, api_calls=calls)

    def _write(self, run: Run, plan: Plan, lead_ids: Collection[str] | None) -> Result:
        before = self._calls()
        report = apply(
            run,
            self.crms,
            self.ledger,
            compare_and_set=self.mapping.compare_and_set,
            lead_ids=lead_ids,
            max_attempts=self.process.guards.max_attempts,
            progress=self._progress,
        )
        spent = self._spent(before)
        calls = {name: plan.api_calls.get(name, 0) + spent[name] for name in self.crms}
        return Result(plan=plan, report=report, api_calls=calls)

    # around it --------------------------------------------------------------------------------------
    @contextmanager
    def _run(self, kind: str, budget: int | None) -> Iterator[Run]:
        """Hold the company's lease, refuse strange accounts, and close the run whatever happens."""
        run = self.ledger.begin(kind, self._clock(), self._fingerprints())
        self._meters = meters(self.crms, self.ledger, self.process.guards, budget)
        signed_in = False
        try:
            self._refuse_strangers()
            signed_in = True
            yield run
            if self._keep_days is not None:
                self.prune(self._keep_days)
        except Exception as error:
            with suppress(LeaseLost):
                self.ledger.finish(run, _state_after(error), {})
            if signed_in and type(error) is AuthFailed:
                raise SignInLost(str(error), error.where) from None
            raise
        finally:
            for crm in self.crms.values():
                crm.meter(None)
        self.ledger.finish(run, "planned" if kind == "plan" else "done", {})

    def _refuse_strangers(self) -> None:
        identities = {name: crm.identity() for name, crm in self.crms.items()}
        if problems := strangers(self.process.identity, identities):
            raise ConfigError(problems)

    def _fingerprints(self) -> Mapping[str, str]:
        return {
            "process": self.process.fingerprint,
            "mapping": self.mapping.fingerprint,
            "applies_to": self.process.applies_to,
        }

    def _same(self, ref: RecordRef, name: str, left: Value, right: Value) -> bool:
        return left == right or self.crms[ref.crm].same(ref.object, name, left, right)

    def _deciding(self, now: datetime | None) -> Deciding:
        moment = now or self._clock()
        schemas = current_schemas(self.crms, self.ledger, self.mapping.fingerprint, moment)
        return Deciding(
            process=self.process,
            mapping=self.mapping,
            crms=self.crms,
            schemas=schemas,
            ledger=self.ledger,
            now=moment,
            progress=self._progress,
        )

    def _finished(self, run: Run, calls: Mapping[str, int]) -> Plan:
        """Sum up a plan that stands in the ledger."""
        counts = self.ledger.counts(run)
        return Plan(
            run=run,
            ledger=self.ledger,
            header=self._header(run, counts.changes),
            counts=counts,
            estimates=estimate(
                counts,
                self.crms,
                compare_and_set=bool(self.mapping.compare_and_set),
                noted=noted(self.process),
            ),
            api_calls=calls,
        )

    def _header(self, run: Run, change_count: int) -> planfile.PlanHeader:
        ids = {name: crm.identity().account_id for name, crm in self.crms.items()}
        return planfile.PlanHeader(
            company=self.company,
            run=run.id,
            process_version=self.process.version,
            process_fingerprint=self.process.fingerprint,
            mapping_fingerprint=self.mapping.fingerprint,
            portal_id=ids.get("hubspot", ""),
            org_id=ids.get("salesforce", ""),
            created_at=run.started_at.isoformat(),
            change_count=change_count,
        )

    def _chosen(self, plan: Plan, limit: int | None, only: Collection[str]) -> Collection[str] | None:
        if limit is None and not only:
            return None
        wanted = {find_lead(self.ledger, reference) for reference in only}
        changes = self.ledger.changes(plan.run, open_only=True)
        leads = dict.fromkeys(change.lead_id for change in changes if not only or change.lead_id in wanted)
        return list(islice(leads, limit))

    def _calls(self) -> dict[str, int]:
        return {name: crm.calls for name, crm in self.crms.items()}

    def _spent(self, before: Mapping[str, int]) -> dict[str, int]:
        return {name: calls - before[name] for name, calls in self._calls().items()}


def _state_after(error: Exception) -> str:
    """Name the state of a run that ended in an error."""
    if isinstance(error, UnsafePlan):
        return "refused"
    if isinstance(error, TransientError | QuotaExhausted | AuthFailed):
        return "stopped"
    return "failed"
