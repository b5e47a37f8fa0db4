"""Readers of countries and regions from text in many languages."""

from __future__ import annotations

import gettext
import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from crmbridge.normalise.aliases import COUNTRY_ALIASES, REGION_ALIASES
from crmbridge.normalise.companies import fold
from crmbridge.normalise.scalars import UNKNOWN, Reading

#: Kosovo's code is user-assigned, and used by everybody.
_EXTRA_CODES: Final = {"XK": "XKX"}
_LONGEST_PLACE: Final = 200
_IS_REGIONAL: Final = re.compile(r"_([A-Z]{2}|\d{3})$")


def read_country(raw: Any) -> Reading:
    """Read a country as ISO 3166-1 alpha-2, from a code or a name in any language CLDR or ISO has.

    A name that means several countries ("Kongo") is unknown. "NO" is Norway.
    """
    if not isinstance(raw, str):
        return None if raw is None else UNKNOWN
    text = raw.strip()
    if not text:
        return None
    if len(text) > _LONGEST_PLACE:
        return UNKNOWN
    key = _country_key(text)
    # English, codes and aliases first: nearly all texts, at a twentieth of the cost of every language.
    return _common_countries().get(key) or _all_countries().get(key) or UNKNOWN


def _country_key(text: str) -> str:
    key = fold(text).removeprefix("the ").replace(" and ", " ").removesuffix(" the")
    return key.replace(" ", "") or text


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """Give every ISO 3166-1 alpha-2 code, and Kosovo's."""
    import pycountry  # noqa: PLC0415  35 ms to import

    return frozenset({country.alpha_2 for country in pycountry.countries} | _EXTRA_CODES.keys())


@lru_cache(maxsize=1)
def _common_countries() -> dict[str, str]:
    import pycountry  # noqa: PLC0415  35 ms to import
    from babel import Locale  # noqa: PLC0415  only where a country is read

    names = {_country_key(name): code for name, code in _iso_names(str)}
    names |= {
        _country_key(name): code for code, name in Locale("en").territories.items() if code in country_codes()
    }
    names |= {_country_key(alias): code for alias, code in COUNTRY_ALIASES.items()}
    names |= {code.casefold(): alpha_2 for alpha_2, code in _EXTRA_CODES.items()}
    names |= {country.alpha_3.casefold(): country.alpha_2 for country in pycountry.countries}
    return names | {code.casefold(): code for code in country_codes()}


@lru_cache(maxsize=1)
def _all_countries() -> dict[str, str]:
    """Index the names of every language; takes about a second, once, and only for a text that needs it."""
    found: dict[str, set[str]] = {}
    for name, code in _every_name():
        found.setdefault(_country_key(name), set()).add(code)
    return {name: min(codes) for name, codes in found.items() if len(codes) == 1}


def _every_name() -> Iterator[tuple[str, str]]:
    for territories in _every_languages_territories():
        yield from ((name, code) for code, name in territories.items() if code in country_codes())
    for words in _every_translation():
        yield from _iso_names(words.gettext)


def _every_languages_territories() -> Iterator[dict[str, str]]:
    """Give CLDR's territory names, language by language.

    Babel keeps every language that it loads, for ever: 180 MB. So its files are read one at a time, as Babel
    reads them. Variants by country ("de_AT") are left out: they differ in formats, not in names.
    """
    from babel import localedata  # noqa: PLC0415  only where a country is read

    for identifier in localedata.locale_identifiers():
        if not _IS_REGIONAL.search(identifier):
            with Path(localedata.resolve_locale_filename(identifier)).open("rb") as file:
                data = pickle.load(file)  # noqa: S301  Babel's own data, from its package
            yield data.get("territories", {})


def _every_translation() -> Iterator[gettext.NullTranslations]:
    import pycountry  # noqa: PLC0415  35 ms to import

    # Not gettext.translation(): it keeps every catalogue that it opens.
    for path in sorted(Path(pycountry.LOCALES_DIR).glob("*/LC_MESSAGES/iso3166-1.mo")):
        with path.open("rb") as file:
            yield gettext.GNUTranslations(file)


def _iso_names(translate: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Give ISO's names of every country, official and common ones too, as one language says them."""
    import pycountry  # noqa: PLC0415  35 ms to import

    for country in pycountry.countries:
        for attribute in ("name", "official_name", "common_name"):
            if name := getattr(country, attribute, None):
                yield from ((spelling, country.alpha_2) for spelling in _spellings(translate(name)))


def _spellings(name: str) -> Iterator[str]:
    yield name
    head, comma, tail = name.partition(", ")
    if comma:
        yield f"{tail} {head}"  # "Korea, Republic of"


def country_name(code: str) -> str:
    """Give a country's English name; the code itself when there is none."""
    from babel import Locale  # noqa: PLC0415  only where a country is written as a name

    return str(Locale("en").territories.get(code, code))


def region_name(code: str) -> str:
    """Give a region's name without its type; the code itself when there is none."""
    import pycountry  # noqa: PLC0415  35 ms to import

    region = pycountry.subdivisions.get(code=code)  # type: ignore[no-untyped-call]  # pycountry's own gap
    return str(region.name) if region else code


def read_region(raw: Any, country: str | None = None) -> Reading:
    """Read a state or province as ISO 3166-2 ("US-CA"), from a code or a name inside ``country``.

    Args:
        raw: "CA", "California", "US-CA".
        country: ISO alpha-2. Without it only a full code is known: "CA" alone is a state and a country.
    """
    if not isinstance(raw, str):
        return None if raw is None else UNKNOWN
    text = raw.strip()
    if not text:
        return None
    if len(text) > _LONGEST_PLACE:
        return UNKNOWN
    if country is None:
        country = text.partition("-")[0].upper()
        return _regions(country).get(text.casefold(), UNKNOWN) if "-" in text else UNKNOWN
    regions = _regions(country)
    return regions.get(text.casefold()) or regions.get(fold(text)) or UNKNOWN


def _subdivisions(country: str) -> Iterable[Any]:
    import pycountry  # noqa: PLC0415  35 ms to import

    found = pycountry.subdivisions.get(country_code=country)  # type: ignore[no-untyped-call]  # pycountry's own gap
    return found or ()


@lru_cache(maxsize=300)
def _regions(country: str) -> dict[str, str]:
    """Index one country's subdivisions by code and by name; a name that several share is left out."""
    names: dict[str, set[str]] = {}
    codes: dict[str, str] = {}
    for region in _subdivisions(country):
        codes[region.code.casefold()] = region.code
        codes[region.code.partition("-")[2].casefold()] = region.code
        for name in _region_names(region.name):
            names.setdefault(fold(name), set()).add(region.code)
    known = {name: min(found) for name, found in names.items() if len(found) == 1}
    aliases = {fold(name): code for name, code in REGION_ALIASES.items() if code.startswith(f"{country}-")}
    return known | aliases | codes


def _region_names(name: str) -> Iterator[str]:
    yield name
    if "[" in name or "(" in name:  # "Bruxelles-Capitale, Région de [nl: …]"
        yield name.partition("[")[0].partition("(")[0]
    head, comma, tail = name.partition(", ")
    if comma:
        yield head
        yield f"{tail} {head}"
    yield from name.split(" / ") if " / " in name else ()
