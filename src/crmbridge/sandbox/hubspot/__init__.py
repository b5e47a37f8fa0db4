"""An emulated HubSpot portal: objects, search, batches, associations, owners, schema, tokens.

Names, limits and messages follow HubSpot's documentation and recorded answers (checked 2026-11-21); what is
our guess is a switch of `crmbridge.sandbox.options.HubSpotOptions` or says so where it stands.
"""

from crmbridge.sandbox.hubspot.app import HubSpotApp

__all__ = ["HubSpotApp"]
