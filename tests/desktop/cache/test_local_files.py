"""A chosen file is measured before it is uploaded, so that its bubble can reserve a picture's size."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from desktop.cache.local_files import measured, pixels
from desktop.core.attaching import in_words
from desktop.core.ports import LocalFile


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_a_pictures_pixels_are_read_from_its_beginning(form: str, options: dict[str, bool], tmp_path: Path) -> None:
    path = tmp_path / "picture"
    Image.new("RGB", (321, 123), "teal").save(path, form, **options)
    assert measured(path) == LocalFile(path.stat().st_size, 321, 123)


@pytest.mark.parametrize(
    ("orientation", "expected"), [(1, (321, 123)), (3, (321, 123)), (6, (123, 321)), (8, (123, 321))]
)
def test_a_camera_picture_is_measured_upright(orientation: int, expected: tuple[int, int]) -> None:
    data, exif = BytesIO(), Image.Exif()
    exif[0x010F] = "a maker"
    exif[0x0112] = orientation
    Image.new("RGB", (321, 123)).save(data, "JPEG", exif=exif)
    assert pixels(data.getvalue()) == expected


def test_a_webp_with_transparency_is_read_too() -> None:
    data = BytesIO()
    image = Image.new("RGBA", (300, 200), (1, 2, 3, 4))
    image.save(data, "WEBP", exif=Image.Exif(), lossless=False)
    assert pixels(data.getvalue()) == (300, 200)


@given(
    st.binary(max_size=64),
    st.sampled_from(
        [
            b"",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            b"\xff\xd8\xff",
            b"\xff\xd8\xff\xe1\0\x20Exif\0\0II",
            b"RIFFxxxxWEBPVP8 ",
        ]
    ),
)
def test_what_is_no_picture_gives_nothing_and_breaks_nothing(rest: bytes, start: bytes) -> None:
    found = pixels(start + rest)
    assert found is None or (found[0] >= 0 and found[1] >= 0)


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        measured(tmp_path)
    with pytest.raises(FileNotFoundError):
        measured(tmp_path / "none")


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 KB"), (3_140_000, "3.1 MB"), (25_000_000, "25 MB")],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert in_words(size) == words
