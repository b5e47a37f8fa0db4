"""Pictures by matplotlib, as SVG that a page can hold: its colours, its ids, no script, no address.

matplotlib is imported when the first picture is drawn: it takes a second, and comes with an extra.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from html import escape
from typing import Any, Final

#: Name of a colour of the page -> what stands for it while matplotlib draws. The page says how it looks.
COLOURS: Final = {
    name: f"#0000{number:02x}"
    for number, name in enumerate(("text", "muted", "grid", "one", "two", "three", "bad", "soft", "card"), 16)
}
#: Pixels. Narrow, so that a telephone shows it nearly as it was drawn; two stand side by side elsewhere.
WIDTH: Final = 440
FONT: Final = 12.5
_STYLE: Final[Any] = {
    "axes.edgecolor": COLOURS["grid"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "font.size": FONT,
    "grid.color": COLOURS["grid"],
    "hatch.color": COLOURS["one"],
    "hatch.linewidth": 1.2,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.color": COLOURS["text"],
    "text.parse_math": False,  # a company's words may hold a dollar sign
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["text"],
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
}
_ID: Final = re.compile(r' id="([^"]+)"')
_REFERENCE: Final = re.compile(r'(?:url\(#|href="#)([^")]+)')


def draw(name: str, alt: str, height: float, paint: Callable[[Any, Any], None]) -> str:
    """Give one picture.

    Args:
        name: Unique on its page: ids within the picture begin with it.
        alt: What it shows, for who cannot see it.
        height: Pixels.
        paint: Gets matplotlib's figure and its axes.
    """
    import matplotlib as mpl  # noqa: PLC0415 - a second of imports that most commands do not need
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # Its own fonts lack some scripts; the reader's browser writes the words, and has them.
        warnings.filterwarnings("ignore", message="Glyph|Matplotlib currently does not support")
        figure = Figure(figsize=(WIDTH / 72, height / 72), layout="constrained")
        axes = figure.subplots()
        paint(figure, axes)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _of_the_page(out.getvalue(), name, alt, height)


def _of_the_page(drawn: str, name: str, alt: str, height: float) -> str:
    body = drawn[drawn.index("<g id=") : drawn.rindex("</svg>")]
    body = re.sub(r"font-family: [^;\"]+;? ?", "", body)
    for colour, stands_for in COLOURS.items():
        body = body.replace(stands_for, f"var(--{colour})")
    used = set(_REFERENCE.findall(body + drawn[drawn.rindex("</g>") :]))
    body = _ID.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", body)
    body = re.sub(r"\s*\n\s*", " ", body)
    head = f'<svg role="img" aria-label="{escape(alt)}" viewBox="0 0 {WIDTH} {height:g}">'
    return f"{head}<title>{escape(alt)}</title>{body}</svg>"


def shortened(words: str, most: int = 24) -> str:
    """Keep a label from pushing the picture aside."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
