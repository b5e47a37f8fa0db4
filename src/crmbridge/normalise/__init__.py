"""Field normalisation: one reader per kind, for texts and native types alike.

A reader gives a canonical value, ``None`` for an empty input, or ``UNKNOWN``: the input means something
that the reader cannot tell, its raw text is kept and nothing is invented. Readers never raise. Heavy
libraries are imported on first use, so that importing crmbridge stays cheap.
"""

from __future__ import annotations

from crmbridge.normalise.companies import company_domain, company_key, is_free_mail, registrable_domain
from crmbridge.normalise.people import read_email, read_phone
from crmbridge.normalise.places import read_country, read_region
from crmbridge.normalise.readers import Kind, Readers
from crmbridge.normalise.scalars import (
    UNKNOWN,
    Reading,
    Unknown,
    read_boolean,
    read_date,
    read_datetime,
    read_integer,
    read_long_text,
    read_money,
    read_multi,
    read_number,
    read_text,
    read_url,
)

__all__ = [
    "UNKNOWN",
    "Kind",
    "Readers",
    "Reading",
    "Unknown",
    "company_domain",
    "company_key",
    "is_free_mail",
    "read_boolean",
    "read_country",
    "read_date",
    "read_datetime",
    "read_email",
    "read_integer",
    "read_long_text",
    "read_money",
    "read_multi",
    "read_number",
    "read_phone",
    "read_region",
    "read_text",
    "read_url",
    "registrable_domain",
]
