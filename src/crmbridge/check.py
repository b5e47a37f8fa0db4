"""Check a process and a mapping against what both CRMs really have, before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from crmbridge.check_schema import check_connector, check_objects
from crmbridge.errors import Problem
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.mapping import ObjectMap
from crmbridge.mapping_file.checks import nearest
from crmbridge.model import LeadStatus, Owner, OwnerKind
from crmbridge.ports import Rights, Schema
from crmbridge.process import Process
from crmbridge.process.conditions import Condition, leaves

_PROCESS: Final = "process.toml"
_MAPPING: Final = "mapping.toml"

#: What a lead has without a field of its own -> the field it comes from; None: from several.
_DERIVED: Final[Mapping[str, str | None]] = {
    "domain": None,
    "stage_at": None,
    "status_at": None,
    "status_reason": "recycle_reason",
    "owner_kind": "owner",
    "owner_active": "owner",
}
#: What sales must be able to say, in one of the CRMs at least.
_VERDICTS: Final = (LeadStatus.ACCEPTED, LeadStatus.RECYCLED, LeadStatus.DISQUALIFIED)


def check(
    process: Process,
    mapping: CompanyMapping,
    schemas: Mapping[str, Schema],
    rights: Mapping[str, Rights],
    owners: Mapping[str, Owner],
) -> tuple[Problem, ...]:
    """Find everything that would go wrong, in one go.

    Args:
        process: The company's process.
        mapping: The company's mapping, as ``Mapping.load`` gives it (not fitted by ``offered``).
        schemas: CRM name -> live schema, for the CRMs that the company uses.
        rights: CRM name -> what the token may do.
        owners: Key -> owner, both CRMs joined; empty while none have been read.

    Returns:
        Errors first, then warnings; in the order of the files.
    """
    fitted = mapping.offered(schemas)
    maps = [found for crm in schemas for found in fitted.objects(crm)]
    found = [
        *(problem for schema in schemas.values() for problem in check_objects(mapping, schema)),
        *check_connector(mapping, schemas),
        *(problem for crm, held in rights.items() for problem in _rights(crm, held)),
        *_stages(process, maps),
        *_reasons(process, maps),
        *_verdicts(maps),
        *_fields(process, maps),
        *_owners(process, schemas, owners),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: problem.severity != "error"))


def _rights(crm: str, rights: Rights) -> Iterator[Problem]:
    for name in sorted(rights.missing):
        yield Problem(crm, "", f"the token lacks {name}", "grant it to the app or permission set")
    if rights.too_much:
        names = ", ".join(sorted(rights.too_much))
        advice = "take them away: what is not granted cannot be misused"
        yield Problem(crm, "", f"the token may do more than is needed: {names}", advice, "warning")


def _table(object_map: ObjectMap) -> str:
    """Name the object's table in mapping.toml."""
    if object_map.crm == "hubspot":
        return "hubspot.lead" if object_map.object == "leads" else "hubspot"
    return f"salesforce.{object_map.object.lower()}"


def _stages(process: Process, maps: list[ObjectMap]) -> Iterator[Problem]:
    names = [stage.name for stage in process.parts.stages]
    for object_map in maps:
        field = object_map.field("stage")
        if field is None:
            continue
        for name in names:
            if not (object_map.expresses("stage", name) or object_map.leaves_alone("stage", name)):
                key = f"{_table(object_map)}.stages.{name}"
                advice = (
                    f"give its value in {object_map.object}.{field.name}, or false to leave the field alone"
                )
                yield Problem(_MAPPING, key, f"stage {name!r} of the process has no mapping", advice)
        for name in sorted(field.chosen.difference(names)):
            key = f"{_table(object_map)}.stages.{name}"
            yield Problem(
                _MAPPING, key, f"{name!r} is no stage of the process", nearest(name, names), "warning"
            )


def _reasons(process: Process, maps: list[ObjectMap]) -> Iterator[Problem]:
    codes = [entry.reason for entry in process.parts.recyclings if entry.reason != "default"]
    for object_map in maps:
        field = object_map.field("recycle_reason")
        if field is None or not field.translated:
            continue
        for code in codes:
            if not (
                object_map.expresses("recycle_reason", code)
                or object_map.leaves_alone("recycle_reason", code)
            ):
                key = f"{_table(object_map)}.recycle_reasons.{code}"
                message = f"recycle reason {code!r} of the process has no mapping"
                advice = f"give its value in {object_map.object}.{field.name}, or false"
                yield Problem(_MAPPING, key, message, nearest(code, field.choices) or advice)


