"""Draws the app's icons of every platform from resources/app/hearth.svg (`make icons`), or into the folder named."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

FOLDER = Path(__file__).parents[1] / "resources" / "app"

# Windows asks for the small ones on its bars, macOS for up to 1024; a Linux desktop takes one large picture.
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_SIZES = (16, 32, 64, 128, 256, 512, 1024)
PNG_SIZE = 512


def drawn(renderer: QSvgRenderer, size: int) -> Image.Image:
    """The drawing at a size in pixels, with transparency."""
    picture = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    renderer.render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not picture.save(buffer, "PNG"):  # type: ignore[call-overload] # the stub wants bytes, PySide6 a str
        raise OSError("Qt cannot write PNG pictures")
    return Image.open(io.BytesIO(bytes(buffer.data().data())))


def main(folder: Path) -> None:
    """Draw all sizes and write the files into this folder."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    QGuiApplication([])
    renderer = QSvgRenderer(str(FOLDER / "hearth.svg"))
    pictures = {size: drawn(renderer, size) for size in {*ICO_SIZES, *ICNS_SIZES, PNG_SIZE}}
    pictures[PNG_SIZE].save(folder / "hearth.png", optimize=True)
    largest = pictures[max(ICO_SIZES)]
    largest.save(
        folder / "hearth.ico",
        sizes=[(size, size) for size in ICO_SIZES],
        append_images=[pictures[size] for size in ICO_SIZES],
    )
    pictures[max(ICNS_SIZES)].save(folder / "hearth.icns", append_images=[pictures[size] for size in ICNS_SIZES])
    for name in ("hearth.png", "hearth.ico", "hearth.icns"):
        print(f"{name}: {(folder / name).stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
