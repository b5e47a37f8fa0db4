"""The process as a picture: the way from left to right, recycling above it, the way out below it.

Self-contained: no script, no font, no network. Boxes are as wide as a short sentence and all of one height,
so that a reader's eye goes along the way; moves that skip a stage share one line per target.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from crmbridge.chart.mermaid import moves
from crmbridge.chart.promises import promised_in
from crmbridge.model import StageRole
from crmbridge.process import Process
from crmbridge.process.parts import OFF_THE_WAY, Stage

_WIDTH: Final = 208
_GAP: Final = 44
_MARGIN: Final = 36
_LINE: Final = 17
#: Characters that fit into a box at 13 pixels.
_CHARACTERS: Final = 26
_TOP: Final = 104
_BAR: Final = 64
_LANE: Final = 14
_BETWEEN: Final = 54
#: The legend needs so much.
_LEGEND: Final = 920
#: Characters of a stage's name at full size; longer ones are set smaller.
_NAME: Final = 19
#: Fill and text of a team's band: dark enough for white text (WCAG AA), apart for the colour-blind.
_COLOURS: Final = ("#1f5fa8", "#00735c", "#8a4b08", "#6b3fa0", "#a3195b", "#44546a")
_STYLE: Final = """\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;fill:#1b2430}
.title{font-size:26px;font-weight:700}.sub{font-size:14px;fill:#4a5768}.name{font-size:16px;font-weight:700}
.team{font-size:12px;font-weight:600;fill:#fff;letter-spacing:.03em}.words{font-size:13px}
.exit{font-size:12.5px;fill:#33415a}.label{font-size:11px;font-weight:700;fill:#5a6779;letter-spacing:.06em}
.box{fill:#fff;stroke:#b9c3d0;stroke-width:1.2}.rule{stroke:#e1e6ed}
.way{stroke:#1b2430;stroke-width:2.4;fill:none}.skip{stroke:#8593a5;stroke-width:1.3;fill:none}
.back{stroke:#b26a00;stroke-width:1.5;fill:none}
.again{stroke:#b26a00;stroke-width:1.5;fill:none;stroke-dasharray:5 4}
.out{stroke:#b3261e;stroke-width:1.3;fill:none}
"""
_MARKERS: Final = {"way": "#1b2430", "skip": "#8593a5", "back": "#b26a00", "out": "#b3261e"}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things are."""

    process: Process
    #: From left to right.
    way: tuple[Stage, ...]
    #: Stages that moves jump to, each with a line of its own below the boxes.
    skipped_to: tuple[str, ...]
    box_height: int

    @property
    def width(self) -> int:
        boxes = len(self.way) * _WIDTH + (len(self.way) - 1) * _GAP
        return max(2 * _MARGIN + boxes, _LEGEND)

    @property
    def boxes_at(self) -> int:
        """Give the upper edge of the boxes."""
        return _TOP + _BAR + _BETWEEN

    @property
    def boxes_end(self) -> int:
        return self.boxes_at + self.box_height

    @property
    def out_at(self) -> int:
        """Give the upper edge of the bar at the bottom."""
        return self.boxes_end + _BETWEEN + _LANE * len(self.skipped_to)

    @property
    def height(self) -> int:
        return self.out_at + _BAR + 70

    def left(self, stage: Stage) -> int:
        return _MARGIN + self.way.index(stage) * (_WIDTH + _GAP)

    def lane(self, name: str) -> int:
        return self.boxes_end + 22 + _LANE * self.skipped_to.index(name)


def svg(process: Process) -> str:
    """Draw the process as one SVG document."""
    layout = _layout(process)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" '
        f'viewBox="0 0 {layout.width} {layout.height}" width="{layout.width}" height="{layout.height}">\n'
        f'<title id="title">{_safe(process.name)}</title>\n<desc id="desc">{_safe(_told(process))}</desc>\n'
        f"<style>\n{_STYLE}</style>\n<defs>{''.join(_marker(*each) for each in _MARKERS.items())}</defs>\n"
        f'<rect width="{layout.width}" height="{layout.height}" fill="#f6f8fb"/>\n'
    )
    return head + "\n".join(_body(layout)) + "\n</svg>\n"


def _layout(process: Process) -> _Layout:
    ordered = sorted(process.stages, key=lambda stage: stage.rank)
    way = tuple(stage for stage in ordered if stage.role not in OFF_THE_WAY)
    jumps = {
        target.name
        for source, target, is_main in moves(process)
        if not is_main and not {source.role, target.role} & OFF_THE_WAY
    }
    lines = max(_lines_of(process, stage) for stage in way)
    skipped_to = tuple(stage.name for stage in way if stage.name in jumps)
    return _Layout(process, way, skipped_to, 112 + _LINE * max(lines, 2))


def _lines_of(process: Process, stage: Stage) -> int:
    """Count the lines in a stage's box; the heading of the SLA needs one and a half."""
    promised = [line for text in promised_in(process, stage) for line in _wrapped(text)]
    return (
        len(_wrapped(stage.definition)) + len(_wrapped(stage.exit)) + (len(promised) + 2 if promised else 0)
    )


def _told(process: Process) -> str:
    """Tell the picture to who cannot see it."""
    sentences = [
        f"{source.name} leads to {target.name}." for source, target, is_main in moves(process) if is_main
    ]
    others = [
        f"{source.name} may also go to {target.name}." for source, target, main in moves(process) if not main
    ]
    return " ".join([*sentences, *others])


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _CHARACTERS, break_on_hyphens=False)


def _safe(text: str) -> str:
    """Escape for XML; characters that XML cannot hold are left out."""
    return escape("".join(each for each in text if each.isprintable() or each == " "))


def _marker(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
    )


def _body(layout: _Layout) -> Iterator[str]:
    yield _text(_MARGIN, 50, "title", layout.process.name)
    yield _text(_MARGIN, 76, "sub", f"Version {layout.process.version}")
    for stage in layout.process.stages:
        if stage.role is StageRole.RECYCLED and stage.main:
            yield from _bar(layout, stage, _TOP)
        elif stage.role is StageRole.DISQUALIFIED and stage.main:
            yield from _bar(layout, stage, layout.out_at)
    yield from _lines(layout)
    for stage in layout.way:
        yield from _box(layout, stage)
    yield from _legend(layout)


# boxes -----------------------------------------------------------------------------------------------
def _teams(process: Process) -> dict[str, str]:
    """Give team -> colour, in the order of the file."""
    teams = dict.fromkeys(stage.owner_team for stage in process.stages if stage.owner_team)
    return {team: _COLOURS[index % len(_COLOURS)] for index, team in enumerate(teams)} | {"": "#5a6779"}


def _box(layout: _Layout, stage: Stage) -> Iterator[str]:
    x, y = layout.left(stage), layout.boxes_at
    colour = _teams(layout.process)[stage.owner_team]
    yield f'<rect class="box" x="{x}" y="{y}" width="{_WIDTH}" height="{layout.box_height}" rx="8"/>'
    yield f'<path d="M{x} {y + 26}v-18q0-8 8-8h{_WIDTH - 16}q8 0 8 8v18z" fill="{colour}"/>'
    yield _text(x + 14, y + 18, "team", stage.owner_team or "no team named")
    yield _text(x + 14, y + 52, "name", stage.name, size=min(16.0, 16 * _NAME / max(len(stage.name), 1)))
    at = y + 74
    for line in _wrapped(stage.definition):
        yield _text(x + 14, at, "words", line)
        at += _LINE
    promised = [line for text in promised_in(layout.process, stage) for line in _wrapped(text)]
    for label, lines in (("TO MOVE ON", _wrapped(stage.exit)), ("SLA", promised)):
        if lines:
            yield from _block(x, at, label, lines)
            at += 32 + _LINE * len(lines)


def _block(x: int, y: int, label: str, lines: Sequence[str]) -> Iterator[str]:
    yield f'<path class="rule" d="M{x + 14} {y - 4}h{_WIDTH - 28}"/>'
    yield _text(x + 14, y + 14, "label", label)
    for place, line in enumerate(lines):
        yield _text(x + 14, y + 32 + place * _LINE, "exit", line)


def _bar(layout: _Layout, stage: Stage, y: int) -> Iterator[str]:
    width = layout.width - 2 * _MARGIN
    colour = _teams(layout.process)[stage.owner_team]
    yield f'<rect class="box" x="{_MARGIN}" y="{y}" width="{width}" height="{_BAR}" rx="8"/>'
    yield f'<path d="M{_MARGIN + 8} {y}h-0q-8 0 -8 8v{_BAR - 16}q0 8 8 8h2v-{_BAR}z" fill="{colour}"/>'
    yield _text(_MARGIN + 24, y + 26, "name", stage.name)
    exits = f" · To move on: {stage.exit}" if stage.exit else ""
    words = f"{stage.owner_team or 'no team named'} · {stage.definition}{exits}"
    yield _text(_MARGIN + 24, y + 48, "words", textwrap.shorten(words, layout.width // 7, placeholder=" …"))


# lines -----------------------------------------------------------------------------------------------
def _lines(layout: _Layout) -> Iterator[str]:
    for source, target, is_main in moves(layout.process):
        if is_main:
            y = layout.boxes_at + 46
            yield _path("way", "way", f"M{layout.left(source) + _WIDTH} {y}H{layout.left(target) - 3}")
        elif source in layout.way and target in layout.way:
            yield _jump(layout, source, target)
        else:
            yield from _off(layout, source, target)


def _jump(layout: _Layout, source: Stage, target: Stage) -> str:
    """Draw a move along the line of its target, below the boxes."""
    lane, place = layout.lane(target.name), layout.skipped_to.index(target.name)
    start, end = layout.left(source) + 60 + 12 * place, layout.left(target) + 24 + 6 * place
    return _path("skip", "skip", f"M{start} {layout.boxes_end}V{lane}H{end}V{layout.boxes_end + 3}")


def _off(layout: _Layout, source: Stage, target: Stage) -> Iterator[str]:
    """Draw a move to or from one of the two bars."""
    if target.role is StageRole.RECYCLED and source in layout.way:
        yield _path("back", "back", f"M{layout.left(source) + 70} {layout.boxes_at}V{_TOP + _BAR + 3}")
    elif source.role is StageRole.RECYCLED and target in layout.way:
        yield _path("again", "back", f"M{layout.left(target) + 140} {_TOP + _BAR}V{layout.boxes_at - 3}")
    elif target.role is StageRole.DISQUALIFIED and source in layout.way:
        yield _path("out", "out", f"M{layout.left(source) + 170} {layout.boxes_end}V{layout.out_at - 3}")
    elif source.role is StageRole.RECYCLED and target.role is StageRole.DISQUALIFIED:
        x = layout.width - _MARGIN + 14
        yield _path(
            "out", "out",
            f"M{x - 14} {_TOP + _BAR // 2}h14V{layout.out_at + _BAR // 2}h-11",
        )  # fmt: skip


def _path(style: str, marker: str, way: str) -> str:
    return f'<path class="{style}" marker-end="url(#{marker})" d="{way}"/>'


def _legend(layout: _Layout) -> Iterator[str]:
    y = layout.out_at + _BAR + 36
    x = _MARGIN
    kinds: Sequence[tuple[str, str, str]] = (
        ("way", "way", "the way forward"),
        ("skip", "skip", "may jump to"),
        ("back", "back", "given back to marketing"),
        ("again", "back", "comes back"),
        ("out", "out", "out for good"),
    )
    for style, marker, words in kinds:
        yield _path(style, marker, f"M{x} {y}h34")
        yield _text(x + 44, y + 4, "sub", words)
        x += 60 + 8 * len(words)


def _text(x: int, y: int, style: str, words: str, *, size: float | None = None) -> str:
    smaller = f' style="font-size:{size:g}px"' if size is not None else ""
    return f'<text class="{style}" x="{x}" y="{y}"{smaller}>{_safe(words)}</text>'
