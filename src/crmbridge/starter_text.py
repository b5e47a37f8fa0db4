"""The fixed text of a new company folder. Questions begin with "QUESTION", so that they can be searched."""

from __future__ import annotations

from typing import Final

PROCESS: Final = """\
# The lead process of {name}, as marketing and sales agree it.
# Every key is explained in docs/process-file.md. Lines with QUESTION need an answer from both teams.
format = 1

[process]
name = {quoted_name}
version = {quoted_version}
timezone = {quoted_timezone}             # days of capacity and leave are counted here

# Any other account is refused before the first read.
[identity]
{identity}
# QUESTION: which leads are ours? Without an answer, all of them.
# [scope]
# created_after = 2026-01-01T00:00:00Z
# when = [ {{ field = "email", op = "not_ends_with", value = "@our-own-company.example" }} ]

# QUESTION: do both teams agree with these definitions and exits?
[[stage]]
name = "lead"
role = "lead"
definition = "A known person who has not passed the definition yet"
owner_team = "marketing"
exit = "Passes the definition with all required data"
next = ["mql", "opportunity", "customer", "disqualified"]

[[stage]]
name = "mql"
role = "qualified"
definition = "Passed the agreed definition and was handed over to sales"
owner_team = "sales"
exit = "Sales accepts, rejects, recycles or disqualifies it"
next = ["sal", "sales_qualified", "opportunity", "customer", "recycled", "disqualified"]

[[stage]]
name = "sal"
role = "accepted"
definition = "Sales accepted the hand-off"
owner_team = "sales"
exit = "A real need is confirmed, or it is given back"
next = ["sales_qualified", "opportunity", "customer", "recycled", "disqualified"]

[[stage]]
name = "sales_qualified"
role = "sales_qualified"
definition = "Sales confirmed a real need after working it"
owner_team = "sales"
exit = "An opportunity is opened, or it is given back"
next = ["opportunity", "customer", "recycled", "disqualified"]

[[stage]]
name = "opportunity"
role = "opportunity"
definition = "A concrete chance of a sale"
owner_team = "sales"
exit = "Won or lost"
next = ["customer", "recycled", "disqualified"]

[[stage]]
name = "customer"
role = "customer"
definition = "Won"
owner_team = "sales"

[[stage]]
name = "recycled"
role = "recycled"
definition = "Given back to marketing; may qualify again after its cool-down"
owner_team = "marketing"
exit = "Passes the definition again"
next = ["mql", "opportunity", "customer", "disqualified"]

[[stage]]
name = "disqualified"
role = "disqualified"
definition = "Out for good"
owner_team = "marketing"

# QUESTION: from how many points on is a lead worth a call, and what must be known by then?
[qualification]
threshold = 60.0
hysteresis = 10.0
required = ["email", "last_name"]
manual = true                       # a person may tick "Qualify by hand"
# forms = ["Contact sales"]         # QUESTION: which forms mean "call me"?

# QUESTION: who do you sell to? Points for who the person is …
[[fit]]
name = "Decision maker"
points = 30
when = [ {{ field = "job_title", op = "contains_any", value = ["chief", "ceo", "vp", "head", "director"] }} ]

[[fit]]
name = "Business e-mail"
points = 10
when = [ {{ field = "domain", op = "present" }} ]

# … and for what the person does.
[[engagement]]
name = "Form submitted"
kind = "form_submission"
points = 25
half_life_days = 60.0

[[engagement]]
name = "E-mail clicked"
kind = "email_clicked"
points = 10
times = 3
half_life_days = 30.0

# QUESTION: who gets which lead? Until somebody is named, leads that qualify are listed as unrouted.
[routing]
mode = "direct"
# triage = "inbound@our-company.example"      # gets what nobody claims
# [[territory]]
# name = "dach"
# countries = ["DE", "AT", "CH"]
# pool = "dach"
# [[pool]]
# name = "dach"
# [[pool.member]]
# owner = "ann@our-company.example"

# QUESTION: how long does a lead that came back rest? "default" holds for every reason without an entry.
[[recycle]]
reason = "default"
cool_down_days = 90
max_cycles = 3
{reasons}"""

README: Final = """\
# {name}: lead process

| file | what |
|---|---|
| `process.toml` | the agreement between marketing and sales: stages, points, routing, recycling |
| `mapping.toml` | what {name} calls things in its CRMs, where that differs from the defaults |
| `.env.example` | names of the secrets; copy it, fill it in, keep it out of version control |

1. Answer the lines with `QUESTION` in both files.
2. `crmbridge check -C .` compares them with the CRMs and names what is missing.
3. `crmbridge provision -C .` shows the custom fields that are needed; `--apply` creates them.
4. `crmbridge plan -C .` shows what would be written. Nothing is written before `crmbridge sync` or `apply`.
"""

ENV: Final[dict[str, str]] = {
    "hubspot": """\
# HubSpot: a private app's token.
CRMBRIDGE_HUBSPOT__ACCESS_TOKEN=
""",
    "salesforce": """\
# Salesforce: a connected app with client credentials, or with USERNAME and PRIVATE_KEY_FILE for JWT.
CRMBRIDGE_SALESFORCE__INSTANCE_URL=
CRMBRIDGE_SALESFORCE__CLIENT_ID=
CRMBRIDGE_SALESFORCE__CLIENT_SECRET=
# CRMBRIDGE_SALESFORCE__USERNAME=
# CRMBRIDGE_SALESFORCE__PRIVATE_KEY_FILE=
""",
    "": """\
# Where crmbridge remembers what it did; a file in this folder unless set.
# CRMBRIDGE_LEDGER_URL=postgresql://user@host/database
""",
}

MAPPING_HEAD: Final = (
    "What {name} calls things in its CRMs, where that differs from the defaults.",
    "Found in the live schema; guesses are marked. Every key is explained in docs/mapping.md.",
)
