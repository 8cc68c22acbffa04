"""What the scripted people do and answer, and what is seen of it where there is no display."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desktop.cache.settings_file import ThemeChoice

WINDOWS = ("anna", "maya")
TEAM = "Harbour team"

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "sofia": ("Noted, thank you!", "That suits me well.", "I will ask in the office and come back to you."),
    "ravi": ("On my way.", "Will do, after the lunch break.", "Two more on the east side, then we are done."),
    "tomas": ("I only mention it, but it will rain.", "Agreed.", "Send me the page and I sign it."),
    "jun": ("39 decibels. A very quiet answer.", "Good idea, I will measure it.", "Yes!"),
}


@dataclass(frozen=True, slots=True)
class Cue:
    """Who does what to whom, a username or a group's title.

    With a `text` it is typed and sent, `again` sends the newest picture once more, `reaction` is an emoji for the
    newest message of somebody else, `status` is presence.
    """

    after_s: float
    who: str
    to: str = ""
    text: str = ""
    again: bool = False
    reaction: str = ""
    status: str = ""


PLAY: tuple[Cue, ...] = (
    Cue(1.0, "jun", "anna", "Good morning! The wind turned, the flags hang the other way round now."),
    Cue(3.0, "sofia", status="away"),
    Cue(2.0, "ravi", "maya", "The lamps on the east side have power."),
    Cue(3.0, "ravi", "maya", again=True),
    Cue(4.0, "sofia", status="active"),
    Cue(1.0, "sofia", "anna", "I am back at my desk. Did the report go out?"),
    Cue(4.0, "tomas", "maya", "It will rain on Thursday. I only mention it."),
    Cue(5.0, "jun", "maya", "The flags are still silent, in case you wondered."),
    Cue(3.0, "ravi", TEAM, "Lamp controls: **done**. The key is back on its hook."),
    Cue(2.0, "sofia", TEAM, reaction="🎉"),
    Cue(1.0, "jun", TEAM, reaction="🎉"),
    Cue(4.0, "tomas", "anna", "Page four says twelve now. Thank you!"),
)
"""About half a minute, begun anew while the demo runs."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is seen without a display: both windows in a theme, each at a place, and what happens meanwhile.

    `places`: whom or which group Anna's and Maya's window show. `lines` are written by the two from second devices,
    since nobody sits at the windows. `typing`: who is writing to whom when the pictures are taken.
    """

    theme: ThemeChoice
    places: tuple[str, str]
    cues: tuple[Cue, ...]
    lines: tuple[Cue, ...]
    typing: tuple[tuple[str, str], ...]


ACTS: tuple[Act, ...] = (
    Act(
        "light",
        ("maya", TEAM),
        PLAY[:4],
        (
            Cue(0.0, "maya", "anna", "The lamps are on. You should see this!"),
            Cue(1.0, "anna", "maya", "I can, from the window. Well done."),
        ),
        (("maya", "anna"), ("jun", "anna"), ("sofia", TEAM)),
    ),
    Act(
        "dark",
        (TEAM, "anna"),
        (*PLAY[4:8], Cue(0.0, "jun", TEAM, reaction="👍")),
        (
            Cue(0.0, "anna", "maya", "The mayor has called. He will bring proper shoes."),
            Cue(1.0, "maya", "anna", "Then nothing can go wrong on Wednesday."),
        ),
        (("tomas", TEAM), ("ravi", "maya")),
    ),
)
