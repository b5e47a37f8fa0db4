"""A local HubSpot and a local Salesforce for tests, demos and trying a process before it goes live.

with Sandbox() as sandbox:
    sandbox.ready["hubspot"]["base_url"]
"""

from crmbridge.sandbox.connector_rules import ConnectorOptions, FieldMapping
from crmbridge.sandbox.sandbox import Sandbox, SandboxOptions

__all__ = ["ConnectorOptions", "FieldMapping", "Sandbox", "SandboxOptions"]
