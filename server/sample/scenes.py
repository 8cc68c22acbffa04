"""What the sample people said to each other, read from resources/demo/scenes.txt and given real times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Literal

FileKind = Literal["photo", "report", "table"]

_LINE = re.compile(r"(?P<who>[a-z]+): (?:\[(?P<kind>photo|report|table) (?P<name>[^\]]+)\] ?)?(?P<text>.*)")
_FRESHEST_S = 30 * 60
"""The newest scene ended at least so long ago, whenever the sample is made."""
_THINKING_S = 35.0
_TYPING_S_PER_CHARACTER = 0.4
_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class Said:
    """One message to be: who sends what, with a file of a kind and name or without."""

    who: str
    text: str
    kind: FileKind | None = None
    name: str = ""

    @property
    def took_ms(self) -> int:
        """How long writing it took."""
        return round((_THINKING_S + _TYPING_S_PER_CHARACTER * len(self.text)) * _MILLISECONDS)


@dataclass(slots=True)
class Scene:
    """Some lines of two people in a row. `unread`: the one who did not speak last has not seen it."""

    pair: tuple[str, str]
    days_ago: int
    clock: timedelta
    lines: list[Said] = field(default_factory=list)
    unread: bool = False

    def begins_ms(self, now_ms: int, *, shifted: bool) -> int:
        """The scene's time in milliseconds since 1970, by this computer's zone; `shifted` squeezes it before now."""
        now = datetime.fromtimestamp(now_ms / _MILLISECONDS, UTC).astimezone()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if shifted and self.days_ago == 0:
            until_midnight = timedelta(days=1) - self.clock
            at = now - timedelta(seconds=_FRESHEST_S) - until_midnight / 60
        else:
            at = midnight - timedelta(days=self.days_ago) + self.clock
        return round(at.timestamp() * _MILLISECONDS)


def read_scenes() -> list[Scene]:
    """All scenes in the order in which they happened."""
    text = (files("resources") / "demo" / "scenes.txt").read_text(encoding="utf-8")
    return sorted(_parsed(text), key=lambda scene: (-scene.days_ago, scene.clock))


def timed(scenes: list[Scene], now_ms: int) -> list[tuple[int, Scene]]:
    """Each scene with its time, oldest first. Early in the day today's scenes are moved to before now."""
    too_new = now_ms - _FRESHEST_S * _MILLISECONDS
    shifted = any(scene.begins_ms(now_ms, shifted=False) > too_new for scene in scenes)
    placed = [(scene.begins_ms(now_ms, shifted=shifted), scene) for scene in scenes]
    return sorted(placed, key=lambda one: one[0])


def _parsed(text: str) -> Iterator[Scene]:
    """The file's scenes, each with its pair. Raises ValueError naming a line that is none of its kinds."""
    pair = ("", "")
    scene: Scene | None = None
    for line in (line.strip() for line in text.splitlines()):
        match line.split(" "):
            case [""] | ["#", *_]:
                continue
            case ["@", one, other]:
                pair = (one, other)
            case ["--", days, clock]:
                if scene is not None:
                    yield scene
                hours, minutes = clock.split(":")
                scene = Scene(pair, int(days), timedelta(hours=int(hours), minutes=int(minutes)))
            case _ if scene is not None:
                _add_line(scene, line)
            case _:
                raise ValueError(f"a line outside of scenes: {line!r}")
    if scene is not None:
        yield scene


def _add_line(scene: Scene, line: str) -> None:
    """One line inside a scene. Raises ValueError where it is none."""
    said = _LINE.fullmatch(line)
    if line == "unread":
        scene.unread = True
    elif said is None:
        raise ValueError(f"no line of a scene: {line!r}")
    else:
        kind: FileKind | None = said["kind"]  # type: ignore[assignment]  # the pattern allows nothing else
        scene.lines.append(Said(said["who"], said["text"], kind, said["name"] or ""))
