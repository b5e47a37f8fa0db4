"""Headless Chromium: a page's picture, its PDF, and what its console said."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: None: not installed.
CHROMIUM = next((found for name in _NAMES if (found := shutil.which(name))), None)
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


def measured(page: Path, folder: Path, width: int) -> int:
    """Give how many pixels wide the page is when its window is so wide.

    A window of Chromium is at least 500 pixels wide, so the page is looked at through a frame. The frame's
    page is a copy without the policy that forbids scripts: one of them measures.
    """
    text = page.read_text("utf-8").replace("Content-Security-Policy", "x-measured")
    measure = "parent.document.title = document.documentElement.scrollWidth"
    inner, outer = folder / "inner.html", folder / "outer.html"
    inner.write_text(text.replace("</body>", f"<script>{measure}</script></body>"), "utf-8")
    outer.write_text(
        f'<title></title><iframe width="{width}" height="800" style="border:0" src="inner.html"></iframe>',
        "utf-8",
    )
    built = _run(outer, "--dump-dom", "--allow-file-access-from-files", "--window-size=1400,900").stdout
    found = re.search(r"<title>(\d+)</title>", built)
    if found is None:
        raise AssertionError("the page was not measured")
    return int(found[1])


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
