"""The live process as people see it on paper: a table, a Mermaid flow chart, a picture (S94). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from crmbridge.chart.mermaid import mermaid
from crmbridge.chart.svg import svg
from crmbridge.chart.tables import Step, markdown, steps
from crmbridge.process import Process

__all__ = ["FORMATS", "Step", "markdown", "mermaid", "steps", "svg"]

#: Format -> how it is drawn. The same process gives the same text.
FORMATS: Final[Mapping[str, Callable[[Process], str]]] = {
    "mermaid": mermaid,
    "svg": svg,
    "markdown": markdown,
}
