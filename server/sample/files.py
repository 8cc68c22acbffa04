"""The sample's own pictures, reports and tables, drawn from their names: the same name is always the same file."""

from __future__ import annotations

import csv
import io
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from server.sample.scenes import FileKind

Colour = tuple[int, int, int]

_SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((125, 170, 255), (255, 214, 165)),
    ((74, 110, 190), (240, 160, 150)),
    ((150, 200, 240), (235, 245, 250)),
    ((24, 30, 66), (92, 76, 132)),
    ((255, 190, 120), (250, 235, 200)),
)
_SIZES = ((1280, 720), (1200, 900), (900, 1200), (1280, 854))
_SEED = 3340
"""Chosen so that the crane at night is dark and the harbour in the morning is not."""
_AVATAR_PX = 320
_PAPER = (1240, 1754)
"""A4 at 150 dots an inch."""


def made(kind: FileKind, name: str) -> bytes:
    """The bytes of a file that somebody sends."""
    makers: dict[FileKind, Callable[[str], bytes]] = {"photo": photo, "report": report, "table": table}
    return makers[kind](name)


def photo(name: str) -> bytes:
    """A landscape in JPEG: sky, sun or moon, hills and water."""
    chance = random.Random(f"{name} {_SEED}")  # noqa: S311 - draws pictures, keeps no secret
    size = chance.choice(_SIZES)
    picture = _gradient(size, *chance.choice(_SKIES))
    draw = ImageDraw.Draw(picture)
    _sun(draw, size, chance)
    for depth in range(3):
        _hill(draw, size, depth, chance)
    _water(picture, size, chance)
    return _encoded(picture.filter(ImageFilter.GaussianBlur(0.6)), "JPEG", quality=86)


@dataclass(frozen=True, slots=True)
class Looks:
    """How somebody is painted."""

    ground: Colour
    skin: Colour
    hair: Colour
    hair_is_long: bool = False


def avatar(looks: Looks) -> bytes:
    """A portrait in PNG: head and shoulders before a colour."""
    side = _AVATAR_PX
    picture = _gradient((side * 2, side * 2), looks.ground, _mixed(looks.ground, (255, 255, 255), 0.4))
    draw = ImageDraw.Draw(picture)

    def oval(left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        draw.ellipse(tuple(2 * side * part for part in (left, top, right, bottom)), fill=colour)

    if looks.hair_is_long:
        oval(0.24, 0.14, 0.76, 0.92, looks.hair)
    oval(0.10, 0.74, 0.90, 1.50, _mixed(looks.ground, (16, 20, 34), 0.6))
    oval(0.42, 0.56, 0.58, 0.84, _mixed(looks.skin, (60, 30, 20), 0.2))
    oval(0.31, 0.20, 0.69, 0.70, looks.skin)
    draw.chord(tuple(2 * side * part for part in (0.29, 0.14, 0.71, 0.62)), 188, 352, fill=looks.hair)
    return _encoded(picture.resize((side, side), Image.Resampling.LANCZOS), "PNG")


def report(name: str) -> bytes:
    """A page in PDF with a heading, lines of text and a chart."""
    chance = random.Random(name)  # noqa: S311 - draws pictures, keeps no secret
    page = Image.new("RGB", _PAPER, (255, 255, 255))
    draw = ImageDraw.Draw(page)
    draw.text((120, 120), name.removesuffix(".pdf"), fill=(27, 31, 39), font=ImageFont.load_default(56))
    draw.text((120, 210), "Harbour project", fill=(79, 91, 112), font=ImageFont.load_default(30))
    for line in range(16):
        width = chance.randint(620, 1000)
        draw.rectangle((120, 320 + 34 * line, 120 + width, 332 + 34 * line), fill=(214, 219, 228))
    for bar in range(12):
        height = chance.randint(60, 380)
        left = 130 + 82 * bar
        draw.rectangle((left, 1400 - height, left + 54, 1400), fill=(47, 111, 237))
    draw.line((110, 1402, 1120, 1402), fill=(79, 91, 112), width=3)
    return _encoded(page, "PDF", resolution=150)


def table(name: str) -> bytes:
    """Rows of comma-separated values."""
    chance = random.Random(name)  # noqa: S311 - fills tables, keeps no secret
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["number", "place", "value", "remark"])
    places = ["north quay", "east side", "cannery", "stairs", "crane"]
    for number in range(1, 16):
        rows.writerow([number, chance.choice(places), chance.randint(12, 96), chance.choice(["", "", "checked"])])
    return text.getvalue().encode()


def _encoded(picture: Image.Image, kind: str, **options: float) -> bytes:
    """The picture as a file of Pillow's format `kind`."""
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """A vertical gradient."""
    column = Image.new("RGB", (1, 256))
    for step in range(256):
        column.putpixel((0, step), _mixed(top, bottom, step / 255))
    return column.resize(size, Image.Resampling.BILINEAR)


def _mixed(one: Colour, other: Colour, part: float) -> Colour:
    """`part` of `other` in `one`."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _sun(draw: ImageDraw.ImageDraw, size: tuple[int, int], chance: random.Random) -> None:
    """A disc in the upper half."""
    x, y = size[0] * chance.uniform(0.2, 0.8), size[1] * chance.uniform(0.15, 0.4)
    radius = min(size) * 0.05
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 247, 224))


def _hill(draw: ImageDraw.ImageDraw, size: tuple[int, int], depth: int, chance: random.Random) -> None:
    """A line of hills, darker the nearer."""
    width, height = size
    waves = [(chance.uniform(0.6, 2.4), chance.uniform(0, math.tau), chance.uniform(0.02, 0.06)) for _ in range(3)]
    level = 0.5 + 0.09 * depth
    top = [
        (x, height * (level + sum(a * math.sin(f * math.tau * x / width + p) for f, p, a in waves)))
        for x in range(0, width + 8, 8)
    ]
    colour = _mixed((122, 142, 170), (38, 56, 82), depth / 2)
    draw.polygon([(0, height), *top, (width, height)], fill=colour)


def _water(picture: Image.Image, size: tuple[int, int], chance: random.Random) -> None:
    """The lowest part: water with streaks of light."""
    width, height = size
    shore = round(height * 0.84)
    picture.paste(_gradient((width, height - shore), (58, 92, 128), (30, 52, 82)), (0, shore))
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = chance.randint(0, width), chance.randint(shore, height)
        draw.line((x, y, x + chance.randint(20, 120), y), fill=(132, 164, 194), width=2)
