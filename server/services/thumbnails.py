"""Pictures made small in a process of their own, with limits: no crafted file harms the server (reliability T19).

Run as `python -m server.services.thumbnails SOURCE TARGET SIDE square|fit PIXELS`; prints the facts as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from protocol import blurhash

if TYPE_CHECKING:
    from PIL import Image

_MEMORY_BYTES = 1024 * 1024 * 1024
"""40 megapixels decode to 160 MB; a second copy while scaling and the interpreter fit well below this."""
_CPU_S = 10
_WALL_S = 20
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
"""Named, because Pillow opens over forty formats, and bombs hide in the rare ones (reliability W4)."""


BLURRED_SIDE = 32
"""Pixels a side of the copy whose colours are told: 4 ms, whatever the picture's size (measured)."""

_LYING = (5, 6, 7, 8)
"""EXIF orientations that swap width and height (CIPA DC-008, 4.6.4)."""


class Facts(Struct, frozen=True):
    """What the child found: pixels when upright, and whether it made a thumbnail. `too_many`: pixels, not decoded.

    `blurhash` is the text of `Attachment.blurhash`, where there is a thumbnail.
    """

    width: int
    height: int
    made: bool
    too_many: bool = False
    blurhash: str | None = None


def make(source: Path, target: Path, *, side: int, pixels: int, square: bool = False) -> Facts | None:
    """Write a picture of at most `side` pixels to `target`; None where the source is no picture Pillow can read.

    Cooperates under gevent, whose patched subprocess waits without blocking.
    """
    shape = "square" if square else "fit"
    command = [sys.executable, "-m", __name__, str(source), str(target), str(side), shape, str(pixels)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_WALL_S, check=False)  # noqa: S603 - our own module, no shell
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return None
    return Facts(**json.loads(done.stdout))


def _limit() -> None:
    """Bound memory and processor time where the platform can; Windows has the wall clock alone."""
    if os.name == "nt":
        return
    import resource  # noqa: PLC0415 - not on Windows

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(source: str, target: str, side: int, shape: str, pixels: int) -> dict[str, object]:
    """The child's work: check the header's size first, decode, turn upright, scale, write without any metadata."""
    from PIL import ExifTags, Image, ImageOps  # noqa: PLC0415 - only the child pays for Pillow

    Image.MAX_IMAGE_PIXELS = None
    with Image.open(source, formats=_FORMATS) as opened:
        width, height = opened.size
        if width * height > pixels:
            return {"width": width, "height": height, "made": False, "too_many": True}
        if opened.format == "JPEG":
            opened.draft("RGB", (side * 2, side * 2))
        turned = opened.getexif().get(ExifTags.Base.Orientation, 1) in _LYING
        opened.load()
        upright = ImageOps.exif_transpose(opened)
    box = (side, side)
    small = ImageOps.fit(upright, box) if shape == "square" else upright.copy()
    small.thumbnail(box)
    has_alpha = "A" in small.getbands() or "transparency" in small.info
    clean = small.convert("RGBA" if has_alpha else "RGB")
    clean.info.clear()
    clean.save(target, format="WEBP", quality=82, exif=b"", icc_profile=b"", xmp=b"")
    upright_size = {"width": height if turned else width, "height": width if turned else height}
    return {**upright_size, "made": True, "blurhash": _blurred(clean)}


def _blurred(small: Image.Image) -> str:
    """The blurhash of a picture in RGB or RGBA; what can be seen through takes the mean of what cannot."""
    from PIL import Image  # noqa: PLC0415 - only the child pays for Pillow

    tiny = small.resize((BLURRED_SIDE, BLURRED_SIDE))
    if tiny.mode == "RGBA":
        ground = Image.new("RGBA", tiny.size, (*_mean(tiny), 255))
        tiny = Image.alpha_composite(ground, tiny).convert("RGB")
    return blurhash.encode(tiny.tobytes(), *tiny.size, blurhash.WIDE if small.width > small.height else blurhash.TALL)


def _mean(picture: Image.Image) -> tuple[int, ...]:
    """The mean colour of an RGBA picture by how much of it is seen: Pillow weighs by alpha when it scales."""
    pixel = picture.resize((1, 1)).getpixel((0, 0))
    return tuple(int(value) for value in pixel[:3]) if isinstance(pixel, tuple) else (0, 0, 0)


def main(arguments: list[str]) -> int:
    """Do one picture; 1 where it cannot be read, whatever the reason."""
    _limit()
    warnings.simplefilter("ignore")
    source, target, side, shape, pixels = arguments
    try:
        facts = _run(source, target, int(side), shape, int(pixels))
    except Exception:  # noqa: BLE001 - a hostile file may raise anything; the parent only needs to know that it failed
        Path(target).unlink(missing_ok=True)
        return 1
    sys.stdout.write(json.dumps(facts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
