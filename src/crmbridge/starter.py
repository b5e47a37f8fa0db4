"""Write a company folder from the live schemas: what differs from the defaults, and questions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import tomlkit
from tomlkit.items import Table

from crmbridge.mapping import FieldMap, ObjectMap
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.ports import FieldOption, FieldSchema, Schema
from crmbridge.provision import is_provided
from crmbridge.starter_text import ENV, MAPPING_HEAD, PROCESS, README
from crmbridge.starter_words import REASON_WORDS, STAGE_WORDS, STATUS_WORDS, Words, meaning, slug, words_of

#: Where an object's tables stand in mapping.toml.
_TABLES: Final = {"contacts": "hubspot", "Lead": "salesforce.lead", "Contact": "salesforce.contact"}
#: Never mapped away by a guess: `check` goes on warning that they are not read.
_CONSENT: Final = frozenset({"opted_out"})
#: Statuses that only sales can set: without a value for them nobody can say so.
_VERDICTS: Final = ("accepted", "recycled", "disqualified")
_ACCOUNT_KEYS: Final = {"hubspot": "hubspot_portal_id", "salesforce": "salesforce_org_id"}


@dataclass(frozen=True, slots=True)
class _Concept:
    """A canonical field that companies often keep in a field of their own."""

    canonical: str
    #: Name of its table of values.
    table: str
    words: Words
    #: A field's name or label holds one word of each group.
    named: tuple[frozenset[str], ...]


_CONCEPTS: Final = (
    _Concept("stage", "stages", STAGE_WORDS, (frozenset({"lifecycle", "stage", "funnel", "mql"}),)),
    _Concept("status", "statuses", STATUS_WORDS, (frozenset({"status"}),)),
    _Concept(
        "recycle_reason",
        "recycle_reasons",
        REASON_WORDS,
        (
            frozenset({"reason", "reasons"}),
            frozenset(
                {"recycle", "recycled", "recycling", "reject", "rejected", "rejection", "return", "returned"}
                | {"disqualification", "disqualified", "unqualified", "nurture", "lost", "dead"}
            ),
        ),
    ),
)


@dataclass(slots=True)
class _Findings:
    """What is to be written about one object: table -> rows, and questions."""

    prefix: str
    #: (table, key, value, comment).
    rows: list[tuple[str, str, str | list[str] | bool, str]] = field(default_factory=list)
    #: (table, text).
    questions: list[tuple[str, str]] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)


def starter(
    schemas: Mapping[str, Schema],
    accounts: Mapping[str, str],
    *,
    name: str = "our company",
    timezone: str = "UTC",
    version: str = "1",
) -> dict[str, str]:
    """Write the files of a new company folder.

    What the schemas show is filled in where it differs from the defaults; what they cannot show is left as
    a commented line with QUESTION. The files parse as they are.

    Args:
        schemas: CRM name -> live schema; a CRM that is absent is not used.
        accounts: CRM name -> the account the token belongs to.
        name: The company's name, for the headings.
        timezone: IANA name; days are counted there.
        version: Of the process.

    Returns:
        File name -> content: process.toml, mapping.toml, README.md, .env.example.
    """
    default = CompanyMapping.default()
    maps = [(found, schemas[crm].objects[found.object]) for crm, found in _used(default, schemas)]
    findings = [_findings(object_map, live) for object_map, live in maps]
    codes = {code: label for found in findings for code, label in found.reasons.items()}
    for (object_map, _), found in zip(maps, findings, strict=True):
        _share_reasons(object_map, found, codes)
    title = _one_line(name)
    return {
        "process.toml": _process(title, timezone, version, accounts, codes),
        "mapping.toml": _mapping(title, findings),
        "README.md": README.format(name=title),
        ".env.example": "\n".join([*(ENV[crm] for crm in schemas if crm in ENV), ENV[""]]),
    }


def _used(default: CompanyMapping, schemas: Mapping[str, Schema]) -> Iterator[tuple[str, ObjectMap]]:
    for crm, schema in schemas.items():
        for object_map in default.objects(crm):
            if object_map.object in schema.objects:
                yield crm, object_map


# what is found ----------------------------------------------------------------------------------------
def _findings(object_map: ObjectMap, live: Mapping[str, FieldSchema]) -> _Findings:
    found = _Findings(_TABLES[object_map.object])
    for mapped in object_map.fields:
        gone = mapped.name not in live and mapped.code not in live and not is_provided(object_map, mapped)
        if gone and mapped.canonical not in _CONSENT:
            found.rows.append(("fields", mapped.canonical, False, f"there is no field {mapped.name}"))
    for concept in _CONCEPTS:
        mapped_field = object_map.field(concept.canonical)
        if mapped_field is not None:
            _find_concept(concept, mapped_field, live, found)
    return found


def _find_concept(
    concept: _Concept, mapped: FieldMap, live: Mapping[str, FieldSchema], found: _Findings
) -> None:
    candidates = sorted(_candidates(concept, mapped, live), key=lambda pair: -pair[0])
    own = live.get(mapped.name)
    if own is not None:
        _find_values(concept, mapped, own, found)
        for _, other in candidates:
            text = f"does {other.name} ({_label(other.label)}) hold the {concept.canonical}? Then map it:"
            found.questions.append(("fields", f"{text} {concept.canonical} = {_quoted(other.name)}"))
            found.questions += [(concept.table, line) for line in _suggested(concept, other)]
    elif candidates:
        _, best = candidates[0]
        found.rows = [row for row in found.rows if row[1] != concept.canonical]
        comment = f"guessed from its name and values: {_label(best.label)}"
        found.rows.append(("fields", concept.canonical, best.name, comment))
        _find_values(concept, mapped, best, found)
        for _, other in candidates[1:]:
            text = f"or is it {other.name} ({_label(other.label)}) that holds the {concept.canonical}?"
            found.questions.append(("fields", text))


def _candidates(
    concept: _Concept, mapped: FieldMap, live: Mapping[str, FieldSchema]
) -> Iterator[tuple[float, FieldSchema]]:
    """Find custom enumerations whose name and values sound like the concept, with how much they do."""
    for schema in live.values():
        if not schema.custom or len(schema.options) < 2 or schema.name == mapped.name:
            continue
        names = set(words_of(schema.name).split()) | set(words_of(schema.label).split())
        if not all(names & group for group in concept.named):
            continue
        guesses = [_guess(option, concept.words) for option in schema.options]
        share = sum(guess is not None for guess in guesses) / len(guesses)
        if share >= 0.5 and len(set(guesses) - {None}) >= 2:
            yield share + (0.1 if schema.updateable else 0.0), schema


def _guess(option: FieldOption, words: Words) -> str | None:
    return meaning(option.label, words) or meaning(option.value, words)


def _find_values(concept: _Concept, mapped: FieldMap, schema: FieldSchema, found: _Findings) -> None:
    """Write the rows in which the field's options differ from the defaults; ask about the others."""
    offered = {option.value for option in schema.options}
    fresh = _fresh_options(concept, mapped, schema, found)
    for code, options in fresh.items():
        known = [raw for raw in mapped.choices.get(code, ()) if raw in offered]
        values = known + [option.value for option in options]
        labels = ", ".join(_label(option.label) for option in options)
        row = values[0] if len(values) == 1 else values
        found.rows.append((concept.table, code, row, f"guessed: {labels}"))
        if concept.canonical == "recycle_reason":
            found.reasons[code] = labels
    for code in sorted(mapped.choices.keys() - fresh.keys() - mapped.left_alone):
        if not offered or offered.intersection(mapped.choices[code]):
            continue
        if concept.canonical != "status":
            found.rows.append((concept.table, code, False, f"{schema.name} has no value for it"))
        elif code in _VERDICTS:
            found.questions.append((concept.table, f"which value does sales set for {code}?"))


