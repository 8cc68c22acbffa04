"""The demo from beginning to end: with a display until the windows are closed, without one a minute and pictures."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from desktop.cache.settings_file import ThemeChoice
from desktop.demo.camera import Camera, VirtualDisplay
from desktop.demo.people import PLAY, Cue, Troupe
from desktop.demo.processes import DemoError, make_sample, start_server
from desktop.demo.profiles import Place, Window

WINDOWS = ("anna", "maya")
PICTURES = Path("demo-pictures")
_OPEN_WITHIN_S = 30.0
_SETTLE_S = 2.0
"""After a window looks at its conversation, pictures are still fetched and read messages reported."""
_ROUND_S = 45.0
_ACTS: tuple[tuple[ThemeChoice, tuple[Cue, ...], tuple[Cue, ...]], ...] = (
    (
        "light",
        PLAY[:4],
        (
            Cue(0.0, "maya", "anna", "The lamps are on. You should see this!"),
            Cue(1.0, "anna", "maya", "I can, from the window. Well done."),
        ),
    ),
    (
        "dark",
        PLAY[4:],
        (
            Cue(0.0, "anna", "maya", "The mayor has called. He will bring proper shoes."),
            Cue(1.0, "maya", "anna", "Then nothing can go wrong on Wednesday."),
        ),
    ),
)
"""What is seen without a display: a theme, some of the script, and, since nobody sits at the windows, what the two
write meanwhile from second devices."""


def main(arguments: Sequence[str]) -> int:
    """Run the demo; the exit status: 0 shown, 1 failed, 2 there is nothing to show it on."""
    parser = argparse.ArgumentParser(prog="hearth demo", description="Hearth with sample people, in two windows.")
    parser.add_argument("--virtual", action="store_true", help="use a virtual display even where there is a real one")
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="where a virtual display's pictures go")
    parser.add_argument("--pace", type=float, default=1.0, help="how slowly the sample people act (1.0)")
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Also where the shell let the demo ignore Ctrl+C: windows and server must not outlive it.
        signal.signal(number, signal.default_int_handler)
    virtual = options.virtual or not _has_display()
    folder = Path(tempfile.mkdtemp(prefix="hearth-demo-"))
    try:
        with ExitStack() as closing:
            if virtual:
                print("There is no display here: the demo runs on a virtual one for a minute and takes pictures.")
                closing.callback(VirtualDisplay().close)
            camera = Camera()
            closing.callback(camera.close)
            asyncio.run(_show(folder, camera, options.pictures if virtual else None, options.pace, closing))
    except DemoError as error:
        print(f"hearth demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo is over.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _has_display() -> bool:
    """Whether windows can open here."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


async def _show(folder: Path, camera: Camera, pictures: Path | None, pace: float, closing: ExitStack) -> None:
    """Server, windows and people; ends when the windows are closed or the pictures are taken."""
    print("Making six people and six weeks of conversations …", flush=True)
    people = {person.username: person for person in make_sample(folder / "server")}
    server, url = start_server(folder, folder / "server")
    closing.callback(server.end)
    print(f"The server listens at {url}.")
    audience = [people[name] for name in WINDOWS]
    troupe = Troupe([one for name, one in people.items() if name not in WINDOWS], url, audience, pace=pace)
    hands = Troupe(audience, url, [], pace=pace)
    windows = [Window(folder, person, url) for person in audience]
    closing.callback(_close_all, windows)
    await asyncio.gather(troupe.enter(), hands.enter(), *(window.sign_in() for window in windows))
    try:
        if pictures is None:
            await _for_people(windows, camera, troupe, await hands.conversation(*WINDOWS))
        else:
            await _for_pictures(windows, camera, troupe, hands, pictures)
    finally:
        await troupe.leave()
        await hands.leave()


async def _for_people(windows: list[Window], camera: Camera, troupe: Troupe, conversation_id: int) -> None:
    """Both windows, with the script going round until they are closed."""
    _open_all(windows, camera.places(), conversation_id, "system")
    print("Two windows open now: Anna and Maya. Write to each other, or to the others, who answer.")
    print("Close both windows, or press Ctrl+C here, to end the demo.", flush=True)
    acting = asyncio.create_task(_go_round(troupe))
    while any(window.runs for window in windows):  # noqa: ASYNC110 - a thread that waits would outlive Ctrl+C
        await asyncio.sleep(0.5)
    acting.cancel()
    await asyncio.gather(acting, return_exceptions=True)


async def _for_pictures(windows: list[Window], camera: Camera, troupe: Troupe, hands: Troupe, pictures: Path) -> None:
    """Both windows in one theme and then in the other, each with some of the script and a picture."""
    await asyncio.to_thread(pictures.mkdir, parents=True, exist_ok=True)
    conversation_id = await hands.conversation(*WINDOWS)
    for theme, cues, lines in _ACTS:
        places = camera.places()
        _open_all(windows, places, conversation_id, theme)
        await hands.watched(conversation_id, len(windows), _OPEN_WITHIN_S)
        await asyncio.sleep(_SETTLE_S)
        await asyncio.gather(troupe.play(cues), hands.play(lines))
        await asyncio.gather(
            hands.type_to("maya", "anna"), troupe.type_to("jun", "anna"), troupe.type_to("ravi", "maya")
        )
        await asyncio.sleep(1.0)
        for window, place in zip(windows, places, strict=True):
            if not window.runs:
                raise DemoError(f"{window.person.display_name}'s window has ended by itself.\n{window.last_words()}")
            taken = camera.take(place, pictures / f"{window.person.username}-{theme}.png")
            print(f"Picture: {taken.absolute()}", flush=True)
        await asyncio.to_thread(_close_all, windows)


async def _go_round(troupe: Troupe) -> None:
    """The script again and again, more slowly after the first time."""
    await asyncio.sleep(_SETTLE_S)
    while True:
        await troupe.play(PLAY)
        await asyncio.sleep(_ROUND_S)


def _open_all(windows: list[Window], places: tuple[Place, Place], conversation_id: int, theme: ThemeChoice) -> None:
    """Start both apps."""
    for window, place in zip(windows, places, strict=True):
        window.open(place, conversation_id, theme)


def _close_all(windows: list[Window]) -> None:
    """Ask all, then wait for all."""
    for window in windows:
        window.ask_to_close()
    for window in windows:
        window.close()
