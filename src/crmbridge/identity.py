"""Records -> leads: which rows in the two CRMs are one person.

Strong evidence names a record: our external id, the link that a CRM's connector keeps, a merge, a
conversion, an earlier binding. An e-mail address is weak evidence: it joins records only as long as the
person then has at most one live record of each kind. Where that fails nobody is guessed: the newcomers
are a conflict, and what was bound before stays bound.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from crmbridge.model import Conflict, Record, RecordRef
from crmbridge.ports import Binding, StoredRecord
from crmbridge.twins import maker

_T = TypeVar("_T")
_made_binding = maker(Binding)
_LEAD_ID = re.compile(r"L[0-9a-f]{20}")

#: Objects of which a person has at most one live record. HubSpot's Leads object is left out: a contact
#: may have several over time.
_SINGLE = frozenset({("hubspot", "contacts"), ("salesforce", "Lead"), ("salesforce", "Contact")})


def keys(record: Record) -> tuple[str, ...]:
    """Give the identity keys of a record: records that share one may be one person."""
    return tuple(dict.fromkeys([*_strong_keys(record), *_email_keys(record)]))


def resolve(records: Iterable[StoredRecord]) -> list[Binding]:
    """Settle who is who among records that are closed under "shares a key".

    Same in, same out: the order of ``records`` does not matter. Records that are gone stay bound to their
    lead, so that its history keeps its parts.
    """
    alone, others = _split(records)
    bindings = [_binding([_Cluster([stored])]) for stored in alone]
    ordered = sorted(others, key=lambda stored: stored.record.ref)
    clusters = [_Cluster(part) for part in _partition(ordered, _strong_evidence)]
    for group in _partition(clusters, lambda cluster: cluster.emails):
        bindings.extend(_settle(group))
    return sorted(bindings, key=lambda binding: binding.records)


def new_lead_id(ref: RecordRef) -> str:
    """Name a lead after its first record: a lost ledger finds the same name again."""
    return "L" + hashlib.blake2s(str(ref).encode(), digest_size=10).hexdigest()


def is_live(record: Record) -> bool:
    """Tell whether the record still stands for a person: not deleted, merged away or converted."""
    return not record.deleted and record.merged_into is None and record.converted_to is None


def _strong_keys(record: Record) -> Iterator[str]:
    lead_id = record.fields.get("lead_id")
    if isinstance(lead_id, str) and _LEAD_ID.fullmatch(lead_id):
        yield f"lead:{lead_id}"
    for ref in (record.linked_to, record.merged_into, record.converted_to):
        if ref is not None:
            yield f"ref:{ref}"
    for absorbed in record.absorbed_ids:
        yield f"ref:{record.ref.crm}:{record.ref.object}:{absorbed}"


def _email_keys(record: Record) -> Iterator[str]:
    email = record.fields.get("email")
    for address in (email, *record.other_emails):
        if isinstance(address, str):
            yield f"email:{address}"


def _strong_evidence(stored: StoredRecord) -> Iterator[str]:
    yield f"ref:{stored.record.ref}"
    yield from _strong_keys(stored.record)
    if stored.lead_id is not None:
        yield f"lead:{stored.lead_id}"


def _split(records: Iterable[StoredRecord]) -> tuple[list[StoredRecord], list[StoredRecord]]:
    """Tell the records that share no key with another one, most of them as a rule, from the rest."""
    evidence = [(stored, {*_strong_evidence(stored), *_email_keys(stored.record)}) for stored in records]
    counts = Counter(key for _, keys_ in evidence for key in keys_)
    parts: tuple[list[StoredRecord], list[StoredRecord]] = ([], [])
    for stored, keys_ in evidence:
        parts[any(counts[key] > 1 for key in keys_)].append(stored)
    return parts


class _Cluster:
    """Records that strong evidence makes one person."""

    def __init__(self, records: Sequence[StoredRecord]) -> None:
        self.records = records
        self.refs = tuple(stored.record.ref for stored in records)
        live = [stored.record for stored in records if is_live(stored.record)]
        #: Gone records lend no address: a deleted twin makes nobody ambiguous.
        self.emails = sorted({key for record in live for key in _email_keys(record)})
        self.seats = sorted(
            (record.ref.crm, record.ref.object)
            for record in live
            if (record.ref.crm, record.ref.object) in _SINGLE
        )
        self.bound = sorted({stored.lead_id for stored in records if stored.lead_id is not None})
        self.claimed = sorted(
            key.removeprefix("lead:")
            for stored in records
            for key in _strong_keys(stored.record)
            if key.startswith("lead:")
        )

    @property
    def established(self) -> bool:
        """Bound before, or marked with our external id: newcomers do not shake it."""
        return bool(self.bound or self.claimed)

    def fits(self, others: Iterable[_Cluster]) -> bool:
        """Tell whether together they leave at most one live record of each kind."""
        seats = [*self.seats, *(seat for other in others for seat in other.seats)]
        return len(seats) == len(set(seats))


def _settle(group: Sequence[_Cluster]) -> Iterator[Binding]:
    """Join clusters that share an address where that is unambiguous, and list the rest."""
    if group[0].fits(group[1:]):
        yield _binding(group)
        return
    anchors = [cluster for cluster in group if cluster.established and cluster.fits(())]
    newcomers = [cluster for cluster in group if cluster not in anchors]
    homes = {id(cluster): _home(cluster, anchors, newcomers) for cluster in newcomers}
    for anchor in anchors:
        yield _binding([anchor, *(cluster for cluster in newcomers if homes[id(cluster)] is anchor)])
    refs = tuple(sorted(ref for cluster in group for ref in cluster.refs))
    for cluster in newcomers:
        if homes[id(cluster)] is None:
            yield _binding([cluster], refs)


def _home(newcomer: _Cluster, anchors: Sequence[_Cluster], newcomers: Sequence[_Cluster]) -> _Cluster | None:
    """Find the one established person a newcomer can only be; None when there is none or a rival."""
    homes = [anchor for anchor in anchors if newcomer.fits([anchor]) and _share(newcomer, anchor)]
    rivals = [other for other in newcomers if other is not newcomer and not newcomer.fits([other])]
    return homes[0] if len(homes) == 1 and not rivals else None


def _share(left: _Cluster, right: _Cluster) -> bool:
    return not set(left.emails).isdisjoint(right.emails)


def _binding(clusters: Sequence[_Cluster], claimants: tuple[RecordRef, ...] = ()) -> Binding:
    refs = tuple(sorted(ref for cluster in clusters for ref in cluster.refs))
    bound = sorted({lead_id for cluster in clusters for lead_id in cluster.bound})
    claimed = sorted({lead_id for cluster in clusters for lead_id in cluster.claimed})
    lead_id = (bound or claimed or [new_lead_id(refs[0])])[0]
    conflict = None
    if claimants:
        conflict = Conflict(lead_id=lead_id, kind="ambiguous_identity", records=claimants)
    return _made_binding(
        lead_id=lead_id,
        records=refs,
        absorbed=tuple(other for other in bound if other != lead_id),
        conflict=conflict,
    )


def _partition(items: Sequence[_T], evidence: Callable[[_T], Iterable[str]]) -> list[list[_T]]:
    """Split items into groups connected by shared evidence, keeping their order."""
    parent = list(range(len(items)))

    def find(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[str, int] = {}
    for index, item in enumerate(items):
        for key in evidence(item):
            other = find(first.setdefault(key, index))
            parent[max(find(index), other)] = min(find(index), other)
    groups: defaultdict[int, list[_T]] = defaultdict(list)
    for index, item in enumerate(items):
        groups[find(index)].append(item)
    return list(groups.values())
