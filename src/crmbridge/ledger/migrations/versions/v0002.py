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
"""


def upgrade() -> None:
    """Create what is new."""
    run(op, _TABLES)
