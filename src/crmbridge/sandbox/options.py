"""Switches: how each emulated CRM behaves where portals and orgs differ, or where a test wants it strict.

They may be changed while the sandbox runs; an app reads them at each request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from crmbridge.errors import ConfigError, Problem

_CHOICES = {
    "lifecycle": ("ignore", "reject", "allow"),
    "webhook_signatures": ("both", "v1", "v3"),
    "duplicate_rule": ("off", "alert", "block"),
}
_PARTS = {"stage_date_generations": frozenset({"old", "middle", "v2"})}


@dataclass(slots=True, kw_only=True)
class HubSpotOptions:
    """Switches of the HubSpot portal."""

    #: What a backward lifecycle write does: "ignore" (200, value unchanged), "reject" (400) or "allow".
    lifecycle: str = "ignore"
    #: Seconds until a created or changed record can be found by search; reads see it at once.
    search_lag_seconds: float = 0.0
    #: Refuse calls over the limits below with 429; headers are sent either way.
    rate_limits: bool = False
    ten_second_limit: int = 190
    search_second_limit: int = 5
    daily_limit: int = 625_000
    #: Send Retry-After with a 429; the real service mostly does not.
    retry_after: bool = False
    #: A write of the value that is already there leaves history and stamps alone.
    same_value_writes_are_no_ops: bool = True
    #: A merge keeps the primary record's id instead of making a new one.
    merge_preserves_id: bool = False
    #: Activities added to a contact move num_notes, notes_last_contacted and the like.
    summaries_follow_activities: bool = True
    #: With trace ids, good rows of an upsert by e-mail are written although others fail.
    partial_upserts_by_email: bool = False
    #: Lifecycle stage that a new contact gets when none is given; "" for none.
    default_lifecycle_stage: str = ""
    #: Dates of lifecycle stages that the portal has: "old", "middle", "v2" (see hubspot/stage_dates.py).
    stage_date_generations: frozenset[str] = frozenset({"old", "v2"})
    #: Search results come slightly out of order now and then.
    search_order_jitter: bool = False
    #: List pages hold fewer records than asked for now and then, with a cursor to the next.
    short_pages: bool = False
    #: Sandbox seconds until a submitted form becomes a contact; the submission is there at once.
    form_delay_seconds: float = 0.0
    #: An address that was forgotten by GDPR cannot become a contact again; the documented service allows it.
    blocklist_refuses_contacts: bool = False
    #: Sandbox seconds for which events are collected before they are sent to webhooks.
    webhook_delay_seconds: float = 1.0
    #: Real seconds that a target has to answer.
    webhook_timeout_seconds: float = 5.0
    #: Which signatures are sent: "both", "v1" or "v3".
    webhook_signatures: str = "both"
    #: Send events in no order, as the real service promises none.
    webhook_disorder: bool = True
    #: Share of events that are sent twice.
    webhook_duplicate_ratio: float = 0.05
    #: Share of events that carry the id of another event.
    webhook_reused_id_ratio: float = 0.02
    #: Every refresh answers with a new refresh token and ends the old one.
    rotate_refresh_tokens: bool = False
    #: The app or the portal is gone: refreshing a token answers BAD_HUB.
    portal_gone: bool = False
    #: The portal has the Leads object; without it its endpoints answer 403.
    leads_object: bool = True
    #: Order results of batch calls by chance, as the real service promises no order.
    shuffle_batches: bool = True
    #: Scopes of the private app's token; None gives it all that are known here.
    scopes: frozenset[str] | None = None


@dataclass(slots=True, kw_only=True)
class SalesforceOptions:
    """Switches of the Salesforce org; salesforce/ adds what it needs, each with a default."""

    #: What `DailyApiRequests` allows in 24 hours.
    daily_api_requests: int = 100_000
    #: Owner an active lead assignment rule gives: user name, e-mail or queue name; "" no rule is active.
    assignment_owner: str = ""
    #: Fields with history, as ``Object.Field``.
    tracked_fields: frozenset[str] = frozenset(
        {"Lead.Status", "Lead.OwnerId", "Contact.OwnerId", "Opportunity.StageName"}
    )
    #: What the duplicate rule for leads and contacts with the same e-mail does: "off", "alert" or "block".
    duplicate_rule: str = "off"
    #: ``Object | SOQL condition | message``: a record that fulfils the condition is refused.
    validation_rules: frozenset[str] = frozenset()
    #: Most rows of a query page; the real service sometimes gives fewer than asked for.
    max_page_size: int = 2000
    #: Polls that move a bulk job one step on: upload complete, in progress, each batch; 0: done at the first.
    bulk_polls: int = 1
    #: Sandbox seconds of such a step; polls then move nothing. 0: polls do.
    bulk_step_seconds: float = 0.0
    #: Records that a bulk job writes in one step.
    bulk_batch_records: int = 10_000
    #: Largest upload of a bulk job; 150 MB after base64, so about 100 MB of text.
    bulk_max_upload_bytes: int = 100_000_000
    #: Result files of bulk jobs are not in the order of the upload.
    bulk_shuffle_results: bool = True
    #: Bulk results name their charset; without it careless clients read them as Latin-1.
    bulk_csv_charset: bool = True
    #: The user may delete past the recycle bin.
    bulk_hard_delete: bool = True
    #: Batches of bulk ingest jobs and number of bulk query jobs in 24 hours.
    daily_bulk_batches: int = 15_000
    daily_query_jobs: int = 10_000
    #: Pages of a query hold fewer rows than they could, by chance (of the seed): ``done`` tells the last one.
    short_pages: bool = False
    #: The org has sales territories; without them their objects are unknown.
    territories: bool = True
    #: The org has several currencies: CurrencyIsoCode, CurrencyType.
    multi_currency: bool = False
    #: The org has state and country picklists: codes beside names, and both are checked.
    state_country_codes: bool = False
    #: ``Object`` and ``Object.Field`` that the API's users cannot see, …
    hidden_objects: frozenset[str] = frozenset()
    hidden_fields: frozenset[str] = frozenset()
    #: … or see and cannot write.
    read_only_objects: frozenset[str] = frozenset()
    read_only_fields: frozenset[str] = frozenset()
    #: A new custom field is seen by nobody until an assigned permission set shows it, as in real orgs.
    new_fields_hidden: bool = False
    #: Collections refuse records whose ``attributes`` are not the first key, not only those without.
    attributes_first: bool = False
    #: The API's users can write nothing at all.
    read_only_profile: bool = False
    #: Requests after which a token expires; 0: never.
    token_calls: int = 0
    #: Seconds without a request after which a token expires; 0: never.
    session_seconds: int = 0


@dataclass(slots=True)
class Options:
    """The switches of both CRMs."""

    hubspot: HubSpotOptions = field(default_factory=HubSpotOptions)
    salesforce: SalesforceOptions = field(default_factory=SalesforceOptions)

    def change(self, data: Mapping[str, Any]) -> None:
        """Set switches from ``{"hubspot": {"lifecycle": "reject"}, …}``.

        Raises:
            ConfigError: A switch is unknown or of another type; none was changed.
        """
        problems = [problem for crm, part in data.items() for problem in self._problems(crm, part)]
        if problems:
            raise ConfigError(problems)
        for crm, part in data.items():
            for name, value in part.items():
                setattr(getattr(self, crm), name, _as_switch(value))

    def as_dict(self) -> dict[str, Any]:
        """Give all switches as JSON values."""
        return {crm.name: _plain(asdict(getattr(self, crm.name))) for crm in fields(self)}

    def _problems(self, crm: str, part: Any) -> list[Problem]:
        if crm not in Options.__slots__ or not isinstance(part, Mapping):
            return [Problem("options", crm, "must be hubspot or salesforce with an object of switches")]
        switches = getattr(self, crm)
        return [
            Problem("options", f"{crm}.{name}", reason)
            for name, value in part.items()
            if (reason := _refusal(switches, name, value))
        ]


def _refusal(switches: Any, name: str, value: Any) -> str:
    if name not in type(switches).__slots__:
        return "unknown switch"
    if name in _CHOICES and value not in _CHOICES[name]:
        return "must be one of: " + ", ".join(_CHOICES[name])
    if name in _PARTS and not (
        isinstance(value, list) and all(item in _PARTS[name] for item in map(str, value))
    ):
        return "must be a list of: " + ", ".join(sorted(_PARTS[name]))
    present = getattr(switches, name)
    if isinstance(present, bool) != isinstance(value, bool) and name != "scopes":
        return f"must be {'true or false' if isinstance(present, bool) else 'no boolean'}"
    if isinstance(present, int | float) and not isinstance(value, int | float):
        return "must be a number"
    if isinstance(present, frozenset) and name != "scopes" and not _is_texts(value):
        return "must be a list of texts"
    return ""


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | set | frozenset) and all(isinstance(one, str) for one in value)


def _as_switch(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list | set) else value


def _plain(switches: dict[str, Any]) -> dict[str, Any]:
    return {
        name: sorted(value) if isinstance(value, frozenset) else value for name, value in switches.items()
    }
