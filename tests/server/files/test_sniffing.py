"""What files are by their bytes, and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.services import sniffing
from tests.server.files import media


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (media.picture("PNG"), "x.exe", "image/png"),
        (media.picture("JPEG"), "x", "image/jpeg"),
        (media.picture("GIF"), "x.png", "image/gif"),
        (media.picture("WEBP"), "x", "image/webp"),
        (media.MP4, "clip.mp4", "video/mp4"),
        (media.WEBM, "clip.webm", "video/webm"),
        (media.MOV, "clip.mov", "video/quicktime"),
        (media.PDF, "x.pdf", "application/pdf"),
        (b"a,b\n1,2\n", "table.csv", "text/csv"),
        (b"hello\n", "notes.txt", "text/plain"),
        (b"hello\n", "photo.png", "application/octet-stream"),
        (b"", "empty.txt", "text/plain"),
        (media.SVG, "logo.svg", "application/octet-stream"),
        (media.SVG, "logo.png", "application/octet-stream"),
        (media.HTML, "page.html", "application/octet-stream"),
        (media.HTML, "page.txt", "application/octet-stream"),
    ],
)
def test_the_bytes_decide_the_type(tmp_path: Path, data: bytes, name: str, expected: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    assert sniffing.sniff(file, name) == expected


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("report.pdf. . ", "report.pdf"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\0b\n.txt", "ab .txt"),
        ('we"ird<>|?.txt', "we_ird____.txt"),
        ("", "file"),
        (None, "file"),
        ("...", "file"),
    ],
)
def test_names_are_no_paths_and_no_disguise(given_name: str | None, expected: str) -> None:
    assert sniffing.file_name(given_name) == expected


def test_a_long_name_keeps_its_extension() -> None:
    name = sniffing.file_name("x" * 500 + ".tar.gz")
    assert len(name) == 200
    assert name.endswith(".gz")


@given(st.text(max_size=300))
def test_any_name_can_be_saved_under(name: str) -> None:
    clean = sniffing.file_name(name)
    assert clean
    assert clean not in {".", ".."}
    assert len(clean) <= 200
    assert not set(clean) & set('/\\:*?"<>|\0\n\r')
    assert clean == sniffing.file_name(clean)
    clean.encode()
