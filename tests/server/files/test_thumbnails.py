"""Small pictures, made in a process of their own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from protocol import blurhash
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
    assert facts is not None
    assert (facts.width, facts.height, facts.made) == (2000, 500, True)
    with Image.open(tmp_path / "out") as small:
        assert small.size == (640, 160)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_every_safe_format_is_read(source: Path, tmp_path: Path, kind: str) -> None:
    source.write_bytes(media.picture(kind))
    facts = thumbnails.make(source, tmp_path / "out", side=640, pixels=PIXELS)
    assert facts is not None
    assert (facts.width, facts.height, facts.made) == (64, 40, True)


def test_orientation_is_applied_and_the_place_is_gone(source: Path, tmp_path: Path) -> None:
    photo = media.photo_with_gps()
    with Image.open(io.BytesIO(photo)) as original:
        assert original.getexif().get_ifd(0x8825)
    source.write_bytes(photo)
    facts = thumbnails.make(source, tmp_path / "out", side=640, pixels=PIXELS)
    assert facts is not None
    assert (facts.width, facts.height, facts.made) == (40, 64, True)
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


def blurred(source: Path, tmp_path: Path) -> list[tuple[int, int, int]]:
    """The blurhash of a picture, decoded into two pixels beside each other."""
    facts = thumbnails.make(source, tmp_path / "out", side=640, pixels=PIXELS)
    assert facts is not None
    assert facts.blurhash is not None
    rgb = blurhash.decode(facts.blurhash, 8, 1)
    return [(rgb[at], rgb[at + 1], rgb[at + 2]) for at in (0, 21)]


def test_the_blurhash_has_the_pictures_colours_where_they_are(source: Path, tmp_path: Path) -> None:
    halves = Image.new("RGB", (900, 400), (220, 30, 30))
    halves.paste((20, 40, 200), (450, 0, 900, 400))
    halves.save(source, "PNG")
    left, right = blurred(source, tmp_path)
    assert left[0] > left[2] + 100
    assert right[2] > right[0] + 100


def test_what_can_be_seen_through_does_not_darken_the_blurhash(source: Path, tmp_path: Path) -> None:
    cut_out = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    cut_out.paste((240, 200, 40, 255), (60, 20, 140, 80))
    cut_out.save(source, "PNG")
    assert all(
        abs(a - b) < 40 for pixel in blurred(source, tmp_path) for a, b in zip(pixel, (240, 200, 40), strict=True)
    )
