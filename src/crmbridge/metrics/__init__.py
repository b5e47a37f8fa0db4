"""Figures over journeys: funnel, follow-up, cohorts, drift, segments, quotas. Pure: no clock, no I/O."""

from crmbridge.metrics.quota import Quota
from crmbridge.metrics.report import Document, Rows, report
from crmbridge.metrics.steps import Outline, Step, Terms

__all__ = ["Document", "Outline", "Quota", "Rows", "Step", "Terms", "report"]
