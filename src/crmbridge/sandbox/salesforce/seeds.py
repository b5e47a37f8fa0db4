"""What every new org has: the organisation, its users, a queue, statuses and stages."""

from __future__ import annotations

from typing import Any

from crmbridge.sandbox.salesforce.store import Row, Store

#: ApiName, default, counts as converted.
_LEAD_STATUSES = (
    ("Open - Not Contacted", 1, 0),
    ("Working - Contacted", 0, 0),
    ("Closed - Converted", 0, 1),
    ("Closed - Not Converted", 0, 0),
)
#: ApiName, default, closed.
_TASK_STATUSES = (
    ("Not Started", 1, 0),
    ("In Progress", 0, 0),
    ("Completed", 0, 1),
    ("Waiting on someone else", 0, 0),
    ("Deferred", 0, 0),
)
#: ApiName, probability, closed, won, forecast category, its name.
_STAGES = (
    ("Prospecting", 10, 0, 0, "Pipeline", "Pipeline"),
    ("Qualification", 10, 0, 0, "Pipeline", "Pipeline"),
    ("Needs Analysis", 20, 0, 0, "Pipeline", "Pipeline"),
    ("Value Proposition", 50, 0, 0, "Pipeline", "Pipeline"),
    ("Id. Decision Makers", 60, 0, 0, "Pipeline", "Pipeline"),
    ("Perception Analysis", 70, 0, 0, "Pipeline", "Pipeline"),
    ("Proposal/Price Quote", 75, 0, 0, "BestCase", "Best Case"),
    ("Negotiation/Review", 90, 0, 0, "Forecast", "Commit"),
    ("Closed Won", 100, 1, 1, "Closed", "Closed"),
    ("Closed Lost", 0, 1, 0, "Omitted", "Omitted"),
)
_ORGANIZATION = {
    "Name": "Example Org",
    "TimeZoneSidKey": "GMT",
    "DefaultLocaleSidKey": "en_US",
    "LanguageLocaleKey": "en_US",
    "OrganizationType": "Developer Edition",
    "InstanceName": "SBX1",
    "IsSandbox": 1,
    "FiscalYearStartMonth": 1,
    "ReceivesInfoEmails": 1,
    "ReceivesAdminInfoEmails": 1,
    "PreferencesLightningLoginEnabled": 1,
    "DefaultAccountAccess": "Edit",
    "DefaultContactAccess": "ControlledByParent",
    "DefaultOpportunityAccess": "Edit",
    "DefaultLeadAccess": "ReadEditTransfer",
    "DefaultCaseAccess": "ReadEditTransfer",
    "DefaultCalendarAccess": "HideDetailsInsert",
    "DefaultPricebookAccess": "ReadSelect",
    "DefaultCampaignAccess": "All",
    "UiSkin": "Theme3",
    "NumKnowledgeService": 0,
    "WebToCaseDefaultOrigin": "Web",
    "MonthlyPageViewsUsed": 0,
    "MonthlyPageViewsEntitlement": 0,
    "PrimaryContact": "Ada Admin",
    "Country": "US",
    "SignupCountryIsoCode": "US",
}
#: IsoCode, rate against the corporate currency, decimal places.
_CURRENCIES = (("USD", 1.0, 2), ("EUR", 0.9, 2), ("GBP", 0.8, 2))
INTEGRATION_USER = "integration@org.example"
_ADMIN = "admin@org.example"
_PROFILE = "00e000000000001AAA"


class Seeds:
    """Fill an empty org, and remember who its integration user is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.org_id = ""
        self.integration_user_id = ""

    def plant(self) -> None:
        """Fill the org unless it was filled before."""
        if not self._store.count(self._store.named("Organization")):
            self._plant()
        self.org_id = self._only("Organization", "1", ())
        self.integration_user_id = self._only("User", "Username = ?", (INTEGRATION_USER,))

    def _only(self, object_: str, where: str, values: tuple[str, ...]) -> str:
        return str(self._store.rows(self._store.named(object_), where, values)[0]["Id"])

    def _plant(self) -> None:
        admin = self._store.new_ids(self._store.named("User"))[0]
        self._insert("User", {"Id": admin, **_user(_ADMIN, "Ada", "Admin", "aadmin")}, admin)
        self._add("User", admin, **_user(INTEGRATION_USER, "", "Integration", "integr"))
        self._add("Organization", admin, **_ORGANIZATION)
        for order, (name, default, converted) in enumerate(_LEAD_STATUSES, 1):
            values = {"MasterLabel": name, "ApiName": name, "SortOrder": order}
            self._add("LeadStatus", admin, **values, IsDefault=default, IsConverted=converted)
        for order, (name, default, closed) in enumerate(_TASK_STATUSES, 1):
            values = {"MasterLabel": name, "ApiName": name, "SortOrder": order}
            self._add("TaskStatus", admin, **values, IsDefault=default, IsClosed=closed)
        for order, (name, probability, closed, won, forecast, shown) in enumerate(_STAGES, 1):
            values = {"MasterLabel": name, "ApiName": name, "SortOrder": order, "IsActive": 1}
            values |= {"DefaultProbability": float(probability), "IsClosed": closed, "IsWon": won}
            self._add(
                "OpportunityStage", admin, **values, ForecastCategory=forecast, ForecastCategoryName=shown
            )

        for iso, rate, places in _CURRENCIES:
            values = {"IsoCode": iso, "ConversionRate": rate, "DecimalPlaces": places, "IsActive": 1}
            self._add("CurrencyType", admin, **values, IsCorporate=int(rate == 1.0))

    def _add(self, object_: str, by: str, **values: Any) -> None:
        self._insert(object_, {"Id": self._store.new_ids(self._store.named(object_))[0], **values}, by)

    def _insert(self, object_: str, row: Row, by: str) -> None:
        item = self._store.named(object_)
        stamp = self._store.stamp()
        audit = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp)
        audit |= dict.fromkeys(("CreatedById", "LastModifiedById"), by)
        self._store.insert(item, [row | {name: value for name, value in audit.items() if item.has(name)}])


def _user(username: str, first: str, last: str, alias: str) -> dict[str, Any]:
    return {
        "Username": username,
        "Email": username,
        "FirstName": first or None,
        "LastName": last,
        "Name": f"{first} {last}".strip(),
        "Alias": alias,
        "CommunityNickname": alias,
        "IsActive": 1,
        "UserType": "Standard",
        "ProfileId": _PROFILE,
        "TimeZoneSidKey": "GMT",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    }
