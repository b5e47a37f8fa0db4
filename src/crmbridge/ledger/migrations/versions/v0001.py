"""The first version. Written out, not taken from tables.py: a migration must not change when that does."""

from __future__ import annotations

from alembic import op

from crmbridge.ledger.migrations.statements import run

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE crmbridge_lease (
    name {key} NOT NULL,
    fence BIGINT NOT NULL,
    holder {key},
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE crmbridge_run (
    number BIGINT NOT NULL,
    id {key} NOT NULL,
    kind {key} NOT NULL,
    state {key} NOT NULL,
    started_at BIGINT NOT NULL,
    header {blob} NOT NULL,
    summary {blob},
    PRIMARY KEY (number)
);

CREATE INDEX crmbridge_run_id ON crmbridge_run (id);

CREATE TABLE crmbridge_setting (
    name {key} NOT NULL,
    value {blob} NOT NULL,
    PRIMARY KEY (name)
){clustered};

CREATE TABLE crmbridge_watermark (
    crm {key} NOT NULL,
    object {key} NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (crm, object)
){clustered};

CREATE TABLE crmbridge_record (
    ref {key} NOT NULL,
    crm {key} NOT NULL,
    object {key} NOT NULL,
    version TEXT NOT NULL,
    modified_at BIGINT,
    deleted SMALLINT NOT NULL,
    rebind SMALLINT NOT NULL,
    lead_id {key},
    owner_id {key},
    account {key},
    keys TEXT NOT NULL,
    body {blob} NOT NULL,
    base {blob},
    changed_at {blob},
    PRIMARY KEY (ref)
);

CREATE INDEX crmbridge_record_account ON crmbridge_record (account) WHERE account IS NOT NULL;

CREATE INDEX crmbridge_record_deleted ON crmbridge_record (ref) WHERE deleted = 1;

CREATE INDEX crmbridge_record_lead ON crmbridge_record (lead_id) WHERE lead_id IS NOT NULL;

CREATE INDEX crmbridge_record_rebind ON crmbridge_record (ref) WHERE rebind = 1;

CREATE TABLE crmbridge_identity_key (
    "key" {key} NOT NULL,
    ref {key} NOT NULL,
    PRIMARY KEY ("key", ref)
){clustered};

CREATE TABLE crmbridge_activity (
    person {key} NOT NULL,
    ref {key} NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (person, ref)
){clustered};

CREATE INDEX crmbridge_activity_ref ON crmbridge_activity (ref);

CREATE TABLE crmbridge_account (
    "key" {key} NOT NULL,
    owner_id {key},
    body {blob} NOT NULL,
    PRIMARY KEY ("key")
);

CREATE TABLE crmbridge_opportunity (
    ref {key} NOT NULL,
    owner_id {key},
    body {blob} NOT NULL,
    PRIMARY KEY (ref)
);

CREATE TABLE crmbridge_opportunity_person (
    person {key} NOT NULL,
    ref {key} NOT NULL,
    PRIMARY KEY (person, ref)
){clustered};

CREATE INDEX crmbridge_opportunity_person_ref ON crmbridge_opportunity_person (ref);

CREATE TABLE crmbridge_owner (
    crm {key} NOT NULL,
    object {key} NOT NULL,
    id {key} NOT NULL,
    "key" {key} NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (crm, object, id)
);

CREATE TABLE crmbridge_lead (
    id {key} NOT NULL,
    marked SMALLINT NOT NULL,
    due_at BIGINT,
    memory {blob},
    "conflict" {blob},
    PRIMARY KEY (id)
){clustered};

CREATE INDEX crmbridge_lead_due ON crmbridge_lead (id, due_at) WHERE due_at IS NOT NULL;

CREATE INDEX crmbridge_lead_marked ON crmbridge_lead (id) WHERE marked > 0;

CREATE TABLE crmbridge_alias (
    old_id {key} NOT NULL,
    lead_id {key} NOT NULL,
    PRIMARY KEY (old_id)
){clustered};

CREATE INDEX crmbridge_alias_lead ON crmbridge_alias (lead_id);

CREATE TABLE crmbridge_planned (
    run BIGINT NOT NULL,
    lead_id {key} NOT NULL,
    skipped TEXT,
    adopted SMALLINT NOT NULL,
    handed_off SMALLINT NOT NULL,
    qualified_at BIGINT NOT NULL,
    due_at BIGINT,
    changes INTEGER NOT NULL,
    conflicts INTEGER NOT NULL,
    owner {key},
    assigned_at BIGINT,
    decision {blob},
    memory {blob},
    agreed {blob},
    PRIMARY KEY (run, lead_id)
);

CREATE INDEX crmbridge_planned_handed_off ON crmbridge_planned (run, qualified_at, lead_id)
    WHERE handed_off = 1;

CREATE TABLE crmbridge_change (
    run BIGINT NOT NULL,
    rank SMALLINT NOT NULL,
    crm {key} NOT NULL,
    object {key} NOT NULL,
    "update" SMALLINT NOT NULL,
    plain SMALLINT NOT NULL,
    record {key} NOT NULL,
    field {key} NOT NULL,
    lead_id {key} NOT NULL,
    overwrites SMALLINT NOT NULL,
    done SMALLINT NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (run, rank, crm, object, "update", plain, record, field)
){clustered};

CREATE INDEX crmbridge_change_lead ON crmbridge_change (lead_id);

CREATE TABLE crmbridge_conflict (
    run BIGINT NOT NULL,
    lead_id {key} NOT NULL,
    place INTEGER NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (run, lead_id, place)
){clustered};

CREATE TABLE crmbridge_pointer (
    pool {key} NOT NULL,
    credits {blob} NOT NULL,
    PRIMARY KEY (pool)
){clustered};

CREATE TABLE crmbridge_assignment (
    lead_id {key} NOT NULL,
    at BIGINT NOT NULL,
    owner {key} NOT NULL,
    PRIMARY KEY (lead_id, at)
){clustered};

CREATE INDEX crmbridge_assignment_at ON crmbridge_assignment (at);

CREATE TABLE crmbridge_intent (
    crm {key} NOT NULL,
    object {key} NOT NULL,
    record {key} NOT NULL,
    run BIGINT NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (crm, object, record)
);

CREATE TABLE crmbridge_audit (
    number {serial} NOT NULL,
    at BIGINT NOT NULL,
    run BIGINT NOT NULL,
    lead_id {key} NOT NULL,
    crm {key} NOT NULL,
    object {key} NOT NULL,
    record {key},
    field {key} NOT NULL,
    old {blob} NOT NULL,
    new {blob} NOT NULL,
    reason TEXT NOT NULL,
    state {key} NOT NULL,
    error TEXT,
    PRIMARY KEY (number)
);

CREATE INDEX crmbridge_audit_lead ON crmbridge_audit (lead_id);

CREATE INDEX crmbridge_audit_run ON crmbridge_audit (run);

CREATE TABLE crmbridge_limiter (
    bucket {key} NOT NULL,
    starts {blob} NOT NULL,
    pause_until BIGINT NOT NULL,
    PRIMARY KEY (bucket)
)
"""


def upgrade() -> None:
    """Create every table."""
    run(op, _TABLES)
