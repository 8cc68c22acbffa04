"""Pictures are fetched once, decoded off the loop's thread, bounded in pixels and memory, and forgiven when lost."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import QApplication

from desktop.ui import pictures as pictures_module
from desktop.ui.pictures import NoPicture, Pictures, decode
from tests.desktop.doubles import FakeServer, until
from tests.desktop.fake_line import FakeApi
from tests.desktop.loop import QLoop


def png(width: int, height: int, colour: str = "red") -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes, Qt wants text
    return bytes(data.data())


@pytest.fixture
def api(qapp: QApplication) -> FakeApi:
    server = FakeServer()
    return FakeApi(server, server.add_user("anna").user_id)


@pytest.mark.parametrize("natural", [(400, 100), (100, 400), (10, 10), (20, 200), (99, 61)])
def test_a_picture_fills_its_box_and_is_cut_not_squeezed(natural: tuple[int, int]) -> None:
    image = decode(png(*natural), QSize(100, 60))
    assert image.size() == QSize(100, 60)
    assert all(image.pixelColor(x, y) == QColor("red") for x in (0, 50, 99) for y in (0, 30, 59))


def test_whole_pictures_are_bounded() -> None:
    assert decode(png(300, 20), QSize()).size() == QSize(300, 20)
    wide = decode(png(6000, 60), QSize())
    assert wide.width() == pictures_module.WHOLE_AT_MOST


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n broken", b"GIF89a"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NoPicture):
        decode(data, QSize(10, 10))


def test_too_many_pixels_are_refused_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_module, "MOST_PIXELS", 99)
    with pytest.raises(NoPicture):
        decode(png(10, 10), QSize(5, 5))


def test_a_picture_comes_once_and_is_remembered(qloop: QLoop, api: FakeApi) -> None:
    async def scene() -> None:
        api.pictures["/p"] = png(64, 64)
        pictures, ready = Pictures(api), list[object]()
        pictures.ready.connect(ready.append)
        assert pictures.get("/p", 20, 20, ratio=2.0) is None
        assert pictures.get("/p", 20, 20, ratio=2.0) is None
        await until(lambda: ready == ["/p"])
        picture = pictures.get("/p", 20, 20, ratio=2.0)
        assert picture is not None
        assert (picture.width(), picture.devicePixelRatio()) == (40, 2.0)
        assert [name for name, _ in api.server.calls] == ["picture"]
        pictures.close()

    qloop(scene())


def test_decoding_happens_in_another_thread(qloop: QLoop, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = list[threading.Thread]()

    def watched(data: bytes, size: QSize) -> QImage:
        threads.append(threading.current_thread())
        return decode(data, size)

    monkeypatch.setattr(pictures_module, "decode", watched)

    async def scene() -> None:
        api.pictures["/p"] = png(64, 64)
        pictures = Pictures(api)
        pictures.get("/p", 8, 8)
        await until(lambda: pictures.get("/p", 8, 8) is not None)
        assert threading.main_thread() not in threads
        pictures.close()

    qloop(scene())


def test_local_files_are_shown_while_they_are_sent(qloop: QLoop, api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(png(30, 30))

    async def scene() -> None:
        pictures = Pictures(api)
        pictures.get(path, 10, 10)
        await until(lambda: pictures.get(path, 10, 10) is not None)
        gone = tmp_path / "gone.png"
        pictures.get(gone, 10, 10)
        await until(lambda: pictures.is_missing(gone))
        pictures.close()

    qloop(scene())


def test_missing_pictures_are_known_and_lost_ones_asked_for_again(
    qloop: QLoop, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures_module, "RETRY_MS", 20)

    async def scene() -> None:
        pictures = Pictures(api)
        pictures.get("/gone", 8, 8)
        await until(lambda: pictures.is_missing("/gone"))
        assert pictures.get("/gone", 8, 8) is None
        api.pictures["/p"] = png(9, 9)
        api.server.is_up = False
        pictures.get("/p", 8, 8)
        await until(lambda: pictures.is_missing("/p"))
        api.server.is_up = True
        await until(lambda: not pictures.is_missing("/p"))
        pictures.get("/p", 8, 8)
        await until(lambda: pictures.get("/p", 8, 8) is not None)
        pictures.close()

    qloop(scene())


def test_memory_is_bounded(qapp: QApplication, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_module, "REMEMBERED_BYTES", 3 * 100 * 100 * 4)
    pictures = Pictures(api)
    picture = QPixmap(100, 100)
    picture.fill(Qt.GlobalColor.red)
    for number in range(5):
        pictures.put(f"/{number}", picture, 100, 100)
        pictures.put(f"/{number}", picture, 100, 100)
    held = [number for number in range(5) if pictures.get(f"/{number}", 100, 100) is not None]
    assert held == [2, 3, 4]
    pictures.close()


def test_what_stood_at_a_place_stands_in_for_what_comes(qapp: QApplication, api: FakeApi) -> None:
    pictures = Pictures(api)
    local = QPixmap(10, 10)
    pictures.put("/local", local, 10, 10)
    assert pictures.get("/local", 10, 10, place="m1") is local
    assert pictures.get("/server", 10, 10, place="m1") is local
    assert pictures.get("/server", 10, 10, place="m2") is None
    pictures.close()


def test_without_a_loop_nothing_is_started(qapp: QApplication, api: FakeApi) -> None:
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    pictures = Pictures(api)
    assert pictures.get("/p", 8, 8) is None
    assert not pictures.is_missing("/p")
    pictures.close()
