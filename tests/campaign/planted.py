"""Plays the campaign once for each planted bug, in a process of its own; prints one JSON object.

Seeds are those whose trial comes upon the bug; people aim at the window where that is what it takes.
"""

from __future__ import annotations

import json
import logging
import sys

import structlog
from benchmarks.campaign.plants import PLANTS
from benchmarks.faults import campaign, totals

#: Bug -> (seeds, people aim at the window).
TRIALS = {
    "none": ((2, 12), True),
    "no_reread": ((2,), True),
    "writes_twice": ((2,), False),
    "forgets_the_last": ((2,), False),
    "cursor_hole": ((3,), False),
    "no_budget": ((8,), False),
}


def main() -> None:
    """Print bug -> the columns that its seeds give."""
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with campaign("sqlite://") as play:
        found = {
            name: totals(play(seeds, PLANTS[name][0] if name in PLANTS else None, attack=attack))
            for name, (seeds, attack) in TRIALS.items()
        }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
