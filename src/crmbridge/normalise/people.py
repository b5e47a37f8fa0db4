"""Readers of what reaches a person: e-mail addresses and telephone numbers."""

from __future__ import annotations

import re
from typing import Any, Final

from crmbridge.normalise.scalars import UNKNOWN, Reading

# What nearly every address looks like; email-validator accepts each of these too (a test compares them).
# In lower case, and possessive where nothing could be given back. What has "--" is left to the library: it
# may be punycode.
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_COMMON_EMAIL: Final = re.compile(
    rf"[a-z0-9_+-]++(?:\.[a-z0-9_+-]++)*+@(?:{_LABEL}\.)+[a-z]{{2,63}}", re.ASCII
)
_LONGEST_LOCAL: Final = 64
_LONGEST_EMAIL: Final = 254
_LONGEST_MAILBOX: Final = 998  # with a display name: the longest line of a mail header
#: With fewer digits than this a number without a country is a typing error or an extension.
_FEWEST_DIGITS: Final = 7
_MOST_DIGITS: Final = 15  # E.164
_LONGEST_PHONE: Final = 60


def read_email(raw: Any) -> Reading:
    """Read an e-mail address: lower case, without a display name. Syntax only, no DNS."""
    if not isinstance(raw, str):
        return None if raw is None else UNKNOWN
    text = raw.strip()
    if not text:
        return None
    if text.isascii() and "--" not in text and len(text) <= _LONGEST_EMAIL:
        lower = text.lower()
        if lower.find("@") <= _LONGEST_LOCAL and _COMMON_EMAIL.fullmatch(lower):
            return lower
    return _validated(text)


def _validated(text: str) -> Reading:
    if "@" not in text or len(text) > _LONGEST_MAILBOX:
        return UNKNOWN
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  30 ms to import

    try:
        # Reserved names (.test, .local) are for the mail server to refuse, not for a reader.
        found = validate_email(
            text, check_deliverability=False, allow_display_name=True, globally_deliverable=False
        )
    except (EmailNotValidError, ValueError):  # ValueError: idna on odd code points
        return UNKNOWN
    name, _, top = found.domain.rpartition(".")
    usual = name and not top.isdecimal() and len(found.local_part) <= _LONGEST_LOCAL
    return found.normalized.lower() if usual else UNKNOWN


def read_phone(raw: Any, country: str | None = None) -> Reading:
    """Read a telephone number as E.164.

    Without a leading "+" the number is one of ``country`` (ISO alpha-2). It is kept as typed when no
    country is known and it has 7 to 15 digits; an extension is dropped.
    """
    if isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str):
        return None if raw is None else UNKNOWN
    text = raw.strip()
    if not text:
        return None
    if len(text) > _LONGEST_PHONE:
        return UNKNOWN
    if country is None and not text.startswith(("+", "\N{FULLWIDTH PLUS SIGN}")):
        return _as_typed(text)
    return _in_e164(text, country)


def _as_typed(text: str) -> Reading:
    digits = sum(char.isdecimal() for char in text)
    if not _FEWEST_DIGITS <= digits <= _MOST_DIGITS or any(char.isalpha() for char in text):
        return UNKNOWN
    return " ".join(text.split())


def _in_e164(text: str, country: str | None) -> Reading:
    import phonenumbers  # noqa: PLC0415  15 ms to import

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return UNKNOWN
    # Possible, not valid: number plans change faster than the library's tables, and invented numbers
    # in tests and trials are never valid. A number that lacks its area code is not possible.
    possible = (
        phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    )
    e164: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164 if possible and len(e164) > _FEWEST_DIGITS else UNKNOWN
