"""Bulk API 2.0: jobs that write or read many records, and what moves them on."""

from __future__ import annotations

from crmbridge.sandbox.salesforce.bulk.desk import Desk
from crmbridge.sandbox.salesforce.bulk.jobs import IngestJob, QueryJob

__all__ = ["Desk", "IngestJob", "QueryJob"]
