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
"""


def upgrade() -> None:
    """Create what is new."""
    run(op, _TABLES)
