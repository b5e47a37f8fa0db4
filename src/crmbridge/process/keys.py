"""Every key of the process file in one table: its type, its default and which values it takes.

The reader refuses what does not stand here, the documentation is tested against it, and nothing else
in the package knows the spelling of a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from crmbridge.model import ActivityKind, NoticeKind, StageRole
from crmbridge.process.promises import CHANNELS


class KeyKind(Enum):
    """What a key's value must be; the text completes "must be …"."""

    TEXT = "a text that is not empty"
    TEXTS = "a list of texts that are not empty"
    TEXT_OR_TEXTS = "a text or a list of texts that are not empty"
    NUMBER = "a number"
    SHARE = "a number from 0 to 1"
    NOT_NEGATIVE = "a number, 0 or more"
    POSITIVE = "a number above 0"
    DAYS = "a number of days, from 0 to 36500"
    POSITIVE_DAYS = "a number of days above 0, at most 36500"
    COUNT = "a whole number, 0 or more"
    POSITIVE_COUNT = "a whole number, 1 or more"
    BOOLEAN = "true or false"
    MOMENT = "a date or a date and time"
    DAY = "a date"
    CONDITIONS = "a list of conditions"
    TABLE = "a table"
    TABLES = "a list of tables"
    NUMBERS = "a table of numbers"
    NAMES = "a table of texts"
    DAYS_OFF = "a list of dates or of tables with from and to"
    ANYTHING = "a value"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one table of the file."""

    name: str
    kind: KeyKind
    #: What holds when the key is left out.
    default: Any = None
    required: bool = False
    #: The only values it takes; empty: any.
    choices: tuple[str, ...] = ()


LADDER: Final = (
    "named_account",
    "customer",
    "opportunity_owner",
    "account_owner",
    "existing_owner",
    "territory",
)
MODES: Final = ("direct", "triage", "tele_qualification")
AUTHORITIES: Final = ("hubspot", "salesforce", "newest", "ours")
SCORE_HANDLINGS: Final = ("keep", "halve", "reset")
APPLIES_TO: Final = ("all", "changed")
REENTRIES: Final = ("new_evidence", "cool_down")
REJECTIONS: Final = ("procedural", "clerical", "definitional", "terminal")
SILENCES: Final = ("none", "accepted", "rejected", "recycled", "reassign")
AFTER_WORKING: Final = ("none", "recycled")
NOTE_KINDS: Final = ("task", "note", "none")
NOTE_CRMS: Final = ("hubspot", "salesforce", "both")
LANGUAGES: Final = ("en", "es", "fr", "pt")
PERIODS: Final = ("week", "month", "quarter")
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: What an alert can tell of.
NOTICES: Final = tuple(kind.value for kind in NoticeKind)
_ROLES: Final = tuple(role.value for role in StageRole)
_KINDS: Final = tuple(kind.value for kind in ActivityKind)

_K = KeyKind
#: Table of the file -> its keys, in the order of the reference.
KEYS: Final[dict[str, tuple[Key, ...]]] = {
    "": (
        Key("format", _K.POSITIVE_COUNT, required=True),
        *(
            Key(name, _K.TABLE, {})
            for name in ("process", "identity", "scope", "qualification", "routing", "guards", "metrics")
        ),
        *(Key(name, _K.TABLE) for name in ("sla", "handoff", "customers", "quota")),
        *(
            Key(name, _K.TABLES, [])
            for name in (
                "stage",
                "fit",
                "engagement",
                "named_account",
                "territory",
                "pool",
                "recycle",
                "reject",
                "calendar",
                "alert",
                "programme",
            )
        ),
        Key("fit_caps", _K.NUMBERS, {}),
        Key("engagement_caps", _K.NUMBERS, {}),
    ),
    "process": (
        Key("name", _K.TEXT, required=True),
        Key("version", _K.TEXT, required=True),
        Key("timezone", _K.TEXT, "UTC"),
        Key("applies_to", _K.TEXT, "all", choices=APPLIES_TO),
    ),
    "identity": (
        Key("hubspot_portal_id", _K.TEXT),
        Key("salesforce_org_id", _K.TEXT),
    ),
    "scope": (
        Key("created_after", _K.MOMENT),
        Key("when", _K.CONDITIONS, []),
    ),
    "stage": (
        Key("name", _K.TEXT, required=True),
        Key("role", _K.TEXT, choices=_ROLES),
        Key("definition", _K.TEXT, ""),
        Key("owner_team", _K.TEXT, ""),
        Key("exit", _K.TEXT, ""),
        Key("next", _K.TEXTS),
        Key("owner_authority", _K.TEXT, choices=AUTHORITIES),
        Key("content", _K.TEXTS, []),
    ),
    "qualification": (
        Key("threshold", _K.NUMBER, required=True),
        Key("fit_minimum", _K.NUMBER),
        Key("engagement_minimum", _K.NUMBER),
        Key("hysteresis", _K.NOT_NEGATIVE, 0.0),
        Key("required", _K.TEXTS, []),
        Key("manual", _K.BOOLEAN, False),
        Key("forms", _K.TEXTS, []),
        Key("forms_within_days", _K.POSITIVE_DAYS),
        Key("email_engagement", _K.TABLE),
        Key("sales_fields", _K.TEXTS, []),
    ),
    "qualification.email_engagement": (
        Key("days", _K.POSITIVE_DAYS, required=True),
        Key("emails", _K.POSITIVE_COUNT, 1),
    ),
    "fit": (
        Key("name", _K.TEXT, required=True),
        Key("points", _K.NUMBER, required=True),
        Key("group", _K.TEXT),
        Key("when", _K.CONDITIONS, required=True),
    ),
    "engagement": (
        Key("name", _K.TEXT, required=True),
        Key("kind", _K.TEXT_OR_TEXTS, required=True, choices=_KINDS),
        Key("where", _K.CONDITIONS, []),
        Key("points", _K.NUMBER, required=True),
        Key("times", _K.POSITIVE_COUNT),
        Key("half_life_days", _K.POSITIVE_DAYS),
        Key("within_days", _K.POSITIVE_DAYS),
        Key("group", _K.TEXT),
    ),
    "routing": (
        Key("mode", _K.TEXT, "direct", choices=MODES),
        Key("triage", _K.TEXT),
        Key("tele_qualification", _K.TEXT),
        Key("keep_owner", _K.BOOLEAN, True),
        Key("ladder", _K.TEXTS, list(LADDER), choices=LADDER),
        Key("hold", _K.TABLES, []),
        Key("reassign_inactive", _K.BOOLEAN, True),
    ),
    "routing.hold": (
        Key("reason", _K.TEXT, required=True),
        Key("when", _K.CONDITIONS, required=True),
    ),
    "named_account": (
        Key("domain", _K.TEXT),
        Key("name", _K.TEXT),
        Key("owner", _K.TEXT, required=True),
    ),
    "territory": (
        Key("name", _K.TEXT, required=True),
        Key("countries", _K.TEXTS, []),
        Key("regions", _K.TEXTS, []),
        Key("postal_prefixes", _K.TEXTS, []),
        Key("industries", _K.TEXTS, []),
        Key("employees", _K.TABLE),
        Key("pool", _K.TEXT),
        Key("owner", _K.TEXT),
        Key("precedence", _K.COUNT, 100),
    ),
    "territory.employees": (
        Key("from", _K.COUNT),
        Key("to", _K.COUNT),
    ),
    "pool": (
        Key("name", _K.TEXT, required=True),
        Key("fallback", _K.TEXT),
        Key("member", _K.TABLES, []),
    ),
    "pool.member": (
        Key("owner", _K.TEXT, required=True),
        Key("weight", _K.POSITIVE, 1),
        Key("capacity_per_day", _K.COUNT),
        Key("capacity_per_30_days", _K.COUNT),
        Key("leave", _K.TABLES, []),
    ),
    "pool.member.leave": (
        Key("from", _K.DAY, required=True),
        Key("to", _K.DAY, required=True),
    ),
    "recycle": (
        Key("reason", _K.TEXT, required=True),
        Key("cool_down_days", _K.DAYS, 90),
        Key("max_cycles", _K.COUNT, 3),
        Key("score", _K.TEXT, "keep", choices=SCORE_HANDLINGS),
        Key("reentry", _K.TEXT, "new_evidence", choices=REENTRIES),
        Key("needs_touches", _K.BOOLEAN, False),
        Key("until_field", _K.TEXT),
        Key("days_before", _K.DAYS, 30),
        Key("stalled_days", _K.POSITIVE_DAYS),
    ),
    "reject": (
        Key("reason", _K.TEXT, required=True),
        Key("class", _K.TEXT, required=True, choices=REJECTIONS),
        Key("data", _K.TEXTS, []),
    ),
    "programme": (
        Key("name", _K.TEXT, required=True),
        Key("stages", _K.TEXTS, []),
        Key("reasons", _K.TEXTS, []),
        Key("threshold", _K.NUMBER),
        Key("when", _K.CONDITIONS, []),
    ),
    "calendar": (
        Key("name", _K.TEXT, required=True),
        Key("timezone", _K.TEXT),
        Key("hours", _K.TABLE),
        Key("holidays", _K.TEXTS, []),
        Key("closed", _K.DAYS_OFF, []),
        Key("countries", _K.TEXTS, []),
        Key("territories", _K.TEXTS, []),
    ),
    "calendar.hours": tuple(Key(day, _K.TEXTS, []) for day in WEEKDAYS),
    "calendar.closed": (
        Key("from", _K.DAY, required=True),
        Key("to", _K.DAY, required=True),
    ),
    "sla": (
        Key("calendar", _K.TEXT),
        Key("channels", _K.TEXTS, [kind.value for kind in CHANNELS], choices=_KINDS),
        Key("undirected", _K.BOOLEAN, False),
        Key("pause", _K.CONDITIONS),
        Key("remind_at", _K.POSITIVE, 0.8),
        Key("escalate_at", _K.POSITIVE, 1.0),
        Key("reassign_at", _K.POSITIVE),
        Key("max_reassignments", _K.COUNT, 3),
        Key("managers", _K.NAMES, {}),
        Key("manager", _K.TEXT),
        Key("target", _K.TABLES, []),
    ),
    "sla.target": (
        Key("name", _K.TEXT, required=True),
        Key("when", _K.CONDITIONS, []),
        Key("stages", _K.TEXTS, []),
        Key("territories", _K.TEXTS, []),
        Key("response_minutes", _K.POSITIVE),
        Key("first_touch_minutes", _K.POSITIVE),
        Key("touches", _K.POSITIVE_COUNT),
        Key("touches_by", _K.NUMBERS, {}),
        Key("touches_days", _K.POSITIVE_DAYS),
        Key("acceptance_hours", _K.POSITIVE),
        Key("silence", _K.TEXT, "none", choices=SILENCES),
        Key("decision_hours", _K.POSITIVE),
        Key("working_days", _K.POSITIVE_DAYS),
        Key("after_working", _K.TEXT, "none", choices=AFTER_WORKING),
        Key("remind_at", _K.POSITIVE),
        Key("escalate_at", _K.POSITIVE),
        Key("reassign_at", _K.POSITIVE),
    ),
    "handoff": (
        Key("note", _K.TEXT, "task", choices=NOTE_KINDS),
        Key("crm", _K.TEXT, choices=NOTE_CRMS),
        Key("language", _K.TEXT, "en", choices=LANGUAGES),
        Key("activities", _K.COUNT, 5),
        Key("contact_data", _K.BOOLEAN, True),
    ),
    "alert": (
        Key("name", _K.TEXT, required=True),
        Key("on", _K.TEXTS, required=True, choices=NOTICES),
        Key("to", _K.TEXTS, required=True),
        Key("when", _K.CONDITIONS),
        Key("title", _K.TEXT),
        Key("body", _K.TEXT),
        Key("digest_hours", _K.POSITIVE),
        Key("calendar", _K.TEXT),
    ),
    "customers": (
        Key("threshold", _K.NUMBER, required=True),
        Key("again_days", _K.DAYS, 90),
        Key("owner", _K.TEXT),
        Key("accounts", _K.BOOLEAN, False),
    ),
    "quota": (
        Key("period", _K.TEXT, "quarter", choices=PERIODS),
        Key("qualified", _K.POSITIVE_COUNT),
        Key("customers", _K.POSITIVE_COUNT),
        Key("carry_over", _K.BOOLEAN, True),
        Key("since", _K.DAY),
    ),
    "metrics": (
        Key("costs", _K.NUMBERS, {}),
        Key("maturity_days", _K.DAYS, 90),
        Key("dimensions", _K.TEXTS, []),
        Key("drift_significance", _K.SHARE, 0.01),
        Key("drift_baseline_periods", _K.POSITIVE_COUNT, 4),
        Key("drift_min_leads", _K.POSITIVE_COUNT, 30),
    ),
    "guards": (
        Key("max_changed_share", _K.SHARE, 0.3),
        Key("min_changed", _K.COUNT, 50),
        Key("max_overwrites", _K.COUNT, 1000),
        Key("max_handoffs", _K.COUNT, 500),
        Key("max_attempts", _K.POSITIVE_COUNT, 12),
        Key("max_owner_changes", _K.COUNT, 3),
        Key("max_undone", _K.POSITIVE_COUNT, 3),
        Key("watch_days", _K.POSITIVE_DAYS, 14),
        Key("max_day_share", _K.SHARE, 0.8),
        Key("max_run_share", _K.SHARE, 0.25),
        Key("hubspot_calls_per_day", _K.COUNT),
        Key("salesforce_calls_per_day", _K.COUNT),
    ),
    "condition": (
        Key("field", _K.TEXT, required=True),
        Key("op", _K.TEXT, required=True),
        Key("value", _K.ANYTHING),
        Key("any", _K.CONDITIONS),
        Key("all", _K.CONDITIONS),
    ),
}
