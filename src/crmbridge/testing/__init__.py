"""For tests of your own process and for authors of a third adapter.

`FakeCrm` is a CRM in memory that fails on demand; `CrmContract` is the suite that every adapter passes. The
local HubSpot and Salesforce are in `crmbridge.sandbox`; pytest fixtures of them, for tests of a process file,
in `crmbridge.testing.fixtures`.
"""

from crmbridge.testing.contract import ContractAccount, CrmContract
from crmbridge.testing.fake import FakeCrm, Fate, Killed

__all__ = ["ContractAccount", "CrmContract", "FakeCrm", "Fate", "Killed"]
