"""Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum of the capitals.

Checked 2026-11-21 against ids of real orgs: for each chunk of five characters, bit k of the checksum
index is set when character k is a capital letter; the index is written as one of A-Z, 0-5.
"""

from __future__ import annotations

import re

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?")


def checksum(short: str) -> str:
    """Give the three characters that make an 18-character id of a 15-character one."""
    chunks = (short[0:5], short[5:10], short[10:15])
    return "".join(_CHECK[sum(1 << k for k, c in enumerate(chunk) if "A" <= c <= "Z")] for chunk in chunks)


def to_long(text: str) -> str | None:
    """Give the 18-character form of an id.

    None when the text has not the shape of an id or its checksum is wrong. An 18-character id whose
    letters lost their case is repaired from its checksum, as the service does.
    """
    if not _SHAPE.fullmatch(text):
        return None
    short = text[:15]
    if len(text) == 15:
        return short + checksum(short)
    if checksum(short) == text[15:]:
        return text
    return _repaired(short, text[15:].upper())


def _repaired(short: str, check: str) -> str | None:
    letters = []
    for place, char in enumerate(short):
        capital = _CHECK.index(check[place // 5]) >> (place % 5) & 1
        letters.append(char.upper() if capital else char.lower())
    repaired = "".join(letters)
    return repaired + check if checksum(repaired) == check else None


def make(prefix: str, pod: str, number: int) -> str:
    """Give the id of the record with this number.

    Args:
        prefix: Three characters that name the object ("00Q" is Lead).
        pod: Three characters that the org's ids have in common.
        number: Counts from 1 for each object.
    """
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    short = f"{prefix}{pod}{digits:0>9}"
    return short + checksum(short)
