"""The emulated Salesforce org: REST API v31 to v68 as a client sees it."""

from __future__ import annotations

from crmbridge.sandbox.salesforce.app import SalesforceApp

__all__ = ["SalesforceApp"]