def _verdicts(maps: list[ObjectMap]) -> Iterator[Problem]:
    for status in _VERDICTS:
        if not any(object_map.expresses("status", status.value) for object_map in maps):
            message = f"no field of either CRM can say {status.value!r}: sales cannot give that verdict"
            advice = "add an option to the lead status, or map an existing one under statuses"
            yield Problem(_MAPPING, f"statuses.{status.value}", message, advice, "warning")


def _fields(process: Process, maps: list[ObjectMap]) -> Iterator[Problem]:
    """Find fields that the process needs and nobody maps (or whose CRM fields do not exist)."""
    mapped = {field.canonical for object_map in maps for field in object_map.fields}
    seen = set()
    for key, name in _used_fields(process):
        wanted = _DERIVED.get(name, name)
        if wanted is not None and wanted not in mapped and (key, wanted) not in seen:
            seen.add((key, wanted))
            advice = nearest(wanted, mapped) or f'map it: {wanted} = {{ name = "…", kind = "…" }}'
            yield Problem(_PROCESS, key, f"nobody maps the field {wanted}", advice)


def _used_fields(process: Process) -> Iterator[tuple[str, str]]:
    """Give (key path, canonical field) of every condition and of the required data."""
    parts = process.parts
    conditions: list[tuple[str, Condition]] = [("scope.when", parts.scope.when)]
    conditions += [(f"fit[{index}].when", rule.when) for index, rule in enumerate(parts.fit)]
    conditions += [
        (f"routing.hold[{index}].when", hold.when) for index, hold in enumerate(parts.routing.holds)
    ]
    for key, condition in conditions:
        for leaf in leaves(condition):
            name = leaf.field.removeprefix("unknown.")
            if not name.startswith("account."):
                yield key, name
    for name, _ in parts.qualification.required:
        if not name.startswith("account."):
            yield "qualification.required", name


def _owners(
    process: Process, schemas: Mapping[str, Schema], owners: Mapping[str, Owner]
) -> Iterator[Problem]:
    """Find owners that cannot be given leads. Their names stay in the file: only their places are told."""
    named = list(_named_owners(process))
    if named and not owners:
        message = f"{len(named)} owners are named, and none have been read from the CRMs yet"
        yield Problem(_PROCESS, "", message, "run `crmbridge plan` once, then check again", "warning")
        return
    queues = {owner.name.casefold(): owner for owner in owners.values() if owner.kind is OwnerKind.QUEUE}
    for key, owner_key in named:
        owner = owners.get(owner_key.lower()) or owners.get(owner_key) or queues.get(owner_key.casefold())
        if owner is None:
            advice = "write the e-mail address of a user, or the name of a queue, as the CRM has it"
            yield Problem(_PROCESS, key, "this owner exists in neither CRM", advice)
            continue
        for crm in schemas:
            if owner.id_in(crm) is None:
                message = f"this owner does not exist in {crm}: leads are assigned to nobody there"
                yield Problem(_PROCESS, key, message, f"add them to {crm}, or name somebody else", "warning")
            elif not owner.active_in(crm):
                message = f"this owner is inactive in {crm}: they can be given no leads"
                yield Problem(_PROCESS, key, message, "name somebody else, or activate them")


def _named_owners(process: Process) -> Iterator[tuple[str, str]]:
    """Give (key path, owner key) of everybody whom the file names."""
    parts = process.parts
    routing = {"triage": parts.routing.triage, "tele_qualification": parts.routing.tele_qualification}
    yield from ((f"routing.{key}", owner) for key, owner in routing.items() if owner)
    for index, account in enumerate(parts.named_accounts):
        yield f"named_account[{index}].owner", account.owner
    for index, territory in enumerate(parts.territories):
        if territory.owner:
            yield f"territory[{index}].owner", territory.owner
    for index, pool in enumerate(parts.pools):
        for place, member in enumerate(pool.members):
            yield f"pool[{index}].member[{place}].owner", member.owner
