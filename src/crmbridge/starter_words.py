"""What companies call stages, statuses and reasons: words by which a starter guesses, never decides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final

from crmbridge.normalise.companies import fold

Words = Mapping[str, tuple[str, ...]]

#: Stage of the default process -> phrases; the longest phrase found in a text wins.
STAGE_WORDS: Final[Words] = {
    "lead": ("subscriber", "lead", "new", "prospect", "inquiry", "enquiry", "raw", "known", "suspect"),
    "mql": ("mql", "marketing qualified", "marketing qualified lead", "marketing ready"),
    "sal": ("sal", "sales accepted", "sales accepted lead", "accepted", "sales ready"),
    "sales_qualified": ("sql", "sales qualified", "sales qualified lead", "qualified by sales"),
    "opportunity": ("opportunity", "sqo", "pipeline", "open deal"),
    "customer": ("customer", "client", "won", "closed won", "evangelist"),
    "recycled": ("recycled", "recycle", "nurture", "nurturing", "returned", "back to marketing"),
    "disqualified": (
        "disqualified",
        "unqualified",
        "not qualified",
        "junk",
        "dead",
        "closed lost",
        "rejected",
    ),
}

#: Lead status -> phrases.
STATUS_WORDS: Final[Words] = {
    "new": ("new", "open", "not contacted", "untouched", "unworked", "open not contacted"),
    "attempting": ("attempting", "attempted", "attempted to contact", "trying to contact", "no answer"),
    "working": ("working", "contacted", "connected", "in progress", "engaged", "working contacted"),
    "accepted": ("accepted", "sales accepted", "sal"),
    "sales_qualified": ("qualified", "sales qualified", "sql", "open deal", "opportunity"),
    "rejected": ("rejected", "sales rejected", "declined", "returned to marketing"),
    "recycled": ("recycled", "recycle", "nurture", "nurturing", "bad timing", "later"),
    "disqualified": ("disqualified", "unqualified", "not qualified", "not converted", "junk", "dead", "spam"),
    "converted": ("converted", "closed converted"),
}

#: Recycle reason -> phrases.
REASON_WORDS: Final[Words] = {
    "timing": ("timing", "bad timing", "not now", "too early", "not ready", "later"),
    "unreachable": ("unreachable", "no response", "unresponsive", "no contact", "went dark", "never reached"),
    "no_budget": ("budget", "no budget", "price", "too expensive"),
    "no_need": ("no need", "no interest", "not interested"),
    "chose_competitor": ("competitor", "competition", "chose competitor", "lost to competitor"),
    "opportunity_lost": ("opportunity lost", "closed lost", "deal lost"),
    "wrong_territory": ("wrong territory", "territory", "wrong region", "wrong owner"),
    "wrong_person": ("wrong person", "no authority", "not decision maker", "student"),
    "bad_data": ("bad data", "wrong data", "invalid data", "wrong number", "incomplete", "bad contact info"),
    "not_a_fit": ("not a fit", "no fit", "bad fit", "wrong size", "wrong industry", "does not meet criteria"),
    "duplicate": ("duplicate",),
    "junk": ("junk", "spam", "fake", "test"),
}

_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: A misspelt phrase counts from here on.
_NEAR: Final = 0.88


def words_of(text: str) -> str:
    """Split a label or field name into folded words: "MQL_Status__c" is "mql status c"."""
    return fold(_CAPITAL.sub(" ", text))


def meaning(text: str, words: Words) -> str | None:
    """Guess what a text means; None when nothing fits, or two meanings fit equally well."""
    found = words_of(text)
    if not found:
        return None
    hits = [(_fit(found, phrase), name) for name, phrases in words.items() for phrase in phrases]
    best = max(score for score, _ in hits)
    names = {name for score, name in hits if score == best}
    return names.pop() if best > 0 and len(names) == 1 else None


def _fit(text: str, phrase: str) -> float:
    """Score a phrase by its words if the text holds it, or nearly is it; 0 otherwise."""
    length = phrase.count(" ") + 1
    if f" {phrase} " in f" {text} ":
        return length + (0.5 if text == phrase else 0.0)
    return length / 2 if SequenceMatcher(None, text, phrase).ratio() >= _NEAR else 0.0


def slug(text: str) -> str:
    """Make a reason code of a text: "Went dark (60 days)" is "went_dark_60_days"; "" when nothing is left."""
    code = "_".join(part for part in words_of(text).split() if part.isascii())
    return code if code and code[0].isalpha() else f"r_{code}" if code else ""
