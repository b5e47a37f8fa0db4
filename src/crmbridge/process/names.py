"""How names of the file are spelled elsewhere: rules in reasons, owners in the owner list."""

from __future__ import annotations

import re
from typing import Final

#: Owners without an e-mail address keep the case of their keys.
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def slug(name: str) -> str:
    """Shorten a rule's name to what reasons call it: "Decision maker" -> "decision_maker"."""
    return re.sub(r"[^\w.]+", "_", name.casefold()).strip("_") or "unnamed"


def owner_key(text: str | None) -> str | None:
    """Spell an owner as the owner list does: e-mail addresses in lower case."""
    if text is None:
        return None
    stripped = text.strip()
    return stripped.lower() if _EMAIL.fullmatch(stripped) else stripped
