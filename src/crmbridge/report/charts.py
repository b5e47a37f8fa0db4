"""The kinds of pictures on the page. What each shows stands in a table beside it, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crmbridge.report.drawing import COLOURS, WIDTH, draw, shortened

_ROW: Final = 31
#: Rows of room for a line between two of them.
_GAP: Final = 0.7
_PLOT: Final = 230
#: Pixels that one letter of a value beside a bar takes.
_LETTER: Final = 7.2
#: How the lines of one picture differ, besides their colour.
_MARKS: Final = (("one", "o", "-"), ("two", "s", "--"), ("three", "^", "-."))
Numbers = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a picture with bars."""

    label: str
    value: float
    #: Written behind the bar.
    text: str
    #: The part of it that is drawn in full colour; None: all of it.
    part: float | None = None
    colour: str = "one"


@dataclass(frozen=True, slots=True)
class Line:
    """One line over time."""

    label: str
    #: None: no figure for that period.
    values: Sequence[float | None]
    #: Low and high; None: no interval.
    between: Sequence[tuple[float, float] | None] = ()
    #: Places whose leads are not all judged yet: drawn hollow.
    unsure: frozenset[int] = frozenset()
    #: Places that stand apart: drawn with a ring.
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Dot:
    """A share with its interval, and what it is compared with."""

    label: str
    value: float
    low: float
    high: float
    other: float
    is_better: bool


def bars(name: str, alt: str, rows: Sequence[Bar], *, line: tuple[int, str] | None = None) -> str:
    """Draw bars from left to right, one below the other.

    Args:
        line: How many rows are above it, and what is written at it.
    """
    rows = list(rows)

    def paint(_: Any, axes: Any) -> None:
        places = [place + (line is not None and place >= line[0]) * _GAP for place in range(len(rows))]
        longest = max((row.value for row in rows), default=0) or 1
        shades = [COLOURS["soft" if row.part is not None else row.colour] for row in rows]
        axes.barh(places, [row.value for row in rows], color=shades, height=0.62)
        axes.barh(places, [row.part or 0 for row in rows], color=COLOURS["one"], height=0.62)
        for place, row in zip(places, rows, strict=True):
            axes.text(row.value + longest * 0.02, place, row.text, va="center", color=COLOURS["text"])
        axes.set_yticks(places, [shortened(row.label) for row in rows])
        room = max((len(row.text) for row in rows), default=0) * _LETTER
        axes.set_xlim(0, longest * (1 + room / max(WIDTH - room - 150, 120)))
        axes.set_ylim(max(places[-1] + 1, 2) - 0.4, -0.6)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        if line is not None:
            at = line[0] - 0.5 + _GAP / 2
            axes.axhline(at, color=COLOURS["bad"], linewidth=1.6, linestyle=(0, (4, 3)))
            right = axes.get_xlim()[1]
            axes.text(right, at - 0.06, line[1], ha="right", va="bottom", color=COLOURS["bad"])

    height = max(len(rows), 2) + (_GAP if line is not None else 0)
    return draw(name, alt, height * _ROW + 14, paint)


def lines(name: str, alt: str, periods: Sequence[str], found: Sequence[Line], numbers: Numbers) -> str:
    """Draw shares over time; at most three lines, which differ in more than colour."""

    def paint(figure: Any, axes: Any) -> None:
        for line, style in zip(found, _MARKS, strict=False):
            _line(axes, line, *style)
        axes.set_ylim(bottom=0)
        axes.set_xlim(-0.4, len(periods) - 0.6)
        _over_time(axes, periods, numbers)
        axes.margins(y=0.12)
        figure.legend(loc="outside upper left", ncols=3, handlelength=2.2, columnspacing=1.2)

    return draw(name, alt, _PLOT + 20, paint)


