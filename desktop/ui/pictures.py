"""Pictures for the screen: fetched once, decoded in threads, scaled to the place that asks, kept for a while."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtCore import QObject as Object
from PySide6.QtGui import QImage, QImageReader, QPixmap

from desktop.core.ports import Api, Unreachable
from desktop.ui.tasks import Tasks
from protocol.errors import Refused

_log = logging.getLogger(__name__)

Source = str | Path
"""A root-relative address of the server, or a local file that is being sent."""

REMEMBERED_BYTES = 64 * 1024 * 1024
MOST_PIXELS = 40_000_000
"""The contract's limit for pictures (protocol.limits.Limits.image_pixels)."""
WHOLE_AT_MOST = 4_096
"""A whole picture is decoded to at most this many pixels a side: sharp on any screen, 64 MB at the worst."""
RETRY_MS = 10_000
PLACES_REMEMBERED = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """A picture at a size in screen pixels; a size of 0 × 0 asks for the whole picture as it is."""

    source: Source
    width: int
    height: int


class NoPicture(Exception):  # noqa: N818 - a fact about the file, not a failure of ours
    """The bytes are no picture that we show, or one of more pixels than allowed."""


class Shelf:
    """Decoded pictures within a limit in bytes; the ones longest unused go first, the last one never."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._pictures: OrderedDict[Wish, QPixmap] = OrderedDict()

    def take(self, wish: Wish) -> QPixmap | None:
        """The picture, used just now."""
        picture = self._pictures.get(wish)
        if picture is not None:
            self._pictures.move_to_end(wish)
        return picture

    def put(self, wish: Wish, picture: QPixmap) -> None:
        """Keep a picture."""
        replaced = self._pictures.pop(wish, None)
        self._bytes += _bytes_of(picture) - (0 if replaced is None else _bytes_of(replaced))
        self._pictures[wish] = picture
        while self._bytes > self._limit and len(self._pictures) > 1:
            _, oldest = self._pictures.popitem(last=False)
            self._bytes -= _bytes_of(oldest)

    def largest(self, source: Source) -> QPixmap | None:
        """The largest picture of a source, whatever size it was asked for in."""
        known = [picture for wish, picture in self._pictures.items() if wish.source == source]
        return max(known, key=_bytes_of, default=None)


class Pictures(Object):
    """Owns the decoded pictures. `get` never waits: it answers with what is there and starts the rest.

    `ready` tells the source of a picture that can now be had, or that turned out to be missing.
    """

    ready = Signal(object)

    def __init__(self, api: Api, parent: Object | None = None) -> None:
        super().__init__(parent)
        self._api = api
        self._tasks = Tasks()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="pictures")
        # Whole pictures are large: in the viewer they must not drive out what the timeline shows.
        self._scaled, self._whole = Shelf(REMEMBERED_BYTES), Shelf(REMEMBERED_BYTES)
        self._coming: set[Wish] = set()
        self._stood: dict[Hashable, Wish] = {}
        self._missing: set[Source] = set()
        # Four transfers at a time leave the line to messages.
        self._fetching = asyncio.Semaphore(4)

    def get(
        self, source: Source, width: int = 0, height: int = 0, *, ratio: float = 1.0, place: Hashable = None
    ) -> QPixmap | None:
        """The picture filling `width` × `height` device-independent pixels, cut to fit; None until `ready` says so.

        Without a size the whole picture. The result's own device pixel ratio is `ratio`. What stood at `place` before,
        the local file of a message that has just been sent for example, stands in until the new picture is there.
        """
        wish = Wish(source, round(width * ratio), round(height * ratio))
        picture = self._shelf(wish).take(wish)
        if picture is not None:
            picture.setDevicePixelRatio(ratio if width else 1.0)
            self._note(place, wish)
            return picture
        if source not in self._missing and wish not in self._coming and self._tasks.start(self._bring(wish)):
            self._coming.add(wish)
        before = self._stood.get(place)
        return None if before is None else self._shelf(before).take(before)

    def _note(self, place: Hashable, wish: Wish) -> None:
        """Remember what stands at a place."""
        if place is not None and self._stood.get(place) != wish:
            self._stood[place] = wish
            if len(self._stood) > PLACES_REMEMBERED:
                self._stood.pop(next(iter(self._stood)))

    def largest_known(self, source: Source) -> QPixmap | None:
        """The largest picture of a source that is remembered, whatever place asked for it; nothing is fetched."""
        return self._whole.largest(source) or self._scaled.largest(source)

    def is_missing(self, source: Source) -> bool:
        """Whether the picture cannot be had: gone, no picture, or the line is down for now."""
        return source in self._missing

    def put(self, source: Source, picture: QPixmap, width: int = 0, height: int = 0) -> None:
        """Remember a picture under a size in screen pixels."""
        self._missing.discard(source)
        wish = Wish(source, width, height)
        self._shelf(wish).put(wish, picture)

    def close(self) -> None:
        """Fetch and decode no more."""
        self._tasks.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _bring(self, wish: Wish) -> None:
        """Fetch, decode, remember, tell."""
        try:
            image = await self._decoded(wish)
        except Unreachable:
            self._missing.add(wish.source)
            QTimer.singleShot(RETRY_MS, self, lambda: self._forgive(wish.source))
        except (Refused, NoPicture, OSError) as reason:
            _log.info("a picture cannot be shown: %s", type(reason).__name__)
            self._missing.add(wish.source)
        else:
            self._shelf(wish).put(wish, QPixmap.fromImage(image))
        finally:
            self._coming.discard(wish)
        self.ready.emit(wish.source)

    async def _decoded(self, wish: Wish) -> QImage:
        """The picture of a wish, decoded in a thread."""
        loop = asyncio.get_running_loop()
        size = QSize(wish.width, wish.height)
        if isinstance(wish.source, Path):
            data = await loop.run_in_executor(self._threads, wish.source.read_bytes)
        else:
            async with self._fetching:
                data = await self._api.picture(wish.source)
        return await loop.run_in_executor(self._threads, decode, data, size)

    def _forgive(self, source: Source) -> None:
        """Try again when next asked: the line may be back."""
        self._missing.discard(source)
        self.ready.emit(source)

    def _shelf(self, wish: Wish) -> Shelf:
        """Where a picture is kept."""
        return self._scaled if wish.width else self._whole


def _bytes_of(picture: QPixmap) -> int:
    """The memory of a picture, at four bytes a pixel."""
    return picture.width() * picture.height() * 4


def decode(data: bytes, size: QSize) -> QImage:
    """Decode bytes into a picture that fills `size` to the edges, upright; runs in a thread. Raises NoPicture.

    An empty `size` asks for the whole picture.
    """
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    reader.setDecideFormatFromContent(True)
    natural = reader.size()
    if not natural.isValid() or natural.width() * natural.height() > MOST_PIXELS:
        raise NoPicture
    turned = bool(reader.transformation() & reader.transformation().TransformationRotate90)
    _scale_while_reading(reader, natural, size.transposed() if turned else size)
    image = reader.read()
    if image.isNull():
        raise NoPicture
    return image if size.isEmpty() else _filling(image, size)


def _scale_while_reading(reader: QImageReader, natural: QSize, box: QSize) -> None:
    """Let the decoder make large pictures small: cheaper than decoding all of their pixels."""
    if box.isEmpty() and max(natural.width(), natural.height()) > WHOLE_AT_MOST:
        reader.setScaledSize(natural.scaled(WHOLE_AT_MOST, WHOLE_AT_MOST, Qt.AspectRatioMode.KeepAspectRatio))
    elif not box.isEmpty() and natural.width() >= box.width() and natural.height() >= box.height():
        reader.setScaledSize(natural.scaled(box, Qt.AspectRatioMode.KeepAspectRatioByExpanding))


def _filling(image: QImage, size: QSize) -> QImage:
    """The picture scaled to cover `size`, and its middle cut out."""
    smooth = Qt.TransformationMode.SmoothTransformation
    if image.width() < size.width() or image.height() < size.height():
        image = image.scaled(size, Qt.AspectRatioMode.KeepAspectRatioByExpanding, smooth)
    left, top = (image.width() - size.width()) // 2, (image.height() - size.height()) // 2
    return image.copy(QRect(left, top, size.width(), size.height()))
