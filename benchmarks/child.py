"""Entry of a fresh process: calls one function and prints its result as JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module

from benchmarks.measure import plain


def main() -> None:
    """Call ``module:function`` with the JSON arguments; the last line of stdout is the result."""
    target, arguments = sys.argv[1:3]
    module, _, name = target.partition(":")
    result = getattr(import_module(f"benchmarks.{module}"), name)(**json.loads(arguments))
    print(json.dumps(plain(result)))


if __name__ == "__main__":
    main()
