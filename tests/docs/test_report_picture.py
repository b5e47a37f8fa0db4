"""The page in a browser: Chromium draws it at every size and says nothing; docs/ has a picture of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from crmbridge.report import pack, page
from tests.docs.browser import CHROMIUM, measured, photograph, print_pdf
from tests.docs.report_picture import PICTURE, SIZE, contents, meeting

LEADS = 1_500
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
slow = pytest.mark.slow


def test_the_picture_in_the_documents_is_small_enough_and_of_the_page() -> None:
    """Bring it up to date with ``python -m tests.docs.report_picture``."""
    assert PICTURE.stat().st_size < 400_000
    with Image.open(PICTURE) as picture:
        assert (picture.format, picture.size) == ("PNG", SIZE)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    texts = {"page": page(contents(LEADS)), "pack": pack(meeting(LEADS), "fr")}
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@slow
@needs_chromium
@pytest.mark.parametrize(
    ("width", "height", "dark"), [(1280, 2000, False), (1280, 2000, True), (500, 3000, False)],
    ids=["desktop", "dark", "telephone"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["page", "pack"])
def test_it_is_drawn_without_a_word_on_the_console(
    pages: dict[str, Path], tmp_path: Path, name: str, width: int, height: int, *, dark: bool
) -> None:
    picture = tmp_path / "picture.png"
    assert photograph(pages[name], picture, width, height, dark=dark) == ""
    with Image.open(picture) as found:
        assert found.size == (width, height)
        grey = found.convert("L")
        assert (grey.tobytes()[0] < 60) == dark
        assert len(grey.getcolors(256) or ()) > 40  # something is drawn


@slow
@needs_chromium
@pytest.mark.parametrize("name", ["page", "pack"])
def test_it_can_be_printed(pages: dict[str, Path], tmp_path: Path, name: str) -> None:
    pdf = tmp_path / "page.pdf"
    assert print_pdf(pages[name], pdf) == ""
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF-")
    assert 3 <= content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") <= 20


@slow
@needs_chromium
@pytest.mark.parametrize("width", [360, 500, 1280])
def test_nothing_stands_out_of_the_page(pages: dict[str, Path], tmp_path: Path, width: int) -> None:
    """A telephone scrolls down, and never sideways."""
    assert measured(pages["page"], tmp_path, width) <= width
