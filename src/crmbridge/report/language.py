"""How the page says it: words of four languages, numbers and dates as their readers write them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_compact_currency, format_currency, format_decimal, format_percent
from babel.units import format_unit

#: Languages of the page, the order of the words in the tables.
LANGUAGES: Final = ("en", "es", "fr", "pt")
#: Sign of what is not known.
NONE: Final = "–"
_SIZES: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
#: Amounts from here on are shortened where there is little room.
_LARGE: Final = 1_000_000
Table = Mapping[str, Mapping[str, list[str]]]


@cache
def words() -> Table:
    """Give section -> key -> the text in every language."""
    return tomllib.loads(_read("page.toml"))


@cache
def definitions() -> Mapping[str, list[str]]:
    """Give figure -> its definition in every language but English."""
    return tomllib.loads(_read("definitions.toml"))


def _read(name: str) -> str:
    return resources.files("crmbridge.report").joinpath("words", name).read_text("utf-8")


@dataclass(frozen=True)
class Language:
    """One of ``LANGUAGES``."""

    code: str

    @property
    def _place(self) -> int:
        return LANGUAGES.index(self.code)

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.code)

    # words --------------------------------------------------------------------------------------------
    def say(self, section: str, key: str, **filled: object) -> str:
        """Give a text of the table, filled in; what is filled in is text and never a pattern."""
        text = words()[section][key][self._place]
        return re.sub(r"\{(\w+)\}", lambda found: str(filled[found[1]]), text)

    def word(self, key: str) -> str:
        """Name a figure, a column or a dimension; a company's own word stays as it is."""
        known = words()["word"].get(key)
        return key if known is None else known[self._place]

    def definition(self, key: str, document: Mapping[str, Any]) -> str:
        """Say what a figure means, under the terms of this report."""
        if self.code == "en":
            return str(document["definitions"][key])
        text = definitions()[key][self._place - 1]
        drift = document["drift"] or {}
        filled = {
            "as_of": self.moment(document["as_of"]),
            "period": self.word(document["period"]),
            "close_from": document["close_from"] or self.say("page", "beginning"),
            "baseline_periods": drift.get("baseline_periods", NONE),
            "alpha": self.number(drift.get("alpha")),
            "least": drift.get("least_n", NONE),
        }
        return re.sub(r"\{(\w+)\}", lambda found: str(filled[found[1]]), text)

    # numbers ------------------------------------------------------------------------------------------
    def number(self, value: float | None) -> str:
        """Write a number; at most two places after the point."""
        if value is None:
            return NONE
        return str(format_decimal(round(value, 2), locale=self._locale))

    def share(self, value: float | None) -> str:
        """Write a share as per cent with one place after the point."""
        if value is None:
            return NONE
        pattern = re.sub(r"0(?=[^0]*$)", "0.#", str(self._locale.percent_formats[None].pattern), count=1)
        return str(format_percent(value, pattern, locale=self._locale))

    def seconds(self, value: float | None) -> str:
        """Write a duration as people say it: 45 s, 12 min, 3.5 h, 2.1 days."""
        if value is None:
            return NONE
        unit, size = next((each for each in _SIZES if abs(value) >= each[1]), _SIZES[-1])
        rounded = round(value / size, 1)
        return str(format_unit(rounded, f"duration-{unit}", length="short", locale=self._locale))

    def money(self, each: Mapping[str, float], *, short: bool = False) -> str:
        """Write what was earned in each currency; never a sum of two."""
        parts = [self._amount(amount, currency, short=short) for currency, amount in each.items()]
        return " + ".join(parts) or NONE

    def _amount(self, amount: float, currency: str, *, short: bool) -> str:
        if not re.fullmatch(r"[A-Z]{3}", currency):
            return " ".join(filter(None, (self.number(amount), currency)))
        if short and amount >= _LARGE:
            return str(format_compact_currency(amount, currency, locale=self._locale, fraction_digits=1))
        pattern = re.sub(r"\.0+", "", str(self._locale.currency_formats["standard"].pattern))
        return str(format_currency(amount, currency, pattern, locale=self._locale, currency_digits=False))

    # time ---------------------------------------------------------------------------------------------
    def moment(self, value: datetime | str | None) -> str:
        """Write a moment, with its day and minute."""
        if value is None:
            return NONE
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        time = format_time(found, "short", locale=self._locale)
        return f"{self.day(found)}, {time}"

    def day(self, value: date | str | None) -> str:
        """Write a calendar day."""
        if value is None:
            return NONE
        found = date.fromisoformat(value) if isinstance(value, str) else value
        return str(format_date(found, "medium", locale=self._locale))

    def period(self, name: str | None) -> str:
        """Write the name of a period: 2026-11, 2026-Q4, 2026-W47 or 2026."""
        if name is None:
            return self.say("page", "unknown")
        month = re.fullmatch(r"(\d{4})-(\d\d)", name)
        if month:
            first = date(int(month[1]), int(month[2]), 1)
            return str(format_date(first, "MMM yy", locale=self._locale))
        quarter = re.fullmatch(r"(\d{4})-Q(\d)", name)
        if quarter:
            first = date(int(quarter[1]), int(quarter[2]) * 3 - 2, 1)
            return str(format_date(first, "QQQ yyyy", locale=self._locale))
        return name
