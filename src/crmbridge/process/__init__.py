"""The policy: a company's lead process, and what it says about a lead. Pure; knows no CRM and no clock."""

from crmbridge.process.decide import decide
from crmbridge.process.definition import Process
from crmbridge.process.explain import Explanation, explain
from crmbridge.process.pools import Assigned, Assignments, advance, assign

__all__ = [
    "Assigned",
    "Assignments",
    "Explanation",
    "Process",
    "advance",
    "assign",
    "decide",
    "explain",
]
