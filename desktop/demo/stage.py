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
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from desktop.cache.settings_file import ThemeChoice
from desktop.demo.camera import Camera, Keyboard, VirtualDisplay
from desktop.demo.people import Troupe
from desktop.demo.processes import DemoError, make_sample, start_server
from desktop.demo.profiles import Place, Window
from desktop.demo.script import ACTS, PLAY, WINDOWS, Act

PICTURES = Path("demo-pictures")
_OPEN_WITHIN_S = 30.0
_SETTLE_S = 2.0
"""After a window looks at its conversation, pictures are still fetched and read messages reported."""
_ROUND_S = 45.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures are to be taken: where they go, and what is searched for in some of them."""

    folder: Path
    search: str = ""


def main(arguments: Sequence[str]) -> int:
    """Run the demo; the exit status: 0 shown, 1 failed, 2 there is nothing to show it on."""
    parser = argparse.ArgumentParser(prog="hearth demo", description="Hearth with sample people, in two windows.")
    parser.add_argument("--virtual", action="store_true", help="use a virtual display even where there is a real one")
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="where a virtual display's pictures go")
    parser.add_argument("--search", default="", help="also a picture of these words being searched (needs xdotool)")
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
            wanted = Wanted(options.pictures, options.search) if virtual else None
            asyncio.run(_show(folder, camera, wanted, options.pace, closing))
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


async def _show(folder: Path, camera: Camera, wanted: Wanted | None, pace: float, closing: ExitStack) -> None:
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
        if wanted is None:
            await _for_people(windows, camera, troupe, await hands.conversation(*WINDOWS))
        else:
            await _for_pictures(windows, camera, troupe, hands, wanted)
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


async def _for_pictures(windows: list[Window], camera: Camera, troupe: Troupe, hands: Troupe, wanted: Wanted) -> None:
    """Both windows in one theme and then in the other, each with some of the script and a picture."""
    await asyncio.to_thread(wanted.folder.mkdir, parents=True, exist_ok=True)
    keyboard = Keyboard() if wanted.search else None
    for act in ACTS:
        places = camera.places()
        await _play(act, windows, places, troupe, hands)
        for window, place in zip(windows, places, strict=True):
            _take(camera, window, place, wanted.folder / f"{window.person.username}-{act.theme}.png")
        if keyboard is not None:
            await _search(keyboard, places[0], wanted.search)
            _take(camera, windows[0], places[0], wanted.folder / f"search-{act.theme}.png")
        await asyncio.to_thread(_close_all, windows)


async def _play(act: Act, windows: list[Window], places: tuple[Place, Place], troupe: Troupe, hands: Troupe) -> None:
    """Open the windows, wait until both show their conversation, and act until somebody types."""
    shown = [await hands.conversation(*pair) for pair in zip(WINDOWS, act.places, strict=True)]
    for window, place, conversation_id in zip(windows, places, shown, strict=True):
        window.open(place, conversation_id, act.theme)
    await asyncio.gather(*(hands.watched(one, shown.count(one), _OPEN_WITHIN_S) for one in shown))
    await asyncio.sleep(_SETTLE_S)
    await asyncio.gather(troupe.play(act.cues), hands.play(act.lines))
    # The windows do so themselves only where they have the keyboard.
    await asyncio.gather(*(hands.read(*pair) for pair in permutations(WINDOWS)))
    await asyncio.gather(*((hands if who in WINDOWS else troupe).type_to(who, to) for who, to in act.typing))
    await asyncio.sleep(1.0)


async def _search(keyboard: Keyboard, place: Place, words: str) -> None:
    """Type what is looked for into the window at a place, and wait for what is found."""
    for press in (lambda: keyboard.go_to(place), lambda: keyboard.press("ctrl+shift+f"), lambda: keyboard.write(words)):
        await asyncio.to_thread(press)
        await asyncio.sleep(0.5)
    await asyncio.sleep(_SETTLE_S)


def _take(camera: Camera, window: Window, place: Place, target: Path) -> None:
    """A picture of a window. Raises DemoError where it stands there no more."""
    if not window.runs:
        raise DemoError(f"{window.person.display_name}'s window has ended by itself.\n{window.last_words()}")
    print(f"Picture: {camera.take(place, target).absolute()}", flush=True)


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
