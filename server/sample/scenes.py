"""What the sample people said and did, read from resources/demo/scenes.txt and given real times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Literal, get_args

FileKind = Literal["photo", "report", "table"]
DeedKind = Literal["react", "edit", "delete", "pin", "star", "mute", "archive", "hold", "draft"]

_SAID = re.compile(
    r"(?P<who>[a-z]+)(?: #(?P<label>[a-z-]+))?(?: > (?P<answers>[a-z-]+))?:"
    r"(?: \[(?P<kind>photo|report|table|forward) (?P<names>[^\]]+)\])?(?P<text>.*)"
)
_DONE = re.compile(
    rf"(?P<who>[a-z ]+?) (?P<what>{'|'.join(get_args(DeedKind))})(?: (?P<of>[a-z-]+))?(?:: (?P<text>.*))?"
)
_GROUP = re.compile(r"(?P<title>[^:]+): (?P<people>[a-z, ]+)")
_FRESHEST_S = 30 * 60
"""The newest scene ended at least so long ago, whenever the sample is made."""
_THINKING_S = 35.0
_TYPING_S_PER_CHARACTER = 0.4
_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class Said:
    """One message to be: who sends what, with files of a kind, or what another message says.

    `label` names it for what is done with it later; `answers` and `forwards` are labels of others.
    """

    who: str
    text: str
    kind: FileKind | None = None
    names: tuple[str, ...] = ()
    label: str = ""
    answers: str = ""
    forwards: str = ""

    @property
    def took_ms(self) -> int:
        """How long writing it took."""
        return round((_THINKING_S + _TYPING_S_PER_CHARACTER * len(self.text)) * _MILLISECONDS)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done by each of some people, to the message with the label `of` or to the place itself."""

    who: tuple[str, ...]
    what: DeedKind
    of: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scene plays: between two people, or in a group with a title; its owner stands first."""

    people: tuple[str, ...]
    title: str = ""
    admins: tuple[str, ...] = ()


@dataclass(slots=True)
class Scene:
    """Some lines and deeds in a row. `unread_by` have not seen it."""

    place: Place
    days_ago: int
    clock: timedelta
    steps: list[Said | Deed] = field(default_factory=list)
    unread_by: tuple[str, ...] = ()

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
    return sorted(parsed(text), key=lambda scene: (-scene.days_ago, scene.clock))


def timed(scenes: list[Scene], now_ms: int) -> list[tuple[int, Scene]]:
    """Each scene with its time, oldest first. Early in the day today's scenes are moved to before now."""
    too_new = now_ms - _FRESHEST_S * _MILLISECONDS
    shifted = any(scene.begins_ms(now_ms, shifted=False) > too_new for scene in scenes)
    placed = [(scene.begins_ms(now_ms, shifted=shifted), scene) for scene in scenes]
    return sorted(placed, key=lambda one: one[0])


def parsed(text: str) -> Iterator[Scene]:
    """The file's scenes, each with its place. Raises ValueError naming a line that is none of its kinds."""
    place = Place(())
    scene: Scene | None = None
    for line in (line.strip() for line in text.splitlines()):
        match line.split(" "):
            case [""] | ["#", *_]:
                continue
            case ["@", *_]:
                place = _place(line[2:])
            case ["--", days, clock]:
                if scene is not None:
                    yield scene
                hours, minutes = clock.split(":")
                scene = Scene(place, int(days), timedelta(hours=int(hours), minutes=int(minutes)))
            case _ if scene is not None:
                _add_line(scene, line)
            case _:
                raise ValueError(f"a line outside of scenes: {line!r}")
    if scene is not None:
        yield scene


def _place(line: str) -> Place:
    """Two names, or a title and its people. Raises ValueError where it is neither."""
    group = _GROUP.fullmatch(line)
    if group is None:
        one, other = line.split(" ")
        return Place((one, other))
    people = [person.split() for person in group["people"].split(",")]
    admins = tuple(person[0] for person in people if person[1:] == ["admin"])
    return Place(tuple(person[0] for person in people), group["title"], admins)


def _add_line(scene: Scene, line: str) -> None:
    """One line inside a scene. Raises ValueError where it is none."""
    match line.split(" "):
        case ["unread", *who]:
            scene.unread_by = tuple(who)
        case ["+", *_]:
            scene.steps.append(_deed(line[2:]))
        case _:
            scene.steps.append(_said(line))


def _said(line: str) -> Said:
    """A message to be. Raises ValueError where it is none."""
    said = _SAID.fullmatch(line)
    if said is None:
        raise ValueError(f"no line of a scene: {line!r}")
    text = said["text"].strip().replace(r"\n", "\n")
    label, answers = said["label"] or "", said["answers"] or ""
    if said["kind"] == "forward":
        return Said(said["who"], text, label=label, forwards=said["names"])
    kind: FileKind | None = said["kind"]  # type: ignore[assignment]  # the pattern allows nothing else
    return Said(said["who"], text, kind, _split(said["names"]), label, answers)


def _deed(line: str) -> Deed:
    """Something done. Raises ValueError where it is nothing."""
    done = _DONE.fullmatch(line)
    if done is None:
        raise ValueError(f"nothing that can be done: {line!r}")
    what: DeedKind = done["what"]  # type: ignore[assignment]  # the pattern allows nothing else
    return Deed(tuple(done["who"].split()), what, done["of"] or "", done["text"] or "")


def _split(names: str | None) -> tuple[str, ...]:
    """The files of a line; bars stand between the pictures of an album."""
    return () if names is None else tuple(name.strip() for name in names.split("|"))


def lines(scenes: Sequence[Scene]) -> Iterator[Said]:
    """Every message to be."""
    return (step for scene in scenes for step in scene.steps if isinstance(step, Said))
