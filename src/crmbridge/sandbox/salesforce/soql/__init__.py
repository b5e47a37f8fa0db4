"""SOQL: parsed with lark, checked against the schema, compiled to SQL on the store's tables."""

from __future__ import annotations

from crmbridge.sandbox.salesforce.soql.compiler import Planner
from crmbridge.sandbox.salesforce.soql.parse import parse
from crmbridge.sandbox.salesforce.soql.plan import Plan

__all__ = ["Plan", "Planner", "parse"]
