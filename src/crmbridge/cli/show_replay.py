"""What people see of a replay, and of what tuning suggests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crmbridge.replay import Replay, Version
from crmbridge.replay.results import Changed, LeadTrace, Quality, Share
from crmbridge.tuning import Suggestion

_SHOWN: Final = 20


def show_replay(screen: Console, found: Replay) -> None:
    """Print what one process, or two side by side, would have done."""
    versions = [found.new] + ([found.old] if found.old is not None else [])
    titles = ["new", "old"] if found.old is not None else [found.new.version]
    screen.print(f"[bold]replay[/] of {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}; nothing is written")
    _coverage(screen, found)
    table = _table("", *titles)
    for name, cells in _totals(versions):
        table.add_row(name, *cells)
    screen.print(table)
    _side_by_side(screen, "MQLs per week", titles, [item.weeks for item in versions])
    _side_by_side(screen, "leads per rep", titles, [_loads(item) for item in versions])
    _side_by_side(screen, "leads per territory", titles, [item.territories for item in versions])
    _side_by_side(screen, "never passed for want of one datum", titles, [i.near_misses for i in versions])
    for title, version in zip(titles, versions, strict=True):
        for quality in version.quality:
            _bands(screen, title, quality)
    _differences(screen, found)
    if found.lead is not None:
        _lead(screen, found.lead)


def _coverage(screen: Console, found: Replay) -> None:
    known = found.coverage
    screen.print(
        f"{known.leads:,} leads at {known.live_moments:,} moments of live runs and {known.days:,} days; "
        f"{known.with_way:,} with a recorded way, {known.with_activities:,} with activities, "
        f"{known.seen_live:,} seen by live runs"
    )
    if known.seen_live < known.leads:
        words = "left out" if known.known_only else "taken as first known"
        screen.print(f"  data of a time that nobody recorded are {words}")
    for reason, leads in known.skipped.items():
        screen.print(f"  {leads:,} left out: {reason}")


def _totals(versions: Sequence[Version]) -> list[tuple[str, list[str]]]:
    rows = [
        ("MQLs", [f"{item.passed:,}" for item in versions]),
        ("by", [", ".join(f"{way} {count:,}" for way, count in item.ways.items()) for item in versions]),
        ("fell below and came back", [f"{item.flapped:,}" for item in versions]),
        ("waited for a rep", [_waited(item) for item in versions]),
        ("without a rep at the end", [f"{item.feasibility.unplaced:,}" for item in versions]),
    ]
    for place, quality in enumerate(versions[0].quality):
        for name in ("precision", "recall"):
            cells = [_share(getattr(item.quality[place], name)) for item in versions]
            rows.append((f"{name} ({quality.outcome})", cells))
        rows.append((f"lift ({quality.outcome})", [_number(item.quality[place].lift) for item in versions]))
        rows.append(("… too young to tell", [f"{item.quality[place].censored:,}" for item in versions]))
    return rows


def _waited(item: Version) -> str:
    found = item.feasibility
    if not found.waited:
        return "0"
    return f"{found.waited:,} (median {found.median_hours} h, 90 % within {found.p90_hours} h)"


def _share(found: Share) -> str:
    if found.rate is None or found.low is None or found.high is None:
        return "–"
    return f"{found.rate:.1%} ({found.low:.1%} to {found.high:.1%}) of {found.whole:,}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _loads(version: Version) -> dict[str, str]:
    return {
        load.owner: f"{load.leads:,} ({load.per_week} a week, at most {load.most_a_day} a day)"
        for load in version.loads
    }


def _side_by_side(
    screen: Console, what: str, titles: Sequence[str], columns: Sequence[Mapping[str, object]]
) -> None:
    names = sorted({name for column in columns for name in column})
    if not names:
        return
    table = _table(what, *titles)
    for name in names:
        table.add_row(escape(name), *(str(column.get(name, "")) for column in columns))
    screen.print(table)


def _bands(screen: Console, title: str, quality: Quality) -> None:
    table = _table(f"{quality.outcome} by highest score ({title})", "leads", "rate", "lift")
    for band in quality.bands:
        low = "below" if band.score_from is None else f"{band.score_from:g}"
        high = "and more" if band.score_below is None else f"{band.score_below:g}"
        words = f"{low} {high}" if None in {band.score_from, band.score_below} else f"{low} to {high}"
        table.add_row(words, f"{band.came.whole:,}", _share(band.came), _number(band.lift))
    screen.print(table)


def _differences(screen: Console, found: Replay) -> None:
    for what, leads in found.differences.items():
        screen.print(f"{leads:,} {what}")
    for item in found.changed[:_SHOWN]:
        screen.print(f"  {_changed(item)}")
    if sum(found.differences.values()) > _SHOWN:
        screen.print(f"  … the first {_SHOWN}; --json lists more, --lead LEAD opens one")


def _changed(item: Changed) -> str:
    times = [f"{at:%Y-%m-%d}" if at is not None else "never" for at in (item.old_at, item.new_at)]
    owners = [owner or "nobody" for owner in (item.old_owner, item.new_owner)]
    rules = f": {', '.join(item.because)}" if item.because else ""
    text = f"{item.lead} {item.what} (old {times[0]} {owners[0]}, new {times[1]} {owners[1]}){rules}"
    return escape(text)


def _lead(screen: Console, found: LeadTrace) -> None:
    for title, days in (("new", found.days), ("old", found.old_days)):
        if not days:
            continue
        table = _table(f"{found.lead} ({title})", "stage", "score", "owner", "rules")
        for day in days:
            rules = ", ".join(
                f"{item.rule} {item.points:+g}" if item.points is not None else item.rule
                for item in day.reasons
            )
            cells = (day.stage, f"{day.score:g}", day.owner or "", rules)
            table.add_row(f"{day.at:%Y-%m-%d %H:%M}", *map(escape, cells))
        screen.print(table)


def show_tuning(screen: Console, found: Suggestion, out: Path | None) -> None:
    """Print what tuning suggests, or why it does not."""
    screen.print(
        f"{found.leads:,} leads whose end is known, {found.converted:,} of them {found.outcome}; "
        f"{found.censored:,} too young to tell"
    )
    for warning in found.warnings:
        screen.print(f"  {escape(warning)}")
    if found.refused is not None:
        screen.print(f"[yellow]No suggestion[/]: {escape(found.refused)}")
        return
    table = _table("rule", "points", "suggested", "95 % interval", "leads with it")
    for rule in found.rules:
        span = f"{rule.low:g} to {rule.high:g}"
        table.add_row(escape(rule.rule), f"{rule.points:g}", f"{rule.suggested:g}", span, f"{rule.leads:,}")
    screen.print(table)
    table = _table("threshold", "leads passed", "precision", "recall")
    for cut in found.cuts:
        mark = "← suggested" if cut.threshold == found.threshold else ""
        words = f"{cut.threshold:g} {mark}".strip()
        table.add_row(words, f"{cut.passed:,}", _share(cut.precision), _share(cut.recall))
    screen.print(table)
    screen.print(
        f"on leads after {found.split_at:%Y-%m-%d}, which the points were not fitted on; "
        f"today's file there: precision {_share(found.today.precision)}, recall {_share(found.today.recall)}"
    )
    screen.print(
        f"written to {out} for review" if out is not None else "Nothing was written: --out FILE does."
    )


def _table(first: str, *headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for heading in (first, *headings):
        table.add_column(heading, overflow="fold")
    return table
