"""The shipped app with a watcher inside: `python -m benchmarks.desktop.probe WORK '{…}' --profile FOLDER`.

Nothing of this is in the product: before the app starts, its desk and its first picture are replaced by ones that
watch. Prints what it found as one line of JSON and ends the app in order. Times are of the app's own loop: a picture
counts as painted when the loop turns again after the paint event.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop.app import desk as desk_module
from desktop.app import start
from desktop.app.opening import FirstPicture
from desktop.core.bubble import Line
from desktop.core.search_words import Asked
from desktop.ui.main_window import MainWindow

READY = "ready"
FORBIDDEN = ("socketio", "aiohttp", "requests", "sqlalchemy")
_BEAT_MS = 4
_PATIENCE_S = 20.0
_LEAST_ROWS = 3
_STEP_PX = 60

Found = dict[str, Any]


class Heart:
    """Beats in the app's loop; `gaps_s` are the times between beats, less the beat itself."""

    def __init__(self) -> None:
        self.gaps_s: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """From now on."""
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> list[float]:
        """No more; the gaps."""
        self._timer.stop()
        self._beat()
        return self.gaps_s

    def _beat(self) -> None:
        """The loop turns."""
        now = time.perf_counter()
        self.gaps_s.append(max(0.0, now - self._last - _BEAT_MS / 1000))
        self._last = now


class Painted(QObject):
    """Waits for a widget to be painted while something holds."""

    def __init__(self, widget: QWidget, holds: Callable[[], bool]) -> None:
        super().__init__(widget)
        self._widget = widget
        self._holds = holds
        self._done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        widget.installEventFilter(self)

    async def at(self) -> float:
        """When it was. Raises TimeoutError."""
        try:
            return await asyncio.wait_for(self._done, _PATIENCE_S)
        finally:
            self._widget.removeEventFilter(self)
            self.deleteLater()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Look at paint events; the picture is out when the loop turns again."""
        if event.type() == QEvent.Type.Paint and self._holds():
            QTimer.singleShot(0, self, self._out)
        return False

    def _out(self) -> None:
        """It is painted."""
        if not self._done.done():
            self._done.set_result(time.perf_counter())


class Start:
    """What is seen between exec and the work: modules at the first picture, and how the loop beats after it."""

    modules: tuple[str, ...] = ()
    heart: Heart | None = None


class WatchedPicture(FirstPicture):
    """The app's own first picture, which tells that it is there."""

    async def there(self) -> None:
        """Once it is, count what was imported, and feel the loop's pulse."""
        await super().there()
        Start.modules = tuple(sys.modules)
        Start.heart = Heart()
        Start.heart.start()


def watched(work: str, wish: Found) -> type[desk_module.Desk]:
    """The app's own desk, which has the work done once it is open."""

    class WatchedDesk(desk_module.Desk):
        """Opens, then measures, then ends the app."""

        async def open(self) -> None:
            """As ever, with the work behind it."""
            await super().open()
            self._work_task = asyncio.get_running_loop().create_task(_worked(self, WORKS[work], wish))

    return WatchedDesk


async def _worked(
    desk: desk_module.Desk, work: Callable[[desk_module.Desk, Found], Awaitable[Found]], wish: Found
) -> None:
    """Do it, tell what was found, and end as Ctrl+C would."""
    try:
        print(json.dumps(await work(desk, wish)), flush=True)
    except Exception:  # noqa: BLE001 - whoever waits for the line reads why there is none
        traceback.print_exc()
    os.kill(os.getpid(), signal.SIGTERM)


async def starting(desk: desk_module.Desk, wish: Found) -> Found:
    """Modules before the first picture, and the longest freeze until everything has settled."""
    await _connected(desk)
    await asyncio.sleep(wish["settle_s"])
    heart = Start.heart
    assert heart is not None, "there was no first picture"
    ours = [name for name in Start.modules if not name.startswith("benchmarks")]
    return {
        "modules": len(ours),
        "forbidden": [name for name in FORBIDDEN if name in ours],
        "freeze_s": max(heart.stop()),
    }


