"""The demo as it runs where there is no display: a minute on a virtual one, and pictures of both windows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from desktop.demo.script import ACTS, PLAY, TEAM, WINDOWS


def test_everybody_in_the_script_is_known() -> None:
    people = {"anna", "maya", "sofia", "ravi", "tomas", "jun"}
    assert {cue.who for cue in PLAY} <= people - set(WINDOWS)
    assert {cue.to for cue in PLAY if cue.to} == {*WINDOWS, TEAM}
    assert {place for act in ACTS for place in act.places} == {*WINDOWS, TEAM}


@pytest.mark.timeout(300)
def test_without_a_display_it_leaves_pictures_of_both_windows_in_both_themes(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    env.pop("QT_QPA_PLATFORM", None)
    pictures = tmp_path / "demo-pictures"
    run = subprocess.run(
        [sys.executable, "-m", "desktop", "demo", "--pace", "0.1", "--pictures", str(pictures)],
        env=env,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "no display here" in run.stdout
    names = [f"{who}-{theme}.png" for who in WINDOWS for theme in ("dark", "light")]
    assert sorted(path.name for path in pictures.iterdir()) == names
    for name in names:
        assert str(pictures / name) in run.stdout
        with Image.open(pictures / name) as picture:
            assert picture.size == (1240, 780)
            # A window with a list, bubbles and a photo, not an empty or black rectangle.
            assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 500
            mean = ImageStat.Stat(picture.convert("L")).mean[0]
            assert (mean > 128) == name.endswith("light.png")
