"""The app's icons can be drawn again from the drawing, in every size the platforms ask for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]


def test_the_icons_are_drawn_again(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "icons.py"
    run = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    with Image.open(tmp_path / "hearth.png") as png:
        assert png.size == (512, 512)
        assert png.getchannel("A").getpixel((0, 0)) == 0
        assert png.getchannel("A").getpixel((256, 256)) == 255
    with Image.open(tmp_path / "hearth.ico") as ico:
        assert {16, 32, 48, 256} <= {width for width, _height in ico.info["sizes"]}
    with Image.open(tmp_path / "hearth.icns") as icns:
        assert (512, 512, 2) in icns.info["sizes"]