def _line(axes: Any, line: Line, colour: str, mark: str, dashes: str) -> None:
    shade = COLOURS[colour]
    places = [place for place, value in enumerate(line.values) if value is not None]
    heights = [value for value in line.values if value is not None]
    axes.plot(places, heights, color=shade, linestyle=dashes, linewidth=2, label=shortened(line.label, 18))
    bands = [(place, line.between[place]) for place in places if line.between and line.between[place]]
    axes.vlines(
        [place for place, _ in bands],
        [band[0] for _, band in bands if band],
        [band[1] for _, band in bands if band],
        color=shade, linewidth=1.2, alpha=0.55,
    )  # fmt: skip
    for place, height in zip(places, heights, strict=True):
        fill = COLOURS["card"] if place in line.unsure else shade
        axes.plot([place], [height], mark, markersize=6.5, markerfacecolor=fill, markeredgecolor=shade)
        if place in line.marked:
            axes.plot([place], [height], "o", markersize=17, markerfacecolor="none",
                      markeredgecolor=COLOURS["bad"], markeredgewidth=2)  # fmt: skip


def _over_time(axes: Any, periods: Sequence[str], numbers: Numbers) -> None:
    step = max(1, -(-len(periods) // 6))
    places = list(range(len(periods) - 1, -1, -step))[::-1]
    axes.set_xticks(places, [periods[place] for place in places])
    axes.yaxis.set_major_formatter(lambda value, _: numbers(value))
    axes.yaxis.set_major_locator(_few())
    axes.tick_params(axis="y", labelcolor=COLOURS["muted"])
    axes.grid(visible=True, axis="y")


def _few() -> Any:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - see drawing

    return MaxNLocator(nbins=5, integer=False, steps=[1, 2, 2.5, 5, 10])


@dataclass(frozen=True, slots=True)
class Column:
    """One period of a picture with columns: parts from the bottom up, and what was owed."""

    label: str
    #: (share of the column, "full", "soft" or "open" for hatched).
    parts: Sequence[tuple[float, str]]
    owed: float | None = None


def columns(name: str, alt: str, found: Sequence[Column], legend: Sequence[str], numbers: Numbers) -> str:
    """Draw columns over time.

    Args:
        legend: Names of the parts, in their order, and of what is owed where that is drawn.
    """

    def paint(figure: Any, axes: Any) -> None:
        places = list(range(len(found)))
        bottom = [0.0] * len(found)
        for index in range(max((len(column.parts) for column in found), default=0)):
            heights = [column.parts[index][0] for column in found]
            look = _LOOKS[found[0].parts[index][1]]
            # A column of nothing would still be drawn as a line.
            seen = [height or float("nan") for height in heights]
            axes.bar(places, seen, bottom=bottom, width=0.66, label=legend[index], **look)
            bottom = [low + high for low, high in zip(bottom, heights, strict=True)]
        owed = [(place, column.owed) for place, column in enumerate(found) if column.owed is not None]
        if owed:
            at = [place for place, _ in owed]
            left, right = [place - 0.44 for place in at], [place + 0.44 for place in at]
            axes.hlines([due for _, due in owed], left, right, color=COLOURS["bad"], linewidth=2.6,
                        label=legend[-1])  # fmt: skip
        axes.margins(y=0.1)
        axes.set_xlim(-0.6, max(len(found) - 0.4, 2.6))
        _over_time(axes, [column.label for column in found], numbers)
        figure.legend(loc="outside upper left", ncols=3, handlelength=1.4, columnspacing=1.2)

    return draw(name, alt, _PLOT + 20, paint)


_LOOKS: Final[Mapping[str, dict[str, Any]]] = {
    "full": {"color": COLOURS["one"]},
    "soft": {"color": COLOURS["soft"]},
    "open": {"facecolor": "none", "edgecolor": COLOURS["one"], "hatch": "////", "linewidth": 1.2},
}


def dots(name: str, alt: str, rows: Sequence[Dot], numbers: Numbers) -> str:
    """Draw shares with their intervals, each beside the share of the others."""

    def paint(_: Any, axes: Any) -> None:
        for place, row in enumerate(rows):
            shade = COLOURS["three" if row.is_better else "two"]
            axes.hlines(place, row.low, row.high, color=shade, linewidth=3)
            axes.plot([row.value], [place], "o" if row.is_better else "s", color=shade, markersize=9)
            axes.vlines(row.other, place - 0.3, place + 0.3, color=COLOURS["muted"], linewidth=2)
        axes.set_yticks(range(len(rows)), [shortened(row.label, 26) for row in rows])
        axes.set_ylim(max(len(rows), 2) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(lambda value, _: numbers(value))
        axes.xaxis.set_major_locator(_few())
        axes.grid(visible=True, axis="x")

    return draw(name, alt, max(len(rows), 2) * _ROW + 34, paint)