def _fresh_options(
    concept: _Concept, mapped: FieldMap, schema: FieldSchema, found: _Findings
) -> dict[str, list[FieldOption]]:
    """Group the options that the defaults do not know by what they seem to mean."""
    fresh: dict[str, list[FieldOption]] = {}
    for option in schema.options:
        if option.value in mapped.to_canonical:
            continue
        code = _code(concept, option)
        if code and option.value and option.value == option.value.strip():
            fresh.setdefault(code, []).append(option)
        else:
            text = f"what does {_quoted(option.value)} ({_label(option.label)}) mean? Add it to a row here."
            found.questions.append((concept.table, text))
    return fresh


def _code(concept: _Concept, option: FieldOption) -> str | None:
    """Guess what an option means; a reason that nobody knows is one of the company's own."""
    if concept.canonical == "status" and option.final:
        return "converted"
    guess = _guess(option, concept.words)
    return guess or (slug(option.label) if concept.canonical == "recycle_reason" else None)


def _suggested(concept: _Concept, schema: FieldSchema) -> Iterator[str]:
    yield f"and its values would be ({schema.name}):"
    for option in schema.options:
        guess = _guess(option, concept.words) or "?"
        yield f"    {guess} = {_quoted(option.value)}    {_label(option.label)}"


def _share_reasons(object_map: ObjectMap, found: _Findings, codes: Mapping[str, str]) -> None:
    """Give every object the reasons that one of them has: in a field of ours they are named alike."""
    mapped = object_map.field("recycle_reason")
    if mapped is None or found.reasons:
        return
    for code, label in codes.items():
        if code not in mapped.choices:
            found.rows.append(("recycle_reasons", code, code, label))


