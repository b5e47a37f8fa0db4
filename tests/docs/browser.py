"""Headless Chromium: a page's picture, its PDF, and what its console said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

#: None: not installed.
CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)  # fmt: skip
#: Pages are opened offline: whatever would be fetched is refused, and the console says so.
_OFFLINE = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--no-first-run")
_LIMIT_SECONDS = 120


def photograph(page: Path, picture: Path, width: int, height: int, *, dark: bool = False) -> str:
    """Take a picture; returns what the console said."""
    looks = (
        ("--blink-settings=preferredColorScheme=0",) if dark else ("--blink-settings=preferredColorScheme=1",)
    )
    return _open(
        page, f"--screenshot={picture}", f"--window-size={width},{height}", "--hide-scrollbars", *looks
    )


def print_pdf(page: Path, pdf: Path) -> str:
    """Print it; returns what the console said."""
    return _open(page, f"--print-to-pdf={pdf}", "--no-pdf-header-footer")


def rendered(page: Path, width: int, height: int) -> str:
    """Give the document as the browser has built it."""
    return _run(page, "--dump-dom", f"--window-size={width},{height}").stdout


def _open(page: Path, *options: str) -> str:
    said = _run(page, *options).stderr
    return "\n".join(line for line in said.splitlines() if "CONSOLE" in line)


def _run(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    if CHROMIUM is None:
        raise FileNotFoundError("Chromium is not installed")
    with TemporaryDirectory(prefix="crmbridge-chromium-") as profile:
        return subprocess.run(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
             f"--user-data-dir={profile}", *_OFFLINE, *options, page.as_uri()],
            check=True, capture_output=True, text=True, timeout=_LIMIT_SECONDS,
        )  # fmt: skip
