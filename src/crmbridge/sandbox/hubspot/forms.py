"""Forms and what was submitted through them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from crmbridge.sandbox.world import World

Json = dict[str, Any]
_STYLE = {
    "fontFamily": "arial, helvetica, sans-serif",
    "backgroundWidth": "100%",
    "labelTextColor": "#33475b",
    "labelTextSize": "11px",
    "helpTextColor": "#7C98B6",
    "helpTextSize": "11px",
    "legalConsentTextColor": "#33475b",
    "legalConsentTextSize": "14px",
    "submitColor": "#ff7a59",
    "submitAlignment": "left",
    "submitFontColor": "#ffffff",
    "submitSize": "12px",
}
#: What a form has that was made with a name only (recorded answer, checked 2026-11-21).
_DEFAULTS: Json = {
    "fieldGroups": [],
    "configuration": {
        "language": "en",
        "cloneable": True,
        "postSubmitAction": {"type": "thank_you", "value": "Thanks for submitting the form."},
        "editable": True,
        "archivable": True,
        "recaptchaEnabled": False,
        "notifyContactOwner": False,
        "notifyRecipients": [],
        "createNewContactForNewEmail": False,
        "prePopulateKnownValues": True,
        "allowLinkToResetKnownValues": False,
    },
    "displayOptions": {
        "renderRawHtml": False,
        "theme": "default_style",
        "submitButtonText": "Submit",
        "style": _STYLE,
        "cssClass": None,
    },
    "legalConsentOptions": {"type": "none"},
    "formType": "hubspot",
}
PARTS = ("name", *_DEFAULTS)


class Forms:
    """The forms of the portal and their submissions."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.db.execute(
            "CREATE TABLE IF NOT EXISTS hs_form (id TEXT PRIMARY KEY, archived INTEGER NOT NULL,"
            " item TEXT NOT NULL)"
        )
        world.db.execute(
            "CREATE TABLE IF NOT EXISTS hs_submission (seq INTEGER PRIMARY KEY, form TEXT NOT NULL,"
            " at INTEGER NOT NULL, contact INTEGER, item TEXT NOT NULL)"
        )

    def create(self, given: Mapping[str, Any]) -> Json:
        """Make a form; ``given`` was checked and holds some of `PARTS`."""
        now = self._world.clock.iso()
        form_id = str(uuid.UUID(int=self._world.random.getrandbits(128), version=4))
        stamps = {"id": form_id, "createdAt": now, "updatedAt": now, "archived": False}
        item = {**stamps, **_merged(_DEFAULTS, given)}
        self.put(item)
        return item

    def change(self, item: Json, given: Mapping[str, Any]) -> Json:
        """Change parts of a form; what is not given stays."""
        changed = {**_merged(item, given), "updatedAt": self._world.clock.iso()}
        self.put(changed)
        return changed

    def put(self, item: Json) -> None:
        """Store a form as it is now."""
        row = (item["id"], item["archived"], json.dumps(item))
        self._world.db.execute("INSERT OR REPLACE INTO hs_form VALUES (?, ?, ?)", row)

    def get(self, form_id: str) -> Json | None:
        """Give a form, archived or not."""
        row = self._world.db.execute("SELECT item FROM hs_form WHERE id = ?", (form_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, *, archived: bool) -> list[Json]:
        """Give the forms of one partition in the order in which they were made."""
        rows = self._world.db.execute(
            "SELECT item FROM hs_form WHERE archived = ? ORDER BY rowid", (archived,)
        )
        return [json.loads(row[0]) for row in rows]

    def add_submission(self, form_id: str, at_ms: int, item: Json) -> int:
        """Keep a submission and give its number; whose it is follows with `belongs_to`."""
        number = self._world.next_number("hs_submission")
        self._world.db.execute(
            "INSERT INTO hs_submission VALUES (?, ?, ?, NULL, ?)", (number, form_id, at_ms, json.dumps(item))
        )
        return number

    def belongs_to(self, number: int, contact_id: int) -> tuple[int, int]:
        """Note whose submission it is; gives the contact's number of submissions and of different forms."""
        db = self._world.db
        db.execute("UPDATE hs_submission SET contact = ? WHERE seq = ?", (contact_id, number))
        counted = "SELECT COUNT(*), COUNT(DISTINCT form) FROM hs_submission WHERE contact = ?"
        found = db.execute(counted, (contact_id,)).fetchone()
        return int(found[0]), int(found[1])

    def submissions(self, form_id: str, offset: int, limit: int) -> list[Json]:
        """Give submissions, newest first."""
        rows = self._world.db.execute(
            "SELECT item FROM hs_submission WHERE form = ? ORDER BY at DESC, seq DESC LIMIT ? OFFSET ?",
            (form_id, limit, offset),
        )
        return [json.loads(row[0]) for row in rows]

    def forget(self, contact_id: int) -> None:
        """Forget what a person submitted."""
        self._world.db.execute("DELETE FROM hs_submission WHERE contact = ?", (contact_id,))

    def reset(self) -> None:
        """Forget all forms and submissions."""
        self._world.db.execute("DELETE FROM hs_form")
        self._world.db.execute("DELETE FROM hs_submission")


def _merged(base: Mapping[str, Any], given: Mapping[str, Any]) -> Json:
    merged = dict(base)
    for name, value in given.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