# what is written --------------------------------------------------------------------------------------
def _mapping(name: str, findings: Iterable[_Findings]) -> str:
    document = tomlkit.document()
    for line in MAPPING_HEAD:
        document.add(tomlkit.comment(line.format(name=name)))
    document.add("format", tomlkit.item(1))
    text = tomlkit.dumps(document)
    return text + "".join(_section(found, table) for found in findings for table in _tables(found))


def _tables(found: _Findings) -> list[str]:
    used = {row[0] for row in found.rows} | {table for table, _ in found.questions}
    return [table for table in ("fields", *(c.table for c in _CONCEPTS)) if table in used]


def _section(found: _Findings, table: str) -> str:
    body: Table = tomlkit.table()
    for _, key, value, comment in (row for row in found.rows if row[0] == table):
        item = tomlkit.item(value)
        body.add(key, item.comment(_one_line(comment)))
    questions = (text for where, text in found.questions if where == table)
    lines = [
        f"# QUESTION: {_one_line(text)}" if _asks(text) else f"# {_one_line(text)}" for text in questions
    ]
    tail = "".join(f"{line}\n" for line in lines)
    return f"\n[{found.prefix}.{table}]\n{body.as_string()}{tail}"


def _asks(text: str) -> bool:
    return "?" in text and not text.startswith(" ")


def _process(
    name: str, timezone: str, version: str, accounts: Mapping[str, str], codes: Mapping[str, str]
) -> str:
    identity = "".join(
        f"{key} = {_quoted(accounts[crm])}\n" for crm, key in _ACCOUNT_KEYS.items() if crm in accounts
    )
    reasons = "".join(
        f'# [[recycle]]                       # {label}\n# reason = "{code}"\n# cool_down_days = 90\n'
        for code, label in codes.items()
    )
    return PROCESS.format(
        name=name,
        quoted_name=_quoted(f"{name}: leads"),
        quoted_timezone=_quoted(timezone),
        quoted_version=_quoted(version),
        identity=identity,
        reasons=reasons,
    )


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()


def _one_line(text: str) -> str:
    """Make a text safe for a comment: no line breaks, no control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _label(text: str) -> str:
    return _one_line(text) or "no label"
