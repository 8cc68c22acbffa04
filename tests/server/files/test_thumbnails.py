"""Small pictures, made in a process of their own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from server.services import thumbnails
from tests.server.files import media

PIXELS = 40_000_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Where the test puts its picture."""
    return tmp_path / "source"


def test_a_picture_is_scaled_to_the_side(source: Path, tmp_path: Path) -> None:
    source.write_bytes(media.picture("PNG", (2000, 500)))
    facts = thumbnails.make(source, tmp_path / "out", side=640, pixels=PIXELS)
    assert facts == thumbnails.Facts(2000, 500, made=True)
    with Image.open(tmp_path / "out") as small:
        assert small.size == (640, 160)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_every_safe_format_is_read(source: Path, tmp_path: Path, kind: str) -> None:
    source.write_bytes(media.picture(kind))
    assert thumbnails.make(source, tmp_path / "out", side=640, pixels=PIXELS) == thumbnails.Facts(64, 40, made=True)


def test_orientation_is_applied_and_the_place_is_gone(source: Path, tmp_path: Path) -> None:
    photo = media.photo_with_gps()
    with Image.open(io.BytesIO(photo)) as original:
        assert original.getexif().get_ifd(0x8825)
    source.write_bytes(photo)
    facts = thumbnails.make(source, tmp_path / "out", side=640, pixels=PIXELS)
    assert facts == thumbnails.Facts(40, 64, made=True)
    with Image.open(tmp_path / "out") as small:
        assert small.size == (40, 64)
        assert not dict(small.getexif())
    assert b"SecretCamera" not in (tmp_path / "out").read_bytes()


def test_a_bomb_is_told_by_its_header_and_not_decoded(source: Path, tmp_path: Path) -> None:
    source.write_bytes(media.bomb(60_000, 60_000))
    facts = thumbnails.make(source, tmp_path / "out", side=640, pixels=PIXELS)
    assert facts is not None
    assert facts.too_many
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("data", [b"", b"no picture", media.SVG, media.bomb(5000, 5000), media.picture()[:40]])
def test_what_is_no_picture_makes_no_thumbnail(source: Path, tmp_path: Path, data: bytes) -> None:
    source.write_bytes(data)
    assert thumbnails.make(source, tmp_path / "out", side=640, pixels=PIXELS) is None
    assert not (tmp_path / "out").exists()


def test_a_format_outside_the_list_is_refused(source: Path, tmp_path: Path) -> None:
    source.write_bytes(media.picture("TIFF"))
    assert thumbnails.make(source, tmp_path / "out", side=640, pixels=PIXELS) is None


def test_an_avatar_is_a_square(source: Path, tmp_path: Path) -> None:
    source.write_bytes(media.picture("JPEG", (300, 900)))
    thumbnails.make(source, tmp_path / "out", side=256, pixels=PIXELS, square=True)
    with Image.open(tmp_path / "out") as small:
        assert small.size == (256, 256)
