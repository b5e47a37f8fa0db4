"""The process as a Mermaid flow chart, for wikis and README files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from crmbridge.process import Process
from crmbridge.process.parts import OFF_THE_WAY, Stage


def mermaid(process: Process) -> str:
    """Write the stages as nodes, grouped by team, and every move that the file allows as an arrow.

    A stage that any stage may follow has one arrow, to the next on the way: the others would hide it.
    """
    return "\n".join(_lines(process)) + "\n"


def _lines(process: Process) -> Iterator[str]:
    yield "flowchart LR"
    ids = {stage.name: f"s{index}" for index, stage in enumerate(process.stages)}
    teams = dict.fromkeys(stage.owner_team for stage in process.stages)
    for index, team in enumerate(teams):
        yield f'  subgraph t{index}["{_text(team or "nobody is named")}"]'
        for stage in process.stages:
            if stage.owner_team == team:
                yield f"    {ids[stage.name]}{_node(stage)}"
        yield "  end"
    for source, target, is_main in moves(process):
        yield f"  {ids[source.name]} {'-->' if is_main else '-.->'} {ids[target.name]}"


def moves(process: Process) -> Iterator[tuple[Stage, Stage, bool]]:
    """Give (from, to, whether it is the way forward) for the moves that are drawn."""
    way = sorted(process.stages, key=lambda stage: stage.rank)
    on = [stage for stage in way if stage.role not in OFF_THE_WAY]
    forward = {first.name: second.name for first, second in pairwise(on)}
    for stage in way:
        following = stage.next if stage.next is not None else tuple(filter(None, [forward.get(stage.name)]))
        for name in following:
            yield stage, process.stages_by_name[name], forward.get(stage.name) == name


def _node(stage: Stage) -> str:
    label = _text(stage.name)
    if stage.definition:
        label = f"<b>{label}</b><br/>{_text(stage.definition)}"
    left, right = ("([", "])") if stage.role in OFF_THE_WAY or stage.next == () else ("[", "]")
    return f'{left}"{label}"{right}'


def _text(text: str) -> str:
    """Spell what Mermaid or HTML would take for its own as entities."""
    marks: dict[str, str | int | None] = {each: f"#{ord(each)};" for each in '&"<>#`'}
    return text.translate(str.maketrans(marks | {"\n": " "}))
