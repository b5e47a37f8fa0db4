"""The second version: what safe writes, the lead process and history keep. Written out, as the first is."""

from __future__ import annotations

from alembic import op

from crmbridge.ledger.migrations.statements import run

revision = "0002"
down_revision = "0001"

_TABLES = """
CREATE TABLE crmbridge_event (
    lead_id {key} NOT NULL,
    kind {key} NOT NULL,
    at BIGINT NOT NULL,
    value {key} NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (lead_id, kind, at, value)
){clustered};

CREATE INDEX crmbridge_event_at ON crmbridge_event (at);

ALTER TABLE crmbridge_audit ADD COLUMN created SMALLINT;

CREATE TABLE crmbridge_failure (
    crm {key} NOT NULL,
    object {key} NOT NULL,
    record {key} NOT NULL,
    lead_id {key} NOT NULL,
    created SMALLINT NOT NULL,
    fields TEXT NOT NULL,
    error TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    version TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    PRIMARY KEY (crm, object, record)
);

CREATE INDEX crmbridge_failure_lead ON crmbridge_failure (lead_id);

CREATE TABLE crmbridge_dispute (
    lead_id {key} NOT NULL,
    kind {key} NOT NULL,
    field {key} NOT NULL,
    records {key} NOT NULL,
    first_seen_at BIGINT NOT NULL,
    run BIGINT NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (lead_id, kind, field, records)
);

CREATE INDEX crmbridge_dispute_run ON crmbridge_dispute (run);

CREATE TABLE crmbridge_ruling (
    place {key} NOT NULL,
    field {key} NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (place, field)
);

CREATE TABLE crmbridge_quarantine (
    lead_id {key} NOT NULL,
    since_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (lead_id)
){clustered};

CREATE TABLE crmbridge_owner_change (
    ref {key} NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (ref, at)
){clustered};

CREATE INDEX crmbridge_owner_change_at ON crmbridge_owner_change (at);

CREATE TABLE crmbridge_undone (
    ref {key} NOT NULL,
    field {key} NOT NULL,
    theirs {blob} NOT NULL,
    times INTEGER NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (ref, field)
);

CREATE TABLE crmbridge_usage (
    crm {key} NOT NULL,
    day {key} NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (crm, day)
){clustered};

ALTER TABLE crmbridge_planned ADD COLUMN entries {blob};
ALTER TABLE crmbridge_planned ADD COLUMN standing {blob};

CREATE TABLE crmbridge_standing (
    lead_id {key} NOT NULL,
    list {key} NOT NULL,
    owner {key} NOT NULL,
    rank BIGINT NOT NULL,
    due_at BIGINT,
    body {blob} NOT NULL,
    PRIMARY KEY (lead_id)
);

CREATE INDEX crmbridge_standing_list ON crmbridge_standing (list, rank, lead_id);

CREATE INDEX crmbridge_standing_owner ON crmbridge_standing (owner, list, rank, lead_id);

CREATE INDEX crmbridge_standing_due ON crmbridge_standing (due_at, lead_id) WHERE due_at IS NOT NULL;

ALTER TABLE crmbridge_planned ADD COLUMN outgoing {blob};

CREATE TABLE crmbridge_attachment (
    marker {key} NOT NULL,
    lead_id {key} NOT NULL,
    state {key} NOT NULL,
    error TEXT,
    body {blob} NOT NULL,
    PRIMARY KEY (marker)
);

CREATE INDEX crmbridge_attachment_waiting ON crmbridge_attachment (marker) WHERE state = 'waiting';

CREATE TABLE crmbridge_delivery (
    key {key} NOT NULL,
    lead_id {key} NOT NULL,
    at BIGINT NOT NULL,
    state {key} NOT NULL,
    error TEXT,
    body {blob} NOT NULL,
    PRIMARY KEY (key)
);

CREATE INDEX crmbridge_delivery_state ON crmbridge_delivery (state, at);

CREATE TABLE crmbridge_past (
    ref {key} NOT NULL,
    version TEXT NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (ref)
);

CREATE TABLE crmbridge_checkpoint (
    job {key} NOT NULL,
    part {key} NOT NULL,
    at BIGINT NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (job, part)
){clustered};

ALTER TABLE crmbridge_planned ADD COLUMN seen {blob};

CREATE TABLE crmbridge_instant (
    run BIGINT NOT NULL,
    at BIGINT NOT NULL,
    process {key} NOT NULL,
    live SMALLINT NOT NULL,
    owners {blob},
    PRIMARY KEY (run)
);

CREATE TABLE crmbridge_seen (
    lead_id {key} NOT NULL,
    run BIGINT NOT NULL,
    seal {blob} NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (lead_id, run)
){clustered};
"""


def upgrade() -> None:
    """Create what is new."""
    run(op, _TABLES)
