"""Makes the pictures of the documents again, from the demo on a virtual display. Needs Xvfb and xdotool."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "pictures"
WANTED = {
    "hearth": ("anna-light", "maya-dark"),
    "group": ("maya-light",),
    "dark": ("anna-dark",),
    "search": ("search-light",),
}
"""Each picture, and what of the demo's stands in it side by side."""
SOUGHT = "lamp"
SCALE = 2 / 3
"""Of pictures of two windows, which are as wide as a page all the same."""


def main() -> int:
    """Run the demo and write what is wanted of it; the exit status is the demo's."""
    with tempfile.TemporaryDirectory(prefix="hearth-pictures-") as folder:
        demo = [sys.executable, "-m", "desktop", "demo", "--virtual", "--search", SOUGHT, "--pictures", folder]
        status = subprocess.run(demo, cwd=ROOT, check=False).returncode  # noqa: S603 - our own module
        if status == 0:
            for name, parts in WANTED.items():
                beside([Path(folder) / f"{part}.png" for part in parts]).save(TARGET / f"{name}.png", optimize=True)
                print(f"Written: {(TARGET / name).relative_to(ROOT)}.png")
    return status


def beside(paths: list[Path]) -> Image.Image:
    """Pictures of one height in a row, smaller where they are several."""
    parts = [Image.open(path).convert("RGB") for path in paths]
    row = Image.new("RGB", (sum(part.width for part in parts), parts[0].height))
    left = 0
    for part in parts:
        row.paste(part, (left, 0))
        left += part.width
    if len(parts) > 1:
        size = (round(row.width * SCALE), round(row.height * SCALE))
        row = row.resize(size, Image.Resampling.LANCZOS)
    return row


if __name__ == "__main__":
    sys.exit(main())
