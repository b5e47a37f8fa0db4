"""Serving from the command line: one JSON line when ready, then until a signal or ``POST stop``."""

from __future__ import annotations

import json
import signal
import sys
from typing import Any, TextIO

from crmbridge.sandbox.arguments import parse_options
from crmbridge.sandbox.sandbox import Sandbox, SandboxOptions


def serve_forever(options: SandboxOptions | None = None, out: TextIO | None = None, **given: Any) -> None:
    """Start a sandbox, write the ready line, and serve until SIGINT, SIGTERM or ``POST stop``.

    Must run in the main thread, which alone gets signals.

    Args:
        options: How to start; None takes ``given``, options as the command line has them.
        out: Where the ready line goes; None: standard output.
        given: As `crmbridge.sandbox.arguments.parse_options` takes them.

    Raises:
        ConfigError: A file cannot be loaded.
        OSError: A port is taken.
    """
    stream = out or sys.stdout
    previous = {name: signal.signal(name, _interrupt) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Sandbox(options or parse_options(**given)) as sandbox:
            stream.write(json.dumps(sandbox.ready) + "\n")
            stream.flush()
            sandbox.wait()
    except KeyboardInterrupt:
        stream.flush()
    finally:
        for name, handler in previous.items():
            signal.signal(name, handler)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