async def reading(desk: desk_module.Desk, wish: Found) -> Found:
    """Open conversations by a click, scroll in one, write in one, and search."""
    window = _window(desk)
    await asyncio.sleep(wish["settle_s"])
    opened = [await _opened_s(window, row) for row in range(wish["opened"])]
    again = [await _opened_s(window, row) for row in range(wish["opened"] // 2, wish["opened"] // 2 + 10)]
    return {
        "first_open_s": opened[0],
        "open_s": opened[1:],
        "open_again_s": again,
        "frame_s": await _frames_s(window, wish["frames"]),
        "key_s": await _keys_s(window, wish["keys"]),
        **await _searches_s(desk, wish),
    }


async def following(desk: desk_module.Desk, wish: Found) -> Found:
    """Stand in a conversation that is written into; how late the loop was, and how many messages came."""
    window = _window(desk)
    await _connected(desk)
    window.open_conversation(wish["conversation_id"])
    await asyncio.sleep(wish["settle_s"])
    view = window.chat.pane.view
    paints: list[float] = []
    watcher = PaintCounter(view.viewport(), paints)
    before = _rows(window)
    heart = Heart()
    heart.start()
    print(json.dumps({READY: os.getpid()}), flush=True)
    await asyncio.sleep(wish["append_s"])
    gaps = heart.stop()
    view.viewport().removeEventFilter(watcher)
    await asyncio.sleep(1)
    return {"gap_s": gaps, "paints": len(paints), "rows": _rows(window) - before}


class PaintCounter(QObject):
    """Notes when a widget is painted."""

    def __init__(self, widget: QWidget, times: list[float]) -> None:
        super().__init__(widget)
        self._times = times
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Look on."""
        if event.type() == QEvent.Type.Paint:
            self._times.append(time.perf_counter())
        return False


def _window(desk: desk_module.Desk) -> MainWindow:
    """The account's window."""
    assert desk.window is not None, "nobody is signed in"
    return desk.window


async def _connected(desk: desk_module.Desk) -> None:
    """The session's line is up. Raises TimeoutError."""
    until = time.monotonic() + _PATIENCE_S
    while desk.session is None or desk.session.connection.value.line is not Line.CONNECTED:
        if time.monotonic() > until:
            raise TimeoutError("the line did not come up")
        await asyncio.sleep(0.05)


def _rows(window: MainWindow) -> int:
    """How many rows the open timeline has."""
    model = window.chat.pane.view.model()
    return 0 if model is None else model.rowCount()


async def _opened_s(window: MainWindow, row: int) -> float:
    """From the click on a row of the list to the picture with its messages."""
    view, timeline = window.list.view, window.chat.pane.view
    index = view.model().index(row, 0)
    view.scrollTo(index)
    await asyncio.sleep(0.05)
    before = window.chat.conversation_id

    def shows() -> bool:
        new = window.chat.conversation_id != before
        return new and timeline.isVisible() and sum(1 for _ in timeline.visible_rows()) >= _LEAST_ROWS

    painted = Painted(timeline.viewport(), shows)
    place = QPointF(view.visualRect(index).center())
    begun = time.perf_counter()
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        held = Qt.MouseButton.LeftButton if kind == QEvent.Type.MouseButtonPress else Qt.MouseButton.NoButton
        everywhere = QPointF(view.viewport().mapToGlobal(place.toPoint()))
        click = QMouseEvent(kind, place, everywhere, Qt.MouseButton.LeftButton, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(view.viewport(), click)
    took = await painted.at() - begun
    await asyncio.sleep(0.05)
    return took


async def _frames_s(window: MainWindow, count: int) -> list[float]:
    """What each frame costs while the reader scrolls back: the step, the layout and the painting of it."""
    view = window.chat.pane.view
    bar, frames = view.verticalScrollBar(), []
    for _ in range(count):
        begun = time.perf_counter()
        bar.setValue(bar.value() - _STEP_PX)
        view.viewport().repaint()
        frames.append(time.perf_counter() - begun)
        # Older messages come between the frames, as at 60 of them a second.
        await asyncio.sleep(max(0.0, 1 / 60 - frames[-1]))
    return frames


async def _keys_s(window: MainWindow, count: int) -> list[float]:
    """From the press of a letter to the composer's picture of it."""
    field, taken = window.chat.composer.field, []
    field.setFocus()
    for number in range(count):
        letter = "hearth of the house "[number % 20]
        written = len(field.toPlainText())
        painted = Painted(field.viewport(), lambda written=written: len(field.toPlainText()) > written)  # type: ignore[misc]
        begun = time.perf_counter()
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, ord(letter.upper()), Qt.KeyboardModifier.NoModifier, letter)
            QApplication.sendEvent(field, event)
        taken.append(await painted.at() - begun)
        await asyncio.sleep(0.02)
    field.clear()
    return taken


async def _searches_s(desk: desk_module.Desk, wish: Found) -> Found:
    """From the question to the messages of this computer, by the app's own finder."""
    session = desk.session
    assert session is not None, "nobody is signed in"
    found: Found = {}
    for kind in ("common", "rare"):
        times, hits = [], 0
        for _ in range(wish["searches"]):
            begun = time.perf_counter()
            hits = len(await session.finder.local(Asked(terms=(wish[kind],))))
            times.append(time.perf_counter() - begun)
            await asyncio.sleep(0)
        found |= {f"{kind}_s": times, f"{kind}_hits": hits}
    return found


WORKS = {"starting": starting, "reading": reading, "following": following}


def main() -> int:
    """Start the app with the watcher inside."""
    work, wish, *arguments = sys.argv[1:]
    vars(desk_module)["FirstPicture"] = WatchedPicture
    vars(start)["Desk"] = watched(work, json.loads(wish))
    return start.main(arguments)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # As the app's own door does: a request that nobody waits for would keep the process.
    os._exit(status)
