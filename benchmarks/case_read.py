"""G5, G11 and G14: reading a CRM, against U, the libraries, and the official typed client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import hubspot as sdk

from benchmarks import company
from benchmarks.measure import Line, Timed, gated, interleaved, shown
from benchmarks.pages import HUBSPOT_ROWS, HubSpotPages
from benchmarks.server import FAILURES, Served, serving
from crmbridge.errors import CrmBridgeError

#: Functions of libraries that normalising calls, each with the module that holds it.
_LIBRARIES = (
    ("phonenumbers", "parse"),
    ("phonenumbers", "is_possible_number_with_reason"),
    ("phonenumbers", "format_number"),
    ("email_validator", "validate_email"),
)
_CONTACTS = "contacts"
#: A function, its arguments and its options.
_Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def _unknown(_object: str, _ids: Sequence[str]) -> Mapping[str, str]:
    return {}


def _extract(crm: Any, known: Callable[[str, Sequence[str]], Mapping[str, str]] = _unknown) -> int:
    """Read all contacts as the run does; the other objects are empty."""
    return sum(page.rows_count for page in crm.changes({}, known) if page.object == _CONTACTS)


# G5 --------------------------------------------------------------------------------------------------
def extract(*, quick: bool) -> list[Line]:
    """G5: extract and normalise, in U."""
    total = 1000 if quick else 5000
    with serving(total) as served:
        crm = company.hubspot(served.url)
        fresh = _fresh(served)
        versions = _versions(served)
        asked = _library_calls(lambda: _extract(fresh.pop()))
        works = {
            "extract": lambda: _extract(fresh.pop()),
            "libraries": lambda: _replay(asked, total),
            "unchanged": lambda: _extract(crm, lambda _object, ids: {name: versions[name] for name in ids}),
        }
        page = HubSpotPages(HUBSPOT_ROWS).answer(0)
        timed, unit = interleaved(works, page=page, rows=HUBSPOT_ROWS, rounds=3 if quick else 7)
    net = timed["extract"].u - timed["libraries"].u
    return [
        Line(goal="G5", what="U: json.loads per record", figure=shown(unit.us, "µs")),
        gated("G5", "extract and normalise, without the libraries' own time", net, 4.0, "U"),
        Line(goal="G5", what="… everything", figure=timed["extract"].text()),
        Line(
            goal="G5",
            what="… of it inside phonenumbers and email-validator",
            figure=timed["libraries"].text(),
        ),
        Line(
            goal="G5",
            what="… rows whose version is known (a full read again)",
            figure=timed["unchanged"].text(),
        ),
    ]


def _fresh(served: Served) -> list[Any]:
    """Make adapters that have read nothing yet: none of them remembers a text."""
    return [company.hubspot(served.url) for _ in range(20)]


def _versions(served: Served) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for page in company.hubspot(served.url).changes({}, _unknown):
        found.update((item.ref.id, item.version) for item in page.items if hasattr(item, "version"))
    return found


def _library_calls(work: Callable[[], int]) -> list[_Call]:
    """Note what a read asks the libraries."""
    with _noted() as calls:
        work()
    return calls


def _replay(calls: list[_Call], rows_count: int) -> int:
    """Ask the libraries the same again, and nothing else."""
    for call, arguments, options in calls:
        try:
            call(*arguments, **options)
        except Exception:  # noqa: BLE001, S112 - a refusal costs as much as an answer
            continue
    return rows_count


@contextmanager
def _noted() -> Iterator[list[_Call]]:
    calls: list[_Call] = []
    before = []
    for module_name, name in _LIBRARIES:
        module = __import__(module_name)
        original = getattr(module, name)
        before.append((module, name, original))
        setattr(module, name, _noting(original, calls))
    try:
        yield calls
    finally:
        for module, name, original in before:
            setattr(module, name, original)


def _noting(original: Callable[..., Any], calls: list[Any]) -> Callable[..., Any]:
    def noted(*arguments: Any, **options: Any) -> Any:
        calls.append((original, arguments, options))
        return original(*arguments, **options)

    return noted


# G11 -------------------------------------------------------------------------------------------------
def official(*, quick: bool) -> list[Line]:
    """G11: the adapter against the official typed client, on the same server."""
    total = 500 if quick else 2000
    with serving(total) as served:
        typed = _typed(served.url)
        ours = company.hubspot(served.url)
        names = _properties(ours)
        fresh = _fresh(served)
        works = {
            "official": lambda: _read_typed(typed, names),
            "wire": lambda: _read_wire(ours, names),
            "adapter": lambda: _extract(fresh.pop()),
        }
        page = HubSpotPages(HUBSPOT_ROWS).answer(0)
        timed, _ = interleaved(works, page=page, rows=HUBSPOT_ROWS, rounds=3 if quick else 5)
        errors = [_failure(served.url, status) for status in FAILURES]
    wrong = [text for text, same in errors if not same]
    return [
        _times_less("reading rows: official typed client / ours", timed, "wire"),
        _times_less("the same, and ours normalised besides", timed, "adapter"),
        Line(
            goal="G11", what="… official typed client, one API object kept", figure=timed["official"].text()
        ),
        Line(goal="G11", what="… ours, rows", figure=timed["wire"].text()),
        Line(goal="G11", what="… ours, normalised records", figure=timed["adapter"].text()),
        Line(
            goal="G11",
            what=f"errors for {', '.join(map(str, FAILURES))}: {', '.join(text for text, _ in errors)}",
            figure=f"{len(wrong)} differ",
            limit="same status, both raise",
            met=not wrong,
        ),
    ]


def _times_less(what: str, timed: Mapping[str, Timed], ours: str) -> Line:
    ratio = timed["official"].us / timed[ours].us
    return gated("G11", what, ratio, 8.0, "times", at_least=True)


def _typed(url: str, token: str = company.TOKEN) -> Any:
    client = sdk.HubSpot(access_token=token)
    api = client.crm.contacts.basic_api
    api.api_client.configuration.host = url
    return api


def _read_typed(api: Any, names: Sequence[str]) -> int:
    count, after = 0, "0"
    while True:
        page = api.get_page(limit=HUBSPOT_ROWS, properties=list(names), archived=False, after=after)
        count += len(page.results)
        if page.paging is None:
            return count
        after = page.paging.next.after


def _properties(crm: Any) -> Sequence[str]:
    found = crm.mapping.object("hubspot", _CONTACTS)
    return tuple(found.names)


def _read_wire(crm: Any, names: Sequence[str]) -> int:
    client, count, after = crm._client, 0, None
    while True:
        page = client.page(_CONTACTS, names, after, archived=False)
        count += len(page.results)
        after = page.after
        if after is None:
            return count


def _failure(url: str, status: int) -> tuple[str, bool]:
    """Say what both clients raise for a status, and whether it is the same refusal."""
    token = f"fail-{status}"
    try:
        _read_typed(_typed(url, token), ["email"])
    except Exception as error:  # noqa: BLE001 - the SDK's exceptions share no base
        theirs = getattr(error, "status", None)
    else:
        theirs = None
    crm = company.hubspot(url, token)
    object.__setattr__(crm.transport.policy, "attempts", 1)
    try:
        _extract(crm)
    except CrmBridgeError as error:
        return type(error).__name__, theirs == status == error.where.status
    return "nothing", False


# G14 -------------------------------------------------------------------------------------------------
def connections(*, quick: bool) -> list[Line]:
    """G14: connections that one run opens."""
    contacts, leads = (500, 2000) if quick else (2000, 4000)
    lines = []
    for name, make in (("hubspot", company.hubspot), ("salesforce", company.salesforce)):
        with serving(contacts, leads) as served, company.bridge({name: make(served.url)}) as bridge:
            bridge.plan()
            found = served.stats()
        assert not found["unknown"], found["unknown"]
        what = f"connections to {name} in a run of {sum(found['calls'].values())} calls"
        lines.append(gated("G14", what, found["connections"], 1, ""))
    return lines
