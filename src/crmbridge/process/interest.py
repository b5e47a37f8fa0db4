"""Existing customers (S93): the same scores, told to the account team as interest and not as a new lead."""

from __future__ import annotations

from typing import Final

from crmbridge.model import Effect, NoticeKind, StageRole
from crmbridge.process.case import Case
from crmbridge.process.making import assignment, reason
from crmbridge.process.moments import later
from crmbridge.process.promises import Customers
from crmbridge.process.qualification import has_new_evidence

_MARKETING: Final = frozenset({StageRole.LEAD, StageRole.RECYCLED})


def is_customer(case: Case, customers: Customers) -> bool:
    """Tell whether a lead is a customer's: by its own stage, or by its account where the file says so."""
    if case.stage.role is StageRole.CUSTOMER:
        return True
    account = case.lead.account
    is_theirs = account is not None and account.customer is True
    return customers.accounts and is_theirs and case.stage.role in _MARKETING


def note_interest(case: Case, customers: Customers) -> None:
    """Tell the account team of a customer that scores high and did something new; the stage stays."""
    if case.held is not None or case.score < customers.threshold:
        return
    told_at = case.recalled("interest_at")
    if told_at is not None and later(told_at, customers.again_days) > case.now:
        return
    since = told_at or (case.recalled("stage_at") if case.stage.role is StageRole.CUSTOMER else None)
    if since is not None and not has_new_evidence(case.lead, case.now, since):
        return
    team = case.lead.account_owner or customers.owner or case.lead.owner
    case.judged += (reason("customers.interest", Effect.QUALIFY, case.score, customers.threshold),)
    case.assignment = assignment(team, None, "customer")
    case.updates["interest_at"] = case.now
    case.tell(NoticeKind.INTEREST, case.now.isoformat(), "customers.interest", owner=team)
