"""The policy: a company's lead process, and what it says about a lead. Pure; knows no CRM and no clock."""

from crmbridge.process.decide import decide
from crmbridge.process.definition import Process
from crmbridge.process.explain import Explanation, explain
from crmbridge.process.handing import with_clocks, with_rep
from crmbridge.process.hours import Calendar
from crmbridge.process.pools import Assigned, Assignments, advance, assign
from crmbridge.process.promises import Metrics, Quota
from crmbridge.process.sla import Promise, SlaState, evaluate

__all__ = [
    "Assigned",
    "Assignments",
    "Calendar",
    "Explanation",
    "Metrics",
    "Process",
    "Promise",
    "Quota",
    "SlaState",
    "advance",
    "assign",
    "decide",
    "evaluate",
    "explain",
    "with_clocks",
    "with_rep",
]
